"""``torchvision.ops``: layers that models are made of."""

from __future__ import annotations

import collections
from typing import Any

import jittor as jt

from converter.helpers.library.activation_layers import Dropout, ReLU, Sigmoid
from converter.helpers.library.activations import in_place, relu
from converter.helpers.library.containers import ModuleList, Sequential
from converter.helpers.library.convolution import repeated
from converter.helpers.library.initialization import kaiming_uniform_, zeros_
from converter.helpers.library.layers import Conv2d, Conv3d, Linear
from converter.helpers.library.modules import Module
from converter.helpers.library.normalization import BatchNorm2d, BatchNorm3d
from converter.helpers.library.pooling import max_pool2d, max_pool3d
from converter.helpers.library.pooling_layers import AdaptiveAvgPool2d
from converter.helpers.library.resampling import interpolate, pad
from converter.helpers.library.shapes import permute


def stochastic_depth(input: Any, p: float, mode: str, training: bool = True) -> Any:
    """Zero the whole input (``batch``) or rows of it (``row``) with probability ``p``, scale up the rest.

    Raises:
        ValueError: when ``p`` is no probability or the mode another.
    """
    if p < 0.0 or p > 1.0:
        raise ValueError(f"drop probability has to be between 0 and 1, but got {p}")
    if mode not in ("batch", "row"):
        raise ValueError(f"mode has to be either 'batch' or 'row', but got {mode}")
    if not training or p == 0.0:
        return input
    if p == 1.0:
        return input * 0
    shape = [input.shape[0] if mode == "row" else 1] + [1] * (input.ndim - 1)
    return input * ((jt.random(shape) >= p).cast(input.dtype) / (1.0 - p)).cast(input.dtype)


class StochasticDepth(Module):
    """:func:`stochastic_depth` as a layer."""

    def __init__(self, p: float, mode: str) -> None:
        super().__init__()
        self.p = p
        self.mode = mode

    def execute(self, input: Any) -> Any:
        return stochastic_depth(input, self.p, self.mode, self.training)

    def extra_repr(self) -> str:
        return f"p={self.p}, mode={self.mode}"


