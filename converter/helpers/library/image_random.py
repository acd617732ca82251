"""``torchvision.transforms``: what chance decides.  The draws follow ``manual_seed``, but are not Torch's."""

from __future__ import annotations

import math
import random
from typing import Any

import jittor as jt
import numpy as np

from converter.helpers.library.creation import from_numpy
from converter.helpers.library.image_color import (
    image_autocontrast,
    image_brightness,
    image_contrast,
    image_equalize,
    image_hue,
    image_invert,
    image_posterize,
    image_saturation,
    image_sharpness,
    image_solarize,
    image_to_gray,
)
from converter.helpers.library.image_functions import (
    InterpolationMode,
    image_channels,
    image_crop,
    image_dimensions,
    image_erase,
    image_hflip,
    image_pad,
    image_size,
    image_vflip,
    pair_of,
)
from converter.helpers.library.image_geometry import (
    image_affine,
    image_gaussian_blur,
    image_perspective,
    image_resized_crop,
    image_rotate,
)
from converter.helpers.library.image_transforms import Compose, ImageTransform
from converter.helpers.library.random_state import order_generator


def chance(p: float) -> bool:
    """True with probability p."""
    return bool(order_generator().random() < p)


def drawn(low: float, high: float) -> float:
    """A number between two."""
    return float(order_generator().uniform(low, high))


def drawn_whole(low: int, high: int) -> int:
    """A whole number from low to below high."""
    return int(order_generator().integers(low, high))


class RandomTransform(ImageTransform):
    """A transform that is applied with probability p."""

    shown: tuple[str, ...] = ("p",)

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p

    def execute(self, img: Any) -> Any:
        return self.changed(img) if chance(self.p) else img

    def changed(self, img: Any) -> Any:
        """The image when it is changed."""
        raise NotImplementedError


class RandomHorizontalFlip(RandomTransform):
    """Left becomes right, or not."""

    def changed(self, img: Any) -> Any:
        return image_hflip(img)


class RandomVerticalFlip(RandomTransform):
    """Top becomes bottom, or not."""

    def changed(self, img: Any) -> Any:
        return image_vflip(img)


class RandomGrayscale(RandomTransform):
    """Grey, or not; the number of channels stays."""

    def __init__(self, p: float = 0.1) -> None:
        super().__init__(p)

    def changed(self, img: Any) -> Any:
        return image_to_gray(img, image_channels(img))


class RandomInvert(RandomTransform):
    """Light and dark exchanged, or not."""

    def changed(self, img: Any) -> Any:
        return image_invert(img)


class RandomAutocontrast(RandomTransform):
    """The whole range of values used, or not."""

    def changed(self, img: Any) -> Any:
        return image_autocontrast(img)


class RandomEqualize(RandomTransform):
    """All values equally frequent, or not."""

    def changed(self, img: Any) -> Any:
        return image_equalize(img)


class RandomPosterize(RandomTransform):
    """Only the first bits of each value, or not."""

    shown = ("bits", "p")
    apart = ","

    def __init__(self, bits: int, p: float = 0.5) -> None:
        super().__init__(p)
        self.bits = bits

    def changed(self, img: Any) -> Any:
        return image_posterize(img, self.bits)


class RandomSolarize(RandomTransform):
    """Values from a threshold on inverted, or not."""

    shown = ("threshold", "p")
    apart = ","

    def __init__(self, threshold: float, p: float = 0.5) -> None:
        super().__init__(p)
        self.threshold = threshold

    def changed(self, img: Any) -> Any:
        return image_solarize(img, self.threshold)


class RandomAdjustSharpness(RandomTransform):
    """Sharper or blurred, or not."""

    shown = ("sharpness_factor", "p")
    apart = ","

    def __init__(self, sharpness_factor: float, p: float = 0.5) -> None:
        super().__init__(p)
        self.sharpness_factor = sharpness_factor

    def changed(self, img: Any) -> Any:
        return image_sharpness(img, self.sharpness_factor)


