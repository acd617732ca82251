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
        module, text = self.facts.api.get(node.args[0].value, ""), node.args[1].value
        if not isinstance(text, cst.SimpleString) or not (module in MODULE_PATHS or _MODULES.fullmatch(module)):
            return None
        api = f"{module}.{text.evaluated_value!s}"
        rule = self.registry.get(api)
        known = rule is not None and rule.answer is not Answer.NEEDS_YOU
        if name == "hasattr":
            known = known or api in MODULE_PATHS
            new: cst.BaseExpression = cst.Name(str(known))
        elif not known:
            new = self.rw(node.args[2].value)
        else:
            return None
        self._edit(node, new)
        self._count("rewritten")
        self._find(node, "JC401", f"whether Torch has {api}: {'yes' if known else 'no'}, its equal is asked for", api)
        return new
