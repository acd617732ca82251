"""Options of TSL-Net's command line that are Python lists in text, read without evaluating them."""

from __future__ import annotations

import ast


def parse_floats(text: str) -> list[float]:
    """Numbers of a list such as ``[2, 1, 0.5, 1]``, ``[1e-5] * 2000`` or ``[1e-4]*10 + [1e-5]*20``.

    Raises:
        ValueError: for anything that is not made of lists of numbers, ``*`` with a whole number, and ``+``.
    """
    try:
        return _floats(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise ValueError(f"not a list of numbers: {text!r} (expected something like [1e-5]*2000)") from error


def _floats(node: ast.expr) -> list[float]:
    if isinstance(node, ast.List | ast.Tuple):
        return [_number(element) for element in node.elts]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _floats(node.left) + _floats(node.right)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        values, times = (node.left, node.right) if isinstance(node.left, ast.List) else (node.right, node.left)
        count = ast.literal_eval(times)
        if not isinstance(count, int) or not 0 <= count <= 10_000_000:
            raise ValueError(f"cannot repeat a list {count!r} times")
        return _floats(values) * count
    raise ValueError(f"unexpected {type(node).__name__}")


def _number(node: ast.expr) -> float:
    value = ast.literal_eval(node)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r} is no number")
    return float(value)
