"""Which calls of a model the engine can do itself, and what it has to know of them.

A call is recognised by the function's name and its arguments: the functions of Jittor and of the helpers that converted
programs carry.  What is not recognised stays a call of Python, so that nothing is lost but time.

Kinds and their options; the first input is the value that is worked on:

* ``convolution``: inputs x, weight, bias or not; stride, dilation, before, behind (padding), groups.
* ``product``: inputs x, weight, bias or not; rows times the transposed weight.
* ``affine``: inputs x, mean, variance, weight or not, bias or not (options ``weight``, ``bias`` say which); eps.
* ``pool``: way (0 maximum, 1 mean, 2 mean without the padding), kernel, stride, before, behind.
* ``affinity``, ``mixture``: see :mod:`jack.optimize.skeletons`.
* ``relu``, ``add`` (of two values of one shape), ``view`` (another shape), ``concat`` (of channels).
* ``pad``: zeros around the last axes; before, behind. See :mod:`jack.optimize.padding`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import cache
from math import prod
from typing import Any

from jack.optimize.graph import Node

Found = tuple[str, tuple[Node, ...], dict[str, Any]]
Shape = tuple[int, ...]
NodeOf = Callable[[Any], Node]

IN_PLACE = frozenset({"relu"})  # may return the Var that they were given, changed
HEAVY = frozenset({"convolution", "product", "affine", "pool", "affinity", "mixture"})
LIGHT = frozenset({"relu", "add", "view", "concat"})  # worth nothing on their own


@cache
def classes() -> frozenset[type]:
    """Jittor's own classes whose calls are recognised as a whole."""
    from jittor import nn

    return frozenset({nn.Conv, nn.Conv3d, nn.Linear, nn.BatchNorm, nn.Pool, nn.Pool3d})


@cache
def _signature(function: Callable[..., Any]) -> inspect.Signature | None:
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):  # functions of C++ have none
        return None


def recognised(function: Callable[..., Any], given: Any, shape: Shape, dtype: str, node_of: NodeOf) -> Found | None:
    """What a call is, None for a plain call.

    Args:
        function: that was called.
        given: its arguments, with nodes in the place of tensors.
        shape: of the result.
        dtype: of the result.
        node_of: makes the node of a constant that a module holds.
    """
    if dtype != "float32":
        return None
    name = function.__qualname__
    args, kwargs = given
    if name.rpartition(".")[2] in VIEWS and args and _computed(args[0]) and prod(args[0].shape) == prod(shape):
        return "view", (args[0],), {"shape": shape}
    if name.rpartition(".")[2] in ("__add__", "add") and len(args) == 2 and not kwargs:
        return _add(args[0], args[1])
    if name in ("concat", "cat"):
        return _concat(args, kwargs)
    handler = HANDLERS.get(name)
    signature = _signature(function) if handler else None
    if handler is None or signature is None:
        return None
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError:
        return None
    bound.apply_defaults()
    found = handler(bound.arguments, shape, node_of)
    return found if found and all(node.dtype == "float32" for node in found[1]) else None


VIEWS = frozenset({"reshape", "view", "flatten", "squeeze", "unsqueeze"})


def _computed(value: Any) -> bool:
    return isinstance(value, Node) and value.kind != "constant" and value.dtype == "float32"


def _constant(value: Any) -> bool:
    return isinstance(value, Node) and value.kind == "constant" and value.dtype == "float32"


def _add(first: Any, second: Any) -> Found | None:
    if not (_computed(first) and _computed(second)) or first.shape != second.shape or first is second:
        return None
    return ("add", (first, second), {}) if len(first.shape) > 1 else None


def _value(given: dict[str, Any]) -> Any:
    """What is worked on, which the helpers call otherwise than Jittor."""
    return given["input"] if "input" in given else given["x"]


