"""The subcommand ``jack-parity golden``."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import click

from parity.backends import FRAMEWORKS
from parity.golden.run import Report, run_suite
from parity.golden.suite import GoldenError, Suite, available, missing_files
from parity.golden.table import as_json, as_text


@click.command()
@click.option(
    "--data",
    required=True,
    metavar="DIR",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The folder with the recorded figures; seeds, sizes and salts are taken from its files.",
)
@click.option("--method", "methods", multiple=True, metavar="NAME", help="May be repeated; default: all found in DIR.")
@click.option(
    "--framework", default="both", show_default=True, type=click.Choice([*FRAMEWORKS, "both"]), help="What to compare."
)
@click.option("--timeout", default=1800.0, show_default=True, metavar="SECONDS", help="For each process.")
@click.option("--all", "every_entry", is_flag=True, help="Show every entry instead of the worst of similar ones.")
@click.option("--output-format", default="text", show_default=True, type=click.Choice(["text", "json"]))
def golden(
    data: Path, methods: tuple[str, ...], framework: str, timeout: float, every_entry: bool, output_format: str
) -> None:
    """Compare methods with what their authors' own code computed.

    Each framework runs in a process of its own.  Exit status: 0 when everything agrees, 1 when something does not
    (or a side failed), 2 for a wrong command line or a folder that lacks files.
    """
    frameworks = list(FRAMEWORKS) if framework == "both" else [framework]
    try:
        reports = []
        for suite in _chosen(data, methods):
            with tempfile.TemporaryDirectory(prefix="jack-parity-") as work:
                reports.append(run_suite(suite, data, frameworks, Path(work), timeout))
            if output_format == "text":
                click.echo(as_text(reports[-1], every_entry))
    except GoldenError as error:
        click.echo(f"jack-parity golden: {error}", err=True)
        sys.exit(2)
    if output_format == "json":
        click.echo(json.dumps([as_json(report) for report in reports], indent=1))
    sys.exit(_status(reports))


def _chosen(data: Path, methods: tuple[str, ...]) -> list[Suite]:
    suites = available()
    if not suites:
        raise GoldenError("no installed package offers a golden suite (entry points jack_parity.golden)")
    unknown = [name for name in methods if name not in suites]
    if unknown:
        raise GoldenError(f"unknown method {', '.join(unknown)}; there are: {', '.join(suites)}")
    chosen = [suites[name] for name in dict.fromkeys(methods)]
    if not methods:
        chosen = [suite for suite in suites.values() if (data / suite.files[0]).is_file()]
        if not chosen:
            raise GoldenError(f"{data} holds no figures of {', '.join(suites)}")
    for suite in chosen:
        missing = missing_files(suite, data)
        if missing:
            raise GoldenError(f"{suite.name}: {data} lacks {', '.join(missing)}")
    return chosen


def _status(reports: list[Report]) -> int:
    return 0 if all(report.ok for report in reports) else 1
