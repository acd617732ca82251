"""Kinds: what an expression is (tensor, module, size, ...), and how sure we are.

Half of all Torch calls in real code are methods (``x.view``, ``x.max(1)[0]``), so whether a rule applies
depends on what ``x`` is.  :mod:`converter.flow` finds that out; this file is the vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum
from pathlib import Path


class Evidence(IntEnum):
    """How sure a kind is.

    ``CERTAIN``: a known call's result, a literal, an annotation.  ``LIKELY``: an argument of ``forward``, the
    result of calling a module, a value that one branch leaves unknown, a conventional name (``optimizer``).
    ``UNKNOWN``: nothing speaks for it.
    """

    UNKNOWN = 0
    LIKELY = 1
    CERTAIN = 2


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind.

    Attributes:
        name: ``tensor``, ``module``, ``optimizer``, ``scheduler``, ``loader``, ``dataset``, ``size``, ``device``,
            ``dtype``, ``int``, ``float``, ``bool``, ``str``, ``none``, ``array``, ``tuple``, ``list``, ``dict``,
            ``batch`` (what a loader yields), ``api`` (a Torch name itself), ``alias`` (the user's own name for one),
            ``callable``, ``imported``, ``class`` / ``function`` / ``instance`` (defined in this file), ``other``
            (known, and not
            Torch's) or ``unknown``.
        evidence: how sure.
        qual: the Torch name of an ``api``, or of the class that a ``module`` or ``optimizer`` is an instance of; for
            ``unknown``: a Torch name that it may be (:func:`either`); for ``int``: ``wide``; for tensors and arrays:
            ``parameter`` where an optimizer changes their memory.
        items: kinds of a ``tuple``'s elements, in order.
        element: kind of every element of a ``list``, ``dict`` value or iterable.
        definition: the ``ClassInfo`` or ``FunctionInfo`` behind a name of this file.
        dtype: for tensors: class of the elements (:mod:`converter.flow.dtypes`), empty for floating or unknown.
        scalar: for tensors: it has no dimension in Torch (Jittor's has one element); for losses: they give such.
        view: for tensors: the name whose storage this shares (``x`` for ``x[0]``, ``x.t()``), empty for a fresh value.
        rows: for tensors: the expressions (``x[i]``, ``x`` of ``for row in x``) of which this is a part, which is a
            single element, without a dimension, where x has one dimension.
        derived: for tensors: computed element by element from such a part.
        picked: for tensors: taken by a mask or by places (``x[mask]``), so that it may be empty.
    """

    name: str
    evidence: Evidence = Evidence.CERTAIN
    qual: str = ""
    items: tuple[Kind, ...] = ()
    element: Kind | None = None
    definition: object = None
    view: str = ""
    dtype: str = ""
    scalar: bool = False
    rows: frozenset[object] = frozenset()
    derived: bool = False
    picked: bool = False

    @property
    def known(self) -> bool:
        return self.name not in ("unknown", "imported")

    def likely(self) -> Kind:
        """The same kind, less sure."""
        return self if self.evidence <= Evidence.LIKELY else replace(self, evidence=Evidence.LIKELY)

    def describe(self) -> str:
        """Text for rules' actions and diagnostics."""
        if self.name == "tuple" and self.items:
            return f"({', '.join(item.describe() for item in self.items)})"
        if self.name == "list" and self.element is not None:
            return f"list[{self.element.describe()}]"
        return "wide int" if self.name == "int" and self.qual else self.name


# Classes of elements, by how much Jittor's arithmetic on them differs.
RISK = ("", "int32", "int", "bool", "byte")

UNKNOWN = Kind("unknown", Evidence.UNKNOWN)
OTHER = Kind("other")
IMPORTED = Kind("imported", Evidence.UNKNOWN)  # from the user's own or a foreign module: a function or module, mostly
TENSOR = Kind("tensor")
INT = Kind("int")
WIDE = Kind("int", qual="wide")  # a number that does not fit 32 bits, of which Jittor's operators take the lowest
FLOAT = Kind("float")
BOOL = Kind("bool")
STR = Kind("str")
NONE = Kind("none")
SIZE = Kind("size")
MODULE = Kind("module")
ARRAY = Kind("array")
LIKELY_TENSOR = TENSOR.likely()
LIKELY_MODULE = MODULE.likely()
PARAMETER = Kind("tensor", qual="parameter")
BATCH = Kind("batch", Evidence.LIKELY)

NUMBERS = frozenset({"int", "float", "bool"})

# Conventional names of unannotated parameters and of results we cannot follow; never more than likely.
_BY_NAME = {
    "optimizer": "optimizer", "optim": "optimizer", "opt": "optimizer",
    "scheduler": "scheduler", "lr_scheduler": "scheduler",
    "model": "module", "net": "module", "network": "module", "criterion": "module", "loss_fn": "module",
    "loss_func": "module", "backbone": "module", "encoder": "module", "decoder": "module",
    "loader": "loader", "dataloader": "loader", "data_loader": "loader", "train_loader": "loader",
    "trainloader": "loader", "test_loader": "loader", "testloader": "loader", "val_loader": "loader",
    "valid_loader": "loader", "device": "device",
}  # fmt: skip

