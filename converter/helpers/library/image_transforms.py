"""``torchvision.transforms``: what is done alike to every image."""

from __future__ import annotations

from typing import Any

import jittor as jt
import numpy as np

from converter.helpers.library.creation import from_numpy
from converter.helpers.library.image_color import image_to_gray
from converter.helpers.library.image_functions import (
    InterpolationMode,
    convert_image_dtype,
    image_center_crop,
    image_five_crop,
    image_normalize,
    image_pad,
    image_ten_crop,
    margins,
    pair_of,
    pil_to_tensor,
    to_pil_image,
    to_tensor,
)
from converter.helpers.library.image_geometry import image_resize
from converter.helpers.library.modules import Module


class Compose:
    """One transform after the other."""

    def __init__(self, transforms: Any) -> None:
        self.transforms = transforms

    def __call__(self, img: Any) -> Any:
        for transform in self.transforms:
            img = transform(img)
        return img

    def __repr__(self) -> str:
        return "\n".join([f"{type(self).__name__}(", *(f"    {t}" for t in self.transforms), ")"])


class ToTensor:
    """A PIL image or an array (height, width, channels) as (channels, height, width); bytes become 0 to 1."""

    def __call__(self, pic: Any) -> Any:
        return to_tensor(pic)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class PILToTensor:
    """A PIL image as (channels, height, width), its values as they are."""

    def __call__(self, pic: Any) -> Any:
        return pil_to_tensor(pic)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class ToPILImage:
    """A tensor (channels, height, width) or an array (height, width, channels) as a PIL image."""

    def __init__(self, mode: Any = None) -> None:
        self.mode = mode

    def __call__(self, pic: Any) -> Any:
        return to_pil_image(pic, self.mode)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({'' if self.mode is None else f'mode={self.mode}'})"


class Lambda:
    """A function of the user's own."""

    def __init__(self, lambd: Any) -> None:
        if not callable(lambd):
            raise TypeError(f"Argument lambd should be callable, got {type(lambd).__name__!r}")
        self.lambd = lambd

    def __call__(self, img: Any) -> Any:
        return self.lambd(img)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class ImageTransform(Module):
    """A transform that is a module without weights.  ``shown`` names what its text tells."""

    shown: tuple[str, ...] = ()
    apart = ", "

    def __repr__(self) -> str:
        told = self.apart.join(f"{name}={self.told(name)}" for name in self.shown)
        return f"{type(self).__name__}({told})"

    def __str__(self) -> str:
        return repr(self)

    def told(self, name: str) -> Any:
        """The value of an argument as the text says it."""
        value = getattr(self, name)
        return value.value if isinstance(value, InterpolationMode) else value


class ConvertImageDtype(ImageTransform):
    """Between kinds of numbers, each kind's range kept."""

    def __init__(self, dtype: Any) -> None:
        super().__init__()
        self.dtype = dtype

    def execute(self, image: Any) -> Any:
        return convert_image_dtype(image, self.dtype)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class Normalize(ImageTransform):
    """(image - mean) / std of each channel."""

    shown = ("mean", "std")

    def __init__(self, mean: Any, std: Any, inplace: bool = False) -> None:
        super().__init__()
        self.mean, self.std, self.inplace = mean, std, inplace

    def execute(self, tensor: Any) -> Any:
        return image_normalize(tensor, self.mean, self.std, self.inplace)


class Resize(ImageTransform):
    """To (height, width), or so that the shorter side has one given length."""

    shown = ("size", "interpolation", "max_size", "antialias")

    def __init__(
        self, size: Any, interpolation: Any = InterpolationMode.BILINEAR, max_size: Any = None, antialias: Any = True
    ) -> None:
        super().__init__()
        if not isinstance(size, (int, list, tuple, type(None))):
            raise TypeError(f"Size should be int or sequence. Got {type(size)}")
        self.size, self.interpolation, self.max_size, self.antialias = size, interpolation, max_size, antialias

    def execute(self, img: Any) -> Any:
        return image_resize(img, self.size, self.interpolation, self.max_size, self.antialias)


class CenterCrop(ImageTransform):
    """The middle; a smaller image gets margins of 0 first."""

    shown = ("size",)

    def __init__(self, size: Any) -> None:
        super().__init__()
        self.size = pair_of(size)

    def execute(self, img: Any) -> Any:
        return image_center_crop(img, self.size)


class Pad(ImageTransform):
    """Margins of one value, of the edge, or mirrored."""

    shown = ("padding", "fill", "padding_mode")

    def __init__(self, padding: Any, fill: Any = 0, padding_mode: str = "constant") -> None:
        super().__init__()
        margins(padding)
        self.padding, self.fill, self.padding_mode = padding, fill, padding_mode

    def execute(self, img: Any) -> Any:
        return image_pad(img, self.padding, self.fill, self.padding_mode)


class Grayscale(ImageTransform):
    """Grey, as one channel or three equal ones."""

    shown = ("num_output_channels",)

    def __init__(self, num_output_channels: int = 1) -> None:
        super().__init__()
        self.num_output_channels = num_output_channels

    def execute(self, img: Any) -> Any:
        return image_to_gray(img, self.num_output_channels)


class FiveCrop(ImageTransform):
    """The four corners and the middle: a tuple of images."""

    shown = ("size",)

    def __init__(self, size: Any) -> None:
        super().__init__()
        self.size = pair_of(size)

    def execute(self, img: Any) -> Any:
        return image_five_crop(img, self.size)


class TenCrop(ImageTransform):
    """Five crops of the image and five of it flipped."""

    shown = ("size", "vertical_flip")

    def __init__(self, size: Any, vertical_flip: bool = False) -> None:
        super().__init__()
        self.size, self.vertical_flip = pair_of(size), vertical_flip

    def execute(self, img: Any) -> Any:
        return image_ten_crop(img, self.size, self.vertical_flip)


class LinearTransformation(ImageTransform):
    """(the image as one row - mean) times a square matrix: whitening."""

    def __init__(self, transformation_matrix: Any, mean_vector: Any) -> None:
        super().__init__()
        if transformation_matrix.shape[0] != transformation_matrix.shape[1]:
            raise ValueError(f"transformation_matrix should be square. Got {tuple(transformation_matrix.shape)}")
        if mean_vector.shape[0] != transformation_matrix.shape[0]:
            raise ValueError("mean_vector should have as many entries as transformation_matrix has rows")
        self.matrix, self.shift = (
            v if isinstance(v, jt.Var) else from_numpy(np.asarray(v)) for v in (transformation_matrix, mean_vector)
        )

    def execute(self, tensor: Any) -> Any:
        row = tensor.reshape([-1, self.matrix.shape[0]]) - self.shift
        return jt.matmul(row, self.matrix).reshape(list(tensor.shape))