def _concat(args: Sequence[Any], kwargs: dict[str, Any]) -> Found | None:
    parts = args[0] if args else ()
    dim = args[1] if len(args) == 2 else kwargs.get("dim", kwargs.get("axis"))
    if type(parts) not in (list, tuple) or len(args) + len(kwargs) != 2 or dim != 1:
        return None
    ranks = {len(p.shape) for p in parts if _computed(p)}
    whole = all(_computed(p) and 0 not in p.shape for p in parts)
    return ("concat", tuple(parts), {}) if parts and whole and ranks <= {3, 4, 5} else None


def _pad(given: dict[str, Any], shape: Shape, node_of: NodeOf) -> Found | None:
    x, amounts = _value(given), given["pad" if "pad" in given else "padding"]
    if given["mode"] != "constant" or given["value"] or not _computed(x) or type(amounts) not in (list, tuple):
        return None
    count = len(shape) - 2
    if len(amounts) > 2 * count or len(x.shape) != len(shape) or any(type(a) is not int or a < 0 for a in amounts):
        return None
    pairs = [(0, 0)] * (count - len(amounts) // 2) + [*zip(amounts[::2], amounts[1::2])][::-1]
    return "pad", (x,), {"before": tuple(p[0] for p in pairs), "behind": tuple(p[1] for p in pairs)}


def _several(value: Any, count: int) -> Shape:
    found = (value,) * count if isinstance(value, int) else tuple(int(v) for v in value)
    return found * count if len(found) == 1 else found


def _convolution(given: dict[str, Any], shape: Shape, node_of: NodeOf) -> Found | None:
    x, weight, bias = _value(given), given["weight"], given["bias"]
    count = len(shape) - 2
    if not _computed(x) or not _constant(weight) or not (bias is None or _constant(bias)):
        return None
    if len(x.shape) != count + 2 or len(weight.shape) != count + 2 or not 1 <= count <= 3 or 0 in shape:
        return None
    stride, dilation, padding = given["stride"], given["dilation"], given["padding"]
    steps, reach = _several(stride, count), _several(dilation, count)
    if padding == "same":
        totals = [d * (k - 1) for d, k in zip(reach, weight.shape[2:])]
        before = tuple(t // 2 for t in totals)
        behind = tuple(t - b for t, b in zip(totals, before))
    else:
        before = behind = (0,) * count if padding == "valid" else _several(padding, count)
    inputs = (x, weight) if bias is None else (x, weight, bias)
    options = {"stride": steps, "dilation": reach, "before": before, "behind": behind, "groups": int(given["groups"])}
    return "convolution", inputs, options


def _product(given: dict[str, Any], shape: Shape, node_of: NodeOf) -> Found | None:
    x, weight, bias = _value(given), given["weight"], given.get("bias")
    if not _computed(x) or not _constant(weight) or not (bias is None or _constant(bias)):
        return None
    if len(weight.shape) != 2 or len(x.shape) < 2 or 0 in shape:
        return None
    return "product", ((x, weight) if bias is None else (x, weight, bias)), {}


def _of_module(given: dict[str, Any], node_of: NodeOf, *names: str) -> dict[str, Any]:
    """The arguments of the function that a module of Jittor stands for."""
    module = given["self"]
    bias = getattr(module, "bias", None)
    tensors = {"weight": node_of(module.weight), "bias": None if bias is None else node_of(bias)}
    return {"x": given["x"], **tensors, **{name: getattr(module, name) for name in names}}


def _jittor_convolution(given: dict[str, Any], shape: Shape, node_of: NodeOf) -> Found | None:
    return _convolution(_of_module(given, node_of, "stride", "padding", "dilation", "groups"), shape, node_of)


def _jittor_linear(given: dict[str, Any], shape: Shape, node_of: NodeOf) -> Found | None:
    return _product(_of_module(given, node_of), shape, node_of)


def _affine(x: Any, tensors: Sequence[Any], eps: float) -> Found | None:
    mean, variance, weight, bias = tensors
    if not _computed(x) or len(x.shape) < 2 or not _constant(mean) or not _constant(variance):
        return None
    if not all(v is None or _constant(v) for v in (weight, bias)):
        return None
    inputs = tuple(v for v in (x, mean, variance, weight, bias) if v is not None)
    return "affine", inputs, {"weight": weight is not None, "bias": bias is not None, "eps": float(eps)}


def _batch_norm(given: dict[str, Any], shape: Shape, node_of: NodeOf) -> Found | None:
    if given["training"] or given["running_mean"] is None:
        return None
    tensors = (given["running_mean"], given["running_var"], given["weight"], given["bias"])
    return _affine(given["input"], tensors, given["eps"])


def _jittor_batch_norm(given: dict[str, Any], shape: Shape, node_of: NodeOf) -> Found | None:
    module = given["self"]
    if module.is_train:
        return None
    affine = (node_of(module.weight), node_of(module.bias)) if module.affine else (None, None)
    return _affine(given["x"], (node_of(module.running_mean), node_of(module.running_var), *affine), module.eps)


def _relu(given: dict[str, Any], shape: Shape, node_of: NodeOf) -> Found | None:
    x = _value(given)
    return ("relu", (x,), {}) if _computed(x) and len(shape) > 1 and 0 not in shape else None


def _pool(x: Any, way: int, sizes: tuple[Any, Any, Any], shape: Shape) -> Found | None:
    count = len(shape) - 2
    if not _computed(x) or not 1 <= count <= 3 or len(x.shape) != count + 2 or 0 in shape:
        return None
    kernel = _several(sizes[0], count)
    stride = kernel if sizes[1] is None or sizes[1] == [] else _several(sizes[1], count)
    before = _several(sizes[2], count)
    # How far the last window reaches beyond the input.
    reach = [max(0, (o - 1) * s + k - n - b) for o, s, k, n, b in zip(shape[2:], stride, kernel, x.shape[2:], before)]
    if way and any(r > b for r, b in zip(reach, before)):
        return None  # rounded up: what counts there is another matter
    options = {"way": way, "kernel": kernel, "stride": stride, "before": before, "behind": tuple(reach)}
    return "pool", (x,), options


def _max_pool(given: dict[str, Any], shape: Shape, node_of: NodeOf) -> Found | None:
    if given["indices"] or set(_several(given["dilation"], 1)) != {1}:
        return None
    return _pool(given["input"], 0, (given["kernel_size"], given["stride"], given["padding"]), shape)


def _avg_pool(given: dict[str, Any], shape: Shape, node_of: NodeOf) -> Found | None:
    if given["divisor_override"] is not None:
        return None
    way = 1 if given["count_include_pad"] else 2
    return _pool(given["input"], way, (given["kernel_size"], given["stride"], given["padding"]), shape)


def _jittor_pool(given: dict[str, Any], shape: Shape, node_of: NodeOf) -> Found | None:
    module = given["self"]
    if module.op != "maximum" or getattr(module, "return_indices", None) or module.ceil_mode:
        return None
    return _pool(given["x"], 0, (module.kernel_size, module.stride, module.padding), shape)


HANDLERS: dict[str, Callable[[dict[str, Any], Shape, NodeOf], Found | None]] = {
    "convolution": _convolution,
    "conv1d": _convolution,
    "conv2d": _convolution,
    "conv3d": _convolution,
    "linear": _product,
    "batch_norm": _batch_norm,
    "relu": _relu,
    "pad": _pad,
    "max_pool": _max_pool,
    "avg_pool": _avg_pool,
    "Conv.execute": _jittor_convolution,
    "Conv3d.execute": _jittor_convolution,
    "Linear.execute": _jittor_linear,
    "BatchNorm.execute": _jittor_batch_norm,
    "Pool.execute": _jittor_pool,
    "Pool3d.execute": _jittor_pool,
}
