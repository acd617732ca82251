"""Pooling layers."""

from typing import Any

from converter.helpers.library.modules import Module
from converter.helpers.library.pooling import adaptive_avg_pool, adaptive_max_pool, avg_pool, lp_pool, max_pool


class MaxPoolBase(Module):
    """Maximum over windows; the input may be as small as the kernel, which Jittor's pools refuse."""

    spatial = 0

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def execute(self, input: Any) -> Any:
        options = (self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices)
        return max_pool(input, *options, self.spatial)

    def extra_repr(self) -> str:
        names = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")
        return ", ".join(f"{name}={getattr(self, name)}" for name in names)


class AvgPoolBase(Module):
    """Mean over windows; the input may be as small as the kernel, which Jittor's pools refuse."""

    spatial = 0

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: Any = None,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def execute(self, input: Any) -> Any:
        counting = (self.ceil_mode, self.count_include_pad, self.divisor_override)
        return avg_pool(input, self.kernel_size, self.stride, self.padding, *counting, self.spatial)

    def extra_repr(self) -> str:
        values = {name: getattr(self, name) for name in ("kernel_size", "stride", "padding")}
        if self.spatial == 1:
            values = {name: (value,) if isinstance(value, int) else value for name, value in values.items()}
        return ", ".join(f"{name}={value}" for name, value in values.items())


class AdaptiveAvgPoolBase(Module):
    """Mean over windows chosen to give an output size; None keeps the size of a dimension."""

    spatial = 0

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def execute(self, input: Any) -> Any:
        return adaptive_avg_pool(input, self.output_size, self.spatial)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveMaxPoolBase(Module):
    """Maximum over windows chosen to give an output size; None keeps the size of a dimension."""

    spatial = 0

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__()
        self.output_size = output_size
        self.return_indices = return_indices

    def execute(self, input: Any) -> Any:
        return adaptive_max_pool(input, self.output_size, self.return_indices, self.spatial)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class LPPoolBase(Module):
    """Power mean (without the division) over windows."""

    spatial = 0

    def __init__(self, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> None:
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def execute(self, input: Any) -> Any:
        return lp_pool(input, self.norm_type, self.kernel_size, self.stride, self.ceil_mode, self.spatial)


class MaxPool1d(MaxPoolBase):
    spatial = 1


class MaxPool2d(MaxPoolBase):
    spatial = 2


class MaxPool3d(MaxPoolBase):
    spatial = 3


class AvgPool1d(AvgPoolBase):
    spatial = 1


class AvgPool2d(AvgPoolBase):
    spatial = 2


class AvgPool3d(AvgPoolBase):
    spatial = 3


class AdaptiveAvgPool1d(AdaptiveAvgPoolBase):
    spatial = 1


class AdaptiveAvgPool2d(AdaptiveAvgPoolBase):
    spatial = 2


class AdaptiveAvgPool3d(AdaptiveAvgPoolBase):
    spatial = 3


class AdaptiveMaxPool1d(AdaptiveMaxPoolBase):
    spatial = 1


class AdaptiveMaxPool2d(AdaptiveMaxPoolBase):
    spatial = 2


class AdaptiveMaxPool3d(AdaptiveMaxPoolBase):
    spatial = 3


class LPPool1d(LPPoolBase):
    spatial = 1


class LPPool2d(LPPoolBase):
    spatial = 2
