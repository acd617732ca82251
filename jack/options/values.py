"""Values of options: out of command lines, out of configuration files, and back into text."""

from __future__ import annotations

from typing import Any, get_origin

from jack.options.field import Option, OptionError

TRUE, FALSE = ("yes", "true", "t", "y", "1", "on"), ("no", "false", "f", "n", "0", "off")
KINDS = {str: "text", int: "a whole number", float: "a number", bool: "yes or no"}


def parse(option: Option, value: Any) -> Any:
    """The value of an option from a text, or from what YAML and TOML make of one; checked.

    Raises:
        OptionError: if it is of another type or out of range.
    """
    try:
        parsed = _tuple(value) if get_origin(option.kind) is tuple else _scalar(option.kind, value)
    except (TypeError, ValueError):
        raise OptionError(f"{option.flag} is {kind_name(option)}, not {value!r}") from None
    option.check(parsed)
    return parsed


def kind_name(option: Option) -> str:
    """What a value of the option is, in words."""
    return "whole numbers, such as 25 50 75" if get_origin(option.kind) is tuple else KINDS[option.kind]


def _tuple(value: Any) -> tuple[int, ...]:
    if isinstance(value, str):
        value = value.strip("[]() ").replace(",", " ").split()
    elif isinstance(value, int) and not isinstance(value, bool):
        value = [value]
    if not isinstance(value, list | tuple):
        raise TypeError
    return tuple(_whole(part) for part in value)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError
    return int(value)


def _scalar(kind: Any, value: Any) -> Any:
    if kind is bool:
        return _yes_or_no(value)
    if kind is str:
        # The text of a list, such as [2, 1, 0.5, 1], may come as a list from a configuration file.
        if isinstance(value, bool | dict) or value is None:
            raise TypeError
        return str(value)
    if kind is int:
        return _whole(value)
    if isinstance(value, bool):
        raise TypeError
    return float(value)


def _yes_or_no(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str | int) and str(value).lower() in TRUE + FALSE:
        return str(value).lower() in TRUE
    raise TypeError
