"""What following a file finds: facts by node, and the functions and classes of the file."""

from __future__ import annotations

from dataclasses import dataclass, field

import libcst as cst

from converter.kinds import UNKNOWN, Evidence, Kind
from converter.names import Scope


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
    either: dict[cst.CSTNode, str] = field(default_factory=dict)  # names bound to this Torch name or to another thing
    kinds: dict[cst.CSTNode, Kind] = field(default_factory=dict)
    scopes: dict[cst.CSTNode, Scope] = field(default_factory=dict)
    classes: dict[cst.CSTNode, ClassInfo] = field(default_factory=dict)
    bound_names: set[str] = field(default_factory=set)
    module_methods: set[cst.CSTNode] = field(default_factory=set)
    dataset_items: set[cst.CSTNode] = field(default_factory=set)  # `__getitem__` of data sets
    torch_imports: set[str] = field(default_factory=set)
    rows: set[object] = field(default_factory=set)  # parts of tensors of which it matters whether they are elements
    indexed: set[cst.CSTNode] = field(default_factory=set)  # of which parts are taken (`x.shape` of `x.shape[0]`)
    unpacked: set[cst.CSTNode] = field(default_factory=set)  # of two: `values, indices = x.max(1)`
    uses: dict[cst.CSTNode, int] = field(default_factory=dict)  # names that are read, in the order of the text
    last_use: dict[tuple[Scope, str], int] = field(default_factory=dict)  # by function and name
    # Other names of the memory that is changed here, with the function that binds them (None: others hold them too).
    stale: dict[cst.CSTNode, list[tuple[Scope | None, str]]] = field(default_factory=dict)
    optimizers: dict[cst.CSTNode, frozenset[str]] = field(default_factory=dict)  # bound here when `backward` is called
    among_torch: bool = False  # without an import of Torch, it uses what other files make of it
    mixed: bool = False  # the file imports Jittor already: a tensor is Jittor's unless Torch certainly made it

    @property
    def imports_torch(self) -> bool:
        return bool(self.torch_imports) or self.among_torch

    def kind(self, node: cst.CSTNode) -> Kind:
        return self.kinds.get(node, UNKNOWN)


_OWNERS = {
    "tensor": "torch.Tensor", "module": "torch.nn.Module", "optimizer": "torch.optim.Optimizer",
    "scheduler": "torch.optim.lr_scheduler.LRScheduler", "loader": "torch.utils.data.DataLoader",
    "dataset": "torch.utils.data.Dataset", "size": "torch.Size", "device": "torch.device", "dtype": "torch.dtype",
}  # fmt: skip
# Modules of Torch: a name assigned to one (`nn = torch.nn`) is an import by other means.
MODULE_PATHS = {
    "torch": "jittor", "torch.nn": "jittor.nn", "torch.nn.functional": "jittor.nn", "torch.optim": "jittor.optim",
    "torch.nn.init": "jittor.init", "torch.utils.data": "jittor.dataset", "torch.linalg": "jittor.linalg",
    "torch.optim.lr_scheduler": "jittor.lr_scheduler", "torch.utils": "jittor", "torch.nn.utils": "jittor.nn",
}  # fmt: skip


def owner_of(kind: Kind) -> str:
    """``torch.Tensor`` for a tensor, ``torch.nn.Module`` for a module, ...; empty for what has no Torch class."""
    if kind.name == "instance" and isinstance(kind.definition, ClassInfo) and kind.definition.is_module:
        return "torch.nn.Module"
    return _OWNERS.get(kind.name, "")
