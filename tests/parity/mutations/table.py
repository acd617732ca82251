"""All planted errors in a table: ``python -m tests.parity.mutations.table [--only TEXT] [--record]``.

``--record`` keeps what was measured in ``measured.json`` and writes it into ``docs/parity.md``.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tabulate import tabulate

from tests.parity.mutations.catalogue import CONVERTED, HERE, PORT, PROGRAMS, Mutation
from tests.parity.mutations.laboratory import Laboratory, Verdict
from tests.parity.mutations.planted import PLANTED

MEASURED = HERE / "measured.json"
PAGE = HERE.parents[2] / "docs" / "parity.md"
BEGIN, END = "<!-- planted errors: made by python -m tests.parity.mutations.table --record -->", "<!-- end -->"
HEAD = ["program", "version", "planted error", "mode", "found", "kind", "module", "line", "largest figure"]


def every() -> Iterator[tuple[str, str, Mutation]]:
    """Program, version and mutation, of all that are planted."""
    for planted in PLANTED:
        for mutation in planted.mutations:
            yield planted.program, planted.version, mutation


def row(program: str, version: str, mutation: Mutation, verdict: Verdict) -> dict[str, Any]:
    """What is kept of a verdict."""
    return {
        "program": program,
        "version": version,
        "name": mutation.name,
        "mode": "train" if mutation.train else "eval",
        "found": verdict.found,
        "kind": mutation.kind if verdict.kind else None,
        "module": verdict.module,
        "line": verdict.line,
        "figure": None if verdict.figure is None else float(f"{verdict.figure:.1e}"),
    }


def cells(kept: dict[str, Any]) -> list[str]:
    """A row of the printed table."""
    words = {True: "yes", False: "NO", None: "-"}
    figure = "-" if kept["figure"] is None else f"{kept['figure']:.0e}"
    judged = [words[kept["found"]], kept["kind"] or "other", words[kept["module"]], words[kept["line"]]]
    return [kept["program"], kept["version"], kept["name"], kept["mode"], *judged, figure]


def summary(rows: list[dict[str, Any]], clean: int) -> str:
    """The counts, as Markdown.

    Args:
        rows: see :func:`row`.
        clean: how many traces of programs without an error gave no finding.
    """
    table = []
    for version, words in ((CONVERTED, "converted by jack-convert"), (PORT, "ported by hand to stock Jittor")):
        these = [kept for kept in rows if kept["version"] == version]
        lines = [kept for kept in these if kept["line"] is not None]
        found, module, line = (
            sum(kept["found"] for kept in these),
            sum(kept["module"] for kept in these),
            sum(kept["line"] for kept in lines),
        )
        table.append(
            [words, len(these), f"{found} of {len(these)}", f"{module} of {len(these)}", f"{line} of {len(lines)}"]
        )
    text = tabulate(table, ["Jittor program", "planted", "found", "module named", "line named"], "github")
    return f"{text}\n\nThe same programs without an error: {clean} traces, no finding.\n"


def page(text: str, measured: dict[str, Any]) -> str:
    """The page with its table of planted errors replaced."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{summary(measured['rows'], measured['clean'])}\n{END}{after}"


def unmutated() -> list[tuple[str, str, bool]]:
    """Program, version, training mode of every trace without an error."""
    versions = [(n, v) for n, p in PROGRAMS.items() for v in (CONVERTED, PORT) if v == CONVERTED or p.port]
    return [(name, version, train) for name, version in versions for train in (False, True)]


def measure(only: str, say: Callable[[str], None]) -> dict[str, Any]:
    """Run all of it.

    Args:
        only: text that ``PROGRAM VERSION NAME`` must contain.
        say: receives a line for each trace.
    """
    rows, clean = [], 0
    with tempfile.TemporaryDirectory(prefix="jack-planted-") as folder:
        laboratory = Laboratory(Path(folder))
        try:
            for program, version, train in unmutated():
                title = f"{program} {version} without an error"
                if only in title:
                    found = laboratory.unexpected(program, version, laboratory.trace(program, version, train))
                    clean += not found
                    say(f"{title}, {'train' if train else 'eval'}: {[f.message for f in found] or 'no finding'}")
            for program, version, mutation in every():
                if only in f"{program} {version} {mutation.name}":
                    began = time.monotonic()
                    verdict = laboratory.judge(program, version, mutation)
                    rows.append(row(program, version, mutation, verdict))
                    say("  ".join(cells(rows[-1])) + f"  {time.monotonic() - began:.1f} s")
                    if not verdict.ok:
                        say(f"    expected {mutation.kind} in {mutation.module!r}, got {verdict.first}")
        finally:
            laboratory.close()
    return {"clean": clean, "rows": rows}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.parity.mutations.table")
    parser.add_argument("--only", default="", help="those whose program, version and name contain this text")
    parser.add_argument("--record", action="store_true", help="keep the figures and write them into docs/parity.md")
    given = parser.parse_args(arguments)
    if given.record and given.only:
        parser.error("--record needs all of them, without --only")
    measured = measure(given.only, lambda line: print(line, file=sys.stderr, flush=True))
    print(tabulate([cells(kept) for kept in measured["rows"]], HEAD))
    if given.record:
        MEASURED.write_text(json.dumps(measured, indent=0) + "\n", encoding="utf-8")
        PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), measured), encoding="utf-8")
    good = all(kept["found"] and kept["module"] and kept["line"] is not False for kept in measured["rows"])
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