class RandomApply(ImageTransform):
    """A list of transforms, all or none."""

    def __init__(self, transforms: Any, p: float = 0.5) -> None:
        super().__init__()
        self.transforms, self.p = transforms, p

    def execute(self, img: Any) -> Any:
        if chance(self.p):
            for transform in self.transforms:
                img = transform(img)
        return img

    def __repr__(self) -> str:
        return "\n".join([f"{type(self).__name__}(", f"    p={self.p}", *(f"    {t}" for t in self.transforms), ")"])


class RandomOrder(Compose):
    """All of them, in an order that Python's ``random`` draws."""

    def __call__(self, img: Any) -> Any:
        order = list(range(len(self.transforms)))
        random.shuffle(order)
        for i in order:
            img = self.transforms[i](img)
        return img


class RandomChoice(Compose):
    """One of them, which Python's ``random`` draws."""

    def __init__(self, transforms: Any, p: Any = None) -> None:
        super().__init__(transforms)
        self.p = p

    def __call__(self, *args: Any) -> Any:
        return random.choices(self.transforms, weights=self.p)[0](*args)


class RandomCrop(ImageTransform):
    """A part of one size, wherever it falls; margins before it if asked for."""

    shown = ("size", "padding")

    def __init__(
        self, size: Any, padding: Any = None, pad_if_needed: bool = False, fill: Any = 0, padding_mode: str = "constant"
    ) -> None:
        super().__init__()
        self.size, self.padding, self.pad_if_needed = pair_of(size), padding, pad_if_needed
        self.fill, self.padding_mode = fill, padding_mode

    @staticmethod
    def get_params(img: Any, output_size: Any) -> tuple[int, int, int, int]:
        """Top, left, height, width of a part."""
        _, rows, columns = image_dimensions(img)
        height, width = output_size
        if rows < height or columns < width:
            raise ValueError(f"Required crop size {(height, width)} is larger than input image size {(rows, columns)}")
        if rows == height and columns == width:
            return 0, 0, rows, columns
        return drawn_whole(0, rows - height + 1), drawn_whole(0, columns - width + 1), height, width

    def execute(self, img: Any) -> Any:
        if self.padding is not None:
            img = image_pad(img, self.padding, self.fill, self.padding_mode)
        width, height = image_size(img)
        if self.pad_if_needed and width < self.size[1]:
            img = image_pad(img, [self.size[1] - width, 0], self.fill, self.padding_mode)
        if self.pad_if_needed and height < self.size[0]:
            img = image_pad(img, [0, self.size[0] - height], self.fill, self.padding_mode)
        return image_crop(img, *self.get_params(img, self.size))


class RandomResizedCrop(ImageTransform):
    """A part of a drawn share of the area and a drawn shape, resized."""

    shown = ("size", "scale", "ratio", "interpolation", "antialias")

    def __init__(
        self,
        size: Any,
        scale: Any = (0.08, 1.0),
        ratio: Any = (3.0 / 4.0, 4.0 / 3.0),
        interpolation: Any = InterpolationMode.BILINEAR,
        antialias: Any = True,
    ) -> None:
        super().__init__()
        self.size, self.scale, self.ratio = pair_of(size), scale, ratio
        self.interpolation, self.antialias = interpolation, antialias

    @staticmethod
    def get_params(img: Any, scale: Any, ratio: Any) -> tuple[int, int, int, int]:
        """Top, left, height, width: ten attempts, then the middle with the nearest allowed shape."""
        _, rows, columns = image_dimensions(img)
        for _ in range(10):
            area = rows * columns * drawn(*scale)
            shape = math.exp(drawn(math.log(ratio[0]), math.log(ratio[1])))
            width, height = int(round(math.sqrt(area * shape))), int(round(math.sqrt(area / shape)))
            if 0 < width <= columns and 0 < height <= rows:
                return drawn_whole(0, rows - height + 1), drawn_whole(0, columns - width + 1), height, width
        height, width = rows, columns
        if columns / rows < min(ratio):
            height = int(round(columns / min(ratio)))
        elif columns / rows > max(ratio):
            width = int(round(rows * max(ratio)))
        return (rows - height) // 2, (columns - width) // 2, height, width

    def execute(self, img: Any) -> Any:
        place = self.get_params(img, self.scale, self.ratio)
        return image_resized_crop(img, *place, self.size, self.interpolation, self.antialias)

    def __repr__(self) -> str:
        scale, ratio = (tuple(round(v, 4) for v in pair) for pair in (self.scale, self.ratio))
        kind = self.told("interpolation")
        name = type(self).__name__
        return (
            f"{name}(size={self.size}, scale={scale}, ratio={ratio}, interpolation={kind}, antialias={self.antialias})"
        )


