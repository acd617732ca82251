"""The kinds of what calls return, and what calls say about the functions of this file."""

from __future__ import annotations

from dataclasses import replace

import libcst as cst

from converter import kinds
from converter.flow import dtypes, scalars
from converter.flow.annotations import Annotations
from converter.flow.facts import ClassInfo, FunctionInfo
from converter.flow.trees import ARRAY_VIEW, VIEW_METHODS, is_classmethod, memory_of, parameters, root
from converter.kinds import (
    ARRAY,
    BOOL,
    FLOAT,
    INT,
    LIKELY_MODULE,
    LIKELY_TENSOR,
    NONE,
    NUMBERS,
    OTHER,
    SIZE,
    STR,
    TENSOR,
    UNKNOWN,
    Evidence,
    Kind,
    join,
    join_all,
)
from converter.names import Scope

# What calling an instance of these layers gives; every other module of torch.nn gives one tensor.
_LAYER_RESULTS = {
    "torch.nn.LSTM": kinds.parse("(tensor, (tensor, tensor))"),
    "torch.nn.GRU": kinds.parse("(tensor, tensor)"),
    "torch.nn.RNN": kinds.parse("(tensor, tensor)"),
    "torch.nn.LSTMCell": kinds.parse("(tensor, tensor)"),
    "torch.nn.MultiheadAttention": kinds.parse("(tensor, tensor)"),
}
# Methods that give two tensors; those of lists and arrays give nothing that is unpacked so.
_PAIRS = frozenset({"max", "min", "sort", "median", "mode", "kthvalue"})
_BUILTIN_RESULTS = {
    "len": INT, "int": INT, "float": FLOAT, "bool": BOOL, "str": STR, "repr": STR, "isinstance": BOOL, "hasattr": BOOL,
    "range": Kind("list", element=INT), "id": INT, "ord": INT, "callable": BOOL, "print": NONE, "open": OTHER,
    "type": OTHER, "format": STR, "dict": Kind("dict"), "set": OTHER, "input": STR, "issubclass": BOOL,
}  # fmt: skip


