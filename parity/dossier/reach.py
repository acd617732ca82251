"""Which modules of a project a trace has run: what was not run is not proved."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from parity.dossier.conversion import Conversion
from parity.trace import result
from parity.trace.result import Node, Trace

RIGHT = (result.EQUAL, result.CARRIED, result.ROUNDING, result.BACKWARD)


@dataclass(frozen=True)
class Module:
    """A class of the project with a ``forward``.

    Attributes:
        file: name of its file in the project.
        name: qualified name of the class.
        line: where it begins.
        end: where it ends.
        state: ``equal`` (its own code was run and is right), ``wrong``, or ``open`` (not run).
        calls: how many calls of it were compared.
    """

    file: str
    name: str
    line: int
    end: int
    state: str = "open"
    calls: int = 0


def modules(conversion: Conversion, traces: Sequence[Trace]) -> list[Module]:
    """All classes with a ``forward`` in files that have to do with Torch, and what the traces say of each."""
    found: list[Module] = []
    for file in conversion.files:
        if file.torch and not file.failed:
            found += [_judged(module, traces) for module in classes(file.before, file.name)]
    return found


def classes(source: str, file: str) -> Iterator[Module]:
    """The classes that define ``forward`` themselves."""

    def walk(body: Sequence[ast.AST], outer: str) -> Iterator[Module]:
        for node in body:
            inner = outer
            if isinstance(node, ast.ClassDef):
                inner = f"{outer}{node.name}."
                names = {each.name for each in node.body if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef))}
                if "forward" in names:
                    yield Module(file, f"{outer}{node.name}", node.lineno, node.end_lineno or node.lineno)
            yield from walk(list(ast.iter_child_nodes(node)), inner)

    try:
        tree = ast.parse(source)
    except SyntaxError:  # newer than this Python; the converter has its own grammar
        return
    yield from walk(tree.body, "")


def _judged(module: Module, traces: Sequence[Trace]) -> Module:
    calls = [node for trace in traces for node in trace.nodes if _is(node, module)]
    if not calls:
        return module
    right = all(node.verdict in RIGHT for node in calls)
    return Module(module.file, module.name, module.line, module.end, "equal" if right else "wrong", len(calls))


def _is(node: Node, module: Module) -> bool:
    """Whether a call ran the class's own ``forward``: the place of its code lies in the class."""
    code = node.torch.code
    if code is None:
        return False
    # A trace may come from another copy of the project: the end of the path and the name of the class must fit.
    parts, wanted = PurePath(code.file).parts, PurePath(module.file).parts
    same_file = parts[-len(wanted) :] == wanted
    return same_file and module.line <= code.line <= module.end
