"""Gradients: accumulation into parameters as in Torch, ``torch.autograd.grad``, and the switches."""

from __future__ import annotations

import contextlib
import weakref
from typing import Any

import jittor as jt
import numpy as np

from converter.helpers.library.parameters import LEAVES, as_leaf, living_leaves

LIVE_OPTIMIZERS: weakref.WeakSet[Any] = weakref.WeakSet()


def reached_gradients(loss: Any, targets: Any, retain_graph: Any = False) -> Any:
    """Gradients of ``loss`` with respect to ``targets``, ``None`` for those that ``loss`` does not depend on.

    Torch leaves the gradient of such a tensor at None, so that optimizers skip it; ``jt.grad`` returns zeros, with
    which weight decay and momentum would still move it.  Those zeros are made after all true gradients: a marker
    that nothing depends on is the first target, so exactly the results younger than the marker's are such zeros.
    Each has its tensor's dtype, as in Torch; Jittor's are float64 behind a division by an integer tensor.
    """
    targets = list(targets)
    marker = jt.zeros(1)
    with jt.flag_scope(log_silent=1):  # else Jittor warns about the marker
        found = jt.grad(loss, [marker, *targets], retain_graph)
    youngest = found[0].id
    reached = [None if g.id > youngest else g for g in found[1:]]
    return [g if g is None or g.dtype == t.dtype else g.cast(t.dtype) for g, t in zip(reached, targets)]


def backward(
    tensor: Any, gradient: Any = None, retain_graph: Any = None, create_graph: Any = False, inputs: Any = None
) -> Any:
    """``tensor.backward()``: add to the gradients of the parameters, and of tensors that were asked to require one.

    Torch finds the leaf tensors itself; Jittor has to be told what to differentiate with respect to: every living
    parameter, every tensor that ``requires_grad_`` marked and whatever an optimizer holds get their gradients, kept
    in ``held_gradient``, where ``tensor`` depends on them.  Raises RuntimeError when it depends on none.
    """
    if create_graph:
        raise NotImplementedError("backward(create_graph=True): use jt.grad, whose results can be differentiated")
    if gradient is not None:
        tensor = (tensor * gradient).sum()
    elif tensor.numel() != 1:
        raise RuntimeError("grad can be implicitly created only for scalar outputs")
    wanted = None if inputs is None else {id(v) for v in ([inputs] if isinstance(inputs, jt.Var) else inputs)}
    held = [p for o in list(LIVE_OPTIMIZERS) for group in o.param_groups for p in group["params"]]
    found = {id(p): p for p in [*held, *living_leaves()]}
    targets = [p for p in found.values() if p.requires_grad and (wanted is None or id(p) in wanted)]
    # The updates of the last step are computed now, and the sums of earlier gradients, so that neither the graph
    # nor the memory it needs grows from step to step.
    jt.sync(targets + [p.held_gradient for p in targets if getattr(p, "held_gradient", None) is not None])
    gradients = reached_gradients(tensor, targets, bool(retain_graph))
    if all(g is None for g in gradients):
        raise RuntimeError("backward: this tensor depends on no parameter, and on no tensor that requires a gradient")
    for p, g in zip(targets, gradients):
        if g is None:
            continue
        if jt.in_mpi:
            g = g.mpi_all_reduce("mean")
        known = getattr(p, "held_gradient", None)
        if known is None:
            p.held_gradient = g.detach().stop_grad()
        else:
            with jt.flag_scope(node_order=1):  # as soon as it can be: else all gradients exist twice for a while
                known.update((known + g).stop_grad())


def requires_grad(tensor: Any) -> bool:
    """``tensor.requires_grad``: it is a parameter or was asked to require a gradient, or depends on such a tensor.

    Jittor's Vars say True wherever a gradient could flow, constants included.
    """
    if not tensor.requires_grad or "float" not in str(tensor.dtype):
        return False
    if getattr(tensor, "is_parameter", False) or id(tensor) in LEAVES:
        return True
    held = [p for o in list(LIVE_OPTIMIZERS) for group in o.param_groups for p in group["params"]]
    leaves = [p for p in [*held, *living_leaves()] if p.requires_grad]
    if any(p is tensor for p in leaves):
        return True
    return bool(leaves) and any(g is not None for g in reached_gradients(tensor.sum(), leaves, True))


