"""The worst difference between Torch and Jittor that the proofs of each rule measured, kept beside the rules.

``python -m tests.converter.proof --record`` writes ``measured.json``.  An entry holds for one state of its rule: the
key covers the signature, the mapping, the cases, the source of an action and of the helpers it names.  When one of
these changes, the figure is no longer shown, until the rule is measured again.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from converter import helpers
from converter.rules.base import Answer, Rule

PATH = Path(__file__).parent / "measured.json"
_HELPER = re.compile(r"helpers\.(\w+)")


@dataclass(frozen=True, slots=True)
class Measured:
    """What the proof of one rule found.

    Attributes:
        key: the state of the rule that was measured.
        worst: largest absolute difference of a value or gradient over all trials.
        allowed: the tolerance at that element.
        trials: how many trials were compared.
    """

    key: str
    worst: float
    allowed: float
    trials: int


def key(rule: Rule) -> str:
    """The state of a rule, as 16 hexadecimal digits."""
    code = inspect.getsource(rule.action) if rule.action is not None else ""
    named = {name for text in (rule.to, rule.value_to, rule.assign, code) for name in _HELPER.findall(text)}
    known = helpers.library().definitions
    library = [d.text for d in helpers.closure(named & known.keys())]
    mapping = (
        sorted(rule.rename.items()),
        sorted(rule.drop),
        sorted(rule.refuse),
        sorted(rule.write.items()),
    )
    state = (rule.api, rule.signature, rule.to, rule.keep, rule.value_to, rule.assign, mapping, rule.cases)
    return hashlib.sha256(f"{state!r}\0{code}\0{library!r}".encode()).hexdigest()[:16]


def load(path: Path = PATH) -> dict[str, Measured]:
    """All entries by API; none when nothing was recorded yet."""
    if not path.exists():
        return {}
    return {api: Measured(**entry) for api, entry in json.loads(path.read_text(encoding="utf-8")).items()}


def render(entries: Mapping[str, Measured]) -> str:
    """The text of the file: one line for each API, in order."""
    lines = [
        f"  {json.dumps(api)}: "
        + json.dumps({"key": e.key, "worst": e.worst, "allowed": e.allowed, "trials": e.trials})
        for api, e in sorted(entries.items())
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def current(rules: Iterable[Rule], entries: Mapping[str, Measured]) -> dict[str, Measured]:
    """The entries that hold for the rules as they are now."""
    return {r.api: entries[r.api] for r in rules if r.api in entries and entries[r.api].key == key(r)}


def outdated(rules: Iterable[Rule], entries: Mapping[str, Measured]) -> list[str]:
    """APIs whose rule has cases, and no figure that holds for its present state."""
    rules = [r for r in rules if r.answer is not Answer.NEEDS_YOU]
    known = current(rules, entries)
    return sorted(r.api for r in rules if r.api not in known and any(case.form != "alone" for case in r.cases))
