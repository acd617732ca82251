"""What every page shares: the templates, the look, how figures are written, how data is put into a page."""

from __future__ import annotations

import json
import math
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

NOTHING = "–"
_UNSAFE = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def figure(value: float | None) -> str:
    """A difference: two digits and a power of ten, ``0`` for exactly none, a dash where there is no number."""
    if value is None or not math.isfinite(value):
        return NOTHING
    return "0" if value == 0 else f"{value:.1e}"


def limit(value: float) -> str:
    """A tolerance: as short as it was written."""
    if value == 0:
        return "0"
    text = f"{value:.1e}"
    return text.replace(".0e", "e")


def percent(value: float | None) -> str:
    """A share; never rounded to 0 or to 100 when it is not."""
    if value is None or not math.isfinite(value):
        return NOTHING
    if value in (0, 1):
        return f"{value:.0%}"
    if value < 1e-4:
        return "< 0.01%"
    if value > 0.999:
        return "> 99.9%"
    return f"{value:.2%}" if value < 0.1 else f"{value:.1%}"


def shape(sizes: tuple[int, ...]) -> str:
    """``2×3×8``; ``scalar`` without dimensions."""
    return "×".join(map(str, sizes)) or "scalar"


def count(number: int, singular: str, plural: str = "") -> str:
    """``1 call``, ``2 calls``, ``1,200 calls``."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def embed(value: Any) -> Markup:
    """JSON that may stand in a ``script`` element: nothing in it can end the element or begin another."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(text.translate(_UNSAFE))


@cache
def _environment() -> Environment:
    loader = ChoiceLoader([PackageLoader("parity.report"), PackageLoader("parity.dossier")])
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters.update(figure=figure, limit=limit, percent=percent, shape=shape, embed=embed)
    made.globals.update(count=count, style=_asset("style.css"), script=_asset("script.js"))
    return made


def _asset(name: str) -> Markup:
    return Markup(resources.files("parity.report").joinpath("templates", name).read_text(encoding="utf-8"))


def render(template: str, **context: Any) -> str:
    """A page from one of the templates; every value is escaped."""
    return _environment().get_template(template).render(context)
