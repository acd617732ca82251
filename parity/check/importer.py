"""Import one file out of a package without running the package's ``__init__``.

A model file usually needs three small neighbours, while its package's ``__init__`` pulls in the whole library,
its compiled parts and packages that are not installed.  Below the root, therefore, a package is an empty module
whose names are looked up only when asked for: first where its ``__init__`` says at top level that the name comes
from (``from .ops import Norm``), then as a submodule; only a name that neither explains runs the real ``__init__``.
"""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

Guard = Callable[[], AbstractContextManager[None]]


def origins(tree: ast.Module, name: str) -> ast.ImportFrom | None:
    """The top-level ``from ... import`` of a package's ``__init__`` that binds ``name`` last, if that is certain.

    A star import is taken only when nothing else can bind the name; the caller tries it.
    """
    found: ast.ImportFrom | None = None
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom):
            if any((alias.asname or alias.name) == name for alias in statement.names):
                found = statement
        elif any(isinstance(node, ast.Name) and node.id == name for node in _bound(statement)):
            found = None
        elif getattr(statement, "name", None) == name:
            found = None
    return found


def _bound(statement: ast.stmt) -> list[ast.expr]:
    nodes = [node for node in ast.walk(statement) if isinstance(node, ast.Name)]
    return [node for node in nodes if isinstance(node.ctx, ast.Store)]


def exported(file: Path) -> set[str]:
    """Names that ``from FILE import *`` would bind, read from the source; empty when that cannot be told."""
    tree = ast.parse(file.read_bytes())
    names: set[str] = set()
    for statement in tree.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if isinstance(statement, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in targets):
            try:
                return set(ast.literal_eval(statement.value))
            except ValueError:
                return set()
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            names |= {(alias.asname or alias.name).partition(".")[0] for alias in statement.names}
        elif isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            names.add(statement.name)
        elif isinstance(statement, (ast.Assign, ast.AnnAssign)):
            names |= {node.id for node in _bound(statement) if isinstance(node, ast.Name)}
    return {name for name in names if not name.startswith("_")}


class _PackageModule(ModuleType):
    """A package that does not take a submodule for the function of that name which its ``__init__`` imports from it.

    Importing ``pkg.create`` binds the module as ``pkg.create``; ``from .create import create`` in the ``__init__``
    would bind the function again, but waits here until it is asked for.
    """

    def __setattr__(self, name: str, value: object) -> None:
        explained = self.__dict__.get("__explained__", ())
        if isinstance(value, ModuleType) and name in explained and value.__name__ == f"{self.__name__}.{name}":
            return
        super().__setattr__(name, value)