def grad_of(tensor: Any) -> Any:
    """``tensor.grad``: what ``backward`` added up since ``zero_grad``; None before.

    Raises RuntimeError for a tensor that is no parameter and was never asked to require a gradient.
    """
    found = getattr(tensor, "held_gradient", None)
    if found is None and id(tensor) not in LEAVES:
        held = [p for o in list(LIVE_OPTIMIZERS) for group in o.param_groups for p in group["params"]]
        if not any(tensor is p for p in held):
            raise RuntimeError("grad: this tensor requires no gradient of its own; use jt.grad(loss, tensor)")
    return found


def set_grad(tensor: Any, value: Any) -> None:
    """``tensor.grad = value``: replace (or with None: forget) the gradient that the tensor holds."""
    tensor.held_gradient = None if value is None else value.clone().stop_grad()


def variable(data: Any, requires_grad: Any = False, volatile: Any = False) -> Any:
    """``torch.autograd.Variable``: the tensor without its graph; with ``requires_grad`` a new leaf."""
    made = data.detach()
    return as_leaf(made.start_grad()) if requires_grad else made.stop_grad()


def autograd_grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: Any = None,
    create_graph: Any = False,
    only_inputs: Any = True,
    allow_unused: Any = None,
    is_grads_batched: Any = False,
    materialize_grads: Any = False,
) -> Any:
    """``torch.autograd.grad``: a tuple of gradients of the (weighted) sum of ``outputs``.

    ``jt.grad`` takes one loss, gives zeros for what the loss does not depend on, and results that can always be
    differentiated again; Torch raises RuntimeError (or gives None with ``allow_unused``) and detaches the results.
    """
    if is_grads_batched:
        raise NotImplementedError("autograd.grad(is_grads_batched=True)")
    outputs = [outputs] if isinstance(outputs, jt.Var) else list(outputs)
    inputs = [inputs] if isinstance(inputs, jt.Var) else list(inputs)
    weights = [grad_outputs] if grad_outputs is None or isinstance(grad_outputs, jt.Var) else list(grad_outputs)
    weights = weights * len(outputs) if len(weights) == 1 else weights
    total = None
    for out, weight in zip(outputs, weights):
        if weight is None and out.numel() != 1:
            raise RuntimeError("grad can be implicitly created only for scalar outputs")
        part = out.sum() if weight is None else (out * weight).sum()
        total = part if total is None else total + part
    keep = create_graph if retain_graph is None else retain_graph
    found = reached_gradients(total, inputs, keep or create_graph)
    if materialize_grads:
        found = [jt.zeros_like(v) if g is None else g for g, v in zip(found, inputs)]
    elif not allow_unused and any(g is None for g in found):
        raise RuntimeError("One of the differentiated Tensors appears to not have been used in the graph.")
    return tuple(g if g is None or create_graph else g.detach() for g in found)


class GradientMode(contextlib.ContextDecorator):
    """What ``no_grad``, ``enable_grad``, ``inference_mode`` and ``set_grad_enabled`` have in common.

    Unlike ``jt.no_grad``, one object may be entered again while it is active (a decorated recursive function) and
    a decorated function keeps its name.
    """

    def __init__(self, enabled: Any) -> None:
        self.enabled = bool(enabled)
        self.earlier: list[int] = []

    def __enter__(self) -> Any:
        self.earlier.append(jt.flags.no_grad)
        jt.flags.no_grad = int(not self.enabled)
        return self

    def __exit__(self, *error: Any) -> Any:
        jt.flags.no_grad = self.earlier.pop()
        return False

    def _recreate_cm(self) -> Any:
        return GradientMode(self.enabled)


