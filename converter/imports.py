"""Which imports the output needs, and which statements of the input make room for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import libcst as cst

from converter.apply import HELPERS, JITTOR, JITTOR_NN
from converter.names import Imported, is_torch
from converter.rewrite import TorchImport
from converter.tree import code

AS_IT_STANDS = "\0"  # in a replacement: the input's own import statement


@dataclass(frozen=True, slots=True)
class Plan:
    """Local names of the output's modules and the text that replaces each import statement (empty: the line goes)."""

    names: dict[str, str]  # stand-in -> text
    replacements: dict[cst.CSTNode, list[str]]
    unplaced: list[str]  # import statements for which the input has no place


def plan(
    imports: list[TorchImport],
    used: Iterable[str],
    bound: set[str],
    kept_roots: set[str],
    helper_import: str,
    reexports: Mapping[cst.CSTNode, list[str]],
) -> Plan:
    """Decide.

    Args:
        used: stand-ins that occur in the new text.
        bound: every name that the user's file binds anywhere (a new name must not collide).
        kept_roots: local names of Torch imports that unconverted code still uses.
        reexports: of an import statement, the assignments that stand for names imported for other files.
        helper_import: ``import jittor_helpers`` or ``from . import jittor_helpers``, without the alias.
    """
    wanted = set(used)
    torch_names = {item.local for entry in imports for item in entry.names}
    free = bound - torch_names
    jt = _choose("jt", free, kept_roots)
    nn_alias = next(
        (
            i.local
            for e in imports
            if e.hosts
            for i in e.names
            if i.qual == "torch.nn" and i.local not in kept_roots | free
        ),
        None,
    )
    names = {JITTOR: jt, HELPERS: _choose("jh", free, kept_roots)}
    lines: dict[str, str] = {}
    if JITTOR_NN in wanted:
        if nn_alias is not None:
            names[JITTOR_NN] = nn_alias
            lines["nn"] = "from jittor import nn" if nn_alias == "nn" else f"from jittor import nn as {nn_alias}"
        else:
            names[JITTOR_NN] = f"{jt}.nn"
            wanted.add(JITTOR)
    if JITTOR in wanted:
        lines["jt"] = f"import jittor as {jt}"
    if HELPERS in wanted:
        lines["jh"] = f"{helper_import} as {names[HELPERS]}"

    order = [key for key in ("jt", "nn", "jh") if key in lines]
    replacements: dict[cst.CSTNode, list[str]] = {}
    hosts = [entry for entry in imports if entry.hosts]
    for entry in imports:
        replacements[entry.node] = [] if entry.star else _kept_part(entry, kept_roots)
        if entry.star:
            replacements[entry.node] = [AS_IT_STANDS]
    # Each import line of the input is replaced by the one that means the same, then by what is still missing.
    for entry in hosts:
        key = (
            "nn"
            if any(i.qual == "torch.nn" for i in entry.names)
            else "jt"
            if any(i.qual == "torch" for i in entry.names)
            else ""
        )
        if key in order:
            replacements[entry.node].append(lines[key])
            order.remove(key)
    for entry in hosts:
        if order and not replacements[entry.node]:
            replacements[entry.node].append(lines[order.pop(0)])
    if hosts:
        top = [line for entry in hosts for line in reexports.get(entry.node, [])]
        replacements[hosts[-1].node] += [*(lines[key] for key in order), *top]
        order = []
    for entry in imports:
        if not entry.hosts:  # inside a block, as a rule a try: the name is bound there
            replacements[entry.node] += reexports.get(entry.node, [])
    return Plan(names, replacements, [lines[key] for key in order])


def _choose(name: str, taken: set[str], kept: set[str]) -> str:
    while name in taken or name in kept:
        name += "_"
    return name


def _kept_part(entry: TorchImport, kept_roots: set[str]) -> list[str]:
    """What stays of an import: names that are not Torch's, and Torch names still in use."""
    torch = {id(item.alias): item for item in entry.names}
    stay = [alias for alias in _aliases(entry.node) if not _goes(torch.get(id(alias)), kept_roots)]
    if not stay:
        return []
    if len(stay) == len(_aliases(entry.node)):
        return [AS_IT_STANDS]
    plain = [alias.with_changes(comma=cst.MaybeSentinel.DEFAULT) for alias in stay]
    changed = entry.node.with_changes(names=plain, semicolon=cst.MaybeSentinel.DEFAULT)
    if isinstance(changed, cst.ImportFrom):
        changed = changed.with_changes(lpar=None, rpar=None)
    return [code(changed).strip()]


def _aliases(node: cst.Import | cst.ImportFrom) -> list[cst.ImportAlias]:
    return [] if isinstance(node.names, cst.ImportStar) else list(node.names)


def _goes(item: Imported | None, kept_roots: set[str]) -> bool:
    return item is not None and is_torch(item.qual) and item.local not in kept_roots
