"""The state that all parts of the analysis share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import libcst as cst

from converter.flow.facts import ClassInfo, Facts, FunctionInfo
from converter.flow.trees import ARRAY_VIEW, parameters, root
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

    def __init__(
        self,
        tree: cst.Module,
        registry: Registry,
        own_package: str = "",
        about_torch: bool = True,
        returns: Mapping[str, str] | None = None,
        starred: Mapping[str, str] | None = None,
    ) -> None:
        self.tree = tree
        self.starred = starred or {}  # what star imports of the user's other files bind: local name, Torch's
        self.own_package = own_package
        self.about_torch = about_torch  # names alone (`x.unsqueeze`, `model`) are evidence only in Torch's company
        self.registry = registry
        self.returns = returns or {}  # what functions of the user's other files return
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

    def _used(self, node: cst.Name) -> None:
        """Note where a name is read, and that it is read by the function that binds it."""
        self.facts.uses[node] = order = len(self.facts.uses)
        for scope in self.scope.chain():
            if node.value in scope.names and scope.kind != "comprehension":
                self.facts.last_use[scope, node.value] = order
                return

    def _overwritten(self, node: cst.CSTNode, target: cst.BaseExpression) -> None:
        """What shares memory with a tensor or array that is changed here, and bears another name."""
        name, view = root(target), self.facts.kind(target).view
        found: list[tuple[Scope | None, str]] = []
        for scope in self.scope.chain() if name else ():
            for other, kind in scope.names.items():
                if kind.name in ("tensor", "array") and kind.view in (name, ARRAY_VIEW + name) and other != name:
                    found.append((scope, other))
            if scope.kind == "function":
                break
        if view and (self.facts.kind(target).name == "array" or view.startswith(ARRAY_VIEW)):
            found.append((self._only_here(view.removeprefix(ARRAY_VIEW)), view))
        if found:
            self.facts.stale[node] = found

    def _only_here(self, name: str) -> Scope | None:
        """The function whose own variable this is; None for an argument, an attribute, a name of the module."""
        for scope in self.scope.chain():
            if name in scope.names:
                owner = scope.owner
                given = (
                    {p.name.value for p in parameters(owner.node.params)} if isinstance(owner, FunctionInfo) else set()
                )
                return scope if scope.kind == "function" and name not in given else None
        return None

    def _needs_dimensions(self, kind: Kind) -> None:
        """It matters whether a tensor has a dimension: the parts that it came from are marked as they are made."""
        inner = kind.element if kind.name == "list" and kind.element is not None else kind
        for part in (inner, *inner.items):
            self.facts.rows |= part.rows

    def _iterated(self, node: cst.BaseExpression) -> Kind:
        """What each turn of a loop over an expression gets."""
        kind = self.ev(node)
        if kind.name == "tensor" and not kind.scalar:
            return replace(self._element(kind), rows=frozenset({("iterated", node)}))
        return self._element(kind)

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
