"""Definitions: what functions are called with and return, what classes extend and keep."""

from __future__ import annotations

import builtins
from dataclasses import replace

import libcst as cst

from converter import kinds
from converter.flow.expressions import Expressions
from converter.flow.facts import MODULE_PATHS, ClassInfo, FunctionInfo
from converter.flow.trees import defines, is_classmethod, parameters
from converter.kinds import LIKELY_TENSOR, NONE, UNKNOWN, Evidence, Kind, join_all
from converter.names import Scope
from converter.tree import dotted


class Definitions(Expressions):
    """Functions and classes of the file; bodies of functions are read after the code around them."""

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
        custom = (
            owner is not None
            and owner.is_autograd_function
            and isinstance(node, cst.FunctionDef)
            and node.name.value in ("forward", "backward")
        )
        in_module = owner is not None and owner.is_module > Evidence.UNKNOWN
        for index, parameter in enumerate(parameters(node.params)):
            name = parameter.name.value
            if index == 0 and owner is not None and not static:
                kind = Kind("instance", definition=owner)
            elif index == is_classmethod(node) and custom and name in ("ctx", "self", "context"):
                kind = Kind("context")
            else:
                kind = UNKNOWN
                if parameter.annotation is not None:
                    kind = self._annotation(parameter.annotation.annotation)
                    if kind.name == info.seeds.get(name, UNKNOWN).name == "tensor":
                        seed = info.seeds[name]
                        kind = replace(kind, dtype=kind.dtype or seed.dtype, view=seed.view)
                if not kind.known:
                    default = self.facts.kind(parameter.default) if parameter.default is not None else UNKNOWN
                    seed = info.seeds.get(name, UNKNOWN)
                    if seed.name != "unknown" and seed.name != "none":
                        kind = seed.likely()
                    elif default.name in ("int", "float", "bool", "str", "tuple", "list"):
                        kind = default.likely()
                    elif default.name == "api":
                        kind = replace(default, name="alias").likely()
                    elif (is_forward and in_module or custom) and parameter.star != "**":
                        kind = LIKELY_TENSOR
                    elif self.about_torch:
                        kind = kinds.by_name(name)
            if kind.name == "api" and kind.qual not in MODULE_PATHS:
                # The callers that we see pass this name; another passes None, or a user's own.  The parameter stays.
                kind = replace(kind, name="alias")
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
        info.is_autograd_function = any(b.qual.startswith("torch.autograd.") for b in info.bases)
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
