"""``[tool.jack-convert]`` of the nearest ``pyproject.toml``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tomllib

KEYS = {"exclude": list, "guess": bool, "comments": bool, "jobs": int, "rules": list}


@dataclass(frozen=True, slots=True)
class Config:
    """Defaults for the command line."""

    exclude: tuple[str, ...] = ()
    guess: bool = False
    comments: bool = True
    jobs: int = 0
    rules: tuple[Path, ...] = ()
    path: Path | None = None


class ConfigError(Exception):
    """The configuration cannot be used; the message is one line for the user."""


def load(start: Path) -> Config:
    """Read the configuration that applies to a file or folder.

    Raises:
        ConfigError: for invalid TOML, an unknown key or a value of the wrong type.
    """
    folder = start.absolute() if start.is_dir() else start.absolute().parent
    for candidate in (folder, *folder.parents):
        path = candidate / "pyproject.toml"
        if not path.is_file():
            continue
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).get("jack-convert")
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigError(f"{path}: {error}") from error
        if table is None:
            return Config()
        for key, value in table.items():
            if key not in KEYS:
                raise ConfigError(f"{path}: [tool.jack-convert] has no key {key!r} (known: {', '.join(sorted(KEYS))})")
            if not isinstance(value, KEYS[key]):
                raise ConfigError(f"{path}: {key} must be a {KEYS[key].__name__}")
            if isinstance(value, list) and not all(isinstance(item, str) for item in value):
                raise ConfigError(f"{path}: {key} must be a list of texts")
        return Config(
            tuple(table.get("exclude", ())),
            table.get("guess", False),
            table.get("comments", True),
            table.get("jobs", 0),
            tuple(path.parent / name for name in table.get("rules", ())),
            path,
        )
    return Config()
