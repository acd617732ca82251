"""``torchvision.transforms.functional``: sizes, turns, shears and blurs.

Tensors are resized and blurred by one matrix for each side.  Turning is for PIL images only, and says so otherwise.
"""

from __future__ import annotations

import math
from typing import Any

import jittor as jt
import numpy as np

from converter.helpers.library.elementwise import rounded
from converter.helpers.library.image_functions import (
    PIL_FILTERS,
    InterpolationMode,
    image_crop,
    image_dimensions,
    image_is_tensor,
    image_size,
    interpolation_name,
    pil_fill,
    pil_to_tensor,
    to_pil_image,
)
from converter.helpers.library.resampling import interpolate


def only_pil(img: Any, what: str) -> None:
    """Refuse tensors."""
    if image_is_tensor(img):
        raise NotImplementedError(
            f"{what} of a tensor is not supported here: apply it to the PIL image, before ToTensor"
        )


def by_matrices(img: Any, rows: Any, columns: Any) -> Any:
    """rows @ image @ columns^T of each channel, in the image's kind of number (rounded where that is whole)."""
    kind = str(img.dtype)
    exact = kind if kind in ("float32", "float64") else "float32"
    shape = [int(n) for n in img.shape]
    x = img.cast(exact).reshape([-1, *shape[-2:]])
    for matrix in (rows, columns):
        # one after the other, the one that was multiplied last in front
        x = jt.matmul(x.transpose(0, 2, 1), jt.array(matrix.T.astype(exact)))
    x = x.reshape([*shape[:-2], rows.shape[0], columns.shape[0]])
    if exact == kind:
        return x
    if kind.startswith("float"):
        return x.cast(kind)
    x = rounded(x)
    return (x.clamp(0, 255) if kind == "uint8" else x).cast(kind)


def antialias_matrix(size: int, output: int, cubic: bool) -> Any:
    """Weights (output, size) of a triangle or a cubic (a = -0.5) that is widened where the image shrinks, as in PIL."""
    scale = size / output
    wide = max(scale, 1.0)
    support = (2.0 if cubic else 1.0) * wide
    matrix = np.zeros((output, size))
    for i in range(output):
        center = scale * (i + 0.5)
        first, last = max(int(center - support + 0.5), 0), min(int(center + support + 0.5), size)
        x = np.abs((np.arange(first, last) - center + 0.5) / wide)
        if cubic:
            near, far = (1.5 * x - 2.5) * x * x + 1, ((-0.5 * x + 2.5) * x - 4) * x + 2
            weights = np.where(x < 1, near, np.where(x < 2, far, 0.0))
        else:
            weights = np.maximum(1 - x, 0)
        matrix[i, first:last] = weights / weights.sum()
    return matrix


def resized_pair(img: Any, size: Any, max_size: Any) -> tuple[int, int]:
    """Height and width after resizing: one number is the shorter side's."""
    width, height = image_size(img)
    given = [size] if isinstance(size, int) else list(size) if size is not None else []
    if len(given) == 2:
        if max_size is not None:
            raise ValueError("max_size should only be passed if size specifies the length of the smaller edge")
        return int(given[0]), int(given[1])
    if len(given) > 2:
        raise ValueError(f"Size must be an int or a 1 or 2 element tuple/list, not a {len(given)} element tuple/list")
    short, long = min(width, height), max(width, height)
    if given:
        new_short = int(given[0])
        new_long = int(new_short * long / short)
        if max_size is not None:
            if max_size <= new_short:
                raise ValueError(f"max_size = {max_size} must be strictly greater than the requested size {new_short}")
            if new_long > max_size:
                new_short, new_long = int(max_size * new_short / new_long), max_size
    else:
        new_short, new_long = int(short * max_size / long), int(max_size)
    return (new_long, new_short) if width <= height else (new_short, new_long)


def image_resize(
    img: Any, size: Any, interpolation: Any = InterpolationMode.BILINEAR, max_size: Any = None, antialias: Any = True
) -> Any:
    """To (height, width), or so that the shorter side has one given length."""
    mode = interpolation_name(interpolation)
    height, width = resized_pair(img, size, max_size)
    if [width, height] == image_size(img):
        return img
    if not image_is_tensor(img):
        return img.resize((width, height), PIL_FILTERS[mode])
    if mode not in ("nearest", "nearest-exact", "bilinear", "bicubic"):
        raise ValueError(f"This interpolation mode is unsupported with Tensor input: {mode}")
    if mode in ("bilinear", "bicubic") and antialias:
        rows, columns = (
            antialias_matrix(int(old), new, mode == "bicubic") for old, new in zip(img.shape[-2:], (height, width))
        )
        return by_matrices(img, rows, columns)
    shape = [int(n) for n in img.shape]
    kind = str(img.dtype)
    x = img.reshape([1, -1, *shape[-2:]])
    if mode.startswith("nearest"):
        x = interpolate(x, [height, width], mode=mode)
    else:
        x = x if kind.startswith("float") else x.cast("float32")
        x = interpolate(x, [height, width], mode=mode, align_corners=False)
        if not kind.startswith("float"):
            x = rounded(x)
            x = (x.clamp(0, 255) if kind == "uint8" else x).cast(kind)
    return x.reshape([*shape[:-2], height, width])


