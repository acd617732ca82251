"""Options of VAANet and CTEN; names and defaults are those of the authors' programs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from jack.options.common import Options, checkpoint_option
from jack.options.field import TEST, TRAIN, option, workers

LOSSES = ("ce", "pcce_ve8")
NETWORK = (
    "n_classes",
    "seq_len",
    "snippet_duration",
    "sample_size",
    "audio_embed_size",
    "audio_n_segments",
    "freeze_backbone_bn",
    "backbone_layers",
    "audio_layers",
)


@dataclass(frozen=True, kw_only=True)
class VideoEmotionOptions(Options):
    """What both methods have."""

    root_path: str = option("", "Folder that the other paths are relative to.", changeable=True)
    video_path: str = option(
        "VideoEmotion8--imgs",
        "Folder LABEL/ID/000001.jpg of frames, or LABEL/ID.mp4.",
        commands=(TRAIN, TEST),
        changeable=True,
    )
    audio_path: str = option(
        "VideoEmotion8--mp3",
        "Folder LABEL/ID.mp3; where it holds no file, a video file is heard itself.",
        commands=(TRAIN, TEST),
        changeable=True,
    )
    annotation_path: str = option("ve8_01.json", "Annotation file.", commands=(TRAIN, TEST), changeable=True)
    result_path: str = option("results", "Folder of the runs.", changeable=True)
    expr_name: str = option(
        "",
        "Folder of this run in it; a name made of date and time if there is none.",
        commands=(TRAIN, TEST),
        changeable=True,
    )
    debug: bool = option(
        False, "Write to the folder debug instead of result_path.", commands=(TRAIN, TEST), changeable=True
    )

    n_classes: int = option(8, "Emotions.", least=1)
    seq_len: int = option(12, "Snippets of a video.", least=1)
    snippet_duration: int = option(16, "Length of a snippet.", unit="frames", least=1)
    sample_size: int = option(112, "Height and width of a frame.", unit="pixels", least=1)
    audio_embed_size: int = option(256, "Features of a part of the sound.", least=1)
    audio_n_segments: int = option(16, "Parts that the sound is cut into.", least=1)
    backbone_layers: tuple[int, ...] = option((3, 4, 23, 3), "Blocks in the stages of the visual network.")
    audio_layers: tuple[int, ...] = option((2, 2, 2, 2), "Blocks in the stages of the audio network.")
    freeze_backbone_bn: bool = option(
        False,
        "Keep the running statistics of the visual network's batch norms, which the authors let move.",
        commands=(TRAIN,),
    )

    resnet101_pretrained: str = option("", "Weights of the visual network (3-D ResNet-101).", commands=(TRAIN,))
    resnet18_pretrained: str = option("", "Weights of the audio network (ResNet-18 of ImageNet).", commands=(TRAIN,))
    checkpoint: str = checkpoint_option(("checkpoint_path",))

    dataset: str = option("ve8", "Layout of the data; there is one.", choices=("ve8",), commands=(TRAIN, TEST))
    fps: int = option(30, "Rate that prepared frames are thinned to.", unit="frames/s", least=1)
    loss_func: str = option(
        "pcce_ve8", "Mean cross entropy, or VAANet's for 8 emotions.", choices=LOSSES, commands=(TRAIN, TEST)
    )
    lambda_0: float = option(0.5, "Penalty of pcce_ve8 for the wrong polarity.", commands=(TRAIN, TEST))
    learning_rate: float = option(2e-4, "Of Adam, constant.", least=0, commands=(TRAIN,))
    weight_decay: float = option(0.0, "L2, part of the gradient.", least=0, commands=(TRAIN,))
    batch_size: int = option(32, "Videos of a step.", unit="videos", least=1, commands=(TRAIN, TEST))
    n_epochs: int = option(100, "Length of the training.", unit="epochs", least=1, commands=(TRAIN,), changeable=True)
    dl: bool = option(False, "Leave an incomplete last batch of the training out.", commands=(TRAIN,))
    eval_sampling: str = option(
        "center",
        "Snippets, crops and sound of an evaluation: the middle, or drawn as the authors do.",
        choices=("center", "random"),
        commands=(TRAIN, TEST),
    )
    num_workers: int = workers(0, ("n_threads",))

    def path(self, value: str) -> Path:
        """A path below root_path, unless it is absolute."""
        return Path(self.root_path) / value

    def result_folder(self) -> Path:
        """Where runs are written."""
        return self.path("debug" if self.debug else self.result_path)

    def network(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in NETWORK}


@dataclass(frozen=True, kw_only=True)
class VAANetOptions(VideoEmotionOptions):
    """VAANet's."""

    method: ClassVar[str] = "vaanet"


@dataclass(frozen=True, kw_only=True)
class CTENOptions(VideoEmotionOptions):
    """CTEN's."""

    method: ClassVar[str] = "cten"

    annotation_path: str = option("ve8_04.json", "Annotation file.", commands=(TRAIN, TEST), changeable=True)
    seq_len: int = option(16, "Snippets of a video.", least=1)
    audio_embed_size: int = option(2048, "Features of a second of sound; must be 2048.", least=1)
    audio_n_segments: int = option(16, "Seconds of sound; must be seq_len.", unit="s", least=1)
    loss_func: str = option(
        "ce", "Mean cross entropy, or VAANet's for 8 emotions.", choices=LOSSES, commands=(TRAIN, TEST)
    )
    weight_decay: float = option(5e-4, "L2, part of the gradient.", least=0, commands=(TRAIN,))
    dl: bool = option(True, "Leave an incomplete last batch of the training out.", commands=(TRAIN,))
    num_workers: int = workers(16, ("n_threads",))
