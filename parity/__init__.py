"""Proves that a Torch program and a Jittor program agree.

Each framework runs in a process of its own; they exchange plain arrays.

For tests: ``from parity import assert_parity, assert_close``; see ``docs/pytest.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from parity.assertions import ParityError, assert_close, assert_parity

__all__ = ["ParityError", "assert_close", "assert_parity"]


def __getattr__(name: str) -> Any:
    # Imported when asked for: the pytest plugin lies in this package, and its start must not cost numpy's.
    if name in __all__:
        from parity import assertions

        return getattr(assertions, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
