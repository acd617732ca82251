"""The state that all parts of the analysis share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import libcst as cst

from converter.flow.facts import ClassInfo, Facts, FunctionInfo
from converter.kinds import (
    ARRAY,
    BATCH,
    INT,
    LIKELY_MODULE,
    LIKELY_TENSOR,
    STR,
    TENSOR,
    UNKNOWN,
    Kind,
    join_all,
)
from converter.names import Scope
from converter.rules.base import Registry
from converter.tree import children


class State(ABC):
    """One file's analysis; the parts that read statements, calls, ... build on it."""

    def __init__(self, tree: cst.Module, registry: Registry, own_package: str = "", about_torch: bool = True) -> None:
        self.tree = tree
        self.own_package = own_package
        self.about_torch = about_torch  # names alone (`x.unsqueeze`, `model`) are evidence only in Torch's company
        self.registry = registry
        self.facts = Facts()
        self.functions: dict[cst.CSTNode, FunctionInfo] = {}
        self.class_infos: dict[cst.CSTNode, ClassInfo] = {}
        self.scope = Scope(None, "module")
        self.pending: list[Callable[[], None]] = []
        self._dispatch: dict[type, Callable[[Any], Kind]] = {}

    def ev(self, node: cst.CSTNode) -> Kind:
        """Kind of an expression; recorded for it and everything inside."""
        handler = self._dispatch.get(type(node))
        if handler is not None:
            kind = handler(node)
        else:
            kind = UNKNOWN
            for child in children(node):
                self.ev(child)
        self.facts.kinds[node] = kind
        return kind

    @abstractmethod
    def _assign(self, target: cst.BaseExpression, value: Kind) -> None: ...

    @abstractmethod
    def _statement(self, node: cst.CSTNode) -> None: ...

    @abstractmethod
    def _function_body(self, info: FunctionInfo, outer: Scope) -> None: ...

    def _suggest(self, node: cst.BaseExpression, kind: Kind) -> None:
        """Use says what an unknown parameter is: remember it for the second round."""
        if isinstance(node, cst.Name):
            for scope in self.scope.chain():
                if node.value in scope.names:
                    if isinstance(scope.owner, FunctionInfo) and node.value not in scope.owner.seeds:
                        scope.owner.seeds[node.value] = kind
                    if scope.names[node.value].name == "unknown":
                        scope.names[node.value] = kind
                    return

    def _element(self, kind: Kind) -> Kind:
        """What iterating over a value gives."""
        match kind.name:
            case "tensor":
                view = kind.view or "the tensor iterated over"
                return replace(TENSOR, evidence=kind.evidence, view=view, dtype=kind.dtype)
            case "size":
                return INT
            case "list":
                return kind.element or UNKNOWN
            case "tuple":
                return join_all(kind.items) if kind.items else UNKNOWN
            case "loader":
                return BATCH
            case "batch":
                return LIKELY_TENSOR
            case "module":
                return kind.element or LIKELY_MODULE
            case "str":
                return STR
            case "dict":
                return STR
            case "array":
                return ARRAY
        return UNKNOWN
