"""Pages made from the objects they describe: ``python -m converter.report.pages [--check]``.

``docs/coverage.md`` lists every rule with its answer, restriction and worst measured difference,
``docs/diagnostics.md`` every code.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from converter import rules
from converter.diagnostics import CODES
from converter.proved import measured
from converter.proved.known_exceptions import KNOWN_EXCEPTIONS
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


def _figure(found: measured.Measured | None) -> str:
    if found is None:
        return ""
    return f"{found.worst:.1e} of {found.allowed:.1e}" if found.worst else "0"


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
        "The last column is the largest difference of a value or gradient over all calls that were compared, beside "
        "the one that [the table of tolerances](tolerances.md) allows there; it is empty where a rule was changed "
        "since it was last measured.\n",
    ]
    figures = measured.current(registry, measured.load())
    for area in sorted(areas):
        lines += [
            f"\n## {area}\n",
            "| API | answer | in Jittor | restriction | worst difference |",
            "|---|---|---|---|---|",
        ]
        for rule in sorted(areas[area], key=lambda r: r.api):
            text = rule.restriction + (f" Instead: {rule.workaround}" if rule.workaround else "")
            cell = " ".join(text.split()).replace("|", "\\|")
            figure = _figure(figures.get(rule.api))
            lines.append(f"| `{rule.api}` | {ANSWERS[rule.answer]} | {_target(rule)} | {cell} | {figure} |")
    exceptions = "\n".join(f"- `{api}`: {why}" for api, why in KNOWN_EXCEPTIONS.items())
    lines += ["\n## Known exceptions\n", exceptions or "None: every proof holds. The list may only shrink."]
    return _NOTE + "\n".join(lines) + "\n"


def diagnostics() -> str:
    """The page of all codes."""
    lines = ["# Diagnostics\n", "`jack-convert --explain CODE` prints the same text.\n"]
    for code, entry in CODES.items():
        lines.append(f"\n## {code}: {entry.title}\n\n*{entry.severity.value}.* {entry.explanation}")
    return _NOTE + "\n".join(lines) + "\n"


PAGES = {"coverage.md": coverage, "diagnostics.md": diagnostics}


def main() -> int:
    """Write the pages, or with ``--check`` report (exit 1) pages and measured figures that are not current."""
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
    missing = measured.outdated(rules.load(), measured.load()) if "--check" in sys.argv[1:] else []
    if missing:
        how = "python -m tests.converter.proof --record"
        print(f"{len(missing)} rules without a current measured difference (run: {how})", file=sys.stderr)
    return 1 if stale or missing else 0


if __name__ == "__main__":
    sys.exit(main())
