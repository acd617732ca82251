"""Weights and inputs that golden figures were recorded with, made again from keys, shapes and seeds (NumPy)."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
