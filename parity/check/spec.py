"""What the command line of ``jack-parity check`` says: the target, its arguments, the inputs."""

from __future__ import annotations

import ast
import re
import tokenize
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.generic]

_SHAPE = re.compile(r"\d+(x\d+)*")
_KEYWORD = re.compile(r"([A-Za-z_]\w*)=(?=[\w./~-])")
_KINDS = ("float32", "float64", "int64", "int32", "uint8", "bool")


class SpecError(Exception):
    """The command line asks for something that is not there or cannot be read; the message is for the user."""


@dataclass(frozen=True)
class Target:
    """A module's class or a function that returns one.

    Attributes:
        path: the file, absolute.
        name: the name in it; dots are allowed (``Outer.Inner``).
        root: the folder from which the file's own packages are imported.
        module: the file's dotted name below ``root``.
    """

    path: Path
    name: str
    root: Path
    module: str


def parse_target(text: str, root: Path | None = None) -> Target:
    """Read ``PATH.py:NAME``.

    Args:
        text: as typed.
        root: folder for absolute imports; by default the one above the outermost package that holds the file,
            or the file's own folder when it belongs to no package.

    Raises:
        SpecError: no such file, no name, or the file does not lie below ``root``.
    """
    file, colon, name = text.rpartition(":")
    if not colon or not file.endswith(".py") or not all(part.isidentifier() for part in name.split(".")):
        raise SpecError(f"{text}: expected PATH.py:NAME")
    path = Path(file).absolute()
    if not path.is_file():
        raise SpecError(f"{file}: no such file")
    if root is None:
        root = path.parent
        while (root / "__init__.py").is_file() and root != root.parent:
            root = root.parent
    else:
        root = root.absolute()
        if not path.is_relative_to(root):
            raise SpecError(f"{file} does not lie below {root}")
    parts = path.relative_to(root).with_suffix("").parts
    if parts[-1] == "__init__" and len(parts) > 1:
        parts = parts[:-1]
    return Target(path, name, root, ".".join(parts))


def check_arguments(text: str) -> str:
    """See that ``text`` can stand between the parentheses of a call; returns it without outer blanks.

    Raises:
        SpecError: it is no list of arguments.
    """
    try:
        tree = ast.parse(f"f({text.strip()}\n)", mode="eval")
    except SyntaxError as error:
        raise SpecError(f"--args {text!r}: {error.msg}") from None
    if not (isinstance(tree.body, ast.Call) and isinstance(tree.body.func, ast.Name)):
        raise SpecError(f"--args {text!r}: not a list of arguments")
    return text.strip()


def _random(text: str, generator: np.random.Generator) -> Array:
    """One array from ``SHAPE[:KIND[:LOW-HIGH]]``."""
    shape_text, _, rest = text.partition(":")
    kind, _, limits = rest.partition(":")
    kind = kind or "float32"
    if not _SHAPE.fullmatch(shape_text) or kind not in _KINDS:
        raise SpecError(f"--input {text}: expected SHAPE[:KIND[:LOW-HIGH]] (2x5:int64:0-100) or FILE.npz[:NAME]")
    shape = tuple(int(size) for size in shape_text.split("x"))
    low, high = 0.0, 1.0 if kind.startswith("float") else 2.0
    if limits:
        found = re.fullmatch(r"(-?[\d.]+)-(-?[\d.]+)", limits)
        try:
            low, high = (float(found[1]), float(found[2])) if found else (0.0, 0.0)
        except ValueError:
            low = high = 0.0
        if not high > low:
            raise SpecError(f"--input {text}: {limits} is no range LOW-HIGH")
    if kind.startswith("float"):
        values = generator.uniform(low, high, shape) if limits else generator.standard_normal(shape)
        return np.asarray(values).astype(kind)
    if kind == "bool":
        return generator.integers(0, 2, shape).astype(bool)
    return generator.integers(int(low), int(high), shape).astype(kind)


def _from_file(text: str) -> list[Array]:
    """Arrays of ``FILE.npz`` in stored order, or the one of ``FILE.npz:NAME``; ``.npy`` holds one."""
    file, _, name = text.partition(":")
    try:
        stored = np.load(file, allow_pickle=False)
    except (OSError, EOFError, ValueError, SyntaxError, tokenize.TokenError) as error:  # of a damaged header the last
        raise SpecError(f"--input {file}: cannot be read ({error})") from None
    if isinstance(stored, np.ndarray):
        return [stored]
    with stored:
        if name and name not in stored.files:
            raise SpecError(f"--input {file}: holds {', '.join(stored.files)}, not {name}")
        return [stored[key] for key in ([name] if name else stored.files)]


def make_inputs(texts: tuple[str, ...], seed: int) -> tuple[list[Array], dict[str, Array]]:
    """Positional and keyword arguments of ``forward``.

    Args:
        texts: each ``SHAPE[:KIND[:LOW-HIGH]]`` or ``FILE.npz[:NAME]``, after ``NAME=`` for a keyword argument.
            Floating values are standard normal unless a range is given; HIGH itself is never drawn.
        seed: of the random values.

    Raises:
        SpecError: something cannot be read.
    """
    if not texts:
        raise SpecError("give the model at least one --input, for example --input 2x3x224x224")
    return inputs_from(texts, {}, seed)


def inputs_from(
    given: Sequence[str | Array], named: Mapping[str, str | Array], seed: int
) -> tuple[list[Array], dict[str, Array]]:
    """The same, of texts and arrays.

    Args:
        given: in order; a text may name a keyword argument.
        named: further keyword arguments.
        seed: of the random values.

    Raises:
        SpecError: something cannot be read, or is no kind of tensor that both frameworks have.
    """
    generator = np.random.default_rng(seed)
    positional: list[Array] = []
    keywords: dict[str, Array] = {}
    for text in [*given, *(f"{name}={text}" for name, text in named.items() if isinstance(text, str))]:
        if not isinstance(text, str):
            positional.append(_tensor(np.asarray(text), "input"))
            continue
        keyword = _KEYWORD.match(text)
        rest = text[keyword.end() :] if keyword else text
        is_file = rest.partition(":")[0].endswith((".npz", ".npy"))
        arrays = _from_file(rest) if is_file else [_random(rest, generator)]
        for array in arrays:
            _tensor(array, f"--input {text}")
        if keyword is None:
            positional += arrays
        elif len(arrays) == 1:
            keywords[keyword[1]] = arrays[0]
        else:
            raise SpecError(f"--input {text}: a keyword takes one array, the file holds {len(arrays)}")
    keywords.update({n: _tensor(np.asarray(v), f"input {n}") for n, v in named.items() if not isinstance(v, str)})
    return positional, keywords


def _tensor(array: Array, what: str) -> Array:
    if array.dtype.kind not in "fiub":
        raise SpecError(f"{what}: {array.dtype} is no kind of tensor that both frameworks have")
    return array
