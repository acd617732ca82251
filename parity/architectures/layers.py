"""Arguments and inputs for the classes of a package of layers, by the names of their parameters.

The Torch process tries them: the first arguments and inputs with which a class works are those of the comparison.
Whether they are sensible does not matter to it: both sides get the same.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np

WIDTH = 32
_ARGUMENTS: dict[str, str] = {
    **dict.fromkeys(("dim", "channels", "num_features", "num_channels", "in_features", "embed_dim"), str(WIDTH)),
    **dict.fromkeys(("in_channels", "in_channel", "in_chs", "normalization_shape", "normalized_shape"), str(WIDTH)),
    **dict.fromkeys(("out_channels", "out_chs", "d_model", "dim_out", "out_features", "hidden_features"), str(WIDTH)),
    "kernel_size": "3",
    "num_heads": "4",
    "num_classes": "5",
    "block_size": "2",
    "dim_head": "4",
    "window_size": "(4, 4)",
    "feat_size": "(4, 4)",
    "depth": "2",
    "radix": "2",
    "cardinality": "2",
    "scale": "0.5",
    "groups": "2",
}
INPUTS = ("2x32x8x8", "2x64x32", "2x8x8x32", "2x32", "2x64x64", "2x3x224x224", "2x4x32x32")


def arguments_of(made: Any) -> str | None:
    """Text for the parameters without a default; None when one has a name that says nothing."""
    needed = [
        p.name
        for p in inspect.signature(made).parameters.values()
        if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
    if any(name not in _ARGUMENTS for name in needed):
        return None
    return ", ".join(f"{name}={_ARGUMENTS[name]}" for name in needed)


def probe(module: ModuleType, name: str, arguments: str, inputs: Sequence[str]) -> dict[str, Any]:
    """Arguments and inputs with which a class of modules works in Torch.

    Args:
        module: an imported file.
        name: the class in it.
        arguments, inputs: what a setting says; empty for what is to be found.

    Returns:
        ``arguments`` and ``inputs``; or ``why`` it has none; or ``other``: it is no module.
    """
    import torch

    from parity.check.spec import make_inputs

    made = getattr(module, name, None)
    if not isinstance(made, type) or not issubclass(made, torch.nn.Module):
        return {"other": True}
    if "forward" not in {key for base in made.__mro__[: made.__mro__.index(torch.nn.Module)] for key in vars(base)}:
        return {"other": True}
    text = arguments or arguments_of(made)
    if text is None:
        return {"why": f"no arguments known for {inspect.signature(made)}"}
    first = ""
    for shapes in [inputs] if inputs else [(shape,) for shape in INPUTS]:
        positional, keywords = make_inputs(tuple(shapes), 0)
        try:
            torch.manual_seed(0)
            layer = eval(f"{name}({text}\n)", dict(module.__dict__))
            with torch.no_grad():
                result = layer(*map(_tensor, positional), **{k: _tensor(v) for k, v in keywords.items()})
        except Exception as error:  # whatever a class does with arguments that do not suit it is an answer
            first = first or f"{type(error).__name__}: {error}"
            continue
        if isinstance(result, (torch.Tensor, tuple, list)):
            return {"arguments": text, "inputs": list(shapes)}
        first = first or f"returns {type(result).__name__}"
    return {"why": f"{name}({text}) takes none of the inputs that were tried: {first}"[:300]}


def _tensor(array: Any) -> Any:
    import torch

    return torch.from_numpy(np.array(array))
