"""What the files of one run say about one another, read from their text before any of them is converted."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from converter.names import IMPORTS_TORCH, is_torch

_FROM_IMPORT = re.compile(r"^[ \t]*from[ \t]+([.\w]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n#;]*)", re.MULTILINE)
_STAR = re.compile(r"^from[ \t]+([.\w]+)[ \t]+import[ \t]*\*", re.MULTILINE)
_ALL = re.compile(r"^__all__\b", re.MULTILINE)
_CLASS = re.compile(r"^[ \t]*class[ \t]+(\w+)[ \t]*\(([^)]*)\)", re.MULTILINE)
_TORCHS_OWN = re.compile(r"(?:^|[\s,.])(?:Module|Function)\b|\bnn\.\w+")
_IMPORTS_TENSOR = re.compile(r"^[ \t]*from[ \t]+torch[ \t]+import[ \t]+(?:\([^)]*|[^\n#;]*)\bTensor\b", re.MULTILINE)
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
        starred: what its star imports of others bind that is Torch's: local name and full name.
        returns: kinds (as text) that functions of other files return by their annotations, by the name imported here.
    """

    exported: frozenset[str] = frozenset()
    among_torch: bool = False
    returns: tuple[tuple[str, str], ...] = ()
    starred: tuple[tuple[str, str], ...] = ()


def gather(texts: Mapping[Path, str]) -> dict[Path, Context]:
    """The context of every file of a run.

    Modules are matched by the last part of their name: too many names only keep a binding that nobody needs.
    """
    wanted: dict[str, set[str]] = {}
    classes: list[tuple[str, set[str], bool]] = []
    torch: set[Path] = set()
    imported: dict[Path, set[str]] = {}
    own = {part for path in texts for part in (*path.parts[:-1], path.stem)}
    for path, text in texts.items():
        if IMPORTS_TORCH.search(text):
            torch.add(path)
        for module, names in _FROM_IMPORT.findall(text):
            last = module.rpartition(".")[2]
            found = {part.split()[0] for part in re.sub(r"#.*", "", names).strip("()").split(",") if part.split()}
            wanted.setdefault(last or path.parent.name, set()).update(found)
            if module.partition(".")[0] in own or module.startswith("."):
                imported.setdefault(path, set()).update(found)
        for name, bases in _CLASS.findall(text):
            extends = path in torch and _TORCHS_OWN.search(bases) is not None
            classes.append((name, _last_parts(bases), extends))
    returns = _returns(text for path, text in texts.items() if path in torch)
    modules = _modules(classes) if torch else set()
    by_name: dict[str, list[Path]] = {}
    for path in texts:
        by_name.setdefault(path.parent.name if path.stem == "__init__" else path.stem, []).append(path)
    return {
        path: Context(
            frozenset(wanted.get(path.parent.name if path.stem == "__init__" else path.stem, ())),
            bool(torch) and path not in torch and _uses_torch(text, modules),
            tuple(sorted((name, returns[name]) for name in imported.get(path, ()) if name in returns)),
            tuple(sorted(_starred(path, texts, by_name).items())) if _STAR.search(text) else (),
        )
        for path, text in texts.items()
    }


def _starred(
    path: Path, texts: Mapping[Path, str], by_name: Mapping[str, list[Path]], seen: frozenset[Path] = frozenset()
) -> dict[str, str]:
    """Names of Torch that a file's star imports of the others bind, where these have no ``__all__``."""
    found: dict[str, str] = {}
    for module in _STAR.findall(texts[path]):
        for other in by_name.get(module.rpartition(".")[2], ()) if path not in seen else ():
            if _ALL.search(texts[other]) or other == path:
                continue
            found |= _starred(other, texts, by_name, seen | {path}) | _imports_of_torch(texts[other])
    return found


def _imports_of_torch(text: str) -> dict[str, str]:
    """What a file's import statements at the top level bind of Torch's: local name and full name."""
    try:
        body = ast.parse(text).body if IMPORTS_TORCH.search(text) else []
    except (SyntaxError, ValueError, RecursionError):
        return {}
    found: dict[str, str] = {}
    for node in body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                qual = alias.name if alias.asname else alias.name.partition(".")[0]
                found[alias.asname or qual] = qual
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return {name: qual for name, qual in found.items() if is_torch(qual) and name[0] not in "_*"}


def _returns(texts: Iterable[str]) -> dict[str, str]:
    """What the functions of these files return, by their names, where all of one name are annotated alike."""
    found: dict[str, str] = {}
    for text in texts:
        try:
            body = ast.parse(text).body if "->" in text else []
        except (SyntaxError, ValueError, RecursionError):
            continue
        for node in body:
            if isinstance(node, ast.FunctionDef):
                plain = node.returns is not None and not node.decorator_list
                kind = _kind_of_annotation(node.returns, text) if plain and node.returns is not None else ""
                found[node.name] = kind if found.get(node.name, kind) == kind else ""
    return {name: kind for name, kind in found.items() if kind}


def _kind_of_annotation(node: ast.expr, text: str) -> str:
    """``tensor``, ``(tensor, tensor)``, ``bool``, ...: what :func:`converter.kinds.parse` reads; empty for the rest."""
    match node:
        case ast.Constant(value=str(quoted)):
            return "tensor" if quoted == "torch.Tensor" else ""
        case ast.Name(id="Tensor"):
            return "tensor" if _IMPORTS_TENSOR.search(text) else ""
        case ast.Name(id="bool" | "int" | "float" | "str" as name):
            return name
        case ast.Attribute(value=ast.Name(id="torch"), attr="Tensor"):
            return "tensor"
        case ast.Subscript(value=ast.Name(id="tuple" | "Tuple"), slice=ast.Tuple(elts=parts)):
            kinds = [_kind_of_annotation(part, text) for part in parts]
            return f"({', '.join(kinds)})" if all(kinds) else ""
        case ast.Subscript(value=ast.Name(id="list" | "List"), slice=inner):
            kind = _kind_of_annotation(inner, text)
            return f"list[{kind}]" if kind else ""
    return ""


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
