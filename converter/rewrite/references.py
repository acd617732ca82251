"""Names and attributes that are used as values: ``torch.float32``, ``x.shape``, ``act=nn.ReLU``."""

from __future__ import annotations

import libcst as cst

from converter import apply
from converter.flow import MODULE_PATHS, ClassInfo, owner_of
from converter.kinds import LIKELY_TENSOR, TENSOR_ATTRIBUTES, Evidence, Kind
from converter.names import is_torch
from converter.rewrite.base import State, brief
from converter.rules.base import Answer, Refusal, Rule

# Attributes of tensors that Jittor's Var has too, with another meaning (``data`` is a NumPy array).
_TELLTALE = frozenset({"data", "grad"})
_SETTINGS = frozenset(
    {"self", "cls", "args", "cfg", "config", "opt", "opts", "options", "params", "hparams", "settings"}
)
# What rules return that stand for a class of Torch's.
_CLASSES = frozenset({"module", "optimizer", "scheduler", "loader", "dataset", "device", "other"})
_WITH_ATTRIBUTES = (
    "torch.Tensor",
    "torch.optim.Optimizer",
    "torch.optim.lr_scheduler.LRScheduler",
    "torch.Size",
    "torch.dtype",
)


class References(State):
    """Torch's names and the attributes of its objects, where they are not called."""

    def _name(self, node: cst.Name) -> cst.BaseExpression:
        qual = self.facts.api.get(node)
        if qual:
            return self._reference(node, qual)
        other = self.facts.either.get(node)
        if other and node.value in self.facts.torch_imports and is_torch(other):
            self._find(node, "JC104", f"{node.value} is {other} or, by another branch, something else", other)
            self._count("needs you")
            self._keep_root(node)
        return node

    def _attribute(self, node: cst.Attribute) -> cst.BaseExpression:
        qual = self.facts.api.get(node)
        if qual and not self._attribute_of_constant(node):
            return self._reference(node, qual)
        mark = len(self.changes.edits)
        value = self.rw(node.value)
        kind = self._kind(node.value)
        owner = owner_of(kind)
        name = node.attr.value
        self._asked_for_dimensions(node, kind)
        if name in ("shape", "ndim") and (asked := self._dimensions_of_part(node, kind, name, value, mark)) is not None:
            return asked
        if name == "forward" and (owner == "torch.nn.Module" or self._is_super_of_module(kind)):
            new: cst.BaseExpression = node.with_changes(value=value, attr=cst.Name("execute"))
            self._edit(node, new, mark)
            return new
        if owner in _WITH_ATTRIBUTES:
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
        elif kind.name == "unknown" and name == "device" and self._has_device(node.value):
            # The helper takes what is no tensor as well, so that no evidence is needed.
            rule = self.registry.get("torch.Tensor.device")
            assert rule is not None
            return self._apply_attribute(node, value, rule, LIKELY_TENSOR, mark)
        elif kind.name == "unknown" and name in _TELLTALE and self._may_be_tensor(node.value):
            api = f"torch.Tensor.{name}"
            self._find(node, "JC201", f".{name} of an unknown value; {api} differs in Jittor", api, Evidence.UNKNOWN)
            self._count("unknown")
        return node.with_changes(value=value) if value is not node.value else node

    def _attribute_of_constant(self, node: cst.Attribute) -> bool:
        """``torch.__version__.split``: a method of the text that stands there."""
        rule = self.registry.get(self.facts.api.get(node.value, ""))
        return rule is not None and rule.returns == "str" and not rule.signature

    def _asked_for_dimensions(self, node: cst.Attribute, kind: Kind) -> None:
        """``loss.shape``, ``loss.dim()``: a tensor without dimensions has one in Jittor."""
        if kind.name == "tensor" and kind.scalar and node.attr.value in ("shape", "ndim", "dim", "size", "ndimension"):
            text = f"{brief(node)} of a tensor without dimensions, which has one element in one axis in Jittor"
            self._find(node, "JC103", text, f"torch.Tensor.{node.attr.value}", kind.evidence)

    def _dimensions_of_part(
        self, node: cst.BaseExpression, kind: Kind, name: str, value: cst.BaseExpression, mark: int
    ) -> cst.BaseExpression | None:
        """``v[i].shape``, ``v[i].dim()``: a single element has no dimension in Torch, and is marked as one."""
        if kind.name != "tensor" or not (kind.rows or kind.derived) or node in self.facts.indexed:
            return None
        helper = apply.path("helpers.row_shape" if kind.rows else "helpers.derived_shape")
        new: cst.BaseExpression = cst.Call(func=helper, args=[cst.Arg(value)])
        if name not in ("shape", "size"):
            new = cst.Call(func=cst.Name("len"), args=[cst.Arg(new)])
        self._edit(node, new, mark)
        self._count("rewritten")
        return new

    def _asked_for_none(self, node: cst.Comparison) -> None:
        """``x.ndim == 0``, ``len(x.shape) < 1``, ``x.shape == ()``: never true in Jittor."""
        if len(node.comparisons) != 1:
            return
        operator, value = node.comparisons[0].operator, node.comparisons[0].comparator
        number = value.value if isinstance(value, cst.Integer) else ""
        none = isinstance(value, cst.Tuple | cst.List) and not value.elements
        asked = node.left
        if isinstance(asked, cst.Call) and isinstance(asked.func, cst.Name) and asked.func.value == "len":
            asked = asked.args[0].value if asked.args else asked
            names: tuple[str, ...] = ("shape", "size")
        else:
            names = ("shape", "size") if none else ("ndim", "dim", "ndimension")
        asked = asked.func if isinstance(asked, cst.Call) and not asked.args else asked
        if not (none or number == "0" or number == "1" and isinstance(operator, cst.LessThan | cst.GreaterThanEqual)):
            return
        if not isinstance(asked, cst.Attribute) or asked.attr.value not in names:
            return
        kind = self._kind(asked.value)
        if kind.name == "tensor" and not kind.scalar:  # of what is known to have none, _asked_for_dimensions tells
            text = f"{brief(node)}: a tensor without dimensions in Torch has one, of one element, in Jittor"
            self._find(node, "JC401", text, f"torch.Tensor.{asked.attr.value}", kind.evidence)

    def _may_be_tensor(self, node: cst.BaseExpression) -> bool:
        """An unknown value in a file of Torch's that is no part of an imported module."""
        root = node
        while isinstance(root, cst.Attribute):
            root = root.value
        foreign = self.facts.kind(root).name in ("other", "numpy")
        return self.facts.imports_torch and not self.facts.mixed and not foreign

    def _has_device(self, node: cst.BaseExpression) -> bool:
        """Whether ``.device`` of this unknown value may be a tensor's, and not a setting of a program."""
        settings = isinstance(node, cst.Name) and node.value in _SETTINGS
        return not settings and self._may_be_tensor(node)

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
        if (named := self._named_type(node, qual)) is not None:
            return named
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
        if node in self._class_attributes and rule.signature and rule.returns not in _CLASSES:
            # Torch's functions do not become methods; those of Python do, and would be given the object first.
            new = cst.Call(func=cst.Name("staticmethod"), args=[cst.Arg(new)])
        self._edit(node, new)
        self._converted(node, rule)
        return new

    def _named_type(self, node: cst.Name | cst.Attribute, qual: str) -> cst.BaseExpression | None:
        return None

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