class Calls(Annotations):
    """Calls of Torch's names, of this file's functions and classes, of methods and of builtins."""

    def _call(self, node: cst.Call) -> Kind:
        callee = self.ev(node.func)
        arguments: list[tuple[str | None, str, Kind]] = []
        for arg in node.args:
            value = self.ev(arg.value)
            arguments.append((arg.keyword.value if arg.keyword else None, arg.star, value))
        self.facts.scopes[node] = self.scope
        self._seen_optimizers(node)
        self._optimized(callee, node)
        self._registered_buffer(node)
        if callee.name in ("api", "alias"):
            return self._api_call(node, callee.qual, arguments)
        if callee.name == "callable":
            return (callee.element or UNKNOWN).likely()
        if callee.name == "class" and isinstance(callee.definition, ClassInfo):
            constructor = callee.definition.find_method("__init__")
            if constructor is not None:
                self._seed(constructor, arguments, skip=1)
            return Kind("instance", definition=callee.definition)
        if callee.name == "function" and isinstance(callee.definition, FunctionInfo):
            info = callee.definition
            bound = isinstance(node.func, cst.Attribute) and info.owner is not None
            self._seed(info, arguments, skip=1 if bound else 0)
            return self._result_of(info)
        custom = self._custom_function(node.func)
        if custom is not None:
            forward = custom.find_method("forward")
            if forward is None:
                return LIKELY_TENSOR
            before = 0 if custom.find_method("setup_context") else 1
            self._seed(forward, arguments, skip=before + is_classmethod(forward.node))
            result = self._result_of(forward).likely()
            return result if result.known else LIKELY_TENSOR
        if callee.name == "instance" and isinstance(callee.definition, ClassInfo):
            forward = next(filter(None, map(callee.definition.find_method, ("forward", "execute", "__call__"))), None)
            if forward is not None:
                self._seed(forward, arguments, skip=1)
                return self._result_of(forward).likely()
            return LIKELY_TENSOR if callee.definition.is_module else UNKNOWN
        if callee.name == "module":
            if callee.qual in _LAYER_RESULTS:
                return _LAYER_RESULTS[callee.qual]
            if callee.qual.startswith("torch.nn.") and callee.qual not in ("torch.nn.Sequential", "torch.nn.Module"):
                return replace(TENSOR, scalar=callee.scalar)
            return LIKELY_TENSOR
        if callee.name == "numpy":
            return FLOAT if callee.qual.endswith((".sqrt", ".prod", ".ceil", ".floor", ".log")) else ARRAY
        if isinstance(node.func, cst.Attribute):
            if self._is_layer_of_self(node.func):
                return LIKELY_TENSOR
            return self._method_call(node, node.func, arguments)
        if isinstance(node.func, cst.Name) and callee is UNKNOWN:
            return self._builtin_call(node, node.func.value, arguments)
        return UNKNOWN

    def _seen_optimizers(self, node: cst.Call) -> None:
        """Which optimizers this function has bound by now: `loss.backward()` may come before `opt = SGD(...)`."""
        if isinstance(node.func, cst.Attribute) and node.func.attr.value == "backward":
            names = (name for name, kind in self.scope.names.items() if kind.name == "optimizer")
            self.facts.optimizers[node] = frozenset(names)

    def _optimized(self, callee: Kind, node: cst.Call) -> None:
        """``SGD([w, b])``: these tensors are changed by the optimizer's steps."""
        if callee.name not in ("api", "alias") or not callee.qual.startswith("torch.optim.") or not node.args:
            return
        given = node.args[0].value
        for element in given.elements if isinstance(given, cst.List | cst.Tuple) else ():
            kind = self.facts.kind(element.value)
            if isinstance(element.value, cst.Name) and kind.name == "tensor":
                self._assign_kind(element.value, replace(kind, qual="parameter"))

    def _stepped(self, node: cst.Call) -> None:
        """``optimizer.step()`` changes the memory that ``w = layer.weight.detach()`` shares."""
        found: list[tuple[Scope | None, str]] = []
        for scope in self.scope.chain():
            for name, kind in scope.names.items():
                parts = (kind, *([kind.element] if kind.element is not None else []), *kind.items)
                if any(k.qual == "parameter" and k.view and k.name in ("tensor", "array") for k in parts):
                    found.append((scope, name))
            if scope.kind == "function":
                break
        if found:
            self.facts.stale[node] = found

    def _registered_buffer(self, node: cst.Call) -> None:
        """``self.register_buffer("index", tensor)`` sets an attribute."""
        if not isinstance(node.func, cst.Attribute) or node.func.attr.value != "register_buffer" or len(node.args) < 2:
            return
        owner, name = self.facts.kind(node.func.value).definition, node.args[0].value
        value = self.facts.kind(node.args[1].value)
        if isinstance(owner, ClassInfo) and isinstance(name, cst.SimpleString) and value.known:
            self._set_attribute(owner, str(name.evaluated_value), value)

    def _set_attribute(self, owner: ClassInfo, name: str, value: Kind) -> None:
        known = owner.attributes.get(name)
        owner.attributes[name] = value if known is None else join(known, value)

    def _custom_function(self, func: cst.BaseExpression) -> ClassInfo | None:
        """The class of ``F.apply``, where F is an autograd function of this file."""
        if not isinstance(func, cst.Attribute) or func.attr.value != "apply":
            return None
        definition = self.facts.kind(func.value).definition
        return definition if isinstance(definition, ClassInfo) and definition.is_autograd_function else None

    def _is_layer_of_self(self, func: cst.Attribute) -> bool:
        """``self.layer(x)`` in a module, where we could not follow what ``layer`` was set to."""
        owner = self.facts.kind(func.value).definition
        return isinstance(owner, ClassInfo) and bool(owner.is_module) and func.attr.value in owner.attributes

    def _result_of(self, info: FunctionInfo) -> Kind:
        return info.returns if info.returns is not None else UNKNOWN

    def _seed(self, info: FunctionInfo, arguments: list[tuple[str | None, str, Kind]], skip: int) -> None:
        positional = [p for p in parameters(info.node.params) if not p.star and not p.keyword_only][skip:]
        for index, (keyword, star, kind) in enumerate(arguments):
            if star:
                return
            name = keyword
            if name is None:
                if index >= len(positional):
                    continue
                name = positional[index].name.value
            if kind.known:
                info.seeds[name] = join(info.seeds[name], kind) if name in info.seeds else kind

    def _api_call(self, node: cst.Call, qual: str, arguments: list[tuple[str | None, str, Kind]]) -> Kind:
        rule = self.registry.get(qual)
        if qual.startswith(("torch.nn.functional.", "torch.")) and node.args and qual.count(".") <= 3:
            first = node.args[0]
            wants = rule.parameters[0].name if rule is not None and rule.parameters else ""
            if not first.keyword and not first.star and wants in ("input", "x", "tensor", "self"):
                if self.facts.kind(first.value) is UNKNOWN:
                    self._suggest(first.value, LIKELY_TENSOR)
        if qual.startswith("torchvision.models.") and (rule is None or rule.returns == "unknown"):
            return Kind("module", Evidence.LIKELY, qual=qual)
        if rule is None:
            return UNKNOWN
        if rule.returns == "same":
            return arguments[0][2] if arguments else UNKNOWN
        result = kinds.parse(rule.returns)
        if qual.startswith("torchvision.transforms.") and qual.endswith(".Compose"):
            return self._image_pipeline(node)
        if result.name in ("module", "optimizer", "scheduler"):
            element = None
            if qual in ("torch.nn.ModuleList", "torch.nn.Sequential", "torch.nn.ModuleDict"):
                found = [k.element or k for _, _, k in arguments if k.known]
                element = (
                    join_all(k if k.name in ("module", "instance") else LIKELY_MODULE for k in found)
                    if found
                    else LIKELY_MODULE
                )
            loss = qual.endswith("Loss") and scalars.reduces(node)
            return replace(result, qual=qual, element=element, scalar=loss)
        if result.name == "loader" or result.name == "dataset":
            return replace(result, qual=qual)
        if qual in ("torch.nn.Parameter", "torch.nn.parameter.Parameter"):
            return kinds.PARAMETER
        name, values = qual.rpartition(".")[2], [kind for _, _, kind in arguments]
        if qual.count(".") == 1 and name == "stack" and values:
            self._needs_dimensions(values[0])
        if qual.count(".") == 1 and name == "unsqueeze" and values:
            self._needs_dimensions(values[0])
        result = self._with_dtype(self._with_indices(result, name, node, arguments), name, node, values)
        if name == "from_numpy" and node.args and root(node.args[0].value):
            return self._as_view(result, ARRAY_VIEW + root(node.args[0].value))
        if qual.count(".") == 1 and name in VIEW_METHODS and node.args and values[0].name == "tensor":
            return self._as_view(result, root(node.args[0].value))
        return result

    def _image_pipeline(self, node: cst.Call) -> Kind:
        """``Compose([..., ToTensor()])`` gives tensors if what comes last does: PIL images otherwise."""
        listed = node.args[0].value if len(node.args) == 1 else None
        if not isinstance(listed, cst.List | cst.Tuple) or not listed.elements:
            return UNKNOWN
        last = self.facts.kind(listed.elements[-1].value)
        return (
            Kind("module", Evidence.LIKELY, qual="torchvision.transforms.Compose") if last.name == "module" else UNKNOWN
        )

    def _with_indices(
        self, result: Kind, name: str, node: cst.Call, arguments: list[tuple[str | None, str, Kind]], skip: int = 1
    ) -> Kind:
        """(values, indices) of ``max(x, dim)``, ``sort(x)`` and the like."""
        pair = Kind("tuple", items=(TENSOR, replace(TENSOR, dtype="int")))
        if result.name != "unknown" or any(star for _, star, _ in arguments):
            return result
        if name in ("sort", "topk", "kthvalue", "cummax", "cummin", "mode"):
            return pair
        rest = arguments[skip:]
        if name == "nonzero" and not rest or name == "unique" and len(arguments) == skip:
            return replace(TENSOR, dtype="int" if name == "nonzero" else "")
        if name in ("max", "min", "median"):
            if not rest:
                return TENSOR
            keyword, _, first = rest[0]
            if keyword in ("dim", "axis") or keyword is None and first.name == "int":
                return pair
            if keyword == "other" or first.name == "tensor":
                return TENSOR
        return result

    def _as_view(self, result: Kind, name: str) -> Kind:
        """A result that shares storage with what this name names, or whose parts do."""
        if result.name == "list" and result.element is not None:
            return replace(result, element=self._as_view(result.element, name))
        if result.name == "tuple":
            return replace(result, items=tuple(self._as_view(k, name) for k in result.items))
        return replace(result, view=name) if result.name == "tensor" else result

    def _with_dtype(self, result: Kind, name: str, node: cst.Call, values: list[Kind]) -> Kind:
        """The result of a function or method, with the type of its elements."""
        if result.name == "list" and result.element is not None:
            return replace(result, element=self._with_dtype(result.element, name, node, values))
        if result.name == "tuple" and result.items and result.items[0].name == "tensor":
            first = self._with_dtype(result.items[0], name, node, values)
            return replace(result, items=(first, *(replace(k, dtype="int") for k in result.items[1:])))
        if result.name != "tensor":
            return result
        method = isinstance(node.func, cst.Attribute) and node.func not in self.facts.api
        picked = name == "masked_select" or scalars.elementwise(name) and any(v.picked for v in values)
        return replace(
            result,
            dtype=dtypes.of_call(name, node, values, self.facts.kind),
            scalar=scalars.of_call(name, node, values, method),
            picked=picked,
        )

    def _method_call(self, node: cst.Call, func: cst.Attribute, arguments: list[tuple[str | None, str, Kind]]) -> Kind:
        owner = self.facts.kind(func.value)
        name = func.attr.value
        pair = node in self.facts.unpacked and name in _PAIRS or node in self.facts.indexed and name == "sort"
        only = name in kinds.TENSOR_ONLY_METHODS or name == "type" and len(node.args) == 1
        if owner.name == "unknown" and self.about_torch and (pair or only):
            owner = LIKELY_TENSOR
            self.facts.kinds[func.value] = owner
        if owner.name == "tensor":
            rule = self.registry.get(f"torch.Tensor.{name}")
            if rule is not None:
                result = kinds.parse(rule.returns)
                if rule.returns == "same":
                    result = owner
                if name == "size":
                    result = INT if node.args else SIZE
                if name in ("unsqueeze", "tolist", "numpy"):
                    self._needs_dimensions(owner)
                if name == "numpy" and result.name == "array":
                    return replace(result, view=memory_of(func.value), qual=owner.qual)
                values = [owner, *(kind for _, _, kind in arguments)]
                result = self._with_indices(result, name, node, arguments, skip=0)
                result = self._with_dtype(result, name, node, values)
                if name in ("dim", "ndimension", "size") and not node.args and node not in self.facts.indexed:
                    self._needs_dimensions(owner)
                if name.endswith("_") and not name.endswith("__"):
                    self._overwritten(node, func.value)
                if result.name in ("list", "tuple") and name in VIEW_METHODS:
                    return self._as_view(result, root(func.value))
                if result.name == "tensor":
                    if scalars.elementwise(name):
                        result = replace(result, derived=scalars.from_rows(*values))
                    view = root(func.value) if name in VIEW_METHODS else owner.view if name.endswith("_") else ""
                    qual = owner.qual if view or name in ("cpu", "requires_grad_") else ""
                    view = view or (owner.view if name == "cpu" else "")
                    return replace(result, evidence=min(result.evidence, owner.evidence), view=view, qual=qual)
                return result
            return UNKNOWN
        if owner.name == "module" or (
            owner.name == "instance" and isinstance(owner.definition, ClassInfo) and owner.definition.is_module
        ):
            if name in ("to", "cuda", "cpu", "train", "eval", "float", "double", "half", "apply", "requires_grad_"):
                return owner
            if name in ("parameters", "buffers"):
                return Kind("list", element=kinds.PARAMETER)
            if name in ("named_parameters", "named_buffers"):
                return Kind("list", element=Kind("tuple", items=(STR, kinds.PARAMETER)))
            if name in ("modules", "children"):
                return Kind("list", element=LIKELY_MODULE)
            if name in ("named_modules", "named_children"):
                return Kind("list", element=Kind("tuple", items=(STR, LIKELY_MODULE)))
            if name == "state_dict":
                return Kind("dict", element=TENSOR)
            return UNKNOWN if owner.name == "instance" else UNKNOWN
        if owner.name == "list" and name == "append" and arguments:
            kind = arguments[0][2]
            grown = replace(owner, element=kind if owner.element is None else join(owner.element, kind))
            if isinstance(func.value, cst.Name | cst.Attribute):
                self._assign_kind(func.value, grown)
            elif isinstance(func.value, cst.Subscript) and isinstance(func.value.value, cst.Name | cst.Attribute):
                table = self.facts.kind(func.value.value)  # `history["loss"].append(loss)`
                if table.name == "dict":
                    self._assign_kind(func.value.value, replace(table, element=join(table.element or grown, grown)))
            return NONE
        if owner.name == "dict":
            if name == "items":
                return Kind("list", element=Kind("tuple", items=(STR, owner.element or UNKNOWN)))
            if name == "values":
                return Kind("list", element=owner.element or UNKNOWN)
            if name in ("get", "pop"):
                return owner.element or UNKNOWN
        if owner.name == "str":
            return STR if name in ("format", "join", "lower", "upper", "strip", "replace") else OTHER
        if owner.name == "array":
            return ARRAY
        if owner.name in ("optimizer", "scheduler"):
            if owner.name == "optimizer" and name == "step":
                self._stepped(node)
            return UNKNOWN
        return UNKNOWN

    def _assign_kind(self, target: cst.BaseExpression, kind: Kind) -> None:
        if isinstance(target, cst.Name):
            self.scope.bind(target.value, kind)
        elif isinstance(target, cst.Attribute):
            owner = self.facts.kind(target.value)
            if isinstance(owner.definition, ClassInfo):
                owner.definition.attributes[target.attr.value] = kind

    def _part(self, node: cst.BaseExpression, kind: Kind) -> Kind:
        """What ``enumerate`` and ``zip`` hand on of one of the things they go through."""
        element = self._element(kind)
        return (
            replace(element, rows=frozenset({("iterated", node)}))
            if kind.name == "tensor" and not kind.scalar
            else element
        )

    def _builtin_call(self, node: cst.Call, name: str, arguments: list[tuple[str | None, str, Kind]]) -> Kind:
        if name in ("print", "str", "repr"):
            for _, _, written in arguments:
                self._needs_dimensions(written)
        if name in _BUILTIN_RESULTS:
            return _BUILTIN_RESULTS[name]
        values = [kind for _, _, kind in arguments]
        if name == "enumerate" and values:
            return Kind("list", element=Kind("tuple", items=(INT, self._part(node.args[0].value, values[0]))))
        if name == "zip" and len(arguments) == 1 and arguments[0][1] == "*":  # `means, stds = zip(*pairs)`
            pair = values[0].element
            if values[0].name == "list" and pair is not None and pair.name == "tuple" and pair.items:
                return Kind("tuple", items=tuple(Kind("list", element=item) for item in pair.items))
            return UNKNOWN
        if name == "zip":
            parts = [self._part(arg.value, value) for arg, value in zip(node.args, values, strict=True)]
            return Kind("list", element=Kind("tuple", items=tuple(parts)))
        if name in ("iter", "reversed", "sorted", "list", "tuple", "tqdm", "trange") and values:
            return values[0] if values[0].name in ("loader", "list") else Kind("list", element=self._element(values[0]))
        if name == "next" and values:
            return self._element(values[0])
        if name == "super":
            for scope in self.scope.chain():
                if isinstance(scope.owner, FunctionInfo) and scope.owner.owner is not None:
                    return Kind("super", definition=scope.owner.owner)
            return UNKNOWN
        if name in ("sum", "max", "min", "abs", "round", "pow") and values:
            if name == "sum":
                inner = replace(self._element(values[0]), scalar=(values[0].element or UNKNOWN).scalar)
                return inner if inner.name != "unknown" else UNKNOWN
            if name in ("max", "min") and len(values) == 1 and values[0].name == "list":
                return self._element(values[0])
            if any(v.name == "tensor" for v in values):
                return LIKELY_TENSOR
            return values[0] if all(v.name in NUMBERS for v in values) else UNKNOWN
        if name == "getattr":
            return UNKNOWN
        if name == "map":
            return UNKNOWN
        return UNKNOWN
