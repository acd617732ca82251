"""Statements: bindings, branches, loops, definitions."""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from dataclasses import replace

import libcst as cst

from converter import kinds
from converter.flow.expressions import Expressions
from converter.flow.facts import MODULE_PATHS, ClassInfo, Facts, FunctionInfo
from converter.flow.trees import assigned_names, defines, leaves, parameters
from converter.kinds import (
    LIKELY_TENSOR,
    NONE,
    NUMBERS,
    TENSOR,
    UNKNOWN,
    Evidence,
    Kind,
    join,
    join_all,
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
from converter.tree import children, dotted


class Flow(Expressions):
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
                value = self.ev(node.value)
                for target in node.targets:
                    self._assign(target.target, value)
            case cst.AnnAssign():
                annotated = self._annotation(node.annotation.annotation)
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
                self._assign(node.target, self._element(self.ev(node.iter)))
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
            self.scope.bind(item.local, module_of_import(node, item.local, kind_of_import(item.qual, self.own_package)))
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
        if isinstance(node.target, cst.Name):
            if target.name == "tensor" or value.name == "tensor":
                result = replace(TENSOR, evidence=max(target.evidence, Evidence.LIKELY), view=target.view)
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
                elif value.name == "tensor" and value.view == target.value:
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
            case _:
                self.ev(target)

    def _mark_target(self, target: cst.Attribute, owner: Kind) -> None:
        if owner.name == "api":
            self.facts.api[target] = canonical(f"{owner.qual}.{target.attr.value}")

    # ---------------------------------------------------------------- definitions

    def _function_definition(self, node: cst.FunctionDef) -> None:
        for decorator in node.decorators:
            self.ev(decorator.decorator)
        owner = self.scope.owner if self.scope.kind == "class" else None
        info = self.functions.get(node)
        if info is None:
            info = FunctionInfo(node, self.scope, owner if isinstance(owner, ClassInfo) else None)
            self.functions[node] = info
        info.scope = self.scope
        for parameter in parameters(node.params):
            if parameter.annotation is not None:
                self._annotation(parameter.annotation.annotation, record=True)
            if parameter.default is not None:
                self.ev(parameter.default)
        if node.returns is not None:
            self._annotation(node.returns.annotation, record=True)
        if isinstance(owner, ClassInfo):
            owner.methods[node.name.value] = info
            if owner.is_module:
                self.facts.module_methods.add(node)
            if node.name.value == "__getitem__" and any(b.qual.startswith("torch.utils.data.") for b in owner.bases):
                self.facts.dataset_items.add(node)
        self.scope.bind(node.name.value, Kind("function", definition=info))
        self.facts.bound_names.add(node.name.value)
        outer = self.scope

        def later() -> None:
            self._function_body(info, outer)

        # Constructors first: other methods read what they keep in self.
        if node.name.value == "__init__":
            self.pending.insert(0, later)
        else:
            self.pending.append(later)

    def _function_body(self, info: FunctionInfo, outer: Scope) -> None:
        node = info.node
        saved = self.scope
        self.scope = Scope(outer, "function", owner=info)
        declared = (
            self._annotation(node.returns.annotation) if isinstance(node, cst.FunctionDef) and node.returns else UNKNOWN
        )
        self._bind_parameters(info)
        info.returned = []
        if isinstance(node, cst.FunctionDef):
            self._statement(node.body)
            result = join_all(info.returned) if info.returned else NONE
            info.returns = declared if declared.known and declared.name != "none" else result
        else:
            info.returns = self.ev(node.body)
        self.scope = saved

    def _bind_parameters(self, info: FunctionInfo) -> None:
        node = info.node
        owner = info.owner
        static = isinstance(node, cst.FunctionDef) and any(
            dotted(d.decorator) in ("staticmethod", "classmethod") for d in node.decorators
        )
        is_forward = (
            isinstance(node, cst.FunctionDef) and node.name.value in ("forward", "execute") and owner is not None
        )
        in_module = owner is not None and owner.is_module > Evidence.UNKNOWN
        for index, parameter in enumerate(parameters(node.params)):
            name = parameter.name.value
            if index == 0 and owner is not None and not static:
                kind = Kind("instance", definition=owner)
            else:
                kind = UNKNOWN
                if parameter.annotation is not None:
                    kind = self._annotation(parameter.annotation.annotation)
                if not kind.known:
                    default = self.facts.kind(parameter.default) if parameter.default is not None else UNKNOWN
                    seed = info.seeds.get(name, UNKNOWN)
                    if seed.name != "unknown" and seed.name != "none":
                        kind = seed.likely()
                    elif default.name in ("int", "float", "bool", "str", "tuple", "list"):
                        kind = default.likely()
                    elif default.name == "api":
                        kind = replace(default, name="alias").likely()
                    elif is_forward and in_module and parameter.star != "**":
                        kind = LIKELY_TENSOR
                    elif self.about_torch:
                        kind = kinds.by_name(name)
            if parameter.star == "*":
                kind = Kind("list", element=kind if kind.known else UNKNOWN)
            elif parameter.star == "**":
                kind = Kind("dict", element=kind if kind.known else UNKNOWN)
            self.scope.bind(name, kind)
            self.facts.bound_names.add(name)

    def _class_definition(self, node: cst.ClassDef) -> None:
        for decorator in node.decorators:
            self.ev(decorator.decorator)
        info = self.class_infos.get(node)
        if info is None:
            info = self.class_infos[node] = ClassInfo(node)
        info.bases = [self.ev(base.value) for base in node.bases]
        for keyword in node.keywords:
            self.ev(keyword.value)
        info.is_module = self._module_evidence(info)
        info.is_autograd_function = any(b.qual == "torch.autograd.Function" for b in info.bases)
        self.facts.classes[node] = info
        self.scope.bind(node.name.value, Kind("class", definition=info))
        self.facts.bound_names.add(node.name.value)
        outer = self.scope
        self.scope = Scope(outer, "class", owner=info)
        self._statement(node.body)
        for name, kind in self.scope.names.items():
            if kind.name != "function":
                info.attributes.setdefault(name, kind)
        self.scope = outer

    def _module_evidence(self, info: ClassInfo) -> Evidence:
        best = Evidence.UNKNOWN
        for base, written in zip(info.bases, info.node.bases, strict=True):
            if base.name == "api":
                rule = self.registry.get(base.qual)
                if base.qual == "torch.nn.Module" or (rule is not None and rule.returns == "module"):
                    return Evidence.CERTAIN
                if base.qual.startswith("torch.nn.") or base.qual.startswith("torchvision.models."):
                    best = max(best, Evidence.LIKELY)
            elif isinstance(base.definition, ClassInfo):
                best = max(best, base.definition.is_module)
            elif not base.known and self._may_be_module(written.value, info.node):
                # A base imported from the user's own package: `forward` in a Torch file says module.
                best = max(best, Evidence.LIKELY)
        return best

    def _may_be_module(self, base: cst.BaseExpression, node: cst.ClassDef) -> bool:
        """A class with ``forward`` whose base comes from elsewhere; a builtin base says that it is no module."""
        builtin = isinstance(base, cst.Name) and hasattr(builtins, base.value)
        return self.about_torch and not builtin and (defines(node, "forward") or defines(node, "execute"))
