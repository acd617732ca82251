"""Expands the cases of rules into functions: every case in every calling style, as Torch source text."""

from __future__ import annotations

import ast
import keyword
import random
import textwrap
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from converter.rules.base import Answer, Case, Rule
from converter.rules.inputs import INPUTS

STYLES = ("positional", "keyword", "shuffled", "defaults")


@dataclass(slots=True)
class Trial:
    """One function to run in both frameworks.

    Attributes:
        key: ``api#case:style``, unique.
        number: names the function: ``case_0007``.
        text: Torch source of the function (and of ``make_0007`` for modules).
        inputs: the parameters, name -> recipe.
    """

    key: str
    api: str
    index: int
    style: str
    case: Case
    number: int = 0
    text: str = ""
    inputs: dict[str, str] = field(default_factory=dict)

    @property
    def function(self) -> str:
        return f"case_{self.number:04d}"

    @property
    def maker(self) -> str:
        return f"make_{self.number:04d}"


def _names(text: str) -> set[str]:
    return {n.id for n in ast.walk(ast.parse(textwrap.dedent(text).strip())) if isinstance(n, ast.Name)}


def _inputs_of(text: str, case: Case) -> dict[str, str]:
    known = {**INPUTS, **case.inputs}
    return {name: known[name] for name in sorted(_names(text)) if name in known}


def _positional_only(signature: str) -> set[str]:
    if not signature:
        return set()
    function = ast.parse(f"def f{signature}: pass").body[0]
    assert isinstance(function, ast.FunctionDef)
    return {a.arg for a in function.args.posonlyargs}


def _split(text: str) -> list[str]:
    """The elements of a comma separated text (``"2, (3, 4)"`` -> ``["2", "(3, 4)"]``)."""
    if not text.strip():
        return []
    call = ast.parse(f"f({text})", mode="eval").body
    assert isinstance(call, ast.Call)
    source = f"f({text})"
    parts = [ast.get_source_segment(source, a) or "" for a in call.args]
    return parts + [f"{k.arg}={ast.unparse(k.value)}" if k.arg else f"**{ast.unparse(k.value)}" for k in call.keywords]


def arguments(rule: Rule, given: dict[str, str], style: str, key: str) -> str | None:
    """The argument list of one call in one style; None where the style does not apply.

    Raises:
        ValueError: when a case gives a parameter that the signature lacks, or leaves out a required one.
    """
    names = {p.name for p in rule.parameters}
    if unknown := set(given) - names:
        raise ValueError(f"{key}: the signature {rule.signature!r} has no parameter {sorted(unknown)}")
    fixed = _positional_only(rule.signature)
    variadic = next((p.name for p in rule.parameters if p.kind == "*"), None)
    rest = next((p.name for p in rule.parameters if p.kind == "**"), None)
    required = [p.name for p in rule.parameters if p.default is None and p.kind in ("positional", "keyword")]
    if lacking := [n for n in required if n not in given]:
        raise ValueError(f"{key}: required and not given: {lacking}")
    if style == "defaults":
        given = {n: v for n, v in given.items() if n in required or n == variadic}
    positional: list[str] = []
    keywords: list[tuple[str, str]] = []
    gap = False
    for p in rule.parameters:
        if p.name not in given:
            gap = gap or p.kind == "positional"
            continue
        value = given[p.name]
        if p.kind == "*":
            positional += _split(value)
        elif p.kind == "**":
            keywords += [(part.partition("=")[0], part.partition("=")[2]) for part in _split(value)]
        elif (
            p.kind == "positional"
            and not gap
            and (style in ("positional", "defaults") or p.name in fixed or variadic in given)
        ):
            positional.append(value)
        else:
            keywords.append((p.name, value))
    del rest
    if any(keyword.iskeyword(n) for n, _ in keywords):
        return None
    if style == "shuffled":
        random.Random(zlib.crc32(key.encode())).shuffle(keywords)
    return ", ".join([*positional, *(f"{n}={v}" if n else f"**{v}" for n, v in keywords)])


def _receiver(text: str) -> str:
    simple = isinstance(ast.parse(text, mode="eval").body, ast.Name | ast.Attribute | ast.Call | ast.Subscript)
    return text if simple else f"({text})"


def _expression(rule: Rule, case: Case, style: str, key: str) -> str | None:
    """``torch.cat([A, B], 0)``: the call (or reference) of one trial."""
    given = dict(case.args)
    if rule.is_method:
        if "self" not in given:
            raise ValueError(f"{key}: the case of a method must give self")
        target = f"{_receiver(given.pop('self'))}.{rule.name}"
    else:
        target = rule.api
    if not rule.signature:
        if given:
            raise ValueError(f"{key}: a rule without signature takes no arguments: {sorted(given)}")
        return target if style == "positional" else None
    found = arguments(rule, given, style, key)
    return None if found is None else f"{target}({found})"


def _function(trial: Trial, body: str, *, first: str = "") -> str:
    parameters = [first] if first else []
    parameters += [f"{name}: torch.Tensor" for name in trial.inputs]
    return f"def {trial.function}({', '.join(parameters)}):\n{textwrap.indent(body, '    ')}\n"


def _fill(trial: Trial, rule: Rule) -> str | None:
    """Set inputs; return the text that makes two trials the same, with ``{number}`` left out."""
    case = trial.case
    if case.form == "snippet":
        body = textwrap.dedent(case.text).strip("\n")
        trial.inputs = _inputs_of(body, case)
        return body
    expression = _expression(rule, case, trial.style, trial.key)
    if expression is None:
        return None
    if case.form == "call":
        trial.inputs = _inputs_of(expression, case)
        return f"return {expression}"
    trial.inputs = _inputs_of(f"f({case.feed})", case)
    return expression


def _write(trial: Trial, core: str) -> None:
    if trial.case.form == "module":
        imported = "    import torchvision\n\n" if core.startswith("torchvision.") else ""
        maker = f"def {trial.maker}():\n{imported}    return {core}\n"
        call = _function(trial, f"return module({trial.case.feed})", first="module: torch.nn.Module")
        trial.text = f"{maker}\n\n{call}"
    else:
        trial.text = _function(trial, core)


def expand(rules: Iterable[Rule]) -> list[Trial]:
    """All trials of the rules, numbered, without duplicates; ``alone`` cases are not among them."""
    found: list[Trial] = []
    for rule in rules:
        if rule.answer is Answer.NEEDS_YOU:
            continue
        for index, case in enumerate(rule.cases):
            if case.form == "alone":
                continue
            seen: set[str] = set()
            for style in STYLES if case.form in ("call", "module") else ("as written",):
                trial = Trial(f"{rule.api}#{index}:{style}", rule.api, index, style, case)
                core = _fill(trial, rule)
                if core is None or core in seen:
                    continue
                seen.add(core)
                trial.number = len(found)
                _write(trial, core)
                found.append(trial)
    return found
