"""The reference methods by name: where their classes are, and what their weight files look like besides.

Needs neither framework until a class is asked for.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any


class UnknownMethodError(ValueError):
    """No method has this name, or it has no such option; the message names those that there are."""


@dataclass(frozen=True)
class Backbone:
    """Weights of a published network that a part of a method starts from.

    Attributes:
        prefix: of the part's names in the method's state_dict.
        module: of :mod:`jack.methods.torch`; its ``STAGES`` map the first part of the network's names to the part's.
        dropped: first parts of the network's names that the method has no use for.
        dimensions: of a weight of the network's convolutions, by which 2-D and 3-D ResNets are told apart.
    """

    prefix: str
    module: str
    dropped: tuple[str, ...]
    dimensions: int


@dataclass(frozen=True)
class Method:
    """A method.

    Attributes:
        name: as in command lines.
        title: as in its paper.
        module: of :mod:`jack.methods.torch` and :mod:`jack.methods.jittor`.
        class_name: of the model.
        sizes: constructor options that decide shapes: a name of the state_dict and the axis that is as long.
        backbones: published networks that parts of it start from.
    """

    name: str
    title: str
    module: str
    class_name: str
    sizes: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    backbones: tuple[Backbone, ...] = ()

    def model_class(self, framework: str) -> Any:
        """The class of the model in ``torch`` or ``jittor``; imports that framework."""
        return getattr(import_module(f"jack.methods.{framework}.{self.module}"), self.class_name)

    def build(self, framework: str, **options: Any) -> Any:
        """A model, initialised by the method's own rules.

        Raises:
            UnknownMethodError: for an option that the constructor does not have.
        """
        unknown = [name for name in options if name not in self.defaults(framework)]
        if unknown:
            known = ", ".join(self.defaults(framework))
            raise UnknownMethodError(f"{self.name} has no option {unknown[0]!r}; it has: {known}")
        return self.model_class(framework)(**options)

    def defaults(self, framework: str = "torch") -> dict[str, Any]:
        """The constructor's options and their default values, which are the class's own."""
        parameters = inspect.signature(self.model_class(framework).__init__).parameters
        return {name: p.default for name, p in parameters.items() if name != "self"}

    def parse_options(self, texts: tuple[str, ...]) -> dict[str, Any]:
        """Constructor options out of texts such as ``seq_len=4``.

        Raises:
            UnknownMethodError: for an option that there is not, or a value of another kind than the default.
        """
        defaults = self.defaults()
        options = {}
        for text in texts:
            name, equals, value = text.partition("=")
            if not equals or name not in defaults:
                raise UnknownMethodError(
                    f"{self.name} has no option {text!r}; write NAME=VALUE with: {_shown(defaults)}"
                )
            options[name] = _value(name, value, defaults[name])
        return options


def _shown(defaults: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in defaults.items())


def _value(name: str, text: str, default: Any) -> Any:
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        value = text
    if isinstance(default, float) and type(value) is int:
        value = float(value)
    sequence = isinstance(default, list | tuple) and isinstance(value, list | tuple)
    if type(value) is not type(default) and not sequence:
        raise UnknownMethodError(f"{name}={text}: expected a value like {default!r}")
    return value


_RESNET_101 = Backbone("resnet.", "resnet3d", ("fc",), 5)
_RESNET_18 = Backbone("a_resnet.", "audio_resnet", ("fc", "conv1"), 4)

METHODS = {
    method.name: method
    for method in (
        Method(
            "vaanet",
            "VAANet",
            "vaanet",
            "VAANet",
            {
                "seq_len": ("ta_net.fc.weight", 0),
                "n_classes": ("av_fc.weight", 0),
                "audio_n_segments": ("aa_net.fc.weight", 0),
                "audio_embed_size": ("a_fc.0.weight", 0),
            },
            (_RESNET_101, _RESNET_18),
        ),
        Method(
            "cten",
            "CTEN",
            "cten",
            "CTEN",
            {
                "seq_len": ("ta_net.fc.weight", 0),
                "audio_n_segments": ("ta_net.fc.weight", 0),
                "n_classes": ("fc.weight", 0),
            },
            (_RESNET_101, _RESNET_18),
        ),
        Method("tslnet", "TSL-Net", "tslnet", "TSLNet"),
        Method("bpmgcn", "BPM-GCN", "bpmgcn", "BPMGCN", {"num_class": ("fc1_classifier_p.weight", 0)}),
    )
}


def get_method(name: str) -> Method:
    """The method of this name.

    Raises:
        UnknownMethodError: if there is none.
    """
    if name not in METHODS:
        raise UnknownMethodError(f"no method {name!r}; there are: {', '.join(METHODS)}")
    return METHODS[name]
