"""``torchvision.transforms.functional``: PIL images to tensors and back, crops, flips, margins, normalisation.

An image is a PIL image, or a tensor (..., channels, height, width).  PIL does the same work here as in torchvision.
"""

from __future__ import annotations

import enum
from typing import Any

import jittor as jt
import numpy as np

from converter.helpers.library.creation import from_numpy
from converter.helpers.library.dtypes import dtype_name
from converter.helpers.library.resampling import pad
from converter.helpers.library.shapes import flip


class InterpolationMode(enum.Enum):
    """``torchvision.transforms.InterpolationMode``."""

    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    BOX = "box"
    HAMMING = "hamming"
    LANCZOS = "lanczos"


PIL_FILTERS = {"nearest": 0, "nearest-exact": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4, "hamming": 5}
DTYPE_LIMITS = {"uint8": 255, "int8": 127, "int16": 32767, "int32": 2147483647, "int64": 9223372036854775807}


def interpolation_name(interpolation: Any) -> str:
    """Its name; a number is one of PIL's."""
    if isinstance(interpolation, (enum.IntEnum, int)):
        names = {number: name for name, number in PIL_FILTERS.items() if name != "nearest-exact"}
        return names[int(interpolation)]
    return str(interpolation.value)


def image_is_tensor(img: Any) -> bool:
    """Whether it is a tensor; anything but that and a PIL image is an error."""
    if isinstance(img, jt.Var):
        if img.ndim < 2:
            raise TypeError("Tensor is not a torch image.")
        return True
    if not hasattr(img, "getbands"):
        raise TypeError(f"Unexpected type {type(img)}")
    return False


def image_dimensions(img: Any) -> list[int]:
    """Channels, height, width."""
    if image_is_tensor(img):
        return [1 if img.ndim == 2 else int(img.shape[-3]), int(img.shape[-2]), int(img.shape[-1])]
    return [len(img.getbands()), img.height, img.width]


def image_size(img: Any) -> list[int]:
    """Width, height."""
    _, height, width = image_dimensions(img)
    return [width, height]


def image_channels(img: Any) -> int:
    """Number of channels."""
    return image_dimensions(img)[0]


def pil_array(pic: Any) -> Any:
    """(height, width, channels) of a PIL image."""
    kinds = {"I": np.int32, "I;16": np.int16, "I;16B": np.int16, "F": np.float32}
    array = np.array(pic, kinds.get(pic.mode, np.uint8), copy=True)
    return array.reshape(pic.height, pic.width, -1)


def to_tensor(pic: Any) -> Any:
    """A PIL image or an array (height, width, channels) as (channels, height, width); bytes become 0 to 1."""
    if isinstance(pic, np.ndarray):
        if pic.ndim not in (2, 3):
            raise ValueError(f"pic should be 2/3 dimensional. Got {pic.ndim} dimensions.")
        array = pic if pic.ndim == 3 else pic[:, :, None]
    elif hasattr(pic, "getbands"):
        array = pil_array(pic)
        if pic.mode == "1":
            array = 255 * array
    else:
        raise TypeError(f"pic should be PIL Image or ndarray. Got {type(pic)}")
    array = np.ascontiguousarray(array.transpose(2, 0, 1))
    if array.dtype == np.uint8:
        array = array.astype(np.float32) / np.float32(255)
    return from_numpy(array)


def pil_to_tensor(pic: Any) -> Any:
    """A PIL image as (channels, height, width), its values as they are."""
    if not hasattr(pic, "getbands"):
        raise TypeError(f"pic should be PIL Image. Got {type(pic)}")
    return from_numpy(np.ascontiguousarray(pil_array(pic).transpose(2, 0, 1)))


def to_pil_image(pic: Any, mode: Any = None) -> Any:
    """A tensor (channels, height, width) or an array (height, width, channels) as a PIL image."""
    from PIL import Image

    if not isinstance(pic, (jt.Var, np.ndarray)):
        raise TypeError(f"pic should be Tensor or ndarray. Got {type(pic)}.")
    if pic.ndim not in (2, 3):
        raise ValueError(f"pic should be 2/3 dimensional. Got {pic.ndim} dimensions.")
    if isinstance(pic, jt.Var):
        array = pic.numpy()
        array = array[None] if array.ndim == 2 else array
        if array.shape[0] > 4:
            raise ValueError(f"pic should not have > 4 channels. Got {array.shape[0]} channels.")
        if array.dtype.kind == "f" and mode != "F":
            array = (array * array.dtype.type(255)).astype(np.uint8)
        array = array.transpose(1, 2, 0)
    else:
        array = pic[:, :, None] if pic.ndim == 2 else pic
        if array.shape[2] > 4:
            raise ValueError(f"pic should not have > 4 channels. Got {array.shape[2]} channels.")
    channels = array.shape[2]
    if channels == 1:
        array = array[:, :, 0]
        fitting = {"uint8": "L", "int16": "I;16", "int32": "I", "float32": "F"}.get(array.dtype.name)
        if mode is not None and mode != fitting:
            raise ValueError(f"Incorrect mode ({mode}) supplied for input type {array.dtype}. Should be {fitting}")
        if fitting is None:
            raise TypeError(f"Input type {array.dtype} is not supported")
        # PIL knows what to make of these types by itself; of int16 it makes what torchvision asks for
        return Image.fromarray(array.astype(np.uint16) if fitting == "I;16" else np.ascontiguousarray(array))
    allowed = {2: ["LA"], 3: ["RGB", "YCbCr", "HSV"], 4: ["RGBA", "CMYK", "RGBX"]}[channels]
    if mode is not None and mode not in allowed:
        raise ValueError(f"Only modes {allowed} are supported for {channels}D inputs")
    if array.dtype != np.uint8:
        raise TypeError(f"Input type {array.dtype} is not supported")
    bands = [Image.fromarray(np.ascontiguousarray(array[:, :, i])) for i in range(channels)]
    return Image.merge(mode or allowed[0], bands)


