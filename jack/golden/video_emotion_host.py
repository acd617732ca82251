"""What VAANet and CTEN compute without a framework, for comparison: sampling, pictures, sound, erased frames."""

from __future__ import annotations

import json
import random
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jack.datasets.annotation import read_annotation
from jack.datasets.clips import ClipShape, erased_clips, read_clips
from jack.datasets.sampling import kept_frames, snippets
from jack.datasets.spatial import BRIGHTNESS, FLIP, ROTATION, View, draw_construction, draw_view
from jack.datasets.video_emotion import LogMel, Mfcc, Sampling, SoundFeatures, VideoEmotion, collate
from jack.golden.video_emotion_media import TALL, WIDE, Medium, write_media
from jack.media.audio_features import SEGMENT_ROWS
from jack.media.frames import read_frame
from parity.arrays import load_arrays
from parity.golden.suite import Entry, GoldenError, HostSection, Recorded
from parity.tolerances import EXACT, Tolerance

Array = NDArray[Any]

MEDIA = {"wide": WIDE, "tall": TALL}
FRAME = 1  # that spatial_* show
AUDIO_SEED = 0  # of the parts drawn from long sound
MASKS = (
    (True, False, True, False),
    (False, False, False, True),
)  # segments kept in batch_augment*: of WIDE and of TALL
HEAD = 40  # rows of audio that are recorded as they are
CHANGE_NAMES = {None: "none", FLIP: "HorizontalFlip", ROTATION: "RandomRotation", BRIGHTNESS: "BrightnessJitter"}
VIEW_FIELDS = ("choice", "crop", "angle", "factor")
ITEM_FIELDS = ("n", "class_names", "target", "vis_item", "extra", "visual_shape", "audio_shape", "dtype")

TSN = re.compile(r"tsn_(?:center|random_seed(\d+))_n(\d+)_s(\d+)_t(\d+)")
SPATIAL = re.compile(r"spatial_(?:center|corner_([a-z]+))_(wide|tall)")
AUGMENTED = re.compile(r"spatial_aug_seed(\d+)")
ITEM = re.compile(r"item_([a-z]+)_visual")
BATCH = re.compile(r"(batch_augment2?)_seed(\d+)_visual_mean")
FRAMES = re.compile(r"(batch_augment2?)_frames_(\d+)")

# Decibels reach 120, and float32 transforms of other libraries differ in their last bits.
MFCC = Tolerance(1e-4, 1e-5)
LOG_MEL = Tolerance(1e-5)
MEAN = Tolerance(1e-4)  # of some thousand pixels, summed in float32

AUTHORS_BUGS = {
    "batch_augment_empty_mask": "the authors' code stops where nothing is kept; ours takes all frames",
    "batch_augment_second_empty": "the authors' code takes the previous sample's frames; ours takes all frames",
}