def drop_blocks(
    input: Any, p: float, block_size: int, inplace: bool, eps: float, training: bool, spatial: int, max_pool: Any
) -> Any:
    """Zero blocks of each channel so that about a part ``p`` is dropped, scale up the rest.

    Raises:
        ValueError: when ``p`` is no probability, the input has other dimensions, or the block an even size.
    """
    if p < 0.0 or p > 1.0:
        raise ValueError(f"drop probability has to be between 0 and 1, but got {p}.")
    if input.ndim != spatial + 2:
        raise ValueError(f"input should be {spatial + 2} dimensional. Got {input.ndim} dimensions.")
    if not training or p == 0.0:
        return input
    sizes = list(input.shape)[2:]
    block = min(block_size, *sizes)
    if block % 2 == 0:
        raise ValueError(f"block size should be odd. Got {block} which is even.")
    gamma = p / block**spatial
    for size in sizes:
        gamma *= size / (size - block + 1)
    if gamma > 1.0 + 1e-12:
        raise RuntimeError(f"a part of {p} cannot be dropped in blocks of {block}: probability {gamma} for each place")
    centres = jt.random([*list(input.shape)[:2], *(size - block + 1 for size in sizes)]) < gamma
    noise = pad(centres.cast(input.dtype), [block // 2] * (2 * spatial))
    kept = 1 - max_pool(noise, kernel_size=block, stride=1, padding=block // 2)
    scale = kept.numel() / (kept.sum() + eps)
    return in_place(input, (input * kept * scale).cast(input.dtype), inplace)


def drop_block2d(
    input: Any, p: float, block_size: int, inplace: bool = False, eps: float = 1e-06, training: bool = True
) -> Any:
    """:func:`drop_blocks` for images (N, C, H, W)."""
    return drop_blocks(input, p, block_size, inplace, eps, training, 2, max_pool2d)


def drop_block3d(
    input: Any, p: float, block_size: int, inplace: bool = False, eps: float = 1e-06, training: bool = True
) -> Any:
    """:func:`drop_blocks` for videos (N, C, D, H, W)."""
    return drop_blocks(input, p, block_size, inplace, eps, training, 3, max_pool3d)


class DropBlock2d(Module):
    """:func:`drop_block2d` as a layer."""

    def __init__(self, p: float, block_size: int, inplace: bool = False, eps: float = 1e-06) -> None:
        super().__init__()
        self.p = p
        self.block_size = block_size
        self.inplace = inplace
        self.eps = eps

    def execute(self, input: Any) -> Any:
        return drop_block2d(input, self.p, self.block_size, self.inplace, self.eps, self.training)

    def extra_repr(self) -> str:
        return f"p={self.p}, block_size={self.block_size}, inplace={self.inplace}"


class DropBlock3d(DropBlock2d):
    """:func:`drop_block3d` as a layer."""

    def execute(self, input: Any) -> Any:
        return drop_block3d(input, self.p, self.block_size, self.inplace, self.eps, self.training)


class FrozenBatchNorm2d(Module):
    """Batch norm whose statistics and factors are buffers that never change."""

    def __init__(self, num_features: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        for name, value in (("weight", 1.0), ("bias", 0.0), ("running_mean", 0.0), ("running_var", 1.0)):
            self.register_buffer(name, jt.full([num_features], value).float32())

    def execute(self, x: Any) -> Any:
        scale = self.weight / (self.running_var + self.eps).sqrt()
        bias = self.bias - self.running_mean * scale
        return x * scale.reshape((1, -1, 1, 1)) + bias.reshape((1, -1, 1, 1))

    def extra_repr(self) -> str:
        return f"{self.weight.shape[0]}, eps={self.eps}"


class Permute(Module):
    """The dimensions of the input in another order."""

    def __init__(self, dims: Any) -> None:
        super().__init__()
        self.dims = dims

    def execute(self, x: Any) -> Any:
        return permute(x, *self.dims)


class MLP(Sequential):
    """Linear layers, each but the last followed by norm and activation, all by dropout."""

    def __init__(
        self,
        in_channels: int,
        hidden_channels: Any,
        norm_layer: Any = None,
        activation_layer: Any = ReLU,
        inplace: bool | None = None,
        bias: bool = True,
        dropout: float = 0.0,
    ) -> None:
        options = {} if inplace is None else {"inplace": inplace}
        layers: list[Any] = []
        width = in_channels
        for hidden in hidden_channels[:-1]:
            layers.append(Linear(width, hidden, bias=bias))
            if norm_layer is not None:
                layers.append(norm_layer(hidden))
            layers += [activation_layer(**options), Dropout(dropout, **options)]
            width = hidden
        layers += [Linear(width, hidden_channels[-1], bias=bias), Dropout(dropout, **options)]
        super().__init__(*layers)


class ConvNormActivation(Sequential):
    """A convolution, then a norm and an activation where these are given."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any = 3,
        stride: Any = 1,
        padding: Any = None,
        groups: int = 1,
        norm_layer: Any = BatchNorm2d,
        activation_layer: Any = ReLU,
        dilation: Any = 1,
        inplace: bool | None = True,
        bias: bool | None = None,
        conv_layer: Any = Conv2d,
    ) -> None:
        if padding is None:
            if isinstance(kernel_size, int) and isinstance(dilation, int):
                padding = (kernel_size - 1) // 2 * dilation
            else:
                count = len(dilation if isinstance(kernel_size, int) else kernel_size)
                kernel_size, dilation = repeated(kernel_size, count), repeated(dilation, count)
                padding = tuple((k - 1) // 2 * d for k, d in zip(kernel_size, dilation, strict=True))
        bias = norm_layer is None if bias is None else bias
        layers = [
            conv_layer(
                in_channels, out_channels, kernel_size, stride, padding, dilation=dilation, groups=groups, bias=bias
            )
        ]
        if norm_layer is not None:
            layers.append(norm_layer(out_channels))
        if activation_layer is not None:
            layers.append(activation_layer(**({} if inplace is None else {"inplace": inplace})))
        super().__init__(*layers)
        self.out_channels = out_channels


class Conv2dNormActivation(ConvNormActivation):
    """:class:`ConvNormActivation` of images."""


class Conv3dNormActivation(ConvNormActivation):
    """:class:`ConvNormActivation` of videos."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any = 3,
        stride: Any = 1,
        padding: Any = None,
        groups: int = 1,
        norm_layer: Any = BatchNorm3d,
        activation_layer: Any = ReLU,
        dilation: Any = 1,
        inplace: bool | None = True,
        bias: bool | None = None,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            groups,
            norm_layer,
            activation_layer,
            dilation,
            inplace,
            bias,
            Conv3d,
        )


class SqueezeExcitation(Module):
    """Channels scaled by what a small network makes of their means (Hu et al., 2018)."""

    def __init__(
        self, input_channels: int, squeeze_channels: int, activation: Any = ReLU, scale_activation: Any = Sigmoid
    ) -> None:
        super().__init__()
        self.avgpool = AdaptiveAvgPool2d(1)
        self.fc1 = Conv2d(input_channels, squeeze_channels, 1)
        self.fc2 = Conv2d(squeeze_channels, input_channels, 1)
        self.activation = activation()
        self.scale_activation = scale_activation()

    def _scale(self, input: Any) -> Any:
        return self.scale_activation(self.fc2(self.activation(self.fc1(self.avgpool(input)))))

    def execute(self, input: Any) -> Any:
        return self._scale(input) * input


class ExtraFPNBlock(Module):
    """Base class of what adds maps to those of a :class:`FeaturePyramidNetwork`."""

    def execute(self, results: Any, x: Any, names: Any) -> Any:
        pass


class FeaturePyramidNetwork(Module):
    """Maps of several resolutions, finest first, each joined with the coarser ones (Lin et al., 2017).

    Raises:
        ValueError: for a map without channels.
        TypeError: when ``extra_blocks`` is no :class:`ExtraFPNBlock`.
    """

    def __init__(
        self, in_channels_list: Any, out_channels: int, extra_blocks: Any = None, norm_layer: Any = None
    ) -> None:
        super().__init__()
        self.inner_blocks = ModuleList()
        self.layer_blocks = ModuleList()
        for channels in in_channels_list:
            if channels == 0:
                raise ValueError("in_channels=0 is currently not supported")
            options = {"norm_layer": norm_layer, "activation_layer": None}
            self.inner_blocks.append(Conv2dNormActivation(channels, out_channels, kernel_size=1, padding=0, **options))
            self.layer_blocks.append(Conv2dNormActivation(out_channels, out_channels, kernel_size=3, **options))
        for module in self.modules():
            if isinstance(module, Conv2d):
                kaiming_uniform_(module.weight, a=1)
                if module.bias is not None:
                    zeros_(module.bias)
        if extra_blocks is not None and not isinstance(extra_blocks, ExtraFPNBlock):
            raise TypeError(f"extra_blocks should be of type ExtraFPNBlock not {type(extra_blocks)}")
        self.extra_blocks = extra_blocks

    def execute(self, x: Any) -> Any:
        names, maps = list(x.keys()), list(x.values())
        results: list[Any] = []
        above: Any = None
        for index in reversed(range(len(maps))):
            inner = self.inner_blocks[index](maps[index])
            if above is not None:
                inner = inner + interpolate(above, size=tuple(inner.shape)[-2:], mode="nearest")
            above = inner
            results.insert(0, self.layer_blocks[index](inner))
        if self.extra_blocks is not None:
            results, names = self.extra_blocks(results, maps, names)
        return collections.OrderedDict(zip(names, results, strict=False))


class LastLevelMaxPool(ExtraFPNBlock):
    """Adds every second place of the last map."""

    def execute(self, results: Any, x: Any, names: Any) -> Any:
        names.append("pool")
        results.append(results[-1][:, :, ::2, ::2])
        return results, names


class LastLevelP6P7(ExtraFPNBlock):
    """Adds two coarser maps, made by convolutions with stride 2 (RetinaNet)."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.p6 = Conv2d(in_channels, out_channels, 3, 2, 1)
        self.p7 = Conv2d(out_channels, out_channels, 3, 2, 1)
        for module in (self.p6, self.p7):
            kaiming_uniform_(module.weight, a=1)
            zeros_(module.bias)
        self.use_P5 = in_channels == out_channels

    def execute(self, results: Any, x: Any, names: Any) -> Any:
        p6 = self.p6(results[-1] if self.use_P5 else x[-1])
        results.extend([p6, self.p7(relu(p6))])
        names.extend(["p6", "p7"])
        return results, names
