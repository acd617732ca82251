"""The page of all options, docs/options.md, out of the options themselves.

``python -m jack.options.page`` writes it; with ``--check`` it only says whether the page is current.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from tabulate import tabulate

from jack.methods.registry import METHODS
from jack.options import OPTIONS
from jack.options.common import Options
from jack.options.field import ALL, Option, options_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "options.md"
WRITE = "python -m jack.options.page"

HEAD = f"""# Options of `jack train`, `jack test` and `jack infer`

Made by `{WRITE}`; do not edit. Names and defaults are those of the methods' own programs.

`--video-path` and `--video_path` are the same, lists need no quotes (`--step 25 50 75`), and what is answered by yes or
no may stand without an answer (`--dl` is `--dl yes`). `--config FILE` reads the same names, with `_`, from YAML or
TOML; the command line goes before the file.
"""


def page() -> str:
    """The text of the page."""
    common = options_of(Options)
    parts = [HEAD, "## Every method\n", _table(common)]
    for name, kind in OPTIONS.items():
        own = [one for one in options_of(kind) if one not in common]  # also a common one with a default of its own
        parts += [f"## {METHODS[name].title}: `{name}`\n", _table(own)]
    return "\n".join(parts)


def _table(options: Sequence[Option]) -> str:
    rows = [
        (
            f"`{one.flag}`",
            _escaped(one.default_text()),
            one.unit,
            "" if one.commands == ALL else ", ".join(one.commands),
            _escaped(one.help + _more(one)),
        )
        for one in options
    ]
    header = ["option", "default", "unit", "only for", "meaning"]
    return tabulate(rows, header, tablefmt="github", disable_numparse=True) + "\n"


def _more(one: Option) -> str:
    parts = [" One of " + ", ".join(f"`{choice}`" for choice in one.choices) + "." if one.choices else ""]
    if one.aliases:
        parts.append(" Also " + ", ".join(f"`--{alias}`" for alias in one.aliases) + ".")
    return "".join(parts)


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


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
