"""Helpers: what a converted program may need and Jittor cannot express in a line.

The library is ordinary Python (``library/*.py``), read here as text: this package never imports Jittor.  Only the
definitions that a program uses, and the library definitions these use, are written into one module beside it.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LIBRARY = Path(__file__).parent / "library"
MODULE_NAME = "jittor_helpers"
# What every helper module holds, whatever it was made for.
ALWAYS = ("IEEE_ARITHMETIC", "FORGIVING_SLICES", "UNSIGNED_BYTES")

_HEADER = '''"""What this program needs beyond Jittor's own functions, to compute what its PyTorch original computes.

Written by jack-convert next to the converted files, with only the parts that they use. It needs nothing but
Jittor and NumPy; you may edit it, and it is replaced when you convert again.
"""
'''


@dataclass(frozen=True, slots=True)
class Definition:
    """One top-level definition of the library."""

    name: str
    text: str
    uses: frozenset[str]
    file: str
    order: tuple[str, int]


@dataclass(frozen=True, slots=True)
class Library:
    """All definitions by name, and the imports that library files make."""

    definitions: dict[str, Definition]
    imports: dict[str, str]  # local name -> import statement


def _names_used(node: ast.AST) -> frozenset[str]:
    return frozenset(n.id for n in ast.walk(node) if isinstance(n, ast.Name))


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [t.id for t in node.targets if isinstance(t, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    return []


@cache
def library() -> Library:
    """Read the library once.

    Raises:
        ValueError: when two files define the same name, or a file holds a statement that is no definition.
    """
    definitions: dict[str, Definition] = {}
    imports: dict[str, str] = {}
    for path in sorted(LIBRARY.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        lines = text.splitlines()
        tree = ast.parse(text)
        previous_end = 0
        for number, node in enumerate(tree.body):
            if isinstance(node, ast.Import | ast.ImportFrom):
                module = getattr(node, "module", "") or ""
                if not (module.startswith("converter.") or module == "__future__"):
                    for alias in node.names:
                        local = alias.asname or alias.name.partition(".")[0]
                        single = ast.unparse(
                            ast.Import([alias])
                            if isinstance(node, ast.Import)
                            else ast.ImportFrom(node.module, [alias], node.level)
                        )
                        imports[local] = single
                previous_end = node.end_lineno or 0
                continue
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                previous_end = node.end_lineno or 0
                continue
            names = _defined(node)
            if not names:
                raise ValueError(f"{path.name}:{node.lineno}: only definitions may stand in the helper library")
            start = node.lineno
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.decorator_list:
                start = node.decorator_list[0].lineno
            while start - 1 > previous_end and lines[start - 2].lstrip().startswith("#"):
                start -= 1
            block = "\n".join(lines[start - 1 : node.end_lineno])
            for name in names:
                if name in definitions:
                    raise ValueError(f"{path.name}: {name} is defined in {definitions[name].file} too")
                definitions[name] = Definition(name, block, _names_used(node), path.name, (path.name, number))
            previous_end = node.end_lineno or 0
    return Library(definitions, imports)


def closure(names: Iterable[str]) -> list[Definition]:
    """The named definitions and all that they use, in the library's order.

    Raises:
        KeyError: for a name that the library does not define.
    """
    known = library().definitions
    wanted: dict[str, Definition] = {}
    stack = sorted(set(names))
    while stack:
        name = stack.pop()
        if name in wanted:
            continue
        wanted[name] = known[name]
        stack.extend(used for used in known[name].uses if used in known and used not in wanted)
    return _ordered(wanted)


def _ordered(wanted: dict[str, Definition]) -> list[Definition]:
    """Library order, except that what a definition needs when it is executed (bases, decorators) comes first."""
    done: dict[tuple[str, int], Definition] = {}
    needs = {name: _needed_at_once(d) & wanted.keys() for name, d in wanted.items()}
    visiting: set[str] = set()

    def visit(name: str) -> None:
        definition = wanted[name]
        if definition.order in done or name in visiting:
            return
        visiting.add(name)
        for other in sorted(needs[name], key=lambda n: wanted[n].order):
            visit(other)
        done.setdefault(definition.order, definition)

    for name in sorted(wanted, key=lambda n: wanted[n].order):
        visit(name)
    return list(done.values())


def _needed_at_once(definition: Definition) -> set[str]:
    """Names used while the definition itself is executed: base classes, decorators, defaults, values."""
    node = ast.parse(definition.text).body[0]
    if isinstance(node, ast.FunctionDef):
        parts: list[ast.AST] = [*node.decorator_list, *node.args.defaults, *(d for d in node.args.kw_defaults if d)]
    elif isinstance(node, ast.ClassDef):
        parts = [*node.bases, *node.decorator_list, *(k.value for k in node.keywords)]
        for inner in node.body:
            if isinstance(inner, ast.FunctionDef):
                parts += [*inner.decorator_list, *inner.args.defaults, *(d for d in inner.args.kw_defaults if d)]
            else:
                parts.append(inner)
    else:
        parts = [node]
    return {name for part in parts for name in _names_used(part)}


def is_rendered(text: str) -> bool:
    """Whether this is a helper module, as :func:`render` writes it."""
    return text.startswith(_HEADER.partition("\n")[0])


def used_in(text: str) -> set[str]:
    """Helpers that a converted file uses."""
    found = re.search(rf"\bimport {MODULE_NAME} as (\w+)", text)
    names = set(re.findall(rf"\b{found[1]}\.(\w+)", text)) if found else set()
    return names & library().definitions.keys()


def render(names: Iterable[str]) -> str:
    """Source of the helper module that holds these helpers, what they need, and what every such module holds."""
    chosen = closure([*names, *ALWAYS])
    used = {name for d in chosen for name in d.uses}
    statements = sorted({text for local, text in library().imports.items() if local in used}, key=_import_order)
    blocks = "\n\n\n".join(d.text if "\n" in d.text else d.text for d in chosen)
    return f"{_HEADER}\nfrom __future__ import annotations\n\n" + "\n".join(statements) + "\n\n\n" + blocks + "\n"


def render_shared(names: Iterable[str]) -> str:
    """The helper module of a program that imports it under several names: all of them become the first one loaded."""
    text = render(sorted(names)).replace("\nfrom __future__ import annotations\n\n", _SYS, 1)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return text + _ONE_MODULE.format(name=f"{MODULE_NAME} {digest}")


_SYS = "\nfrom __future__ import annotations\n\nimport sys as _sys\n"
_ONE_MODULE = """

# This program has several copies of this file, one for each package.  Parameters and classes of one copy would mean
# nothing to another, so whichever is imported first takes the place of the others.
_sys.modules[__name__] = _sys.modules.setdefault("{name}", _sys.modules[__name__])
"""


def _import_order(statement: str) -> tuple[int, str]:
    third_party = any(word in statement for word in ("numpy", "jittor"))
    return (1 if third_party else 0, statement)
