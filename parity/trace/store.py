"""Many named arrays in one file; an array that bears several names is written once."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from parity.arrays import Array, save_arrays


def save(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write all of them; the file appears when it is complete."""
    numbers: dict[int, int] = {}
    unique: list[Array] = []
    index: dict[str, int] = {}
    for name, array in arrays.items():
        if id(array) not in numbers:
            numbers[id(array)] = len(unique)
            unique.append(array)
        index[name] = numbers[id(array)]
    names = np.frombuffer(json.dumps(index).encode(), dtype=np.uint8)
    save_arrays(path, {"index": names, **{str(number): array for number, array in enumerate(unique)}})


class Stored(Mapping[str, Array]):
    """The arrays of a file that :func:`save` wrote; each is read when it is asked for."""

    def __init__(self, path: Path) -> None:
        self._file = np.load(path, allow_pickle=False)
        self._index: dict[str, int] = json.loads(self._file["index"].tobytes())
        self._last: tuple[int, Array] | None = None

    def __getitem__(self, name: str) -> Array:
        number = self._index[name]
        if self._last is None or self._last[0] != number:
            self._last = (number, self._file[str(number)])
        return self._last[1]

    def __iter__(self) -> Iterator[str]:
        return iter(self._index)

    def __len__(self) -> int:
        return len(self._index)

    def __contains__(self, name: object) -> bool:
        return name in self._index
