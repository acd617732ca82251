"""Weights and inputs that golden figures were recorded with, made again from keys, shapes and seeds (NumPy)."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jack.datasets.gait_features import movement

Float32s = NDArray[np.float32]


def fill_weights(shapes: Mapping[str, Sequence[int]], salt: int = 0, gain: float = 1.0) -> dict[str, Float32s]:
    """A value for every entry of a state_dict, drawn by a generator that its key seeds.

    Matrices and kernels get variance gain^2 / (product of all sizes but the first); scales of norms lie near 1 and
    vectors near 0.  Counters of batches are left out.
    """
    filled = {}
    for key, shape in shapes.items():
        kind = key.rpartition(".")[2]
        if kind == "num_batches_tracked":
            continue
        draw = np.random.default_rng(zlib.crc32(key.encode()) + salt).standard_normal(tuple(shape))
        if kind == "PA":  # BPM-GCN's learned adjacency
            draw = 0.01 * draw
        elif kind == "running_var":
            draw = 1 + 0.1 * np.abs(draw)
        elif kind == "running_mean" or (len(shape) < 2 and kind != "weight"):
            draw = 0.05 * draw
        elif len(shape) < 2:
            draw = 1 + 0.05 * draw
        else:
            draw = gain * draw / np.sqrt(float(np.prod(shape[1:])))
        filled[key] = np.ascontiguousarray(draw, dtype=np.float32)
    return filled


def tslnet_inputs(seed: int, segments: int) -> tuple[Float32s, Float32s]:
    """Features of one video: rgb (T x 1024), log-mel segments (T x 32 x 60)."""
    draw = np.random.default_rng(seed)
    rgb = np.abs(draw.standard_normal((segments, 1024))).astype(np.float32)
    return rgb, draw.random((segments, 32, 60)).astype(np.float32)


def bpmgcn_inputs(seed: int, clips: int, constraints: int = 31, classes: int = 4) -> dict[str, NDArray[Any]]:
    """Invented gaits of 48 frames: joint, movement, feature, label as in a batch; the last clip ends in zeros."""
    frames, joints = 48, 16
    draw = np.random.default_rng(seed)
    rest = 0.5 * draw.standard_normal((clips, 3, 1, joints, 1))
    amplitude = draw.uniform(0.02, 0.15, rest.shape)
    frequency = draw.uniform(0.5, 2.5, (clips, 1, 1, 1, 1))
    phase = draw.uniform(0.0, 2 * np.pi, rest.shape)
    time = np.arange(frames, dtype=np.float64).reshape(1, 1, frames, 1, 1)
    joint = rest + amplitude * np.sin(2 * np.pi * frequency * time / 12 + phase)
    joint += 0.01 * draw.standard_normal(joint.shape)
    joint[-1, :, frames * 5 // 8 :] = 0
    feature = 0.5 * draw.standard_normal((clips, frames * constraints))
    return {
        "joint": joint.astype(np.float32),
        "movement": movement(joint).astype(np.float32),
        "feature": feature.astype(np.float32),
        "label": (np.arange(clips) * 3 + seed) % classes,
    }


def write_tsl300(root: Path, seed: int) -> None:
    """Write an invented TSL-300 of three training videos and a test video with one annotator's points."""
    draw = np.random.default_rng(seed + 7)
    splits = {"train": ("1_a_1", "10_b_2", "2_c_3"), "test": ("3_d_4",)}
    table = ["class,class_index,start_frame,stop_frame,video_id,point"]
    database: dict[str, Any] = {}
    for split, videos in splits.items():
        folder = root / "features" / split
        for modality in ("rgb", "logmfcc"):
            (folder / modality).mkdir(parents=True)
        for video in videos:
            features, columns = int(draw.integers(20, 30)), int(draw.integers(20 * 32, 30 * 32))
            rgb = draw.standard_normal((features, 1024)).astype(np.float32)
            mel = draw.uniform(-50, 30, (columns, 60)).astype(np.float32)
            np.save(folder / "rgb" / f"{video}.npy", rgb)
            np.save(folder / "logmfcc" / f"{video}.npy", mel)
            notes = [{"segment": ["1.0", "3.0"], "label": "p"}] if split == "test" else []
            database[video] = {"subset": split, "annotations": notes}
            for frame in sorted(draw.integers(0, 19 * 16, 5).tolist()) if split == "train" else ():
                index = int(draw.integers(0, 2))
                table.append(f"{'np'[index]},{index},{frame - 2},{frame + 2},{video},{frame}")
        (root / f"split_{split}.txt").write_text("".join(f"{video}\n" for video in videos), encoding="utf-8")
    points = root / "point_gaussian" / "train"
    points.mkdir(parents=True)
    (points / "point_anno_0.txt").write_text("".join(f"{row}\n" for row in table), encoding="utf-8")
    (root / "gt.json").write_text(json.dumps({"database": database}), encoding="utf-8")
    (root / "fps_dict.json").write_text(json.dumps(dict.fromkeys(database, 25.0)), encoding="utf-8")


