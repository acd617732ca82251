"""Which public models or layers a folder of files holds, and with which arguments and inputs each is run."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from parity.check.spec import SpecError, check_arguments

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True)
class Builder:
    """A function that returns a model, or a class of layers.

    Attributes:
        file: where it is defined.
        name: its name there.
    """

    file: Path
    name: str


@dataclass(frozen=True)
class Setting:
    """How models are run whose key (``folder/file.py:name`` below the folder of models) matches a pattern.

    Attributes:
        match: a pattern as for file names.
        arguments: text between the parentheses of the builder's call.
        inputs: arguments of ``forward``, as for ``jack-parity check --input``.
        skip: why the model is not run; empty when it is.
        skip_train: why it is not run in training mode; empty when it is.
    """

    match: str
    arguments: str = ""
    inputs: tuple[str, ...] = ()
    skip: str = ""
    skip_train: str = ""


def _all(tree: ast.Module) -> set[str]:
    """Names in ``__all__``, also in parts of it that are added to something unknown."""
    names: set[str] = set()
    for statement in tree.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if any(isinstance(t, ast.Name) and t.id == "__all__" for t in targets):
            assert isinstance(statement, ast.Assign)
            names |= {
                n.value for n in ast.walk(statement.value) if isinstance(n, ast.Constant) and type(n.value) is str
            }
    return names


def builders_of(file: Path, classes: bool = False) -> list[Builder]:
    """Functions of one file that are registered with ``@register_model``, or without any such: listed in ``__all__``.

    With ``classes`` they are all its public classes instead.

    Raises:
        SpecError: the file is no Python.
    """
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError) as error:
        raise SpecError(f"{file}: {error}") from None
    if classes:
        return [Builder(file, s.name) for s in tree.body if isinstance(s, ast.ClassDef) and s.name[0] != "_"]
    functions = [s for s in tree.body if isinstance(s, ast.FunctionDef)]

    def registered(function: ast.FunctionDef) -> bool:
        called = [d.func if isinstance(d, ast.Call) else d for d in function.decorator_list]
        return any((d.id if isinstance(d, ast.Name) else getattr(d, "attr", "")) == "register_model" for d in called)

    chosen = [f.name for f in functions if registered(f)]
    public = _all(tree)
    return [Builder(file, name) for name in chosen or [f.name for f in functions if f.name in public]]


def find_builders(folder: Path, classes: bool = False) -> list[Builder]:
    """All public models, or classes, below a folder, in the order of files and definitions."""
    return [builder for file in sorted(folder.rglob("*.py")) for builder in builders_of(file, classes)]


def read_settings(path: Path) -> tuple[list[Setting], dict[str, str]]:
    """Read ``[[model]]`` tables: ``match``, and any of ``args``, ``input``, ``skip``, ``skip_train``.

    Returns:
        The settings, and what ``[page]`` says: ``title`` and ``command`` of the generated page, and ``sample`` (which
        models were chosen) where only models that a setting matches are to be run at all, and a ``note``.

    Raises:
        SpecError: the file cannot be read or says something unknown.
    """
    try:
        told: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SpecError(f"{path}: {error}") from None
    page = told.get("page", {})
    if set(page) - {"title", "command", "sample", "note"} or told.keys() - {"page", "model"}:
        raise SpecError(
            f"{path}: holds something other than [page] with title, command, sample and note, and [[model]]"
        )
    settings: list[Setting] = []
    for entry in told.get("model", []):
        unknown = entry.keys() - {"match", "args", "input", "skip", "skip_train"}
        if unknown or "match" not in entry:
            raise SpecError(f"{path}: a [[model]] has match, args, input, skip, skip_train, not {sorted(unknown)}")
        inputs = entry.get("input", [])
        inputs = (inputs,) if isinstance(inputs, str) else tuple(inputs)
        skip, skip_train = entry.get("skip", ""), entry.get("skip_train", "")
        settings.append(Setting(entry["match"], check_arguments(entry.get("args", "")), inputs, skip, skip_train))
    return settings, {name: str(text).strip() for name, text in page.items()}


def setting_of(key: str, settings: list[Setting], fallback: tuple[str, ...]) -> Setting:
    """The first setting that matches; without inputs of its own it gets ``fallback``."""
    found = next((s for s in settings if fnmatchcase(key, s.match)), Setting("*"))
    return Setting(found.match, found.arguments, found.inputs or fallback, found.skip, found.skip_train)
