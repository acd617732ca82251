"""What the rewrite wants done to a file; nothing here touches the text."""

from __future__ import annotations

from dataclasses import dataclass, field

import libcst as cst

from converter.kinds import Evidence
from converter.names import Imported


@dataclass(slots=True)
class Finding:
    """A diagnostic before its position is known."""

    node: cst.CSTNode
    statement: cst.CSTNode
    code: str
    message: str
    api: str = ""
    evidence: Evidence = Evidence.CERTAIN


@dataclass(slots=True)
class TorchImport:
    """An import statement that binds Torch names, and where it stands."""

    node: cst.Import | cst.ImportFrom
    line: cst.CSTNode
    names: list[Imported]
    hosts: bool  # at the top level, before the first use: may hold the imports of the output
    star: bool = False


@dataclass(slots=True)
class Changes:
    """Everything the rewrite wants done to the file."""

    edits: list[tuple[cst.CSTNode, cst.CSTNode, cst.CSTNode]] = field(default_factory=list)  # old, new, statement
    removed: list[tuple[cst.CSTNode, cst.CSTNode]] = field(
        default_factory=list
    )  # (small statement or decorator, its line)
    findings: list[Finding] = field(default_factory=list)
    imports: list[TorchImport] = field(default_factory=list)
    kept_roots: set[str] = field(default_factory=set)  # local names of Torch imports that are still used
    # The import, the local name, what it becomes.
    reexports: list[tuple[cst.CSTNode, str, cst.BaseExpression]] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=dict)


class Removed(cst.Name):
    """Stands for an expression statement that disappears."""


REMOVED = Removed("__jack_removed__")
