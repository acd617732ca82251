"""Weights divided by their norm: hooks that compute a layer's weight before each call."""

from typing import Any

import jittor as jt

from converter.helpers.library.creation import normal_numbers
from converter.helpers.library.layers import TransposedConv
from converter.helpers.library.modules import Module
from converter.helpers.library.parameters import Parameter, overwrite


def norm_except_dim(v: Any, dim: int) -> Any:
    """The 2-norm over all dimensions but one, which are kept with size 1; of everything for dim -1."""
    if dim == -1:
        return jt.sqrt((v * v).sum())
    rest = [d for d in range(v.ndim) if d != dim % v.ndim]
    return jt.sqrt((v * v).sum(rest, keepdims=True))


def unit_vector(x: Any, eps: float) -> Any:
    return x / jt.maximum(jt.sqrt((x * x).sum()), eps)


def as_rows(weight: Any, dim: int) -> Any:
    """A matrix with one row for each index of a dimension."""
    order = [dim, *(d for d in range(weight.ndim) if d != dim)]
    return (weight.permute(order) if dim else weight).reshape((weight.shape[dim], -1))


def power_iterations(matrix: Any, u: Any, v: Any, count: int, eps: float, left_first: bool = False) -> None:
    """Bring two vectors nearer to the first singular vectors of a matrix, in place and without gradients."""
    matrix, left, right = matrix.detach(), u.detach(), v.detach()
    for _ in range(count):
        for of_left in (left_first, not left_first):
            if of_left:
                left = unit_vector(jt.matmul(matrix, right.unsqueeze(1)).squeeze(1), eps)
            else:
                right = unit_vector(jt.matmul(matrix.transpose(0, 1), left.unsqueeze(1)).squeeze(1), eps)
    overwrite(u, left)
    overwrite(v, right)


def largest_singular_value(matrix: Any, u: Any, v: Any) -> Any:
    """``u @ matrix @ v``, through which the gradient reaches the matrix alone."""
    return (u.detach().clone() * jt.matmul(matrix, v.detach().clone().unsqueeze(1)).squeeze(1)).sum()


class WeightNormHook:
    """``g * v / |v|``, of the parameters NAME_g and NAME_v."""

    def __init__(self, name: str, dim: Any) -> None:
        self.name = name
        self.dim = -1 if dim is None else dim
        self.handle: Any = None

    def compute(self, module: Any) -> Any:
        g, v = getattr(module, self.name + "_g"), getattr(module, self.name + "_v")
        return v * (g / norm_except_dim(v, self.dim))

    def __call__(self, module: Any, args: Any) -> None:
        object.__setattr__(module, self.name, self.compute(module))


class SpectralNormHook:
    """A weight NAME_orig divided by its largest singular value, which one more iteration finds at each call."""

    def __init__(self, name: str, iterations: int, eps: float, dim: int) -> None:
        self.name, self.iterations, self.eps, self.dim = name, iterations, eps, dim
        self.handle: Any = None

    def compute(self, module: Any, iterate: bool) -> Any:
        weight = getattr(module, self.name + "_orig")
        u, v = getattr(module, self.name + "_u"), getattr(module, self.name + "_v")
        matrix = as_rows(weight, self.dim)
        if iterate:
            power_iterations(matrix, u, v, self.iterations, self.eps)
        return weight / largest_singular_value(matrix, u, v)

    def __call__(self, module: Any, args: Any) -> None:
        object.__setattr__(module, self.name, self.compute(module, module.is_training()))


def weight_hook(module: Any, kind: type, name: str) -> Any:
    """The hook of this class that computes a parameter; None where there is none."""
    hooks = [h[1] for h in (module.__dict__.get("_hooks") or {}).values()]
    return next((h for h in hooks if isinstance(h, kind) and getattr(h, "name", None) == name), None)


def weight_norm(module: Any, name: str = "weight", dim: Any = 0) -> Any:
    """Replace a parameter by its length NAME_g (for each index of ``dim``) and direction NAME_v; returns the module.

    Jittor has nothing of the kind.  Raises RuntimeError where the parameter has such a norm already.
    """
    if weight_hook(module, WeightNormHook, name) is not None:
        raise RuntimeError(f"Cannot register two weight_norm hooks on the same parameter {name}")
    hook = WeightNormHook(name, dim)
    weight = getattr(module, name)
    delattr(module, name)
    setattr(module, name + "_g", Parameter(norm_except_dim(weight.detach(), hook.dim)))
    setattr(module, name + "_v", Parameter(weight))
    hook(module, ())
    hook.handle = module.register_forward_pre_hook(hook)
    return module


