"""``torch.nn.utils.parametrize``: parameters that are computed from others whenever they are read."""

from typing import Any

import jittor as jt

from converter.helpers.library.modules import Module
from converter.helpers.library.parameters import Parameter
from converter.helpers.library.weight_norms import SpectralNorm, WeightNorm, spectral_dim


class ParametrizationList(Module):
    """The modules that compute one tensor, and what they compute it from (``original``, or ``original0``, ...)."""

    def __init__(self, first: Any, original: Any) -> None:
        super().__init__()
        inverse = getattr(first, "right_inverse", None)
        made = original if inverse is None else inverse(original.detach())
        self.names: tuple[str, ...] = ("original",)
        if isinstance(made, jt.Var):
            self._keep("original", made, original)
        else:
            self.names = tuple(f"original{i}" for i in range(len(made)))
            for name, value in zip(self.names, made):
                self._keep(name, value, original)
        self.count = 0
        self.append(first)

    def _keep(self, name: str, value: Any, original: Any) -> None:
        trained: Any = original
        if isinstance(original, Parameter):
            setattr(self, name, Parameter(value, bool(trained.requires_grad)))
        else:
            self.register_buffer(name, value)

    def append(self, module: Any) -> None:
        setattr(self, str(self.count), module)
        self.count += 1

    def __getitem__(self, index: int) -> Any:
        return getattr(self, str(index % self.count))

    def __len__(self) -> int:
        return self.count

    def execute(self) -> Any:
        value = self[0](*(getattr(self, name) for name in self.names))
        for i in range(1, self.count):
            value = self[i](value)
        return value


class Parametrizations(Module):
    """The lists of a module by the names of its tensors."""

    def __getitem__(self, name: str) -> Any:
        return self.__dict__[name]

    def __contains__(self, name: str) -> bool:
        return isinstance(self.__dict__.get(name), ParametrizationList)

    def _get_name(self) -> str:
        return "ModuleDict"


def is_parametrized(module: Any, tensor_name: Any = None) -> bool:
    """Whether any tensor of a module, or the one named, is computed by parametrizations."""
    held = module.__dict__.get("parametrizations")
    if held is None:
        return False
    return bool(held._modules) if tensor_name is None else tensor_name in held


def read_through(name: str) -> property:
    """The attribute of a class by which its objects compute a tensor."""
    return property(lambda module: module.parametrizations[name]())


def register_parametrization(module: Any, tensor_name: str, parametrization: Any, *, unsafe: bool = False) -> Any:
    """From now on ``module.NAME`` is ``parametrization(original)``; returns the module.

    As in Torch the module gets a class of its own.  Raises ValueError where the module has no such tensor.
    """
    parametrization.train(module.is_training())
    if is_parametrized(module, tensor_name):
        module.parametrizations[tensor_name].append(parametrization)
        return module
    original = module.__dict__.get(tensor_name)
    if not isinstance(original, jt.Var):
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element with name"
            f" '{tensor_name}'"
        )
    held = ParametrizationList(parametrization, original)
    held.train(module.is_training())
    if not unsafe and (made := tuple(held().shape)) != tuple(original.shape):
        raise ValueError(
            "Registering a parametrization may not change the shape of the tensor, unless `unsafe` flag is enabled."
            f" unparametrized shape: {tuple(original.shape)}, parametrized shape: {made}"
        )
    delattr(module, tensor_name)
    if not is_parametrized(module):
        kind = type(module)
        object.__setattr__(module, "__class__", type("Parametrized" + kind.__name__, (kind,), {"plain_class": kind}))
        module.parametrizations = Parametrizations()
    setattr(type(module), tensor_name, read_through(tensor_name))
    setattr(module.parametrizations, tensor_name, held)
    return module


def remove_parametrizations(module: Any, tensor_name: str, leave_parametrized: bool = True) -> Any:
    """Make a tensor a parameter again, of its present value or (``leave_parametrized=False``) of the original's."""
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    held = module.parametrizations[tensor_name]
    if not leave_parametrized and held.names != ("original",):
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is parametrized in"
            " terms of a sequence of tensors."
        )
    value = held() if leave_parametrized else held.original
    trained = isinstance(getattr(held, held.names[0]), Parameter)
    delattr(type(module), tensor_name)
    delattr(module.parametrizations, tensor_name)
    if trained:
        setattr(module, tensor_name, Parameter(value))
    else:
        module.register_buffer(tensor_name, value.detach())
    if not is_parametrized(module):
        delattr(module, "parametrizations")
        object.__setattr__(module, "__class__", type(module).plain_class)
    return module


def weight_norm_parametrized(module: Any, name: str = "weight", dim: Any = 0) -> Any:
    """``parametrizations.weight_norm``: length and direction of a weight as parameters of their own."""
    return register_parametrization(module, name, WeightNorm(dim), unsafe=True)


def spectral_norm_parametrized(
    module: Any, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: Any = None
) -> Any:
    """``parametrizations.spectral_norm``: a weight divided by its largest singular value.

    The vectors start from random numbers, which are not Torch's.
    """
    weight = getattr(module, name)
    made = SpectralNorm(weight, n_power_iterations, spectral_dim(module, dim), eps)
    return register_parametrization(module, name, made)
