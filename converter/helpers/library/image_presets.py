"""``torchvision.transforms._presets``: how the images for published weights are prepared."""

from typing import Any

from converter.helpers.library.image_functions import (
    InterpolationMode,
    convert_image_dtype,
    image_center_crop,
    image_is_tensor,
    image_normalize,
    pil_to_tensor,
)
from converter.helpers.library.image_geometry import image_resize
from converter.helpers.library.modules import Module


class ObjectDetection(Module):
    """An image as a float tensor with values in [0, 1]."""

    def execute(self, img: Any) -> Any:
        return convert_image_dtype(img if image_is_tensor(img) else pil_to_tensor(img))


class ImagePreset(Module):
    """What the presets below have in common: resize, cut (where asked to), make a float tensor, normalise."""

    shown: Any = ()

    def __init__(
        self, crop_size: Any, resize_size: Any, mean: Any, std: Any, interpolation: Any, antialias: Any
    ) -> None:
        super().__init__()
        self.crop_size = crop_size
        self.resize_size = resize_size
        self.mean = list(mean)
        self.std = list(std)
        self.interpolation = interpolation
        self.antialias = antialias

    def execute(self, img: Any) -> Any:
        if self.resize_size is not None:
            img = image_resize(img, self.resize_size, interpolation=self.interpolation, antialias=self.antialias)
        if self.crop_size is not None:
            img = image_center_crop(img, self.crop_size)
        img = convert_image_dtype(img if image_is_tensor(img) else pil_to_tensor(img))
        return image_normalize(img, mean=self.mean, std=self.std)

    def __repr__(self) -> str:
        lines = [f"    {name}={getattr(self, name)}" for name in self.shown]
        return "\n".join([f"{type(self).__name__}(", *lines, ")"])

    __str__ = __repr__  # Jittor's modules have another text for str()


class ImageClassification(ImagePreset):
    """Resize the smaller side, cut out the middle, make a float tensor and normalise it."""

    shown = ("crop_size", "resize_size", "mean", "std", "interpolation")

    def __init__(
        self,
        *,
        crop_size: int,
        resize_size: int = 256,
        mean: Any = (0.485, 0.456, 0.406),
        std: Any = (0.229, 0.224, 0.225),
        interpolation: Any = InterpolationMode.BILINEAR,
        antialias: Any = True,
    ) -> None:
        super().__init__([crop_size], [resize_size], mean, std, interpolation, antialias)


class SemanticSegmentation(ImagePreset):
    """Resize the smaller side (unless told None), make a float tensor and normalise it."""

    shown = ("resize_size", "mean", "std", "interpolation")

    def __init__(
        self,
        *,
        resize_size: Any,
        mean: Any = (0.485, 0.456, 0.406),
        std: Any = (0.229, 0.224, 0.225),
        interpolation: Any = InterpolationMode.BILINEAR,
        antialias: Any = True,
    ) -> None:
        size = None if resize_size is None else [resize_size]
        super().__init__(None, size, mean, std, interpolation, antialias)


def sequence_to_str(seq: Any, separate_last: str = "") -> str:
    """Words in quotes with commas between them, and a word before the last, for messages."""
    quoted = [f"'{word}'" for word in seq]
    if len(quoted) < 2:
        return "".join(quoted)
    comma = "" if separate_last and len(quoted) == 2 else ","
    return f"{', '.join(quoted[:-1])}{comma} {separate_last}{quoted[-1]}"


class VideoClassification(ImagePreset):
    """Frames (T, C, H, W) or (N, T, C, H, W), prepared like images, with the channels before the time."""

    shown = ("crop_size", "resize_size", "mean", "std", "interpolation")

    def __init__(
        self,
        *,
        crop_size: Any,
        resize_size: Any,
        mean: Any = (0.43216, 0.394666, 0.37645),
        std: Any = (0.22803, 0.22145, 0.216989),
        interpolation: Any = InterpolationMode.BILINEAR,
    ) -> None:
        super().__init__(list(crop_size), list(resize_size), mean, std, interpolation, antialias=False)

    def execute(self, vid: Any) -> Any:
        clips = vid if vid.ndim == 5 else vid.unsqueeze(0)
        frames = super().execute(clips.reshape((-1, *tuple(clips.shape)[2:])))
        found = frames.reshape((*tuple(clips.shape)[:3], *self.crop_size)).permute((0, 2, 1, 3, 4))
        return found if vid.ndim == 5 else found[0]


class OpticalFlow(Module):
    """Two images as float tensors with values in [-1, 1]."""

    def execute(self, img1: Any, img2: Any) -> Any:
        images = (img if image_is_tensor(img) else pil_to_tensor(img) for img in (img1, img2))
        half = [0.5, 0.5, 0.5]
        return tuple(image_normalize(convert_image_dtype(img), mean=half, std=half) for img in images)
