"""Follow values through a file and find the kind of every expression.

The file is read in two rounds over the same tree.  The first collects what functions are called with, what
they return and what classes keep in ``self``; the second decides, with that knowledge, and records.  Branches
are followed apart and joined; bodies of functions are read after the code around them, with its names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import libcst as cst

from converter import kinds
from converter.kinds import (
    ARRAY,
    BATCH,
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
from converter.names import Scope, canonical, imported_names, kind_of_import, star_import_base
from converter.rules.base import Registry
from converter.tree import children, code, dotted, walk


@dataclass(slots=True, eq=False)
class FunctionInfo:
    """A function of this file: what it is called with and what it returns."""

    node: cst.FunctionDef | cst.Lambda
    scope: Scope
    owner: ClassInfo | None = None
    seeds: dict[str, Kind] = field(default_factory=dict)
    returns: Kind | None = None
    returned: list[Kind] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class ClassInfo:
    """A class of this file: its bases, methods and what it keeps in ``self``."""

    node: cst.ClassDef
    bases: list[Kind] = field(default_factory=list)
    attributes: dict[str, Kind] = field(default_factory=dict)
    methods: dict[str, FunctionInfo] = field(default_factory=dict)
    is_module: Evidence = Evidence.UNKNOWN
    is_autograd_function: bool = False

    def find_method(self, name: str, seen: frozenset[int] = frozenset()) -> FunctionInfo | None:
        if name in self.methods:
            return self.methods[name]
        for base in self.bases:
            if isinstance(base.definition, ClassInfo) and id(base.definition) not in seen:
                found = base.definition.find_method(name, seen | {id(self)})
                if found:
                    return found
        return None

    def find_attribute(self, name: str, seen: frozenset[int] = frozenset()) -> Kind:
        if name in self.attributes:
            return self.attributes[name]
        for base in self.bases:
            if isinstance(base.definition, ClassInfo) and id(base.definition) not in seen:
                found = base.definition.find_attribute(name, seen | {id(self)})
                if found is not UNKNOWN:
                    return found
        return UNKNOWN


@dataclass(slots=True)
class Facts:
    """What the second round found, by node."""

    api: dict[cst.CSTNode, str] = field(default_factory=dict)
    kinds: dict[cst.CSTNode, Kind] = field(default_factory=dict)
    scopes: dict[cst.CSTNode, Scope] = field(default_factory=dict)
    classes: dict[cst.CSTNode, ClassInfo] = field(default_factory=dict)
    overwritten: dict[cst.CSTNode, str] = field(default_factory=dict)
    bound_names: set[str] = field(default_factory=set)
    module_methods: set[cst.CSTNode] = field(default_factory=set)
    mixed: bool = False  # the file imports Jittor already: a tensor is Jittor's unless Torch certainly made it

    def kind(self, node: cst.CSTNode) -> Kind:
        return self.kinds.get(node, UNKNOWN)


# What calling an instance of these layers gives; every other module of torch.nn gives one tensor.
_LAYER_RESULTS = {
    "torch.nn.LSTM": kinds.parse("(tensor, (tensor, tensor))"),
    "torch.nn.GRU": kinds.parse("(tensor, tensor)"),
    "torch.nn.RNN": kinds.parse("(tensor, tensor)"),
    "torch.nn.LSTMCell": kinds.parse("(tensor, tensor)"),
    "torch.nn.MultiheadAttention": kinds.parse("(tensor, tensor)"),
}
_OWNERS = {
    "tensor": "torch.Tensor", "module": "torch.nn.Module", "optimizer": "torch.optim.Optimizer",
    "scheduler": "torch.optim.lr_scheduler.LRScheduler", "loader": "torch.utils.data.DataLoader",
    "dataset": "torch.utils.data.Dataset", "size": "torch.Size", "device": "torch.device", "dtype": "torch.dtype",
}  # fmt: skip
_VIEW_METHODS = frozenset(
    "view reshape t transpose permute narrow select squeeze unsqueeze expand expand_as flatten view_as reshape_as "
    "swapaxes swapdims movedim unfold diagonal detach chunk split unbind contiguous T mT data real".split()
)
_BUILTIN_RESULTS = {
    "len": INT, "int": INT, "float": FLOAT, "bool": BOOL, "str": STR, "repr": STR, "isinstance": BOOL, "hasattr": BOOL,
    "range": Kind("list", element=INT), "id": INT, "ord": INT, "callable": BOOL, "print": NONE, "open": OTHER,
    "type": OTHER, "format": STR, "dict": Kind("dict"), "set": OTHER, "input": STR, "issubclass": BOOL,
}  # fmt: skip
# Modules of Torch: a name assigned to one (`nn = torch.nn`) is an import by other means.
MODULE_PATHS = {
    "torch": "jittor", "torch.nn": "jittor.nn", "torch.nn.functional": "jittor.nn", "torch.optim": "jittor.optim",
    "torch.nn.init": "jittor.init", "torch.utils.data": "jittor.dataset", "torch.linalg": "jittor.linalg",
    "torch.optim.lr_scheduler": "jittor.lr_scheduler", "torch.utils": "jittor", "torch.nn.utils": "jittor.nn",
}  # fmt: skip
_CONTAINERS = ("list", "List", "Sequence", "Iterable", "Iterator", "tuple", "Tuple", "set", "Set", "Generator")


class Flow:
    """One file's analysis; :meth:`run` returns the facts."""

    def __init__(self, tree: cst.Module, registry: Registry) -> None:
        self.tree = tree
        self.registry = registry
        self.facts = Facts()
        self.functions: dict[cst.CSTNode, FunctionInfo] = {}
        self.class_infos: dict[cst.CSTNode, ClassInfo] = {}
        self.scope = Scope(None, "module")
        self.pending: list[Callable[[], None]] = []
        self._dispatch: dict[type, Callable[[Any], Kind]] = {
            cst.Name: self._name, cst.Attribute: self._attribute, cst.Call: self._call, cst.Subscript: self._subscript,
            cst.BinaryOperation: self._binary, cst.UnaryOperation: self._unary, cst.Comparison: self._comparison,
            cst.BooleanOperation: self._boolean, cst.IfExp: self._if_expression, cst.Lambda: self._lambda,
            cst.Tuple: self._tuple, cst.List: self._list, cst.Dict: self._dict, cst.ListComp: self._comprehension,
            cst.GeneratorExp: self._comprehension, cst.SetComp: self._comprehension, cst.DictComp: self._dict_comprehension,
            cst.NamedExpr: self._named, cst.StarredElement: self._starred, cst.Integer: lambda n: INT, cst.Float: lambda n: FLOAT,
            cst.SimpleString: lambda n: STR, cst.ConcatenatedString: lambda n: STR, cst.FormattedString: self._formatted,
            cst.Await: self._inside, cst.Yield: self._inside,
        }  # fmt: skip

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
            self.scope.bind(item.local, kind_of_import(item.qual))
            self.facts.mixed = self.facts.mixed or item.qual.partition(".")[0] == "jittor"
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
        body_leaves = _leaves(node.body)
        self.scope.names = dict(before)
        orelse_leaves = False
        if isinstance(node.orelse, cst.If):
            self._if(node.orelse)
            orelse_leaves = _leaves(node.orelse.body) and node.orelse.orelse is not None
        elif node.orelse is not None:
            self._statement(node.orelse.body)
            orelse_leaves = _leaves(node.orelse.body)
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
        for name in _assigned_names(body):
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
            changed = {
                k: v for k, v in self.scope.names.items() if names_before.get(k) is not v and v.name != "none"
            }
            if not _leaves(handler.body):
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
                previous = self.scope.lookup(target.value)
                if previous.name == "api" and value.name != "api" and target.value in self.scope.names:
                    self.facts.overwritten[target] = previous.qual
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
        for parameter in _parameters(node.params):
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
        declared = self._annotation(node.returns.annotation) if isinstance(node, cst.FunctionDef) and node.returns else UNKNOWN
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
        is_forward = isinstance(node, cst.FunctionDef) and node.name.value in ("forward", "execute") and owner is not None
        in_module = owner is not None and owner.is_module > Evidence.UNKNOWN
        for index, parameter in enumerate(_parameters(node.params)):
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
                    else:
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
        for base in info.bases:
            if base.name == "api":
                rule = self.registry.get(base.qual)
                if base.qual == "torch.nn.Module" or (rule is not None and rule.returns == "module"):
                    return Evidence.CERTAIN
                if base.qual.startswith("torch.nn.") or base.qual.startswith("torchvision.models."):
                    best = max(best, Evidence.LIKELY)
            elif isinstance(base.definition, ClassInfo):
                best = max(best, base.definition.is_module)
            elif base.name == "unknown" and (_defines(info.node, "forward") or _defines(info.node, "execute")):
                # A base imported from the user's own package: `forward` in a Torch file says module.
                best = max(best, Evidence.LIKELY)
        return best

    # ---------------------------------------------------------------- annotations

    def _annotation(self, node: cst.BaseExpression, record: bool = False) -> Kind:
        """The kind an annotation (or the second argument of isinstance) names."""
        if record:
            self.ev(node)
        match node:
            case cst.SimpleString():
                text = node.evaluated_value
                last = str(text).rpartition(".")[2].strip("] ")
                return TENSOR if last == "Tensor" else UNKNOWN
            case cst.Name(value="None"):
                return NONE
            case cst.Name() | cst.Attribute():
                return self._named_type(node)
            case cst.Subscript():
                base = (dotted(node.value) or "").rpartition(".")[2]
                inner = [
                    self._annotation(e.slice.value)
                    for e in node.slice
                    if isinstance(e.slice, cst.Index) and not isinstance(e.slice.value, cst.Ellipsis)
                ]
                if base in ("Optional", "Final", "Annotated", "ClassVar"):
                    return inner[0] if inner else UNKNOWN
                if base == "Union":
                    return join_all(inner)
                if base in ("tuple", "Tuple") and inner and len(inner) == len(node.slice):
                    return Kind("tuple", items=tuple(inner))
                if base in _CONTAINERS:
                    return Kind("list", element=inner[0] if inner else UNKNOWN)
                if base in ("dict", "Dict", "Mapping", "OrderedDict", "defaultdict"):
                    return Kind("dict", element=inner[-1] if inner else UNKNOWN)
                if base in ("type", "Type"):
                    return Kind("callable", element=inner[0] if inner else UNKNOWN)
                if base == "Callable":
                    return Kind("callable", element=inner[-1] if inner else UNKNOWN)
                return UNKNOWN
            case cst.BinaryOperation(operator=cst.BitOr()):
                return join(self._annotation(node.left), self._annotation(node.right))
            case cst.Tuple():
                return join_all(self._annotation(e.value) for e in node.elements)
        return UNKNOWN

    def _named_type(self, node: cst.Name | cst.Attribute) -> Kind:
        plain = {"int": INT, "float": FLOAT, "bool": BOOL, "str": STR, "None": NONE, "dict": Kind("dict"), "list": Kind("list")}
        kind = self._quiet(node)
        if isinstance(node, cst.Name) and kind.name == "unknown":
            return plain.get(node.value, UNKNOWN)
        if kind.name == "api":
            if kind.qual in ("torch.Tensor", "torch.nn.Parameter", "torch.FloatTensor", "torch.LongTensor", "torch.BoolTensor"):
                return TENSOR
            if kind.qual.startswith("torch.optim.lr_scheduler."):
                return Kind("scheduler", qual=kind.qual)
            if kind.qual.startswith("torch.optim."):
                return Kind("optimizer", qual=kind.qual)
            if kind.qual in ("torch.device", "torch.dtype"):
                return Kind(kind.qual.rpartition(".")[2])
            if kind.qual == "torch.Size":
                return SIZE
            if kind.qual == "torch.utils.data.DataLoader":
                return Kind("loader")
            if kind.qual.startswith("torch.nn."):
                return Kind("module", qual=kind.qual)
        if isinstance(kind.definition, ClassInfo) and kind.name == "class":
            return Kind("instance", definition=kind.definition)
        if kind.name == "numpy" and kind.qual.endswith("ndarray"):
            return ARRAY
        return UNKNOWN

    def _quiet(self, node: cst.BaseExpression) -> Kind:
        """Evaluate a name or attribute chain."""
        if isinstance(node, cst.Name):
            return self.scope.lookup(node.value)
        return self.ev(node)

    # ---------------------------------------------------------------- expressions

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

    def _inside(self, node: cst.CSTNode) -> Kind:
        for child in children(node):
            self.ev(child)
        return UNKNOWN

    def _formatted(self, node: cst.FormattedString) -> Kind:
        for part in node.parts:
            for child in walk(part):
                if isinstance(child, cst.FormattedStringExpression):
                    self.ev(child.expression)
        return STR

    def _name(self, node: cst.Name) -> Kind:
        kind = self.scope.lookup(node.value)
        if kind.name == "api":
            self.facts.api[node] = kind.qual
        elif kind is UNKNOWN and node.value in ("True", "False"):
            return BOOL
        elif kind is UNKNOWN and node.value == "None":
            return NONE
        return kind

    def _attribute(self, node: cst.Attribute) -> Kind:
        owner = self.ev(node.value)
        name = node.attr.value
        if owner.name == "api":
            full = canonical(f"{owner.qual}.{name}")
            self.facts.api[node] = full
            rule = self.registry.get(full)
            if rule is not None and not rule.signature and rule.returns in ("dtype", "float", "int"):
                return Kind("api", qual=full)
            return Kind("api", qual=full)
        if owner.name == "numpy":
            return Kind("numpy", qual=f"{owner.qual}.{name}")
        if owner.name in ("instance", "class") and isinstance(owner.definition, ClassInfo):
            attribute = owner.definition.find_attribute(name)
            if attribute.known:
                return attribute
            method = owner.definition.find_method(name)
            if method is not None:
                if isinstance(method.node, cst.FunctionDef) and any(
                    (dotted(d.decorator) or "").endswith("property") for d in method.node.decorators
                ):
                    return method.returns or UNKNOWN
                return Kind("function", definition=method)
            if owner.definition.is_module and name == "training":
                return BOOL
            return UNKNOWN
        if owner.name == "tensor":
            return self._tensor_attribute(node, owner, name)
        if owner.name == "module":
            if name in ("weight", "bias", "running_mean", "running_var"):
                return LIKELY_TENSOR
            return UNKNOWN
        if owner.name == "unknown" and name in kinds.TENSOR_ONLY_METHODS:
            self._suggest(node.value, LIKELY_TENSOR)
        return UNKNOWN

    def _tensor_attribute(self, node: cst.Attribute, owner: Kind, name: str) -> Kind:
        self.facts.scopes[node] = self.scope
        if name in ("T", "mT", "data", "grad", "real", "imag", "H"):
            return replace(TENSOR, evidence=owner.evidence, view="" if name == "grad" else _root(node.value))
        if name == "shape":
            return SIZE
        if name == "ndim":
            return INT
        if name in ("dtype", "device"):
            return Kind(name)
        if name in ("requires_grad", "is_cuda", "is_leaf"):
            return BOOL
        return UNKNOWN

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

    def _call(self, node: cst.Call) -> Kind:
        callee = self.ev(node.func)
        arguments: list[tuple[str | None, str, Kind]] = []
        for arg in node.args:
            value = self.ev(arg.value)
            arguments.append((arg.keyword.value if arg.keyword else None, arg.star, value))
        self.facts.scopes[node] = self.scope
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
                return TENSOR
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

    def _is_layer_of_self(self, func: cst.Attribute) -> bool:
        """``self.layer(x)`` in a module, where we could not follow what ``layer`` was set to."""
        owner = self.facts.kind(func.value).definition
        return isinstance(owner, ClassInfo) and bool(owner.is_module) and func.attr.value in owner.attributes

    def _result_of(self, info: FunctionInfo) -> Kind:
        return info.returns if info.returns is not None else UNKNOWN

    def _seed(self, info: FunctionInfo, arguments: list[tuple[str | None, str, Kind]], skip: int) -> None:
        parameters = [p for p in _parameters(info.node.params)]
        positional = [p for p in parameters if not p.star and not p.keyword_only][skip:]
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
        if rule is None:
            if qual.startswith("torchvision.models."):
                return Kind("module", Evidence.LIKELY, qual=qual)
            return UNKNOWN
        if rule.returns == "same":
            return arguments[0][2] if arguments else UNKNOWN
        result = kinds.parse(rule.returns)
        if result.name in ("module", "optimizer", "scheduler"):
            element = None
            if qual in ("torch.nn.ModuleList", "torch.nn.Sequential", "torch.nn.ModuleDict"):
                found = [k.element or k for _, _, k in arguments if k.known]
                element = join_all(k if k.name in ("module", "instance") else LIKELY_MODULE for k in found) if found else LIKELY_MODULE
            return replace(result, qual=qual, element=element)
        if result.name == "loader" or result.name == "dataset":
            return replace(result, qual=qual)
        return result

    def _method_call(self, node: cst.Call, func: cst.Attribute, arguments: list[tuple[str | None, str, Kind]]) -> Kind:
        owner = self.facts.kind(func.value)
        name = func.attr.value
        if owner.name == "unknown" and name in kinds.TENSOR_ONLY_METHODS:
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
                if result.name == "tensor":
                    view = _root(func.value) if name in _VIEW_METHODS else owner.view if name.endswith("_") else ""
                    return replace(result, evidence=min(result.evidence, owner.evidence), view=view)
                return result
            return UNKNOWN
        if owner.name == "module" or (
            owner.name == "instance" and isinstance(owner.definition, ClassInfo) and owner.definition.is_module
        ):
            if name in ("to", "cuda", "cpu", "train", "eval", "float", "double", "half", "apply", "requires_grad_"):
                return owner
            if name in ("parameters", "buffers"):
                return Kind("list", element=TENSOR)
            if name in ("named_parameters", "named_buffers"):
                return Kind("list", element=Kind("tuple", items=(STR, TENSOR)))
            if name in ("modules", "children"):
                return Kind("list", element=LIKELY_MODULE)
            if name in ("named_modules", "named_children"):
                return Kind("list", element=Kind("tuple", items=(STR, LIKELY_MODULE)))
            if name == "state_dict":
                return Kind("dict", element=TENSOR)
            return UNKNOWN if owner.name == "instance" else UNKNOWN
        if owner.name == "list" and name == "append" and arguments and isinstance(func.value, cst.Name | cst.Attribute):
            kind = arguments[0][2]
            element = kind if owner.element is None else join(owner.element, kind)
            self._assign_kind(func.value, replace(owner, element=element))
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
            return UNKNOWN
        return UNKNOWN

    def _assign_kind(self, target: cst.BaseExpression, kind: Kind) -> None:
        if isinstance(target, cst.Name):
            self.scope.bind(target.value, kind)
        elif isinstance(target, cst.Attribute):
            owner = self.facts.kind(target.value)
            if isinstance(owner.definition, ClassInfo):
                owner.definition.attributes[target.attr.value] = kind

    def _builtin_call(self, node: cst.Call, name: str, arguments: list[tuple[str | None, str, Kind]]) -> Kind:
        if name in _BUILTIN_RESULTS:
            return _BUILTIN_RESULTS[name]
        values = [kind for _, _, kind in arguments]
        if name == "enumerate" and values:
            return Kind("list", element=Kind("tuple", items=(INT, self._element(values[0]))))
        if name == "zip":
            return Kind("list", element=Kind("tuple", items=tuple(self._element(v) for v in values)))
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
                inner = self._element(values[0])
                return inner if inner.name != "unknown" else UNKNOWN
            if any(v.name == "tensor" for v in values):
                return LIKELY_TENSOR
            return values[0] if all(v.name in NUMBERS for v in values) else UNKNOWN
        if name == "getattr":
            return UNKNOWN
        if name == "map":
            return UNKNOWN
        return UNKNOWN

    def _element(self, kind: Kind) -> Kind:
        """What iterating over a value gives."""
        match kind.name:
            case "tensor":
                return replace(TENSOR, evidence=kind.evidence, view=kind.view or "the tensor iterated over")
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

    def _subscript(self, node: cst.Subscript) -> Kind:
        owner = self.ev(node.value)
        indices: list[Kind] = []
        for element in node.slice:
            if isinstance(element.slice, cst.Index):
                indices.append(self.ev(element.slice.value))
            else:
                for part in (element.slice.lower, element.slice.upper, element.slice.step):
                    if part is not None:
                        self.ev(part)
        match owner.name:
            case "tensor":
                advanced = any(k.name in ("tensor", "list", "array") for k in indices)
                return replace(TENSOR, evidence=owner.evidence, view="" if advanced else _root(node.value))
            case "size":
                return INT if indices and len(node.slice) == 1 else SIZE
            case "tuple":
                if len(node.slice) == 1 and isinstance(node.slice[0].slice, cst.Index):
                    index = _integer(node.slice[0].slice.value)
                    if index is not None and -len(owner.items) <= index < len(owner.items):
                        return owner.items[index]
                return join_all(owner.items) if owner.items else UNKNOWN
            case "list":
                return (owner.element or UNKNOWN) if indices else owner
            case "dict":
                return owner.element or UNKNOWN
            case "batch":
                return LIKELY_TENSOR
            case "module":
                return (owner.element or LIKELY_MODULE) if indices else replace(owner, qual="torch.nn.Sequential")
            case "array":
                return ARRAY
            case "str":
                return STR
            case "api":
                return UNKNOWN
        return UNKNOWN

    def _binary(self, node: cst.BinaryOperation) -> Kind:
        left, right = self.ev(node.left), self.ev(node.right)
        if left.name == "tensor" or right.name == "tensor":
            sides = [k.evidence for k in (left, right) if k.name == "tensor"]
            return replace(TENSOR, evidence=max(sides))
        if left.name in NUMBERS and right.name in NUMBERS:
            if isinstance(node.operator, cst.Divide) or "float" in (left.name, right.name):
                return FLOAT
            return INT
        if left.name == "str" and isinstance(node.operator, cst.Modulo | cst.Add):
            return STR
        if left.name == "list" and right.name == "list":
            return join(left, right)
        if left.name == "list" and isinstance(node.operator, cst.Multiply):
            return left
        if left.name == "array" or right.name == "array":
            return ARRAY
        if left.name == "tuple" and right.name == "tuple" and left.items and right.items:
            return Kind("tuple", items=left.items + right.items)
        if left.name == "size" and right.name in ("size", "tuple"):
            return SIZE
        return UNKNOWN

    def _unary(self, node: cst.UnaryOperation) -> Kind:
        inner = self.ev(node.expression)
        if isinstance(node.operator, cst.Not):
            return BOOL
        return replace(inner, view="") if inner.name == "tensor" else inner

    def _comparison(self, node: cst.Comparison) -> Kind:
        sides = [self.ev(node.left)]
        identity = False
        for target in node.comparisons:
            sides.append(self.ev(target.comparator))
            if isinstance(target.operator, cst.In | cst.NotIn | cst.Is | cst.IsNot):
                identity = True
        if not identity and any(k.name == "tensor" for k in sides):
            return replace(TENSOR, evidence=max(k.evidence for k in sides if k.name == "tensor"))
        return BOOL

    def _boolean(self, node: cst.BooleanOperation) -> Kind:
        return join(self.ev(node.left), self.ev(node.right))

    def _if_expression(self, node: cst.IfExp) -> Kind:
        self.ev(node.test)
        return join(self.ev(node.body), self.ev(node.orelse))

    def _lambda(self, node: cst.Lambda) -> Kind:
        info = self.functions.get(node)
        if info is None:
            info = self.functions[node] = FunctionInfo(node, self.scope)
        for parameter in _parameters(node.params):
            if parameter.default is not None:
                self.ev(parameter.default)
        self._function_body(info, self.scope)
        return Kind("function", definition=info)

    def _elements(self, elements: Iterable[cst.BaseElement]) -> tuple[list[Kind], bool]:
        found: list[Kind] = []
        starred = False
        for element in elements:
            kind = self.ev(element.value)
            if isinstance(element, cst.StarredElement):
                starred = True
                kind = self._element(kind)
            found.append(kind)
        return found, starred

    def _tuple(self, node: cst.Tuple) -> Kind:
        found, starred = self._elements(node.elements)
        return Kind("list", element=join_all(found)) if starred else Kind("tuple", items=tuple(found))

    def _list(self, node: cst.List) -> Kind:
        found, _ = self._elements(node.elements)
        return Kind("list", element=join_all(found) if found else None)

    def _dict(self, node: cst.Dict) -> Kind:
        values: list[Kind] = []
        for element in node.elements:
            if isinstance(element, cst.DictElement):
                self.ev(element.key)
            values.append(self.ev(element.value))
        return Kind("dict", element=join_all(values) if values else None)

    def _comprehension(self, node: cst.ListComp | cst.GeneratorExp | cst.SetComp) -> Kind:
        element = self._in_comprehension(node.for_in, lambda: self.ev(node.elt))
        return Kind("list", element=element)

    def _dict_comprehension(self, node: cst.DictComp) -> Kind:
        def both() -> Kind:
            self.ev(node.key)
            return self.ev(node.value)

        return Kind("dict", element=self._in_comprehension(node.for_in, both))

    def _in_comprehension(self, clause: cst.CompFor, body: Callable[[], Kind]) -> Kind:
        saved = self.scope
        iterated = self.ev(clause.iter)
        self.scope = Scope(saved, "comprehension", owner=saved.owner)
        self._assign(clause.target, self._element(iterated))
        for condition in clause.ifs:
            self.ev(condition.test)
        inner = clause.inner_for_in
        result = self._in_comprehension(inner, body) if inner is not None else body()
        self.scope = saved
        return result

    def _named(self, node: cst.NamedExpr) -> Kind:
        value = self.ev(node.value)
        self._assign(node.target, value)
        return value

    def _starred(self, node: cst.StarredElement) -> Kind:
        return self.ev(node.value)


