"""Options of TSL-Net; names and defaults are those of the authors' program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from jack.methods.tslnet_options import parse_floats
from jack.options.common import Options, checkpoint_option, seed_option
from jack.options.field import TEST, TRAIN, OptionError, option, workers


@dataclass(frozen=True, kw_only=True)
class TSLNetOptions(Options):
    """TSL-Net's."""

    method: ClassVar[str] = "tslnet"

    data_path: str = option("./dataset/VideoSenti", "Folder of the data set.", commands=(TRAIN, TEST), changeable=True)
    model_path: str = option("./models/train", "Folder of the weights.", commands=(TRAIN,), changeable=True)
    output_path: str = option(
        "./outputs/train", "Folder of configuration, log and results.", commands=(TRAIN, TEST), changeable=True
    )
    log_path: str = option("./logs/train", "Folder of TensorBoard's files.", commands=(TRAIN,), changeable=True)
    checkpoint: str = checkpoint_option(("model_file",))

    modal: str = option("all", "Modalities; the model takes both.", choices=("all", "rgb", "logmfcc"))
    r_act: int = option(8, "A video's score is the mean of its highest 1/r_act of the segments.", least=1)
    dropout: float = option(0.7, "Probability of the dropout before the classifiers.", unit="0 to 1", least=0)
    class_th: float = option(0.5, "Video score from which on a class is sought.", unit="0 to 1", least=0)
    lambdas: str = option(
        "[2,1,0.5,1]", "Weights of the losses: video, segments, pseudo labels, prediction.", commands=(TRAIN,)
    )
    cpc_sign: str = option(
        "authors",
        "Sign of the prediction's loss: the released code's, or the paper's.",
        choices=("authors", "paper"),
        commands=(TRAIN,),
    )
    point_labels: str = option(
        "auto",
        "Points: the shipped file, one annotator drawn for each video, or the shipped file if there is one.",
        choices=("auto", "shipped", "mix"),
        commands=(TRAIN,),
    )
    lr: str = option(
        "[0.00001]*2000",
        "Learning rate of each step, as a list; ten times as much for the audio network. Its length is the training's.",
        unit="list of rates",
        commands=(TRAIN,),
    )
    weight_decay: float = option(5e-4, "L2, part of the gradient.", least=0, commands=(TRAIN,))
    batch_size: int = option(16, "Videos of a step.", unit="videos", least=1, commands=(TRAIN,))
    validate_every: int = option(100, "Steps between two evaluations.", unit="steps", least=1, commands=(TRAIN,))
    seed: int = seed_option(-1)
    num_workers: int = workers(8)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.modal != "all":
            raise OptionError(f"--modal {self.modal}: the model takes both modalities, so only 'all' can be used")
        if len(self.weights()) != 4:
            raise OptionError(f"--lambdas is a list of four numbers, not {self.lambdas!r}")
        if not self.rates():
            raise OptionError(f"--lr {self.lr!r} holds no rate: nothing would be trained")

    def weights(self) -> list[float]:
        """The lambdas."""
        return _floats("--lambdas", self.lambdas)

    def rates(self) -> list[float]:
        """The learning rate of each step."""
        return _floats("--lr", self.lr)

    def network(self) -> dict[str, Any]:
        return {"r_act": self.r_act, "dropout": self.dropout}


def _floats(name: str, text: str) -> list[float]:
    try:
        return parse_floats(text)
    except ValueError as error:
        raise OptionError(f"{name}: {error}") from error