def no_grad(orig_func: Any = None) -> Any:
    """``torch.no_grad``: a context, or a decorator with and without parentheses."""
    mode = GradientMode(False)
    return mode if orig_func is None else mode(orig_func)


def enable_grad(orig_func: Any = None) -> Any:
    """``torch.enable_grad``: a context, or a decorator with and without parentheses."""
    mode = GradientMode(True)
    return mode if orig_func is None else mode(orig_func)


def inference_mode(mode: Any = True) -> Any:
    """``torch.inference_mode``: here the same as ``no_grad``, since Jittor keeps no version counters to save."""
    if callable(mode):
        return GradientMode(False)(mode)
    return GradientMode(not mode if mode else not jt.flags.no_grad)


class set_grad_enabled(GradientMode):
    """``torch.set_grad_enabled``: switches at once, and switches back at the end when used as a context."""

    def __init__(self, mode: Any) -> None:
        super().__init__(mode)
        self.before = jt.flags.no_grad
        jt.flags.no_grad = int(not self.enabled)

    def __call__(self, function: Any) -> Any:
        jt.flags.no_grad = self.before  # used as a decorator it must not switch at once
        return GradientMode(self.enabled)(function)

    def __enter__(self) -> Any:
        self.earlier.append(self.before)
        jt.flags.no_grad = int(not self.enabled)
        return self


def is_grad_enabled() -> Any:
    """``torch.is_grad_enabled``."""
    return not jt.flags.no_grad


def held_gradients(parameters: Any) -> Any:
    """The gradients that exist among those of the parameters (a tensor or an iterable of tensors)."""
    parameters = [parameters] if isinstance(parameters, jt.Var) else list(parameters)
    return [g for g in (grad_of(p) for p in parameters if p.requires_grad) if g is not None]


def total_norm_of(tensors: Any, norm_type: Any) -> Any:
    """The norm of all the tensors' values taken together."""
    if not tensors:
        return jt.zeros(1)
    if norm_type == float("inf"):
        return jt.concat([g.abs().max().reshape((1,)) for g in tensors]).max()
    if norm_type == 2.0:
        return jt.concat([g.sqr().sum().reshape((1,)) for g in tensors]).sum().sqrt()
    if norm_type == 0.0:
        raise NotImplementedError("clip_grad_norm_ with norm_type=0")
    return jt.concat([g.abs().pow(norm_type).sum().reshape((1,)) for g in tensors]).sum().pow(1.0 / norm_type)


def clip_grad_norm_(
    parameters: Any, max_norm: Any, norm_type: Any = 2.0, error_if_nonfinite: Any = False, foreach: Any = None
) -> Any:
    """``torch.nn.utils.clip_grad_norm_`` on the gradients that the parameters hold; returns the norm before clipping.

    Jittor's own clips all parameters of an optimizer together and returns nothing.
    """
    with GradientMode(False):
        gradients = held_gradients(parameters)
        total = total_norm_of(gradients, float(norm_type))
        if error_if_nonfinite and not np.isfinite(total.item()):
            raise RuntimeError("The total norm of the gradients is non-finite, so it cannot be clipped.")
        factor = jt.minimum(float(max_norm) / (total + 1e-6), jt.ones(1))
        for g in gradients:
            g.update(g * factor.cast(g.dtype))
    return total


def clip_grad_value_(parameters: Any, clip_value: Any, foreach: Any = None) -> Any:
    """``torch.nn.utils.clip_grad_value_`` on the gradients that the parameters hold."""
    with GradientMode(False):
        for g in held_gradients(parameters):
            g.update(jt.clamp(g, -float(clip_value), float(clip_value)))


def get_total_norm(tensors: Any, norm_type: Any = 2.0, error_if_nonfinite: Any = False, foreach: Any = None) -> Any:
    """``torch.nn.utils.get_total_norm``: the norm of all the tensors' values taken together."""
    total = total_norm_of([tensors] if isinstance(tensors, jt.Var) else list(tensors), float(norm_type))
    if error_if_nonfinite and not np.isfinite(total.item()):
        raise RuntimeError("The total norm is non-finite.")
    return total