class _Package(Loader):
    """Loader of a package whose ``__init__`` waits until it is needed."""

    def __init__(self, file: Path, guard: Guard) -> None:
        self.file = file
        self.guard = guard
        self.used = False  # whether the text of __init__ said where a name is, or was run

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _PackageModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        tree = ast.parse(self.file.read_bytes())
        state = {"run": False}
        module.__file__ = str(self.file)
        imported = [s for s in tree.body if isinstance(s, ast.ImportFrom)]
        module.__dict__["__explained__"] = {
            alias.asname or alias.name for s in imported for alias in s.names if s.module or s.level == 0
        }

        def look_up(name: str) -> object:
            if name.startswith("__") and name not in ("__all__", "__version__"):
                raise AttributeError(name)
            if not state["run"]:
                with self.guard():
                    if name != "__all__" and self._explained(module, tree, name):
                        return module.__dict__[name]
                    state["run"] = self.used = True
                    exec(compile(tree, str(self.file), "exec"), module.__dict__)
                if name in module.__dict__:
                    return module.__dict__[name]
            elif self._submodule(module, name):
                return module.__dict__[name]
            raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")

        module.__dict__["__getattr__"] = look_up

    def _submodule(self, module: ModuleType, name: str) -> bool:
        folder = self.file.parent
        if (folder / f"{name}.py").is_file() or (folder / name / "__init__.py").is_file():
            module.__dict__[name] = importlib.import_module(f"{module.__name__}.{name}")
            return True
        return False

    def _explained(self, module: ModuleType, tree: ast.Module, name: str) -> bool:
        """Bind ``name`` from the one import that explains it; False when only the whole ``__init__`` can tell."""
        if statement := origins(tree, name):
            self._run(module, statement, [a for a in statement.names if (a.asname or a.name) == name])
            return name in module.__dict__
        if self._submodule(module, name):
            return True
        stars = [s for s in tree.body if isinstance(s, ast.ImportFrom) and s.level and s.names[0].name == "*"]
        for statement in reversed(stars):
            base = self.file.parent
            for _ in range(statement.level - 1):
                base = base.parent
            source = base.joinpath(*(statement.module or "").split(".")).with_suffix(".py")
            if statement.module and source.is_file() and name in exported(source):
                self._run(module, statement, [ast.alias(name)])
                return name in module.__dict__
        return False

    def _run(self, module: ModuleType, statement: ast.ImportFrom, names: list[ast.alias]) -> None:
        self.used = True
        part = ast.ImportFrom(statement.module, names, statement.level)
        code = ast.fix_missing_locations(ast.Module([ast.copy_location(part, statement)], []))
        exec(compile(code, str(self.file), "exec"), module.__dict__)


class _Guarded(SourceFileLoader):
    """An ordinary source file, executed inside ``guard``; no byte code is written beside other people's files."""

    guard: Guard = nullcontext

    def exec_module(self, module: ModuleType) -> None:
        with self.guard():
            super().exec_module(module)

    def set_data(self, path: str, data: object, *, _mode: int = 0o666) -> None:
        return None


class Finder(MetaPathFinder):
    """Finds modules and packages below ``root``, before any installed one of the same name.

    Attributes:
        root: the folder from which absolute imports start.
        guard: entered while a file's top level is executed.
    """

    def __init__(self, root: Path, guard: Guard = nullcontext) -> None:
        self.root = root
        self.guard = guard

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        place = self.root.joinpath(*name.split("."))
        if path is not None and not any(Path(entry) == place.parent for entry in path):
            return None
        init = place / "__init__.py"
        if init.is_file():
            package = _Package(init, self.guard)
            spec = ModuleSpec(name, package, origin=str(init), is_package=True)
            spec.submodule_search_locations = [str(place)]
            return spec
        file = place.with_suffix(".py")
        if file.is_file():
            return self._source(name, file)
        return None

    def _source(self, name: str, file: Path) -> ModuleSpec | None:
        loader = _Guarded(name, str(file))
        loader.guard = self.guard
        inside = [str(file.parent)] if file.name == "__init__.py" else None
        return spec_from_file_location(name, file, loader=loader, submodule_search_locations=inside)

    def load(self, name: str, file: Path) -> ModuleType:
        """Import the target file itself; its name may be no identifier (``my-model.py``)."""
        parent, _, _ = name.rpartition(".")
        if parent:
            importlib.import_module(parent)
        spec = self._source(name, file)
        if spec is None or spec.loader is None:
            raise ImportError(f"{file} cannot be imported")
        module = module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module


def imported_files(root: Path) -> list[Path]:
    """Source files below ``root`` that this process has executed, without installed packages.

    A package whose ``__init__`` explained no name does not count: the folder alone does as well.
    """
    files = set()
    for module in list(sys.modules.values()):
        text = module.__dict__.get("__file__")  # getattr would ask a placeholder
        loader = getattr(module.__dict__.get("__spec__"), "loader", None)
        if isinstance(loader, _Package) and not loader.used:
            continue
        if not text or not text.endswith(".py"):
            continue
        path = Path(text)
        if not path.is_relative_to(root) or {"site-packages", "dist-packages"} & set(path.relative_to(root).parts):
            continue
        files.add(path)
    return sorted(files)