def image_resized_crop(
    img: Any,
    top: int,
    left: int,
    height: int,
    width: int,
    size: Any,
    interpolation: Any = InterpolationMode.BILINEAR,
    antialias: Any = True,
) -> Any:
    """A part of the image, resized."""
    return image_resize(image_crop(img, top, left, height, width), size, interpolation, antialias=antialias)


def blur_matrix(size: int, kernel: int, sigma: float) -> Any:
    """(size, size): a Gaussian of ``kernel`` places along one side, mirrored at the edges."""
    half = (kernel - 1) * 0.5
    weights = np.exp(-0.5 * (np.linspace(-half, half, kernel) / sigma) ** 2)
    weights /= weights.sum()
    places = np.pad(np.arange(size), kernel // 2, mode="reflect")
    matrix = np.zeros((size, size))
    for i in range(size):
        np.add.at(matrix[i], places[i : i + kernel], weights)
    return matrix


def image_gaussian_blur(img: Any, kernel_size: Any, sigma: Any = None) -> Any:
    """A Gaussian of (width, height) ``kernel_size``, mirrored at the edges."""
    wide, high = (kernel_size,) * 2 if isinstance(kernel_size, int) else (kernel_size[0], kernel_size[-1])
    if sigma is None:
        sigma = [n * 0.15 + 0.35 for n in (wide, high)]
    across, down = (float(sigma),) * 2 if isinstance(sigma, (int, float)) else (float(sigma[0]), float(sigma[-1]))
    if any(n <= 0 or n % 2 == 0 for n in (wide, high)):
        raise ValueError(f"kernel_size should have odd and positive integers. Got {kernel_size}")
    if across <= 0 or down <= 0:
        raise ValueError(f"sigma should have positive values. Got {sigma}")
    x = img if image_is_tensor(img) else pil_to_tensor(img)
    _, rows, columns = image_dimensions(x)
    x = by_matrices(x, blur_matrix(rows, high, down), blur_matrix(columns, wide, across))
    return x if image_is_tensor(img) else to_pil_image(x, mode=img.mode)


def image_rotate(
    img: Any,
    angle: float,
    interpolation: Any = InterpolationMode.NEAREST,
    expand: bool = False,
    center: Any = None,
    fill: Any = None,
) -> Any:
    """Turned against the clock by an angle in degrees."""
    only_pil(img, "rotate")
    mode = PIL_FILTERS[interpolation_name(interpolation)]
    return img.rotate(
        angle, mode, bool(expand), None if center is None else tuple(center), fillcolor=pil_fill(img, fill)
    )


def affine_coefficients(center: Any, angle: float, translate: Any, scale: float, shear: Any) -> list[float]:
    """The six numbers with which PIL finds the place in the old image for each place in the new one.

    Inverse of: move to the centre, turn by ``angle``, shear (degrees), scale, move back and by ``translate``.
    """
    turn, lean_x, lean_y = math.radians(angle), math.radians(shear[0]), math.radians(shear[1])
    a = math.cos(turn - lean_y) / math.cos(lean_y)
    b = -math.cos(turn - lean_y) * math.tan(lean_x) / math.cos(lean_y) - math.sin(turn)
    c = math.sin(turn - lean_y) / math.cos(lean_y)
    d = -math.sin(turn - lean_y) * math.tan(lean_x) / math.cos(lean_y) + math.cos(turn)
    (x, y), (right, down) = center, translate
    m = [v / scale for v in (d, -b, 0.0, -c, a, 0.0)]
    m[2] = m[0] * (-x - right) + m[1] * (-y - down) + x
    m[5] = m[3] * (-x - right) + m[4] * (-y - down) + y
    return m


def image_affine(
    img: Any,
    angle: float,
    translate: Any,
    scale: float,
    shear: Any,
    interpolation: Any = InterpolationMode.NEAREST,
    fill: Any = None,
    center: Any = None,
) -> Any:
    """Turned, moved (pixels), scaled and sheared (degrees) about its centre."""
    only_pil(img, "affine")
    if scale <= 0.0:
        raise ValueError("Argument scale should be positive")
    lean = [float(shear), 0.0] if isinstance(shear, (int, float)) else [float(s) for s in (*shear, 0.0)[:2]]
    middle = [img.width * 0.5, img.height * 0.5] if center is None else center
    numbers = affine_coefficients(middle, angle, translate, scale, lean)
    mode = PIL_FILTERS[interpolation_name(interpolation)]
    return img.transform(img.size, 0, numbers, mode, fillcolor=pil_fill(img, fill))


def image_perspective(
    img: Any, startpoints: Any, endpoints: Any, interpolation: Any = InterpolationMode.BILINEAR, fill: Any = None
) -> Any:
    """Four corners (x, y) come to four other places."""
    only_pil(img, "perspective")
    lines, goal = [], []
    for (x, y), (u, v) in zip(endpoints, startpoints):
        lines += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        goal += [u, v]
    numbers = np.linalg.lstsq(np.array(lines, "float64"), np.array(goal, "float64"), rcond=None)[0]
    mode = PIL_FILTERS[interpolation_name(interpolation)]
    return img.transform(img.size, 2, numbers.astype("float32").tolist(), mode, fillcolor=pil_fill(img, fill))
