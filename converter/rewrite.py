"""The one transformer: asks names and kinds, looks the rule up, applies it, and notes what it could not do.

Statements are walked, never rebuilt; expressions are rebuilt only where something inside changed.  The result is a
list of edits (old node, new node) whose outermost spans are spliced into the text, so that everything else is the
input byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import libcst as cst

from converter import apply
from converter.flow import MODULE_PATHS, ClassInfo, Facts, FunctionInfo, owner_of
from converter.kinds import TENSOR_ATTRIBUTES, UNKNOWN, Evidence, Kind
from converter.names import Imported, Scope, canonical, exported_names, imported_names, is_torch, star_import_base
from converter.rules.base import Answer, Refusal, Registry, Rule
from converter.rules.use import Use, parenthesized
from converter.tree import children, code, code_fields, dotted

# Methods that str, list, dict, set or file objects have too: an unknown receiver is far more often one of those.
_SHARED_METHODS = frozenset(
    "split index count copy sort format join replace strip get items keys values update add clear insert reverse "
    "extend append pop remove read write close lower upper encode decode union difference discard seek flush type "
    "tolist numpy "
    "register_hook is_shared apply map_ storage size dim".split()
)
# Attributes of tensors that Jittor's Var has too, with another meaning (``data`` is a NumPy array).
_TELLTALE = frozenset({"data", "grad"})
_OPERATORS: dict[type[cst.CSTNode], str] = {
    cst.FloorDivide: "floordiv",
    cst.Modulo: "mod",
    cst.Add: "add",
    cst.Subtract: "sub",
    cst.Multiply: "mul",
    cst.Divide: "truediv",
    cst.Power: "pow",
    cst.MatrixMultiply: "matmul",
    cst.BitAnd: "and",
    cst.BitOr: "or",
    cst.BitXor: "xor",
    cst.LeftShift: "lshift",
    cst.RightShift: "rshift",
}
_AUGMENTED: dict[type[cst.CSTNode], type[cst.BaseBinaryOp]] = {
    cst.FloorDivideAssign: cst.FloorDivide,
    cst.ModuloAssign: cst.Modulo,
    cst.AddAssign: cst.Add,
    cst.SubtractAssign: cst.Subtract,
    cst.MultiplyAssign: cst.Multiply,
    cst.DivideAssign: cst.Divide,
    cst.PowerAssign: cst.Power,
    cst.MatrixMultiplyAssign: cst.MatrixMultiply,
    cst.BitAndAssign: cst.BitAnd,
    cst.BitOrAssign: cst.BitOr,
    cst.BitXorAssign: cst.BitXor,
    cst.LeftShiftAssign: cst.LeftShift,
    cst.RightShiftAssign: cst.RightShift,
}


@dataclass(slots=True)
class Finding:
    """A diagnostic before its position is known."""

    node: cst.CSTNode
    statement: cst.CSTNode
    code: str
    message: str
    api: str = ""
    evidence: Evidence = Evidence.CERTAIN


@dataclass(slots=True)
class TorchImport:
    """An import statement that binds Torch names, and where it stands."""

    node: cst.Import | cst.ImportFrom
    line: cst.CSTNode
    names: list[Imported]
    hosts: bool  # at the top level: may hold the imports of the output
    star: bool = False


@dataclass(slots=True)
class Changes:
    """Everything the rewrite wants done to the file."""

    edits: list[tuple[cst.CSTNode, cst.CSTNode, cst.CSTNode]] = field(default_factory=list)  # old, new, statement
    removed: list[tuple[cst.CSTNode, cst.CSTNode]] = field(
        default_factory=list
    )  # (small statement or decorator, its line)
    findings: list[Finding] = field(default_factory=list)
    imports: list[TorchImport] = field(default_factory=list)
    kept_roots: set[str] = field(default_factory=set)  # local names of Torch imports that are still used
    reexports: list[tuple[str, cst.BaseExpression]] = field(default_factory=list)  # local name, what it becomes
    answers: dict[str, int] = field(default_factory=dict)


class Rewriter:
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
        self._value_unused: cst.CSTNode | None = None
        self.used_names = {node.value for node in facts.api if isinstance(node, cst.Name)}
        self.exported = exported_names(tree) | exported
        self._handlers: dict[type, Callable[[Any], cst.BaseExpression]] = {
            cst.Name: self._name,
            cst.Attribute: self._attribute,
            cst.Call: self._call,
            cst.BinaryOperation: self._binary,
            cst.UnaryOperation: self._unary,
            cst.Subscript: self._subscript,
        }
        self._in_dataset_item = False
        self._without_gradients = False

    def run(self) -> Changes:
        for statement in self.tree.body:
            self._statement(statement)
        return self.changes

    # ---------------------------------------------------------------- statements

    def _statement(self, node: cst.CSTNode) -> None:
        match node:
            case cst.SimpleStatementLine() | cst.SimpleStatementSuite():
                for small in node.body:
                    self.statement = node if isinstance(node, cst.SimpleStatementLine) else self.statement
                    self._small(small, node)
            case cst.IndentedBlock():
                self.depth += 1
                for inner in node.body:
                    self._statement(inner)
                self.depth -= 1
            case cst.FunctionDef():
                self.statement = node
                self._decorators(node)
                self._rename_forward(node)
                self._parts(node, skip=("decorators", "body", "name"))
                outside = self._in_dataset_item, self._without_gradients
                self._in_dataset_item = node in self.facts.dataset_items
                self._without_gradients = any(self._stops_gradients(d.decorator) for d in node.decorators)
                self._statement(node.body)
                self._in_dataset_item, self._without_gradients = outside
            case cst.ClassDef():
                self.statement = node
                self._decorators(node)
                self._autograd_function(node)
                self._parts(node, skip=("decorators", "body", "name"))
                self._statement(node.body)
            case cst.BaseCompoundStatement():
                self.statement = node
                self._parts(node, skip=("body", "orelse", "finalbody", "handlers"))
                body = getattr(node, "body", None)
                if isinstance(body, cst.CSTNode):
                    before = self._without_gradients
                    if isinstance(node, cst.With):
                        self._without_gradients = before or any(self._stops_gradients(i.item) for i in node.items)
                    self._statement(body)
                    self._without_gradients = before
                for handler in getattr(node, "handlers", ()):
                    self.statement = handler
                    if handler.type is not None:
                        self.rw(handler.type)
                    self._statement(handler.body)
                for name in ("orelse", "finalbody"):
                    part = getattr(node, name, None)
                    if isinstance(part, cst.If):
                        self._statement(part)
                    elif isinstance(part, cst.CSTNode):
                        self._statement(part.body)  # type: ignore[attr-defined]
                if isinstance(node, cst.Match):
                    for case in node.cases:
                        self._statement(case.body)
            case _:
                self._parts(node)

    def _stops_gradients(self, node: cst.BaseExpression) -> bool:
        name = node.func if isinstance(node, cst.Call) else node
        return self.facts.api.get(name, "") in ("torch.no_grad", "torch.inference_mode", "torch.set_grad_enabled")

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

    def _small(self, node: cst.CSTNode, line: cst.CSTNode) -> None:
        match node:
            case cst.Import() | cst.ImportFrom():
                self._import(node, line)
            case cst.Expr():
                self._value_unused = node.value
                new = self.rw(node.value)
                if isinstance(new, _Removed):
                    self.changes.removed.append((node, line))
            case cst.Assign():
                if self._removed_assignment(node):
                    self.changes.removed.append((node, line))
                    return
                if len(node.targets) == 1 and self._assigned_by_call(node, node.targets[0].target, node.value, None):
                    return
                for target in node.targets:
                    self._target(target.target)
                if node.value in self.facts.api and self.facts.api[node.value] in MODULE_PATHS:
                    new = apply.path(MODULE_PATHS[self.facts.api[node.value]])
                    self._edit(node.value, new)
                else:
                    self.rw(node.value)
            case cst.AnnAssign():
                self._target(node.target)
                self.rw(node.annotation.annotation)
                if node.value is not None:
                    self.rw(node.value)
            case cst.AugAssign():
                self._augmented(node)
            case _:
                self._parts(node)

    def _import(self, node: cst.Import | cst.ImportFrom, line: cst.CSTNode) -> None:
        names = [item for item in imported_names(node) if self._is_torch(item.qual)]
        for item in names:
            if self._is_reexported(item, line):
                self._reexport(item, node)
        star = isinstance(node, cst.ImportFrom) and self._is_torch(star_import_base(node))
        if star:
            self._find(node, "JC301", f"from {star_import_base(node)} import *")  # type: ignore[arg-type]
        if names or star:
            self.changes.imports.append(TorchImport(node, line, names, self.depth == 0, star))

    def _is_torch(self, qual: str) -> bool:
        return is_torch(qual) and qual.partition(".")[0] != self.own_package

    def _is_reexported(self, item: Imported, line: cst.CSTNode) -> bool:
        """A name imported for others: not used here, and listed in ``__all__``, excused with noqa, or ``x as x``."""
        if item.local in self.used_names:
            return False
        if item.local in self.exported or ("*" in self.exported and not item.local.startswith("_")):
            return item.qual not in MODULE_PATHS
        trailing = getattr(line, "trailing_whitespace", None)
        comment = trailing.comment.value if trailing is not None and trailing.comment is not None else ""
        same = item.alias.asname is not None and dotted(item.alias.name) == item.local
        return "noqa" in comment or same

    def _reexport(self, item: Imported, node: cst.CSTNode) -> None:
        rule = self.registry.get(canonical(item.qual))
        target = (
            (rule.value_to or apply.target_of(rule)) if rule is not None and rule.answer is not Answer.NEEDS_YOU else ""
        )
        if self.depth == 0 and target.partition(".")[0] in ("jittor", "helpers"):
            self.changes.reexports.append((item.local, apply.path(target)))
            self._count("rewritten")
            return
        self._find(node, "JC101", f"{item.qual} is imported for other files", item.qual)
        self.changes.kept_roots.add(item.local)
        self._count("unknown")

    def _removed_assignment(self, node: cst.Assign) -> bool:
        if len(node.targets) != 1:
            return False
        target = node.targets[0].target
        rule = self.registry.get(self.facts.api.get(target, ""))
        if rule is None or rule.to != "remove:statement":
            return False
        self._find(node, "JC402", f"{rule.api} = ... was removed", rule.api)
        self._count("rewritten")
        return True

    def _assigned_by_call(
        self,
        node: cst.CSTNode,
        target: cst.BaseExpression,
        value: cst.BaseExpression,
        operator: cst.BaseBinaryOp | None,
    ) -> bool:
        """``p.grad = g`` where Jittor has no such attribute: the rule names a function that takes the assignment."""
        if isinstance(target, cst.Subscript) and operator is None:
            return self._put_at(node, target, value)
        if not isinstance(target, cst.Attribute) or self._kind(target.value).name != "tensor":
            return False
        rule = self.registry.get(f"torch.Tensor.{target.attr.value}")
        if rule is None or not rule.assign or (operator is not None and dotted(target) is None):
            return False
        mark = len(self.changes.edits)
        owner, new = self.rw(target.value), self.rw(value)
        if operator is not None:
            new = cst.BinaryOperation(owner, operator, parenthesized(new))
        call = cst.Call(func=apply.path(rule.assign), args=[cst.Arg(owner), cst.Arg(new)])
        self._edit(node, cst.Expr(call), mark)
        self._converted(node, rule, self._kind(target.value).evidence)
        return True

    def _put_at(self, node: cst.CSTNode, target: cst.Subscript, value: cst.BaseExpression) -> bool:
        """``x[key] = v`` for a tensor: Jittor spreads v over the part in fewer cases than Torch."""
        kind = self._kind(target.value)
        rule = self.registry.get("torch.Tensor.__setitem__")
        if kind.name != "tensor" or rule is None:
            return False
        mark = len(self.changes.edits)
        keys = [target]
        while isinstance(keys[0].value, cst.Subscript) and self._kind(keys[0].value.value).name == "tensor":
            keys.insert(0, keys[0].value)
        base = self._written_through(keys[0].value, self._kind(keys[0].value))
        owner, new = self.rw(base), self.rw(value)
        parts = [
            cst.Subscript(value=apply.path("helpers.at"), slice=[self._expression_free(e) for e in key.slice])
            for key in keys
        ]
        if len(parts) == 1:
            call = cst.Call(func=apply.path(rule.to), args=[cst.Arg(owner), cst.Arg(parts[0]), cst.Arg(new)])
        else:
            chain = cst.List([cst.Element(part) for part in parts])
            call = cst.Call(func=apply.path("helpers.put_through"), args=[cst.Arg(owner), cst.Arg(chain), cst.Arg(new)])
        self._edit(node, cst.Expr(call), mark)
        self._converted(node, rule, kind.evidence)
        return True

    def _expression_free(self, element: cst.SubscriptElement) -> cst.SubscriptElement:
        new = self._rebuild(element)
        assert isinstance(new, cst.SubscriptElement)
        return new

    def _written_through(self, base: cst.BaseExpression, kind: Kind) -> cst.BaseExpression:
        """The tensor whose part is assigned to; a view, through which Jittor may not write, is reported."""
        if isinstance(base, cst.Attribute) and base.attr.value == "data":
            return base.value
        if kind.view:
            self._find(base, "JC203", f"{_brief(base)} shares storage with {kind.view}", "torch.Tensor")
        return base

    def _target(self, node: cst.BaseExpression) -> None:
        """The left side of an assignment: values inside are converted, what is assigned to is not."""
        match node:
            case cst.Name():
                pass
            case cst.Tuple() | cst.List():
                for element in node.elements:
                    self._target(element.value)
            case cst.StarredElement():
                self._target(node.value)
            case cst.Attribute():
                if node in self.facts.api and is_torch(self.facts.api[node]):
                    self._find(node, "JC105", f"{self.facts.api[node]} is assigned to", self.facts.api[node])
                    self._keep_root(node)
                    return
                owner = owner_of(self.facts.kind(node.value))
                rule = self.registry.get(f"{owner}.{node.attr.value}") if owner == "torch.Tensor" else None
                kind = self._kind(node.value)
                if (
                    owner == "torch.Tensor"
                    and kind.known
                    and (rule is None or not (rule.keep or rule.to.startswith("Var.")))
                ):
                    api = f"torch.Tensor.{node.attr.value}"
                    self._find(node, "JC105", f"{api} is assigned to", api, kind.evidence)
                if node.attr.value == "forward" and owner_of(self._kind(node.value)) == "torch.nn.Module":
                    self._edit(node.attr, cst.Name("execute"))
                self.rw(node.value)
            case cst.Subscript():
                self._subscript_target(node)
            case _:
                self.rw(node)

    def _subscript_target(self, node: cst.Subscript) -> None:
        """``x[i] += v`` and the like, which keep their form."""
        kind = self._kind(node.value)
        if kind.name == "tensor":
            base = self._written_through(node.value, kind)
            if isinstance(base, cst.Subscript):
                self._find(node, "JC203", f"{_brief(node)}: a part of a part is changed", "torch.Tensor")
            if base is not node.value:
                self.rw(base)
                self._edit(node.value, base)
                self._parts(node, skip=("value",))
                return
        self.rw(node)

    def _augmented(self, node: cst.AugAssign) -> None:
        kind = self._kind(node.target)
        binary = _AUGMENTED[type(node.operator)]
        operator = _OPERATORS[binary]
        if kind.name == "tensor" and isinstance(node.target, cst.Name):
            if kind.view and kind.view != node.target.value:
                self._find(node, "JC203", f"{node.target.value} shares storage with {kind.view}", "torch.Tensor")
        if self._assigned_by_call(node, node.target, node.value, binary()):
            return
        inside = node.target.value if isinstance(node.target, cst.Subscript) else node.target
        if self._without_gradients and isinstance(node.target, cst.Subscript) and self._kind(inside).name == "tensor":
            text = f"{_brief(node.target)} changes a part in place under no_grad; write it as x[i] = x[i] + y"
            self._find(node, "JC103", text, "torch.Tensor.__setitem__")
        if self._without_gradients and kind.name == "tensor" and dotted(node.target) is not None:
            # Jittor's own `p -= g` under no_grad would stop the gradients of a parameter for good.
            mark = len(self.changes.edits)
            value = self.rw(node.value)
            change = self._augmented_value(node, binary(), value, kind, operator)
            call = cst.Call(func=apply.path("helpers.put"), args=[cst.Arg(node.target), cst.Arg(change)])
            self._edit(node, cst.Expr(call), mark)
            return
        rule = self.registry.get(f"torch.Tensor.__{operator}__")
        if kind.name == "tensor" and rule is not None and operator in ("floordiv", "mod"):
            plain = cst.BinaryOperation(node.target, binary(), node.value)
            value = self.rw(node.value)
            new = self._operator_call(plain, rule, node.target, value, kind)
            if new is not None and isinstance(node.target, cst.Name):
                self._edit(node, cst.Assign([cst.AssignTarget(node.target)], new))
                return
            self._find(node, "JC103", f"{_brief(node)}: this operator differs in Jittor", rule.api)
            return
        self._target(node.target)
        self.rw(node.value)

    def _augmented_value(
        self, node: cst.AugAssign, operator: cst.BaseBinaryOp, value: cst.BaseExpression, kind: Kind, name: str
    ) -> cst.BaseExpression:
        """``target op value`` as an expression, with the rule of the operator where there is one."""
        plain = cst.BinaryOperation(node.target, operator, parenthesized(value))
        rule = self.registry.get(f"torch.Tensor.__{name}__")
        made = self._operator_call(plain, rule, node.target, value, kind) if rule is not None else None
        return made if made is not None else plain

    def _decorators(self, node: cst.FunctionDef | cst.ClassDef) -> None:
        for decorator in node.decorators:
            expression = decorator.decorator
            name = expression.func if isinstance(expression, cst.Call) else expression
            rule = self.registry.get(self.facts.api.get(name, ""))
            if rule is not None and rule.to == "remove:decorator":
                self.changes.removed.append((decorator, decorator))
                self._count("rewritten")
                self._find(decorator, "JC402", f"@{rule.api} was removed", rule.api)
            else:
                self.rw(expression)

    def _rename_forward(self, node: cst.FunctionDef) -> None:
        if node.name.value == "forward" and node in self.facts.module_methods:
            self._edit(node.name, cst.Name("execute"))

    def _autograd_function(self, node: cst.ClassDef) -> None:
        if self.facts.classes[node].is_autograd_function:
            self._find(node, "JC302", f"class {node.name.value}", "torch.autograd.Function")

    # ---------------------------------------------------------------- expressions

    def rw(self, node: cst.BaseExpression) -> cst.BaseExpression:
        """The converted expression (the same object where nothing changed)."""
        handler = self._handlers.get(type(node))
        if handler is not None:
            return handler(node)
        return self._expression(self._rebuild(node))

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

    def _edit(self, old: cst.CSTNode, new: cst.CSTNode, mark: int | None = None) -> None:
        if mark is not None:
            del self.changes.edits[mark:]
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

    # names of Torch used as values

    def _name(self, node: cst.Name) -> cst.BaseExpression:
        qual = self.facts.api.get(node)
        return self._reference(node, qual) if qual else node

    def _attribute(self, node: cst.Attribute) -> cst.BaseExpression:
        qual = self.facts.api.get(node)
        if qual:
            return self._reference(node, qual)
        mark = len(self.changes.edits)
        value = self.rw(node.value)
        kind = self._kind(node.value)
        owner = owner_of(kind)
        name = node.attr.value
        if name == "forward" and (owner == "torch.nn.Module" or self._is_super_of_module(kind)):
            new: cst.BaseExpression = node.with_changes(value=value, attr=cst.Name("execute"))
            self._edit(node, new, mark)
            return new
        if owner in ("torch.Tensor", "torch.optim.Optimizer", "torch.optim.lr_scheduler.LRScheduler", "torch.Size"):
            rule = self.registry.get(f"{owner}.{name}")
            if rule is None:
                if owner == "torch.Tensor" and (kind.evidence is Evidence.CERTAIN or name in TENSOR_ATTRIBUTES):
                    self._find(node, "JC202", f"torch.Tensor.{name}", f"torch.Tensor.{name}", kind.evidence)
                    self._count("unknown")
            elif not rule.signature or rule.answer is Answer.NEEDS_YOU:
                return self._apply_attribute(node, value, rule, kind, mark)
            elif rule.keep or rule.to == f"Var.{name}":
                pass  # a bound method passed on as a value; the same in Jittor
            else:
                self._find(node, "JC104", f"the method {rule.api} is used as a value", rule.api)
                self._count("needs you")
        elif kind.name == "unknown" and name in _TELLTALE and self._may_be_tensor(node.value):
            api = f"torch.Tensor.{name}"
            self._find(node, "JC201", f".{name} of an unknown value; {api} differs in Jittor", api, Evidence.UNKNOWN)
            self._count("unknown")
        return node.with_changes(value=value) if value is not node.value else node

    def _may_be_tensor(self, node: cst.BaseExpression) -> bool:
        """An unknown value in a file of Torch's that is no part of an imported module."""
        root = node
        while isinstance(root, cst.Attribute):
            root = root.value
        foreign = self.facts.kind(root).name in ("other", "numpy")
        return self.facts.imports_torch and not self.facts.mixed and not foreign

    def _is_super_of_module(self, kind: Kind) -> bool:
        return kind.name == "super" and isinstance(kind.definition, ClassInfo) and bool(kind.definition.is_module)

    def _apply_attribute(
        self, node: cst.Attribute, value: cst.BaseExpression, rule: Rule, kind: Kind, mark: int
    ) -> cst.BaseExpression:
        rebuilt = node.with_changes(value=value) if value is not node.value else node
        if rule.answer is Answer.NEEDS_YOU:
            self._needs_you(node, rule, kind.evidence)
            return rebuilt
        target = apply.target_of(rule)
        if rule.action is not None:
            use = self._use(rule, rebuilt, value, apply.Bound(), {"self": kind.describe()}, node)
            result = rule.action(use)
            if isinstance(result, Refusal) or result is None:
                self._refused(node, rule, result)
                return rebuilt
            new = result
        elif target.startswith("Var."):
            if target == f"Var.{node.attr.value}":
                self._count("kept")
                return rebuilt
            new = node.with_changes(value=value, attr=cst.Name(target.removeprefix("Var.")))
        elif target.startswith("python:"):
            new = apply.path(target.removeprefix("python:"))
        else:
            new = cst.Call(func=apply.path(target), args=[cst.Arg(value)])
        self._edit(node, new, mark)
        self._converted(node, rule, kind.evidence)
        return new

    def _reference(self, node: cst.Name | cst.Attribute, qual: str) -> cst.BaseExpression:
        if not is_torch(qual):
            return node
        rule = self.registry.get(qual)
        if rule is None:
            inherited = self._class_attribute(node, qual)
            if inherited is not None:
                return inherited
            if qual in MODULE_PATHS or qual in ("torch.cuda", "torchvision", "torchvision.models"):
                self._find(node, "JC104", f"the module {qual} itself is used as a value", qual)
                self._count("needs you")
            else:
                self._find(node, "JC101", qual, qual)
                self._count("unknown")
            self._keep_root(node)
            return node
        if rule.answer is Answer.NEEDS_YOU:
            self._needs_you(node, rule)
            self._keep_root(node)
            return node
        target = rule.value_to or apply.target_of(rule)
        new: cst.BaseExpression | None = None
        if not rule.signature and rule.action is not None:
            made = rule.action(self._use(rule, node, None, apply.Bound(), {}, node))
            new = made if isinstance(made, cst.BaseExpression) else None
        elif not rule.signature and target.startswith("python:"):
            new = apply.path(target.removeprefix("python:"))
        elif rule.value_to:
            new = apply.path(rule.value_to)
        elif rule.action is None and target.partition(".")[0] in ("jittor", "helpers"):
            if not (rule.rename or rule.drop or rule.refuse or rule.write):
                new = apply.path(target)
        if new is None:
            self._find(node, "JC104", f"{qual} is used as a value", qual)
            self._count("needs you")
            self._keep_root(node)
            return node
        self._edit(node, new)
        self._converted(node, rule)
        return new

    def _class_attribute(self, node: cst.Name | cst.Attribute, qual: str) -> cst.BaseExpression | None:
        """``nn.Module.__init__`` and the like: an attribute of a class that a rule knows."""
        owner, _, name = qual.rpartition(".")
        rule = self.registry.get(owner)
        if not isinstance(node, cst.Attribute) or rule is None or rule.returns != "module":
            return None
        target = rule.value_to or apply.target_of(rule)
        if name not in ("__init__", "forward", "__call__", "__name__", "extra_repr") or target.partition(".")[
            0
        ] not in ("jittor", "helpers"):
            return None
        new = cst.Attribute(value=apply.path(target), attr=cst.Name("execute" if name == "forward" else name))
        self._edit(node, new)
        self._converted(node, rule)
        return new

    # calls

    def _call(self, node: cst.Call) -> cst.BaseExpression:
        mark = len(self.changes.edits)
        unused = self._value_unused is node
        self._value_unused = None
        qual = self.facts.api.get(node.func)
        if qual and is_torch(qual) and self.registry.get(qual) is not None:
            rule = self.registry.get(qual)
            assert rule is not None
            args = [self._part(arg) for arg in node.args]
            rebuilt = (
                node.with_changes(args=args) if any(a is not b for a, b in zip(args, node.args, strict=True)) else node
            )
            return self._apply(node, rebuilt, rule, None, UNKNOWN, mark, unused)
        if not qual and isinstance(node.func, cst.Attribute):
            found = self._method(node, node.func, mark, unused)
            if found is not None:
                return found
        return self._expression(self._rebuild(node))

    def _method(self, node: cst.Call, func: cst.Attribute, mark: int, unused: bool) -> cst.BaseExpression | None:
        kind = self._kind(func.value)
        owner = owner_of(kind)
        name = func.attr.value
        guessed = False
        if not owner and kind.name == "unknown":
            rule = self.registry.get(f"torch.Tensor.{name}")
            if rule is None or name in _SHARED_METHODS or rule.keep or not self.facts.imports_torch or self.facts.mixed:
                return None
            if not self.guess:
                self._find(
                    node,
                    "JC201",
                    f".{name}() of an unknown value; torch.Tensor.{name} differs in Jittor",
                    rule.api,
                    Evidence.UNKNOWN,
                )
                self._count("unknown")
                return None
            owner, guessed = "torch.Tensor", True
        rule = self.registry.get(f"{owner}.{name}") if owner else None
        if rule is None or (not rule.signature and rule.answer is not Answer.NEEDS_YOU):
            return None  # attributes and unknown methods are answered by _attribute
        base = func.value
        if owner == "torch.Tensor" and name.endswith("_") and not name.endswith("__"):
            base = self._in_place_base(node, func.value, kind)
        receiver = self.rw(base)
        args = [self._part(arg) for arg in node.args]
        changed = receiver is not func.value or any(a is not b for a, b in zip(args, node.args, strict=True))
        rebuilt = node.with_changes(func=func.with_changes(value=receiver), args=args) if changed else node
        if guessed:
            self._find(node, "JC204", f"{rule.api} by its name", rule.api, Evidence.UNKNOWN)
        return self._apply(node, rebuilt, rule, receiver, kind, mark, unused)

    def _in_place_base(self, node: cst.Call, receiver: cst.BaseExpression, kind: Kind) -> cst.BaseExpression:
        """``w.data.normal_()`` changes ``w``; an in-place method on any other view is reported."""
        if isinstance(receiver, cst.Attribute) and receiver.attr.value == "data":
            if self.facts.kind(receiver.value).name == "tensor":
                return receiver.value
        elif kind.view and not isinstance(receiver, cst.Subscript):
            self._find(node, "JC203", f"{_brief(receiver)} shares storage with {kind.view}", "torch.Tensor")
        return receiver

    def _apply(
        self,
        node: cst.Call,
        rebuilt: cst.Call,
        rule: Rule,
        receiver: cst.BaseExpression | None,
        kind: Kind,
        mark: int,
        unused: bool,
    ) -> cst.BaseExpression:
        if rule.answer is Answer.NEEDS_YOU:
            self._needs_you(node, rule, kind.evidence if receiver is not None else Evidence.CERTAIN)
            self._keep_call_root(node, receiver)
            return rebuilt
        if rule.to == "remove:statement":
            if unused:
                self._find(node, "JC402", f"{rule.api}(...) was removed", rule.api)
                self._count("rewritten")
                return _REMOVED
            self._find(node, "JC104", f"the value of {rule.api} is used", rule.api)
            self._keep_call_root(node, receiver)
            return rebuilt
        bound = apply.bind(rule.parameters, rebuilt.args)
        original = apply.bind(rule.parameters, node.args)
        kinds = {name: self.facts.kind(arg.value).describe() for name, arg in original.given.items()}
        if receiver is not None:
            kinds["self"] = kind.describe()
        use = self._use(rule, rebuilt, receiver, bound, kinds, node)
        use.is_statement = unused
        result = (
            Refusal(bound.problem) if bound.problem and rule.action is not None else apply.apply_call(rule, use, bound)
        )
        if isinstance(result, Refusal) or result is None:
            self._refused(node, rule, result)
            self._keep_call_root(node, receiver)
            return rebuilt
        if result is rebuilt and receiver is not None:
            self._count("kept")
            if kind.evidence is Evidence.LIKELY:
                self._note_likely(node, rule, kind)
            if rebuilt is not node:
                self._edit(node, rebuilt, mark)
            return rebuilt
        new = result
        if node.lpar and not getattr(new, "lpar", ()):
            new = new.with_changes(lpar=node.lpar, rpar=node.rpar)
        self._edit(node, new, mark)
        self._converted(node, rule, kind.evidence if receiver is not None else Evidence.CERTAIN)
        for note in use.notes:
            self._find(node, "JC401", note, rule.api)
        return new

    def _keep_call_root(self, node: cst.Call, receiver: cst.BaseExpression | None) -> None:
        if receiver is None:
            self._keep_root(node.func)

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
            optimizers=self._optimizers(self.facts.scopes.get(original)),
            path=apply.path,
        )

    def _optimizers(self, scope: Scope | None) -> list[cst.BaseExpression]:
        """Expressions of the optimizers that can be seen from a scope."""
        found: dict[str, cst.BaseExpression] = {}
        for current in scope.chain() if scope is not None else ():
            for name, kind in current.names.items():
                if kind.name == "optimizer" and current.kind != "class":
                    found.setdefault(name, cst.Name(name))
                elif kind.name == "instance" and name == "self" and isinstance(kind.definition, ClassInfo):
                    for attribute, inner in kind.definition.attributes.items():
                        if inner.name == "optimizer":
                            found.setdefault(f"self.{attribute}", cst.Attribute(cst.Name("self"), cst.Name(attribute)))
            if found and current.kind == "function" and isinstance(current.owner, FunctionInfo):
                break  # the nearest function that knows optimizers decides
        return list(found.values())

    # operators

    def _binary(self, node: cst.BinaryOperation) -> cst.BaseExpression:
        mark = len(self.changes.edits)
        left, right = self.rw(node.left), self.rw(node.right)
        rebuilt = (
            node.with_changes(left=left, right=right) if left is not node.left or right is not node.right else node
        )
        operator = _OPERATORS.get(type(node.operator), "")
        left_kind, right_kind = self._kind(node.left), self._kind(node.right)
        if left_kind.name == "tensor":
            rule, receiver, other, kind = self.registry.get(f"torch.Tensor.__{operator}__"), left, right, left_kind
        elif right_kind.name == "tensor":
            rule, receiver, other, kind = self.registry.get(f"torch.Tensor.__r{operator}__"), right, left, right_kind
        else:
            return rebuilt
        if rule is None:
            return rebuilt
        new = self._operator_call(rebuilt, rule, receiver, other, kind)
        if new is None:
            self._find(node, "JC103", f"{_brief(node)}: this operator differs in Jittor", rule.api)
            return rebuilt
        if new is rebuilt:
            return rebuilt
        if node.lpar:
            new = new.with_changes(lpar=node.lpar, rpar=node.rpar)
        self._edit(node, new, mark)
        self._converted(node, rule, kind.evidence)
        return new

    def _operator_call(
        self,
        rebuilt: cst.BaseExpression,
        rule: Rule,
        receiver: cst.BaseExpression,
        other: cst.BaseExpression,
        kind: Kind,
    ) -> cst.BaseExpression | None:
        call = cst.Call(func=cst.Attribute(receiver, cst.Name(rule.name)), args=[cst.Arg(other)])
        if rule.action is not None:
            use = self._use(
                rule, call, receiver, apply.bind(rule.parameters, call.args), {"self": kind.describe()}, rebuilt
            )
            made = rule.action(use)
            return rebuilt if made is call else made if isinstance(made, cst.BaseExpression) else None
        if rule.keep:
            return rebuilt
        use = self._use(rule, call, receiver, apply.bind(rule.parameters, call.args), {}, rebuilt)
        made = apply.apply_call(rule, use, apply.bind(rule.parameters, call.args))
        return made if isinstance(made, cst.BaseExpression) else None

    def _subscript(self, node: cst.Subscript) -> cst.BaseExpression:
        """``labels[i]`` in a data set's ``__getitem__``: Torch makes a scalar, which a loader stacks to one dimension.

        Jittor's has the shape [1], so it is marked for the loader, which would otherwise make a column of it.
        """
        mark = len(self.changes.edits)
        new = self._expression(self._rebuild(node))
        kind = self._kind(node.value)
        only = node.slice[0].slice if len(node.slice) == 1 else None
        if not (self._in_dataset_item and kind.name == "tensor" and isinstance(only, cst.Index)):
            return new
        if self.facts.kind(only.value).name not in ("int", "unknown") or not isinstance(new, cst.Subscript):
            return new
        index = new.slice[0].slice
        assert isinstance(index, cst.Index)
        call = cst.Call(func=apply.path("helpers.row_of"), args=[cst.Arg(new.value), cst.Arg(index.value)])
        self._edit(node, call, mark)
        return call

    def _unary(self, node: cst.UnaryOperation) -> cst.BaseExpression:
        mark = len(self.changes.edits)
        inner = self.rw(node.expression)
        rebuilt = node.with_changes(expression=inner) if inner is not node.expression else node
        kind = self._kind(node.expression)
        if not isinstance(node.operator, cst.BitInvert) or kind.name != "tensor":
            return rebuilt
        rule = self.registry.get("torch.Tensor.__invert__")
        if rule is None:
            self._find(node, "JC202", "~ on a tensor", "torch.Tensor.__invert__", kind.evidence)
            return rebuilt
        call = cst.Call(func=apply.path(rule.to), args=[cst.Arg(inner)])
        new = call.with_changes(lpar=node.lpar, rpar=node.rpar)
        self._edit(node, new, mark)
        self._converted(node, rule, kind.evidence)
        return new

    # ---------------------------------------------------------------- answers

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


def _brief(node: cst.CSTNode) -> str:
    """An expression as one short line for a message."""
    text = " ".join(line.split("#")[0].strip() for line in code(node).splitlines())
    return text if len(text) <= 60 else text[:57] + "..."


class _Removed(cst.Name):
    """Stands for an expression statement that disappears."""


_REMOVED = _Removed("__jack_removed__")
__all__ = ["Changes", "Finding", "Rewriter", "TorchImport", "canonical", "children"]
