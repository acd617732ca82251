"""The callable that stands for a model."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jack.frameworks.jittor_memory import give_back
from jack.optimize.emit import Counts, Keys
from jack.optimize.errors import CannotOptimize, ModelChanged
from jack.optimize.graph import replaced
from jack.optimize.padding import absorb_padding
from jack.optimize.program import Program, arrays, make_program
from jack.optimize.recorder import module_of, record
from jack.optimize.skeletons import merge_graph_convolutions

TOLERANCE = 1e-4  # of the largest magnitude of an output
KEPT_SHAPES = 16
WORTH_RELEASING = 1024  # elements


class Optimized:
    """A model for inference: called like the model, with the same results up to rounding.

    The weights are those of the moment of :func:`optimize`.  Inputs of other shapes are recorded when they first come,
    and the results of this first call are compared with the model's, as long as it has its weights.

    Attributes:
        model: the model, which must stay as it is.
        worst: largest difference to the model's results that was seen, relative to the largest magnitude of an output.
        counts: what was done, for the shapes that came first.
    """

    def __init__(self, model: Any, tolerance: float = TOLERANCE) -> None:
        self.model = model
        self.tolerance = tolerance
        self.worst = 0.0
        self.counts = Counts()
        self._keys = Keys()
        self._programs: OrderedDict[Any, Program | None] = OrderedDict()
        self._first: Program | None = None
        self._modules = list(module_of(model).modules())
        self._held = self._everything()  # kept, so that nothing new gets the address of something old
        self._state = [[*map(id, objects)] for objects in self._held]
        self._constants: dict[int, tuple[Any, int]] = {}
        self._released: dict[int, tuple[Any, tuple[int, ...], int]] = {}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the model returns for these arguments.

        Raises:
            ModelChanged: if weights, mode, modules or hooks of the model are not those of before.
            CannotOptimize: for inputs of shapes that cannot be optimized, if the weights have been released; otherwise
                the model itself runs, and a warning says so.
        """
        import jittor as jt

        self._check()
        key = described((args, kwargs))
        if key not in self._programs:
            self._programs[key] = self._checked(args, kwargs)
            if len(self._programs) > KEPT_SHAPES:
                self._programs.popitem(last=False)
        self._programs.move_to_end(key)
        program = self._programs[key]
        with jt.no_grad():
            return self.model(*args, **kwargs) if program is None else program.run((args, kwargs))

    def prepare(self, *args: Any, **kwargs: Any) -> None:
        """Record the model for these arguments.

        Raises:
            CannotOptimize: if that cannot be done.
        """
        program = self._program(args, kwargs, self.counts)
        self._programs[described((args, kwargs))] = program
        self._first = self._first or program

    def release(self) -> None:
        """Give back the memory of the model's weights that are held in other layouts now.

        The model itself cannot be used any more: its weights are empty.
        """
        for variable in self._first.released if self._first else []:
            if variable.numel() >= WORTH_RELEASING:
                self._released[id(variable)] = (variable, tuple(variable.shape), variable.id)
        self._empty()
        give_back()

    def _empty(self) -> None:
        import jittor as jt

        for variable, _, _ in self._released.values():
            variable.assign(jt.zeros((0,)).stop_grad())
            self._constants[id(variable)] = (variable, variable.id)

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

    def _checked(self, args: Any, kwargs: Any) -> Program | None:
        """The program for new shapes, None (and a warning) where the model itself has to run."""

        try:
            program = self._program(args, kwargs, Counts())
            if not self._released:
                sample = (args, kwargs)
                self.worst = max(
                    self.worst, _worst(_arrays(self.model, sample), arrays(program.run(sample)), self.tolerance)
                )
        except CannotOptimize as error:
            if self._released:
                raise
            warnings.warn(f"the model itself runs for these inputs: {error}", RuntimeWarning, stacklevel=3)
            return None
        return program

    def _program(self, args: Any, kwargs: Any, counts: Counts) -> Program:
        import jittor as jt

        for variable, shape, _ in self._released.values():
            variable.assign(jt.zeros(shape).stop_grad())  # for its shape; it is never computed
        try:
            graph = record(self.model, args, kwargs, {key: number for key, (_, _, number) in self._released.items()})
            absorb_padding(graph)
            merge_graph_convolutions(graph)
            program = make_program(graph, self._keys, counts)
            for node in graph.constants:
                self._constants.setdefault(id(node.variable), (node.variable, node.variable.id))
        finally:
            self._empty()
        return program

    def _everything(self) -> list[list[Any]]:
        """All that the modules hold, one level deep."""
        found = []
        for module in self._modules:
            held = list(vars(module).values())
            found.append(held)
            for value in held:
                if isinstance(value, dict):
                    found.append(list(value.values()))
                elif type(value) is list:
                    found.append(list(value))
        return found

    def _check(self) -> None:
        import jittor as jt

        if [[*map(id, objects)] for objects in self._everything()] != self._state:
            raise ModelChanged("modules, hooks or the mode of the model have changed since optimize(); call it again")
        for variable, number in self._constants.values():
            if variable.id != number:
                raise ModelChanged("weights of the model have changed since optimize(); call it again")
        if jt.flags.use_cuda:
            raise ModelChanged("jt.flags.use_cuda is on, but the model was optimized for the CPU")


