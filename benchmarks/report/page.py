"""docs/benchmarks.md, out of the committed results in benchmarks/results.

``python -m benchmarks.report.page`` writes it; with ``--check`` it only says whether the page is current.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tabulate import tabulate

from benchmarks.harness.cells import PHASES, REFERENCE
from benchmarks.harness.result import NOISY_OTHERS, NOISY_SPREAD, Result
from benchmarks.harness.run import NUDGED
from benchmarks.harness.store import Report, read_report
from benchmarks.harness.work import NUDGE
from benchmarks.report import release, words
from benchmarks.report.view import headline, traps
from parity.check.compare import JUMP_MARGIN

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "benchmarks.md"
WRITE = "python -m benchmarks.report.page"
RELEASE = "release-"

HEAD = f"""# Torch against Jittor, measured

Made by `{WRITE}` from the files of `benchmarks/results`; do not edit. Measure yourself with
`jack-bench methods` (`--quick` for a first look) and `jack-bench release`; `jack-bench methods --compare FILE` says
what became slower. `--device cuda` makes the same report on a GPU; no such report has been committed unless one stands
below.

Each side runs in a process of its own with the same weights, inputs and number of threads. It first has to compute what
Torch computes, else it is not timed. Then the sides take turns, step by step, and every step is waited for; no time is
left out. A ratio is Torch's median divided by the other's: **above 1 the other is faster, below 1 it is slower**; in
brackets its 95 % interval (bootstrap over paired rounds). CPU is the processor time of all threads. Peak is the
resident memory (VmHWM) during the timed steps. The first step, which compiles, stands apart; what `jack optimize`
itself takes is part of building the model (`build_s` in the CSV). `~` marks cells during which other processes took
more than {NOISY_OTHERS:.0%} of the CPUs, or whose quartiles lie more than {NOISY_SPREAD:.0%} of the median apart.
"""


def page(folder: Path = RESULTS) -> str:
    """The text of the page."""
    parts = [HEAD, "Phases:\n", *(f"- *{words.PHASES[name]}*: {text}" for name, text in PHASES.items()), ""]
    paths = sorted(path for path in folder.glob("*.json") if not path.name.startswith(RELEASE))
    if not paths:
        parts.append("No results have been committed yet.\n")
    for path in paths:
        parts += _of_report(path.stem, read_report(path))
    for path in sorted(folder.glob(f"{RELEASE}*.json")):
        parts += release.markdown(release.read(path))
    return "\n".join(parts).rstrip() + "\n"


def _of_report(name: str, report: Report) -> list[str]:
    machine = report.machine
    threads = ", ".join(sorted({str(each.threads) for each in report.results}))
    stack = ", ".join(f"{package} {number}" for package, number in machine["stack"].items())
    days = sorted({each.measured[:10] for each in report.results})
    what = f"{machine['processor']}, {machine['cpus']} CPUs, {machine['memory'] / 2**30:.0f} GiB; {threads} threads"
    if machine["device"] == "cuda":
        what += f"; {machine.get('gpu', 'GPU')}"
    parts = [f"## {name}\n", f"{what}; {stack}; measured {' to '.join(dict.fromkeys((days[0], days[-1])))}.\n"]
    results = words.ordered(report.results)
    shown = headline(report)
    if shown:
        parts += ["### Methods\n", _table(shown)]
    growing = [each for each in results if each.axis != "headline"]
    if growing:
        parts += ["### How cost grows\n", _table(growing)]
    lessons = traps(report)
    if lessons:
        rows = [[each.place, each.side, each.true, each.early, each.share] for each in lessons]
        head = ["step", "side", "waited for, ms", "until the call returned, ms", "share"]
        parts += [
            "### The usual mistake\n",
            "A clock that does not wait for a framework that computes late shows the time of collecting the work.\n",
            _markdown(rows, head, 2),
        ]
    lost = [(result, side) for result in results for side, one in result.sides.items() if one.problem]
    if lost:
        rows = [[result.key, words.LABELS[side], result.sides[side].problem] for result, side in lost]
        parts += ["### No figure\n", _markdown(rows, ["cell", "side", "reason"], 3)]
    rounded = [(r, words.LABELS[n], s.equality) for r in results for n, s in r.sides.items() if s.timed]
    rows = [
        [result.key, side, told["worst"], f"{told['difference']:.1e}", told["tolerance"], f"{told['rounding']:.1e}"]
        for result, side, told in rounded
        if told.get("by_rounding")
    ]
    if rows:
        head = ["cell", "side", "the furthest", "difference", "limit", "rounding"]
        parts += [
            "### Decided by rounding\n",
            "Gradients beyond the limit that Torch does not repeat either: *rounding* is how far its own one moves when"
            f" all weights change by {NUDGE:g} of their values (the furthest of {NUDGED} draws; up to"
            f" {JUMP_MARGIN:g} times that is allowed). All as shares of the tensor's largest value.\n",
            _markdown(rows, head, 3),
        ]
    doubted = [result for result in results if result.doubts()]
    if doubted:
        parts += ["### Noisy\n", *(f"- `{result.key}`: {'; '.join(result.doubts())}" for result in doubted), ""]
    return parts


def _table(results: list[Result]) -> str:
    head = ["method", "phase", "size", "side", "median ms", "quartiles ms", "CPU ms", "Torch / it", "steps"]
    head += ["first ms", "base MiB", "peak MiB"]
    rows = []
    for result in results:
        for number, (side, one) in enumerate(result.sides.items()):
            if not one.timed:
                continue
            place = [words.title(result.method), words.PHASES[result.phase], words.size(result)]
            times = result.summary(side)
            found = result.ratio(side) if side != REFERENCE else None
            row = [*(place if number == 0 else ["", "", ""]), words.LABELS[side]]
            row += [("~" if result.doubts() else "") + words.milliseconds(times.median)]
            row += [f"{words.milliseconds(times.low)} to {words.milliseconds(times.high)}"]
            row += [words.milliseconds(sorted(one.cpu)[len(one.cpu) // 2]), words.ratio(found), str(times.count)]
            row += [words.milliseconds(one.first), words.mebibytes(one.base), words.mebibytes(one.gpu or one.peak)]
            rows.append(row)
    return _markdown(rows, head, 4)


def _markdown(rows: list[list[str]], head: list[str], left: int) -> str:
    aligned = ("left",) * left + ("right",) * (len(head) - left)
    escaped = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return tabulate(escaped, head, tablefmt="pipe", disable_numparse=True, colalign=aligned) + "\n"


def main() -> int:
    """Write the page, or check it."""
    text = page()
    if "--check" in sys.argv[1:]:
        if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text:
            return 0
        print(f"not current: {PAGE.name} (run: {WRITE})", file=sys.stderr)
        return 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
