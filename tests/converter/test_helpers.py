"""The helper module that is written beside an output."""

from __future__ import annotations

import ast
import sys

import pytest

from converter import helpers, rules
from converter.apply import target_of


def test_every_target_is_defined() -> None:
    known = helpers.library().definitions
    for rule in rules.load():
        for target in (target_of(rule), rule.value_to, rule.assign):
            if target.startswith("helpers."):
                assert target.split(".")[1] in known, f"{rule.api} -> {target}"


@pytest.mark.parametrize("name", sorted(helpers.library().definitions))
def test_every_helper_stands_alone(name: str) -> None:
    """Rendered by itself it parses, and imports only what every converted program has."""
    source = helpers.render([name])
    tree = ast.parse(source)
    allowed = sys.stdlib_module_names | {"jittor", "jittor_utils", "numpy"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            roots = {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            roots = {(node.module or "").partition(".")[0]}
        else:
            continue
        inside = set() if node in tree.body else {"PIL"}  # what works on images asks for Pillow when it is called
        assert roots <= allowed | inside, f"{name} imports {roots}"
    assert any(name in (getattr(n, "name", None), *_targets(n)) for n in tree.body)


def _targets(node: ast.stmt) -> list[str]:
    targets = [*getattr(node, "targets", []), getattr(node, "target", None)]
    return [t.id for t in targets if isinstance(t, ast.Name)]


def test_unknown_helper() -> None:
    with pytest.raises(KeyError):
        helpers.render(["no_such_helper"])