def remove_weight_norm(module: Any, name: str = "weight") -> Any:
    """The inverse of :func:`weight_norm`: one parameter of the present value."""
    hook = weight_hook(module, WeightNormHook, name)
    if hook is None:
        raise ValueError(f"weight_norm of '{name}' not found in {module}")
    value = hook.compute(module)
    for part in (name, name + "_g", name + "_v"):
        delattr(module, part)
    hook.handle.remove()
    setattr(module, name, Parameter(value))
    return module


def spectral_norm(
    module: Any, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: Any = None
) -> Any:
    """Divide a parameter by its largest singular value at each call; returns the module.

    Jittor has nothing of the kind.  The vectors NAME_u and NAME_v start from random numbers, which are not Torch's.
    """
    if weight_hook(module, SpectralNormHook, name) is not None:
        raise RuntimeError(f"Cannot register two spectral_norm hooks on the same parameter {name}")
    if n_power_iterations <= 0:
        raise ValueError(f"Expected n_power_iterations to be positive, but got {n_power_iterations}")
    hook = SpectralNormHook(name, n_power_iterations, eps, spectral_dim(module, dim))
    weight = getattr(module, name)
    rows, columns = as_rows(weight, hook.dim).shape
    delattr(module, name)
    setattr(module, name + "_orig", Parameter(weight))
    object.__setattr__(module, name, weight.detach())
    for part, size in (("_u", rows), ("_v", columns)):
        module.register_buffer(name + part, unit_vector(normal_numbers((size,)), eps))
    hook.handle = module.register_forward_pre_hook(hook)
    return module


def spectral_dim(module: Any, dim: Any) -> int:
    """The dimension of the outputs: the second of a transposed convolution."""
    if dim is not None:
        return int(dim)
    return 1 if isinstance(module, TransposedConv) else 0


def remove_spectral_norm(module: Any, name: str = "weight") -> Any:
    """The inverse of :func:`spectral_norm`: one parameter of the present value."""
    hook = weight_hook(module, SpectralNormHook, name)
    if hook is None:
        raise ValueError(f"spectral_norm of '{name}' not found in {module}")
    value = hook.compute(module, False)
    for part in (name, name + "_orig", name + "_u", name + "_v"):
        delattr(module, part)
    hook.handle.remove()
    setattr(module, name, Parameter(value))
    return module


class WeightNorm(Module):
    """The parametrization behind ``parametrizations.weight_norm``."""

    def __init__(self, dim: Any = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def execute(self, weight_g: Any, weight_v: Any) -> Any:
        return weight_v * (weight_g / norm_except_dim(weight_v, self.dim))

    def right_inverse(self, weight: Any) -> Any:
        return norm_except_dim(weight, self.dim), weight


class SpectralNorm(Module):
    """The parametrization behind ``parametrizations.spectral_norm``; one more iteration at each use in training."""

    def __init__(self, weight: Any, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        super().__init__()
        if n_power_iterations <= 0:
            raise ValueError(f"Expected n_power_iterations to be positive, but got {n_power_iterations}")
        self.dim, self.eps, self.n_power_iterations = dim % weight.ndim, eps, n_power_iterations
        if weight.ndim > 1:
            matrix = as_rows(weight, self.dim)
            for name, size in zip(("_u", "_v"), matrix.shape):
                self.register_buffer(name, unit_vector(normal_numbers((size,)), eps))
            power_iterations(matrix, self._u, self._v, 15, eps, left_first=True)

    def execute(self, weight: Any) -> Any:
        if weight.ndim == 1:
            return unit_vector(weight, self.eps)
        matrix = as_rows(weight, self.dim)
        if self.is_training():
            power_iterations(matrix, self._u, self._v, self.n_power_iterations, self.eps, left_first=True)
        return weight / largest_singular_value(matrix, self._u, self._v)

    def right_inverse(self, value: Any) -> Any:
        return value
