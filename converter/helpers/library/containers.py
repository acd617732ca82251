"""Containers of modules and parameters; Jittor's lack slicing, dictionaries and much of the list interface."""

import collections
from typing import Any

from jittor import nn

from converter.helpers.library.modules import Module, module_children, module_tensors
from converter.helpers.library.parameters import Parameter


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


class ModuleDict(Module):
    """A dictionary of modules, in the order of insertion."""

    def __init__(self, modules: Any = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key: str) -> Any:
        return dict(module_children(self))[key]

    def __setitem__(self, key: str, module: Any) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        self[key]
        delattr(self, key)

    def __len__(self) -> int:
        return len(module_children(self))

    def __iter__(self) -> Any:
        return iter([name for name, _ in module_children(self)])

    def __contains__(self, key: str) -> bool:
        return key in dict(module_children(self))

    def keys(self) -> Any:
        return dict(module_children(self)).keys()

    def values(self) -> Any:
        return dict(module_children(self)).values()

    def items(self) -> Any:
        return dict(module_children(self)).items()

    def update(self, modules: Any) -> None:
        for key, module in modules.items() if hasattr(modules, "items") else modules:
            self[key] = module

    def pop(self, key: str) -> Any:
        found = self[key]
        del self[key]
        return found

    def clear(self) -> None:
        for name in self:
            delattr(self, name)


def as_parameter(value: Any) -> Any:
    """Tensors become parameters, everything else stays."""
    return Parameter(value) if hasattr(value, "is_stop_grad") and not isinstance(value, Parameter) else value


class ParameterList(Module):
    """A list of parameters, named 0, 1, 2, ..."""

    def __init__(self, values: Any = None) -> None:
        super().__init__()
        self.extend(values or ())

    def held(self) -> list[Any]:
        return [value for _, value, _ in module_tensors(self)]

    def __len__(self) -> int:
        return len(self.held())

    def __iter__(self) -> Any:
        return iter(self.held())

    def __getitem__(self, index: Any) -> Any:
        found = self.held()[index]
        return ParameterList(found) if isinstance(index, slice) else found

    def __setitem__(self, index: int, value: Any) -> None:
        setattr(self, str(index % len(self)), as_parameter(value))

    def append(self, value: Any) -> Any:
        setattr(self, str(len(self)), as_parameter(value))
        return self

    def extend(self, values: Any) -> Any:
        for value in values:
            self.append(value)
        return self

    def __iadd__(self, values: Any) -> Any:
        return self.extend(values)


class ParameterDict(Module):
    """A dictionary of parameters, in the order of insertion."""

    def __init__(self, parameters: Any = None) -> None:
        super().__init__()
        if parameters is not None:
            self.update(parameters)

    def held(self) -> dict[str, Any]:
        return {name: value for name, value, _ in module_tensors(self)}

    def __len__(self) -> int:
        return len(self.held())

    def __iter__(self) -> Any:
        return iter(self.held())

    def __contains__(self, key: str) -> bool:
        return key in self.held()

    def __getitem__(self, key: str) -> Any:
        return self.held()[key]

    def __setitem__(self, key: str, value: Any) -> None:
        setattr(self, key, as_parameter(value))

    def __delitem__(self, key: str) -> None:
        delattr(self, key)

    def keys(self) -> Any:
        return self.held().keys()

    def values(self) -> Any:
        return self.held().values()

    def items(self) -> Any:
        return self.held().items()

    def update(self, parameters: Any) -> None:
        for key, value in parameters.items() if hasattr(parameters, "items") else parameters:
            self[key] = value
