"""``torchvision.transforms.functional``: brightness, contrast, colour."""

from __future__ import annotations

from typing import Any

import jittor as jt
import numpy as np

from converter.helpers.library.creation import from_numpy
from converter.helpers.library.image_functions import image_channels, image_is_tensor
from converter.helpers.library.image_geometry import only_pil
from converter.helpers.library.shapes import concat


def blended(one: Any, other: Any, share: float, kind: str) -> Any:
    """share * one + (1 - share) * other, within the range of the image, in its kind of number."""
    if kind.startswith("float"):
        return (one * share + other * (1.0 - share)).clamp(0, 1.0).cast(kind)
    # NumPy rounds each product, as Torch does; compiled in one the sum can fall short of a whole number
    first, second = one.numpy().astype(np.float32), other.numpy().astype(np.float32)
    mixed = np.float32(share) * first + np.float32(1.0 - share) * second
    return from_numpy(np.clip(mixed, 0, 255).astype(kind))


def image_factor(factor: float, name: str) -> float:
    """A factor that may not be negative."""
    if factor < 0:
        raise ValueError(f"{name} ({factor}) is not non-negative.")
    return float(factor)


def enhanced(img: Any, kind: str, factor: float) -> Any:
    """A PIL image through one of PIL's enhancers."""
    from PIL import ImageEnhance

    return getattr(ImageEnhance, kind)(img).enhance(factor)


def tensor_gray(img: Any) -> Any:
    """(..., 1, height, width) of (..., 3, height, width)."""
    red, green, blue = (img[..., i : i + 1, :, :].float() for i in range(3))
    return (red * 0.2989 + green * 0.587 + blue * 0.114).cast(str(img.dtype))


def one_or_three(img: Any) -> int:
    """The number of channels of a tensor that is grey or coloured."""
    channels = image_channels(img)
    if channels not in (1, 3):
        raise TypeError(f"Input image tensor permitted channel values are 1 or 3, but found {channels}")
    return channels


def image_to_gray(img: Any, num_output_channels: int = 1) -> Any:
    """Grey, as one channel or three equal ones."""
    if num_output_channels not in (1, 3):
        raise ValueError("num_output_channels should be either 1 or 3")
    if image_is_tensor(img):
        gray = tensor_gray(img) if one_or_three(img) == 3 else img
        return gray if num_output_channels == 1 else concat([gray] * 3, -3)
    gray = img.convert("L")
    if num_output_channels == 1:
        return gray
    from PIL import Image

    return Image.merge("RGB", [gray] * 3)


def image_brightness(img: Any, brightness_factor: float) -> Any:
    """0 is black, 1 the image, 2 twice as bright."""
    factor = image_factor(brightness_factor, "brightness_factor")
    if image_is_tensor(img):
        one_or_three(img)
        return blended(img, jt.zeros_like(img), factor, str(img.dtype))
    return enhanced(img, "Brightness", factor)


def image_contrast(img: Any, contrast_factor: float) -> Any:
    """0 is one grey, 1 the image."""
    factor = image_factor(contrast_factor, "contrast_factor")
    if not image_is_tensor(img):
        return enhanced(img, "Contrast", factor)
    gray = tensor_gray(img) if one_or_three(img) == 3 else img
    mean = gray.float().mean([-3, -2, -1], keepdims=True)
    return blended(img, mean, factor, str(img.dtype))


def image_saturation(img: Any, saturation_factor: float) -> Any:
    """0 is grey, 1 the image."""
    factor = image_factor(saturation_factor, "saturation_factor")
    if not image_is_tensor(img):
        return enhanced(img, "Color", factor)
    if one_or_three(img) == 1:
        return img
    return blended(img, tensor_gray(img), factor, str(img.dtype))


def image_hue(img: Any, hue_factor: float) -> Any:
    """Hues turned by -0.5 to 0.5 of the circle."""
    if not -0.5 <= hue_factor <= 0.5:
        raise ValueError(f"hue_factor ({hue_factor}) is not in [-0.5, 0.5].")
    if image_is_tensor(img):
        return tensor_hue(img, hue_factor)
    if img.mode in ("L", "1", "I", "F"):
        return img
    from PIL import Image

    hue, saturation, value = img.convert("HSV").split()
    turned = np.array(hue, np.uint8) + np.int32(hue_factor * 255).astype(np.uint8)  # goes round at 256
    return Image.merge("HSV", (Image.fromarray(turned), saturation, value)).convert(img.mode)