def jitter_range(value: Any, name: str, center: float = 1, bound: Any = (0, float("inf")), clip: bool = True) -> Any:
    """From one number the range around the centre; None where nothing changes."""
    if isinstance(value, (int, float)):
        if value < 0:
            raise ValueError(f"If {name} is a single number, it must be non negative.")
        low, high = center - float(value), center + float(value)
        low = max(low, 0.0) if clip else low
    else:
        low, high = float(value[0]), float(value[1])
    if not bound[0] <= low <= high <= bound[1]:
        raise ValueError(f"{name} values should be between {bound}, but got {[low, high]}.")
    return None if low == high == center else (low, high)


class ColorJitter(ImageTransform):
    """Brightness, contrast, saturation and hue, each drawn, in an order that is drawn."""

    shown = ("brightness", "contrast", "saturation", "hue")

    def __init__(self, brightness: Any = 0, contrast: Any = 0, saturation: Any = 0, hue: Any = 0) -> None:
        super().__init__()
        self.brightness = jitter_range(brightness, "brightness")
        self.contrast = jitter_range(contrast, "contrast")
        self.saturation = jitter_range(saturation, "saturation")
        self.hue = jitter_range(hue, "hue", center=0, bound=(-0.5, 0.5), clip=False)

    def execute(self, img: Any) -> Any:
        steps = [
            (image_brightness, self.brightness),
            (image_contrast, self.contrast),
            (image_saturation, self.saturation),
            (image_hue, self.hue),
        ]
        for i in order_generator().permutation(4):
            change, bounds = steps[int(i)]
            if bounds is not None:
                img = change(img, drawn(*bounds))
        return img


def symmetric_range(value: Any, name: str) -> list[float]:
    """From one number -n to n."""
    if isinstance(value, (int, float)):
        if value < 0:
            raise ValueError(f"If {name} is a single number, it must be positive.")
        return [-float(value), float(value)]
    return [float(v) for v in value]


class RandomRotation(ImageTransform):
    """Turned by an angle that is drawn (degrees)."""

    shown = ("degrees", "interpolation", "expand", "fill")

    def __init__(
        self,
        degrees: Any,
        interpolation: Any = InterpolationMode.NEAREST,
        expand: bool = False,
        center: Any = None,
        fill: Any = 0,
    ) -> None:
        super().__init__()
        self.degrees, self.interpolation = symmetric_range(degrees, "degrees"), interpolation
        self.expand, self.center, self.fill = expand, center, fill

    def execute(self, img: Any) -> Any:
        return image_rotate(img, drawn(*self.degrees), self.interpolation, self.expand, self.center, self.fill)


class RandomAffine(ImageTransform):
    """Turned, moved, scaled and sheared, all drawn."""

    shown = ("degrees", "translate", "scale", "shear")

    def __init__(
        self,
        degrees: Any,
        translate: Any = None,
        scale: Any = None,
        shear: Any = None,
        interpolation: Any = InterpolationMode.NEAREST,
        fill: Any = 0,
        center: Any = None,
    ) -> None:
        super().__init__()
        self.degrees, self.translate, self.scale = symmetric_range(degrees, "degrees"), translate, scale
        self.shear = None if shear is None else symmetric_range(shear, "shear")
        self.interpolation, self.fill, self.center = interpolation, fill, center

    def execute(self, img: Any) -> Any:
        width, height = image_size(img)
        angle = drawn(*self.degrees)
        moved = [0, 0]
        if self.translate is not None:
            most = [float(share * side) for share, side in zip(self.translate, (width, height))]
            moved = [int(round(drawn(-side, side))) for side in most]
        scale = 1.0 if self.scale is None else drawn(*self.scale)
        lean = [0.0, 0.0]
        if self.shear is not None:
            lean[0] = drawn(self.shear[0], self.shear[1])
            if len(self.shear) == 4:
                lean[1] = drawn(self.shear[2], self.shear[3])
        return image_affine(img, angle, moved, scale, lean, self.interpolation, self.fill, self.center)


