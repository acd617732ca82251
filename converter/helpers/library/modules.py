"""The base class of all modules, with Torch's rules about parameters, buffers, modes, states and hooks."""

import abc
import collections
from typing import Any

import jittor as jt
import numpy as np
from jittor import nn

from converter.helpers.library.parameters import (
    LEAVES,
    HookHandle,
    Listing,
    Members,
    Parameter,
    as_leaf,
    floating_name,
    overwrite,
)

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


HELPER_FILE = "jittor_helpers"


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
