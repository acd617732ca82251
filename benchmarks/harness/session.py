"""A run: cell after cell, each kept as soon as it is there."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.harness.cells import REFERENCE, Request, plan
from benchmarks.harness.machine import describe
from benchmarks.harness.result import Result
from benchmarks.harness.run import Protocol, measure
from benchmarks.harness.store import Report, Store, fingerprint
from benchmarks.report import words

Say = Callable[[str], None]


class Session:
    """Measures what was asked for.

    Args:
        request: what.
        protocol: how long.
        device: "cpu" or "cuda".
        threads: of each side.
        folder: where results are kept.
        again: measure also what is there already.

    Attributes:
        interrupted: whether Ctrl-C ended the run; what was measured before is in the report.

    Raises:
        PlanError: for what cannot be measured.
    """

    def __init__(
        self, request: Request, protocol: Protocol, device: str, threads: int, folder: Path, again: bool
    ) -> None:
        self.cells = plan(request)
        self.protocol, self.device, self.threads, self.again = protocol, device, threads, again
        self.store = Store(folder)
        self.mark = fingerprint(protocol, device, threads)
        self.interrupted = False

    def run(self, say: Say) -> Report:
        """Measure every cell that is not there yet.

        Args:
            say: hears of the progress.
        """
        mark = self.mark
        results: list[Result] = []
        for number, cell in enumerate(self.cells, start=1):
            where = f"[{number}/{len(self.cells)}] {cell.key}"
            found, reason = (None, "") if self.again else self.store.find(cell, mark)
            if found is not None:
                say(f"{where}: measured before")
                results.append(found)
                continue
            if reason:
                say(f"{where}: measured again: {reason}")
            began = time.perf_counter()
            try:
                result = measure(
                    cell,
                    self.protocol,
                    self.device,
                    self.threads,
                    self.store.data,
                    mark,
                    partial(_placed, say, where),
                )
            except KeyboardInterrupt:
                self.interrupted = True
                break
            self.store.keep(cell, result)
            results.append(result)
            say(f"{where}: {_short(result)} ({time.perf_counter() - began:.0f} s)")
        return Report(describe(self.device), results)

    def everything(self, report: Report) -> Report:
        """The report of a run, with what earlier runs into the same folder measured under the same conditions."""
        here = {each.key for each in report.results}
        return Report(report.machine, [*report.results, *(r for r in self.store.all(self.mark) if r.key not in here)])


def _placed(say: Say, where: str, line: str) -> None:
    say(f"{where}: {line}")


def _short(result: Result) -> str:
    parts = []
    for name, side in result.sides.items():
        if not side.timed:
            parts.append(f"{words.LABELS[name]}: {side.problem}")
            continue
        found = result.ratio(name) if name != REFERENCE else None
        text = f"{words.LABELS[name]} {words.milliseconds(result.summary(name).median)} ms"
        parts.append(text + (f", ratio {words.ratio(found)}" if found else ""))
    return "; ".join(parts)
