"""The command ``jack-convert``."""

from __future__ import annotations

import os
import re
import sys
from functools import partial
from pathlib import Path
from typing import NoReturn

import click
from rich.console import Console

from converter import cache, config, custom, helpers, project, rules
from converter.cache import Cache
from converter.diagnostics import CODES
from converter.pipeline import Options, convert
from converter.project import Converted, InputError, Source
from converter.report import html_report, json_report, lookup, sarif, text
from converter.rules.base import Registry

_EPILOG = """
\b
Examples:
  jack-convert model.py                       print the converted file
  jack-convert model.py -o out/               write out/model.py and what it needs
  jack-convert project/ -o project_jittor/    a whole project
  jack-convert --diff model.py                what would change
  jack-convert --check project/               exit 1 if anything would change
  cat model.py | jack-convert -               from standard input

\b
Exit status: 0 everything was converted; 1 something is left for a person (or --check would
change something); 2 wrong usage, or a file that could not be processed.
"""


def _fail(message: str) -> NoReturn:
    click.echo(f"jack-convert: {message}", err=True)
    sys.exit(2)


def _with_own_rules() -> Registry:
    """All rules, the user's own (named in the configuration of this folder) included."""
    try:
        custom.load(config.load(Path.cwd()).rules)
    except (config.ConfigError, custom.RuleFileError) as error:
        _fail(str(error))
    return rules.load()


