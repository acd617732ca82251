"""Options that every method has."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from jack.options.field import ALL, INFER, TEST, TRAIN, OptionError, option, options_of, workers

FRAMEWORKS = ("jittor", "torch")
SELECT_ON = ("validation", "test", "none")


def checkpoint_option(aliases: tuple[str, ...] = ()) -> Any:
    """The option ``checkpoint``."""
    return option(
        "",
        "File of weights, in any format of `jack convert-checkpoint`; a training starts from them.",
        commands=ALL,
        aliases=aliases,
    )


def seed_option(default: int) -> Any:
    """The option ``seed``."""
    return option(
        default,
        "Of weights, order, augmentation, dropout and the validation split; -1 draws one and notes it.",
        least=-1,
        commands=(TRAIN, TEST, INFER),
    )


@dataclass(frozen=True, kw_only=True)
class Options:
    """What all methods have in common; a method's own options follow in its class.

    Raises:
        OptionError: for a value that an option cannot have.
    """

    method: ClassVar[str]

    framework: str = option("jittor", "Which framework computes.", choices=FRAMEWORKS, changeable=True)
    device: str = option("cpu", "Where it computes.", choices=("cpu", "cuda"), changeable=True)
    threads: int = option(
        0, "Threads of the computation; 0 leaves the choice to the framework.", unit="threads", least=0, changeable=True
    )
    optimize: bool = option(
        False,
        "Optimize the model for these inputs first, Jittor on the CPU only: see `jack optimize`. It pays where a model"
        " is called often.",
        commands=(INFER,),
        changeable=True,
    )
    checkpoint: str = checkpoint_option()
    seed: int = seed_option(0)
    num_workers: int = workers(0)
    validation_share: float = option(
        0.1,
        "Share of the training part, of each class where there are classes, on which the best model is chosen.",
        unit="0 to 1",
        least=0,
        commands=(TRAIN,),
    )
    select_on: str = option(
        "validation",
        "What the best model is chosen on: samples kept out of the training, the test set as the authors do, or none.",
        choices=SELECT_ON,
        commands=(TRAIN,),
    )
    save_every: int = option(
        0,
        "Save what a resumed run needs after so many steps, besides the end of each epoch; 0 does not.",
        unit="steps",
        least=0,
        commands=(TRAIN,),
        changeable=True,
    )
    max_steps: int = option(
        0,
        "End after so many steps in all; 0 trains to the end.",
        unit="steps",
        least=0,
        commands=(TRAIN,),
        changeable=True,
    )
    skip_bad: bool = option(
        False,
        "Leave samples out that cannot be read, and report them; otherwise the first one ends the run.",
        commands=(TRAIN, TEST),
    )

    def __post_init__(self) -> None:
        for one in options_of(type(self)):
            one.check(getattr(self, one.name))
        if not 0 <= self.validation_share < 1:
            raise OptionError(f"--validation-share is from 0 to below 1, not {self.validation_share}")

    def network(self) -> dict[str, Any]:
        """Arguments of the model's constructor."""
        raise NotImplementedError

    def as_dict(self) -> dict[str, Any]:
        """Names and values, as in a configuration file."""
        return {one.name: getattr(self, one.name) for one in options_of(type(self))}

    def replaced(self, values: Mapping[str, Any]) -> Options:
        """The same with other values."""
        return dataclasses.replace(self, **values)
