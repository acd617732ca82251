"""Imports that bind Torch's names, and names that are imported for other files."""

from __future__ import annotations

import libcst as cst

from converter import apply
from converter.flow import MODULE_PATHS
from converter.names import Imported, canonical, imported_names, is_torch, star_import_base
from converter.rewrite.assignments import Assignments
from converter.rewrite.changes import TorchImport
from converter.rules.base import Answer
from converter.tree import dotted


class Imports(Assignments):
    """Notes import statements; which of them stay is decided when the whole file has been read."""

    def _import(self, node: cst.Import | cst.ImportFrom, line: cst.CSTNode) -> None:
        names = [item for item in imported_names(node) if self._is_torch(item.qual)]
        for item in names:
            if self._is_reexported(item, line):
                self._reexport(item, node)
        star = isinstance(node, cst.ImportFrom) and self._is_torch(star_import_base(node))
        if star:
            self._find(node, "JC301", f"from {star_import_base(node)} import *")  # type: ignore[arg-type]
        if names or star:
            self.changes.imports.append(TorchImport(node, line, names, self.depth == 0 and not self.imports_over, star))

    def _is_torch(self, qual: str) -> bool:
        return is_torch(qual) and qual.partition(".")[0] != self.own_package

    def _is_reexported(self, item: Imported, line: cst.CSTNode) -> bool:
        """A name imported for others: not used here, and listed in ``__all__``, excused with noqa, or ``x as x``."""
        if item.local in self.used_names:
            return False
        if item.local in self.exported or ("*" in self.exported and not item.local.startswith("_")):
            return item.qual not in MODULE_PATHS
        trailing = getattr(line, "trailing_whitespace", None)
        comment = trailing.comment.value if trailing is not None and trailing.comment is not None else ""
        same = item.alias.asname is not None and dotted(item.alias.name) == item.local
        return "noqa" in comment or same

    def _reexport(self, item: Imported, node: cst.CSTNode) -> None:
        rule = self.registry.get(canonical(item.qual))
        target = (
            (rule.value_to or apply.target_of(rule)) if rule is not None and rule.answer is not Answer.NEEDS_YOU else ""
        )
        if target.partition(".")[0] in ("jittor", "helpers"):
            self.changes.reexports.append((node, item.local, apply.path(target)))
            self._count("rewritten")
            return
        self._find(node, "JC101", f"{item.qual} is imported for other files", item.qual)
        self.changes.kept_roots.add(item.local)
        self._count("unknown")