@dataclass(frozen=True)
class Golden:
    """Recorded arrays and choices of one method's pipeline.

    Attributes:
        method: "vaanet" or "cten".
        arrays: by name.
        choices: content of the JSON file.
    """

    method: str
    arrays: dict[str, Array]
    choices: dict[str, Any]

    @classmethod
    def read(cls, method: str, data: Path) -> Golden:
        """Read ``METHOD_pipeline.npz`` and ``.json`` from a folder."""
        text = (data / f"{method}_pipeline.json").read_text(encoding="utf-8")
        return cls(method, load_arrays(data / f"{method}_pipeline.npz"), json.loads(text))

    def matches(self, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        """Arrays' names that fit wholly."""
        return filter(None, map(pattern.fullmatch, self.arrays))

    def clip_shape(self) -> ClipShape:
        """Of all items and batches: what the first recorded item has."""
        for match in self.matches(ITEM):
            segments, _, length, size, _ = self.arrays[match[0]].shape
            return ClipShape(segments, length, size)
        raise KeyError("item_<subset>_visual")


@contextmanager
def media() -> Iterator[Path]:
    """A folder with the invented videos."""
    with tempfile.TemporaryDirectory() as folder:
        write_media(Path(folder))
        yield Path(folder)


def temporal(method: str, data: Path) -> dict[str, Array]:
    """Entries ``tsn_*``: frame numbers, segments x frames."""
    found: dict[str, Array] = {}
    for match in Golden.read(method, data).matches(TSN):
        seed, count, segments, length = match.groups()
        draw = random.Random(int(seed)) if seed else None
        found[match[0]] = snippets(range(1, int(count) + 1), int(segments), int(length), draw)
    return found


def spatial(method: str, data: Path) -> dict[str, Array]:
    """Entries ``spatial_*``: one picture after crop, scaling and augmentation, and what was drawn for it."""
    golden = Golden.read(method, data)
    found: dict[str, Array] = {}
    with media() as root:
        for match in golden.matches(SPATIAL):
            found[match[0]] = _seen(root, MEDIA[match[2]], View(match[1]), golden.arrays[match[0]])
        for match in golden.matches(AUGMENTED):
            draw = random.Random(int(match[1]))
            draw_construction(draw)
            view = draw_view("train", draw)
            found[match[0]] = _seen(root, WIDE, view, golden.arrays[match[0]])
            found.update(_drawn(match[0], view))
    return found


def _seen(root: Path, medium: Medium, view: View, recorded: Array) -> Array:
    picture = read_frame(root / "img" / medium.label / medium.name, FRAME)
    return view.pixels(picture, recorded.shape[-1]).astype(np.float32)


def _drawn(name: str, view: View) -> dict[str, Array]:
    angle = view.angle if view.change == ROTATION else None
    factor = view.brightness if view.change == BRIGHTNESS else None
    values = (CHANGE_NAMES[view.change], view.crop, angle, factor)
    return {f"{name}_{field}": _array(value) for field, value in zip(VIEW_FIELDS, values)}


def items(method: str, data: Path) -> dict[str, Array]:
    """Entries ``item_*``: whole items, snippets and crops in the middle, parts of long sound drawn."""
    golden = Golden.read(method, data)
    sampling = Sampling(snippets=False, view="val", sound=True)
    found: dict[str, Array] = {}
    with media() as root:
        places = (root / "annotation.json", root / "img", root / "mp3")
        for match in golden.matches(ITEM):
            subset, name = match[1], f"item_{match[1]}"
            columns = golden.arrays[f"{name}_audio_colmean"].shape[0]
            rows = golden.arrays[f"{name}_audio_rowmean"].shape[0]
            features: SoundFeatures = Mfcc(rows, columns) if method == "vaanet" else LogMel(rows // SEGMENT_ROWS)
            dataset = VideoEmotion(*places, subset, golden.clip_shape(), features, sampling)
            item = dataset.read(0, random.Random(AUDIO_SEED))
            visual = collate([item]).arrays()["visual"][0]
            found[f"{name}_visual"] = visual
            found[f"{name}_audio_head"] = item.audio[:HEAD]
            found[f"{name}_audio_rowmean"] = item.audio.mean(axis=1)
            found[f"{name}_audio_colmean"] = item.audio.mean(axis=0)
            labels = read_annotation(places[0]).labels
            fields = {
                "n": len(dataset),
                "class_names": json.dumps({str(target): label for target, label in enumerate(labels)}),
                "target": item.label,
                "vis_item": [item.name],
                "visual_shape": visual.shape,
                "audio_shape": item.audio.shape,
                "dtype": f"torch.{visual.dtype}",
            }
            if method == "cten":
                fields["extra"] = [_tail(str(item.folder)), str(item.n_frames)]
            found.update({f"{name}_{field}": _array(value) for field, value in fields.items()})
    return found


def erasing(method: str, data: Path) -> dict[str, Array]:
    """Entries ``batch_augment*``: frames of passes 2 and 3 (CTEN)."""
    golden = Golden.read(method, data)
    counts = [WIDE.frames, TALL.frames]
    found: dict[str, Array] = {}
    for match in golden.matches(FRAMES):
        index = int(match[2])
        found[match[0]] = np.array(kept_frames(MASKS[index], counts[index]), dtype=np.int64)
    for name in golden.choices:
        if name.endswith("_empty_mask_lens"):
            found[name] = np.array([len(kept_frames([False] * len(MASKS[0]), count)) for count in counts])
    with media() as root:
        folders = [root / "img" / medium.label / medium.name for medium in (WIDE, TALL)]
        keep = np.array(MASKS, dtype=bool)
        for match in golden.matches(BATCH):
            clips = erased_clips(folders, counts, keep, golden.clip_shape(), random.Random(int(match[2])))
            found[match[0]] = read_clips(clips).mean(axis=(3, 4, 5), dtype=np.float64).astype(np.float32)
    return found


SECTIONS: dict[str, Callable[[str, Path], dict[str, Array]]] = {
    "temporal": temporal,
    "spatial": spatial,
    "items": items,
    "erasing": erasing,
}


def host_sections(method: str) -> Mapping[str, HostSection]:
    """The sections of "vaanet" or "cten", by name."""
    names = [name for name in SECTIONS if method == "cten" or name != "erasing"]
    return {name: partial(SECTIONS[name], method) for name in names}


def recorded_pipeline(method: str, data: Path) -> Recorded:
    """Every array and every choice of a method's pipeline, to be compared or with the reason why not.

    Raises:
        GoldenError: if the files are not of the format.
    """
    try:
        golden = Golden.read(method, data)
        golden.clip_shape()
        recorded = Recorded(not_compared={name: AUTHORS_BUGS[name] for name in AUTHORS_BUGS if name in golden.choices})
        values = {**golden.arrays, **_recorded_choices(golden)}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise GoldenError(f"{data} holds no recorded pipeline of {method}: {error!r}") from error
    for name, value in values.items():
        recorded.entries[name] = Entry(value, tolerance_of(name, method), framework=False)
    return recorded


def tolerance_of(name: str, method: str) -> Tolerance:
    """How near ours must be for an entry."""
    if re.fullmatch(r"item_[a-z]+_audio_(head|rowmean|colmean)", name):
        return MFCC if method == "vaanet" else LOG_MEL
    return MEAN if BATCH.fullmatch(name) else EXACT


def _recorded_choices(golden: Golden) -> dict[str, Array]:
    found: dict[str, Array] = {}
    for name, value in golden.choices.items():
        if AUGMENTED.fullmatch(name):
            found.update({f"{name}_{field}": _array(value[field]) for field in VIEW_FIELDS})
        elif name.startswith("item_"):
            fields = {field: value[field] for field in ITEM_FIELDS}
            fields["class_names"] = json.dumps(fields["class_names"])
            if fields["extra"]:
                fields["extra"][0] = _tail(fields["extra"][0])
            else:
                del fields["extra"]
            found.update({f"{name}_{field}": _array(content) for field, content in fields.items()})
        elif name not in AUTHORS_BUGS:
            found[name] = np.array(value)
    return found


def _array(value: Any) -> Array:
    return np.array(np.nan if value is None else value)


def _tail(folder: str) -> str:
    # The authors' items name a folder of their machine.
    return "/".join(Path(folder).parts[-2:])
