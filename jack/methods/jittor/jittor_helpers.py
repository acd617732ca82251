"""What this program needs beyond Jittor's own functions, to compute what its PyTorch original computes.

Written by jack-convert next to the converted files, with only the parts that they use. It needs nothing but
Jittor and NumPy; you may edit it, and it is replaced when you convert again.
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any
import abc
import collections
import contextlib
import functools
import hashlib
import math
import os
import sys
import warnings
import weakref
from jittor import nn
import jittor as jt
import jittor_utils
import numpy as np


class AcrossCopies(abc.ABCMeta):
    """Makes ``isinstance(m, Conv2d)`` true for the same class of another copy of this file.

    A library and a program that were converted one after the other have a copy each.
    """

    def __instancecheck__(cls, instance: Any) -> bool:
        return cls.__subclasscheck__(type(instance))

    def __subclasscheck__(cls, subclass: Any) -> bool:
        if cls in subclass.__mro__:
            return True
        ours = cls.__module__.rpartition(".")[2] == HELPER_FILE
        return ours and any(
            c.__name__ == cls.__name__ and c.__module__.rpartition(".")[2] == HELPER_FILE for c in subclass.__mro__
        )


class Module(nn.Module, metaclass=AcrossCopies):
    """Base class of modules, with Torch's meaning of everything that Jittor's base class does otherwise.

    Jittor takes every Var attribute for a parameter, lets ``eval()`` stop the gradients of the parameters,
    never complains about a state that does not fit, and lacks much of the interface.  Here only attributes made
    by :class:`Parameter` are parameters, buffers are saved but not trained, other tensors are neither.
    """

    def __init_subclass__(cls, **keywords: Any) -> None:
        # `forward` is Jittor's `execute`; an alias in each class lets super().forward(x) find the right one.
        super().__init_subclass__(**keywords)
        if "forward" not in cls.__dict__:
            cls.forward = cls.execute  # type: ignore[method-assign]
        elif "execute" not in cls.__dict__:
            cls.execute = cls.forward

    def forward(self, *args: Any, **keywords: Any) -> Any:
        raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "execute" function')

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        hooks = self.__dict__.get("_hooks")
        if not hooks:
            return self.execute(*args, **keywords)
        for hook, with_keywords in [h for kind, *h in hooks.values() if kind == "before"]:
            changed = hook(self, args, keywords) if with_keywords else hook(self, args)
            if changed is not None and with_keywords:
                args, keywords = changed
            elif changed is not None:
                args = changed if isinstance(changed, tuple) else (changed,)
        result = self.execute(*args, **keywords)
        for hook, with_keywords in [h for kind, *h in hooks.values() if kind == "after"]:
            changed = hook(self, args, keywords, result) if with_keywords else hook(self, args, result)
            result = result if changed is None else changed
        return result

    def _add_hook(self, kind: str, hook: Any, prepend: bool, with_kwargs: bool) -> HookHandle:
        hooks = self.__dict__.setdefault("_hooks", collections.OrderedDict())
        key = max(hooks, default=0) + 1
        hooks[key] = (kind, hook, with_kwargs)
        if prepend:
            hooks.move_to_end(key, last=False)
        return HookHandle(hooks, key)

    def register_forward_hook(
        self, hook: Any, *, prepend: bool = False, with_kwargs: bool = False, always_call: bool = False
    ) -> HookHandle:
        """``hook(module, args, output)`` runs after each call and may replace the output."""
        return self._add_hook("after", hook, prepend, with_kwargs)

    def register_forward_pre_hook(self, hook: Any, *, prepend: bool = False, with_kwargs: bool = False) -> HookHandle:
        """``hook(module, args)`` runs before each call and may replace the arguments."""
        return self._add_hook("before", hook, prepend, with_kwargs)

    # Attributes: what is assigned decides what it is.

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "forward":  # a replaced forward must be what a call runs
            name = "execute"
        roles = self.__dict__.setdefault("_roles", {})
        held = self.__dict__.get(name)
        if isinstance(value, Parameter):
            roles[name] = "parameter"
        elif isinstance(value, jt.Var) and roles.get(name) == "parameter":
            raise TypeError(f"cannot assign a plain tensor as parameter {name!r} (Parameter or None expected)")
        elif value is not None and not isinstance(value, jt.Var):
            roles.pop(name, None)
        if isinstance(value, (nn.Module, Parameter)) and not isinstance(held, (nn.Module, jt.Var)):
            self.__dict__.pop(name, None)  # Torch lists it where it became a module, not where it was None
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        self.__dict__.get("_roles", {}).pop(name, None)
        object.__delattr__(self, name)

    def register_buffer(self, name: str, tensor: Any, persistent: bool = True) -> None:
        """A tensor that is saved with the state (if persistent) but not trained; may be None."""
        if isinstance(tensor, jt.Var) and id(tensor) not in LEAVES:  # one that was asked to require a gradient does
            tensor.stop_grad()
        self.__dict__.pop(name, None)
        self.__dict__.setdefault("_roles", {})[name] = "buffer" if persistent else "transient"
        object.__setattr__(self, name, tensor)

    def register_parameter(self, name: str, param: Any) -> None:
        self.__dict__.setdefault("_roles", {})[name] = "parameter"
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(f"cannot assign {type(param).__name__} to parameter {name!r}: make it with Parameter(...)")
        setattr(self, name, param)

    def add_module(self, name: str, module: Any) -> None:
        setattr(self, name, module)

    def register_module(self, name: str, module: Any) -> None:
        setattr(self, name, module)

    @property
    def _modules(self) -> Members:
        return Members(self, module_children(self))

    def _role_members(self, *wanted: str) -> Members:
        roles = self.__dict__.get("_roles", {})
        return Members(self, [(k, getattr(self, k)) for k in list(self.__dict__) if roles.get(k) in wanted])

    @property
    def _parameters(self) -> Members:
        return self._role_members("parameter")

    @property
    def _buffers(self) -> Members:
        return self._role_members("buffer", "transient")

    # Listings

    def named_modules(self, memo: Any = None, prefix: str = "", remove_duplicate: bool = True) -> Listing:
        memo = set() if memo is None else memo
        found = Listing()

        def visit(module: Any, name: str) -> None:
            if id(module) in memo:
                return
            if remove_duplicate:
                memo.add(id(module))
            found.append((name, module))
            for key, child in module_children(module):
                visit(child, f"{name}.{key}" if name else key)

        visit(self, prefix)
        return found

    def modules(self, remove_duplicate: bool = True) -> Listing:
        return Listing(module for _, module in self.named_modules(None, "", remove_duplicate))

    def named_children(self) -> Listing:
        found: dict[int, Any] = {}
        for name, child in module_children(self):
            found.setdefault(id(child), (name, child))
        return Listing(found.values())

    def children(self) -> Listing:
        return Listing(child for _, child in self.named_children())

    def _named_tensors(self, wanted: Any, prefix: str, recurse: bool, remove_duplicate: bool) -> Listing:
        """Names and Vars of the wanted roles in this module and, with ``recurse``, in those inside it."""
        owners = self.named_modules(None, prefix, remove_duplicate) if recurse else [(prefix, self)]
        found, seen = Listing(), set()
        for name, owner in owners:
            for key, value, role in module_tensors(owner):
                if role in wanted and not (remove_duplicate and id(value) in seen):
                    seen.add(id(value))
                    found.append((f"{name}.{key}" if name else key, value))
        return found

    def named_parameters(self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True) -> Listing:
        return self._named_tensors(("parameter",), prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Listing:
        return Listing(value for _, value in self.named_parameters(recurse=recurse))

    def named_buffers(self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True) -> Listing:
        return self._named_tensors(("buffer", "transient"), prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Listing:
        return Listing(value for _, value in self.named_buffers(recurse=recurse))

    def get_submodule(self, target: str) -> Any:
        found: Any = self
        for part in target.split(".") if target else ():
            held = dict(module_children(found))
            if part not in held:
                raise AttributeError(f"{type(found).__name__} has no submodule {part!r}")
            found = held[part]
        return found

    def _get_tensor(self, target: str, wanted: Any) -> Any:
        path, _, last = target.rpartition(".")
        for name, value, role in module_tensors(self.get_submodule(path)):
            if name == last and role in wanted:
                return value
        raise AttributeError(f"{type(self).__name__} has no {wanted[0]} {target!r}")

    def get_parameter(self, target: str) -> Any:
        return self._get_tensor(target, ("parameter",))

    def get_buffer(self, target: str) -> Any:
        return self._get_tensor(target, ("buffer", "transient"))

    # Modes

    def train(self, mode: bool = True) -> Any:
        """Set the mode of this module and all inside it; unlike Jittor's, gradients are not touched."""

        def visit(module: Any) -> None:
            module.is_train = mode
            for _, child in module_children(module):
                if isinstance(child, Module):
                    child.train(mode)
                else:
                    visit(child)

        visit(self)
        return self

    def eval(self) -> Any:
        return self.train(False)

    def apply(self, fn: Any) -> Any:
        """Call ``fn`` on every module inside, innermost first, then on this one; returns the module."""

        def visit(module: Any) -> None:
            for _, child in module_children(module):
                visit(child)
            fn(module)

        visit(self)
        return self

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        for parameter in self.parameters():
            parameter.requires_grad = requires_grad
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget (or zero) the gradients of the parameters of this module."""
        for parameter in self.parameters():
            held = getattr(parameter, "held_gradient", None)
            if set_to_none:
                parameter.held_gradient = None
            elif held is not None:
                held.update(jt.zeros_like(held).stop_grad())

    # Where and in which precision

    def _cast_floats(self, dtype: str) -> Any:
        """Give every floating parameter and buffer this dtype, in place."""
        for value in [*self.parameters(), *self.buffers()]:
            if value.dtype.is_float() and str(value.dtype) != dtype:
                stopped = value.is_stop_grad()
                value.assign(value.detach().cast(dtype))
                value.requires_grad = not stopped
        return self

    def float(self) -> Any:
        return self._cast_floats("float32")

    def double(self) -> Any:
        return self._cast_floats("float64")

    def half(self) -> Any:
        return self._cast_floats("float16")

    def bfloat16(self) -> Any:
        return self._cast_floats("bfloat16")

    def type(self, dst_type: Any) -> Any:
        return self.to(dst_type)

    def cuda(self, device: Any = None) -> Any:
        """Jittor has one switch for the whole program; it is set here.  ``cpu()`` leaves it alone."""
        if not jt.has_cuda:
            raise RuntimeError("Jittor found no usable CUDA device")
        jt.flags.use_cuda = 1
        return self

    def cpu(self) -> Any:
        return self

    def to(self, *args: Any, **keywords: Any) -> Any:
        """Any of ``to(device)``, ``to(dtype)``, ``to(device, dtype)``, ``to(tensor)``."""
        for value in [*args, keywords.get("device"), keywords.get("dtype"), keywords.get("tensor")]:
            if value is None or isinstance(value, bool):
                continue
            if isinstance(value, jt.Var):
                value = str(value.dtype)
            if floating_name(value):
                self._cast_floats(floating_name(value))
            elif isinstance(value, int) or str(value).startswith("cuda"):
                self.cuda()
        return self

    # State

    def state_dict(self, destination: Any = None, prefix: str = "", keep_vars: bool = False) -> Any:
        """Names and Vars of parameters and persistent buffers, in Torch's order."""
        found = collections.OrderedDict() if destination is None else destination
        module_state(self, prefix, found)
        return found

    def load_state_dict(self, state_dict: Any, strict: bool = True, assign: bool = False) -> IncompatibleKeys:
        """Copy a state of Vars, arrays or Torch tensors into this module.

        Raises:
            RuntimeError: for shapes that differ and, if strict, for missing or unexpected names.  As in Torch, a state
                may lack the counters of batch norms (``num_batches_tracked``); layers of Jittor's own have none.
        """
        wanted = self.state_dict()
        counters = {name for name in (*wanted, *state_dict) if name.rpartition(".")[2] == "num_batches_tracked"}
        unexpected = [k for k in state_dict if k not in wanted and k not in counters]
        missing = [k for k in wanted if k not in state_dict and k not in counters]
        problems = []
        if strict and unexpected:
            problems.append("Unexpected key(s) in state_dict: " + ", ".join(f'"{k}"' for k in unexpected) + ".")
        if strict and missing:
            problems.append("Missing key(s) in state_dict: " + ", ".join(f'"{k}"' for k in missing) + ".")
        for name, target in wanted.items():
            if name not in state_dict:
                continue
            value = state_dict[name]
            if not isinstance(value, jt.Var):
                array = value.detach().cpu().numpy() if hasattr(value, "detach") else np.asarray(value)
                value = jt.array(array, dtype=str(array.dtype))
            if tuple(value.shape) != tuple(target.shape):
                problems.append(f"size mismatch for {name}: {list(value.shape)} given, {list(target.shape)} expected.")
            else:
                overwrite(target, value)
        if problems:
            raise RuntimeError(f"Error(s) in loading state_dict for {type(self).__name__}:\n\t" + "\n\t".join(problems))
        return IncompatibleKeys(missing, unexpected)

    def __getstate__(self) -> dict[str, Any]:
        # Copies and pickles of a Var forget the mark and that gradients are stopped.
        stopped = [name for name, value, _ in module_tensors(self) if value.is_stop_grad()]
        return {**self.__dict__, "_stopped": stopped}

    def __setstate__(self, state: dict[str, Any]) -> None:
        stopped = state.pop("_stopped", ())
        self.__dict__.update(state)
        for name, value, role in module_tensors(self):
            if role == "parameter":
                value.is_parameter = True
                as_leaf(value)
            if name in stopped:
                value.stop_grad()

    # Text

    def extra_repr(self) -> str:
        return ""

    def __repr__(self) -> str:
        lines = []
        for name, child in module_children(self):
            lines.append(f"({name}): " + repr(child).replace("\n", "\n  "))
        extra = self.extra_repr()
        if not lines:
            return f"{type(self).__name__}({extra})"
        return f"{type(self).__name__}(\n  " + "\n  ".join([extra, *lines] if extra else lines) + "\n)"

    __str__ = __repr__


class ReLU(Module):
    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def execute(self, input: Any) -> Any:
        return relu(input, self.inplace)

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class Tanh(Module):
    def execute(self, input: Any) -> Any:
        return jt.tanh(input)


