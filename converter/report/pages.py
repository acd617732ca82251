"""Pages made from the objects they describe: ``python -m converter.report.pages [--check]``.

``docs/coverage.md`` lists every rule with its answer and restriction, ``docs/diagnostics.md`` every code.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from converter import rules
from converter.diagnostics import CODES
from converter.report.lookup import ANSWERS, target_text
from converter.rules.base import Rule

DOCS = Path(__file__).parents[2] / "docs"
_NOTE = "<!-- Made by `python -m converter.report.pages`; do not edit. -->\n\n"


def _area(api: str) -> str:
    parts = api.split(".")
    if parts[:2] == ["torch", "Tensor"]:
        return "torch.Tensor"
    return ".".join(parts[:-1])


def _target(rule: Rule) -> str:
    text = target_text(rule)
    return f"`{text}`" if text not in ("", "removed", "depends on the arguments") else text


def coverage() -> str:
    """The coverage page: one table for each area of Torch."""
    registry = rules.load()
    areas: dict[str, list[Rule]] = {}
    for rule in registry:
        areas.setdefault(_area(rule.api), []).append(rule)
    counts = Counter(ANSWERS[rule.answer] for rule in registry)
    lines = [
        "# Coverage\n",
        f"{len(registry)} Torch APIs have a verified answer: {counts['rewritten']} are rewritten, "
        f"{counts['kept']} are kept as they are, {counts['needs you']} need you. "
        f"{sum(len(r.cases) for r in registry)} cases prove them; each runs in PyTorch and, converted, in Jittor. "
        "`jh` is the module written beside the output.\n",
    ]
    for area in sorted(areas):
        lines += [f"\n## {area}\n", "| API | answer | in Jittor | restriction |", "|---|---|---|---|"]
        for rule in sorted(areas[area], key=lambda r: r.api):
            text = rule.restriction + (f" Instead: {rule.workaround}" if rule.workaround else "")
            cell = " ".join(text.split()).replace("|", "\\|")
            lines.append(f"| `{rule.api}` | {ANSWERS[rule.answer]} | {_target(rule)} | {cell} |")
    return _NOTE + "\n".join(lines) + "\n"


def diagnostics() -> str:
    """The page of all codes."""
    lines = ["# Diagnostics\n", "`jack-convert --explain CODE` prints the same text.\n"]
    for code, entry in CODES.items():
        lines.append(f"\n## {code}: {entry.title}\n\n*{entry.severity.value}.* {entry.explanation}")
    return _NOTE + "\n".join(lines) + "\n"


PAGES = {"coverage.md": coverage, "diagnostics.md": diagnostics}


def main() -> int:
    """Write the pages, or with ``--check`` report (exit 1) those that are not current."""
    stale = []
    for name, make in PAGES.items():
        path = DOCS / name
        text = make()
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        if "--check" in sys.argv[1:]:
            stale.append(name)
        else:
            path.write_text(text, encoding="utf-8")
    if stale:
        print(f"not current: {', '.join(stale)} (run: python -m converter.report.pages)", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
