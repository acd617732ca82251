"""The files of a run: results.json, a table as CSV, and the page."""

from __future__ import annotations

import csv
from pathlib import Path

from benchmarks.harness.cells import REFERENCE
from benchmarks.harness.store import ALL, Report, write_report
from benchmarks.report import words
from jack.files import replacing

COLUMNS = (
    "method phase batch length side version device threads median_s low_quartile_s high_quartile_s least_s steps cpu_s"
    " ratio ratio_low ratio_high first_s returned_s import_s build_s base_bytes built_bytes peak_bytes whole_peak_bytes"
    " gpu_bytes others_share load_before load_after noisy equality_worst equality_difference measured problem"
).split()


def write_all(folder: Path, report: Report, html: bool) -> list[Path]:
    """Write the files of a report.

    Raises:
        DatasetError: if one cannot be written.
    """
    if not report.results:
        return []
    name = words.stack_name(report.machine["stack"], report.machine["device"])
    written = [folder / ALL, folder / f"{name}.csv"]
    write_report(written[0], report)
    write_csv(written[1], report)
    if html:
        from benchmarks.report.html import page

        written.append(folder / "report.html")
        with replacing(written[-1]) as partial:
            partial.write_text(page(report), encoding="utf-8")
    return written


def write_csv(path: Path, report: Report) -> None:
    """A row for each side of each cell; times in seconds, memory in bytes."""
    with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS, restval="")
        writer.writeheader()
        for row in rows(report):
            writer.writerow(row)


def rows(report: Report) -> list[dict[str, object]]:
    """The same rows as dictionaries."""
    found = []
    for result in words.ordered(report.results):
        for name, side in result.sides.items():
            row: dict[str, object] = {"method": result.method, "phase": result.phase, "batch": result.batch}
            row |= {"length": result.length, "side": name, "version": side.version, "device": result.device}
            row |= {"threads": result.threads, "measured": result.measured, "problem": side.problem}
            if side.timed:
                times = result.summary(name)
                row |= {"median_s": times.median, "low_quartile_s": times.low, "high_quartile_s": times.high}
                row |= {"least_s": times.least, "steps": times.count, "cpu_s": sorted(side.cpu)[len(side.cpu) // 2]}
                row |= {"first_s": side.first, "returned_s": sorted(side.returned)[len(side.returned) // 2]}
                row |= {"import_s": side.import_seconds, "build_s": side.build_seconds, "base_bytes": side.base}
                row |= {"built_bytes": side.built, "peak_bytes": side.peak, "whole_peak_bytes": side.whole}
                row |= {"gpu_bytes": "" if side.gpu is None else side.gpu, "noisy": "; ".join(result.doubts())}
                row |= {"others_share": result.noise.others, "load_before": result.noise.load[0]}
                row |= {"load_after": result.noise.load[1]}
                row |= {"equality_worst": side.equality.get("worst", "")}
                row |= {"equality_difference": side.equality.get("difference", "")}
                found_ratio = result.ratio(name) if name != REFERENCE else None
                if found_ratio:
                    row |= {"ratio": found_ratio.value, "ratio_low": found_ratio.low, "ratio_high": found_ratio.high}
            found.append(row)
    return found
