"""Tiny data sets in the published layouts, and options under which a method trains on them in seconds."""

import json
import pickle
import sys
from pathlib import Path

import numpy as np

from jack.golden.recipes import bpmgcn_inputs, write_tsl300
from tests.jack.conftest import write_video


def write_gait(root: Path, **counts: int) -> None:
    """Emotion-Gait of invented walks: so many clips in each split."""
    root.mkdir(parents=True, exist_ok=True)
    for seed, (split, count) in enumerate((counts or {"train": 24, "test": 10}).items()):
        clips = bpmgcn_inputs(seed, count)
        np.save(root / f"{split}_joint.npy", clips["joint"])
        np.save(root / f"{split}_movement.npy", clips["movement"])
        np.save(root / f"{split}_affective.npy", clips["feature"])
        names = [f"{split}{number}" for number in range(count)]
        with (root / f"{split}_label.pkl").open("wb") as file:
            pickle.dump((names, (np.arange(count) % 4).tolist()), file, protocol=2)


def gait_options(root: Path, work: Path, **more: object) -> dict[str, object]:
    """Of a BPM-GCN that is narrow."""
    options = {"data_path": str(root), "work_dir": str(work), "width": 8, "batch_size": 4, "num_epoch": 2}
    return {**options, "base_lr": 0.001, "num_workers": 0, "threads": 1, "framework": "torch", **more}


def write_videos(root: Path, training: int = 6, validation: int = 2) -> None:
    """VideoEmotion-8's layout with two classes of so many videos each."""
    database = {}
    for label in ("fear", "joy"):
        for number in range(training + validation):
            write_video(root, label, f"v{number}", frames=12, width=40, height=36, seconds=1.2)
            subset = "training" if number < training else "validation"
            database[f"{label}/v{number}"] = {"subset": subset, "annotations": {"label": label}}
    content = {"labels": ["fear", "joy"], "database": database}
    (root / "annotation.json").write_text(json.dumps(content), encoding="utf-8")


def video_options(method: str, root: Path, run: str, **more: object) -> dict[str, object]:
    """Of a VAANet or CTEN with one block a stage."""
    options: dict[str, object] = {"root_path": str(root), "video_path": "img", "audio_path": "mp3", "expr_name": run}
    options.update(annotation_path="annotation.json", n_classes=2, seq_len=2, snippet_duration=2, sample_size=32)
    options.update(backbone_layers=(1, 1, 1, 1), audio_layers=(1, 1, 1, 1), batch_size=4, n_epochs=2, loss_func="ce")
    if method == "cten":
        options["audio_n_segments"] = 2
    return {**options, "validation_share": 0.34, "num_workers": 0, "threads": 1, "framework": "torch", **more}


def write_sentiments(root: Path) -> None:
    """TSL-300's layout: three videos of the training, one of the test."""
    root.mkdir(parents=True, exist_ok=True)
    write_tsl300(root, 3)


def sentiment_options(root: Path, run: Path, **more: object) -> dict[str, object]:
    """Of TSL-Net for four steps."""
    options: dict[str, object] = {"data_path": str(root), "output_path": str(run), "log_path": str(run / "curves")}
    options.update(model_path=str(run / "checkpoints"), lr="[1e-4]*2+[1e-5]*2", batch_size=2, select_on="none", seed=5)
    return {**options, "num_workers": 0, "threads": 1, "framework": "torch", **more}


def records(log: Path, kind: str = "step") -> list[dict[str, object]]:
    """The records of a kind in a log."""
    return [record for record in lines_of(log) if record["kind"] == kind]


def lines_of(file: Path) -> list[dict[str, object]]:
    """The records of a file with a line of JSON for each."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


class LoadedModules:
    """A data set whose samples are the frameworks that the process which reads them has imported."""

    def __len__(self) -> int:
        return 2

    def read(self, index: int, draw: object) -> list[str]:
        return [name for name in ("torch", "jittor") if name in sys.modules]

    def collate(self, items: list[list[str]]) -> list[list[str]]:
        return items
