"""Find the weights in what a file holds: alone, or in a dictionary beside epoch, optimizer and options."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jack.checkpoints.dtypes import Array
from jack.checkpoints.errors import CheckpointError
from jack.checkpoints.records import ArrayRecord, Placeholder, ScalarRecord, TensorRecord
from jack.checkpoints.unpickle import resolved

# Names under which training programs keep a state_dict.
USUAL = ("state_dict", "model_state_dict", "model", "net", "network", "model_state", "weights", "params")
SHOWN = 6
DEEPEST, MOST = 100, 100_000  # modules inside one another, modules in all: no model has more


def chosen_weights(value: Any, entry: str | None) -> tuple[dict[str, Array], str, dict[str, str], list[str]]:
    """The weights by name, the place they lay at, what else there is, and notes.

    Args:
        value: what the pickle held.
        entry: the place, if the caller knows it.

    Raises:
        CheckpointError: if there are none, or several places and no word which.
    """
    if isinstance(value, Placeholder):
        entries = entries_of(value)
        if entries is None:
            raise CheckpointError(f"an object of class {value.origin}, and no weights in it")
        return *_arrays(entries), [f"the weights of a pickled {value.origin}; nothing of it was run"]
    if not isinstance(value, dict):
        what = "a list of arrays without names" if isinstance(value, list | tuple) else f"a {type(value).__name__}"
        raise CheckpointError(f"no weights by name: the file holds {what}")
    places = {key: found for key, inner in value.items() if (found := entries_of(inner)) is not None}
    if entry is not None:
        if entry not in places:
            raise CheckpointError(f"no weights under {entry!r}; there are: {_names(places) or 'none'}")
        return _from_place(value, entry, places[entry])
    usual = [key for key in USUAL if key in places]
    if usual:
        return _from_place(value, usual[0], places[usual[0]])
    if any(is_tensor(inner) for inner in value.values()):
        return *_arrays(value), []
    if len(places) == 1:
        key = next(iter(places))
        return _from_place(value, key, places[key])
    if places:
        raise CheckpointError(f"weights in several places: {_names(places)}; choose one with --entry NAME")
    raise CheckpointError(f"no weights: the file holds {_names(value) or 'an empty dictionary'}")


def _from_place(
    whole: dict[Any, Any], place: Any, entries: dict[Any, Any]
) -> tuple[dict[str, Array], str, dict[str, str], list[str]]:
    weights, _, ignored = _arrays(entries)
    ignored = {f"{place}.{key}": word for key, word in ignored.items()}
    ignored |= {str(key): _word(inner) for key, inner in whole.items() if key != place}
    note = []
    if isinstance(whole[place], Placeholder):
        note = [f"the weights of a pickled {whole[place].origin}; nothing of it was run"]
    return weights, str(place), ignored, note


def is_tensor(value: Any) -> bool:
    """Whether the value is one array or tensor of the file, of whatever shape."""
    return isinstance(value, ArrayRecord | TensorRecord) or (isinstance(value, dict) and "jittor tensor" in value)


def entries_of(value: Any) -> dict[Any, Any] | None:
    """What has tensors by name: a state_dict, or the state of a pickled model; else None."""
    if isinstance(value, Placeholder):
        if value.entries:  # a class derived from dict
            return entries_of(value.entries)
        found: dict[Any, Any] = {}
        _collect(value, "", found, (), iter(range(MOST)))
        return found or None
    if isinstance(value, dict) and not is_tensor(value) and any(is_tensor(inner) for inner in value.values()):
        return value
    return None


def _collect(module: Any, prefix: str, found: dict[Any, Any], outer: tuple[Any, ...], visits: Iterator[int]) -> None:
    """Parameters and buffers of a pickled Torch module and those inside it, as its state_dict names them."""
    state = getattr(module, "state", None)
    if not isinstance(state, dict) or len(outer) > DEEPEST or any(module is other for other in outer):
        return
    if next(visits, None) is None:
        raise CheckpointError(f"more than {MOST} modules in a pickled model")  # that hold one another, to waste time
    left_out = state.get("_non_persistent_buffers_set")
    for kind in ("_parameters", "_buffers"):
        held = state.get(kind)
        for name, value in held.items() if isinstance(held, dict) else ():
            if is_tensor(value) and not (kind == "_buffers" and isinstance(left_out, list | set) and name in left_out):
                found[f"{prefix}{name}"] = value
    inner = state.get("_modules")
    for name, child in inner.items() if isinstance(inner, dict) else ():
        _collect(child, f"{prefix}{name}.", found, (*outer, module), visits)


def _arrays(entries: dict[Any, Any]) -> tuple[dict[str, Array], str, dict[str, str]]:
    weights: dict[str, Array] = {}
    ignored = {}
    for key, value in entries.items():
        if not isinstance(key, str):
            ignored[repr(key)] = _word(value)
            continue
        try:
            array = resolved(value)
        except CheckpointError as error:
            raise CheckpointError(f"{key}: {error}") from error
        if array is None:
            ignored[key] = _word(value)
        else:
            weights[key] = array
    return weights, "", ignored


def _word(value: Any) -> str:
    """A word about a value that is not read."""
    if isinstance(value, Placeholder):
        return f"an object of class {value.origin}"
    if isinstance(value, ScalarRecord):
        return "a number"
    if is_tensor(value):
        return "a tensor"
    if isinstance(value, dict):
        return f"a dictionary of {len(value)}"
    if isinstance(value, str | int | float | bool) or value is None:
        text = repr(value)
        return text if len(text) <= 60 else text[:57] + "..."
    return f"a {type(value).__name__}"


def _names(value: dict[Any, Any]) -> str:
    names = [str(key) for key in value]
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
