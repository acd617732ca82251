"""``torchvision.utils``: pictures of tensors."""

from __future__ import annotations

import math
from typing import Any

import jittor as jt
import numpy as np

from converter.helpers.library.dtypes import integral
from converter.helpers.library.shapes import stack


def scaled_to_unit(image: Any, value_range: Any) -> Any:
    """Values from ``value_range`` (else from the smallest and largest) moved to [0, 1]; those outside are cut off."""
    low, high = value_range if value_range is not None else (float(image.min()), float(image.max()))
    return (np.clip(image, low, high) - low) / max(high - low, 1e-5)


def make_grid(
    tensor: Any,
    nrow: int = 8,
    padding: int = 2,
    normalize: bool = False,
    value_range: Any = None,
    scale_each: bool = False,
    pad_value: float = 0.0,
) -> Any:
    """Images (N, C, H, W), or a list of (C, H, W), side by side in one image (C, ...), ``nrow`` in each row.

    Images of one channel get three; a single image is returned without a border.

    Raises:
        TypeError: for other inputs, or a ``value_range`` that is no tuple.
        RuntimeError: when integers are to be normalised.
    """
    if isinstance(tensor, list):
        wrong = [t for t in tensor if not isinstance(t, jt.Var)]
        if wrong:
            raise TypeError(f"tensor or list of tensors expected, got a list containing {type(wrong[0])}")
        tensor = stack(tensor, dim=0)
    if not isinstance(tensor, jt.Var):
        raise TypeError(f"tensor or list of tensors expected, got {type(tensor)}")
    name = str(tensor.dtype)
    images = (tensor.float32() if name == "bfloat16" else tensor).numpy()
    if images.ndim == 2:
        images = images[None]
    if images.ndim == 3:
        images = images[None]
    if images.ndim == 4 and images.shape[1] == 1:
        images = np.repeat(images, 3, axis=1)
    if normalize is True:
        if value_range is not None and not isinstance(value_range, tuple):
            raise TypeError("value_range has to be a tuple (min, max) if specified. min and max are numbers")
        if integral(tensor):
            raise RuntimeError(f"images of {name} cannot be normalised: cast them with .float()")
        if scale_each is True:
            images = np.stack([scaled_to_unit(image, value_range) for image in images])
        else:
            images = scaled_to_unit(images, value_range)
    if len(images) == 1:
        return jt.array(np.ascontiguousarray(images[0]), dtype=str(images.dtype)).cast(name)
    columns = min(nrow, len(images))
    rows = math.ceil(len(images) / columns)
    channels, height, width = images.shape[1], images.shape[2] + padding, images.shape[3] + padding
    grid = np.full((channels, height * rows + padding, width * columns + padding), pad_value).astype(images.dtype)
    for place, image in enumerate(images):
        top, left = place // columns * height + padding, place % columns * width + padding
        grid[:, top : top + height - padding, left : left + width - padding] = image
    return jt.array(grid, dtype=str(grid.dtype)).cast(name)


def save_image(tensor: Any, fp: Any, format: Any = None, **options: Any) -> None:
    """Write :func:`make_grid` of images with values in [0, 1] into a file (a path, or an open file and its format).

    Raises:
        RuntimeError: for integers, which torchvision refuses too.
        TypeError: for what is no tensor.
    """
    from PIL import Image

    grid = make_grid(tensor, **options)
    if integral(grid):
        raise RuntimeError(f"images of {grid.dtype} cannot be saved: cast them with .float() and divide by 255")
    pixels = np.clip(grid.float32().numpy() * np.float32(255) + np.float32(0.5), 0, 255)
    Image.fromarray(pixels.transpose(1, 2, 0).astype(np.uint8)).save(fp, format=format)
