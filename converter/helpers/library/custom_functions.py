"""Functions with a derivative of their own: Torch's ``autograd.Function`` on top of ``jt.Function``."""

from __future__ import annotations

from typing import Any

import jittor as jt


class FunctionContext:
    """``ctx``: what a function keeps from ``forward`` for ``backward``."""

    def __init__(self, needs_input_grad: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs_input_grad
        self.saved_tensors: tuple[Any, ...] = ()
        self.materialize_grads = True
        self.constant: tuple[int, ...] = ()

    @property
    def saved_variables(self) -> tuple[Any, ...]:
        return self.saved_tensors

    def save_for_backward(self, *tensors: Any) -> None:
        self.saved_tensors = tensors

    def save_for_forward(self, *tensors: Any) -> None:
        """Only forward-mode differentiation reads these."""

    def set_materialize_grads(self, value: bool) -> None:
        """Whether ``backward`` gets zeros, and not None, for an output that no gradient came back to."""
        self.materialize_grads = value

    def mark_non_differentiable(self, *tensors: Any) -> None:
        self.constant = tuple(id(t) for t in tensors)


class FunctionBridge(jt.Function):
    """One call of a function: Jittor's object, which hands both directions to Torch's static methods."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def execute(self, *args: Any) -> Any:
        # Jittor takes the gradient of every integer tensor for stopped, as Torch does.
        self.ctx = FunctionContext(tuple(isinstance(a, jt.Var) and not a.is_stop_grad() for a in args))
        if hasattr(self.function, "setup_context"):
            found = self.function.forward(*args)
            self.function.setup_context(self.ctx, args, found)
        else:
            found = self.function.forward(self.ctx, *args)
        self.outputs = list(found) if isinstance(found, tuple | list) else [found]
        for output in self.outputs:
            if id(output) in self.ctx.constant:
                output.stop_grad()
        return found

    def grad(self, *grads: Any) -> Any:
        # Torch's have the type of what they are gradients of.
        given = zip(grads, self.outputs, strict=True)
        grads = tuple(g.cast(o.dtype) if isinstance(o, jt.Var) and g is not None else g for g, o in given)
        if self.ctx.materialize_grads:
            pairs = zip(grads, self.outputs, strict=True)
            grads = tuple(jt.zeros_like(o) if g is None and isinstance(o, jt.Var) else g for g, o in pairs)
        found = self.function.backward(self.ctx, *grads)
        found = list(found) if isinstance(found, tuple | list) else [found]
        count = len(self.ctx.needs_input_grad)
        if len(found) < count or any(g is not None for g in found[count:]):
            name = self.function.__name__
            raise RuntimeError(f"{name}: backward returned {len(found)} gradients, forward has {count} inputs")
        return tuple(g if needed else None for g, needed in zip(found, self.ctx.needs_input_grad))


class Function:
    """``torch.autograd.Function``: static ``forward(ctx, ...)`` and ``backward(ctx, ...)``, called by ``apply``.

    Jittor's own keeps what it saved in ``self`` and names the methods ``execute`` and ``grad``.
    """

    @classmethod
    def apply(cls, *args: Any) -> Any:
        found = FunctionBridge(cls)(*args)
        return tuple(found) if isinstance(found, list) else found