class RandomPerspective(RandomTransform):
    """Seen from a side that is drawn, or not."""

    def __init__(
        self,
        distortion_scale: float = 0.5,
        p: float = 0.5,
        interpolation: Any = InterpolationMode.BILINEAR,
        fill: Any = 0,
    ) -> None:
        super().__init__(p)
        self.distortion_scale, self.interpolation, self.fill = distortion_scale, interpolation, fill

    def changed(self, img: Any) -> Any:
        width, height = image_size(img)
        wide, high = (int(self.distortion_scale * (n // 2)) for n in (width, height))
        corners = [[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]]
        inward = [(1, 1), (-1, 1), (-1, -1), (1, -1)]
        moved = [
            [x + sign_x * drawn_whole(0, wide + 1), y + sign_y * drawn_whole(0, high + 1)]
            for (x, y), (sign_x, sign_y) in zip(corners, inward)
        ]
        return image_perspective(img, corners, moved, self.interpolation, self.fill)


class RandomErasing(RandomTransform):
    """A rectangle of a tensor gets one value, or noise, or stays."""

    shown = ("p", "scale", "ratio", "value", "inplace")

    def __init__(
        self,
        p: float = 0.5,
        scale: Any = (0.02, 0.33),
        ratio: Any = (0.3, 3.3),
        value: Any = 0,
        inplace: bool = False,
    ) -> None:
        super().__init__(p)
        if isinstance(value, str) and value != "random":
            raise ValueError("If value is str, it should be 'random'")
        self.scale, self.ratio, self.value, self.inplace = scale, ratio, value, inplace

    def changed(self, img: Any) -> Any:
        if not isinstance(img, jt.Var):
            raise TypeError(f"img should be Tensor Image. Got {type(img)}")
        channels, rows, columns = (int(n) for n in img.shape[-3:])
        for _ in range(10):
            area = rows * columns * drawn(*self.scale)
            shape = math.exp(drawn(math.log(self.ratio[0]), math.log(self.ratio[1])))
            height, width = int(round(math.sqrt(area * shape))), int(round(math.sqrt(area / shape)))
            if not (height < rows and width < columns):
                continue
            top, left = drawn_whole(0, rows - height + 1), drawn_whole(0, columns - width + 1)
            if self.value == "random":
                noise = order_generator().standard_normal((channels, height, width))
                return image_erase(img, top, left, height, width, from_numpy(noise.astype(np.float32)), self.inplace)
            if isinstance(self.value, (int, float)):
                return image_erase(img, top, left, height, width, self.value, self.inplace)
            values = np.asarray(self.value, np.float32)
            if values.size not in (1, channels):
                raise ValueError(f"value has {values.size} entries and the image {channels} channels")
            filled = np.broadcast_to(values.reshape(-1, 1, 1), (channels, height, width))
            return image_erase(img, top, left, height, width, from_numpy(filled.copy()), self.inplace)
        return img


class GaussianBlur(ImageTransform):
    """A Gaussian whose width is drawn."""

    shown = ("kernel_size", "sigma")

    def __init__(self, kernel_size: Any, sigma: Any = (0.1, 2.0)) -> None:
        super().__init__()
        self.kernel_size = pair_of(kernel_size)
        for n in self.kernel_size:
            if n <= 0 or n % 2 == 0:
                raise ValueError("Kernel size value should be an odd and positive number.")
        self.sigma = (float(sigma),) * 2 if isinstance(sigma, (int, float)) else tuple(sigma)
        if not 0.0 < self.sigma[0] <= self.sigma[1]:
            raise ValueError(f"sigma values should be positive and of the form (min, max). Got {self.sigma}")

    def execute(self, img: Any) -> Any:
        sigma = drawn(*self.sigma)
        return image_gaussian_blur(img, self.kernel_size, [sigma, sigma])
