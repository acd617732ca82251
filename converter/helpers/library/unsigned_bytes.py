"""Arithmetic of uint8, for which Jittor gives int8: 165 + 1 is -90 there."""

from __future__ import annotations

import functools
from typing import Any

import jittor as jt


def unsigned_bytes() -> bool:
    """Let the operators of tensors keep uint8, with itself, with booleans and with Python's whole numbers.

    The lowest byte of what Jittor computes is right; only its sign is not.
    """
    for name in "add sub mul and or xor lshift rshift".split():
        for full in (f"__{name}__", f"__r{name}__", f"__i{name}__"):
            plain = getattr(jt.Var, full, None)
            if plain is not None and not hasattr(plain, "keeps_uint8"):
                setattr(jt.Var, full, (keeping_in_place if full.startswith("__i") else keeping_uint8)(plain, name))
    for name in ("bitwise_and", "bitwise_or", "bitwise_xor"):
        for place in (jt, jt.Var):
            plain = getattr(place, name)
            if not hasattr(plain, "keeps_uint8"):
                setattr(place, name, keeping_uint8(plain, name))
    return True


def keeping_uint8(plain: Any, name: str) -> Any:
    """An operator whose int8 becomes uint8 where Torch's does."""

    @functools.wraps(plain)
    def operator(self: Any, other: Any) -> Any:
        result = plain(self, other)
        if isinstance(result, jt.Var) and result.dtype == "int8":
            kinds = {str(v.dtype) for v in (self, other) if isinstance(v, jt.Var)}
            if "uint8" in kinds and kinds <= {"uint8", "bool"}:
                return result.cast("uint8")
        return result

    operator.keeps_uint8 = name  # type: ignore[attr-defined]
    return operator


def keeping_in_place(plain: Any, name: str) -> Any:
    """The same for ``x += y``: Jittor's would give x another dtype."""

    @functools.wraps(plain)
    def operator(self: Any, other: Any) -> Any:
        if self.dtype == "uint8":
            return self.assign(getattr(self, f"__{name}__")(other).cast("uint8"))
        return plain(self, other)

    operator.keeps_uint8 = name  # type: ignore[attr-defined]
    return operator


# Every helper module has this line: operators are written without a call.
UNSIGNED_BYTES = unsigned_bytes()
