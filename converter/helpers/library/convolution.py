"""Linear maps and convolutions with Torch's signatures."""

from typing import Any

import jittor as jt
from jittor import nn

from converter.helpers.library.convolution_onednn import fast_convolution, fast_transposed_convolution


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


def conv1d(
    input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Any:
    """(N, C, L) or (C, L); ``padding`` also as ``same`` or ``valid``."""
    return convolution(input, weight, bias, stride, padding, dilation, groups, 1)


def conv2d(
    input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Any:
    """(N, C, H, W) or (C, H, W); ``padding`` also as ``same`` or ``valid``."""
    return convolution(input, weight, bias, stride, padding, dilation, groups, 2)


def conv3d(
    input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Any:
    """(N, C, D, H, W) or (C, D, H, W); ``padding`` also as ``same`` or ``valid``."""
    return convolution(input, weight, bias, stride, padding, dilation, groups, 3)


def transposed_convolution(
    input: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    output_padding: Any,
    groups: int,
    dilation: Any,
    count: int,
) -> Any:
    """Transposed convolution over ``count`` dimensions; weight is (in, out / groups, kernel...)."""
    if input.ndim == count + 1:
        return transposed_convolution(
            input.unsqueeze(0), weight, bias, stride, padding, output_padding, groups, dilation, count
        ).squeeze(0)
    stride, padding, dilation = repeated(stride, count), repeated(padding, count), repeated(dilation, count)
    extra = repeated(output_padding, count)
    found = fast_transposed_convolution(input, weight, stride, padding, extra, groups, dilation)
    if found is not None:
        return found if bias is None else found + bias.reshape([1, -1] + [1] * count)
    if groups > 1:
        inputs, outputs = input.shape[1] // groups, weight.shape[1]
        parts = []
        for g in range(groups):
            part, kernel = input[:, g * inputs : (g + 1) * inputs], weight[g * inputs : (g + 1) * inputs]
            own_bias = None if bias is None else bias[g * outputs : (g + 1) * outputs]
            parts.append(transposed_convolution(part, kernel, own_bias, stride, padding, extra, 1, dilation, count))
        return jt.concat(parts, dim=1)
    if count == 1:
        found = nn.conv_transpose(
            input.unsqueeze(-1),
            weight.unsqueeze(-1),
            None,
            stride + (1,),
            padding + (0,),
            extra + (0,),
            1,
            dilation + (1,),
        ).squeeze(-1)
    elif count == 2:
        found = nn.conv_transpose(input, weight, None, stride, padding, extra, 1, dilation)
    else:
        found = nn.conv_transpose3d(input, weight, None, stride, padding, extra, 1, dilation)
    return found if bias is None else found + bias.reshape([1, -1] + [1] * count)


def conv_transpose1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    return transposed_convolution(input, weight, bias, stride, padding, output_padding, groups, dilation, 1)


def conv_transpose2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    return transposed_convolution(input, weight, bias, stride, padding, output_padding, groups, dilation, 2)


def conv_transpose3d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    return transposed_convolution(input, weight, bias, stride, padding, output_padding, groups, dilation, 3)


def linear(input: Any, weight: Any, bias: Any = None) -> Any:
    """``input @ weight.T + bias`` over the last dimension; the weight may also be one row (1-D)."""
    if weight.ndim == 1:
        found = (input * weight).sum(-1)
        return found if bias is None else found + bias
    return nn.linear(input, weight, bias)


def bilinear(input1: Any, input2: Any, weight: Any, bias: Any = None) -> Any:
    """``y[..., k] = sum_ij input1[..., i] weight[k, i, j] input2[..., j] + bias[k]``."""
    outputs, first, second = weight.shape
    left, right = input1.reshape([-1, first]), input2.reshape([-1, second])
    product = nn.matmul(left, weight.permute(1, 0, 2).reshape([first, outputs * second]))
    found = (product.reshape([-1, outputs, second]) * right.unsqueeze(1)).sum(-1)
    found = found.reshape(list(input1.shape)[:-1] + [outputs])
    return found if bias is None else found + bias