def tensor_hue(img: Any, hue_factor: float) -> Any:
    """The same of a tensor with values from 0 to 1 (bytes: to 255); through hue, saturation and value."""
    if one_or_three(img) == 1:
        return img
    kind = str(img.dtype)
    x = img if kind.startswith("float") else img.float() / 255
    red, green, blue = (x[..., i, :, :] for i in range(3))
    most, least = jt.maximum(jt.maximum(red, green), blue), jt.minimum(jt.minimum(red, green), blue)
    one, grey = jt.ones_like(most), most == least
    span = jt.ternary(grey, one, most - least)
    saturation = (most - least) / jt.ternary(grey, one, most)
    from_red, from_green, from_blue = ((most - c) / span for c in (red, green, blue))
    hue = jt.ternary(most == green, 2 + from_red - from_blue, 4 + from_green - from_red)
    hue = jt.ternary(most == red, from_blue - from_green, hue) / 6 + 1
    hue = hue - jt.floor(hue) + hue_factor
    hue = (hue - jt.floor(hue)) * 6
    sector = jt.floor(hue)
    rest = hue - sector
    low, falling, rising = ((most * (1 - saturation * part)).clamp(0, 1) for part in (one, rest, 1 - rest))
    orders = [
        (most, falling, low, low, rising, most),
        (rising, most, most, falling, low, low),
        (low, low, rising, most, most, falling),
    ]
    # a hue that is rounded up to the whole circle is in sector 6, which is the first again
    sector = jt.ternary(sector == 6, jt.zeros_like(sector), sector)
    bands = [sum((sector == i) * value for i, value in enumerate(order)) for order in orders]
    result = jt.stack(bands, -3)
    return result if kind.startswith("float") else (result * (256 - 1e-3)).cast(kind)


def image_gamma(img: Any, gamma: float, gain: float = 1) -> Any:
    """gain * image ** gamma, of values from 0 to 1."""
    image_factor(gamma, "gamma")
    if image_is_tensor(img):
        kind = str(img.dtype)
        x = img if kind.startswith("float") else img.float() / 255
        x = (gain * x**gamma).clamp(0, 1)
        return x.cast(kind) if kind.startswith("float") else (x * (256 - 1e-3)).cast(kind)
    table = [int((255 + 1 - 1e-3) * gain * pow(v / 255.0, gamma)) for v in range(256)] * 3
    return img.convert("RGB").point(table).convert(img.mode)


def image_sharpness(img: Any, sharpness_factor: float) -> Any:
    """0 is blurred, 1 the image."""
    only_pil(img, "adjust_sharpness")
    return enhanced(img, "Sharpness", image_factor(sharpness_factor, "sharpness_factor"))


def image_invert(img: Any) -> Any:
    """Light and dark exchanged."""
    if image_is_tensor(img):
        return ((1.0 if str(img.dtype).startswith("float") else 255) - img).cast(str(img.dtype))
    from PIL import ImageOps

    return ImageOps.invert(img)


def image_posterize(img: Any, bits: int) -> Any:
    """Only the first bits of each value."""
    only_pil(img, "posterize")
    from PIL import ImageOps

    return ImageOps.posterize(img, bits)


def image_solarize(img: Any, threshold: float) -> Any:
    """Values from a threshold on inverted."""
    only_pil(img, "solarize")
    from PIL import ImageOps

    return ImageOps.solarize(img, int(threshold))


def image_autocontrast(img: Any) -> Any:
    """The whole range of values used."""
    only_pil(img, "autocontrast")
    from PIL import ImageOps

    return ImageOps.autocontrast(img)


def image_equalize(img: Any) -> Any:
    """All values equally frequent, nearly."""
    only_pil(img, "equalize")
    from PIL import ImageOps

    return ImageOps.equalize(img)
