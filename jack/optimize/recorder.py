"""Recording what a model does with its inputs.

While it runs once, every function and method that makes Vars is replaced by one that also writes down what it was
given and what it returned.  Jittor is lazy, so nothing is computed.  A recording stands for the model only if nothing
else decides what it does: a model that looks at values (``if x.sum() > 0``), draws random numbers, or makes a tensor in
a way that is not seen cannot be recorded, and the reason is told.
"""

from __future__ import annotations

import sys
import threading
import types
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from jack.optimize import kinds
from jack.optimize.errors import CannotOptimize
from jack.optimize.graph import Graph, Node, members, recipe, replaced

# Methods of a Var that tell its values to Python.
READING = frozenset(
    "item numpy fetch_sync data tolist fetch __bool__ __int__ __float__ __index__ __array__ __str__ __repr__ __format__"
    " raw_ptr __contains__".split()
)
# Methods that change a Var; with a recorded Var only where it is the function's own result.
CHANGING = frozenset("assign update _update swap __setitem__ share_with check_cascade_setitem".split())
# Whose results differ from call to call.
RANDOM = frozenset(
    "rand randn random normal uniform uniform_ normal_ gauss_ gauss bernoulli randint randperm multinomial rand_like"
    " randn_like randint_like random_ trunc_normal_".split()
)
# Neither makes a new Var nor looks at one.
SILENT = frozenset(
    "__new__ __init__ __hash__ __getattribute__ __setattr__ __delattr__ __len__ __iter__ __class__ __reduce__ __dir__"
    " __init_subclass__ __subclasshook__ __reduce_ex__ __sizeof__ __getstate__ sync size dim numel peek name location"
    " debug_msg stop_grad start_grad is_stop_grad stop_fuse is_stop_fuse out_hint requires_grad_ register_hook"
    " release_from_holders detach_inplace _input opt_grad backward".split()
)
UNRECORDED = frozenset(
    "grad no_grad enable_grad flag_scope sync_all gc save load seed set_seed single_process_scope profile_scope"
    " fetch display_memory_info clean liveness_info get_len vtos to_bool to_int to_float".split()
)


