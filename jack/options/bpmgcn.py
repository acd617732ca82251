"""Options of BPM-GCN: the authors' names, with the values of the configuration file that they released."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from jack.methods.bpmgcn_options import AUTHORS, NUM_CLASSES, TrainingOptions
from jack.options.common import Options, checkpoint_option, seed_option
from jack.options.field import TEST, TRAIN, option, workers


@dataclass(frozen=True, kw_only=True)
class BPMGCNOptions(Options):
    """BPM-GCN's."""

    method: ClassVar[str] = "bpmgcn"

    data_path: str = option(
        "./dataset/Emotion-Gait", "Folder of train_joint.npy and so on.", commands=(TRAIN, TEST), changeable=True
    )
    work_dir: str = option(
        "./work_dir/temp", "Folder of configuration, log and results.", commands=(TRAIN, TEST), changeable=True
    )
    model_saved_name: str = option(
        "", "Folder of weights and TensorBoard's files; work_dir if there is none.", commands=(TRAIN,), changeable=True
    )
    checkpoint: str = checkpoint_option(("weights",))

    num_class: int = option(NUM_CLASSES, "Emotions.", least=1)
    width: int = option(64, "Channels of the first layers.", least=1)

    window_size: int = option(48, "Length of a clip; the model takes 48.", unit="frames", least=1)
    random_choose: bool = option(True, "Take a drawn window of longer clips.", commands=(TRAIN,))
    random_shift: bool = option(False, "Move the frames that are not zero in time.", commands=(TRAIN,))
    random_move: bool = option(True, "Rotate, scale and translate.", commands=(TRAIN,))
    shared_draws: bool = option(False, "Move posture and movement alike; the authors draw for each.", commands=(TRAIN,))
    normalization: bool = option(
        False, "Subtract means and divide by deviations, those of the training part.", commands=(TRAIN, TEST)
    )

    optimizer: str = option(AUTHORS.optimizer, "Optimizer.", choices=("SGD", "Adam"), commands=(TRAIN,))
    base_lr: float = option(AUTHORS.base_lr, "Learning rate of the first stage.", least=0, commands=(TRAIN,))
    step: tuple[int, ...] = option(
        AUTHORS.steps, "Epochs from which on the rate is a tenth of what it was.", unit="epochs", commands=(TRAIN,)
    )
    nesterov: bool = option(AUTHORS.nesterov, "Of the momentum.", commands=(TRAIN,))
    weight_decay: float = option(AUTHORS.weight_decay, "L2, on all parameters.", least=0, commands=(TRAIN,))
    warm_up_epoch: int = option(
        AUTHORS.warm_up_epochs, "The rate rises over so many epochs.", unit="epochs", least=0, commands=(TRAIN,)
    )
    only_train_part: bool = option(
        AUTHORS.only_train_part, "Keep the learned part of the graph up to only_train_epoch.", commands=(TRAIN,)
    )
    only_train_epoch: int = option(
        AUTHORS.only_train_epochs, "The last epoch of that, counted from 0.", unit="epochs", least=0, commands=(TRAIN,)
    )
    batch_size: int = option(AUTHORS.batch_size, "Clips of a step.", unit="clips", least=1, commands=(TRAIN,))
    test_batch_size: int = option(32, "Clips evaluated at once.", unit="clips", least=1, commands=(TRAIN, TEST))
    num_epoch: int = option(
        AUTHORS.epochs, "Length of the training.", unit="epochs", least=1, commands=(TRAIN,), changeable=True
    )
    seed: int = seed_option(AUTHORS.seed)
    num_workers: int = workers(20, ("num_worker",))

    def network(self) -> dict[str, Any]:
        return {"num_class": self.num_class, "width": self.width, "frames": self.window_size}

    def training(self) -> TrainingOptions:
        """What the method's own training takes."""
        return TrainingOptions(
            optimizer=self.optimizer,
            base_lr=self.base_lr,
            steps=self.step,
            epochs=self.num_epoch,
            batch_size=self.batch_size,
            weight_decay=self.weight_decay,
            nesterov=self.nesterov,
            warm_up_epochs=self.warm_up_epoch,
            only_train_part=self.only_train_part,
            only_train_epochs=self.only_train_epoch,
            seed=self.seed,
        )
