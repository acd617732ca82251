"""What a target is: something that builds a model, or a plain function of tensors that is itself to be compared."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

MODEL, FUNCTION = "model", "function"


def resolve(
    name: str,
    arguments: str,
    space: Mapping[str, Any],
    inputs: tuple[Sequence[Any], Mapping[str, Any]],
    module_class: type,
) -> tuple[str, Any]:
    """Find out in the framework of the original; the other side is told.

    A class builds a model, and so does a function that returns one when it is called with ``arguments`` alone.
    Otherwise the function is called with the inputs, and with ``arguments`` as further keyword arguments.

    Args:
        name: of the class or function.
        arguments: text between the parentheses of its call.
        space: the names of its file.
        inputs: positional and keyword arguments of ``forward`` or of the function.
        module_class: the framework's class of models.

    Returns:
        ``"model"`` and the model, or ``"function"`` and what is to be called.

    Raises:
        SystemExit: it is neither.
    """
    found = eval(name, dict(space))
    positional, keywords = eval(f"_given({arguments}\n)", {**space, "_given": lambda *a, **k: (a, k)})
    made: Any = None
    if isinstance(found, type) or not inspect.isfunction(found) or _accepts(found, positional, keywords):
        made = found(*positional, **keywords)
        if isinstance(made, module_class):
            return MODEL, made
    if inspect.isfunction(found) and not positional and _accepts(found, inputs[0], {**keywords, **inputs[1]}):
        return FUNCTION, function(name, arguments, space)
    if inspect.isfunction(found) and made is None:
        raise SystemExit(
            f"{name} takes neither ({arguments}), to build a model, nor {len(inputs[0])} positional and "
            f"{len(inputs[1])} keyword inputs: its signature is {name}{inspect.signature(found)}"
        )
    wanted = f"{module_class.__module__.partition('.')[0]}.nn.Module"
    raise SystemExit(f"{name}({arguments}) is no {wanted} but {type(made).__name__}")


def function(name: str, arguments: str, space: Mapping[str, Any]) -> Callable[..., Any]:
    """The function with further keyword arguments."""
    text = f"lambda *inputs, **keywords: {name}(*inputs, **keywords, {arguments}\n)"
    found: Callable[..., Any] = eval(text, dict(space))
    return found


def only_keywords(arguments: str) -> bool:
    """Whether all arguments in a call's text have names, so that they can follow the inputs of a function."""
    tree = ast.parse(f"f({arguments}\n)", mode="eval")
    return isinstance(tree.body, ast.Call) and not tree.body.args


def _accepts(found: Callable[..., Any], positional: Sequence[Any], keywords: Mapping[str, Any]) -> bool:
    try:
        inspect.signature(found).bind(*positional, **keywords)
    except TypeError:
        return False
    return True