class Recorder:
    """The recording of one call."""

    def __init__(self, model: Any, inputs: list[Any], released: Mapping[int, Any]) -> None:
        import jittor as jt

        self.released = released
        self.jt = jt
        self.thread = threading.get_ident()
        self.depth = 0
        self.nodes: dict[int, Node] = {}
        self.kept: list[Any] = []  # Vars, so that none gets the address of another
        self.changed: list[Any] = []
        self.count = 0
        self.constants: dict[float, Node] = {}
        self.trouble: str | None = None
        self.begin = jt.Var([0.0]).id
        self.inputs = [self.add(Node("input", options={"index": i}), v) for i, v in enumerate(inputs)]
        self.replacements = list(_replacements(model, self))

    def add(self, node: Node, variable: Any) -> Node:
        """Remember which node a Var stands for."""
        node.shape = tuple(variable.shape)
        node.dtype = str(variable.dtype)
        node.variable = variable
        node.number = self.count
        self.count += 1
        self.nodes[id(variable)] = node
        self.kept.append(variable)
        return node

    def node_of(self, variable: Any) -> Node:
        """The node of a Var that a function is given; a Var that was there before is a constant."""
        node = self.nodes.get(id(variable))
        if node is None:
            if variable.id >= self.begin and id(variable) not in self.released:
                self.refuse(f"a tensor of shape {list(variable.shape)} is made in a way that cannot be recorded, used")
                raise CannotOptimize(self.trouble)
            options = {"gone": True, "recipe": self.released[id(variable)]} if id(variable) in self.released else {}
            node = self.add(Node("constant", options=options), variable)
            self.constants[node.number] = node
        return node

    def refuse(self, reason: str) -> None:
        """The recording is of no use; told at its end, since the model might catch an exception."""
        if self.trouble is None:
            self.trouble = f"{reason} at {_place()}"

    def call(self, name: str, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """Run a function and write it down, unless it runs inside another one that is."""
        if threading.get_ident() != self.thread:
            return function(*args, **kwargs)
        if name in CHANGING and args:
            self.changed.append(args[0])
        if name in RANDOM:
            self.refuse(f"the model draws random numbers ({name})")
        if self.depth:
            return function(*args, **kwargs)
        self.changed.clear()
        given = replaced((args, kwargs), self.jt.Var, self.node_of)
        self.depth += 1
        try:
            result = function(*args, **kwargs)
        finally:
            self.depth -= 1
        if name == "assign" and id(args[0]) in self.nodes:
            self.rename(args[0], given[0][1])
            return result
        self.check_changes(result, name)
        self.record(function, given, result)
        return result

    def rename(self, variable: Any, value: Any) -> None:
        """After ``variable.assign(value)`` the Var stands for the value."""
        node = self.nodes[id(variable)]
        if node.kind in ("input", "constant") or not isinstance(value, Node):
            self.refuse(f"the model changes one of its {node.kind}s in place")
        else:
            self.nodes[id(variable)] = value

    def check_changes(self, result: Any, name: str) -> None:
        """A Var may be changed in place only by a function that returns it, and that the engine knows."""
        for variable in self.changed:
            node = self.nodes.get(id(variable))
            if node is None and variable.id >= self.begin:
                continue  # made inside the function
            if node is None or node.kind in ("input", "constant"):
                self.refuse(f"the model changes a tensor in place ({name})")
            elif variable is not result or name not in kinds.IN_PLACE:
                self.refuse(f"the model changes a tensor in place ({name}), which is not recorded")

    def record(self, function: Callable[..., Any], given: Any, result: Any) -> None:
        """Write down one call."""
        found = list(members(result, self.jt.Var))
        if not found:
            return
        inputs = tuple(members(given, Node))
        if all(node.kind == "constant" for node in inputs):
            told = recipe(function.__qualname__, given) if inputs else None
            for place, variable in enumerate(found):  # computed once, when the plan is made
                node = self.nodes.get(id(variable))
                if node is None or node not in inputs:
                    options = {"derived": True, "recipe": told and (*told, place)}
                    self.add(Node("constant", inputs, options=options), variable)
            return
        if isinstance(result, self.jt.Var):
            if any(node.variable is result and self.nodes.get(id(result)) is node for node in inputs) and (
                not self.changed
            ):
                return  # the function returned what it was given
            found_kind = kinds.recognised(function, given, tuple(result.shape), str(result.dtype), self.node_of)
            kind, used, options = found_kind or ("call", inputs, {})
            if kind == "call" and self.changed and self.changed[-1] is result:
                self.refuse(f"the model changes a tensor in place ({function.__name__}), which is not recorded")
            self.add(Node(kind, used, options=options, function=function, arguments=given), result)
            return
        whole = Node("call", inputs, function=function, arguments=given, number=self.count)
        self.count += 1
        for path, variable in _paths(result, self.jt.Var):
            self.add(Node("part", (whole,), options={"path": path}), variable)

    def reading(self, name: str, variable: Any) -> None:
        """Somebody looks at the values of a Var."""
        node = self.nodes.get(id(variable))
        known = node.kind == "constant" if node else variable.id < self.begin
        if threading.get_ident() == self.thread and not known:
            self.refuse(f"the model looks at values ({name})")

    def forget(self) -> None:
        """Let go of what was recorded at once: Jittor computes every Var that is held when it computes one."""
        self.nodes.clear()
        self.kept.clear()
        self.changed.clear()
        self.replacements.clear()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Everything replaced, and put back."""
        done: list[tuple[Any, str, Any]] = []
        try:
            for owner, name, new in self.replacements:
                done.append((owner, name, owner.__dict__[name]))
                setattr(owner, name, new)
            yield
        finally:
            for owner, name, old in reversed(done):
                setattr(owner, name, old)


def record(model: Any, args: tuple[Any, ...], kwargs: dict[str, Any], released: Mapping[int, Any] = {}) -> Graph:
    """The graph of ``model(*args, **kwargs)``.

    Args:
        model: a module, or a method of one.
        args: its arguments.
        kwargs: the same, by name.
        released: for the weights whose values are gone, by ``id``: what identifies them.

    Raises:
        CannotOptimize: if a graph cannot stand for the model.
    """
    import jittor as jt

    with jt.no_grad():
        model(*args, **kwargs)  # what a first call prepares is not to be recorded; nothing is computed
    before = _attributes(model)
    recorder = Recorder(model, list(members((args, kwargs), jt.Var)), released)
    try:
        with jt.no_grad(), recorder.running():
            result = model(*args, **kwargs)
        if recorder.trouble is not None:
            raise CannotOptimize(recorder.trouble)
        if _attributes(model) != before:
            raise CannotOptimize("the model changes its own attributes while it runs")
        graph = Graph(recorder.inputs, replaced(result, jt.Var, recorder.node_of), list(recorder.constants.values()))
    finally:
        recorder.forget()
    for node in graph.needed():
        if node.kind != "constant":
            node.variable = None  # or Jittor would compute it with the first constant
    return graph


def module_of(model: Any) -> Any:
    """The module itself, or the one whose method it is."""
    return model.__self__ if isinstance(model, types.MethodType) else model


def _attributes(model: Any) -> list[dict[str, int]]:
    return [{name: id(value) for name, value in vars(module).items()} for module in module_of(model).modules()]


def _paths(value: Any, kind: type, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, kind):
        yield path, value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _paths(part, kind, (*path, key))
    elif isinstance(value, list | tuple):
        for index, part in enumerate(value):
            yield from _paths(part, kind, (*path, index))


def _place() -> str:
    """The line of the program that is being recorded."""
    frame: types.FrameType | None = sys._getframe()
    skipped = ("jack.optimize", "jittor", "contextlib")
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        inside = any(name == s or name.startswith(f"{s}.") for s in skipped) or name.endswith("jittor_helpers")
        if not inside:
            return f"{frame.f_code.co_filename}:{frame.f_lineno}"
        frame = frame.f_back
    return "an unknown place"


# What is replaced.


def _replacements(model: Any, recorder: Recorder) -> Iterator[tuple[Any, str, Any]]:
    """Owner, name and new value of everything that makes Vars."""
    import jittor as jt

    for name, value in list(jt.Var.__dict__.items()):
        if name in READING:
            yield jt.Var, name, _telling(recorder, name, value)
        elif callable(value) and name not in SILENT:
            yield jt.Var, name, _wrapped(recorder, name, value)
    known: dict[int, Any] = {}
    methods: set[tuple[type, str]] = set()
    for module in _modules_of(model):
        helpers = module.__name__.endswith("jittor_helpers")
        for name, value in list(vars(module).items()):
            own = helpers or module.__name__.startswith("jittor") or id(value) in known
            if own and _makes_vars(name, value):
                if id(value) not in known:
                    known[id(value)] = _wrapped(recorder, name, value)
                yield module, name, known[id(value)]
            elif own and isinstance(value, type) and value in kinds.classes():
                for method in ("execute", "__call__"):
                    if method in value.__dict__ and (value, method) not in methods:
                        methods.add((value, method))
                        yield value, method, _wrapped(recorder, f"{value.__name__}.{method}", value.__dict__[method])


def _makes_vars(name: str, value: Any) -> bool:
    if name.startswith("__") or name in UNRECORDED:
        return False
    if isinstance(value, types.BuiltinFunctionType):
        return "jittor" in str(getattr(value, "__module__", "") or "jittor")
    return isinstance(value, types.FunctionType) and (
        value.__module__.startswith("jittor") or value.__module__.endswith("jittor_helpers")
    )


def _modules_of(model: Any) -> list[types.ModuleType]:
    """Jittor's modules, those in which the model's classes are written, and the helpers that these use."""
    import jittor as jt

    found = [jt, jt.nn]
    names = {c.__module__ for m in module_of(model).modules() for c in type(m).__mro__}
    written = [sys.modules[n] for n in sorted(names) if n in sys.modules and n != "builtins"]
    used = [v for m in written for v in vars(m).values() if isinstance(v, types.ModuleType)]
    for module in written + used:
        if module.__name__.startswith("jittor") or module.__name__.endswith("jittor_helpers") or module in written:
            found.append(module)
    # Helpers first: what others have imported from them by name is found by its identity.
    unique = list({id(m): m for m in found}.values())
    return sorted(unique, key=lambda m: not (m.__name__.startswith("jittor") or m.__name__.endswith("jittor_helpers")))


def _wrapped(recorder: Recorder, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def recorded(*args: Any, **kwargs: Any) -> Any:
        return recorder.call(name, function, args, kwargs)

    recorded.__name__ = name
    recorded.__wrapped__ = function  # type: ignore[attr-defined]
    return recorded


def _telling(recorder: Recorder, name: str, value: Any) -> Any:
    if not callable(value):

        def read(variable: Any) -> Any:
            recorder.reading(name, variable)
            return value.__get__(variable)

        return property(read, lambda variable, new: value.__set__(variable, new))

    def told(variable: Any, *args: Any, **kwargs: Any) -> Any:
        recorder.reading(name, variable)
        return value(variable, *args, **kwargs)

    return told
