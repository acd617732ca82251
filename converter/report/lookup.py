"""Look one thing up: what a code means, what becomes of an API, which rules there are."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from tabulate import tabulate

from converter.apply import target_of
from converter.diagnostics import explain
from converter.rules.base import Answer, Registry, Rule

ANSWERS = {Answer.REWRITTEN: "rewritten", Answer.KEPT: "kept", Answer.NEEDS_YOU: "needs you"}


def target_text(rule: Rule) -> str:
    """What stands in the output, in the words of the pages; empty where nothing does."""
    if rule.answer is Answer.NEEDS_YOU:
        return ""
    target = target_of(rule)
    if target.startswith("remove:"):
        return "removed"
    if target.startswith("python:"):
        return target.removeprefix("python:")
    if target:
        return target.replace("helpers.", "jh.").replace("Var.", "x.")
    return "depends on the arguments" if rule.action else ""


def page(name: str, registry: Registry) -> str | None:
    """The page of a code or an API, or None when there is no such thing."""
    found = explain(name)
    if found is not None:
        return found
    rule = registry.get(name)
    if rule is None:
        return None
    lines = [f"{rule.api}{rule.signature}: {ANSWERS[rule.answer]}", ""]
    facts = {
        "in Jittor": target_text(rule),
        "renamed": ", ".join(f"{a} -> {b}" for a, b in rule.rename.items()),
        "left out": ", ".join(sorted(rule.drop)),
        "not accepted": "; ".join(f"{a}: {why}" for a, why in rule.refuse.items()),
        "written out": ", ".join(f"{a}={b}" for a, b in rule.write.items()),
        "restriction": rule.restriction,
        "instead": rule.workaround,
        "proved by": f"{len(rule.cases)} cases" if rule.cases else "",
        "defined in": rule.origin,
    }
    return "\n".join([*lines, *(f"{what}: {text}" for what, text in facts.items() if text)])


def similar(name: str, registry: Registry) -> list[str]:
    """Names of rules that may have been meant."""
    names = [rule.api for rule in registry]
    last = name.rpartition(".")[2]
    same = [api for api in names if api.rpartition(".")[2] == last]
    return (same or difflib.get_close_matches(name, names, 3))[:3]


def listing(pattern: str, registry: Iterable[Rule]) -> str:
    """Rules whose API matches, as a table; empty for none.

    Raises:
        re.error: for a text that is no regular expression.
    """
    wanted = re.compile(pattern)
    rows = [
        [rule.api, ANSWERS[rule.answer], target_text(rule), "yours" if rule.origin else ""]
        for rule in sorted(registry, key=lambda r: r.api)
        if wanted.search(rule.api)
    ]
    return tabulate(rows, ["API", "answer", "in Jittor", ""]) if rows else ""
