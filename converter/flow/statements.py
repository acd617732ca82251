"""Statements: bindings, branches, loops, definitions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import libcst as cst

from converter import kinds
from converter.flow.definitions import Definitions
from converter.flow.facts import MODULE_PATHS, ClassInfo, Facts, FunctionInfo
from converter.flow.trees import assigned_names, leaves
from converter.kinds import (
    NONE,
    NUMBERS,
    TENSOR,
    UNKNOWN,
    Evidence,
    Kind,
    join,
)
from converter.names import (
    Scope,
    canonical,
    imported_names,
    is_jittor,
    kind_of_import,
    module_of_import,
    star_import_base,
)
from converter.tree import children


class Flow(Definitions):
    """One file's analysis; :meth:`run` returns the facts."""

    # ---------------------------------------------------------------- rounds

    def run(self) -> Facts:
        """Both rounds."""
        for _ in range(2):
            self.facts = Facts()
            self.scope = Scope(None, "module")
            self.pending = []
            self._block(self.tree.body)
            while self.pending:
                self.pending.pop(0)()
        return self.facts

    # ---------------------------------------------------------------- statements

    def _block(self, body: Iterable[cst.CSTNode]) -> None:
        for statement in body:
            self._statement(statement)

    def _statement(self, node: cst.CSTNode) -> None:
        match node:
            case cst.SimpleStatementLine() | cst.SimpleStatementSuite():
                self._block(node.body)
            case cst.IndentedBlock():
                self._block(node.body)
            case cst.Expr():
                self.ev(node.value)
            case cst.Assign():
                if isinstance(node.targets[0].target, cst.Tuple | cst.List):
                    self.facts.indexed.add(node.value)
                    if len(node.targets[0].target.elements) == 2:
                        self.facts.unpacked.add(node.value)
                value = self.ev(node.value)
                for target in node.targets:
                    self._assign(target.target, value)
            case cst.AnnAssign():
                annotated = self._annotation(node.annotation.annotation, record=True)
                value = self.ev(node.value) if node.value is not None else UNKNOWN
                if annotated.known and not (annotated.name == value.name):
                    value = annotated
                self._assign(node.target, value)
            case cst.AugAssign():
                self._augmented(node)
            case cst.Return():
                value = self.ev(node.value) if node.value is not None else NONE
                self._returned(value)
            case cst.If():
                self._if(node)
            case cst.For():
                self._assign(node.target, self._iterated(node.iter))
                self._loop(node.body, node.orelse)
            case cst.While():
                self.ev(node.test)
                self._loop(node.body, node.orelse)
            case cst.With():
                for item in node.items:
                    value = self.ev(item.item)
                    if item.asname is not None:
                        self._assign(item.asname.name, value if value.name != "api" else UNKNOWN)
                self._statement(node.body)
            case cst.Try() | cst.TryStar():
                self._try(node)
            case cst.FunctionDef():
                self._function_definition(node)
            case cst.ClassDef():
                self._class_definition(node)
            case cst.Import() | cst.ImportFrom():
                self._import(node)
            case cst.Global() | cst.Nonlocal():
                if isinstance(node, cst.Global):
                    self.scope.globals.update(item.name.value for item in node.names)
            case cst.Del():
                self.ev(node.target)
            case cst.Match():
                self.ev(node.subject)
                for case in node.cases:
                    self._statement(case.body)
            case _:
                for child in children(node):
                    if isinstance(child, cst.BaseExpression):
                        self.ev(child)
                    elif isinstance(child, cst.BaseSmallStatement | cst.BaseCompoundStatement | cst.BaseSuite):
                        self._statement(child)
                    else:
                        self._statement(child)

    def _import(self, node: cst.Import | cst.ImportFrom) -> None:
        for item in imported_names(node):
            kind = module_of_import(node, item.local, kind_of_import(item.qual, self.own_package))
            result = self.returns.get(item.qual.rpartition(".")[2])
            if kind is kinds.IMPORTED and result:
                kind = Kind("callable", element=kinds.parse(result))
            self.scope.bind(item.local, kind)
            if self.scope.names.get(item.local, kinds.UNKNOWN).name == "api":
                self.facts.torch_imports.add(item.local)
            self.facts.mixed = self.facts.mixed or is_jittor(item.qual)
            self.facts.bound_names.add(item.local)
        if isinstance(node, cst.ImportFrom):
            base = star_import_base(node)
            for rule in self.registry if base.startswith("torch") else ():
                prefix, _, name = rule.api.rpartition(".")
                if prefix == base:
                    self.scope.bind(name, Kind("api", qual=rule.api))
            own = node.relative or self.own_package and base.partition(".")[0] == self.own_package
            if isinstance(node.names, cst.ImportStar) and own:
                # A star takes over what the user's other file imports; nothing but Torch is called torch.
                for name, qual in {"torch": "torch", **self.starred}.items():
                    if not self.scope.lookup(name).known:
                        self.scope.bind(name, kind_of_import(qual))

    def _returned(self, value: Kind) -> None:
        for scope in self.scope.chain():
            if scope.kind == "function":
                if isinstance(scope.owner, FunctionInfo):
                    scope.owner.returned.append(value)
                return

    def _snapshot(self) -> dict[str, Kind]:
        return dict(self.scope.names)

    def _merge(self, first: dict[str, Kind], second: dict[str, Kind]) -> None:
        merged: dict[str, Kind] = {}
        for name in first.keys() | second.keys():
            if name in first and name in second:
                a, b = first[name], second[name]
                merged[name] = a if a is b else join(a, b)
            else:
                # Bound on one path only: using it on the other would be a NameError, so the bound kind holds.
                merged[name] = first[name] if name in first else second[name]
        self.scope.names = merged

    def _if(self, node: cst.If) -> None:
        self.ev(node.test)
        before = self._snapshot()
        self._narrow(node.test)
        self._statement(node.body)
        after_body = self.scope.names
        body_leaves = leaves(node.body)
        self.scope.names = dict(before)
        orelse_leaves = False
        if isinstance(node.orelse, cst.If):
            self._if(node.orelse)
            orelse_leaves = leaves(node.orelse.body) and node.orelse.orelse is not None
        elif node.orelse is not None:
            self._statement(node.orelse.body)
            orelse_leaves = leaves(node.orelse.body)
        if body_leaves and not orelse_leaves:
            return
        if orelse_leaves and not body_leaves:
            self.scope.names = after_body
            return
        self._merge(after_body, self.scope.names)

    def _narrow(self, test: cst.BaseExpression) -> None:
        """``if isinstance(x, torch.Tensor)`` says what x is inside."""
        if isinstance(test, cst.Call) and isinstance(test.func, cst.Name) and test.func.value == "isinstance":
            if len(test.args) == 2 and isinstance(test.args[0].value, cst.Name):
                kind = self._annotation(test.args[1].value)
                if kind.known:
                    self.scope.bind(test.args[0].value.value, kind)

    def _loop(self, body: cst.BaseSuite, orelse: cst.Else | None) -> None:
        before = self._snapshot()
        for name in assigned_names(body):
            if name in self.scope.names:
                self.scope.names[name] = join(self.scope.names[name], UNKNOWN)
        self._statement(body)
        self._merge(before, self.scope.names)
        if orelse is not None:
            self._statement(orelse.body)

    def _try(self, node: cst.Try | cst.TryStar) -> None:
        before = self._snapshot()
        self._statement(node.body)
        after = self.scope.names
        for handler in node.handlers:
            self.scope.names = {**before, **after}
            names_before = dict(self.scope.names)
            if handler.type is not None:
                self.ev(handler.type)
            self._statement(handler.body)
            # `try: import torch / except ImportError: torch = None`: None is the way out, not a second meaning.
            changed = {k: v for k, v in self.scope.names.items() if names_before.get(k) is not v and v.name != "none"}
            if not leaves(handler.body):
                merged = dict(after)
                for name, kind in changed.items():
                    # `try: from torch import x / except ImportError: from old_place import x`: Torch of today has it.
                    current = name in after and after[name].name == "api" and before.get(name) is not after[name]
                    if not current:
                        merged[name] = join(after[name], kind) if name in after else kind
                after = merged
        self.scope.names = after
        if node.orelse is not None:
            self._statement(node.orelse.body)
        if node.finalbody is not None:
            self._statement(node.finalbody.body)

    def _augmented(self, node: cst.AugAssign) -> None:
        value = self.ev(node.value)
        target = self.ev(node.target)
        changed = node.target.value if isinstance(node.target, cst.Subscript) else node.target
        if self.facts.kind(changed).name in ("tensor", "array"):
            self._overwritten(node, changed)
        if isinstance(node.target, cst.Name):
            if target.name == "tensor" or value.name == "tensor":
                dtype = target.dtype if target.name == "tensor" else value.dtype
                scalar = target.scalar if target.name == "tensor" else value.scalar
                evidence = max(target.evidence, Evidence.LIKELY)
                derived = target.derived if target.name == "tensor" else value.derived or bool(value.rows)
                result = replace(
                    TENSOR, evidence=evidence, view=target.view, dtype=dtype, scalar=scalar, derived=derived
                )
            elif target.name in NUMBERS and value.name in NUMBERS:
                result = join(target, value)
            else:
                result = join(target, value) if target.name == value.name else join(target, UNKNOWN)
            self.scope.bind(node.target.value, result)

    # ---------------------------------------------------------------- binding

    def _assign(self, target: cst.BaseExpression, value: Kind) -> None:
        match target:
            case cst.Name():
                if value.name == "api" and value.qual not in MODULE_PATHS:
                    value = replace(value, name="alias")  # `conv = nn.Conv2d`: the value is converted, the name stays
                elif value.name in ("tensor", "array") and value.view == target.value:
                    value = replace(value, view="")  # `x = x.view(...)`: the old name is gone
                self.facts.kinds[target] = value
                self.facts.bound_names.add(target.value)
                self.scope.bind(target.value, value)
            case cst.Tuple() | cst.List():
                elements = target.elements
                starred = any(isinstance(e, cst.StarredElement) for e in elements)
                for i, element in enumerate(elements):
                    if isinstance(element, cst.StarredElement):
                        self._assign(element.value, Kind("list", element=self._element(value)))
                    elif value.name == "tuple" and value.items and not starred:
                        self._assign(element.value, value.items[i] if i < len(value.items) else UNKNOWN)
                    else:
                        self._assign(element.value, self._element(value))
            case cst.Attribute():
                if value.name == "api":
                    value = replace(value, name="alias")
                owner = self.ev(target.value)
                if isinstance(owner.definition, ClassInfo):
                    table = owner.definition.attributes
                    name = target.attr.value
                    table[name] = join(table[name], value) if name in table else value
                self._mark_target(target, owner)
            case cst.Subscript():
                self._subscript(target)
                if self.facts.kind(target.value).name in ("tensor", "array"):
                    self._overwritten(target, target.value)
            case _:
                self.ev(target)

    def _mark_target(self, target: cst.Attribute, owner: Kind) -> None:
        if owner.name == "api":
            self.facts.api[target] = canonical(f"{owner.qual}.{target.attr.value}")
