"""Questions whether a module of Torch has something: ``hasattr(F, "scaled_dot_product_attention")``."""

from __future__ import annotations

import re

import libcst as cst

from converter.flow import MODULE_PATHS
from converter.rewrite.references import References
from converter.rules.base import Answer

# Modules that are asked for, beside those that Jittor has, too.
_MODULES = re.compile(
    r"torch\.(compiler|_C|_dynamo|backends|cuda|mps|amp|jit|fx|ops|distributed|version|overrides)(\.\w+)*"
)


class Questions(References):
    """``hasattr`` and ``getattr`` with a default: the answer is whether the converter has an equal.

    Programs ask so before they use what only newer versions of Torch have, and bring a way of their own for the others.
    """

    def _asked_of_module(self, node: cst.Call) -> cst.BaseExpression | None:
        """The answer; None when this is no such question."""
        name = node.func.value if isinstance(node.func, cst.Name) else ""
        plain = all(arg.keyword is None and not arg.star for arg in node.args)
        if (name, len(node.args)) not in (("hasattr", 2), ("getattr", 3)) or not plain:
            return None
        api = self._member(node.args[0].value, node.args[1].value)
        if not api:
            return None
        if name == "hasattr":
            return self._answered(node, api, cst.Name(str(self._has(api))))
        return None if self._has(api) else self._answered(node, api, self.rw(node.args[2].value))

    def _looked_up_in_module(self, node: cst.Comparison) -> cst.BaseExpression | None:
        """The same of ``"silu" in dir(torch.nn.functional)`` and ``"silu" in F.__dict__``."""
        target = node.comparisons[0]
        inside, names = target.comparator, target.operator
        if len(node.comparisons) != 1 or not isinstance(names, cst.In | cst.NotIn):
            return None
        if isinstance(inside, cst.Call) and isinstance(inside.func, cst.Name) and len(inside.args) == 1:
            module = inside.args[0].value if inside.func.value in ("dir", "vars") else None
        else:
            is_dict = isinstance(inside, cst.Attribute) and inside.attr.value == "__dict__"
            module = inside.value if is_dict and isinstance(inside, cst.Attribute) else None
        api = self._member(module, node.left) if module is not None else ""
        return self._answered(node, api, cst.Name(str(self._has(api) is isinstance(names, cst.In)))) if api else None

    def _member(self, module: cst.BaseExpression, name: cst.BaseExpression) -> str:
        """The full name of what is asked for; empty when that is nothing of a module of Torch."""
        path = self.facts.api.get(module, "")
        if not isinstance(name, cst.SimpleString) or not (path in MODULE_PATHS or _MODULES.fullmatch(path)):
            return ""
        return f"{path}.{name.evaluated_value!s}"

    def _has(self, api: str) -> bool:
        rule = self.registry.get(api)
        return rule is not None and rule.answer is not Answer.NEEDS_YOU or api in MODULE_PATHS

    def _answered(self, node: cst.BaseExpression, api: str, new: cst.BaseExpression) -> cst.BaseExpression:
        known = self._has(api)
        self._edit(node, new)
        self._count("rewritten")
        self._find(node, "JC401", f"whether Torch has {api}: {'yes' if known else 'no'}, its equal is asked for", api)
        return new
