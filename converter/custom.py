"""Rules of the user's own, from the files that ``rules = [...]`` in ``[tool.jack-convert]`` names.

Such a file uses the vocabulary of the built-in rules (see :mod:`converter.rules.base`)::

    from converter.custom import action, needs_you, rule

    rule("torch.special.zeta", "(input, other)", to="jittor.nn.zeta")  # a row: another name, the same arguments

    @action("torch.Tensor.logit", "(eps=None)")  # a function that builds the node
    def logit(use):
        return use.call("jittor.log", use.receiver) if not use.given("eps") else None

A rule of the user's own goes before a built-in one for the same API, and needs no cases.
"""

from __future__ import annotations

import importlib.util
import traceback
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import libcst as cst

from converter import helpers, rules
from converter.names import ROOTS
from converter.rules.base import REGISTRY, Refusal, Rule, action, needs_you, rule
from converter.rules.use import Use

_loaded: set[tuple[Path, bytes]] = set()
_PLACES = ("jittor", "Var", "python:", "remove:")


class RuleFileError(Exception):
    """A file of rules cannot be used; the message is one line that names the file."""


class RuleFailed(Exception):
    """A rule of the user's own failed on a use; the message is one line that names it."""


def load(paths: Iterable[Path]) -> None:
    """Read files of rules, in order, after all built-in rules.

    Raises:
        RuleFileError: when a file is missing, fails, or defines a rule that cannot work.
    """
    rules.load()
    for path in paths:
        if path.is_file() and (path, path.read_bytes()) in _loaded:
            continue  # a process that was forked off has them already
        before = REGISTRY.origin
        REGISTRY.origin = str(path)
        try:
            _run(path)
        finally:
            REGISTRY.origin = before
        mine = [found for found in REGISTRY if found.origin == str(path)]
        if not mine:
            raise RuleFileError(f"{path}: this file defines no rules")
        for found in mine:
            _check(found, path)
            if found.action is not None:
                REGISTRY.put(replace(found, action=_guarded(found, path)))
        _loaded.add((path, path.read_bytes()))


def _run(path: Path) -> None:
    if not path.is_file():
        raise RuleFileError(f"{path}: no such file (named by rules in [tool.jack-convert])")
    spec = importlib.util.spec_from_file_location(f"jack_rules_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise RuleFileError(f"{path}: a file of rules must end in .py")
    try:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    except SyntaxError as error:
        place = f"{path}:{error.lineno}" if error.filename == str(path) else f"{path}{_line(error, path)}"
        raise RuleFileError(f"{place}: {error.msg}") from error
    except (Exception, SystemExit) as error:
        raise RuleFileError(f"{path}{_line(error, path)}: {_said(error)}") from error


def _said(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text if isinstance(error, ValueError) and text else f"{type(error).__name__}: {text}".rstrip(": ")


def _line(error: BaseException, path: Path) -> str:
    """``:12``, the last line of the file that was being executed."""
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
    return f":{lines[-1]}" if lines else ""


def _check(found: Rule, path: Path) -> None:
    if found.api.partition(".")[0] not in ROOTS:
        raise RuleFileError(f"{path}: {found.api}: rules are for names of {', '.join(sorted(ROOTS))}")
    for target in filter(None, (found.to, found.value_to, found.assign)):
        root, _, name = target.partition(".")
        if root == "helpers" and name.partition(".")[0] not in helpers.library().definitions:
            raise RuleFileError(f"{path}: {found.api}: there is no helper {name}")
        if root != "helpers" and not target.startswith(_PLACES):
            known = "jittor.NAME, Var.NAME, helpers.NAME or python:EXPRESSION"
            raise RuleFileError(f"{path}: {found.api}: the target {target!r} is none of {known}")


def _guarded(found: Rule, path: Path) -> Callable[[Use], cst.BaseExpression | Refusal | None]:
    """The action, whose failures are told as the user's own."""
    function = found.action
    assert function is not None

    def act(use: Use) -> cst.BaseExpression | Refusal | None:
        try:
            made = function(use)
        except Exception as error:
            raise RuleFailed(f"{path}{_line(error, path)}: the rule for {found.api}: {_said(error)}") from error
        if made is not None and not isinstance(made, cst.BaseExpression | Refusal):
            kind = type(made).__name__
            raise RuleFailed(f"{path}: the rule for {found.api} returned a {kind}, not an expression, Refusal or None")
        return made

    return act


__all__ = ["Refusal", "RuleFailed", "RuleFileError", "Use", "action", "load", "needs_you", "rule"]
