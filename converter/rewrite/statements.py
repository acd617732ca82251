"""The walk over the statements of a file."""

from __future__ import annotations

import libcst as cst

from converter import apply
from converter.flow import MODULE_PATHS, Facts
from converter.rewrite.changes import Changes, Removed
from converter.rewrite.imports import Imports
from converter.rules.base import Registry
from converter.tree import walk


class Rewriter(Imports):
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
        super().__init__(tree, facts, registry, guess, exported, own_package)
        self._handlers = {
            cst.Name: self._name,
            cst.Attribute: self._attribute,
            cst.Call: self._call,
            cst.BinaryOperation: self._binary,
            cst.UnaryOperation: self._unary,
            cst.Comparison: self._comparison,
            cst.Subscript: self._subscript,
            cst.FormattedString: self._formatted,
            cst.Dict: self._dict_keys,
            cst.Tuple: self._collection,
            cst.List: self._collection,
            cst.Set: self._collection,
            cst.ListComp: self._comprehension,
            cst.SetComp: self._comprehension,
            cst.DictComp: self._comprehension,
            cst.GeneratorExp: self._comprehension,
        }

    def run(self) -> Changes:
        for statement in self.tree.body:
            self._statement(statement)
            if self.changes.imports and not _only_imports(statement):
                self.imports_over = True
        return self.changes

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
                loops, self._loops = self._loops, []
                self._in_dataset_item = node in self.facts.dataset_items
                self._without_gradients = any(self._stops_gradients(d.decorator) for d in node.decorators)
                self._statement(node.body)
                self._in_dataset_item, self._without_gradients = outside
                self._loops = loops
            case cst.ClassDef():
                self.statement = node
                self._decorators(node)
                self._autograd_function(node)
                for base in node.bases:
                    if self.facts.api.get(base.value) in ("torch.Tensor", "torch.nn.Parameter"):
                        api = self.facts.api[base.value]
                        self._find(base, "JC102", f"a class of one's own that extends {api}: Jittor's cannot be", api)
                        self._count("needs you")
                self._class_attributes |= {
                    small.value
                    for line in node.body.body
                    if isinstance(line, cst.SimpleStatementLine)
                    for small in line.body
                    if isinstance(small, cst.Assign | cst.AnnAssign) and small.value is not None
                }
                self._parts(node, skip=("decorators", "body", "name"))
                self._statement(node.body)
            case cst.BaseCompoundStatement():
                self.statement = node
                if isinstance(node, cst.For):
                    self._iterated.add(node.iter)
                self._parts(node, skip=("body", "orelse", "finalbody", "handlers"))
                body = getattr(node, "body", None)
                if isinstance(body, cst.CSTNode):
                    before = self._without_gradients
                    if isinstance(node, cst.With):
                        self._without_gradients = before or any(self._stops_gradients(i.item) for i in node.items)
                    if isinstance(node, cst.For | cst.While):
                        self._loops.append(node)
                        self._statement(body)
                        self._loops.pop()
                    else:
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

    def _small(self, node: cst.CSTNode, line: cst.CSTNode) -> None:
        match node:
            case cst.Import() | cst.ImportFrom():
                self._import(node, line)
            case cst.Expr():
                self._value_unused = node.value
                new = self.rw(node.value)
                if isinstance(new, Removed):
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
                    self._name_listed_types(node.value)
                    self.rw(node.value)
            case cst.AnnAssign():
                self._target(node.target)
                self.rw(node.annotation.annotation)
                if node.value is not None:
                    self._name_listed_types(node.value)
                    self.rw(node.value)
            case cst.AugAssign():
                self._augmented(node)
            case cst.Del():
                self._target(node.target)
            case _:
                self._parts(node)

    def _decorators(self, node: cst.FunctionDef | cst.ClassDef) -> None:
        for decorator in node.decorators:
            expression = decorator.decorator
            name = expression.func if isinstance(expression, cst.Call) else expression
            rule = self.registry.get(self.facts.api.get(name, ""))
            if rule is not None and rule.to in ("remove:decorator", "remove:statement"):
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
            for part in walk(node):
                if isinstance(part, cst.Attribute) and part.attr.value == "mark_dirty":
                    text = f"class {node.name.value} changes its inputs in place"
                    self._find(part, "JC302", text, "torch.autograd.Function")
                elif isinstance(part, cst.FunctionDef) and part.name.value in ("jvp", "vmap"):
                    text = f"class {node.name.value} has a method {part.name.value}, which nothing calls"
                    self._find(part, "JC302", text, "torch.autograd.Function")


def _only_imports(statement: cst.CSTNode) -> bool:
    small = statement.body if isinstance(statement, cst.SimpleStatementLine) else (statement,)
    return all(isinstance(node, cst.Import | cst.ImportFrom) for node in small)