def pixels(draw: np.random.Generator, batch: int, snippets: int, frames: int, size: int) -> Float32s:
    """Invented video, B x L x 3 x T x size x size, whole numbers in 0..255: a 4 x 4 board of colours, and noise."""
    board = draw.uniform(0, 255, size=(batch, snippets, 3, 1, 4, 4))
    video = board.repeat(frames, axis=3).repeat(size // 4, axis=4).repeat(size // 4, axis=5)
    video = video + draw.uniform(-20, 20, size=video.shape)
    return np.clip(np.floor(video), 0, 255).astype(np.float32)


@dataclass(frozen=True)
class VideoAudio:
    """What VAANet's and CTEN's figures were recorded on.

    Attributes:
        videos: pixels of 0..255 for each pass, B x S x 3 x T x H x H.
        audio: B x frames x bins.
        target: class numbers, B.
        head_features: what stands for the output of the visual backbone in each pass, BS x 2048 x 1 x h x w.
        clips: pixels for the backbone alone, 3 x 3 x 16 x 32 x 32.
    """

    videos: list[Float32s]
    audio: Float32s
    target: NDArray[np.int64]
    head_features: list[Float32s]
    clips: Float32s

    def sums(self) -> NDArray[np.float64]:
        """The sum of each array but the target, to check the recipe with."""
        arrays = [*self.videos, self.audio, *self.head_features, self.clips]
        return np.array([array.astype(np.float64).sum() for array in arrays])


def video_audio_inputs(method: str, config: Mapping[str, int]) -> VideoAudio:
    """Inputs for "vaanet" (one pass) or "cten" (three), by the configuration that golden files carry.

    Args:
        method: the name.
        config: seed, B (videos), S (snippets), T (frames), H (pixels), alen and abins (size of the audio features).
    """
    draw = np.random.default_rng(config["seed"])
    batch, snippets = config["B"], config["S"]
    passes = 1 if method == "vaanet" else 3
    videos = [pixels(draw, batch, snippets, config["T"], config["H"]) for _ in range(passes)]
    audio = draw.standard_normal((batch, config["alen"], config["abins"]))
    if method == "vaanet":
        audio = audio * 20
        audio[:, :, 0] -= 200  # the first coefficient is the energy
    else:
        audio = audio * 0.5
    target = draw.integers(0, 8, size=batch)
    positions = 4 if method == "vaanet" else 1
    shape = (batch * snippets, 2048, 1, positions, positions)
    features = [np.abs(draw.standard_normal(shape)).astype(np.float32) for _ in range(passes)]
    clips = pixels(draw, 1, 3, 16, 32)[0]
    return VideoAudio(videos, audio.astype(np.float32), target.astype(np.int64), features, clips)
