"""What the files of one run say about one another, read from their text before any of them is converted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from converter.names import IMPORTS_TORCH

_FROM_IMPORT = re.compile(r"^[ \t]*from[ \t]+([.\w]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n#;]*)", re.MULTILINE)
_CLASS = re.compile(r"^[ \t]*class[ \t]+(\w+)[ \t]*\(([^)]*)\)", re.MULTILINE)
_TORCHS_OWN = re.compile(r"(?:^|[\s,.])(?:Module|Function)\b|\bnn\.\w+")
# Methods that only tensors have, in the form of a call.
_TENSOR_CALL = re.compile(
    r"\.(?:unsqueeze_?|masked_fill_?|permute|expand_as|view_as|index_select|index_add_|scatter_(?:add_)?|"
    r"repeat_interleave|requires_grad_|backward|contiguous|log_softmax|logsumexp|clamp_?)\("
)


@dataclass(frozen=True, slots=True)
class Context:
    """What other files say about one.

    Attributes:
        exported: names that others import from it; Torch's among them stay bound.
        among_torch: it imports no Torch, but extends modules, or calls methods of tensors, that other files make.
    """

    exported: frozenset[str] = frozenset()
    among_torch: bool = False


def gather(texts: Mapping[Path, str]) -> dict[Path, Context]:
    """The context of every file of a run.

    Modules are matched by the last part of their name: too many names only keep a binding that nobody needs.
    """
    wanted: dict[str, set[str]] = {}
    classes: list[tuple[str, set[str], bool]] = []
    torch: set[Path] = set()
    for path, text in texts.items():
        if IMPORTS_TORCH.search(text):
            torch.add(path)
        for module, names in _FROM_IMPORT.findall(text):
            last = module.rpartition(".")[2]
            found = {part.split()[0] for part in re.sub(r"#.*", "", names).strip("()").split(",") if part.split()}
            wanted.setdefault(last or path.parent.name, set()).update(found)
        for name, bases in _CLASS.findall(text):
            own = path in torch and _TORCHS_OWN.search(bases) is not None
            classes.append((name, _last_parts(bases), own))
    modules = _modules(classes) if torch else set()
    return {
        path: Context(
            frozenset(wanted.get(path.parent.name if path.stem == "__init__" else path.stem, ())),
            bool(torch) and path not in torch and _uses_torch(text, modules),
        )
        for path, text in texts.items()
    }


def _last_parts(bases: str) -> set[str]:
    return {part.strip().rpartition(".")[2] for part in re.sub(r"#.*", "", bases).split(",")}


def _modules(classes: list[tuple[str, set[str], bool]]) -> set[str]:
    """Names of classes that extend Torch's modules, directly or through one another."""
    known: set[str] = set()
    while True:
        more = {name for name, bases, own in classes if own or bases & known}
        if more <= known:
            return known
        known |= more


def _uses_torch(text: str, modules: set[str]) -> bool:
    extends = any(_last_parts(bases) & modules for _, bases in _CLASS.findall(text))
    return extends or _TENSOR_CALL.search(text) is not None