class Softmax(Module):
    def __init__(self, dim: Any = None) -> None:
        super().__init__()
        self.dim = dim

    def execute(self, input: Any) -> Any:
        return softmax_over(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class DropoutBase(Module):
    """Active right after construction, until ``eval()``; Jittor's waits for ``train()``."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p
        self.inplace = inplace

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(DropoutBase):
    def execute(self, input: Any) -> Any:
        return dropout(input, self.p, self.training, self.inplace)


def in_place(input: Any, result: Any, inplace: bool) -> Any:
    """The result; with Torch's ``inplace=True`` everyone who holds the input sees it changed, so it is assigned."""
    return input.assign(result) if inplace else result


def relu(input: Any, inplace: bool = False) -> Any:
    return in_place(input, rectified(input), inplace)


def logsigmoid(input: Any) -> Any:
    """min(x, 0) - log(1 + exp(-|x|)); Jittor's log(sigmoid(x)) saturates at -30."""
    negative = input < 0
    low = jt.ternary(negative, input, jt.zeros_like(input))
    return low - jt.log(1 + jt.ternary(negative, input, -input).exp())


def legacy_softmax_dim(ndim: int) -> int:
    """The dimension that Torch takes when none is given (with a warning)."""
    return 0 if ndim in (0, 1, 3) else 1


def softmax_over(input: Any, dim: Any = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """Softmax over one dimension; without ``dim`` Jittor's goes over all elements."""
    if dtype is not None:
        input = input.cast(dtype)
    return nn.softmax(input, dim=legacy_softmax_dim(input.ndim) if dim is None else dim)


def log_of_softmax(x: Any, dim: int) -> Any:
    """log(softmax(x)).  In Jittor's own the compiler adds the logarithm to the maximum first: 1e5 loses its digits."""
    if jt.flags.use_cuda:
        return nn.log_softmax(x, dim=dim)
    name = str(x.dtype)
    x = x.float32() if name in ("float16", "bfloat16") else x
    top = x.detach().max(dim, keepdims=True)
    gap = jt.ternary(x > top, jt.zeros_like(x), x - top)  # never above, but this is what the compiler cannot know
    return (gap - gap.exp().sum(dim, keepdims=True).log()).cast(name)


def dropped(input: Any, shape: Any, p: float, training: bool) -> Any:
    """Zero with probability ``p`` for each element of ``shape`` (broadcast over the input), scale up the rest."""
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not training or p == 0:
        return input
    if p == 1:
        return input * 0
    keep = (jt.random(shape) >= p).cast(input.dtype)
    return input * keep / (1 - p)


def dropout(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Active unless told otherwise; the one of Jittor is not."""
    return in_place(input, dropped(input, input.shape, p, training), inplace)


def ieee_arithmetic() -> bool:
    """Let operators that are compiled from now on reckon with NaN and infinity; whether they do.

    Jittor compiles with ``-Ofast``, which promises the compiler that neither occurs: ``nan > 0`` is then true,
    ``1 / inf`` nan, and ``clamp`` or ``where`` make a number out of NaN.  The rest of ``-Ofast`` stays; the macro keeps
    the vector functions for exp and its like, which its headers offer only where nothing of it was taken back.
    """
    options = " -fno-finite-math-only -fno-reciprocal-math -D__FAST_MATH__=1 "
    if os.name == "nt" or "-Ofast" not in jt.flags.cc_flags:
        return False
    if "-fno-finite-math-only" not in jt.flags.cc_flags:
        jt.flags.cc_flags += options
    return True


# Every helper module has this line: it must have been read before the first operator is compiled.
IEEE_ARITHMETIC = ieee_arithmetic()


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


BATCH_NORM_HEADER = r"""
#pragma once
#include "op.h"
namespace jittor {

// Of x (N, C, ...), all else (C). Training: y, mean and biased variance. Evaluation: y. Backward: dx, dweight, dbias.
struct @CLASS@ : Op {
    enum { TRAINING, EVALUATION, BACKWARD } work;
    bool by_batch;
    float64 eps;
    vector<Var*> given;
    // @attrs(multiple_outputs)
    @CLASS@(Var* x, Var* weight, Var* bias, float64 eps);
    // @attrs(multiple_outputs)
    @CLASS@(Var* x, Var* weight, Var* bias, Var* mean, Var* variance, float64 eps);
    // @attrs(multiple_outputs)
    @CLASS@(Var* x, Var* dy, Var* weight, Var* mean, Var* variance, float64 eps, bool by_batch);
    const char* name() const override { return "@OP@"; }
    void grads(Var** douts, VarPtr* dins) override;
    void infer_shape() override;
    void run() override;
};
} // jittor
"""


BATCH_NORM_SOURCE = r"""
#include <cmath>
#include <vector>
#include "var.h"
#include "@OP@_op.h"

namespace jittor {

static void make_outputs(Op* op, Var* x, int count) {
    op->flags.set(NodeFlags::_manual_set_vnbb);
    op->flags.set(NodeFlags::_grads);
    for (int i = 0; i < count; i++) op->create_output(nullptr, x->dtype());
}

@CLASS@::@CLASS@(Var* x, Var* weight, Var* bias, float64 eps)
    : work(TRAINING), by_batch(true), eps(eps), given({x, weight, bias}) {
    make_outputs(this, x, 3);
}

@CLASS@::@CLASS@(Var* x, Var* weight, Var* bias, Var* mean, Var* variance, float64 eps)
    : work(EVALUATION), by_batch(false), eps(eps), given({x, weight, bias, mean, variance}) {
    make_outputs(this, x, 1);
}

@CLASS@::@CLASS@(Var* x, Var* dy, Var* weight, Var* mean, Var* variance, float64 eps, bool by_batch)
    : work(BACKWARD), by_batch(by_batch), eps(eps), given({x, dy, weight, mean, variance}) {
    make_outputs(this, x, 3);
}

void @CLASS@::infer_shape() {
    NanoVector channels;
    channels.push_back_check_overflow(given[0]->shape[1]);
    for (int i = 0; i < (int)outputs().size(); i++) output(i)->set_shape(i == 0 ? given[0]->shape : channels);
}

void @CLASS@::grads(Var** douts, VarPtr* dins) {
    LOGf << "@OP@ has no gradient of its own: it stands within a function that has one";
}

// Per channel, d being x less centre: the sums of d and d * d, or where there is dy, those of dy and dy * d.
template <bool with_dy>
static void channel_sums(int64 samples, int64 channels, int64 rest, const float* x, const float* dy,
                         const float* centre, std::vector<double>& firsts, std::vector<double>& seconds) {
    int64 rows = samples * channels;
    std::vector<double> a(rows), b(rows);
    #pragma omp parallel for
    for (int64 row = 0; row < rows; row++) {
        const float* from = x + row * rest;
        const float* change = with_dy ? dy + row * rest : from;
        double middle = centre[row % channels], s = 0, t = 0;
        #pragma omp simd reduction(+ : s, t)
        for (int64 i = 0; i < rest; i++) {
            double d = from[i] - middle, factor = with_dy ? (double)change[i] : d;
            s += factor;
            t += factor * d;
        }
        a[row] = s;
        b[row] = t;
    }
    firsts.assign(channels, 0);
    seconds.assign(channels, 0);
    for (int64 row = 0; row < rows; row++) {
        firsts[row % channels] += a[row];
        seconds[row % channels] += b[row];
    }
}

void @CLASS@::run() {
    auto* x = given[0]->ptr<float32>();
    int64 samples = given[0]->shape[0], channels = given[0]->shape[1];
    int64 rows = samples * channels, rest = given[0]->num / rows;
    double count = samples * rest;
    std::vector<double> sums, products;
    std::vector<float> scale(channels), slope(channels), shift(channels);
    std::vector<double> rest_of_mean(channels, 0);
    if (work == BACKWARD) {
        auto *dy = given[1]->ptr<float32>(), *weight = given[2]->ptr<float32>();
        auto *mean = given[3]->ptr<float32>(), *variance = given[4]->ptr<float32>();
        auto *dx = output(0)->ptr<float32>(), *dweight = output(1)->ptr<float32>(), *dbias = output(2)->ptr<float32>();
        channel_sums<true>(samples, channels, rest, x, dy, mean, sums, products);
        for (int64 c = 0; c < channels; c++) {
            double inverse = 1 / std::sqrt(variance[c] + eps), all = weight[c] * inverse;
            dweight[c] = products[c] * inverse;
            dbias[c] = sums[c];
            scale[c] = all;
            slope[c] = by_batch ? -all * inverse * inverse * products[c] / count : 0;
            shift[c] = by_batch ? -all * sums[c] / count : 0;
        }
        #pragma omp parallel for
        for (int64 row = 0; row < rows; row++) {
            int64 c = row % channels;
            const float *from = x + row * rest, *change = dy + row * rest;
            float a = scale[c], b = slope[c], s = shift[c], m = mean[c], *to = dx + row * rest;
            if (by_batch) {
                #pragma omp simd
                for (int64 i = 0; i < rest; i++) to[i] = a * change[i] + (b * (from[i] - m) + s);
            } else {
                #pragma omp simd
                for (int64 i = 0; i < rest; i++) to[i] = a * change[i];
            }
        }
        return;
    }
    auto *weight = given[1]->ptr<float32>(), *bias = given[2]->ptr<float32>(), *y = output(0)->ptr<float32>();
    auto *mean = work == TRAINING ? output(1)->ptr<float32>() : given[3]->ptr<float32>();
    auto *variance = work == TRAINING ? output(2)->ptr<float32>() : given[4]->ptr<float32>();
    if (work == TRAINING) {
        // The first element of each channel is taken off, so that large means cost no digits of the variance.
        for (int64 c = 0; c < channels; c++) shift[c] = x[c * rest];
        channel_sums<false>(samples, channels, rest, x, nullptr, shift.data(), sums, products);
        for (int64 c = 0; c < channels; c++) {
            double off = sums[c] / count, spread = products[c] / count - off * off;
            mean[c] = shift[c] + off;
            // What float32 drops of a mean that is large beside the spread would move every output of the channel.
            rest_of_mean[c] = ((double)shift[c] - (double)mean[c]) + off;
            variance[c] = spread > 0 ? spread : (spread == spread ? 0 : spread);  // NaN stays NaN
        }
    }
    for (int64 c = 0; c < channels; c++) scale[c] = weight[c] / std::sqrt(variance[c] + eps);
    #pragma omp parallel for
    for (int64 row = 0; row < rows; row++) {
        int64 c = row % channels;
        const float* from = x + row * rest;
        float a = scale[c], m = mean[c], s = bias[c] - rest_of_mean[c] * a, *to = y + row * rest;
        #pragma omp simd
        for (int64 i = 0; i < rest; i++) to[i] = (from[i] - m) * a + s;
    }
}

} // jittor
"""


def native_batch_norm() -> Any:
    """The operator, None where it cannot be compiled."""
    return native_operator("native_batch_norm", BATCH_NORM_HEADER, BATCH_NORM_SOURCE, "-fopenmp")


class BatchNormBackward(jt.Function):
    """The gradients of batch normalisation, as a function that has gradients again."""

    def execute(self, x: Any, dy: Any, weight: Any, mean: Any, variance: Any, eps: float, by_batch: bool) -> Any:
        return native_batch_norm()(x, dy, weight, mean, variance, eps, by_batch)

    def grad(self, *changes: Any) -> Any:
        """Second derivatives: rare, so the same formula is left to Jittor to differentiate."""
        x, dy, weight, mean, variance, eps, by_batch = self.given
        dims = [0, *range(2, x.ndim)]
        shape = [1, -1] + [1] * (x.ndim - 2)
        mean, variance = mean.reshape(shape), variance.reshape(shape)
        if by_batch:
            mean = x.mean(dims=dims, keepdims=True)
            variance = (x - mean).sqr().mean(dims=dims, keepdims=True)
        inverse = 1 / jt.sqrt(variance + eps)
        normal = (x - mean) * inverse
        wanted = dy
        if by_batch:
            wanted = dy - dy.mean(dims=dims, keepdims=True) - normal * (dy * normal).mean(dims=dims, keepdims=True)
        results = (wanted * inverse * weight.reshape(shape), (dy * normal).sum(dims), dy.sum(dims))
        total = sum((change * result).sum() for change, result in zip(changes, results) if change is not None)
        places = [i for i in range(3) if self.input_mask[i] >= 0]
        found = dict(zip(places, jt.grad(total, [self.given[i] for i in places], retain_graph=True)))
        return (*(found.get(i) for i in range(3)), None, None, None, None)


class NativeBatchNorm(jt.Function):
    """Batch normalisation; afterwards ``mean`` and ``variance`` (biased) are those that it used."""

    def execute(self, x: Any, weight: Any, bias: Any, mean: Any, variance: Any, eps: float) -> Any:
        self.by_batch = mean is None
        if self.by_batch:
            y, mean, variance = native_batch_norm()(x, weight, bias, eps)
        else:
            (y,) = native_batch_norm()(x, weight, bias, mean, variance, eps)
        self.mean, self.variance = mean.detach(), variance.detach()
        return y

    def grad(self, dy: Any) -> Any:
        x, weight, eps = self.given
        dy = dy.float32()  # float64 behind a division by an integer tensor
        function = BatchNormBackward()
        function.given = (x.tape(), dy.tape(), weight.tape(), self.mean, self.variance, eps, self.by_batch)
        found = function(x, dy, weight, self.mean, self.variance, eps, self.by_batch)
        return (*(g if self.input_mask[i] >= 0 else None for i, g in enumerate(found)), None, None, None)


def fast_batch_norm(input: Any, mean: Any, variance: Any, weight: Any, bias: Any, eps: float) -> Any:
    """``(y, mean, variance)``, by the batch where ``mean`` is None; None where Jittor's operators have to do it."""
    if input.numel() == 0 or not computes_natively(input, mean, variance, weight, bias):
        return None
    if native_batch_norm() is None:
        return None
    channels = (input.shape[1],)
    weight = jt.ones(channels).stop_grad() if weight is None else weight
    bias = jt.zeros(channels).stop_grad() if bias is None else bias
    function = NativeBatchNorm()
    if not jt.flags.no_grad:
        # Kept for the gradient under names of their own (``tape``): no later assignment changes these, and unlike
        # the arguments that ``execute`` gets they can be differentiated with respect to once more.
        function.given = (input.tape(), weight.tape(), float(eps))
    means = (None, None) if mean is None else (mean.detach(), variance.detach())
    y = function(input, weight, bias, *means, float(eps))
    return y, function.mean, function.variance


def pairs(boxes1: Any, boxes2: Any) -> tuple[Any, Any]:
    """(..., N, K) and (..., M, K) as (..., N, 1, K) and (..., 1, M, K)."""
    return boxes1.unsqueeze(-2), boxes2.unsqueeze(-3)


def quotient(a: Any, b: Any) -> Any:
    return floating(a) / floating(b)


def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """``input`` where the condition holds, else ``other`` (tensors or numbers); with one argument, the indices.

    ``x.where(c, y)`` means something else in Jittor; the branches are brought to Torch's common dtype.
    """
    if input is None and other is None:
        return tuple(index.int64() for index in jt.where(condition))
    return jt.ternary(*aligned(condition.bool(), *promoted(input, other)))


class ModuleSequence(Module):
    """Modules under the names 0, 1, 2, ...: what Sequential and ModuleList share."""

    def named_held(self) -> list[tuple[str, Any]]:
        """Names and modules; as in Torch, None may stand in the place of a module."""
        held = self.__dict__.items()
        return [(str(k), v) for k, v in held if isinstance(v, nn.Module) or v is None and str(k).isdigit()]

    def items_held(self) -> list[Any]:
        return [child for _, child in self.named_held()]

    def refill(self, modules: Any) -> None:
        """Take these modules, in this order, instead of those held."""
        for name, _ in self.named_held():
            delattr(self, name)
        for i, module in enumerate(modules):
            self.add_module(str(i), module)

    def __len__(self) -> int:
        return len(self.items_held())

    def __iter__(self) -> Any:
        return iter(self.items_held())

    def __contains__(self, module: Any) -> bool:
        return any(held is module for held in self.items_held())

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return self.same_kind(self.named_held()[index])
        if isinstance(index, str):
            return dict(self.named_held())[index]
        return self.items_held()[index]

    def same_kind(self, named: Any) -> Any:
        return type(self)([child for _, child in named])

    def __setitem__(self, index: int, module: Any) -> None:
        setattr(self, self.named_held()[index][0], module)

    def __delitem__(self, index: Any) -> None:
        names = self.named_held()[index] if isinstance(index, slice) else [self.named_held()[index]]
        for name, _ in names:
            delattr(self, name)
        named = self.named_held()
        if all(name.isdigit() for name, _ in named):
            self.refill([child for _, child in named])

    def append(self, module: Any) -> Any:
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules: Any) -> Any:
        for module in modules:
            self.append(module)
        return self

    def insert(self, index: int, module: Any) -> Any:
        held = self.items_held()
        held.insert(index, module)
        self.refill(held)
        return self

    def pop(self, key: Any) -> Any:
        found = self[key]
        del self[key]
        return found

    def __iadd__(self, modules: Any) -> Any:
        return self.extend(list(modules))

    def __add__(self, other: Any) -> Any:
        return self.same_kind([(str(i), m) for i, m in enumerate([*self, *other])])


class Sequential(ModuleSequence):
    """Modules that feed each other; made of modules, or of one OrderedDict that names them."""

    def __init__(self, *args: Any) -> None:
        super().__init__()
        if len(args) == 1 and isinstance(args[0], collections.OrderedDict):
            for name, module in args[0].items():
                self.add_module(name, module)
        else:
            for i, module in enumerate(args):
                if not isinstance(module, nn.Module):
                    raise TypeError(f"{type(module).__name__} is not a Module subclass")
                self.add_module(str(i), module)

    def same_kind(self, named: Any) -> Any:
        return type(self)(collections.OrderedDict(named))

    def execute(self, input: Any) -> Any:
        for _, module in module_children(self):
            input = module(input)
        return input


class ModuleList(ModuleSequence):
    """A list of modules."""

    def __init__(self, modules: Any = None) -> None:
        super().__init__()
        self.extend(modules or ())


def repeated(value: Any, count: int) -> tuple[int, ...]:
    """``count`` numbers out of one number or a sequence of one or ``count``."""
    if isinstance(value, int):
        return (value,) * count
    found = tuple(int(v) for v in value)
    return found * count if len(found) == 1 else found


def same_padding(input: Any, kernel: Any, dilation: Any) -> tuple[Any, tuple[int, ...]]:
    """Padding that keeps the size; where it is odd, Torch puts the larger half on the right."""
    totals = [d * (k - 1) for k, d in zip(kernel, dilation)]
    if any(t % 2 for t in totals):
        extra: list[int] = []
        for total in reversed(totals):
            extra += [0, total % 2]
        input = nn.pad(input, extra)
    return input, tuple(t // 2 for t in totals)


def convolution(
    input: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
    count: int,
) -> Any:
    """Convolution over ``count`` dimensions, with or without a batch dimension."""
    if input.ndim == count + 1:
        batch = input.unsqueeze(0)
        return convolution(batch, weight, bias, stride, padding, dilation, groups, count).squeeze(0)
    if input.ndim != count + 2:
        raise RuntimeError(f"Expected {count + 1}D or {count + 2}D input to conv{count}d, got {list(input.shape)}")
    if input.shape[1] != weight.shape[1] * groups:
        raise RuntimeError(
            f"Given groups={groups}, weight of size {list(weight.shape)}, expected input{list(input.shape)} "
            f"to have {weight.shape[1] * groups} channels, but got {input.shape[1]} channels instead"
        )
    stride, dilation = repeated(stride, count), repeated(dilation, count)
    if padding == "same":
        if any(s != 1 for s in stride):
            raise ValueError("padding='same' is not supported for strided convolutions")
        input, padding = same_padding(input, list(weight.shape)[2:], dilation)
    else:
        padding = (0,) * count if padding == "valid" else repeated(padding, count)
    found = fast_convolution(input, weight, bias, stride, padding, dilation, groups)
    if found is not None:
        return found
    if count == 1:
        found = nn.conv2d(
            input.unsqueeze(-1), weight.unsqueeze(-1), bias, stride + (1,), padding + (0,), dilation + (1,), groups
        )
        return found.squeeze(-1)
    if count == 2:
        return nn.conv2d(input, weight, bias, stride, padding, dilation, groups)
    if groups == 1:
        return nn.conv3d(input, weight, bias, stride, padding, dilation)
    # Jittor's grouped 3-D convolution mixes up the axes unless the output is a cube.
    inputs, outputs = input.shape[1] // groups, weight.shape[0] // groups
    parts = []
    for g in range(groups):
        rows = slice(g * outputs, (g + 1) * outputs)
        part = input[:, g * inputs : (g + 1) * inputs]
        own_bias = None if bias is None else bias[rows]
        parts.append(nn.conv3d(part, weight[rows], own_bias, stride, padding, dilation))
    return jt.concat(parts, dim=1)


def linear(input: Any, weight: Any, bias: Any = None) -> Any:
    """``input @ weight.T + bias`` over the last dimension; the weight may also be one row (1-D)."""
    if weight.ndim == 1:
        found = (input * weight).sum(-1)
        return found if bias is None else found + bias
    return nn.linear(input, weight, bias)


CONVOLUTION_HEADER = r"""
#pragma once
#include "op.h"
namespace jittor {

// The three convolutions that are each other's derivatives, and the sum over all but the channels (of a bias).
// mode 0: a = input, b = weight; 1: a = output gradient, b = weight; 2: a = input, b = output gradient; 3: a.
// size: what the operands do not tell; the size of the input (mode 1) or of the kernel (mode 2).
struct @CLASS@ : Op {
    Var* a;
    Var* b;
    Var* bias;
    Var* out;
    int mode, groups;
    NanoVector stride, padding, dilation, size;
    @CLASS@(Var* a, Var* b, int mode, int groups, NanoVector stride, NanoVector pad, NanoVector dilate, NanoVector n);
    @CLASS@(Var* a, Var* b, Var* bias, int groups, NanoVector stride, NanoVector pad, NanoVector dilate);
    @CLASS@(Var* a);
    const char* name() const override { return "@OP@"; }
    VarPtr grad(Var* out, Var* dout, Var* v, int v_index) override;
    void infer_shape() override;
    void run() override;
};
} // jittor
"""


CONVOLUTION_SOURCE = r"""
#include <cstring>
#include <mutex>
#include <dnnl.hpp>
#include "var.h"
#include "executor.h"
#include "mem/allocator.h"
#include "ops/op_register.h"
#include "@OP@_op.h"

namespace jittor {

enum { FORWARD, BACKWARD_DATA, BACKWARD_WEIGHTS, CHANNEL_SUM };

static NanoVector spatial(Var* v) {
    NanoVector found;
    for (int i = 2; i < 5; i++) found.push_back_check_overflow(v->shape[i]);
    return found;
}

@CLASS@::@CLASS@(Var* a, Var* b, int mode, int groups,
                 NanoVector stride, NanoVector padding, NanoVector dilation, NanoVector size)
    : a(a), b(b), bias(nullptr), mode(mode), groups(groups),
      stride(stride), padding(padding), dilation(dilation), size(size) {
    flags.set(NodeFlags::_manual_set_vnbb);
    a->flags.set(NodeFlags::_needed_by_backward);
    b->flags.set(NodeFlags::_needed_by_backward);
    out = create_output(nullptr, a->dtype());
}

@CLASS@::@CLASS@(Var* a, Var* b, Var* bias, int groups, NanoVector stride, NanoVector padding, NanoVector dilation)
    : a(a), b(b), bias(bias), mode(FORWARD), groups(groups), stride(stride), padding(padding), dilation(dilation) {
    flags.set(NodeFlags::_manual_set_vnbb);
    a->flags.set(NodeFlags::_needed_by_backward);
    b->flags.set(NodeFlags::_needed_by_backward);
    out = create_output(nullptr, a->dtype());
}

@CLASS@::@CLASS@(Var* a) : a(a), b(nullptr), bias(nullptr), mode(CHANNEL_SUM), groups(1) {
    flags.set(NodeFlags::_manual_set_vnbb);
    out = create_output(nullptr, a->dtype());
}

void @CLASS@::infer_shape() {
    NanoVector shape;
    if (mode == CHANNEL_SUM) {
        shape.push_back_check_overflow(a->shape[1]);
    } else if (mode == FORWARD) {
        ASSERT(a->shape.size() == 5 && b->shape.size() == 5);
        ASSERTop(a->shape[1],==,b->shape[1] * groups);
        shape.push_back_check_overflow(a->shape[0]);
        shape.push_back_check_overflow(b->shape[0]);
        for (int i = 0; i < 3; i++) {
            int64 room = a->shape[2 + i] + 2 * padding[i] - dilation[i] * (b->shape[2 + i] - 1) - 1;
            ASSERT(room >= 0) << "the kernel is larger than the padded input" << a->shape << b->shape;
            shape.push_back_check_overflow(room / stride[i] + 1);
        }
    } else if (mode == BACKWARD_DATA) {
        shape.push_back_check_overflow(a->shape[0]);
        shape.push_back_check_overflow(b->shape[1] * groups);
        for (int i = 0; i < 3; i++) shape.push_back_check_overflow(size[i]);
    } else {
        shape.push_back_check_overflow(b->shape[1]);
        shape.push_back_check_overflow(a->shape[1] / groups);
        for (int i = 0; i < 3; i++) shape.push_back_check_overflow(size[i]);
    }
    out->set_shape(shape);
}

@AS_FLOAT32@
VarPtr @CLASS@::grad(Var* out, Var* dout, Var* v, int v_index) {
    VarPtr single = as_float32(dout);
    dout = single;
    static auto make = get_op_info("@OP@")
        .get_constructor<VarPtr, Var*, Var*, int, int, NanoVector, NanoVector, NanoVector, NanoVector>();
    static auto make_sum = get_op_info("@OP@").get_constructor<VarPtr, Var*>();
    static auto make_broadcast = get_op_info("broadcast_to").get_constructor<VarPtr, Var*, NanoVector, NanoVector>();
    if (mode == CHANNEL_SUM) {
        NanoVector dims;
        for (int i = 0; i < (int)a->shape.size(); i++) if (i != 1) dims.push_back_check_overflow(i);
        return make_broadcast(dout, a->shape, dims);
    }
    if (v_index == 2) return make_sum(dout);
    auto other = [&](Var* a, Var* b, int mode, NanoVector size) {
        return make(a, b, mode, groups, stride, padding, dilation, size);
    };
    if (mode == FORWARD)
        return v_index == 0 ? other(dout, b, BACKWARD_DATA, spatial(a)) : other(a, dout, BACKWARD_WEIGHTS, spatial(b));
    if (mode == BACKWARD_DATA)
        return v_index == 0 ? other(dout, b, FORWARD, {}) : other(dout, a, BACKWARD_WEIGHTS, spatial(b));
    return v_index == 0 ? other(b, dout, BACKWARD_DATA, spatial(a)) : other(a, dout, FORWARD, {});
}

using dnnl::memory;
using dnnl::reorder;
using tag = memory::format_tag;

static dnnl::engine& cpu() {
    static dnnl::engine found(dnnl::engine::kind::cpu, 0);
    return found;
}

static dnnl::stream& queue() {
    static dnnl::stream found(cpu());
    return found;
}

// Memory from Jittor's allocator, which keeps what is freed: fresh pages would cost as much as the copies into them.
struct Scratch {
    size_t size, allocation = 0;
    void* place = nullptr;
    Scratch(size_t size) : size(size) {
        if (size) place = exe.allocator->alloc(size, allocation);
    }
    ~Scratch() {
        if (place) exe.allocator->free(place, size, allocation);
    }
    Scratch(const Scratch&) = delete;
};

// One operand: how the program stores it, how the primitive wants it, and the way between.
struct Operand {
    int argument = 0;
    memory::desc plain, wanted;
    bool moved = false;
    reorder move;
};

struct Plan {
    dnnl::primitive work;
    memory::desc scratchpad;
    Operand first, second, result;
    bool has_bias = false;
    memory::desc bias;
};

static void settle(Operand& operand, int argument, const memory::desc& plain, const memory::desc& wanted,
                   bool is_result) {
    operand.argument = argument;
    operand.plain = plain;
    operand.wanted = wanted;
    operand.moved = plain != wanted;
    if (!operand.moved) return;
    const auto& from = is_result ? wanted : plain;
    const auto& to = is_result ? plain : wanted;
    operand.move = reorder(reorder::primitive_desc(cpu(), from, cpu(), to));
}

static memory::dims dims_of(const NanoVector& v, int less = 0) {
    memory::dims found;
    for (int i = 0; i < (int)v.size(); i++) found.push_back(v[i] - less);
    return found;
}

// Whether the first spatial dimension is one that was added: oneDNN has better kernels without it.
static bool is_flat(const @CLASS@& op, const NanoVector& x, const NanoVector& w, const NanoVector& y) {
    return x[2] == 1 && w[2] == 1 && y[2] == 1 && op.padding[0] == 0;
}

static Plan make_plan(const @CLASS@& op, const NanoVector& x, const NanoVector& w, const NanoVector& y) {
    using namespace dnnl;
    auto f32 = memory::data_type::f32;
    memory::dims src = dims_of(x), dst = dims_of(y), wei = dims_of(w);
    memory::dims s = dims_of(op.stride), p = dims_of(op.padding), d = dims_of(op.dilation, 1);
    bool flat = is_flat(op, x, w, y);
    if (flat) {
        for (auto* dims : {&src, &dst, &wei}) dims->erase(dims->begin() + 2);
        for (auto* dims : {&s, &p, &d}) dims->erase(dims->begin());
    }
    if (op.groups > 1) {
        wei[0] /= op.groups;
        wei.insert(wei.begin(), op.groups);
    }
    auto xtag = flat ? tag::nchw : tag::ncdhw;
    auto wtag = op.groups > 1 ? (flat ? tag::goihw : tag::goidhw) : (flat ? tag::oihw : tag::oidhw);
    memory::desc plain_src(src, f32, xtag), plain_dst(dst, f32, xtag), plain_wei(wei, f32, wtag);
    // Blocked layouts are the fastest, but the way there and back costs: too much where a value is used once (kernels
    // of one element), and where the weights are many and the places few.  Measured in docs/performance.md.
    auto count = [](const NanoVector& v) { return (double)v[0] * v[1] * v[2] * v[3] * v[4]; };
    bool pointwise = op.groups == 1 && w[2] * w[3] * w[4] == 1;
    bool heavy = count(w) > 10 * (count(x) + count(y)) || y[0] * y[2] * y[3] * y[4] <= 64;
    bool blocked = !pointwise && (op.groups > 1 || !heavy);
    auto data = blocked ? tag::any : xtag;
    memory::desc any_src(src, f32, data), any_dst(dst, f32, data), any_wei(wei, f32, tag::any);
    memory::desc bias({dst[1]}, f32, tag::x);
    primitive_attr attributes;
    attributes.set_scratchpad_mode(scratchpad_mode::user);
    auto direct = algorithm::convolution_direct;
    auto inference = op.mode == FORWARD ? prop_kind::forward_inference : prop_kind::forward_training;
    auto ahead_desc = op.bias
        ? convolution_forward::desc(inference, direct, any_src, any_wei, bias, any_dst, s, d, p, p)
        : convolution_forward::desc(inference, direct, any_src, any_wei, any_dst, s, d, p, p);
    convolution_forward::primitive_desc ahead(ahead_desc, attributes, cpu());
    Plan plan;
    if (op.mode == FORWARD) {
        plan.work = convolution_forward(ahead);
        plan.scratchpad = ahead.scratchpad_desc();
        settle(plan.first, DNNL_ARG_SRC, plain_src, ahead.src_desc(), false);
        settle(plan.second, DNNL_ARG_WEIGHTS, plain_wei, ahead.weights_desc(), false);
        settle(plan.result, DNNL_ARG_DST, plain_dst, ahead.dst_desc(), true);
        plan.has_bias = op.bias != nullptr;
        plan.bias = bias;
    } else if (op.mode == BACKWARD_DATA) {
        convolution_backward_data::desc desc(direct, any_src, any_wei, any_dst, s, d, p, p);
        convolution_backward_data::primitive_desc back(desc, attributes, cpu(), ahead);
        plan.work = convolution_backward_data(back);
        plan.scratchpad = back.scratchpad_desc();
        settle(plan.first, DNNL_ARG_DIFF_DST, plain_dst, back.diff_dst_desc(), false);
        settle(plan.second, DNNL_ARG_WEIGHTS, plain_wei, back.weights_desc(), false);
        settle(plan.result, DNNL_ARG_DIFF_SRC, plain_src, back.diff_src_desc(), true);
    } else {
        convolution_backward_weights::desc desc(direct, any_src, any_wei, any_dst, s, d, p, p);
        convolution_backward_weights::primitive_desc back(desc, attributes, cpu(), ahead);
        plan.work = convolution_backward_weights(back);
        plan.scratchpad = back.scratchpad_desc();
        settle(plan.first, DNNL_ARG_SRC, plain_src, back.src_desc(), false);
        settle(plan.second, DNNL_ARG_DIFF_DST, plain_dst, back.diff_dst_desc(), false);
        settle(plan.result, DNNL_ARG_DIFF_WEIGHTS, plain_wei, back.diff_weights_desc(), true);
    }
    return plan;
}

// Making a primitive takes longer than a small convolution: each geometry is made once.
static const Plan& plan_of(const @CLASS@& op, const NanoVector& x, const NanoVector& w, const NanoVector& y) {
    static std::unordered_map<string, Plan> plans;
    string key;
    auto add = [&](int64 value) { key.append((const char*)&value, sizeof(value)); };
    for (auto* v : {&x, &w, &y, &op.stride, &op.padding, &op.dilation})
        for (int i = 0; i < (int)v->size(); i++) add((*v)[i]);
    add(op.mode), add(op.groups), add(op.bias != nullptr);
    auto found = plans.find(key);
    if (found == plans.end()) found = plans.emplace(key, make_plan(op, x, w, y)).first;
    return found->second;
}

static memory given(const Operand& operand, const Scratch& room, void* place) {
    memory stored(operand.plain, cpu(), place);
    if (!operand.moved) return stored;
    memory wanted(operand.wanted, cpu(), room.place);
    operand.move.execute(queue(), stored, wanted);
    return wanted;
}

static void channel_sum(Var* a, Var* out) {
    int64 samples = a->shape[0], channels = a->shape[1], rest = channels ? a->num / (samples * channels) : 0;
    auto* from = a->ptr<float32>();
    auto* to = out->ptr<float32>();
    #pragma omp parallel for
    for (int64 c = 0; c < channels; c++) {
        double total = 0;
        for (int64 n = 0; n < samples; n++) {
            auto* row = from + (n * channels + c) * rest;
            double sum = 0;
            #pragma omp simd reduction(+ : sum)
            for (int64 i = 0; i < rest; i++) sum += row[i];
            total += sum;
        }
        to[c] = total;
    }
}

void @CLASS@::run() {
    static std::mutex one_at_a_time;
    std::lock_guard<std::mutex> guard(one_at_a_time);
    if (out->num == 0) return;
    if (a->num == 0 || (b && b->num == 0)) {
        std::memset(out->mem_ptr, 0, out->size);
        return;
    }
    if (mode == CHANNEL_SUM) return channel_sum(a, out);
    auto& x = mode == BACKWARD_DATA ? out->shape : a->shape;
    auto& w = mode == BACKWARD_WEIGHTS ? out->shape : b->shape;
    auto& y = mode == FORWARD ? out->shape : mode == BACKWARD_DATA ? a->shape : b->shape;
    const Plan& plan = plan_of(*this, x, w, y);
    auto room = [](const Operand& operand) { return operand.moved ? operand.wanted.get_size() : 0; };
    Scratch first_room(room(plan.first)), second_room(room(plan.second)), result_room(room(plan.result));
    Scratch pad(plan.scratchpad.get_size());
    memory result(plan.result.wanted, cpu(), plan.result.moved ? result_room.place : out->mem_ptr);
    std::unordered_map<int, memory> arguments = {
        {plan.first.argument, given(plan.first, first_room, a->mem_ptr)},
        {plan.second.argument, given(plan.second, second_room, b->mem_ptr)},
        {plan.result.argument, result},
        {DNNL_ARG_SCRATCHPAD, memory(plan.scratchpad, cpu(), pad.place)},
    };
    if (plan.has_bias) arguments[DNNL_ARG_BIAS] = memory(plan.bias, cpu(), bias->mem_ptr);
    plan.work.execute(queue(), arguments);
    if (plan.result.moved) {
        memory stored(plan.result.plain, cpu(), out->mem_ptr);
        plan.result.move.execute(queue(), result, stored);
    }
    queue().wait();
}

} // jittor
"""


def onednn_flags() -> Any:
    """Compiler flags for the oneDNN that Jittor links, None where it runs without."""
    if sys.platform != "linux" or getattr(jt.compile_extern, "mkl_ops", None) is None:
        return None
    base = os.path.join(jittor_utils.home(), ".cache", "jittor", "mkl")
    homes = [os.path.join(base, n) for n in (os.listdir(base) if os.path.isdir(base) else []) if n.startswith("dnnl")]
    include = os.environ.get("mkl_include_path") or next((f"{h}/include" for h in homes if os.path.isdir(h)), "")
    libraries = os.environ.get("mkl_lib_path") or next((f"{h}/lib" for h in homes if os.path.isdir(h)), "")
    if not os.path.isfile(os.path.join(libraries, "libmkldnn.so")):
        return None
    return f'-fopenmp -I"{include}" -L"{libraries}" -lmkldnn'


def onednn_convolution() -> Any:
    """The operator, None where it cannot be had."""
    flags = onednn_flags()
    if flags is None:
        say_once("convolutions: Jittor runs without oneDNN here, so its own slower operators are used")
        return None
    return native_operator("onednn_convolution", CONVOLUTION_HEADER, CONVOLUTION_SOURCE, flags)


def usable_convolution(*values: Any) -> Any:
    """The operator, None where Jittor's own has to do it; ``values`` are (N, C, ...) and a kernel, or its bias."""
    if not computes_natively(*values):
        if values[0].ndim == 5 and not jt.flags.use_cuda:
            say_once(f"3-D convolutions in {values[0].dtype} use Jittor's own single-threaded loop; float32 is faster")
        return None
    return onednn_convolution()


def to_three(values: Any, fill: int) -> tuple[int, ...]:
    """Strides and the like for three dimensions; those that are missing come first."""
    return (fill,) * (3 - len(values)) + tuple(values)


def with_three(value: Any) -> Any:
    """(N, C, ...) with three spatial dimensions; those that are missing come first.  It costs no copy."""
    shape = list(value.shape)
    return value if len(shape) == 5 else value.reshape(shape[:2] + [1] * (5 - len(shape)) + shape[2:])


def without_added(value: Any, count: int) -> Any:
    """The reverse of :func:`with_three`, for ``count`` dimensions."""
    return value if count == 3 else value.reshape(list(value.shape)[:2] + list(value.shape)[5 - count :])


def fast_convolution(input: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> Any:
    """Convolution of (N, C, ...) over one to three dimensions, None where Jittor's own has to do it."""
    operator = usable_convolution(input, weight, bias)
    if operator is None:
        return None
    count = len(stride)
    stride, padding, dilation = to_three(stride, 1), to_three(padding, 0), to_three(dilation, 1)
    x, w = with_three(input), with_three(weight)
    if bias is None:
        return without_added(operator(x, w, 0, groups, stride, padding, dilation, ()), count)
    return without_added(operator(x, w, bias, groups, stride, padding, dilation), count)


def without_tensors(value: Any) -> Any:
    """Nested data with every tensor in it replaced by its array."""
    if isinstance(value, jt.Var):
        array = value.numpy()
        return array.reshape(()) if array.shape == (1,) else array
    if isinstance(value, list | tuple):
        return [without_tensors(v) for v in value]
    return value


def holds_numpy(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(holds_numpy(v) for v in value)
    return isinstance(value, np.ndarray | np.generic)


def make_tensor(
    data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False
) -> Any:
    """A new tensor with Torch's dtype: int64 for Python integers, float32 for Python floats, NumPy's own for arrays.

    ``jt.array`` narrows int64 to int32 and float64 to float32, and silently makes 0 of 2**40.
    """
    if isinstance(data, jt.Var):
        return clone(data.detach()) if dtype is None else data.detach().cast(dtype_name(dtype))
    array = np.asarray(without_tensors(data))
    name = dtype_name(dtype)
    if name is None:
        name = str(array.dtype)
        if name == "float64" and not holds_numpy(data) and not holds_dtype(data, "float64") or not array.size:
            name = name if isinstance(data, np.ndarray) else "float32"
    made = array_of(array, name)
    if not array.ndim:
        made.is_scalar = True  # Jittor gives it one dimension; default_collate must know
    return made


def holds_dtype(value: Any, name: str) -> bool:
    if isinstance(value, list | tuple):
        return any(holds_dtype(v, name) for v in value)
    return isinstance(value, jt.Var) and str(value.dtype) == name


def array_of(array: Any, name: str) -> Any:
    if name == "bfloat16":
        return jt.array(array, dtype="float32").bfloat16()
    return jt.array(array, dtype=name)


def from_numpy(ndarray: Any) -> Any:
    """A tensor with the dtype of the array.  Unlike Torch's it is a copy: changes do not reach the other."""
    return jt.array(ndarray, dtype=str(ndarray.dtype))


def shape_of(size: tuple[Any, ...]) -> tuple[int, ...]:
    """``zeros(2, 3)``, ``zeros((2, 3))``, ``zeros(x.shape)``, ``zeros(())`` -> a tuple of plain integers."""
    if len(size) == 1 and not isinstance(size[0], int | np.integer):
        first = size[0]
        size = (first.item(),) if isinstance(first, jt.Var) else tuple(first)
    return tuple(int(n) for n in size) or (1,)


def zeros_of(*size: Any, out: Any = None, dtype: Any = None, **options: Any) -> Any:
    """Zeros of a shape; also accepts Torch's ``size=``, and the empty shape of a scalar."""
    return full_tensor(shape_of(options["size"] if "size" in options and not size else size), 0.0, out=out, dtype=dtype)


def full_tensor(
    size: Any,
    fill_value: Any,
    *,
    out: Any = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Any:
    """A constant tensor whose dtype follows the value, as in Torch (``jt.full`` always makes float32)."""
    if out is not None:
        raise ValueError("out= is not supported: use the result")
    name = dtype_name(dtype)
    if isinstance(fill_value, jt.Var):
        name = name or str(fill_value.dtype)
        fill_value = fill_value.item()
    if name is None:
        name = "bool" if isinstance(fill_value, bool) else "int64" if isinstance(fill_value, int) else "float32"
    return constant(fill_value, name).broadcast(shape_of((size,)))


def full_like(input: Any, fill_value: Any, *, dtype: Any = None, **options: Any) -> Any:
    """A constant tensor of another's shape and, unless given, dtype."""
    return full_tensor(tuple(input.shape), fill_value, dtype=dtype or str(input.dtype))


def ones_like(input: Any, *, dtype: Any = None, **options: Any) -> Any:
    """Ones of another tensor's shape and, unless given, dtype (``jt.ones_like`` accepts no dtype)."""
    return full_like(input, 1, dtype=dtype)


def zeros_like(input: Any, *, dtype: Any = None, **options: Any) -> Any:
    """Zeros of another tensor's shape and, unless given, dtype."""
    return full_like(input, 0, dtype=dtype)


def normal_numbers(shape: Any, generator: Any = None) -> Any:
    """Standard normal numbers: Jittor's own, or those of a generator with a seed of its own."""
    orders = own_orders(generator)
    return jt.randn(shape) if orders is None else jt.array(orders.standard_normal(tuple(shape), dtype=np.float32))


def normal(mean: Any, std: Any = 1.0, size: Any = None, *, generator: Any = None, **options: Any) -> Any:
    """Normal numbers with mean and deviation given as numbers (with a size) or as tensors."""
    if size is None:
        like = mean if isinstance(mean, jt.Var) else std
        size = tuple(like.shape)
    return normal_numbers(shape_of((size,)), generator) * std + mean


def moved(x: Any, by: int) -> Any:
    """Rows moved to the right (or, where negative, to the left), minus infinity where nothing comes in."""
    made = np.full_like(x, -np.inf)
    width = x.shape[1]
    if abs(by) < width:
        made[:, max(by, 0) : width + min(by, 0)] = x[:, max(-by, 0) : width - max(by, 0)]
    return made


class Device:
    """``torch.device``: a type and an index.  It names a device; tensors are not moved."""

    def __init__(self, type: Any, index: Any = None) -> None:
        if isinstance(type, Device):
            type, index = type.type, type.index if index is None else index
        elif isinstance(type, int):
            type, index = "cuda", type
        elif ":" in type:
            type, _, number = type.partition(":")
            index = int(number)
        if type not in ("cpu", "cuda", "mps", "xpu", "meta"):
            raise RuntimeError(
                f"Expected one of cpu, cuda, mps, xpu, meta device type at start of device string: {type}"
            )
        self.type: str = type
        self.index = index

    def __str__(self) -> Any:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __repr__(self) -> Any:
        index = "" if self.index is None else f", index={self.index}"
        return f"device(type='{self.type}'{index})"

    def __eq__(self, other: Any) -> Any:
        return isinstance(other, Device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> Any:
        return hash((self.type, self.index))

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: Any) -> Any:
        return False


def device_of(tensor: Any) -> Any:
    """``tensor.device``: the device that Jittor computes on; the attribute of anything else stays what it is."""
    if not isinstance(tensor, jt.Var):
        return tensor.device
    return Device("cuda", 0) if jt.flags.use_cuda else Device("cpu")


def div(input: Any, other: Any, *, rounding_mode: str | None = None, out: Any = None) -> Any:
    """The quotient in Torch's dtype; ``rounding_mode``: None, ``"floor"`` or ``"trunc"``.

    Jittor divides uint8 in float16 and int64 in float64, where Torch uses float32.
    """
    if rounding_mode == "floor":
        return floor_divide(input, other)
    if no_tensors(input, other):
        return input / other
    a, b = promoted(input, other)
    if rounding_mode == "trunc":
        return trunc(a / b) if not integral(a) else truncated_quotient(a, b)
    return floating(a) / floating(b)


def truncated_quotient(a: Any, b: Any) -> Any:
    """Integer quotient rounded towards zero, as in C; uint8, which Jittor would take for int8, in int64."""
    return a.int64().floor_divide(b.int64()).cast(a.dtype)


def floor_divide(input: Any, other: Any) -> Any:
    """The quotient rounded down.  Jittor's ``//`` rounds towards zero (-7 // 2 is -3), and to int32 for floats."""
    if no_tensors(input, other):
        return input // other
    a, b = promoted(input, other)
    if not integral(a):
        return whole_quotient(*aligned(a, b))
    name, a, b = str(a.dtype), a.int64(), b.int64()
    quotient = truncated_quotient(a, b)
    low = (a - quotient * b != 0).logical_and((a < 0) != (b < 0))
    return (quotient - low.int64()).cast(name)


def whole_quotient(a: Any, b: Any) -> Any:
    """Of floats, from the exact remainder: 5 // 0.1 is 49, because 0.1 in binary is a little more than a tenth."""
    rest = exact_remainder(a.detach(), b.detach())
    low = (rest != 0).logical_and((b < 0) != (rest < 0))
    quotient = (a - rest) / b - low.cast(a.dtype)
    whole = jt.floor(quotient)
    whole = whole + (quotient - whole > 0.5).cast(a.dtype)
    return jt.ternary(b == 0, a / b, whole).detach()


def exact_remainder(a: Any, b: Any) -> Any:
    """C's ``fmod`` of two floating tensors of one shape; through the quotient, it has no digits where that is large."""
    name = str(a.dtype)
    if name in ("float16", "bfloat16"):
        return exact_remainder(a.float32(), b.float32()).cast(name)
    if jt.flags.use_cuda or not a.numel():
        wide, divisor = a.float64(), b.float64()
        rest = (wide - divisor * trunc(wide / divisor)).cast(name)
        return jt.ternary(jt.isinf(b).logical_and(jt.isfinite(a)), a, rest)
    return jt.code(a.shape, name, [a, b], cpu_header="#include <cmath>", cpu_src=EXACT_REMAINDER)


EXACT_REMAINDER = "for (int64 i = 0; i < out0->num; i++) out0_p[i] = std::fmod(in0_p[i], in1_p[i]);"


PYTHON_DTYPES = {float: "float64", int: "int64", bool: "bool"}


def dtype_name(dtype: Any) -> str | None:
    """Name of a dtype however it is written: ``jt.float32``, ``x.dtype``, ``"float32"``, ``float``; None for None."""
    if dtype is None:
        return None
    if isinstance(dtype, type) and dtype in PYTHON_DTYPES:
        return PYTHON_DTYPES[dtype]
    return getattr(dtype, "__name__", None) or str(dtype)


def is_dtype(value: Any) -> bool:
    """Whether a value names a type of elements (and not a device)."""
    if isinstance(value, str):
        return False
    return isinstance(value, jt.NanoString) or callable(value) and getattr(value, "__name__", "") in DTYPE_NAMES


DTYPE_NAMES = frozenset(
    "float16 bfloat16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool float int".split()
)


def integral(x: Any) -> bool:
    """Whether a tensor holds integers or booleans."""
    return "float" not in str(x.dtype)


def floating(x: Any) -> Any:
    """The tensor itself, or as float32 when it holds integers or booleans.

    Torch computes roots, exponentials and quotients of integers in float32; Jittor takes float16 for one-byte
    integers and booleans, and float64 for int64.
    """
    return x.float32() if integral(x) else x


def scalar_like(value: Any, x: Any) -> Any:
    """A Python number as a tensor of ``x``'s dtype, so that float64 arithmetic keeps all its digits.

    Jittor makes a float32 of every Python float.
    """
    if isinstance(value, jt.Var):
        return value
    if isinstance(value, bool) or isinstance(value, int) and not isinstance(value, np.generic):
        return value
    return constant(value, "float64") if str(x.dtype) == "float64" else value


def promoted(a: Any, b: Any) -> tuple[Any, Any]:
    """Two operands (tensors or numbers) cast to the dtype that Torch computes in.

    Torch: floats win over integers without changing their width (int64 with float32 is float32; Jittor gives
    float64), a number changes the dtype only when it is of a higher class, booleans count as integers with a number
    (Jittor gives int8), uint8 stays uint8 (Jittor gives int8).
    """
    if not isinstance(a, jt.Var) and not isinstance(b, jt.Var):
        a = jt.array(np.asarray(a), dtype="float32" if isinstance(a, float) else "int64")
    name = result_dtype(a, b)
    return cast_operand(a, name), cast_operand(b, name)


def constant(value: Any, name: str) -> Any:
    """A tensor of one element, of the dtype named (NumPy has no bfloat16)."""
    if name == "bfloat16":
        return jt.array([value], dtype="float32").bfloat16()
    if name.startswith(("int", "uint")) and isinstance(value, int | np.integer) and -(2**31) <= value < 2**31:
        # A number of 8 bytes is read wrongly now and then by Jittor's kernels when many are computed at once.
        return jt.array(int(value)).cast(name)
    if name in ("int64", "uint64") and isinstance(value, int):
        high, low = divmod(value, 2**30)
        return constant(high, name) * constant(2**30, name) + constant(low, name)
    return jt.array(np.array([value]), dtype=name)


def cast_operand(value: Any, name: str) -> Any:
    if not isinstance(value, jt.Var):
        return constant(value, name)
    return value if str(value.dtype) == name else value.cast(name)


DTYPE_RANKS = ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64")


def dtype_class(name: str) -> int:
    """0 for booleans, 1 for integers, 2 for floats."""
    return 0 if name == "bool" else 2 if "float" in name else 1


def result_dtype(*values: Any) -> str:
    """Name of the dtype that Torch gives to arithmetic on these tensors and numbers."""
    tensors = [v for v in values if isinstance(v, jt.Var)]
    # A tensor without dimensions decides, as a number does, only where it is of a higher class.
    wide = [v for v in tensors if not getattr(v, "is_scalar", False)]
    if wide and len(wide) < len(tensors):
        highest = max(dtype_class(str(v.dtype)) for v in wide)
        tensors = [v for v in tensors if not getattr(v, "is_scalar", False) or dtype_class(str(v.dtype)) > highest]
    names = [str(v.dtype) for v in tensors]
    if not names:
        return "float32" if any(isinstance(v, float) for v in values) else "int64"
    name = max(names, key=DTYPE_RANKS.index)
    if {"uint8", "int8"} <= set(names) and name in ("uint8", "int8"):
        name = "int16"
    if {"float16", "bfloat16"} <= set(names) and name in ("float16", "bfloat16"):
        name = "float32"
    for value in values:
        if isinstance(value, jt.Var):
            continue
        if isinstance(value, float | np.floating) and "float" not in name:
            name = "float32"
        elif not isinstance(value, bool | np.bool_) and name == "bool":
            name = "int64"
    return name


def cast_to(input: Any, *args: Any, **kwargs: Any) -> Any:
    """Torch's ``x.to(...)``: casts when a dtype or another tensor is among the arguments; devices change nothing.

    Jittor moves data by itself, for the whole program (``jt.flags.use_cuda``).
    """
    wanted = kwargs.get("dtype")
    for value in (*args, kwargs.get("other")):
        if isinstance(value, jt.Var):
            wanted = value.dtype
        elif is_dtype(value) or value in (float, int):
            wanted = value
    name = dtype_name(wanted)
    if name is None or name == str(input.dtype):
        return input.clone() if kwargs.get("copy") else input
    return input.cast(name)


def no_tensors(*operands: Any) -> bool:
    """Whether an operator that may have met tensors has met none: Python's or NumPy's own meaning holds."""
    return not any(isinstance(operand, jt.Var) for operand in operands)


def add(input: Any, other: Any, *, alpha: Any = 1, out: Any = None) -> Any:
    """``input + alpha * other`` (``jt.add`` ignores alpha), in Torch's dtype."""
    if no_tensors(input, other):
        return input + alpha * other
    a, b = promoted(input, other)
    if alpha != 1:
        b = (b * scalar_like(alpha, b)).cast(b.dtype)
    return (a.logical_or(b) if str(a.dtype) == "bool" else a + b).cast(a.dtype)


def power_of(input: Any, exponent: Any, *, out: Any = None) -> Any:
    """Powers in Torch's dtype; the base or the exponent may be a number.

    Jittor computes the derivative as ``y * exponent / x``, which is nan at 0, and knows no negative base.
    """
    if no_tensors(input, exponent):
        return input**exponent
    a, b = promoted(input, exponent)
    if not isinstance(exponent, jt.Var):
        return whole_power(a, exponent)
    if integral(a):
        return jt.array(np.power(a.numpy(), b.numpy()), dtype=str(a.dtype))
    a, b = aligned(a, b)
    # Torch's derivatives: by the base 0 where the exponent is, by the exponent 0 where the base is.
    return jt.pow(jt.ternary(b == 0, a.detach(), a), jt.ternary(a == 0, b.detach(), b))


def whole_power(x: Any, exponent: Any) -> Any:
    """``x ** number`` by products where the exponent is a small whole number."""
    if exponent == 0:
        return jt.ternary(x - x == 0, x, jt.zeros_like(x)) * 0 + 1
    if float(exponent).is_integer() and 0 < abs(exponent) <= 8:
        result = factor = x if exponent > 0 else 1 / x  # not 1 / x**n, whose gradient is nan at zero
        for _ in range(int(abs(exponent)) - 1):
            result = result * factor
        return result
    if exponent == 0.5:
        return x.sqrt()
    if exponent == -0.5:
        return 1 / x.sqrt()
    return jt.pow(floating(x), scalar_like(exponent, x))


def absolute(input: Any) -> Any:
    """Absolute values with derivative 0 at 0, as in Torch (``jt.abs`` has 1 there)."""
    return input.abs() if integral(input) else input * sign_of(input).detach()


def sign_of(input: Any) -> Any:
    """-1, 0 or 1 in the dtype of the input, with derivative 0."""
    positive, negative = input > 0, input < 0
    if str(input.dtype) == "bool":
        return input
    return (positive.int32() - negative.int32()).cast(input.dtype).detach()


def trunc(input: Any) -> Any:
    """Rounded towards zero."""
    return input if integral(input) else (sign_of(input) * jt.floor(input.abs())).detach()


def aligned(*values: Any) -> list[Any]:
    """Tensors broadcast to their common shape (``jt.ternary`` does not broadcast)."""
    shape = np.broadcast_shapes(*(tuple(v.shape) for v in values))
    return [v if tuple(v.shape) == shape else v.broadcast(shape) for v in values]


def maximum(input: Any, other: Any) -> Any:
    """The larger of two elements; where they are equal, each gets half of the gradient, as in Torch."""
    a, b = aligned(*promoted(input, other))
    return jt.ternary(a > b, a, jt.ternary(a < b, b, a if integral(a) else equal_or_nan(a, b)))


def equal_or_nan(a: Any, b: Any) -> Any:
    """What the larger of two elements is that are equal, or one of which is nan, with Torch's gradient."""
    return jt.ternary(a == b, a * 0.5 + b * 0.5, a + b)


def below(x: Any) -> Any:
    """Whether elements lie below zero, or are the negative zero."""
    return (x < 0).logical_or((x == 0).logical_and(1 / x < 0))


def sigmoid(input: Any) -> Any:
    """1 / (1 + exp(-x)), in float32 for integers; Jittor's own is never below 1e-38, which times infinity is much."""
    x = floating(input)
    return jt.sigmoid(x) * (x > -88.0).cast(x.dtype) if str(x.dtype) == "float32" else jt.sigmoid(x)


def to_array(input: Any) -> Any:
    """The NumPy array of a tensor, without dimensions where the tensor is marked as one that has none in Torch."""
    return input.numpy().reshape(()) if getattr(input, "is_scalar", False) else input.numpy()


def derived_to_array(input: Any) -> Any:
    """The NumPy array of what was computed from a row (or element) of a tensor."""
    surely_a_row(input)
    return to_array(input)


def fans(tensor: Any) -> tuple[int, int]:
    """Inputs and outputs of one unit of a weight (out, in, kernel...).

    Raises:
        ValueError: for fewer than two dimensions.
    """
    if tensor.ndim < 2:
        raise ValueError("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions")
    field = math.prod(list(tensor.shape)[2:])
    return tensor.shape[1] * field, tensor.shape[0] * field


def chosen_fan(tensor: Any, mode: str) -> int:
    mode = mode.lower()
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"Mode {mode} not supported, please use one of ['fan_in', 'fan_out']")
    return fans(tensor)[0 if mode == "fan_in" else 1]


def calculate_gain(nonlinearity: str, param: Any = None) -> float:
    """The factor by which an activation shrinks a standard deviation, inverted."""
    linear = ("linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
    if nonlinearity in linear or nonlinearity == "sigmoid":
        return 1
    if nonlinearity == "tanh":
        return 5.0 / 3
    if nonlinearity == "relu":
        return math.sqrt(2.0)
    if nonlinearity == "selu":
        return 3.0 / 4
    if nonlinearity == "leaky_relu":
        return math.sqrt(2.0 / (1 + (0.01 if param is None else param) ** 2))
    raise ValueError(f"Unsupported nonlinearity {nonlinearity}")


def normal_(tensor: Any, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Any:
    return overwrite(tensor, jt.randn(tensor.shape) * std + mean)


def constant_(tensor: Any, val: float) -> Any:
    return overwrite(tensor, jt.zeros(tensor.shape, dtype=tensor.dtype) + val)


def kaiming_normal_(
    tensor: Any, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Any = None
) -> Any:
    if 0 in list(tensor.shape):
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=2)
        return tensor
    return normal_(tensor, 0.0, calculate_gain(nonlinearity, a) / math.sqrt(chosen_fan(tensor, mode)))


at = np.s_


def requires_grad_(input: Any, requires_grad: bool = True) -> Any:
    """Mark a tensor as one whose gradient is (or is not) computed, and return it."""
    if not requires_grad:
        input.stop_grad()
        return input
    input.start_grad()
    return as_leaf(input)


def uniform_within(shape: Any, bound: float) -> Any:
    return jt.random(tuple(shape)) * (2 * bound) - bound


class ConvBase(Module):
    """What the convolutions share.  Weights start as Torch's: uniform within 1 / sqrt(fan in)."""

    spatial = 0
    transposed = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any,
        padding: Any,
        dilation: Any,
        groups: int,
        bias: bool,
        padding_mode: str,
        output_padding: Any = 0,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if groups <= 0:
            raise ValueError("groups must be a positive integer")
        if in_channels % groups or out_channels % groups:
            raise ValueError("in_channels and out_channels must be divisible by groups")
        if padding_mode not in ("zeros", "reflect", "replicate", "circular"):
            raise ValueError(f"padding_mode={padding_mode!r} is not one of zeros, reflect, replicate, circular")
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = repeated(kernel_size, self.spatial)
        self.stride = repeated(stride, self.spatial)
        self.padding = padding if isinstance(padding, str) else repeated(padding, self.spatial)
        self.dilation = repeated(dilation, self.spatial)
        self.output_padding = repeated(output_padding, self.spatial)
        self.groups = groups
        self.padding_mode = padding_mode
        pair = (in_channels, out_channels // groups) if self.transposed else (out_channels, in_channels // groups)
        shape = (*pair, *self.kernel_size)
        bound = 1 / math.sqrt(math.prod(shape[1:])) if math.prod(shape[1:]) else 0.0
        self.weight = Parameter(uniform_within(shape, bound))
        self.register_parameter("bias", Parameter(uniform_within((out_channels,), bound)) if bias else None)
        if dtype is not None:
            self.to(dtype)

    def reset_parameters(self) -> None:
        bound = 1 / math.sqrt(math.prod(list(self.weight.shape)[1:]))
        overwrite(self.weight, uniform_within(self.weight.shape, bound))
        if self.bias is not None:
            overwrite(self.bias, uniform_within(self.bias.shape, bound))

    def extra_repr(self) -> str:
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        for name, usual in (("padding", 0), ("dilation", 1), ("output_padding", 0)):
            if getattr(self, name) != (usual,) * self.spatial:
                text += f", {name}={getattr(self, name)}"
        text += f", groups={self.groups}" if self.groups != 1 else ""
        text += ", bias=False" if self.bias is None else ""
        return text + (f", padding_mode={self.padding_mode}" if self.padding_mode != "zeros" else "")


class ForwardConv(ConvBase):
    """A convolution; with its defaults, batch dimension optional, padding also ``same`` or ``valid``."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode, 0, dtype
        )

    def _conv_forward(self, input: Any, weight: Any, bias: Any) -> Any:
        padding: Any = self.padding
        if self.padding_mode != "zeros":
            amounts = []
            for i in reversed(range(self.spatial)):
                total = self.dilation[i] * (self.kernel_size[i] - 1)
                if padding == "same":
                    amounts += [total // 2, total - total // 2]
                else:
                    amounts += [0, 0] if padding == "valid" else [padding[i], padding[i]]
            input, padding = pad(input, amounts, self.padding_mode), 0
        options = (self.stride, padding, self.dilation, self.groups, self.spatial)
        return convolution(input, weight, bias, *options)

    def execute(self, input: Any) -> Any:
        return self._conv_forward(input, self.weight, self.bias)


class Conv1d(ForwardConv):
    spatial = 1


class Conv2d(ForwardConv):
    spatial = 2


class Conv3d(ForwardConv):
    spatial = 3


class Linear(Module):
    """``x @ weight.T + bias`` over the last dimension."""

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        bound = 1 / math.sqrt(in_features) if in_features > 0 else 0.0
        self.weight = Parameter(uniform_within((out_features, in_features), bound))
        self.register_parameter("bias", Parameter(uniform_within((out_features,), bound)) if bias else None)
        if dtype is not None:
            self.to(dtype)

    def reset_parameters(self) -> None:
        bound = 1 / math.sqrt(self.in_features)
        overwrite(self.weight, uniform_within(self.weight.shape, bound))
        if self.bias is not None:
            overwrite(self.bias, uniform_within(self.bias.shape, bound))

    def execute(self, input: Any) -> Any:
        return linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


def matmul(input: Any, other: Any) -> Any:
    """The matrix product with Torch's broadcasting; two vectors give their inner product; integers stay exact."""
    if input.ndim == 1 and other.ndim == 1:
        return (input * other).sum()
    if integral(input) or integral(other):
        a = input.unsqueeze(0) if input.ndim == 1 else input
        b = other.unsqueeze(1) if other.ndim == 1 else other
        product = (a.unsqueeze(-1) * b.unsqueeze(-3)).sum(-2)
        return vector_dims_dropped(product, input, other)
    if input.ndim == 1:
        return jt.matmul(input.unsqueeze(0), other).squeeze(-2)
    if other.ndim == 1:
        return jt.matmul(input, other.unsqueeze(1)).squeeze(-1)
    product = batched_product(input, other)
    return jt.matmul(input, other) if product is None else product


def vector_dims_dropped(product: Any, input: Any, other: Any) -> Any:
    """A product of matrices without the dimensions that stood for vectors."""
    if input.ndim == 1:
        product = product.squeeze(-2)
    return product.squeeze(-1) if other.ndim == 1 else product


class Inverse(jt.Function):
    """The inverse by NumPy; the gradient is -inv.T @ grad @ inv.T."""

    def execute(self, x: Any) -> Any:
        self.result = jt.array(np.linalg.inv(x.numpy()), dtype=str(x.dtype))
        return self.result

    def grad(self, grad: Any) -> Any:
        turned = self.result.transpose(-1, -2)
        return -jt.matmul(jt.matmul(turned, grad), turned)


def inverse(input: Any) -> Any:
    """The inverse of a matrix, or of each in a batch."""
    return Inverse()(input)


class PlainLoss(Module):
    """``torch.nn.modules.loss._Loss``: base class of losses that a program defines itself."""

    def __init__(self, size_average: Any = None, reduce: Any = None, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = loss_reduction(size_average, reduce, reduction)


class LossBase(PlainLoss):
    """A loss: how it is reduced, and class or element weights (saved, not trained)."""

    def __init__(self, reduction: str = "mean", **weights: Any) -> None:
        super().__init__()
        self.reduction = reduction
        for name, weight in weights.items():
            self.register_buffer(name, weight)


class CrossEntropyLoss(LossBase):
    def __init__(
        self,
        weight: Any = None,
        size_average: Any = None,
        ignore_index: int = -100,
        reduce: Any = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(loss_reduction(size_average, reduce, reduction), weight=weight)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def execute(self, input: Any, target: Any) -> Any:
        return cross_entropy(
            input,
            target,
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


def loss_reduction(size_average: Any, reduce: Any, reduction: str) -> str:
    """The reduction that Torch's old parameters ask for, if given; else the new one.

    Raises:
        ValueError: for an unknown reduction.
    """
    if size_average is not None or reduce is not None:
        if reduce is False:
            return "none"
        return "sum" if size_average is False else "mean"
    if reduction not in ("none", "mean", "sum", "batchmean"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return reduction


def reduced_loss(loss: Any, reduction: str) -> Any:
    if reduction == "none":
        return loss
    return loss.sum() if reduction == "sum" else loss.mean() if loss.numel() else loss.sum() + float("nan")


def warn_shapes(input: Any, target: Any) -> None:
    if list(input.shape) != list(target.shape) and not (input.numel() == 1 and target.numel() == 1):
        warnings.warn(f"Using a target size {list(target.shape)} that differs from {list(input.shape)}", stacklevel=3)


def mse_loss(
    input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean", weight: Any = None
) -> Any:
    warn_shapes(input, target)
    difference = input - target
    squares = difference * difference
    if weight is None:
        return reduced_loss(squares, loss_reduction(size_average, reduce, reduction))
    kind = loss_reduction(size_average, reduce, reduction)
    total = squares * weight
    return total.sum() / weight.sum() if kind == "mean" else reduced_loss(total, kind)


def picked(log_probabilities: Any, target: Any, weight: Any, ignore_index: int) -> tuple[Any, Any]:
    """Of (N, C, ...): minus the log probability of each target times its weight, and the weights (0: ignored)."""
    kept = target != ignore_index
    safe = jt.ternary(kept, target, jt.zeros_like(target))
    chosen = log_probabilities.gather(1, safe.unsqueeze(1)).squeeze(1)
    weights = kept.cast(log_probabilities.dtype)
    if weight is not None:
        weights = weights * weight[safe.reshape([-1])].reshape(safe.shape)
    # not chosen * weights: an ignored log probability of -inf must not become nan
    return -jt.ternary(kept, chosen, jt.zeros_like(chosen)) * weights, weights


def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: Any = None,
    ignore_index: int = -100,
    reduce: Any = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """Cross entropy of (N, C, ...) logits with classes or (floating target) with class probabilities."""
    kind = loss_reduction(size_average, reduce, reduction)
    if input.ndim == 1:
        input, target = input.unsqueeze(0), target.reshape([1, -1] if target.dtype.is_float() else [1])
    classes = input.shape[1]
    logs = log_of_softmax(input, 1)
    along = [1, classes] + [1] * (input.ndim - 2)
    if target.dtype.is_float():
        if label_smoothing:
            target = target * (1 - label_smoothing) + label_smoothing / classes
        weighted = logs * target if weight is None else logs * target * weight.reshape(along)
        loss = -weighted.sum(1)
        count = input.numel() // classes
        return loss.sum() / count if kind == "mean" else reduced_loss(loss, kind)
    loss, weights = picked(logs, target, weight, ignore_index)
    if label_smoothing:
        every = logs if weight is None else logs * weight.reshape(along)
        smooth = jt.ternary(target != ignore_index, -every.sum(1), jt.zeros_like(loss))
        loss = loss * (1 - label_smoothing) + smooth * (label_smoothing / classes)
    return loss.sum() / weights.sum() if kind == "mean" else reduced_loss(loss, kind)


def clamped_log(value: Any) -> Any:
    """log, but not below -100; without a gradient."""
    value = value.detach()
    return jt.ternary(value > 1.2e-38, jt.log(jt.maximum(value, 1.2e-38)), jt.zeros_like(value) - 100.0)


def binary_cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """``-(y log p + (1 - y) log(1 - p))`` with logs clamped at -100 (Jittor: at -46).

    The gradient is Torch's own formula, which is finite at p = 0 and p = 1; it is not differentiated again.
    """
    if list(input.shape) != list(target.shape):
        raise ValueError(f"Using a target size {list(target.shape)} that differs from {list(input.shape)}")
    target = target.cast(input.dtype)
    yes, no = clamped_log(input), clamped_log(1 - input)
    p, y = input.detach(), target.detach()
    loss = -(y * yes + (1 - y) * no)
    slope = (p - y) / jt.maximum((1 - p) * p, 1e-12)
    loss = loss + (input - p) * slope + (target - y) * (no - yes)
    if weight is not None:
        loss = loss * weight
    return reduced_loss(loss, loss_reduction(size_average, reduce, reduction))


def binary_cross_entropy_with_logits(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    pos_weight: Any = None,
) -> Any:
    """Binary cross entropy of sigmoid(x), computed without overflow."""
    if list(input.shape) != list(target.shape):
        raise ValueError(f"Target size ({list(target.shape)}) must be the same as input size ({list(input.shape)})")
    positive = 1 if pos_weight is None else (pos_weight - 1) * target + 1
    loss = (1 - target) * input - positive * logsigmoid(input)
    if weight is not None:
        loss = loss * weight
    return reduced_loss(loss, loss_reduction(size_average, reduce, reduction))


def kl_div(
    input: Any,
    target: Any,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Any:
    """``target (log target - input)``, which is 0 where the target is 0 (Jittor: nan)."""
    kind = loss_reduction(size_average, reduce, reduction)
    if log_target:
        loss = target.exp() * (target - input)
    else:
        safe = jt.ternary(target > 0, target, jt.ones_like(target))
        loss = jt.ternary(target > 0, target * jt.log(safe), jt.zeros_like(target)) - target * input
    return loss.sum() / input.shape[0] if kind == "batchmean" else reduced_loss(loss, kind)


MATMUL_HEADER = r"""
#pragma once
#include "op.h"
namespace jittor {

// Of a (B, M, K) and b (B, K, N), each perhaps with its last two dimensions exchanged: (B, M, N).
struct @CLASS@ : Op {
    Var* a;
    Var* b;
    Var* out;
    bool turn_a, turn_b;
    @CLASS@(Var* a, Var* b, bool turn_a, bool turn_b);
    const char* name() const override { return "@OP@"; }
    VarPtr grad(Var* out, Var* dout, Var* v, int v_index) override;
    void infer_shape() override;
    void run() override;
};
} // jittor
"""


MATMUL_SOURCE = r"""
#include <cstring>
#include <dnnl.h>
#include <omp.h>
#include "var.h"
#include "ops/op_register.h"
#include "@OP@_op.h"

namespace jittor {

@CLASS@::@CLASS@(Var* a, Var* b, bool turn_a, bool turn_b) : a(a), b(b), turn_a(turn_a), turn_b(turn_b) {
    flags.set(NodeFlags::_manual_set_vnbb);
    a->flags.set(NodeFlags::_needed_by_backward);
    b->flags.set(NodeFlags::_needed_by_backward);
    out = create_output(nullptr, a->dtype());
}

void @CLASS@::infer_shape() {
    ASSERT(a->shape.size() == 3 && b->shape.size() == 3);
    ASSERTop(a->shape[0],==,b->shape[0]);
    ASSERTop(a->shape[turn_a ? 1 : 2],==,b->shape[turn_b ? 2 : 1]);
    NanoVector shape;
    shape.push_back_check_overflow(a->shape[0]);
    shape.push_back_check_overflow(a->shape[turn_a ? 2 : 1]);
    shape.push_back_check_overflow(b->shape[turn_b ? 1 : 2]);
    out->set_shape(shape);
}

@AS_FLOAT32@
VarPtr @CLASS@::grad(Var* out, Var* dout, Var* v, int v_index) {
    VarPtr single = as_float32(dout);
    dout = single;
    static auto make = get_op_info("@OP@").get_constructor<VarPtr, Var*, Var*, bool, bool>();
    if (v_index == 0) return turn_a ? make(b, dout, turn_b, true) : make(dout, b, false, !turn_b);
    return turn_b ? make(dout, a, true, turn_a) : make(a, dout, !turn_a, false);
}

void @CLASS@::run() {
    int64 batch = out->shape[0], m = out->shape[1], n = out->shape[2], k = a->shape[turn_a ? 1 : 2];
    if (out->num == 0) return;
    if (k == 0) {
        std::memset(out->mem_ptr, 0, out->size);
        return;
    }
    auto *x = a->ptr<float32>(), *y = b->ptr<float32>(), *z = out->ptr<float32>();
    auto one = [&](int64 i) {
        dnnl_sgemm(turn_a ? 'T' : 'N', turn_b ? 'T' : 'N', m, n, k, 1, x + i * m * k, turn_a ? m : k,
                   y + i * k * n, turn_b ? k : n, 0, z + i * m * n, n);
    };
    // Many matrices: each by one thread.  Few: oneDNN divides each between the threads.
    if (batch >= omp_get_max_threads()) {
        #pragma omp parallel for if (batch * m * n * k > 100000)
        for (int64 i = 0; i < batch; i++) one(i);
    } else {
        for (int64 i = 0; i < batch; i++) one(i);
    }
}

} // jittor
"""


def batched_product(a: Any, b: Any) -> Any:
    """``a @ b`` of (..., M, K) and (..., K, N) with the same leading dimensions; None where Jittor has to do it."""
    shape, other = list(a.shape), list(b.shape)
    fits = len(shape) > 2 and shape[:-2] == other[:-2] and shape[-1] == other[-2]
    if not fits or 0 in shape or 0 in other or not computes_natively(a, b):
        return None
    flags = onednn_flags()
    operator = flags and native_operator("native_matmul", MATMUL_HEADER, MATMUL_SOURCE, flags)
    if not operator:
        return None
    a, b = (v if v.ndim == 3 else v.reshape([-1, *list(v.shape)[-2:]]) for v in (a, b))
    product = operator(a, b, False, False)
    return product if len(shape) == 3 else product.reshape([*shape[:-1], other[-1]])


IncompatibleKeys = collections.namedtuple("IncompatibleKeys", ["missing_keys", "unexpected_keys"])


def module_children(module: Any) -> list[tuple[str, Any]]:
    """Names and modules directly inside a module, also inside Jittor's own containers."""
    held = module.layers if isinstance(module, nn.Sequential) else module.__dict__
    return [(str(name), child) for name, child in held.items() if isinstance(child, nn.Module)]


def module_tensors(module: Any) -> list[tuple[str, Any, str]]:
    """Name, Var and role (``parameter``, ``buffer``, ``transient``) of the tensors that a module itself holds.

    Jittor's own layers do not say what is a parameter: all is, but for running statistics, registered buffers
    and names that begin with an underscore.
    """
    if isinstance(module, Module):
        roles = module.__dict__.get("_roles", {})
        held_here = [k for k, v in module.__dict__.items() if k in roles and isinstance(v, jt.Var)]
        return [(k, getattr(module, k), roles[k]) for k in held_here]
    held = module.params if isinstance(module, nn.ParameterList) else module.__dict__
    found = []
    for name, value in held.items():
        if isinstance(value, jt.Var) and not str(name).startswith("_"):
            buffer = name in ("running_mean", "running_var") or hasattr(value, "persistent")
            kept = getattr(value, "persistent", True)
            found.append((str(name), value, "parameter" if not buffer else "buffer" if kept else "transient"))
    return found


def module_state(module: Any, prefix: str, found: dict[str, Any]) -> None:
    """Collect what Torch's ``state_dict`` holds: parameters, buffers, then the children, depth first."""
    held = module_tensors(module)
    for wanted in ("parameter", "buffer"):
        found.update((prefix + name, value) for name, value, role in held if role == wanted)
    for name, child in module_children(module):
        if isinstance(child, Module):
            child.state_dict(destination=found, prefix=f"{prefix}{name}.")
        else:
            module_state(child, f"{prefix}{name}.", found)


HELPER_FILE = "jittor_helpers"


NATIVE_OPERATORS: dict[str, Any] = {}


SAID_ONCE: set[str] = set()


AS_FLOAT32 = r"""
// A gradient that comes back: in Jittor it is float64 behind a division by an integer tensor.
static VarPtr as_float32(Var* v) {
    static auto cast = get_op_info("unary").get_constructor<VarPtr, Var*, NanoString>();
    return v->dtype() == ns_float32 ? VarPtr(v) : cast(v, ns_float32);
}
"""


def say_once(message: str) -> None:
    """A warning that appears once in the life of the program."""
    if message not in SAID_ONCE:
        SAID_ONCE.add(message)
        warnings.warn(message, RuntimeWarning, stacklevel=3)


def written(path: str, text: str) -> str:
    """The path, with this text in the file; another process never sees half of it."""
    if not os.path.exists(path):
        unfinished = f"{path}.{os.getpid()}"
        with open(unfinished, "w", encoding="utf8") as stream:
            stream.write(text)
        os.replace(unfinished, path)
    return path


def native_operator(name: str, header: str, source: str, flags: str = "") -> Any:
    """The operator ``name`` made of this C++ text, or None (and a warning, once) where it cannot be compiled.

    In the text ``@OP@`` stands for the operator's name, ``@CLASS@`` for its class.  Both end in a digest of the text,
    so that programs with other versions of it can share a cache, or even a process.  ``@AS_FLOAT32@`` is the function
    through which every gradient has to go that the operator reads.
    """
    source = source.replace("@AS_FLOAT32@", AS_FLOAT32)
    if name not in NATIVE_OPERATORS:
        digest = hashlib.sha256(f"{header}\0{source}\0{flags}".encode()).hexdigest()[:12]
        unique = f"{name}_v{digest}"
        try:
            module = sys.modules.get(f"gen_{unique}") or compiled_module(unique, header, source, flags)
            NATIVE_OPERATORS[name] = getattr(module.ops, unique)
        except Exception as error:  # whatever a compiler can go wrong with: the program runs on without it
            NATIVE_OPERATORS[name] = None
            reason = (str(error).strip().splitlines() or [type(error).__name__])[-1]
            say_once(f"{name} cannot be compiled, so Jittor's own slower operators are used: {reason}")
    return NATIVE_OPERATORS[name]


def compiled_module(unique: str, header: str, source: str, flags: str) -> Any:
    """Compile one operator (Jittor locks its cache meanwhile) and import it."""
    folder = os.path.join(jt.compiler.cache_path, "custom_ops", unique)
    os.makedirs(folder, exist_ok=True)
    class_name = "".join(part[:1].upper() + part[1:] for part in f"{unique}_op".split("_"))
    paths = []
    for suffix, text in ((".h", header), (".cc", source)):
        text = text.replace("@OP@", unique).replace("@CLASS@", class_name)
        paths.append(written(os.path.join(folder, f"{unique}_op{suffix}"), text))
    return jt.compiler.compile_custom_ops(paths, f" {flags} ", return_module=True, gen_name_=f"gen_{unique}")


def computes_natively(*values: Any) -> bool:
    """Whether these tensors are what the operators are made for: float32 on the CPU, no mixed precision."""
    if jt.flags.use_cuda or jt.flags.auto_mixed_precision_level or jt.flags.amp_reg:
        return False
    return all(v is None or v.dtype == "float32" for v in values)


def along_channels(value: Any, ndim: int) -> Any:
    """A vector of channels, ready to broadcast with (N, C, ...)."""
    return value.reshape([1, -1] + [1] * (ndim - 2))


def standardized(input: Any, dims: list[int], eps: float) -> tuple[Any, Any, Any]:
    """``(x - mean) / sqrt(var + eps)`` over these dimensions, the mean and the biased variance."""
    # Sums over many elements are kept in double precision, as Torch keeps them: in single precision a batch of a few
    # thousand elements is off in the fifth digit. The casts become part of the kernels that sum.
    kept = str(input.dtype)
    wide = input.float64()
    mean = wide.mean(dims=dims, keepdims=True)
    centred = wide - mean
    variance = (centred * centred).mean(dims=dims, keepdims=True)
    return (centred / jt.sqrt(variance + eps)).cast(kept), mean.cast(kept), variance.cast(kept)


def scaled(input: Any, weight: Any, bias: Any) -> Any:
    if weight is not None:
        input = input * weight
    return input if bias is None else input + bias


def update_statistics(running_mean: Any, running_var: Any, mean: Any, variance: Any, count: int, momentum: Any) -> None:
    """Move the running statistics; as in Torch, the variance kept is the unbiased one."""
    with jt.no_grad():
        unbiased = variance.reshape([-1]) * (count / max(count - 1, 1))
        overwrite(running_mean, running_mean + (mean.reshape([-1]) - running_mean) * momentum)
        overwrite(running_var, running_var + (unbiased - running_var) * momentum)


def batch_norm(
    input: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """Normalise (N, C, ...) per channel, by the batch in training (running statistics change), else by those."""
    count = input.numel() // input.shape[1]
    if training and count == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {list(input.shape)}")
    found = fast_batch_norm(
        input, None if training else running_mean, None if training else running_var, weight, bias, eps
    )
    if found is None:
        weight = None if weight is None else along_channels(weight, input.ndim)
        bias = None if bias is None else along_channels(bias, input.ndim)
        if not training:
            scale = 1 / jt.sqrt(along_channels(running_var, input.ndim) + eps)
            scale = scale if weight is None else scale * weight
            return scaled(input - along_channels(running_mean, input.ndim), scale, bias)
        found, mean, variance = standardized(input, [0, *range(2, input.ndim)], eps)
        result = scaled(found, weight, bias)
    else:
        result, mean, variance = found
    if training and running_mean is not None:
        update_statistics(running_mean, running_var, mean, variance, count, momentum)
    return result


class NormBase(Module):
    """What batch and instance normalisation share: statistics per channel, and a learned scale and shift."""

    dimensions: tuple[int, ...] = ()

    def __init__(
        self, num_features: int, eps: float, momentum: Any, affine: bool, track_running_stats: bool, bias: bool
    ) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        self.register_parameter("weight", Parameter(jt.ones((num_features,))) if affine else None)
        self.register_parameter("bias", Parameter(jt.zeros((num_features,))) if affine and bias else None)
        self.register_buffer("running_mean", jt.zeros((num_features,)) if track_running_stats else None)
        self.register_buffer("running_var", jt.ones((num_features,)) if track_running_stats else None)
        self.uncounted = 0
        self.register_buffer("num_batches_tracked", constant(0, "int64") if track_running_stats else None)

    @property
    def num_batches_tracked(self) -> Any:
        """How many batches were seen in training: a buffer of int64.

        Batches are counted in Python, and the tensor is brought up to date when somebody looks at it: an operation
        of its own for every layer and batch would cost more than the layer.
        """
        held = self.__dict__.get("num_batches_tracked")
        if held is not None and (self.uncounted or str(held.dtype) != "int64"):
            held.assign((held.int64() + self.uncounted).stop_grad())
            self.uncounted = 0
        return held

    @num_batches_tracked.setter
    def num_batches_tracked(self, value: Any) -> None:
        self.uncounted = 0
        self.__dict__["num_batches_tracked"] = value

    def reset_running_stats(self) -> None:
        if self.track_running_stats:
            overwrite(self.running_mean, jt.zeros((self.num_features,)))
            overwrite(self.running_var, jt.ones((self.num_features,)))
            overwrite(self.num_batches_tracked, constant(0, "int64"))

    def reset_parameters(self) -> None:
        self.reset_running_stats()
        if self.affine:
            overwrite(self.weight, jt.ones((self.num_features,)))
        if self.bias is not None:
            overwrite(self.bias, jt.zeros((self.num_features,)))

    def check_dimensions(self, input: Any) -> None:
        if input.ndim not in self.dimensions:
            raise ValueError(f"expected {self.dimensions} dimensions, got input of size {list(input.shape)}")

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class BatchNormBase(NormBase):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: Any = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, bias)

    def execute(self, input: Any) -> Any:
        self.check_dimensions(input)
        momentum = self.momentum
        if self.training and self.track_running_stats:
            self.uncounted += 1
            if momentum is None:  # Torch then keeps the plain average over all batches
                momentum = 1.0 / self.num_batches_tracked.item()
        by_batch = self.training or self.running_mean is None
        tracked = self.track_running_stats or not self.training
        mean, var = (self.running_mean, self.running_var) if tracked else (None, None)
        return batch_norm(input, mean, var, self.weight, self.bias, by_batch, momentum or 0.0, self.eps)


class BatchNorm1d(BatchNormBase):
    """Batch normalisation of (N, C) or (N, C, L); Jittor has one class for all and keeps a biased variance."""

    dimensions = (2, 3)


class BatchNorm2d(BatchNormBase):
    """Batch normalisation of (N, C, H, W); Jittor has one class for all and keeps a biased variance."""

    dimensions = (4,)


class BatchNorm3d(BatchNormBase):
    """Batch normalisation of (N, C, D, H, W); Jittor has one class for all and keeps a biased variance."""

    dimensions = (5,)


class Optimizer(jt.optim.Optimizer):
    """Base of the optimizers: Torch's ``param_groups``, gradient accumulation and ``state_dict``.

    Jittor's own zeroes the gradients in ``step``, updates parameters that got no gradient, keeps options beside
    the groups and counts its steps in ``backward``.  Here a group holds every option, ``state`` is a
    dictionary by ``id`` of the parameter, ``step`` keeps the gradients and ``zero_grad`` forgets them.
    A subclass gives ``update(parameter, gradient, state, group) -> new value``.
    """

    def __init__(self, params: Any, defaults: Any) -> None:
        self._defaults = dict(defaults)
        self.param_groups: list[dict[str, Any]] = []
        self.state: dict[int, dict[str, Any]] = {}
        if isinstance(params, jt.Var):
            raise TypeError("params argument given to the optimizer should be an iterable of Tensors or dicts")
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(dict(group))
        LIVE_OPTIMIZERS.add(self)

    @property
    def defaults(self) -> Any:
        return self._defaults

    def add_param_group(self, param_group: Any) -> Any:
        """Add a group; options it lacks are the optimizer's defaults."""
        params = param_group["params"]
        params = [params] if isinstance(params, jt.Var) else list(params)
        if params and isinstance(params[0], tuple):
            param_group["param_names"] = [name for name, _ in params]
            params = [p for _, p in params]
        if not all(isinstance(p, jt.Var) for p in params):
            raise TypeError("optimizer can only optimize Tensors")
        known = {id(p) for group in self.param_groups for p in group["params"]}
        if any(id(p) in known for p in params):
            raise ValueError("some parameters appear in more than one parameter group")
        param_group["params"] = params
        for name, value in self._defaults.items():
            param_group.setdefault(name, value)
        self.param_groups.append(param_group)

    def zero_grad(self, set_to_none: Any = True) -> Any:
        """Forget the gradients, or set those that exist to zero."""
        for group in self.param_groups:
            for p in group["params"]:
                known = getattr(p, "held_gradient", None)
                if set_to_none:
                    p.held_gradient = None
                elif known is not None:
                    known.update(jt.zeros_like(known).stop_grad())

    def backward(
        self, loss: Any, gradient: Any = None, retain_graph: Any = None, create_graph: Any = False, inputs: Any = None
    ) -> Any:
        """``loss.backward()``: gradients are added to those of earlier calls."""
        backward(loss, gradient, retain_graph, create_graph, inputs)

    def step(self, closure: Any = None) -> Any:
        """Update every parameter that has a gradient."""
        loss = None
        if closure is not None:
            with GradientMode(True):
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                g = getattr(p, "held_gradient", None)
                if g is None:
                    continue
                state = self.state.setdefault(id(p), {"step": 0})
                state["step"] += 1
                frozen = p.is_stop_grad()
                with jt.flag_scope(no_grad=1, node_order=1):
                    new = self.update(p, -g if group.get("maximize") else g, state, group)
                    p.update(new)
                if not frozen:
                    p.start_grad()
        return loss

    def update(self, p: Any, g: Any, state: Any, group: Any) -> Any:
        raise NotImplementedError

    def state_dict(self) -> Any:
        """Torch's form: ``state`` by position of the parameter, ``param_groups`` with positions for parameters."""
        position: dict[int, int] = {}
        groups = []
        for group in self.param_groups:
            for p in group["params"]:
                position.setdefault(id(p), len(position))
            packed = {k: v for k, v in group.items() if k != "params"}
            packed["params"] = [position[id(p)] for p in group["params"]]
            groups.append(packed)
        state = {position[i]: dict(s) for i, s in self.state.items() if i in position}
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: Any) -> Any:
        """Take over a state of this form (also one that Torch saved); values are copied.

        Raises ValueError when the groups do not fit.
        """
        groups = state_dict["param_groups"]
        if len(groups) != len(self.param_groups):
            raise ValueError("loaded state dict has a different number of parameter groups")
        if any(len(a["params"]) != len(b["params"]) for a, b in zip(groups, self.param_groups)):
            raise ValueError("loaded state dict contains a parameter group of another size")
        self.state = {}
        for saved, group in zip(groups, self.param_groups):
            for index, p in zip(saved["params"], group["params"]):
                found = state_dict["state"].get(index)
                if found is not None:
                    self.state[id(p)] = {k: self._loaded(k, v, p) for k, v in found.items()}
            group.update({k: v for k, v in saved.items() if k not in ("params", "param_names")})

    def _loaded(self, name: Any, value: Any, p: Any) -> Any:
        if name == "step":
            return int(np.asarray(value.numpy() if hasattr(value, "numpy") else value).reshape(()))
        if isinstance(value, jt.Var):
            return value.clone().stop_grad()
        if isinstance(value, np.ndarray) or hasattr(value, "numpy"):
            value = np.asarray(value.numpy() if hasattr(value, "numpy") else value)
            return jt.array(value, dtype=str(p.dtype)).stop_grad()
        return value

    def __repr__(self) -> Any:
        text = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            text.append(f"Parameter Group {i}")
            text += [f"    {k}: {group[k]}" for k in sorted(group) if k != "params"]
        return "\n".join([*text, ")"])


def running(state: Any, name: Any, p: Any, start: Any = 0.0) -> Any:
    """A running value of a parameter's state, made from ``start`` when there is none."""
    if state.get(name) is None:
        # Computed at once: else the first step would be fused with it, and every optimizer would compile its
        # kernels twice, for the first step and for all others.
        state[name] = jt.full(p.shape, start, dtype=p.dtype).stop_grad().sync()
    return state[name]


def moving(state: Any, name: Any, p: Any, new: Any, start: Any = 0.0) -> Any:
    """Change a running value in place: ``new`` is a function of the earlier value (or of ``start``)."""
    value = running(state, name, p, start)
    value.update(new(value).stop_grad())
    return value


def adam_moments(state: Any, p: Any, g: Any, group: Any) -> Any:
    """First and second moment of Adam's family after one step."""
    b1, b2 = group["betas"]
    m = moving(state, "exp_avg", p, lambda m: m + (g - m) * (1 - b1))
    v = moving(state, "exp_avg_sq", p, lambda v: v * b2 + g * g * (1 - b2))
    return m, v


def checked(
    lr: Any, eps: Any = 0.0, weight_decay: Any = 0, betas: Any = (0.0, 0.0), differentiable: Any = False
) -> Any:
    """Torch's checks of hyperparameters; raises ValueError."""
    if not 0.0 <= lr:
        raise ValueError(f"Invalid learning rate: {lr}")
    if not 0.0 <= eps:
        raise ValueError(f"Invalid epsilon value: {eps}")
    if not 0.0 <= weight_decay:
        raise ValueError(f"Invalid weight_decay value: {weight_decay}")
    for i, beta in enumerate(betas):
        if not 0.0 <= beta < 1.0:
            raise ValueError(f"Invalid beta parameter at index {i}: {beta}")
    if differentiable:
        raise NotImplementedError("differentiable optimizers")


class SGD(Optimizer):
    """``torch.optim.SGD``.  Jittor's own applies ``dampening`` to the first step too."""

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        momentum: Any = 0,
        dampening: Any = 0,
        weight_decay: Any = 0,
        nesterov: Any = False,
        *,
        maximize: Any = False,
        foreach: Any = None,
        differentiable: Any = False,
        fused: Any = None,
    ) -> None:
        checked(lr, weight_decay=weight_decay, differentiable=differentiable)
        if momentum < 0.0:
            raise ValueError(f"Invalid momentum value: {momentum}")
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        options = {"lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay}
        super().__init__(params, {**options, "nesterov": nesterov, "maximize": maximize})

    def update(self, p: Any, g: Any, state: Any, group: Any) -> Any:
        momentum = group["momentum"]
        buffer = state.get("momentum_buffer")
        native = native_update(p, g, buffer) if momentum != 0 and buffer is not None else None
        if native is not None:
            options = (group["lr"], momentum, 1 - group["dampening"], group["weight_decay"])
            new, moved = native(p, g, buffer, *map(float, options), bool(group["nesterov"]))
            buffer.update(moved)
            return new
        if group["weight_decay"] != 0:
            g = g + p * group["weight_decay"]
        if momentum != 0:
            if state.get("momentum_buffer") is None:
                state["momentum_buffer"] = g.clone().stop_grad()
            else:
                moving(state, "momentum_buffer", p, lambda b: b * momentum + g * (1 - group["dampening"]))
            buffer = state["momentum_buffer"]
            g = g + buffer * momentum if group["nesterov"] else buffer
        return p - g * group["lr"]


class Adam(Optimizer):
    """``torch.optim.Adam``.  Jittor's own places eps differently and counts accumulations as steps."""

    decoupled = False

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: Any = (0.9, 0.999),
        eps: Any = 1e-8,
        weight_decay: Any = 0,
        amsgrad: Any = False,
        *,
        foreach: Any = None,
        maximize: Any = False,
        capturable: Any = False,
        differentiable: Any = False,
        fused: Any = None,
        decoupled_weight_decay: Any = False,
    ) -> None:
        checked(lr, eps, weight_decay, betas, differentiable)
        options = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad}
        super().__init__(
            params,
            {**options, "maximize": maximize, "decoupled_weight_decay": decoupled_weight_decay or self.decoupled},
        )

    def update(self, p: Any, g: Any, state: Any, group: Any) -> Any:
        b1, b2 = group["betas"]
        step_size, root = group["lr"] / (1 - b1 ** state["step"]), math.sqrt(1 - b2 ** state["step"])
        m, v = running(state, "exp_avg", p), running(state, "exp_avg_sq", p)
        native = None if group["amsgrad"] else native_update(p, g, m, v)
        if native is not None:
            weight_decay, decoupled = group["weight_decay"], group["decoupled_weight_decay"]
            decay, shrink = (0.0, 1 - group["lr"] * weight_decay) if decoupled else (weight_decay, 1.0)
            # m * step_size / (sqrt(v) / root + eps), with one division less for each value
            options = (step_size * root, 1 - b1, b2, group["eps"] * root, decay, shrink)
            new, mean, square = native(p, g, m, v, *map(float, options))
            m.update(mean)
            v.update(square)
            return new
        if group["weight_decay"] != 0:
            if group["decoupled_weight_decay"]:
                p = p * (1 - group["lr"] * group["weight_decay"])
            else:
                g = g + p * group["weight_decay"]
        m, v = adam_moments(state, p, g, group)
        if group["amsgrad"]:
            v = moving(state, "max_exp_avg_sq", p, lambda largest: jt.maximum(largest, v))
        return p - m * step_size / (v.sqrt() / root + group["eps"])


UPDATE_HEADER = r"""
#pragma once
#include "op.h"
namespace jittor {

// Adam (p, g, m, v): the new p, m and v.  SGD with momentum (p, g, b): the new p and b.
// Declarations stay on one line, else Jittor does not find them.
struct @CLASS@ : Op {
    vector<Var*> given;
    vector<float64> options;
    // Rate, what is taken of the gradient into m, what is kept of v, eps, decay, shrink.
    // @attrs(multiple_outputs)
    @CLASS@(Var* p, Var* g, Var* m, Var* v, float64 a, float64 b, float64 c, float64 e, float64 d, float64 s);
    // @attrs(multiple_outputs)
    @CLASS@(Var* p, Var* g, Var* b, float64 rate, float64 momentum, float64 taken, float64 decay, bool nesterov);
    const char* name() const override { return "@OP@"; }
    void infer_shape() override;
    void run() override;
};
} // jittor
"""


UPDATE_SOURCE = r"""
#include <cmath>
#include <cstring>
#include "var.h"
#include "mem/allocator/sfrl_allocator.h"
#include "@OP@_op.h"

namespace jittor {

enum { SMALL = 1 << 15 };  // fewer values than threads are worth waking for

// A running value that nobody else can read any more, now or later, is changed where it lies: only the optimizer holds
// it, no operator waits for it, and no other tensor shares its memory (a clone does in Jittor).
static void reuse(Var* after, Var* before) {
    if (!before->mem_ptr || before->outputs().size() || before->backward_liveness != 1) return;
    if (std::strcmp(before->allocator->name(), "sfrl")) return;
    if (CachingBlockPool::occupied_id_mapper[before->allocation]->share_times) return;
    after->share_with(before);
}

@CLASS@::@CLASS@(Var* p, Var* g, Var* m, Var* v, float64 rate, float64 first, float64 second, float64 eps,
                 float64 decay, float64 shrink)
    : given({p, g, m, v}), options({rate, first, second, eps, decay, shrink}) {
    flags.set(NodeFlags::_manual_set_vnbb);
    create_output(nullptr, p->dtype());
    reuse(create_output(nullptr, p->dtype()), m);
    reuse(create_output(nullptr, p->dtype()), v);
}

@CLASS@::@CLASS@(Var* p, Var* g, Var* b, float64 rate, float64 momentum, float64 taken, float64 decay, bool nesterov)
    : given({p, g, b}), options({rate, momentum, taken, decay, (float64)nesterov}) {
    flags.set(NodeFlags::_manual_set_vnbb);
    create_output(nullptr, p->dtype());
    reuse(create_output(nullptr, p->dtype()), b);
}

void @CLASS@::infer_shape() {
    for (auto* v : given) ASSERT(v->shape == given[0]->shape) << v->shape << given[0]->shape;
    for (int i = 0; i < (int)outputs().size(); i++) output(i)->set_shape(given[0]->shape);
}

void @CLASS@::run() {
    int64 n = given[0]->num;
    const float *p = given[0]->ptr<float32>(), *g = given[1]->ptr<float32>(), *m = given[2]->ptr<float32>();
    float *new_p = output(0)->ptr<float32>(), *new_m = output(1)->ptr<float32>();
    if (given.size() == 3) {
        const float rate = options[0], momentum = options[1], taken = options[2], decay = options[3];
        const bool nesterov = options[4] != 0;
        #pragma omp parallel for simd if (n > SMALL)
        for (int64 i = 0; i < n; i++) {
            float change = g[i] + decay * p[i];
            float moved = momentum * m[i] + taken * change;
            new_m[i] = moved;
            new_p[i] = p[i] - rate * (nesterov ? change + momentum * moved : moved);
        }
        return;
    }
    const float* v = given[3]->ptr<float32>();
    float* new_v = output(2)->ptr<float32>();
    const float rate = options[0], first = options[1], second = options[2], unseen = 1 - options[2];
    const float eps = options[3], decay = options[4], shrink = options[5];
    #pragma omp parallel for simd if (n > SMALL)
    for (int64 i = 0; i < n; i++) {
        float held = p[i] * shrink, change = g[i] + decay * held;
        float mean = m[i] + (change - m[i]) * first;
        float square = v[i] * second + change * change * unseen;
        new_m[i] = mean;
        new_v[i] = square;
        new_p[i] = held - rate * mean / (std::sqrt(square) + eps);
    }
}

} // jittor
"""


def native_update(*values: Any) -> Any:
    """The operator for a parameter, its gradient and its state; None where Jittor's own operators have to do it."""
    if not computes_natively(*values):
        return None
    return native_operator("native_update", UPDATE_HEADER, UPDATE_SOURCE, "-fopenmp")


def argsort(input: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    """Indices (int64) that sort along a dimension, equal elements in their order, nan as the largest of all.

    Jittor's returns a pair, leaves equal elements in any order, and breaks down over nan.
    """
    x, dim = input.detach() if not integral(input) else input.int64(), dim % input.ndim
    if jt.flags.use_cuda or not x.numel():
        return jt.argsort(x, dim, descending)[0].int64()
    x = x.float32() if str(x.dtype) in ("float16", "bfloat16") else x
    order = [i for i in range(x.ndim) if i != dim] + [dim]
    rows = x if order[-1] == x.ndim - 1 else x.permute(tuple(order))
    source = STABLE_ORDER.replace("@FIRST@", DESCENDING if descending else ASCENDING)
    index = jt.code(rows.shape, "int64", [rows], cpu_header=STABLE_ORDER_HEADER, cpu_src=source)
    return index if rows is x else index.permute(tuple(order.index(i) for i in range(x.ndim)))


STABLE_ORDER_HEADER = "#include <algorithm>\n#include <numeric>"


ASCENDING = "a != a ? false : b != b ? true : a < b"


DESCENDING = "b != b ? false : a != a ? true : a > b"


STABLE_ORDER = """
    int64 length = in0->shape[in0->shape.size() - 1];
    for (int64 start = 0; start < in0->num; start += length) {
        auto *row = in0_p + start;
        auto *index = out0_p + start;
        std::iota(index, index + length, 0);
        std::stable_sort(index, index + length, [row](int64 i, int64 j) {
            auto a = row[i], b = row[j];
            return @FIRST@;
        });
    }
"""


def topk(input: Any, k: int, dim: int | None = None, largest: bool = True, sorted: bool = True) -> Any:
    """The k largest (or smallest) elements as (values, indices)."""
    dim = -1 if dim is None else dim
    index = argsort(input, dim, largest)[(slice(None),) * (dim % input.ndim) + (slice(0, k),)]
    return ValuesIndices(input.gather(dim % input.ndim, index), index)


def unique(
    input: Any, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """The different values in order; with the inverse and counts where asked (Jittor drops counts without inverse)."""
    found = np.unique(input.numpy(), return_inverse=True, return_counts=True, axis=dim)
    values = jt.array(found[0], dtype=str(input.dtype))
    shape = tuple(input.shape) if dim is None else (-1,)
    results = [values]
    if return_inverse:
        results.append(jt.array(found[1].reshape(shape), dtype="int64"))
    if return_counts:
        results.append(jt.array(found[2], dtype="int64"))
    return tuple(results) if len(results) > 1 else values


LEAVES: dict[int, Any] = {}


def living_leaves() -> list[Any]:
    """The tensors of :func:`as_leaf` that somebody else still holds; the others are forgotten.

    Jittor's Vars allow no weak references, so what only ``LEAVES`` holds is told by its reference count.
    """
    for key in [k for k in LEAVES if sys.getrefcount(LEAVES[k]) <= 2]:
        del LEAVES[key]
    return list(LEAVES.values())


def as_leaf(tensor: Any) -> Any:
    """Remember a tensor whose gradient ``backward`` has to find, and return it."""
    if len(LEAVES) % 16 == 0:
        living_leaves()
    LEAVES[id(tensor)] = tensor
    return tensor


class ParameterMark(type):
    """Makes ``isinstance(p, Parameter)`` true for the Vars that :class:`Parameter` made."""

    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, jt.Var) and getattr(value, "is_parameter", False)


class Parameter(metaclass=ParameterMark):
    """A Var that a module trains.

    Torch's class of this name; Jittor's ``nn.Parameter`` only logs a lecture, and Jittor takes every Var attribute
    of a module for a parameter.  A Var cannot be subclassed, so this makes a new leaf Var (``data`` without its
    graph) and marks it; modules look for the mark.
    """

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Any:
        if data is None:
            data = jt.zeros((0,))
        made = data.detach().clone()
        made.is_parameter = True
        if requires_grad:
            made.start_grad()
        else:
            made.stop_grad()
        return as_leaf(made)


def overwrite(tensor: Any, value: Any) -> Any:
    """Give a Var a new value in place, keeping its dtype and whether it takes gradients; returns the Var.

    Jittor's ``assign`` also takes over from the new value that gradients are stopped, so a parameter that is
    changed under ``no_grad`` would never be trained again; and it keeps the new value's graph.
    """
    stopped = tensor.is_stop_grad()
    tensor.assign(value.detach().cast(tensor.dtype))
    if stopped:
        tensor.stop_grad()
    else:
        tensor.start_grad()
    return tensor


class Listing(list):  # type: ignore[type-arg]
    """A list that ``next()`` works on: Torch's modules give iterators, Jittor's optimizers need lists."""

    def __iter__(self) -> Any:
        return iter(self[self.__dict__.get("taken", 0) :])

    def __next__(self) -> Any:
        taken = self.__dict__.get("taken", 0)
        if taken >= len(self):
            raise StopIteration
        self.__dict__["taken"] = taken + 1
        return self[taken]


def floating_name(value: Any) -> str:
    """``float64`` for Jittor's, NumPy's or a text's way of naming that floating dtype, empty for anything else."""
    name = getattr(value, "__name__", None) or str(value)
    name = {"float": "float32", "double": "float64", "half": "float16"}.get(name, name)
    return name if name in ("float16", "bfloat16", "float32", "float64") else ""


class Members(dict):  # type: ignore[type-arg]
    """``module._modules`` and its like: setting or deleting an entry changes the module."""

    def __init__(self, owner: Any, entries: Any) -> None:
        super().__init__(entries)
        self.owner = owner

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        setattr(self.owner, name, value)

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        delattr(self.owner, name)

    def pop(self, name: str, *default: Any) -> Any:
        if name in self:
            delattr(self.owner, name)
        return super().pop(name, *default)


class HookHandle:
    """What registering a hook returns; ``remove()`` takes the hook away again."""

    def __init__(self, hooks: dict[int, Any], key: int) -> None:
        self.hooks = hooks
        self.key = key

    def remove(self) -> None:
        self.hooks.pop(self.key, None)

    def __enter__(self) -> "HookHandle":
        return self

    def __exit__(self, *error: Any) -> None:
        self.remove()


def pooled_size(size: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool) -> int:
    """Torch's output size: with ``ceil_mode`` a window may leave the input, but must not start outside."""
    room = size + 2 * padding - dilation * (kernel - 1) - 1
    count = (room + (stride - 1 if ceil_mode else 0)) // stride + 1
    if ceil_mode and (count - 1) * stride >= size + padding:
        count -= 1
    if count < 1:
        raise RuntimeError(f"pooling a dimension of size {size} with kernel {kernel}: output size is too small")
    return count


def taken(input: Any, dim: int, places: Any) -> Any:
    """``input`` at these places (an integer array of any shape) of one dimension."""
    return input[(slice(None),) * dim + (jt.array(np.asarray(places, dtype=np.int32)),)]


def window_max(input: Any, dim: int, places: Any) -> Any:
    """Maximum over the rows of ``places`` (output size x window) along one dimension; the first of equals wins."""
    return jt.argmax(taken(input, dim, places), dim + 1)[1]


def window_max_with_place(input: Any, below: Any, dim: int, places: Any) -> tuple[Any, Any]:
    """:func:`window_max`, and where the maxima lie in this and the later dimensions taken as one.

    ``below``: the same of the later dimensions, for each element of ``input``; None for the last dimension.
    """
    order, found = jt.argmax(taken(input, dim, places), dim + 1)
    shape = [-1 if d == dim else 1 for d in range(input.ndim)]
    row = jt.array(np.arange(len(places), dtype=np.int32).reshape(shape)) * places.shape[1]
    at = jt.array(np.asarray(places, dtype=np.int32).reshape(-1))[row + order]
    if below is None:
        return found, at
    inner, size = below
    chosen = taken(inner, dim, places).gather(dim + 1, order.unsqueeze(dim + 1)).squeeze(dim + 1)
    return found, at * size + chosen


def max_over_windows(input: Any, windows: Any, indices: bool) -> Any:
    """Maximum over windows of the last dimensions, one after the other; with places in all of them taken as one.

    ``windows``: for each dimension the places (output size x window) that its windows look at.
    """
    first = input.ndim - len(windows)
    sizes = list(input.shape)[first:]
    at: Any = None
    for i in reversed(range(len(windows))):
        if indices:
            below = None if at is None else (at, math.prod(sizes[i + 1 :]))
            input, at = window_max_with_place(input, below, first + i, windows[i])
        else:
            input = window_max(input, first + i, windows[i])
    return (input, at.int64()) if indices else input


def pool_options(kernel_size: Any, stride: Any, padding: Any, dilation: Any, count: int) -> list[tuple[int, ...]]:
    kernel = repeated(kernel_size, count)
    steps = kernel if stride is None or stride == [] else repeated(stride, count)
    return [kernel, steps, repeated(padding, count), repeated(dilation, count)]


def max_pool(
    input: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool, indices: bool, count: int
) -> Any:
    """Maximum over windows of the last ``count`` dimensions.

    Where our own operator cannot be used, Jittor's pools do the work as far as they agree with Torch (they refuse an
    input as small as the kernel, know no dilation, and round up to other sizes), else one dimension is reduced after
    the other.
    """
    if input.ndim == count + 1:
        found = max_pool(input.unsqueeze(0), kernel_size, stride, padding, dilation, ceil_mode, indices, count)
        return tuple(v.squeeze(0) for v in found) if indices else found.squeeze(0)
    kernel, stride, padding, dilation = pool_options(kernel_size, stride, padding, dilation, count)
    if any(p > k // 2 for p, k in zip(padding, kernel)):
        raise RuntimeError("pad should be at most half of effective kernel size")
    sizes = list(input.shape)[2:]
    outputs = [pooled_size(*given, ceil_mode) for given in zip(sizes, kernel, stride, padding, dilation)]
    found = native_max_pool(input, kernel, stride, padding, dilation, outputs, indices)
    if found is not None:
        return (found[0], found[1].int64()) if indices else found[0]
    floors = [(n + 2 * p - k) // s + 1 for n, k, s, p in zip(sizes, kernel, stride, padding)]
    if (
        not indices
        and count > 1
        and floors == outputs
        and set(dilation) == {1}
        and all(n > k for n, k in zip(sizes, kernel))
    ):
        pool = nn.Pool if count == 2 else nn.Pool3d
        return pool(kernel, stride, padding, op="maximum")(input)
    windows = []
    for i in range(count):
        starts = np.arange(outputs[i])[:, None] * stride[i] - padding[i]
        places = starts + np.arange(kernel[i])[None] * dilation[i]
        # A place outside is replaced by one inside the same window: a repetition never changes a maximum.
        first = np.where(starts < 0, starts + -(starts // dilation[i]) * dilation[i], starts)
        last = first + (sizes[i] - 1 - first) // dilation[i] * dilation[i]
        windows.append(np.clip(places, first, last))
    return max_over_windows(input, windows, indices)


def window_sum(input: Any, kernel: Any, stride: Any, padding: Any, outputs: Any) -> Any:
    """Sums over windows of the last dimensions; what lies outside counts as zero."""
    count = len(kernel)
    places = [f"i{2 + i}*{stride[i]}-{padding[i]}+i{2 + count + i}" for i in range(count)]
    spread = input.reindex([*list(input.shape)[:2], *outputs, *kernel], ["i0", "i1", *places])
    return spread.sum(list(range(2 + count, 2 + 2 * count)))


def avg_pool(
    input: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: Any,
    count: int,
) -> Any:
    """Mean over windows of the last ``count`` dimensions.

    Jittor's refuses an input as small as the kernel and counts the padding even when told not to.
    """
    if input.ndim == count + 1:
        given = (kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override, count)
        return avg_pool(input.unsqueeze(0), *given).squeeze(0)
    kernel, stride, padding, _ = pool_options(kernel_size, stride, padding, 1, count)
    sizes = list(input.shape)[2:]
    outputs = [pooled_size(*given, 1, ceil_mode) for given in zip(sizes, kernel, stride, padding)]
    sums = window_sum(input, kernel, stride, padding, outputs)
    if divisor_override is not None:
        return sums / divisor_override
    divisor: Any = np.ones([1] * count)
    for i in range(count):
        start = np.arange(outputs[i]) * stride[i] - padding[i]
        end = np.minimum(start + kernel[i], sizes[i] + padding[i])
        if not count_include_pad:
            start, end = np.maximum(start, 0), np.minimum(end, sizes[i])
        divisor = divisor * (end - start).reshape([-1 if i == j else 1 for j in range(count)])
    if (divisor == divisor.flat[0]).all():
        return sums / float(divisor.flat[0])
    return sums / jt.array(divisor.astype(np.float32)).cast(input.dtype)


class MaxPoolBase(Module):
    """Maximum over windows; the input may be as small as the kernel, which Jittor's pools refuse."""

    spatial = 0

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def execute(self, input: Any) -> Any:
        options = (self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices)
        return max_pool(input, *options, self.spatial)

    def extra_repr(self) -> str:
        names = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")
        return ", ".join(f"{name}={getattr(self, name)}" for name in names)


class AvgPoolBase(Module):
    """Mean over windows; the input may be as small as the kernel, which Jittor's pools refuse."""

    spatial = 0

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: Any = None,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def execute(self, input: Any) -> Any:
        counting = (self.ceil_mode, self.count_include_pad, self.divisor_override)
        return avg_pool(input, self.kernel_size, self.stride, self.padding, *counting, self.spatial)

    def extra_repr(self) -> str:
        values = {name: getattr(self, name) for name in ("kernel_size", "stride", "padding")}
        if self.spatial == 1:
            values = {name: (value,) if isinstance(value, int) else value for name, value in values.items()}
        return ", ".join(f"{name}={value}" for name, value in values.items())


class MaxPool2d(MaxPoolBase):
    spatial = 2


class MaxPool3d(MaxPoolBase):
    spatial = 3


class AvgPool2d(AvgPoolBase):
    spatial = 2


class AvgPool3d(AvgPoolBase):
    spatial = 3


MAX_POOL_HEADER = r"""
#pragma once
#include "op.h"
namespace jittor {

// Of x (N, C, D, H, W): the maxima over windows and, if asked for, their places in (D, H, W).  A window is given by
// kernel, stride, padding, dilation of each dimension.
// Its gradient spreads values over such places, and the gradient of that collects them.
struct @CLASS@ : Op {
    enum { FORWARD, SPREAD, COLLECT } work;
    Var* x;
    Var* places;
    NanoVector size, kernel, stride, padding, gap;
    // @attrs(multiple_outputs)
    @CLASS@(Var* x, NanoVector size, NanoVector k, NanoVector stride, NanoVector pad, NanoVector gap, bool with_places);
    // @attrs(multiple_outputs)
    @CLASS@(Var* x, Var* places, NanoVector size, bool spread);
    const char* name() const override { return "@OP@"; }
    VarPtr grad(Var* out, Var* dout, Var* v, int v_index) override;
    void infer_shape() override;
    void run() override;
    template <bool WITH_PLACES> void maxima(float* out, int* where);
};
} // jittor
"""


MAX_POOL_SOURCE = r"""
#include <cstring>
#include <limits>
#include <vector>
#include "var.h"
#include "ops/op_register.h"
#include "@OP@_op.h"

namespace jittor {

@CLASS@::@CLASS@(Var* x, NanoVector size, NanoVector kernel, NanoVector stride, NanoVector padding, NanoVector gap,
                 bool with_places)
    : work(FORWARD), x(x), places(nullptr), size(size), kernel(kernel), stride(stride), padding(padding), gap(gap) {
    flags.set(NodeFlags::_manual_set_vnbb);
    create_output(nullptr, x->dtype());
    if (with_places) create_output(nullptr, ns_int32)->flags.set(NodeFlags::_needed_by_backward);
}

@CLASS@::@CLASS@(Var* x, Var* places, NanoVector size, bool spread)
    : work(spread ? SPREAD : COLLECT), x(x), places(places), size(size) {
    flags.set(NodeFlags::_manual_set_vnbb);
    places->flags.set(NodeFlags::_needed_by_backward);
    create_output(nullptr, x->dtype());
}

void @CLASS@::infer_shape() {
    for (int i = 0; i < (int)outputs().size(); i++) output(i)->set_shape(size);
}

@AS_FLOAT32@
VarPtr @CLASS@::grad(Var* out, Var* dout, Var* v, int v_index) {
    VarPtr single = as_float32(dout);
    dout = single;
    static auto make = get_op_info("@OP@").get_constructor<vector<VarPtr>, Var*, Var*, NanoVector, bool>();
    if (v_index != 0 || out != output(0)) return nullptr;
    if (work == FORWARD) {
        ASSERT(outputs().size() == 2) << "the maxima were computed without their places";
        return move(make(dout, output(1), x->shape, true)[0]);
    }
    return move(make(dout, places, x->shape, work == COLLECT)[0]);
}

// One row of maxima: windows start at `first` and every `stride` further; `at` is the place of the row's first value.
template <int64 STRIDE, bool WITH_PLACES>
static void row_of_maxima(const float* row, int64 at, int64 first, int64 stride, int64 kernel, int64 gap, int64 width,
                          int64 count, float* best, int* where) {
    if (STRIDE) stride = STRIDE;
    for (int64 k = 0; k < kernel; k++) {
        int64 begin = first + k * gap;  // where the first window looks
        int64 from = begin >= 0 ? 0 : (-begin + stride - 1) / stride;
        int64 to = begin >= width ? 0 : (width - 1 - begin) / stride + 1;
        if (to > count) to = count;
        const float* values = row + begin;
        #pragma omp simd
        for (int64 i = from; i < to; i++) {
            float value = values[i * stride];
            // The first of equal ones; what is not a number counts as larger than all.
            bool better = value > best[i] || value != value;
            best[i] = better ? value : best[i];
            if (WITH_PLACES) where[i] = better ? (int)(at + begin + i * stride) : where[i];
        }
    }
}

// Where a window that starts at `start` looks first.
static int64 inside(int64 start, int64 gap) {
    return start >= 0 ? start : start + (-start + gap - 1) / gap * gap;
}

template <bool WITH_PLACES>
void @CLASS@::maxima(float* out, int* where) {
    auto in = x->shape;
    const float* from = x->ptr<float32>();
    int64 planes = in[0] * in[1], volume = in[2] * in[3] * in[4], width = size[4], rows = size[2] * size[3];
    auto row_of = stride[2] == 1 ? row_of_maxima<1, WITH_PLACES>
                : stride[2] == 2 ? row_of_maxima<2, WITH_PLACES> : row_of_maxima<0, WITH_PLACES>;
    #pragma omp parallel for if (planes * rows * width > 10000)
    for (int64 number = 0; number < planes * rows; number++) {
        int64 plane = number / rows, row = number % rows;
        int64 d = row / size[3] * stride[0] - padding[0], h = row % size[3] * stride[1] - padding[1];
        float* best = out + number * width;
        int* places = WITH_PLACES ? where + number * width : nullptr;
        int64 start = (inside(d, gap[0]) * in[3] + inside(h, gap[1])) * in[4];
        for (int64 i = 0; i < width; i++) {
            best[i] = -std::numeric_limits<float>::infinity();
            if (WITH_PLACES) places[i] = start + inside(i * stride[2] - padding[2], gap[2]);
        }
        for (int64 a = 0; a < kernel[0]; a++)
        for (int64 b = 0; b < kernel[1]; b++) {
            int64 z = d + a * gap[0], y = h + b * gap[1], at = (z * in[3] + y) * in[4];
            if (z < 0 || z >= in[2] || y < 0 || y >= in[3]) continue;
            row_of(from + plane * volume + at, at, -padding[2], stride[2], kernel[2], gap[2], in[4], width, best,
                   places);
        }
    }
}

void @CLASS@::run() {
    if (work == FORWARD) {
        auto* to = output(0)->ptr<float32>();
        if (outputs().size() == 2) maxima<true>(to, output(1)->ptr<int32>());
        else maxima<false>(to, nullptr);
        return;
    }
    Var* out = output(0);
    int64 planes = size[0] * size[1], wide = out->num / planes, given = places->num / planes;
    auto *from = x->ptr<float32>(), *to = out->ptr<float32>();
    auto* at = places->ptr<int32>();
    int64 source = x->num / planes;
    #pragma omp parallel for if (planes * given > 10000)
    for (int64 plane = 0; plane < planes; plane++) {
        const int* p = at + plane * given;
        const float* f = from + plane * source;
        float* t = to + plane * wide;
        if (work == COLLECT) {
            for (int64 i = 0; i < given; i++) t[i] = f[p[i]];
        } else {
            std::memset(t, 0, wide * sizeof(float));
            for (int64 i = 0; i < given; i++) t[p[i]] += f[i];
        }
    }
}

} // jittor
"""


def native_max_pool(
    input: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, outputs: Any, indices: bool
) -> Any:
    """``[maxima, their places]`` of an input (N, C, ...); None where Jittor's own operators have to do it."""
    if input.numel() == 0 or not computes_natively(input):
        return None
    operator = native_operator("native_max_pool", MAX_POOL_HEADER, MAX_POOL_SOURCE, "-fopenmp")
    if operator is None:
        return None
    shape = list(input.shape)
    missing = 3 - len(outputs)
    options = [
        [common] * missing + list(given) for common, given in zip((1, 1, 0, 1), (kernel, stride, padding, dilation))
    ]
    volume = shape if not missing else [*shape[:2], *[1] * missing, *shape[2:]]
    x = input if not missing else input.reshape(volume)
    places = indices or not (jt.flags.no_grad or input.is_stop_grad())
    found = operator(x, [*shape[:2], *[1] * missing, *outputs], *options, places)
    return found if not missing else [v.reshape([*shape[:2], *outputs]) for v in found]


def own_orders(generator: Any = None) -> Any:
    """The NumPy generator of a generator object with a seed of its own; None for the default one."""
    return getattr(generator, "orders", None)


ValuesIndices = namedtuple("ValuesIndices", ["values", "indices"])


def with_numpy_names(function: Any) -> Any:
    """Let a reduction also accept NumPy's ``axis`` and ``keepdims``, as Torch's do."""

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        for numpy_name, name in (("axis", "dim"), ("keepdims", "keepdim")):
            if numpy_name in kwargs:
                kwargs[name] = kwargs.pop(numpy_name)
        return function(*args, **kwargs)

    return wrapped


def reduced_dims(input: Any, dim: Any) -> tuple[int, ...]:
    """The dimensions to reduce, none negative; all of them for None and ()."""
    if dim is None:
        dim = ()
    dims = (dim,) if isinstance(dim, int) else tuple(dim)
    return tuple(d % input.ndim for d in dims) or tuple(range(input.ndim))


@with_numpy_names
def sum_of(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Torch's ``sum``: integers and booleans are added in int64 (Jittor adds uint8 in uint8: 200 + 100 is 44)."""
    name = dtype_name(dtype) or ("int64" if integral(input) else str(input.dtype))
    x = input if str(input.dtype) == name else input.cast(name)
    return x.sum(reduced_dims(x, dim), keepdims=keepdim)


@with_numpy_names
def mean_of(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Torch's ``mean``: one or several dimensions, by position or name."""
    x = input if dtype is None else input.cast(dtype_name(dtype))
    if not x.numel():  # Jittor's mean of nothing is 0
        return x.sum(reduced_dims(x, dim), keepdims=keepdim) + float("nan")
    return x.mean(reduced_dims(x, dim), keepdims=keepdim)


def without_dim(x: Any, dim: int) -> Any:
    """The tensor without a dimension of size 1 (never without any dimension)."""
    shape = [n for i, n in enumerate(x.shape) if i != dim]
    return x.reshape(shape or [1])


class Extreme(jt.Function):
    """Largest or smallest elements; the gradient is shared equally by all that are equal to them, as in Torch.

    Jittor gives the whole gradient to each of them, and drops nan.
    """

    def execute(self, x: Any, dims: tuple[int, ...], largest: bool, nan_shares: bool) -> Any:
        found = extreme_value(x, dims, largest)
        if not integral(x):
            bad = jt.isnan(x).int32().max(dims, keepdims=True) > 0
            found = jt.ternary(bad, jt.array([float("nan")], dtype=str(x.dtype)).broadcast(found.shape), found)
        chosen = x == found
        if nan_shares:
            chosen = chosen.logical_or(jt.isnan(x).logical_and(jt.isnan(found)))
        self.dims, self.chosen = dims, chosen
        return found

    def grad(self, grad: Any) -> tuple[Any, None, None, None]:
        share = self.chosen.cast(grad.dtype)
        return share * (grad / share.sum(self.dims, keepdims=True)), None, None, None


def extreme(input: Any, dim: Any, keepdim: bool, largest: bool, nan_shares: bool = False) -> Any:
    """Largest or smallest elements over some dimensions, gradient shared among equals.

    Of nan Torch's ``max`` and ``min`` share the gradient, while ``amax`` and ``amin`` have none (nan).
    """
    dims = reduced_dims(input, dim)
    found = (
        Extreme()(input, dims, largest, nan_shares) if not integral(input) else integer_extreme(input, dims, largest)
    )
    if keepdim:
        return found
    return found.reshape([n for i, n in enumerate(input.shape) if i not in dims] or [1])


def extreme_value(x: Any, dims: Any, largest: bool) -> Any:
    """Largest or smallest elements, dimensions kept; infinite where all are (Jittor's begin at the last number)."""
    found = x.max(dims, keepdims=True) if largest else x.min(dims, keepdims=True)
    name = str(x.dtype)
    edge = float(np.finfo("float32" if name == "bfloat16" else name).max)
    if largest:
        return jt.ternary(found <= constant(-edge, name), jt.full_like(found, -np.inf), found)
    return jt.ternary(found >= constant(edge, name), jt.full_like(found, np.inf), found)


def integer_extreme(input: Any, dims: tuple[int, ...], largest: bool) -> Any:
    x = input.int32() if str(input.dtype) in ("bool", "uint8", "int8") else input
    return (x.max(dims, keepdims=True) if largest else x.min(dims, keepdims=True)).cast(input.dtype)


def extreme_along(input: Any, dim: int, keepdim: bool, largest: bool) -> Any:
    """(values, indices) along one dimension; the gradient goes to the element whose index is returned."""
    dim %= input.ndim
    index = arg_extreme(input, dim, True, largest)
    values = input.gather(dim, index)
    if not keepdim:
        values, index = without_dim(values, dim), without_dim(index, dim)
    return ValuesIndices(values, index)


def arg_extreme(input: Any, dim: int | None, keepdim: bool, largest: bool) -> Any:
    """Index (int64) of the first largest or smallest element; without ``dim`` in the flattened tensor."""
    x = input.detach() if not integral(input) else input.int64()
    if dim is None:
        index = arg_extreme(x.reshape(-1), 0, False, largest)
        return index.reshape([1] * input.ndim) if keepdim else index
    if not integral(x):
        x = nan_outermost(x, largest)
    found = jt.argmax(x, dim, keepdims=True) if largest else jt.argmin(x, dim, keepdims=True)
    index = found[0].int64()
    return index if keepdim else without_dim(index, dim % input.ndim)


def nan_outermost(x: Any, largest: bool) -> Any:
    """The tensor with nan replaced by what lies beyond all its other elements: Torch finds nan first."""
    edge = float(np.finfo("float32" if str(x.dtype) == "bfloat16" else str(x.dtype)).max)
    if largest:
        return jt.ternary(x != x, jt.full_like(x, np.inf), jt.ternary(x > edge, jt.full_like(x, edge), x))
    return jt.ternary(x != x, jt.full_like(x, -np.inf), jt.ternary(x < -edge, jt.full_like(x, -edge), x))


@with_numpy_names
def max_of(input: Any, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """Torch's ``max``: ``max(x)``, ``max(x, dim)`` -> (values, indices), ``max(x, other)``.

    Jittor's returns values only, so that ``v, i = x.max(1)`` would unpack rows.
    """
    if isinstance(dim, jt.Var):
        other = dim
    if other is not None:
        return maximum(input, other)
    return extreme(input, (), False, True, True) if dim is None else extreme_along(input, dim, keepdim, True)


@with_numpy_names
def argmax(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """Index of the largest element (Jittor's returns a pair and needs ``dim``)."""
    return arg_extreme(input, dim, keepdim, True)


@with_numpy_names
def norm_of(
    input: Any, p: Any = "fro", dim: Any = None, keepdim: bool = False, out: Any = None, dtype: Any = None
) -> Any:
    """Torch's ``norm``: over all elements unless ``dim`` is given (Jittor's: over the last dimension), any order p.

    The gradient of the 2-norm is 0 where the norm is 0, as in Torch.
    """
    x = input if dtype is None else input.cast(dtype_name(dtype))
    dims = reduced_dims(x, dim)
    if p in ("fro", 2, None):
        total = (x * x).sum(dims, keepdims=keepdim)
        zero = total == 0
        return jt.ternary(zero, jt.zeros_like(total), jt.ternary(zero, jt.ones_like(total), total).sqrt())
    size = x * ((x > 0).cast(x.dtype) - (x < 0).cast(x.dtype)).detach()
    if p == float("inf") or p == float("-inf"):
        return extreme(size, dims, keepdim, p > 0)
    if p == 0:
        return (x != 0).cast(x.dtype).sum(dims, keepdims=keepdim)
    if p == 1:
        return size.sum(dims, keepdims=keepdim)
    total = power_of(size, p).sum(dims, keepdims=keepdim)
    zero = total == 0
    return jt.ternary(zero, jt.zeros_like(total), power_of(jt.ternary(zero, jt.ones_like(total), total), 1 / p))


@with_numpy_names
def logsumexp(input: Any, dim: Any, keepdim: bool = False) -> Any:
    """log(sum(exp(x))), shifted by the largest element so that it does not overflow (Jittor's does above 88)."""
    x = floating(input)
    dims = reduced_dims(x, dim)
    top = x.detach().max(dims, keepdims=True)
    top = jt.ternary(jt.isfinite(top), top, jt.zeros_like(top))
    result = jt.log((x - top).exp().sum(dims, keepdims=True)) + top
    return result if keepdim else result.reshape([n for i, n in enumerate(x.shape) if i not in dims] or [1])


RELU_HEADER = r"""
#pragma once
#include "op.h"
namespace jittor {

// y of x; or the gradient: dy where y is not zero.
struct @CLASS@ : Op {
    Var* given;
    Var* result;  // None: the function itself
    Var* out;
    @CLASS@(Var* x);
    @CLASS@(Var* dy, Var* y);
    const char* name() const override { return "@OP@"; }
    VarPtr grad(Var* out, Var* dout, Var* v, int v_index) override;
    void infer_shape() override;
    void run() override;
};
} // jittor
"""


RELU_SOURCE = r"""
#include "var.h"
#include "ops/op_register.h"
#include "@OP@_op.h"

namespace jittor {

enum { SMALL = 1 << 15 };  // fewer values than threads are worth waking for

@CLASS@::@CLASS@(Var* x) : given(x), result(nullptr) {
    flags.set(NodeFlags::_manual_set_vnbb);
    out = create_output(nullptr, x->dtype());
    out->flags.set(NodeFlags::_needed_by_backward);
}

@CLASS@::@CLASS@(Var* dy, Var* y) : given(dy), result(y) {
    flags.set(NodeFlags::_manual_set_vnbb);
    y->flags.set(NodeFlags::_needed_by_backward);
    out = create_output(nullptr, dy->dtype());
}

void @CLASS@::infer_shape() {
    out->set_shape(given->shape);
}

@AS_FLOAT32@
VarPtr @CLASS@::grad(Var* out, Var* dout, Var* v, int v_index) {
    VarPtr single = as_float32(dout);
    dout = single;
    static auto make = get_op_info("@OP@").get_constructor<VarPtr, Var*, Var*>();
    if (v_index == 1) return nullptr;
    return make(dout, result ? result : out);
}

void @CLASS@::run() {
    int64 n = out->num;
    auto *from = given->ptr<float32>(), *decides = result ? result->ptr<float32>() : from, *to = out->ptr<float32>();
    // Not "above zero": what is not a number stays so, and so does its gradient.
    #pragma omp parallel for simd if (n > SMALL)
    for (int64 i = 0; i < n; i++) to[i] = decides[i] <= 0 ? 0 : from[i];
}

} // jittor
"""


def rectified(x: Any) -> Any:
    """ReLU with Torch's gradient, zero at zero; NaN stays NaN, where Jittor's own makes it 0."""
    if computes_natively(x):
        operator = native_operator("native_relu", RELU_HEADER, RELU_SOURCE, "-fopenmp")
        if operator:
            return operator(x)
    return jt.ternary(x <= 0, jt.zeros_like(x), x)


def pad(input: Any, pad: Any, mode: str = "constant", value: Any = None) -> Any:
    """Pad (or, where negative, crop) the last dimensions; ``pad`` lists (left, right) from the last one on.

    Jittor's own fails to compile for a value like 0.5 and for negative amounts.
    """
    amounts = [int(p) for p in pad]
    if len(amounts) % 2 or len(amounts) // 2 > input.ndim:
        raise RuntimeError(f"Padding length must be even and at most twice the number of dimensions: {amounts}")
    if mode not in ("constant", "reflect", "replicate", "circular"):
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    kept: list[Any] = [slice(None)] * input.ndim
    for i in range(len(amounts) // 2):
        dim, left, right = input.ndim - 1 - i, amounts[2 * i], amounts[2 * i + 1]
        if (left < 0 or right < 0) and mode == "constant":
            kept[dim] = slice(max(-left, 0), input.shape[dim] - max(-right, 0))
    if any(k != slice(None) for k in kept):
        input = input[tuple(kept)]
        amounts = [max(a, 0) for a in amounts]
    if not any(amounts):
        return input
    if mode == "constant" and not value:
        return nn.pad(input, amounts)
    for i in range(len(amounts) // 2):
        dim, left, right = input.ndim - 1 - i, amounts[2 * i], amounts[2 * i + 1]
        size = input.shape[dim]
        if not left and not right:
            continue
        if mode != "constant":
            limit = size - 1 if mode == "reflect" else size
            if mode != "replicate" and max(left, right) > limit:
                raise RuntimeError(f"Padding size {max(left, right)} is too large for a dimension of size {size}")
            kind = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}[mode]
            places = np.pad(np.arange(size), (max(left, 0), max(right, 0)), mode=kind)  # type: ignore[call-overload]
            places = places[max(-left, 0) : len(places) - max(-right, 0)]
            input = taken(input, dim, places)
            continue
        shape = list(input.shape)
        filled = [
            jt.full([*shape[:dim], n, *shape[dim + 1 :]], value).cast(input.dtype) if n else None for n in (left, right)
        ]
        input = concat([p for p in (filled[0], input, filled[1]) if p is not None], dim)
    return input


def packed(value: Any) -> Any:
    """The value with tensors replaced by what can be pickled."""
    if isinstance(value, jt.Var):
        return {"jittor tensor": value.numpy(), "dtype": str(value.dtype), "trained": bool(value.requires_grad)}
    if type(value) is tuple or type(value) is list:
        return type(value)(packed(v) for v in value)
    if isinstance(value, dict):
        made = value.copy()
        for key, inner in value.items():
            made[key] = packed(inner)
        return made
    return value


class Identity(Module):
    """Returns its input; takes and ignores any arguments."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def execute(self, input: Any) -> Any:
        return input


def concat(tensors: Any, dim: int = 0, *, axis: int | None = None, out: Any = None) -> Any:
    """Torch's ``cat``: brings the parts to their common dtype and skips empty one-dimensional ones."""
    parts = list(tensors)
    if len({len(p.shape) for p in parts}) > 1:
        parts = [p for p in parts if tuple(p.shape) != (0,)]
    name = result_dtype(*parts)
    parts = [p if str(p.dtype) == name else p.cast(name) for p in parts]
    dim = dim if axis is None else axis
    joined = jt.concat(parts, dim % parts[0].ndim)
    return joined.cast(name) if name == "uint8" else joined  # Jittor's of uint8 is int8


def clone(input: Any, *, memory_format: Any = None) -> Any:
    """A copy with storage of its own.

    Jittor's clone shares its storage, and an assignment to a part of it may be computed in place: then the original
    changes too.
    """
    if str(input.dtype) == "bool":
        return input.logical_or(input)
    return (input * 1).cast(input.dtype)


def stack(tensors: Any, dim: int = 0, *, out: Any = None) -> Any:
    """Torch's ``stack``; Jittor's overwrites the elements of the list that it is given."""
    parts = list(tensors)
    if any(getattr(p, "is_scalar", False) for p in parts):
        return concat(parts)
    if all(tuple(p.shape) == (1,) for p in parts):
        text = "tensors of one element are stacked to a column; if they have no dimension in Torch, it makes a vector"
        warnings.warn(f"{text}: use reshape(()) for those before", RuntimeWarning, stacklevel=2)
    dim %= parts[0].ndim + 1
    return concat([p.unsqueeze(dim) for p in parts], dim)


def surely_a_row(value: Any) -> None:
    """Refuse one element that may stand for a scalar or for a row of one column.

    Raises:
        RuntimeError: if it is one.
    """
    if tuple(value.shape) == (1,) and not getattr(value, "is_scalar", False):
        text = "cannot tell whether one element computed from a part of a tensor has a dimension in Torch"
        raise RuntimeError(f"{text}: use reshape(1) or reshape(1, 1) instead of unsqueeze or stack")


def squeeze(input: Any, dim: Any = None) -> Any:
    """Without the dimensions of size 1, or those of the ones named; others are left (Jittor asserts)."""
    dims = range(input.ndim) if dim is None else (dim,) if isinstance(dim, int) else dim
    gone = {d % input.ndim for d in dims if input.shape[d] == 1}
    return input.reshape([n for i, n in enumerate(input.shape) if i not in gone] or [1])


def roll(input: Any, shifts: Any, dims: Any = None) -> Any:
    """Elements moved along dimensions; those pushed out come in again at the other end."""
    if dims is None:
        return roll(input.reshape(-1), shifts, 0).reshape(tuple(input.shape))
    pairs = (
        [(shifts, dims)] if isinstance(dims, int) else list(zip([shifts] if isinstance(shifts, int) else shifts, dims))
    )
    for shift, dim in pairs:
        length, head = input.shape[dim], (slice(None),) * (dim % input.ndim)
        cut = (length - shift) % length
        if cut:
            input = concat([input[(*head, slice(cut, None))], input[(*head, slice(0, cut))]], dim % input.ndim)
    return input


def forgiving_slices() -> bool:
    """Let slices reach beyond the ends of a tensor, as in Torch: Jittor refuses ``x[-16:]`` of 3 elements."""
    if not hasattr(jt.Var.__getitem__, "takes"):
        jt.Var.__getitem__ = Indexing(jt.Var.__getitem__).function()
        jt.Var.__setitem__ = Indexing(jt.Var.__setitem__).function()
    return True


class Indexing:
    """Jittor's own function, given a key that it understands."""

    def __init__(self, own: Any) -> None:
        self.own = own

    def function(self) -> Any:
        def indexed(tensor: Any, key: Any, *value: Any) -> Any:
            return self.own(tensor, key_within(tensor, key), *value)

        indexed.takes = self.own  # type: ignore[attr-defined]
        return indexed


def key_within(tensor: Any, key: Any) -> Any:
    """The key of an index, its slices cut at the ends of the dimensions."""
    parts = key if isinstance(key, tuple) else (key,)
    if not any(isinstance(p, slice | np.ndarray | range) for p in parts):
        return key
    parts = tuple(list(p) if isinstance(p, range) else p for p in parts)
    parts = tuple(jt.array(p) if isinstance(p, np.ndarray) and p.dtype == bool else p for p in parts)
    shape, axis, cut = tensor.shape, 0, []
    for part in parts:
        if part is Ellipsis:
            axis += len(shape) - sum(dimensions_taken(p) for p in parts)
        elif isinstance(part, slice) and axis < len(shape):
            part = slice_within(part, shape[axis])
        axis += dimensions_taken(part)
        cut.append(part)
    return tuple(cut) if isinstance(key, tuple) else cut[0]


def dimensions_taken(part: Any) -> int:
    """How many dimensions of a tensor one part of a key stands for."""
    if part is None or part is Ellipsis:
        return 0
    return len(part.shape) if isinstance(part, jt.Var) and str(part.dtype) == "bool" else 1


def slice_within(part: slice, length: int) -> slice:
    """A slice cut at the ends of a dimension."""
    start, stop = part.start, part.stop
    if isinstance(start, int) and not -length <= start <= length:
        start = length if start > 0 else 0
    if isinstance(stop, int) and stop < -length:
        stop = 0
    return slice(start, stop, part.step)


# Every helper module has this line: slices are written without a call.
FORGIVING_SLICES = forgiving_slices()


LINE_WIDTH = 80


EDGE_ITEMS = 3


SUMMARY_FROM = 1000


DIGITS = 4


class Written(str):
    """A text that ``repr`` and ``!r`` leave as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def text(value: Any, scalar: bool = False) -> Any:
    """The text of a tensor, a size or a dtype in Torch's form; anything else as it is.

    ``scalar``: the tensor has no dimension in Torch, where Jittor's has one.  Torch's ``grad_fn=`` is not written.
    """
    if isinstance(value, jt.Var):
        return Written(tensor_text(value, scalar or getattr(value, "is_scalar", False)))
    if isinstance(value, jt.NanoVector | tuple):
        return Written(f"torch.Size({[int(n) for n in value]})")
    if is_dtype(value) and not isinstance(value, jt.NanoString):
        return Written(f"torch.{dtype_name(value)}")
    if isinstance(value, jt.NanoString):
        return Written(f"torch.{value}")
    return value


def tensor_text(tensor: Any, scalar: bool) -> str:
    """``tensor([1., 2.])``; the dtype where it is not one of those that Torch makes of Python's numbers."""
    values, name = tensor.numpy(), str(tensor.dtype)
    values = values.reshape(()) if scalar and values.size == 1 else values
    ending = "" if name in ("float32", "int64", "bool") else f", dtype=torch.{name}"
    if values.size == 0:
        shape = "" if values.ndim == 1 else f", size={tuple(values.shape)}"
        return f"tensor([]{shape}{ending})"
    summary = values.size > SUMMARY_FROM
    return f"tensor({nested_text(values, 7, number_format(shown(values) if summary else values), summary)}{ending})"


def shown(values: Any) -> Any:
    """The elements of a large tensor that its text has."""
    for axis, length in enumerate(values.shape):
        if length > 2 * EDGE_ITEMS:
            places = [*range(EDGE_ITEMS), *range(length - EDGE_ITEMS, length)]
            values = values.take(places, axis)
    return values


def number_format(values: Any) -> Any:
    """The function that writes one element: all elements take the same width."""
    flat = values.reshape(-1)
    if flat.dtype.kind in "iub":
        width = max(len(str(v)) for v in flat.tolist())
        return lambda v: f"{v!s:>{width}}"
    wide = flat.astype(np.float64)
    sized = wide[np.isfinite(wide) & (wide != 0)]
    size = np.abs(sized) if sized.size else np.ones(1)
    high, low, whole = float(size.max()), float(size.min()), bool((size == np.ceil(size)).all())
    form = "e" if high / low > 1000.0 or high > 1.0e8 or not whole and low < 1.0e-4 else "f"
    point = "." if whole and form == "f" else ""
    form = f".0{form}" if point else f".{DIGITS}{form}"

    def write(value: float) -> str:
        return f"{value:{form}}{point}" if math.isfinite(value) else str(value)

    width = max((len(write(v)) for v in sized.tolist()), default=0)
    return lambda v: f"{write(float(v)):>{width}}"


def nested_text(values: Any, indent: int, write: Any, summary: bool) -> str:
    """The elements in brackets, lines broken and aligned as Torch does."""
    if values.ndim == 0:
        return str(write(values.item()))
    many = summary and len(values) > 2 * EDGE_ITEMS
    kept = [*range(EDGE_ITEMS), *range(len(values) - EDGE_ITEMS, len(values))] if many else range(len(values))
    if values.ndim == 1:
        words = [write(v) for v in values[list(kept)].tolist()]
        per_line = max(1, (LINE_WIDTH - indent) // (len(words[0]) + 2))
        if many:
            words.insert(EDGE_ITEMS, " ...")
        lines = [words[i : i + per_line] for i in range(0, len(words), per_line)]
        return "[" + (",\n" + " " * (indent + 1)).join(", ".join(line) for line in lines) + "]"
    parts = [nested_text(values[i], indent + 1, write, summary) for i in kept]
    if many:
        parts.insert(EDGE_ITEMS, "...")
    return "[" + ("," + "\n" * (values.ndim - 1) + " " * (indent + 1)).join(parts) + "]"


def unsigned_bytes() -> bool:
    """Let the operators of tensors keep uint8, with itself, with booleans and with Python's whole numbers.

    The lowest byte of what Jittor computes is right; only its sign is not.
    """
    for name in "add sub mul and or xor lshift rshift".split():
        for full in (f"__{name}__", f"__r{name}__", f"__i{name}__"):
            plain = getattr(jt.Var, full, None)
            if plain is not None and not hasattr(plain, "keeps_uint8"):
                setattr(jt.Var, full, (keeping_in_place if full.startswith("__i") else keeping_uint8)(plain, name))
    for name in ("bitwise_and", "bitwise_or", "bitwise_xor"):
        for place in (jt, jt.Var):
            plain = getattr(place, name)
            if not hasattr(plain, "keeps_uint8"):
                setattr(place, name, keeping_uint8(plain, name))
    return True


def keeping_uint8(plain: Any, name: str) -> Any:
    """An operator whose int8 becomes uint8 where Torch's does."""

    @functools.wraps(plain)
    def operator(self: Any, other: Any) -> Any:
        result = plain(self, other)
        if isinstance(result, jt.Var) and result.dtype == "int8":
            kinds = {str(v.dtype) for v in (self, other) if isinstance(v, jt.Var)}
            if "uint8" in kinds and kinds <= {"uint8", "bool"}:
                return result.cast("uint8")
        return result

    operator.keeps_uint8 = name  # type: ignore[attr-defined]
    return operator


def keeping_in_place(plain: Any, name: str) -> Any:
    """The same for ``x += y``: Jittor's would give x another dtype."""

    @functools.wraps(plain)
    def operator(self: Any, other: Any) -> Any:
        if self.dtype == "uint8":
            return self.assign(getattr(self, f"__{name}__")(other).cast("uint8"))
        return plain(self, other)

    operator.keeps_uint8 = name  # type: ignore[attr-defined]
    return operator


# Every helper module has this line: operators are written without a call.
UNSIGNED_BYTES = unsigned_bytes()
