"""Names: what each name is bound to, from imports, assignments, functions, classes and their scopes.

A name is Torch's only where an import says so.  A user's own package called ``datasets`` or ``mytorch_utils``
never matches, because what is compared is the first part of the imported module's full name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import libcst as cst

from converter.kinds import IMPORTED, OTHER, UNKNOWN, Kind
from converter.tree import dotted

ROOTS = frozenset({"torch", "torchvision", "torchaudio", "einops"})
MENTIONS_TORCH = re.compile(r"\btorch(?:vision|audio)?\b")
IMPORTS_TORCH = re.compile(r"(?:^|[:;])[ \t]*(?:from|import)\b[^\n#]*\btorch(?:vision|audio)?\b", re.MULTILINE)
_NUMERIC = frozenset({"numpy", "scipy", "np"})

# Torch's own second spellings of one object.
_CANONICAL = [
    (re.compile(r"^torch\.nn\.modules\.(?:\w+\.)?([A-Z]\w*)$"), r"torch.nn.\1"),
    (re.compile(r"^torch\.nn\.parameter\.(\w+)$"), r"torch.nn.\1"),
    (re.compile(r"^torch\.optim\.(?:sgd|adamw?|rmsprop|ada\w+|nadam|optimizer)\.(\w+)$"), r"torch.optim.\1"),
    (re.compile(r"^torch\.utils\.data\.(?:dataset|dataloader|sampler|distributed)\.(\w+)$"), r"torch.utils.data.\1"),
    (re.compile(r"^torch\.optim\.lr_scheduler\._LRScheduler$"), "torch.optim.lr_scheduler.LRScheduler"),
    (re.compile(r"^torch\.(?:FloatTensor|autograd\.Variable)\.(\w+)$"), r"torch.Tensor.\1"),
    (re.compile(r"^torch\.functional\.(\w+)$"), r"torch.\1"),
    (re.compile(r"^torch\.torch\.(.+)$"), r"torch.\1"),
    (re.compile(r"^torchvision\.ops\.(?!feature_pyramid)[a-z]\w+\.(\w+)$"), r"torchvision.ops.\1"),
    (re.compile(r"^torchvision\.ops\.feature_pyramid_network\.(FeaturePyramidNetwork)$"), r"torchvision.ops.\1"),
    (re.compile(r"^torchvision\.transforms\._presets\.(InterpolationMode\b)"), r"torchvision.transforms.\1"),
    (re.compile(r"^torchvision\.datasets\.[a-z]\w+\.((?!IMG_)[A-Z]\w*)$"), r"torchvision.datasets.\1"),
]  # fmt: skip


def canonical(name: str) -> str:
    """The one name under which rules know an object of Torch."""
    for pattern, replacement in _CANONICAL:
        name, count = pattern.subn(replacement, name)
        if count:
            break
    return name


def is_torch(name: str) -> bool:
    """Whether a full dotted name belongs to Torch's family."""
    return name.partition(".")[0] in ROOTS


@dataclass(slots=True, eq=False)
class Scope:
    """One namespace.  Class scopes are skipped when a name is looked up from a function inside them."""

    parent: Scope | None
    kind: str  # "module" | "function" | "class" | "comprehension"
    names: dict[str, Kind] = field(default_factory=dict)
    globals: set[str] = field(default_factory=set)
    owner: object = None  # ClassInfo or FunctionInfo

    def lookup(self, name: str) -> Kind:
        scope: Scope | None = self
        first = True
        while scope is not None:
            if name in scope.names and (first or scope.kind != "class"):
                return scope.names[name]
            if scope.kind != "comprehension":
                first = False
            scope = scope.parent
        return UNKNOWN

    def bind(self, name: str, kind: Kind) -> None:
        target: Scope = self
        if name in self.globals:
            while target.parent is not None:
                target = target.parent
        target.names[name] = kind

    def chain(self) -> Iterator[Scope]:
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent


@dataclass(frozen=True, slots=True)
class Imported:
    """One name bound by an import statement."""

    local: str
    qual: str  # full name of what the local name stands for
    alias: cst.ImportAlias


def module_of_import(node: cst.Import | cst.ImportFrom, local: str, kind: Kind) -> Kind:
    """``import datasets`` binds a module, which is no tensor; ``from x import y`` a module, function or class, unless
    it is spelled like a constant."""
    if kind is not UNKNOWN:
        return kind
    if isinstance(node, cst.Import):
        return OTHER
    return UNKNOWN if local.isupper() else IMPORTED


def imported_names(node: cst.Import | cst.ImportFrom) -> list[Imported]:
    """The names an import binds; relative imports are the user's own (``.`` stays in front)."""
    found: list[Imported] = []
    if isinstance(node, cst.Import):
        for alias in node.names:
            full = dotted(alias.name) or ""
            if alias.asname is not None:
                found.append(Imported(_as_text(alias), full, alias))
            else:
                root = full.partition(".")[0]
                found.append(Imported(root, root, alias))
        return found
    base = "." * len(node.relative) + (dotted(node.module) or "" if node.module is not None else "")
    if isinstance(node.names, cst.ImportStar):
        return found
    for alias in node.names:
        name = dotted(alias.name) or ""
        found.append(Imported(_as_text(alias) if alias.asname else name, f"{base}.{name}", alias))
    return found


def exported_names(tree: cst.Module) -> frozenset[str]:
    """The names in a literal ``__all__``."""
    found: set[str] = set()
    for statement in tree.body:
        for small in statement.body if isinstance(statement, cst.SimpleStatementLine) else ():
            if isinstance(small, cst.Assign) and any(dotted(t.target) == "__all__" for t in small.targets):
                for element in getattr(small.value, "elements", ()):
                    if isinstance(element.value, cst.SimpleString):
                        found.add(str(element.value.evaluated_value))
    return frozenset(found)


def star_import_base(node: cst.ImportFrom) -> str:
    """``torch.nn`` for ``from torch.nn import *``, else an empty text."""
    if isinstance(node.names, cst.ImportStar) and not node.relative and node.module is not None:
        return dotted(node.module) or ""
    return ""


def kind_of_import(qual: str, own_package: str = "") -> Kind:
    """The kind of an imported name: a Torch name, a known foreign one, or (the user's own code) unknown.

    ``own_package`` is the package that the file belongs to: its absolute imports are the user's own as well.
    """
    root = qual.partition(".")[0]
    if own_package and root == own_package:
        return UNKNOWN
    if root in ROOTS:
        return Kind("api", qual=canonical(qual))
    if root in _NUMERIC:
        return Kind("numpy", qual=qual)
    if is_jittor(qual):
        return Kind("other", qual=qual)
    if qual.startswith("."):
        return UNKNOWN
    if root in _STANDARD:
        return Kind("other", qual=qual)
    return UNKNOWN


def is_jittor(qual: str) -> bool:
    """Whether an imported name says that the file is (partly) converted: Jittor itself, or the helper module."""
    return qual.partition(".")[0] == "jittor" or "jittor_helpers" in qual.split(".")


def _as_text(alias: cst.ImportAlias) -> str:
    assert alias.asname is not None
    name = alias.asname.name
    return name.value if isinstance(name, cst.Name) else ""


def _standard_modules() -> frozenset[str]:
    import sys

    return frozenset(sys.stdlib_module_names)


_STANDARD = _standard_modules()
__all__ = ["OTHER", "ROOTS", "Imported", "Scope", "canonical", "imported_names", "is_torch", "kind_of_import"]
