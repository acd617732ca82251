"""Parameters: what Torch's optimizers train, told apart from the other tensors of a module."""

import sys
from typing import Any

import jittor as jt

LEAVES: dict[int, Any] = {}


def living_leaves() -> list[Any]:
    """The tensors of :func:`as_leaf` that somebody else still holds; the others are forgotten.

    Jittor's Vars allow no weak references, so what only ``LEAVES`` holds is told by its reference count.
    """
    for key in [k for k in LEAVES if sys.getrefcount(LEAVES[k]) <= 2]:
        del LEAVES[key]
    return list(LEAVES.values())


def as_leaf(tensor: Any) -> Any:
    """Remember a tensor whose gradient ``backward`` has to find, and return it."""
    if len(LEAVES) % 16 == 0:
        living_leaves()
    LEAVES[id(tensor)] = tensor
    return tensor


class ParameterMark(type):
    """Makes ``isinstance(p, Parameter)`` true for the Vars that :class:`Parameter` made."""

    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, jt.Var) and getattr(value, "is_parameter", False)


class Parameter(metaclass=ParameterMark):
    """A Var that a module trains.

    Torch's class of this name; Jittor's ``nn.Parameter`` only logs a lecture, and Jittor takes every Var attribute
    of a module for a parameter.  A Var cannot be subclassed, so this makes a new leaf Var (``data`` without its
    graph) and marks it; modules look for the mark.
    """

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Any:
        if data is None:
            data = jt.zeros((0,))
        made = data.detach().clone()
        made.is_parameter = True
        if requires_grad:
            made.start_grad()
        else:
            made.stop_grad()
        return as_leaf(made)


def overwrite(tensor: Any, value: Any) -> Any:
    """Give a Var a new value in place, keeping its dtype and whether it takes gradients; returns the Var.

    Jittor's ``assign`` also takes over from the new value that gradients are stopped, so a parameter that is
    changed under ``no_grad`` would never be trained again; and it keeps the new value's graph.
    """
    stopped = tensor.is_stop_grad()
    tensor.assign(value.detach().cast(tensor.dtype))
    if stopped:
        tensor.stop_grad()
    else:
        tensor.start_grad()
    return tensor


class Listing(list):  # type: ignore[type-arg]
    """A list that ``next()`` works on: Torch's modules give iterators, Jittor's optimizers need lists."""

    def __iter__(self) -> Any:
        return iter(self[self.__dict__.get("taken", 0) :])

    def __next__(self) -> Any:
        taken = self.__dict__.get("taken", 0)
        if taken >= len(self):
            raise StopIteration
        self.__dict__["taken"] = taken + 1
        return self[taken]


def floating_name(value: Any) -> str:
    """``float64`` for Jittor's, NumPy's or a text's way of naming that floating dtype, empty for anything else."""
    name = getattr(value, "__name__", None) or str(value)
    name = {"float": "float32", "double": "float64", "half": "float16"}.get(name, name)
    return name if name in ("float16", "bfloat16", "float32", "float64") else ""


class Members(dict):  # type: ignore[type-arg]
    """``module._modules`` and its like: setting or deleting an entry changes the module."""

    def __init__(self, owner: Any, entries: Any) -> None:
        super().__init__(entries)
        self.owner = owner

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        setattr(self.owner, name, value)

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        delattr(self.owner, name)

    def pop(self, name: str, *default: Any) -> Any:
        if name in self:
            delattr(self.owner, name)
        return super().pop(name, *default)


class HookHandle:
    """What registering a hook returns; ``remove()`` takes the hook away again."""

    def __init__(self, hooks: dict[int, Any], key: int) -> None:
        self.hooks = hooks
        self.key = key

    def remove(self) -> None:
        self.hooks.pop(self.key, None)

    def __enter__(self) -> "HookHandle":
        return self

    def __exit__(self, *error: Any) -> None:
        self.remove()