# -------------------------------------------------------------------- small readers of trees


@dataclass(frozen=True, slots=True)
class _Parameter:
    name: cst.Name
    annotation: cst.Annotation | None
    default: cst.BaseExpression | None
    star: str = ""
    keyword_only: bool = False


def _parameters(params: cst.Parameters) -> list[_Parameter]:
    found = [_Parameter(p.name, p.annotation, p.default) for p in (*params.posonly_params, *params.params)]
    if isinstance(params.star_arg, cst.Param):
        found.append(_Parameter(params.star_arg.name, params.star_arg.annotation, None, "*"))
    found += [_Parameter(p.name, p.annotation, p.default, "", True) for p in params.kwonly_params]
    if params.star_kwarg is not None:
        found.append(_Parameter(params.star_kwarg.name, params.star_kwarg.annotation, None, "**"))
    return found


def _leaves(body: cst.BaseSuite) -> bool:
    """Whether a block always ends in return, raise, continue or break."""
    if not body.body:
        return False
    last: cst.CSTNode = body.body[-1]
    if isinstance(last, cst.SimpleStatementLine):
        last = last.body[-1]
    return isinstance(last, cst.Return | cst.Raise | cst.Continue | cst.Break)


def _assigned_names(body: cst.BaseSuite) -> set[str]:
    names: set[str] = set()
    for node in walk(body):
        if isinstance(node, cst.AssignTarget | cst.AugAssign | cst.AnnAssign):
            for part in walk(node.target):
                if isinstance(part, cst.Name):
                    names.add(part.value)
    return names


def _defines(node: cst.ClassDef, name: str) -> bool:
    return any(isinstance(s, cst.FunctionDef) and s.name.value == name for s in node.body.body)


def _root(node: cst.BaseExpression) -> str:
    """The name whose storage a view of this expression shares; empty where the expression makes a fresh value."""
    while True:
        if isinstance(node, cst.Call):
            if not isinstance(node.func, cst.Attribute) or node.func.attr.value not in _VIEW_METHODS:
                return ""
            node = node.func.value
        elif isinstance(node, cst.Subscript):
            node = node.value
        elif isinstance(node, cst.Attribute) and node.attr.value in _VIEW_METHODS:
            node = node.value
        else:
            return dotted(node) or ""


def _integer(node: cst.BaseExpression) -> int | None:
    try:
        return int(code(node))
    except ValueError:
        return None


def owner_of(kind: Kind) -> str:
    """``torch.Tensor`` for a tensor, ``torch.nn.Module`` for a module, ...; empty for what has no Torch class."""
    if kind.name == "instance" and isinstance(kind.definition, ClassInfo) and kind.definition.is_module:
        return "torch.nn.Module"
    return _OWNERS.get(kind.name, "")
