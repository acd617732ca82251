"""Configuration files: the keys of a method's options, in YAML or TOML."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from jack.files import replacing
from jack.options.common import Options
from jack.options.field import Option, OptionError, options_of
from jack.options.values import parse

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def read_config(path: Path, kind: type[Options]) -> dict[str, Any]:
    """The values that a file gives to a method's options.

    Args:
        path: a .yaml, .yml or .toml file of keys and values; keys are names of options, with - or _.
        kind: the method's options.

    Raises:
        OptionError: if it cannot be read, a key is unknown (the nearest one is named), or a value does not fit.
    """
    content = _content(path)
    if not isinstance(content, dict):
        raise OptionError(f"{path}: expected keys and values, found {type(content).__name__}")
    found: dict[str, Any] = {}
    for key, value in content.items():
        try:
            one = find(kind, str(key))
            if one.name in found:
                raise OptionError(f"{key!r} gives {one.name} a second time")
            found[one.name] = parse(one, value)
        except OptionError as error:
            raise OptionError(f"{path}: {error}") from error
    return found


def find(kind: type[Options], key: str) -> Option:
    """The option of a name or another name of it.

    Raises:
        OptionError: if there is none; it names the nearest.
    """
    spelled = key.replace("-", "_")
    names = {name: one for one in options_of(kind) for name in (one.name, *one.aliases)}
    if spelled in names:
        return names[spelled]
    near = difflib.get_close_matches(spelled, names, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(sorted(names))}"
    raise OptionError(f"{kind.method} has no option {key!r}; {hint}")


def write_config(path: Path, values: Mapping[str, Any]) -> None:
    """Write values as YAML that :func:`read_config` reads; the file appears when it is complete.

    Raises:
        DatasetError: if it cannot be written.
    """
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    with replacing(path) as partial:
        partial.write_text(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True), encoding="utf-8")


def _content(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError(f"{path}: cannot be read: {error}") from error
    try:
        if path.suffix.lower() == ".toml":
            return tomllib.loads(text)
        if path.suffix.lower() in (".yaml", ".yml"):
            return yaml.safe_load(text) or {}
    except (yaml.YAMLError, tomllib.TOMLDecodeError) as error:
        raise OptionError(f"{path}: {' '.join(str(error).split())}") from error
    raise OptionError(f"{path}: a configuration is a .yaml, .yml or .toml file")
