"""What one model's answer was measured on: the converted text that the model can reach.

A change elsewhere in the tree, or to a helper that the model does not use, leaves its answer valid.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from parity.check.importer import exported, origins

HELPERS = "jittor_helpers"


class Digests:
    """Digests of files of one converted tree.

    Args:
        goal: the folder from which imports start.
        prefix: the functions that begin with it, at the end of files, are ours and do not count.
    """

    def __init__(self, goal: Path, prefix: str) -> None:
        self.goal = goal
        self._ours = re.compile(rf"\n+def {re.escape(prefix)}".encode())
        self._trees: dict[Path, ast.Module] = {}
        self._files: dict[Path, bytes] = {}
        self._next: dict[Path, set[Path]] = {}
        self._known: dict[Path, str] = {}
        self._helpers, self._text = self._read_helpers()

    def of(self, file: Path) -> str:
        """Of the file, the files below the root that it imports, theirs, and the helpers that all of them name."""
        if file not in self._known:
            self._known[file] = self._digest(file)
        return self._known[file]

    def _digest(self, file: Path) -> str:
        reached, waiting = {file}, [file]
        while waiting:
            for other in self._imports(waiting.pop()) - reached:
                reached.add(other)
                waiting.append(other)
        found = hashlib.sha256()
        names: set[str] = set()
        for path in sorted(reached):
            found.update(path.relative_to(self.goal).as_posix().encode() + b"\0" + self._code(path))
            names |= _names(self._tree(path))
        done: set[str] = set()
        while todo := (names & self._helpers.keys()) - done:
            for name in todo:
                names |= self._helpers[name]
            done |= todo
        for name in sorted(done):
            found.update(self._text[name])
        return found.hexdigest()[:16]

    def _code(self, file: Path) -> bytes:
        """The text without whole-line comments and without what this command adds."""
        if file not in self._files:
            text = self._ours.split(file.read_bytes(), maxsplit=1)[0]
            self._files[file] = re.sub(rb"(?m)^([ \t]*#.*)?\n", b"", text).rstrip()
        return self._files[file]

    def _tree(self, file: Path) -> ast.Module:
        if file not in self._trees:
            self._trees[file] = ast.parse(self._code(file))
        return self._trees[file]

    def _imports(self, file: Path) -> set[Path]:
        if file not in self._next:
            found: set[Path] = set()
            for node in ast.walk(self._tree(file)):
                if isinstance(node, ast.Import):
                    for alias in node.names:
                        found |= self._place(self.goal.joinpath(*alias.name.split(".")), None)
                elif isinstance(node, ast.ImportFrom):
                    for name in node.names:
                        found |= self._place(self._base(file, node), name.name)
            self._next[file] = {path for path in found if path.stem != HELPERS and path != file}
        return self._next[file]

    def _base(self, file: Path, statement: ast.ImportFrom) -> Path:
        base = self.goal
        if statement.level:
            base = file.parents[statement.level - 1]
        return base.joinpath(*statement.module.split(".")) if statement.module else base

    def _place(self, base: Path, name: str | None, depth: int = 0) -> set[Path]:
        """The files that ``from base import name`` needs, as :mod:`parity.check.importer` finds them."""
        if base.with_suffix(".py").is_file():
            return {base.with_suffix(".py")}
        init = base / "__init__.py"
        if not init.is_file() or name is None or depth > 9:
            return set()
        if name == "*":
            return {init}
        if statement := origins(self._tree(init), name):
            asked = next(a.name for a in statement.names if (a.asname or a.name) == name)
            return self._place(self._base(init, statement), asked, depth + 1)
        if (base / f"{name}.py").is_file() or (base / name).is_dir():
            return self._place(base / name, None)
        for statement in reversed(list(_stars(self._tree(init)))):
            source = self._base(init, statement).with_suffix(".py")
            if source.is_file() and name in exported(source):
                return {source}
        return {init}

    def _read_helpers(self) -> tuple[dict[str, set[str]], dict[str, bytes]]:
        """Each top-level name of the helpers: the names that its definition uses, and its text without docstrings."""
        names: dict[str, set[str]] = {}
        texts: dict[str, bytes] = {}
        for file in sorted(self.goal.rglob(f"{HELPERS}.py")) + sorted(self.goal.rglob(f"{HELPERS}/*.py")):
            for statement in ast.parse(file.read_bytes()).body:
                bound = [getattr(statement, "name", "")]
                if isinstance(statement, (ast.Assign, ast.AnnAssign)):
                    bound = [n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and type(n.ctx) is ast.Store]
                for name in filter(None, bound):
                    names.setdefault(name, set()).update(_names(statement))
                    texts[name] = texts.get(name, b"") + _without_docstrings(statement).encode()
        return names, texts


def _stars(tree: ast.Module) -> Iterator[ast.ImportFrom]:
    yield from (s for s in tree.body if isinstance(s, ast.ImportFrom) and s.level and s.names[0].name == "*")


def _names(tree: ast.AST) -> set[str]:
    """Every name and attribute in a tree."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.ImportFrom):
            found |= {alias.name for alias in node.names}
    return found


def _without_docstrings(statement: ast.stmt) -> str:
    for node in ast.walk(statement):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.dump(statement)
