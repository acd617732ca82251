"""What a training run of BPM-GCN is made of: optimizer, learning rates, lengths (plain Python)."""

from __future__ import annotations

from dataclasses import dataclass

MOMENTUM = 0.9
SMALLEST_RATE = 1e-6  # training ends when the learning rate falls below it
NUM_CLASSES = 4
CLASSES = ("Happy", "Sad", "Angry", "Neutral")


@dataclass(frozen=True)
class TrainingOptions:
    """A training run; the defaults are the configuration file that the authors released.

    Attributes:
        optimizer: "SGD" (momentum 0.9) or "Adam".
        base_lr: learning rate of the first stage.
        steps: epochs, counted from 0, from which on the rate is a tenth of what it was.
        epochs: length of the run.
        batch_size: clips of a step; a last batch that is not full is left out in training, never in a test.
        weight_decay: L2, on all parameters: norms and biases too.
        nesterov: of the momentum.
        warm_up_epochs: over so many epochs the rate rises linearly to base_lr.
        only_train_part: keep the learned part of the graph as it is while epoch <= only_train_epochs.
        only_train_epochs: the last epoch, counted from 0, of that.
        seed: of weights, order and augmentation.
    """

    optimizer: str = "SGD"
    base_lr: float = 0.075
    steps: tuple[int, ...] = (25, 50, 75, 100)
    epochs: int = 125
    batch_size: int = 32
    weight_decay: float = 1e-3
    nesterov: bool = True
    warm_up_epochs: int = 0
    only_train_part: bool = False
    only_train_epochs: int = 0
    seed: int = 4

    def __post_init__(self) -> None:
        if self.optimizer not in ("SGD", "Adam"):
            raise ValueError(f"optimizer is 'SGD' or 'Adam', not {self.optimizer!r}")

    def learning_rate(self, epoch: int) -> float:
        """The rate of an epoch, counted from 0."""
        if epoch < self.warm_up_epochs:
            return self.base_lr * (epoch + 1) / self.warm_up_epochs
        return self.base_lr * 0.1 ** sum(epoch >= step for step in self.steps)

    def graph_is_trained(self, epoch: int) -> bool:
        """Whether the learned part of the graph (the parameters PA) moves in an epoch."""
        return not self.only_train_part or epoch > self.only_train_epochs

    def goes_on(self, epoch: int) -> bool:
        """Whether there is such an epoch: the run is not over and the rate has not become too small."""
        return epoch < self.epochs and self.learning_rate(epoch) >= SMALLEST_RATE


AUTHORS = TrainingOptions()
# The paper's text; it names neither seed nor nesterov, which are taken from the released configuration.
PAPER = TrainingOptions(base_lr=0.01, steps=(30, 60), epochs=80)
# What the authors' command line falls back to without a configuration file.
PARSER = TrainingOptions(
    base_lr=0.01, steps=(20, 40, 60), epochs=80, batch_size=2, weight_decay=5e-4, nesterov=False, seed=1
)
CONFIGURATIONS = {"authors": AUTHORS, "paper": PAPER, "parser": PARSER}
