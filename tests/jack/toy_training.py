"""A training of a small network through the loop of `jack train`, in a process that can be killed at any moment.

``python -m tests.jack.toy_training FRAMEWORK FOLDER [--resume] [--end MOMENT:NUMBER[:SIGNAL]]``; a moment is ``step``
(after the optimizer, before anything is noted), ``evaluation``, or ``save`` (a file is written, but not in its place).
"""

import argparse
import os
import random
import signal
import sys
from types import SimpleNamespace

import numpy as np

from jack.datasets.batches import Batches
from jack.frameworks import method_module
from jack.options import BPMGCNOptions
from jack.options.command_line import ERRORS
from jack.testing.outcome import classified
from jack.training import run
from jack.training.tasks.base import Task

SAMPLES, FEATURES, CLASSES = 18, 6, 3
EPOCHS = 3


class Toys:
    """Points around a centre for each class; every reading of one draws noise."""

    def __len__(self):
        return SAMPLES

    def read(self, index, draw):
        centre = np.eye(CLASSES, FEATURES)[index % CLASSES]
        noise = [draw.uniform(-1, 1) for _ in range(FEATURES)]
        return (centre + noise).astype(np.float32), index % CLASSES

    def collate(self, items):
        return SimpleNamespace(x=np.stack([x for x, _ in items]), y=np.array([y for _, y in items], dtype=np.int64))


class ToyEvaluation:
    def __init__(self, task, ending):
        self.task, self.ending = task, ending

    def __len__(self):
        return 1

    def close(self):
        pass

    def run(self, model, progress=None):
        self.ending("evaluation")
        model.eval()
        toys = Toys()
        batch = toys.collate([toys.read(index, random.Random(index)) for index in range(SAMPLES)])
        logits = self.task.logits(batch).detach().numpy()
        return classified([str(n) for n in range(SAMPLES)], logits, batch.y, ("a", "b", "c"), {})


class ToyTask(Task):
    unit = "points"

    def __init__(self, framework, options, ending, workers):
        super().__init__(framework, options)
        self.ending = ending
        if framework.name == "torch":
            import torch

            self.nn, self.adam = torch.nn, torch.optim.Adam
            self.tensor = lambda array: torch.from_numpy(array)
        else:
            helpers = method_module(framework, "jittor_helpers")
            self.nn, self.adam, self.tensor = helpers, helpers.Adam, helpers.from_numpy
        self.batches = Batches(Toys(), 4, seed=options.seed, shuffle=True, workers=workers)
        self.evaluation, self.selected_on = ToyEvaluation(self, ending), "toys"

    def build(self):
        nn = self.nn
        layers = nn.Linear(FEATURES, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, CLASSES)
        self.model = nn.Sequential(*layers)
        self.optimizer = self.adam(self.model.parameters(), lr=0.05, weight_decay=0.01)

    def epochs(self):
        return EPOCHS

    def steps(self):
        return EPOCHS * len(self.batches)

    def goes_on(self, epoch):
        return epoch < EPOCHS

    def start_step(self, epoch, step):
        rate = 0.05 * 0.5**epoch
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        return rate

    def logits(self, batch):
        return self.model(self.tensor(batch.x))

    def step(self, batch, epoch, number):
        loss = self.nn.CrossEntropyLoss()(self.logits(batch), self.tensor(batch.y))
        self.optimizer.zero_grad()
        if self.framework.name == "torch":
            loss.backward()
        else:
            self.optimizer.backward(loss)
        self.optimizer.step()
        value = float(loss.item())
        self.ending("step")
        return {"loss": value}

    def size(self, batch):
        return len(batch.y)

    def name(self, index):
        return str(index)

    def arrays(self, batch):
        return {"x": batch.x, "y": batch.y}


class Ending:
    """Sends this process a signal when a moment comes for the n-th time."""

    def __init__(self, text):
        self.moment, number, name = (text.split(":") + ["KILL"])[:3]
        self.left, self.signal = int(number), getattr(signal, f"SIG{name}")

    def __call__(self, moment):
        if moment == self.moment:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), self.signal)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("framework")
    parser.add_argument("folder")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--end", default="never:0")
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--save-every", type=int, default=2)
    given = parser.parse_args()
    ending = Ending(given.end)
    sync = os.fsync

    def ending_sync(file):
        ending("save")
        sync(file)

    os.fsync = ending_sync  # a file is written then, but has not taken its place
    run.make_task = lambda framework, options, on_bad: ToyTask(framework, options, ending, given.workers)
    options = BPMGCNOptions(
        framework=given.framework, work_dir=given.folder, seed=7, threads=1, save_every=given.save_every
    )
    try:
        return run.run_train(options, given.resume, "the same command")
    except ERRORS as error:
        print(f"jack: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
