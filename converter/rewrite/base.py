"""The state that all parts of the rewrite share, and how answers are noted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import libcst as cst

from converter import apply
from converter.flow import ClassInfo, Facts, FunctionInfo
from converter.flow.trees import ARRAY_VIEW, assigned_names
from converter.kinds import UNKNOWN, Evidence, Kind
from converter.names import Scope, exported_names
from converter.rewrite.changes import Changes, Finding
from converter.rules.base import Refusal, Registry, Rule
from converter.rules.use import Use
from converter.tree import code, code_fields, dotted, walk


class State:
    """Walks one file.  ``guess`` applies method rules without evidence about the receiver."""

    def __init__(
        self,
        tree: cst.Module,
        facts: Facts,
        registry: Registry,
        guess: bool = False,
        exported: frozenset[str] = frozenset(),
        own_package: str = "",
    ) -> None:
        self.own_package = own_package
        self.tree = tree
        self.facts = facts
        self.registry = registry
        self.guess = guess
        self.changes = Changes()
        self.statement: cst.CSTNode = tree
        self.depth = 0
        self.imports_over = False  # code stands between the first Torch import and here
        self._value_unused: cst.CSTNode | None = None
        self.used_names = {node.value for node in facts.api if isinstance(node, cst.Name)}
        self.exported = exported_names(tree) | exported
        self._handlers: dict[type, Callable[[Any], cst.BaseExpression]] = {}
        self._in_dataset_item = False
        self._without_gradients = False
        self._as_text: dict[cst.BaseExpression, str] = {}
        self._named_types: set[cst.CSTNode] = set()
        self._iterated: set[cst.CSTNode] = set()
        self._likely_keys: set[cst.CSTNode] = set()
        self._class_attributes: set[cst.CSTNode] = set()
        self._loops: list[cst.For | cst.While] = []

    def rw(self, node: cst.BaseExpression) -> cst.BaseExpression:
        """The converted expression (the same object where nothing changed)."""
        if ("iterated", node) in self.facts.rows:
            return self._marked_rows(node)
        handler = self._handlers.get(type(node))
        if handler is not None:
            return handler(node)
        return self._expression(self._rebuild(node))

    def _marked_rows(self, node: cst.BaseExpression) -> cst.BaseExpression:
        """``for v in x``: each part is marked where x has one dimension, because Torch's then has none."""
        mark = len(self.changes.edits)
        self.facts.rows.discard(("iterated", node))
        new = cst.Call(func=apply.path("helpers.rows_of"), args=[cst.Arg(self.rw(node))])
        self._edit(node, new, mark)
        return new

    def _stale(self, node: cst.CSTNode) -> None:
        """Report a change in place after which Torch would show other values under other names that are still read."""
        orders = [self.facts.uses[n] for n in walk(node) if n in self.facts.uses]
        here = max(orders, default=0)
        for scope, name in self.facts.stale.get(node, ()):
            plain = name.removeprefix(ARRAY_VIEW)
            later = scope is None or self.facts.last_use.get((scope, plain), -1) > here
            if later or any(self._kept_in_loop(loop, plain) for loop in self._loops):
                text = f"{brief(node)}: changes {name} too in Torch, and not in Jittor"
                self._find(node, "JC203", text, "torch.Tensor")
                return

    @staticmethod
    def _kept_in_loop(loop: cst.For | cst.While, name: str) -> bool:
        """Whether a loop reads a name that it does not bind: the next turn sees what this one left."""
        read = any(isinstance(n, cst.Name) and n.value == name for n in walk(loop.body))
        return read and name not in assigned_names(loop.body)

    @staticmethod
    def _expression(node: Any) -> cst.BaseExpression:
        assert isinstance(node, cst.BaseExpression)
        return node

    def _kind(self, node: cst.CSTNode) -> Kind:
        """What a receiver is; in a file that imports Jittor already, only what Torch certainly made is Torch's."""
        kind = self.facts.kind(node)
        return UNKNOWN if self.facts.mixed and kind.evidence is not Evidence.CERTAIN else kind

    def _rebuild(self, node: Any, skip: tuple[str, ...] = ()) -> Any:
        """Convert the parts of a node; a new node only if one of them changed."""
        changed: dict[str, Any] = {}
        for name in code_fields(type(node)):
            if name in skip:
                continue
            value = getattr(node, name)
            if isinstance(value, cst.CSTNode):
                new = self._part(value)
                if new is not value:
                    changed[name] = new
            elif isinstance(value, list | tuple) and value:
                new_items = [self._part(item) if isinstance(item, cst.CSTNode) else item for item in value]
                if any(a is not b for a, b in zip(new_items, value, strict=True)):
                    changed[name] = new_items
        return node.with_changes(**changed) if changed else node

    def _part(self, node: cst.CSTNode) -> cst.CSTNode:
        if isinstance(node, cst.BaseExpression):
            return self.rw(node)
        new = self._rebuild(node, skip=("keyword",) if isinstance(node, cst.Arg) else ())
        assert isinstance(new, cst.CSTNode)
        return new

    def _parts(self, node: cst.CSTNode, skip: tuple[str, ...] = ()) -> None:
        for name in code_fields(type(node)):
            if name in skip:
                continue
            value = getattr(node, name)
            for item in value if isinstance(value, list | tuple) else (value,):
                if isinstance(item, cst.BaseExpression):
                    self.rw(item)
                elif isinstance(item, cst.CSTNode):
                    self._parts(item)

    def _edit(self, old: cst.CSTNode, new: cst.CSTNode, mark: int | None = None) -> None:
        if mark is not None:
            del self.changes.edits[mark:]
        if isinstance(new, cst.Expr | cst.Assign) and isinstance(old, cst.BaseSmallStatement):
            new = new.with_changes(semicolon=old.semicolon)  # `z += 1; y = 2` in one line
        self.changes.edits.append((old, new, self.statement))

    def _count(self, answer: str) -> None:
        self.changes.answers[answer] = self.changes.answers.get(answer, 0) + 1

    def _find(
        self, node: cst.CSTNode, code_: str, message: str, api: str = "", evidence: Evidence = Evidence.CERTAIN
    ) -> None:
        self.changes.findings.append(Finding(node, self.statement, code_, " ".join(message.split()), api, evidence))

    def _keep_root(self, node: cst.CSTNode) -> None:
        """The Torch name stays, so its import must stay too."""
        name = dotted(node)
        if name:
            self.changes.kept_roots.add(name.partition(".")[0])

    def _use(
        self,
        rule: Rule,
        node: cst.BaseExpression,
        receiver: cst.BaseExpression | None,
        bound: apply.Bound,
        kinds: dict[str, str],
        original: cst.CSTNode,
    ) -> Use:
        return Use(
            rule=rule,
            node=node,
            receiver=receiver,
            bound={name: arg.value for name, arg in bound.given.items()},
            extra=[arg.value for arg in bound.extra],
            starred=bound.starred,
            kinds=kinds,
            is_statement=False,
            optimizers=self._optimizers(self.facts.scopes.get(original), self.facts.optimizers.get(original)),
            path=apply.path,
        )

    def _optimizers(self, scope: Scope | None, bound: frozenset[str] | None = None) -> list[cst.BaseExpression]:
        """Expressions of the optimizers that can be seen from a scope (``bound``: those it has bound itself by now)."""
        found: dict[str, cst.BaseExpression] = {}
        for current in scope.chain() if scope is not None else ():
            for name, kind in current.names.items():
                if current is scope and bound is not None and kind.name == "optimizer" and name not in bound:
                    continue
                if kind.name == "optimizer" and current.kind != "class":
                    found.setdefault(name, cst.Name(name))
                elif kind.name == "instance" and name == "self" and isinstance(kind.definition, ClassInfo):
                    for attribute, inner in kind.definition.attributes.items():
                        if inner.name == "optimizer":
                            found.setdefault(f"self.{attribute}", cst.Attribute(cst.Name("self"), cst.Name(attribute)))
            if found and current.kind == "function" and isinstance(current.owner, FunctionInfo):
                break  # the nearest function that knows optimizers decides
        return list(found.values())

    def _converted(self, node: cst.CSTNode, rule: Rule, evidence: Evidence = Evidence.CERTAIN) -> None:
        self._count("kept" if rule.keep else "rewritten")
        if rule.restriction:
            self._find(node, "JC401", f"{rule.api}: {rule.restriction}", rule.api, evidence)
        if evidence is Evidence.LIKELY:
            self._find(node, "JC205", rule.api, rule.api, evidence)

    def _note_likely(self, node: cst.CSTNode, rule: Rule, kind: Kind) -> None:
        self._find(node, "JC205", f"{rule.api} kept as it is", rule.api, kind.evidence)

    def _needs_you(self, node: cst.CSTNode, rule: Rule, evidence: Evidence = Evidence.CERTAIN) -> None:
        text = f"{rule.api}: {rule.restriction}"
        if rule.workaround:
            text += f" Instead: {rule.workaround}"
        self._find(node, "JC102", text, rule.api, evidence)
        self._count("needs you")

    def _refused(self, node: cst.CSTNode, rule: Rule, result: Refusal | None) -> None:
        if result is None:
            self._find(node, "JC103", f"{rule.api}: this use cannot be read with certainty", rule.api)
        else:
            self._find(node, "JC103", f"{rule.api}: {result.reason}", rule.api)
        self._count("needs you")


def brief(node: cst.CSTNode) -> str:
    """An expression as one short line for a message."""
    text = " ".join(line.split("#")[0].strip() for line in code(node).splitlines())
    return text if len(text) <= 60 else text[:57] + "..."
