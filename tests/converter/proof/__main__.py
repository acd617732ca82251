"""``python -m tests.converter.proof --rules REGEX [--source] [--record]``: prove rules by API name, print a table."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import re
import sys
import tempfile
from pathlib import Path

from tabulate import tabulate

import converter.rules
from converter.proved import measured
from converter.rules import REGISTRY, Rule
from tests.converter.proof.record import record
from tests.converter.proof.session import Outcome, prove


def _table(outcome: Outcome, everything: bool) -> str:
    rows = []
    for v in outcome.verdicts:
        verdict = "skipped" if v.skipped else "ok" if v.ok else "FAIL"
        if everything or not v.ok:
            rows.append(
                [
                    v.key,
                    f"{v.worst:.3g}",
                    f"{v.allowed:.3g}",
                    verdict,
                    (v.skipped or " ".join("; ".join(v.problems).split()))[:110],
                ]
            )
    return tabulate(rows, headers=["case", "max abs diff", "tolerance", "verdict", ""])


def _load() -> list[Rule]:
    """All rules whose file can be imported; a broken rule file is named and does not keep others from being proved."""
    for info in pkgutil.iter_modules(converter.rules.__path__):
        try:
            importlib.import_module(f"converter.rules.{info.name}")
        except Exception as error:
            print(f"converter/rules/{info.name}.py is left out: {type(error).__name__}: {error}", file=sys.stderr)
    # convert() loads the rules too, and must be content with those that could be read.
    converter.rules.load = lambda: REGISTRY
    return list(REGISTRY)


def main() -> int:
    """Exit 0 when every trial passed, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m tests.converter.proof", description=__doc__)
    parser.add_argument("--rules", default=".", help="regular expression searched in the API name")
    parser.add_argument("--source", action="store_true", help="print both sources and the trace of every failing trial")
    parser.add_argument("--failing", action="store_true", help="list only trials that fail")
    parser.add_argument("--keep", type=Path, help="folder for the generated sources and logs (default: temporary)")
    parser.add_argument("--record", action="store_true", help="keep the worst differences for docs/coverage.md")
    parser.add_argument("--check", action="store_true", help="run nothing; name the rules without a current figure")
    options = parser.parse_args()
    rules = [r for r in _load() if re.search(options.rules, r.api)]
    if not rules:
        print(f"no rule matches {options.rules!r}", file=sys.stderr)
        return 2
    if options.check:
        missing = measured.outdated(rules, measured.load())
        print("\n".join(missing) or "every rule has a current figure")
        return 1 if missing else 0
    folder = options.keep or Path(tempfile.mkdtemp(prefix="proof-"))
    outcome = prove(rules, folder)
    print(_table(outcome, everything=not options.failing))
    failing = [v for v in outcome.verdicts if not v.ok]
    if options.source:
        for verdict in failing:
            print(f"\n{'=' * 100}\n{outcome.explain(verdict)}")
    seconds = ", ".join(f"{k} {v:.1f} s" for k, v in outcome.seconds.items())
    skipped = sum(bool(v.skipped) for v in outcome.verdicts)
    counts = f"{len(rules)} rules, {len(outcome.verdicts)} trials, {skipped} skipped, {len(failing)} failing"
    print(f"\n{counts}; {seconds}; {folder}")
    if options.record:
        done, left = record(rules, outcome)
        print(f"recorded {done} rules, left out {left}; now run: python -m converter.report.pages")
    return 1 if failing else 0


if __name__ == "__main__":
    sys.exit(main())
