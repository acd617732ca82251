"""Cut, scale and augment the frames of a video: one draw for all of them (Pillow)."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

CROPS = ("c", "tl", "tr", "bl", "br")  # centre and corners, in the order they are drawn
FLIP, ROTATION, BRIGHTNESS = CHANGES = ("flip", "rotation", "brightness")
CHANGE_PROBABILITY = 0.3
MAX_ANGLE = 20.0  # degrees
MIN_BRIGHTNESS = 0.5

MODES = ("train", "test", "val")


@dataclass(frozen=True)
class View:
    """How every frame of one video is seen.

    Attributes:
        crop: one of :data:`CROPS`, a square as large as the shorter side; None scales first and cuts the middle.
        change: one of :data:`CHANGES`, done after scaling, or None.
        angle: degrees, counter-clockwise, of a rotation.
        brightness: factor of a change of brightness.
    """

    crop: str | None = None
    change: str | None = None
    angle: float = 0.0
    brightness: float = 1.0

    def apply(self, picture: Image.Image, size: int) -> Image.Image:
        """The picture as seen, size x size."""
        seen = _scaled_middle(picture, size) if self.crop is None else _cut(picture, self.crop, size)
        if self.change == FLIP:
            return seen.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        if self.change == ROTATION:
            return seen.rotate(self.angle, resample=Image.Resampling.BILINEAR, fillcolor=(0, 0, 0))
        if self.change == BRIGHTNESS:
            return ImageEnhance.Brightness(seen).enhance(self.brightness)
        return seen

    def pixels(self, picture: Image.Image, size: int) -> NDArray[np.uint8]:
        """:meth:`apply` as an array, 3 x size x size, 0 to 255."""
        return np.asarray(self.apply(picture, size), dtype=np.uint8).transpose(2, 0, 1)


def draw_view(mode: str, draw: random.Random) -> View:
    """A view for one video.

    Args:
        mode: "train" draws a crop, and with probability 0.3 one change; "test" draws a crop; "val" is the middle and
            draws nothing.
        draw: is drawn from in the authors' order, whatever comes of it, so that equal seeds give equal views.
    """
    if mode not in MODES:
        raise ValueError(f"mode is one of {', '.join(MODES)}, not {mode!r}")
    if mode == "val":
        return View()
    crop = CROPS[draw.randint(0, len(CROPS) - 1)]
    if mode == "test":
        return View(crop)
    changed = draw.random() < CHANGE_PROBABILITY
    change, angle, brightness = _draw_change(draw)
    return View(crop, change, angle, brightness) if changed else View(crop)


def draw_construction(draw: random.Random) -> None:
    """Draw, and forget, what the authors' code draws when it builds the views of mode "train"."""
    draw.randint(0, len(CROPS) - 1)
    draw.uniform(-MAX_ANGLE, MAX_ANGLE)
    draw.uniform(MIN_BRIGHTNESS, 1.0)
    _draw_change(draw)
    draw.random()
    _draw_change(draw)


def _draw_change(draw: random.Random) -> tuple[str, float, float]:
    change = CHANGES[draw.randint(0, len(CHANGES) - 1)]
    angle = draw.uniform(-MAX_ANGLE, MAX_ANGLE) if change == ROTATION else 0.0
    brightness = draw.uniform(MIN_BRIGHTNESS, 1.0) if change == BRIGHTNESS else 1.0
    return change, angle, brightness


def crop_box(width: int, height: int, crop: str) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of a square crop with the shorter side.

    The centre and half the side are rounded half to even, each by itself: an odd side loses or gains a pixel, and may
    reach one pixel over the edge, which is black there.
    """
    side = min(width, height)
    if crop == "c":
        x, y, half = round(width / 2), round(height / 2), round(side / 2)
        return x - half, y - half, x + half, y + half
    left = width - side if crop.endswith("r") else 0
    top = height - side if crop.startswith("b") else 0
    return left, top, left + side, top + side


def _cut(picture: Image.Image, crop: str, size: int) -> Image.Image:
    square = picture.crop(crop_box(*picture.size, crop))
    return square.resize((size, size), Image.Resampling.BILINEAR)


def _scaled_middle(picture: Image.Image, size: int) -> Image.Image:
    width, height = picture.size
    if min(width, height) != size:
        scaled = (size, int(size * height / width)) if width < height else (int(size * width / height), size)
        picture = picture.resize(scaled, Image.Resampling.BILINEAR)
        width, height = scaled
    left, top = round((width - size) / 2), round((height - size) / 2)
    return picture.crop((left, top, left + size, top + size))