# Methods that neither str, list, dict, file nor NumPy's array has: calling one says the receiver is a tensor.
TENSOR_ONLY_METHODS = frozenset(
    "unsqueeze unsqueeze_ detach detach_ backward masked_fill masked_fill_ permute contiguous expand_as scatter_ "
    "scatter_add scatter_add_ index_select index_add_ gather bmm addmm baddbmm softmax log_softmax sigmoid relu relu_ "
    "clamp clamp_ clamp_min clamp_max unbind chunk topk argsort_ narrow view_as repeat_interleave requires_grad_ mul_ "
    "add_ sub_ div_ zero_ fill_ copy_ normal_ uniform_ logsumexp masked_select nelement numel ndimension "
    "is_floating_point new_zeros new_ones new_full new_empty new_tensor type_as fill_diagonal_ masked_scatter "
    "masked_scatter_ index_fill index_fill_ index_copy index_copy_ index_put_ rsqrt rsqrt_ lerp lerp_ addcmul addcmul_ "
    "addcdiv addcdiv_ clamp_min_ clamp_max_ sqrt_ exp_ abs_ neg_ tanh_ sigmoid_ bernoulli_ amax amin tril triu "
    "unflatten logical_not logical_and logical_or".split()
)


# Every public attribute of torch.Tensor (2.13): a name outside says that a likely tensor is something else.
TENSOR_ATTRIBUTES = frozenset((Path(__file__).parent / "tensor_attributes.txt").read_text(encoding="utf-8").split())


def by_name(name: str) -> Kind:
    """The kind that a conventional parameter name suggests (likely), or unknown."""
    kind = _BY_NAME.get(name)
    if kind is None:
        for tail in ("_optimizer", "_scheduler", "_loader", "_model", "_net"):
            if name.endswith(tail):
                kind = _BY_NAME[tail[1:]]
    if kind is None and name.startswith("optimizer"):
        kind = "optimizer"
    return Kind(kind, Evidence.LIKELY) if kind else UNKNOWN


def parse(text: str) -> Kind:
    """The kind that a rule's ``returns`` names: ``tensor``, ``(tensor, tensor)``, ``list[tensor]``."""
    text = text.strip()
    if text.startswith("("):
        depth, start, parts = 0, 1, []
        for i, char in enumerate(text[:-1]):
            if char in "([":
                depth += 1
            elif char in ")]":
                depth -= 1
            elif char == "," and depth == 1:
                parts.append(text[start:i])
                start = i + 1
        parts.append(text[start:-1])
        return Kind("tuple", items=tuple(parse(part) for part in parts if part.strip()))
    if text.startswith("list["):
        return Kind("list", element=parse(text[5:-1]))
    if text in ("unknown", "same", ""):
        return UNKNOWN
    return Kind(text)


def join(first: Kind, second: Kind) -> Kind:
    """What a value is that comes from one of two branches."""
    if first is second:
        return first
    if first.name == second.name:
        evidence = min(first.evidence, second.evidence)
        items = first.items if len(first.items) == len(second.items) else ()
        if items:
            items = tuple(join(a, b) for a, b in zip(first.items, second.items, strict=True))
        if first.element is not None and second.element is not None:
            element: Kind | None = join(first.element, second.element)
        else:
            element = first.element or second.element
        qual = first.qual if first.qual == second.qual else first.qual or second.qual if first.name == "int" else ""
        if first.name == "api" and not qual:
            return either(first)
        definition = first.definition if first.definition is second.definition else None
        if first.name in ("instance", "class", "function") and definition is None:
            return UNKNOWN
        scalar = first.scalar and second.scalar
        dtype = max(first.dtype, second.dtype, key=RISK.index)
        view, rows = first.view or second.view, first.rows | second.rows
        derived, picked = first.derived or second.derived, first.picked or second.picked
        return Kind(first.name, evidence, qual, items, element, definition, view, dtype, scalar, rows, derived, picked)
    for a, b in ((first, second), (second, first)):
        if a.name == "none" and b.name != "unknown":
            return b  # Optional: using it as None would fail in Torch too
        if b.name == "unknown" and a.name in (
            "tensor",
            "module",
            "optimizer",
            "scheduler",
            "loader",
            "list",
            "instance",
        ):
            return a.likely()
        if a.name == "tensor" and b.name in NUMBERS:
            return a.likely()  # `loss = 0; loss = loss + term`: the number is the start of a sum
        if a.name == "module" and b.name == "instance":
            return LIKELY_MODULE
        if a.name in NUMBERS and b.name in NUMBERS:
            return FLOAT
        if a.name == "callable" or b.name == "callable":
            return a if a.name == "callable" else b
        if a.name == "api" or (a.name == "unknown" and a.qual):
            return either(a)
    return UNKNOWN


def either(api: Kind) -> Kind:
    """Unknown, but one of the things it may be is this Torch name (``if new: from torch import a``, else another)."""
    return replace(UNKNOWN, qual=api.qual)


def join_all(kinds: Iterable[Kind]) -> Kind:
    """:func:`join` over any number of kinds; unknown for none."""
    result: Kind | None = None
    for kind in kinds:
        result = kind if result is None else join(result, kind)
    return result if result is not None else UNKNOWN
