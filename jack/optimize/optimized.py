"""The callable that stands for a model."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jack.optimize.emit import Counts, Keys, emit
from jack.optimize.engine import Plan
from jack.optimize.errors import CannotOptimize, ModelChanged
from jack.optimize.graph import Graph, Node, members, replaced
from jack.optimize.recorder import record
from jack.optimize.skeletons import merge_graph_convolutions
from jack.optimize.stages import divided

TOLERANCE = 1e-4  # of the largest magnitude of an output
KEPT_SHAPES = 16


@dataclass(frozen=True)
class _Call:
    """A call of Python: what it is given is found by number."""

    number: float
    function: Any
    arguments: Any
    parts: tuple[tuple[float, tuple[Any, ...]], ...]


@dataclass(frozen=True)
class _Slot:
    """A place in arguments or results where a value goes."""

    number: float


@dataclass(frozen=True)
class _Program:
    """A recorded model, ready to run for inputs of the same shapes."""

    stages: list[tuple[Plan | None, list[float], list[float], list[_Call]]]
    constants: dict[float, Any]
    result: Any

    def run(self, inputs: list[Any]) -> Any:
        values: dict[float, Any] = dict(self.constants)
        values.update(enumerate(inputs))

        def value(slot: _Slot) -> Any:
            return values[slot.number]

        for plan, needs, makes, calls in self.stages:
            if plan is not None:
                values.update(zip(makes, plan([values[n] for n in needs])))
            for call in calls:
                args, kwargs = replaced(call.arguments, _Slot, value)
                found = call.function(*args, **kwargs)
                for number, path in call.parts:
                    part = found
                    for key in path:
                        part = part[key]
                    values[number] = part
        return replaced(self.result, _Slot, value)


def _program(graph: Graph, keys: Keys, counts: Counts) -> _Program:
    slot = {node: _Slot(node.number) for node in graph.needed()}
    constants: dict[float, Any] = {}

    def place(node: Node) -> _Slot:
        if node.kind == "constant":
            node.variable.sync()
            constants[node.number] = node.variable.stop_grad()
        return slot[node]

    stages = []
    for stage in divided(graph):
        plan = emit(stage, keys, counts) if stage.nodes else None
        calls = []
        parts: dict[Node, list[tuple[float, tuple[Any, ...]]]] = {}
        for node in stage.calls:
            if node.kind == "part":
                parts.setdefault(node.inputs[0], []).append((node.number, node.options["path"]))
        for node in stage.calls:
            if node.kind != "part":
                arguments = replaced(node.arguments, Node, place)
                own = parts.get(node, []) if node in parts else [(node.number, ())]
                calls.append(_Call(node.number, node.function, arguments, tuple(own)))
        stages.append((plan, [n.number for n in stage.inputs], [n.number for n in stage.outputs], calls))
    return _Program(stages, constants, replaced(graph.result, Node, place))


class Optimized:
    """A model for inference: called like the model, with the same results up to rounding.

    The weights are those of the moment of :func:`optimize`.  Inputs of other shapes are recorded when they first come.

    Attributes:
        model: the model, which must stay as it is.
        worst: largest difference to the model's results that was seen, relative to the largest magnitude of an output.
        counts: what was done, for the shapes that came first.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self.worst = 0.0
        self.counts = Counts()
        self._keys = Keys()
        self._programs: OrderedDict[Any, _Program | None] = OrderedDict()
        self._modules = list(model.modules())
        self._state = self._fingerprint()
        self._constants: dict[int, tuple[Any, int]] = {}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the model returns for these arguments.

        Raises:
            ModelChanged: if weights, modes, modules or hooks of the model are not those of before.
        """
        import jittor as jt

        self._check()
        key = _described((args, kwargs))
        if key not in self._programs:
            self._programs[key] = self._recorded(args, kwargs, Counts())
            while len(self._programs) > KEPT_SHAPES:
                self._programs.popitem(last=False)
        self._programs.move_to_end(key)
        program = self._programs[key]
        with jt.no_grad():
            if program is None:
                return self.model(*args, **kwargs)
            return program.run(list(members((args, kwargs), jt.Var)))

    def prepare(self, *args: Any, **kwargs: Any) -> None:
        """Record the model for these arguments.

        Raises:
            CannotOptimize: if that cannot be done.
        """
        self._programs[_described((args, kwargs))] = self._program(args, kwargs, self.counts)

    @property
    def report(self) -> str:
        """What was done, in a few lines."""
        c = self.counts
        lines = [
            f"{c.convolutions} convolutions and {c.products} products with weights reordered once",
            f"{c.folded} batch norms folded into them, {c.scaled} kept as a scale and shift",
            f"{c.relus} ReLUs and {c.sums} sums done with them, {c.pools} pools, {c.graphs} graph convolutions merged",
            f"largest difference to the model: {self.worst:.1e} of the largest output",
        ]
        return "\n".join(lines)

    def _recorded(self, args: Any, kwargs: Any, counts: Counts) -> _Program | None:
        """The program for new shapes, None (and a warning) where the model itself has to run."""
        try:
            return self._program(args, kwargs, counts)
        except CannotOptimize as error:
            shapes = [list(v.shape) for v in members((args, kwargs), type(self._modules and args[0]))]
            warnings.warn(f"not optimized for inputs {shapes}: {error}", RuntimeWarning, stacklevel=3)
            return None

    def _program(self, args: Any, kwargs: Any, counts: Counts) -> _Program:
        graph = record(self.model, args, kwargs)
        merge_graph_convolutions(graph)
        program = _program(graph, self._keys, counts)
        for node in graph.constants:
            self._constants.setdefault(id(node.variable), (node.variable, node.variable.id))
        for node in graph.needed():
            node.variable = None  # what was recorded is never computed
        return program

    def _fingerprint(self) -> list[list[int]]:
        found = []
        for module in self._modules:
            held = vars(module).values()
            found.append([*map(id, held)])
            for value in held:
                if type(value) in (list, dict, OrderedDict):
                    found.append([*map(id, value.values() if isinstance(value, dict) else value)])
        return found

    def _check(self) -> None:
        import jittor as jt

        if self._fingerprint() != self._state:
            raise ModelChanged("modules, hooks or the mode of the model have changed since optimize(); call it again")
        for variable, number in self._constants.values():
            if variable.id != number:
                raise ModelChanged("weights of the model have changed since optimize(); call it again")
        if jt.flags.use_cuda:
            raise ModelChanged("jt.flags.use_cuda is on, but the model was optimized for the CPU")


def _described(value: Any) -> Any:
    """Arguments without the values of their tensors, as a key."""
    import jittor as jt

    if isinstance(value, jt.Var):
        return ("tensor", tuple(value.shape), str(value.dtype))
    if type(value) in (list, tuple):
        return (type(value), *(_described(v) for v in value))
    if type(value) is dict:
        return ("dict", *((k, _described(v)) for k, v in sorted(value.items())))
    try:
        hash(value)
    except TypeError:
        return ("object", id(value))
    return (type(value), value)


def optimize(model: Any, *inputs: Any, tolerance: float = TOLERANCE, **keywords: Any) -> Optimized:
    """A faster callable in place of a model in evaluation mode, on the CPU.

    The model is run once without computing, and what it does is written down.  Convolutions, linear layers, batch
    norms, ReLUs, sums and pools become runs of oneDNN in the layouts that it likes best, with the weights prepared once.
    Everything else is called as the model calls it.  Results are compared with the model's, on these inputs and on
    random ones of the same shapes.

    Args:
        model: a Jittor module, in evaluation mode.
        inputs: what the model is called with, e.g. one sample.
        tolerance: largest difference that is accepted, relative to the largest magnitude of an output.
        keywords: the same, by name.

    Raises:
        CannotOptimize: if the model is in training mode, cannot be recorded, or the results differ.
    """
    import jittor as jt

    if jt.flags.use_cuda:
        raise CannotOptimize("only for the CPU (jt.flags.use_cuda is on)")
    training = [type(m).__name__ for m in model.modules() if getattr(m, "training", None) or _trains(m)]
    if training:
        raise CannotOptimize(f"the model is in training mode ({training[0]}); call model.eval() first")
    found = Optimized(model)
    found.prepare(*inputs, **keywords)
    for given in ((inputs, keywords), _random_like((inputs, keywords))):
        _compare(found, given, tolerance)
    return found


def _trains(module: Any) -> bool:
    train = getattr(module, "is_train", False)
    return bool(train() if callable(train) else train)


def _random_like(given: Any) -> Any:
    """Random tensors of the same shapes, means and deviations; what is not of floating point stays."""
    import jittor as jt

    rng = np.random.default_rng(0)

    def drawn(variable: Any) -> Any:
        values = variable.numpy()
        if values.dtype.kind != "f" or not values.size:
            return variable
        return jt.array((rng.standard_normal(values.shape) * values.std() + values.mean()).astype(values.dtype))

    return replaced(given, jt.Var, drawn)


def _compare(found: Optimized, given: Any, tolerance: float) -> None:
    """See that both results are the same.

    Raises:
        CannotOptimize: if not.
    """
    import jittor as jt

    args, kwargs = given
    with jt.no_grad():
        expected = [v.numpy() for v in members(found.model(*args, **kwargs), jt.Var)]
        got = [v.numpy() for v in members(found(*args, **kwargs), jt.Var)]
    if [(v.shape, v.dtype) for v in expected] != [(v.shape, v.dtype) for v in got]:
        raise CannotOptimize("the results have other shapes or types than the model's")
    for want, have in zip(expected, got):
        worst = _difference(want, have)
        found.worst = max(found.worst, worst)
        if not worst <= tolerance:
            raise CannotOptimize(f"a result differs from the model's by {worst:.1e} of its magnitude (> {tolerance})")


def _difference(want: NDArray[Any], have: NDArray[Any]) -> float:
    """Largest difference relative to the largest magnitude; infinity where one is not finite and the other is."""
    want, have = want.astype(np.float64), have.astype(np.float64)
    finite = np.isfinite(want)
    if not np.array_equal(finite, np.isfinite(have)) or not np.array_equal(want[~finite], have[~finite], equal_nan=True):
        return float("inf")
    if not finite.any():
        return 0.0
    return float(np.abs(want - have)[finite].max() / max(np.abs(want[finite]).max(), 1e-30))
