"""Layers that hold weights: convolutions, linear maps, embeddings."""

import math
from typing import Any

import jittor as jt

from converter.helpers.library.convolution import (
    bilinear,
    convolution,
    linear,
    repeated,
    transposed_convolution,
)
from converter.helpers.library.functional import embedding, embedding_bag
from converter.helpers.library.modules import Module
from converter.helpers.library.parameters import Parameter, overwrite
from converter.helpers.library.resampling import pad


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


class TransposedConv(ConvBase):
    """A transposed convolution, also with groups; ``output_size`` chooses among the sizes that fit the stride."""

    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if padding_mode != "zeros":
            raise ValueError("Only zeros padding mode is supported for transposed convolutions")
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            groups,
            bias,
            padding_mode,
            output_padding,
            dtype,
        )

    def execute(self, input: Any, output_size: Any = None) -> Any:
        extra = self.output_padding
        if output_size is not None:
            sizes = list(input.shape)[input.ndim - self.spatial :]
            wanted = list(output_size)[len(list(output_size)) - self.spatial :]
            extra = tuple(
                w - ((n - 1) * s - 2 * p + d * (k - 1) + 1)
                for w, n, s, p, d, k in zip(wanted, sizes, self.stride, self.padding, self.dilation, self.kernel_size)
            )
        options = (self.stride, self.padding, extra, self.groups, self.dilation, self.spatial)
        return transposed_convolution(input, self.weight, self.bias, *options)


class ConvTranspose1d(TransposedConv):
    spatial = 1


class ConvTranspose2d(TransposedConv):
    spatial = 2


class ConvTranspose3d(TransposedConv):
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


class Bilinear(Module):
    """``x1 @ weight[k] @ x2 + bias[k]`` for every output k."""

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.in1_features = in1_features
        self.in2_features = in2_features
        self.out_features = out_features
        bound = 1 / math.sqrt(in1_features)
        self.weight = Parameter(uniform_within((out_features, in1_features, in2_features), bound))
        self.register_parameter("bias", Parameter(uniform_within((out_features,), bound)) if bias else None)

    def execute(self, input1: Any, input2: Any) -> Any:
        return bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


class Embedding(Module):
    """Rows of a table by index; no gradient reaches the row ``padding_idx`` (in Jittor's it does)."""

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: Any = None,
        max_norm: Any = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Any = None,
        _freeze: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise AssertionError("Padding_idx must be within num_embeddings")
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.padding_idx = None if padding_idx is None else padding_idx % num_embeddings
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.sparse = sparse
        made = _weight is None
        self.weight = Parameter(jt.randn((num_embeddings, embedding_dim)) if made else _weight, not _freeze)
        if made:
            self._fill_padding_idx_with_zero()

    def reset_parameters(self) -> None:
        overwrite(self.weight, jt.randn(self.weight.shape))
        self._fill_padding_idx_with_zero()

    def _fill_padding_idx_with_zero(self) -> None:
        if self.padding_idx is not None:
            kept = (jt.arange(self.num_embeddings) != self.padding_idx).float32().unsqueeze(-1)
            overwrite(self.weight, self.weight * kept)

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Any,
        freeze: bool = True,
        padding_idx: Any = None,
        max_norm: Any = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Any:
        rows, columns = embeddings.shape
        options = (padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse, embeddings, freeze)
        return cls(rows, columns, *options)

    def execute(self, input: Any) -> Any:
        return embedding(
            input, self.weight, self.padding_idx, self.max_norm, self.norm_type, self.scale_grad_by_freq, self.sparse
        )

    def extra_repr(self) -> str:
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"


class EmbeddingBag(Module):
    """Sums, means or maxima of the rows of a table for bags (N, L) of indices."""

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: Any = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        _weight: Any = None,
        include_last_offset: bool = False,
        padding_idx: Any = None,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.mode = mode
        self.padding_idx = padding_idx
        self.refused = max_norm is not None or scale_grad_by_freq or include_last_offset
        self.weight = Parameter(jt.randn((num_embeddings, embedding_dim)) if _weight is None else _weight)

    def execute(self, input: Any, offsets: Any = None, per_sample_weights: Any = None) -> Any:
        if self.refused:
            raise NotImplementedError("EmbeddingBag with max_norm, scale_grad_by_freq or include_last_offset")
        return embedding_bag(
            input,
            self.weight,
            offsets,
            mode=self.mode,
            per_sample_weights=per_sample_weights,
            padding_idx=self.padding_idx,
        )

    def extra_repr(self) -> str:
        return f"{self.num_embeddings}, {self.embedding_dim}, mode={self.mode!r}"