def described(value: Any) -> Any:
    """Arguments without the values of their tensors, as a key.

    Raises:
        CannotOptimize: for an argument that is neither a tensor nor a plain value.
    """
    import jittor as jt

    if isinstance(value, jt.Var):
        return ("tensor", tuple(value.shape), str(value.dtype))
    if type(value) in (list, tuple):
        return (type(value), *(described(v) for v in value))
    if type(value) is dict:
        return ("dict", *((k, described(v)) for k, v in sorted(value.items())))
    if value is None or type(value) in (bool, int, float, str):
        return (type(value), value)
    raise CannotOptimize(f"an argument of type {type(value).__name__}: give tensors, numbers, texts, lists of these")


def optimize(
    model: Any, *inputs: Any, tolerance: float = TOLERANCE, release: bool = False, **keywords: Any
) -> Optimized:
    """A faster callable in place of a model in evaluation mode, on the CPU.

    The model is run once without computing, and what it does is written down.  Convolutions, linear layers, batch
    norms, ReLUs, sums and pools become runs of oneDNN in the layouts that it likes best, with weights prepared once.
    Everything else is called as the model calls it.  Results are compared with the model's, on these inputs and on
    random ones of the same shapes.

    Args:
        model: a Jittor module in evaluation mode, or a method of one (``model.features``).
        inputs: what the model is called with, e.g. one sample.
        tolerance: largest difference that is accepted, relative to the largest magnitude of an output.
        release: give back the memory of the model's own weights; it cannot be used any more.
        keywords: arguments by name.

    Raises:
        CannotOptimize: if the model is in training mode, cannot be recorded, or the results differ.
    """
    import jittor as jt

    if jt.flags.use_cuda:
        raise CannotOptimize("only for the CPU (jt.flags.use_cuda is on)")
    training = [type(m).__name__ for m in module_of(model).modules() if getattr(m, "training", None) or _trains(m)]
    if training:
        raise CannotOptimize(f"the model is in training mode ({training[0]}); call model.eval() first")
    described((inputs, keywords))
    samples = [(inputs, keywords), _random_like((inputs, keywords))]
    expected = [_arrays(model, sample) for sample in samples]
    give_back()  # what the model itself needed
    found = Optimized(model, tolerance)
    found.prepare(*inputs, **keywords)
    for sample, wanted in zip(samples, expected):
        found.worst = max(found.worst, _worst(wanted, _arrays(found, sample), tolerance))
    if release:
        found.release()
    else:
        give_back()
    return found


def _arrays(model: Any, sample: Any) -> list[NDArray[Any]]:
    import jittor as jt

    with jt.no_grad():
        return arrays(model(*sample[0], **sample[1]))


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
        made = (rng.standard_normal(values.shape) * values.std() + values.mean()).astype(values.dtype)
        return jt.array(made, dtype=str(variable.dtype))

    return replaced(given, jt.Var, drawn)


def _worst(expected: list[NDArray[Any]], got: list[NDArray[Any]], tolerance: float) -> float:
    """The largest difference.

    Raises:
        CannotOptimize: if it is too large.
    """
    if [(v.shape, v.dtype) for v in expected] != [(v.shape, v.dtype) for v in got]:
        raise CannotOptimize("the results have other shapes or types than the model's")
    worst = max((_difference(want, have) for want, have in zip(expected, got)), default=0.0)
    if not worst <= tolerance:
        raise CannotOptimize(f"a result differs from the model's by {worst:.1e} of its magnitude (> {tolerance})")
    return worst


def _difference(want: NDArray[Any], have: NDArray[Any]) -> float:
    """Largest difference relative to the largest magnitude; infinity where one is not finite and the other is."""
    want, have = want.astype(np.float64), have.astype(np.float64)
    finite = np.isfinite(want)
    if not np.array_equal(np.where(finite, 0, want), np.where(np.isfinite(have), 0, have), equal_nan=True):
        return float("inf")
    if not finite.any():
        return 0.0
    return float(np.abs(want - have)[finite].max() / max(np.abs(want[finite]).max(), 1e-30))