def convert_image_dtype(image: Any, dtype: Any = "float32") -> Any:
    """Between kinds of numbers, each kind's range kept: 0 to 255 becomes 0 to 1."""
    if not isinstance(image, jt.Var):
        raise TypeError("Input img should be Tensor Image")
    old, new = str(image.dtype), str(dtype_name(dtype))
    if old == new:
        return image
    if old.startswith("float"):
        if new.startswith("float"):
            return image.cast(new)
        if (old, new) in (("float32", "int32"), ("float32", "int64"), ("float64", "int64")):
            raise RuntimeError(f"The cast from {old} to {new} cannot be performed safely.")
        return (image * (DTYPE_LIMITS[new] + 1.0 - 1e-3)).cast(new)
    if new.startswith("float"):
        return image.cast(new) / DTYPE_LIMITS[old]
    if DTYPE_LIMITS[old] > DTYPE_LIMITS[new]:
        return from_numpy(image.numpy() // ((DTYPE_LIMITS[old] + 1) // (DTYPE_LIMITS[new] + 1))).cast(new)
    return image.cast(new) * ((DTYPE_LIMITS[new] + 1) // (DTYPE_LIMITS[old] + 1))


def image_normalize(tensor: Any, mean: Any, std: Any, inplace: bool = False) -> Any:
    """(tensor - mean) / std of each channel; the tensor is (..., channels, height, width)."""
    if not isinstance(tensor, jt.Var):
        raise TypeError(f"img should be Tensor Image. Got {type(tensor)}")
    if not str(tensor.dtype).startswith("float"):
        raise TypeError(f"Input tensor should be a float tensor. Got {tensor.dtype}.")
    if tensor.ndim < 3:
        raise ValueError("Expected tensor to be a tensor image of size (..., C, H, W).")
    kind = np.dtype(str(tensor.dtype))
    shift, scale = (np.asarray(v.numpy() if isinstance(v, jt.Var) else v).astype(kind) for v in (mean, std))
    if (scale == 0).any():
        raise ValueError(f"std evaluated to zero after conversion to {kind.name}, leading to division by zero.")
    shift, scale = (v.reshape(-1, 1, 1) if v.ndim == 1 else v for v in (shift, scale))
    result = (tensor - from_numpy(shift)) / from_numpy(scale)
    if inplace:
        tensor.assign(result)
        return tensor
    return result


def image_hflip(img: Any) -> Any:
    """Left becomes right."""
    return flip(img, -1) if image_is_tensor(img) else img.transpose(0)


def image_vflip(img: Any) -> Any:
    """Top becomes bottom."""
    return flip(img, -2) if image_is_tensor(img) else img.transpose(1)


def margins(padding: Any) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of one, two or four numbers."""
    sides = [padding] if isinstance(padding, int) else list(padding)
    if len(sides) not in (1, 2, 4):
        raise ValueError(f"Padding must be an int or a 1, 2, or 4 element tuple, not a {len(sides)} element tuple")
    left, top, right, bottom = {1: sides * 4, 2: sides * 2}.get(len(sides), sides)
    return left, top, right, bottom


def image_pad(img: Any, padding: Any, fill: Any = 0, padding_mode: str = "constant") -> Any:
    """Margins of one value, of the edge, or mirrored (``reflect`` without, ``symmetric`` with the edge)."""
    if padding_mode not in ("constant", "edge", "reflect", "symmetric"):
        raise ValueError("Padding mode should be either constant, edge, reflect or symmetric")
    left, top, right, bottom = margins(padding)
    if image_is_tensor(img):
        if padding_mode == "constant":
            value = fill[0] if isinstance(fill, (tuple, list)) and len(fill) == 1 else fill
            if isinstance(value, (tuple, list)):
                raise ValueError("a tensor image is filled with one number")
            return pad(img, [left, right, top, bottom], "constant", value or 0)
        rows = np.pad(np.arange(int(img.shape[-2])), (top, bottom), mode=padding_mode)  # type: ignore[call-overload]
        columns = np.pad(np.arange(int(img.shape[-1])), (left, right), mode=padding_mode)  # type: ignore[call-overload]
        return img[..., jt.array(rows), :][..., jt.array(columns)]
    from PIL import Image, ImageOps

    if padding_mode == "constant":
        value = pil_fill(img, fill)
        if img.mode == "P":
            palette = img.getpalette()
            img = ImageOps.expand(img, border=(left, top, right, bottom), fill=value)
            img.putpalette(palette)
            return img
        return ImageOps.expand(img, border=(left, top, right, bottom), fill=value)
    palette = img.getpalette() if img.mode == "P" else None
    array = np.asarray(img)
    sides = ((top, bottom), (left, right), *([(0, 0)] if array.ndim == 3 else []))
    result = Image.fromarray(np.pad(array, sides, mode=padding_mode))  # type: ignore[call-overload]
    if palette is not None:
        result.putpalette(palette)
    return result


def pil_fill(img: Any, fill: Any) -> Any:
    """What PIL takes as the colour of new places: one number for each band."""
    bands = len(img.getbands())
    values = [0 if fill is None else fill] if not isinstance(fill, (list, tuple)) else list(fill)
    if len(values) == 1:
        values *= bands
    if len(values) != bands:
        raise ValueError(f"fill has {len(values)} elements, and the image {bands} channels")
    values = values if img.mode == "F" else [int(v) for v in values]
    return tuple(values) if bands > 1 or isinstance(fill, (list, tuple)) else values[0]


def image_crop(img: Any, top: int, left: int, height: int, width: int) -> Any:
    """A part of the image; what lies outside it is 0."""
    if not image_is_tensor(img):
        return img.crop((left, top, left + width, top + height))
    rows, columns = int(img.shape[-2]), int(img.shape[-1])
    right, bottom = left + width, top + height
    part = img[..., max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    if left < 0 or top < 0 or right > columns or bottom > rows:
        part = pad(
            part,
            [
                max(-left + min(0, right), 0),
                max(right - max(columns, left), 0),
                max(-top + min(0, bottom), 0),
                max(bottom - max(rows, top), 0),
            ],
        )
    return part


def pair_of(size: Any) -> tuple[int, int]:
    """Height and width of a number, or of one or two of them."""
    if isinstance(size, (int, float)):
        return int(size), int(size)
    both = list(size)
    if len(both) not in (1, 2):
        raise ValueError("Please provide only two dimensions (h, w) for size.")
    return both[0], both[-1]


def image_center_crop(img: Any, output_size: Any) -> Any:
    """The middle; a smaller image gets margins of 0 first."""
    _, rows, columns = image_dimensions(img)
    height, width = pair_of(output_size)
    if width > columns or height > rows:
        wide, high = max(width - columns, 0), max(height - rows, 0)
        img = image_pad(img, [wide // 2, high // 2, (wide + 1) // 2, (high + 1) // 2], fill=0)
        _, rows, columns = image_dimensions(img)
        if width == columns and height == rows:
            return img
    return image_crop(img, int(round((rows - height) / 2.0)), int(round((columns - width) / 2.0)), height, width)


def image_five_crop(img: Any, size: Any) -> tuple[Any, ...]:
    """The four corners (upper left, upper right, lower left, lower right) and the middle."""
    _, rows, columns = image_dimensions(img)
    height, width = pair_of(size)
    if width > columns or height > rows:
        raise ValueError(f"Requested crop size {(height, width)} is bigger than input size {(rows, columns)}")
    corners = [(0, 0), (0, columns - width), (rows - height, 0), (rows - height, columns - width)]
    return (*(image_crop(img, y, x, height, width) for y, x in corners), image_center_crop(img, [height, width]))


def image_ten_crop(img: Any, size: Any, vertical_flip: bool = False) -> tuple[Any, ...]:
    """Five crops of the image and five of it flipped."""
    other = image_vflip(img) if vertical_flip else image_hflip(img)
    return image_five_crop(img, size) + image_five_crop(other, size)


def image_erase(img: Any, i: int, j: int, h: int, w: int, v: Any, inplace: bool = False) -> Any:
    """A rectangle of a tensor gets the value ``v``."""
    if not isinstance(img, jt.Var):
        raise TypeError(f"img should be Tensor Image. Got {type(img)}")
    shape = [int(n) for n in img.shape]
    inside = np.zeros(shape[-2:], bool)
    inside[i : i + h, j : j + w] = True
    if isinstance(v, jt.Var):
        v = v.broadcast([*shape[:-2], *inside[i : i + h, j : j + w].shape])
        v = pad(v, [j, shape[-1] - j - int(v.shape[-1]), i, shape[-2] - i - int(v.shape[-2])])
    else:
        v = jt.full_like(img, v)
    result = jt.ternary(from_numpy(inside).broadcast(shape), v.cast(str(img.dtype)), img)
    if inplace:
        img.assign(result)
        return img
    return result
