"""Text in, tree out: what Python accepts, what LibCST can read, and what is nested too deeply for either."""

from __future__ import annotations

import ast
import io
import sys
import threading
import tokenize
import warnings
from collections.abc import Callable
from typing import TypeVar

import libcst as cst

from converter.diagnostics import Diagnostic

# Python itself refuses code that is nested more than some 3,000 levels deep; a tree of that depth needs about
# ten Python frames a level, and their C frames fit into this stack.
_FRAMES = 60_000
_STACK = 512 * 2**20

T = TypeVar("T")


def syntax_problem(source: str) -> Diagnostic | None:
    """Why Python does not accept a text (``JC901``; ``JC907`` where it is only nested too deeply), or None."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # '\d' in the user's strings is the user's affair
            compile(source, "<input>", "exec", dont_inherit=True, flags=ast.PyCF_ONLY_AST)
    except SyntaxError as error:
        return Diagnostic("JC901", error.msg or "invalid syntax", error.lineno or 0, error.offset or 0)
    except (RecursionError, MemoryError):
        return Diagnostic("JC907", "the code is nested too deeply")
    except ValueError as error:
        return Diagnostic("JC901", str(error) or type(error).__name__)
    return None


def parse(source: str) -> cst.Module | Diagnostic:
    """The tree of a text, or why there is none."""
    problem = syntax_problem(source)
    if problem is not None:
        return problem
    try:
        return cst.parse_module(source)
    except cst.ParserSyntaxError as error:
        return Diagnostic("JC907", f"LibCST cannot read this line: {error.message}", error.raw_line, 1)


def with_deep_stack(function: Callable[[], T]) -> T:
    """Run a function in a thread that may recurse deeply.

    Raises:
        RecursionError: when even that does not suffice.
    """
    done: list[T] = []
    failed: list[BaseException] = []

    def body() -> None:
        try:
            done.append(function())
        except BaseException as error:
            failed.append(error)

    limit, size = sys.getrecursionlimit(), threading.stack_size(_STACK)
    sys.setrecursionlimit(_FRAMES)
    try:
        thread = threading.Thread(target=body)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(size)
        sys.setrecursionlimit(limit)
    if failed:
        raise failed[0]
    return done[0]


def comments_of(source: str) -> list[str]:
    """All comments of a text, in order."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return [token.string.rstrip() for token in tokens if token.type == tokenize.COMMENT]