def _explain(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is None:
        return
    registry = _with_own_rules()
    page = lookup.page(value, registry)
    if page is None and "." in value:
        near = lookup.similar(value, registry)
        _fail(f"no rule for {value}" + (f" (did you mean {', '.join(near)}?)" if near else ""))
    if page is None:
        _fail(f"no such code: {value} (there are {', '.join(CODES)}; or give an API such as torch.cat)")
    click.echo(page)
    ctx.exit(0)


def _list_rules(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is None:
        return
    try:
        table = lookup.listing(value, _with_own_rules())
    except re.error as error:
        _fail(f"--list-rules {value}: not a regular expression: {error}")
    if not table:
        _fail(f"no rule matches {value}")
    click.echo(table)
    ctx.exit(0)


@click.command(epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("paths", nargs=-1, metavar="FILE|DIR|-...")
@click.option("-o", "--output", "output_text", metavar="PATH", help="Write to this file, or (ending in /) folder.")
@click.option("--write", is_flag=True, help="Change the files in place.")
@click.option("--diff", is_flag=True, help="Print a unified diff; write nothing.")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if a file would change.")
@click.option("--force", is_flag=True, help="Replace output files that exist and differ.")
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Skip paths that match (as in .gitignore).")
@click.option(
    "--guess", is_flag=True, default=None, help="Convert methods by name where the receiver is unknown; each is marked."
)
@click.option("--no-comments", is_flag=True, help="Do not write '# jack:' comments above what is left.")
@click.option(
    "-j", "--jobs", type=click.IntRange(0), default=None, metavar="N", help="Processes; 0 is one a core (default)."
)
@click.option("--no-cache", is_flag=True, help="Convert every file anew, and remember nothing.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
@click.option("-v", "--verbose", is_flag=True, help="Print notes too (restrictions, evidence).")
@click.option("--statistics", is_flag=True, help="Count what was left, by API.")
@click.option(
    "--output-format", type=click.Choice(["text", "json", "sarif", "github", "html"]), default="text", show_default=True
)
@click.option(
    "--explain",
    metavar="CODE|API",
    callback=_explain,
    expose_value=False,
    is_eager=True,
    help="Explain a code, or what becomes of an API, and exit.",
)
@click.option(
    "--list-rules",
    metavar="REGEX",
    callback=_list_rules,
    expose_value=False,
    is_eager=True,
    help="List the rules for matching APIs, yours included, and exit.",
)
@click.version_option(package_name="jack-toolkit", prog_name="jack-convert")
def main(
    paths: tuple[str, ...],
    output_text: str | None,
    write: bool,
    diff: bool,
    check: bool,
    force: bool,
    exclude: tuple[str, ...],
    guess: bool | None,
    no_comments: bool,
    jobs: int | None,
    no_cache: bool,
    quiet: bool,
    verbose: bool,
    statistics: bool,
    output_format: str,
) -> None:
    """Convert PyTorch code to Jittor.

    Comments and layout stay. What is not converted is named: a comment above the line and a diagnostic. Functions
    that Jittor lacks, or means differently, come from a module jittor_helpers.py that is written beside the output.
    """
    output = Path(output_text) if output_text else None
    into_folder = output is not None and (output.is_dir() or str(output_text).endswith(os.sep))
    if not paths:
        _fail("nothing to convert (give a file, a folder, or - for standard input; see --help)")
    if sum((output is not None, write, diff or check)) > 1:
        _fail("-o, --write and --diff/--check exclude one another")
    if "-" in paths:
        if len(paths) > 1 or write or output is not None:
            _fail("- (standard input) stands alone and is written to standard output")
        _with_own_rules()
        sys.exit(_standard_input(diff, check, Options(bool(guess), not no_comments), quiet, verbose))
    try:
        settings = config.load(Path(paths[0]))
        custom.load(settings.rules)
        sources = project.find([Path(p) for p in paths], (*settings.exclude, *exclude))
    except (InputError, config.ConfigError, custom.RuleFileError) as error:
        _fail(str(error))
    if any(Path(p).is_dir() for p in paths) and not (output or write or diff or check or output_format != "text"):
        _fail("a folder needs -o DIR, --write, --diff or --check")
    if not sources:
        _fail("every file is excluded")
    several = len(sources) > 1 or any(Path(p).is_dir() for p in paths)
    if several and output is not None and output.is_file():
        _fail(f"{output}: is a file, but there are several inputs")
    options = Options(settings.guess if guess is None else guess, settings.comments and not no_comments)
    if output is not None and not several:
        sources = [_single_target(sources[0], output, into_folder)]
    workers = settings.jobs if jobs is None else jobs
    memory = None if no_cache else Cache(cache.folder(), b"\0".join(path.read_bytes() for path in settings.rules))
    items = _convert(sources, options, workers or os.cpu_count() or 1, quiet, memory, settings.rules)
    sys.exit(
        _finish(
            items, output, several or into_folder, write, diff, check, force, quiet, verbose, statistics, output_format
        )
    )


def _single_target(source: Source, output: Path, into_folder: bool) -> Source:
    """One file goes to one place; how it imports its helpers depends on the folder it goes to."""
    folder = output if into_folder else output.parent
    relative = "from . import" if (folder / "__init__.py").exists() else "import"
    return Source(
        source.path,
        Path(source.path.name) if into_folder else Path(output.name),
        (Path(),),
        f"{relative} {helpers.MODULE_NAME}",
    )


def _convert(
    sources: list[Source], options: Options, jobs: int, quiet: bool, memory: Cache | None, own_rules: tuple[Path, ...]
) -> list[Converted]:
    console = Console(stderr=True)
    stream = project.convert_all(sources, options, jobs, memory, partial(custom.load, own_rules))
    if quiet or len(sources) < 10 or not console.is_terminal:
        return list(stream)
    from rich.progress import track

    return list(track(stream, total=len(sources), description="Converting", console=console))


def _finish(
    items: list[Converted],
    output: Path | None,
    into_folder: bool,
    write: bool,
    diff: bool,
    check: bool,
    force: bool,
    quiet: bool,
    verbose: bool,
    statistics: bool,
    output_format: str,
) -> int:
    console = Console(stderr=True)
    if not quiet:
        for item in items:
            if output_format == "text":
                text.findings(console, item, verbose)
            if not item.text.strip() and not item.result.failed and len(items) == 1:
                console.print(f"{item.source.path}: the file is empty; nothing to convert", highlight=False)
    status = _status(items)
    written: dict[str, str] = {}
    problems: list[str] = []
    if output is not None:
        root = output if into_folder else output.parent
        written, problems = _write_tree(items, root, force)
    elif write:
        written, problems = _write_in_place(items)
    elif diff:
        out = Console()
        for item in items:
            text.print_diff(out, text.unified_diff(item))
    elif not check and output_format == "text" and not items[0].result.failed:
        _print_code(items[0], console, quiet)
    for problem in problems:
        click.echo(f"jack-convert: {problem}", err=True)
    if check and status == 0 and any(item.result.changed for item in items):
        status = 1
    exit_code = 2 if problems else status
    if output_format != "text":
        sys.stdout.buffer.write(_report(output_format, items, written, exit_code).encode("utf-8") + b"\n")
        sys.stdout.flush()
    elif not quiet:
        if statistics:
            text.statistics(console, items)
        text.summary(console, items)
    return exit_code


def _report(output_format: str, items: list[Converted], written: dict[str, str], exit_code: int) -> str:
    if output_format == "sarif":
        return sarif.render(items, exit_code)
    if output_format == "github":
        return sarif.github(items)
    return html_report.render(items) if output_format == "html" else json_report.render(items, written)


def _status(items: list[Converted]) -> int:
    if any(item.result.failed for item in items):
        return 2
    return 0 if all(item.result.complete for item in items) else 1


def _print_code(item: Converted, console: Console, quiet: bool) -> None:
    sys.stdout.buffer.write(project.encode(item.result.code, item.encoding))
    sys.stdout.flush()
    if item.result.helpers and not quiet:
        console.print(f"needs {helpers.MODULE_NAME}.py: write it with -o DIR", style="yellow", highlight=False)


def _outputs(items: list[Converted], root: Path) -> dict[Path, bytes]:
    outputs = {
        root / item.source.relative: project.encode(item.result.code, item.encoding)
        for item in items
        if not item.result.failed
    }
    for relative, module in project.helper_modules(items).items():
        outputs[root / relative] = module.encode("utf-8")
    return outputs


def _write_tree(items: list[Converted], root: Path, force: bool) -> tuple[dict[str, str], list[str]]:
    """Write all outputs; nothing at all when one of them exists with another content."""
    outputs = _outputs(items, root)
    inputs = {item.source.path.resolve() for item in items}
    for path, data in outputs.items():
        if path.is_dir():
            return {}, [f"{path}: is a folder"]
        if path.resolve() in inputs and data != path.read_bytes():
            return {}, [f"{path}: the output would replace its own input; use --write for that"]
        if path.exists() and not force and path.name != f"{helpers.MODULE_NAME}.py" and path.read_bytes() != data:
            return {}, [f"{path}: exists already (--force replaces it); nothing was written"]
    return _write_all(outputs, {root / i.source.relative: str(i.source.path) for i in items})


def _write_in_place(items: list[Converted]) -> tuple[dict[str, str], list[str]]:
    outputs: dict[Path, bytes] = {}
    for item in items:
        if item.result.changed:
            outputs[item.source.path] = project.encode(item.result.code, item.encoding)
    for relative, module in project.helper_modules(items).items():
        first = next(i for i in items if i.result.helpers)
        root = Path(str(first.source.path.absolute()).removesuffix(str(first.source.relative)))
        outputs[root / relative] = module.encode("utf-8")
    return _write_all(outputs, {item.source.path: str(item.source.path) for item in items})


def _write_all(outputs: dict[Path, bytes], names: dict[Path, str]) -> tuple[dict[str, str], list[str]]:
    written: dict[str, str] = {}
    for path, data in outputs.items():
        try:
            if not path.exists() or path.read_bytes() != data:
                project.write_atomically(path, data)
        except OSError as error:
            return written, [f"{path}: cannot be written: {error.strerror or error}"]
        if path in names:
            written[names[path]] = str(path)
    return written, []


def _standard_input(diff: bool, check: bool, options: Options, quiet: bool, verbose: bool) -> int:
    try:
        source, encoding = project.decode(sys.stdin.buffer.read())
        result = convert(source, options)
    except (InputError, custom.RuleFailed) as error:
        _fail(f"<stdin>: {error}")
    place = Source(Path("<stdin>"), Path("stdin.py"), (Path(),), options.helper_import)
    item = Converted(place, source, encoding, result)
    console = Console(stderr=True)
    if not quiet:
        text.findings(console, item, verbose)
    if diff:
        text.print_diff(Console(), text.unified_diff(item))
    elif not check and not item.result.failed:
        _print_code(item, console, quiet)
    status = _status([item])
    return 1 if check and status == 0 and item.result.changed else status


if __name__ == "__main__":
    main()
