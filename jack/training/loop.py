"""The training loop, the same for every method and framework."""

from __future__ import annotations

import io
import math
import time
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np

from jack.checkpoints.write import replacing
from jack.errors import DatasetError
from jack.frameworks import Framework
from jack.runs.places import Places
from jack.runs.progress import make_progress
from jack.testing.outcome import Outcome
from jack.training.clock import StepClock
from jack.training.logs import JsonLog, TensorBoardLog, plain
from jack.training.state import RunState, save_state, step_seed, write_arrays
from jack.training.stop import Stop
from jack.training.tasks import Task
from jack.training.tasks.base import means

Say = Callable[[str], None]
STOP = "stop"  # among the figures that processes agree on


class DivergedError(Exception):
    """The loss is no number any more; one line that names the file with the batch."""


class Loop:
    """Trains a task from where its state is.

    Args:
        task: its model and optimizer are made, and hold what the state says.
        framework: that computes.
        places: of the run's files.
        state: where the run is; it goes on with it.
        stop: ends the run when it is requested.
        log: of the run; of several processes that train as one, the first has it.
        curves: for TensorBoard, if there is one.
        timing: of each step; not in the log, which is the same whenever the run is repeated.
        say: prints a line.
    """

    def __init__(
        self,
        task: Task,
        framework: Framework,
        places: Places,
        state: RunState,
        stop: Stop,
        log: JsonLog | None,
        curves: TensorBoardLog | None,
        timing: JsonLog | None,
        say: Say,
    ) -> None:
        self.task, self.framework, self.places, self.state = task, framework, places, state
        self.stop, self.log, self.curves, self.say = stop, log, curves, say
        self.timing, self.clock = timing, StepClock(task.batches)
        self.options = task.options
        self.limit = min(self.options.max_steps or task.steps(), task.steps())
        self.first = framework.rank == 0  # writes and evaluates for all
        self.ending = False
        self.progress = make_progress(self.first)
        self.bar = self.progress.add_task("", total=self.limit, completed=state.step, figures="")
        self.saved_step = state.step
        self.since, self.done_since = time.monotonic(), 0
        self.before = state.seconds
        self.started = time.monotonic()

    def run(self) -> bool:
        """Train to the end.

        Returns:
            whether the end was reached; if not, the run was stopped and everything is saved.

        Raises:
            DivergedError: if the loss is no number.
            CheckpointError, DatasetError: if a file cannot be read or written.
        """
        task, state = self.task, self.state
        with self.progress:
            while state.step < self.limit and task.goes_on(state.epoch):
                self._start_stretch()
                count, first, began = len(task.batches), state.position, state.step
                self.clock.start()
                for number, batch in task.batches.numbered(state.epoch, state.position):
                    if batch is not None:
                        self._step(batch, number)
                    state.position = number + 1
                    self._after_step(trained=batch is not None, epoch_over=state.position == count)
                    if self.ending or (batch is None and self.stop.requested):
                        self._save()
                        return False
                    if state.step >= self.limit:
                        break
                    self.clock.start()
                if state.step == began and first == 0:
                    raise DatasetError(
                        f"none of the {len(task.batches.chosen)} {task.unit} of the training can be read"
                    )
                if state.position >= count:
                    state.epoch, state.position = state.epoch + 1, 0
            if self.saved_step != state.step:
                self._save()
        return True

    def _start_stretch(self) -> None:
        self.task.model.train()
        if not self.state.samples:
            self.since, self.done_since = time.monotonic(), 0
            self.clock.clear()

    def _step(self, batch: Any, number: int) -> None:
        task, state = self.task, self.state
        rate = task.start_step(state.epoch, state.step)
        self.framework.seed(step_seed(state.seed, state.step + 1, self.framework.rank))
        logs = task.step(batch, state.epoch, number)
        self.framework.finish()
        logs = self.framework.agree({**logs, STOP: float(self.stop.requested)})
        self.ending = logs.pop(STOP) > 0  # one is told, all end
        if not math.isfinite(logs["loss"]):
            raise DivergedError(self._kept(batch, logs["loss"]))
        size = task.size(batch) * self.framework.ranks
        state.step += 1
        state.samples += size
        self.done_since += size
        for name, value in logs.items():
            state.sums[name] = state.sums.get(name, 0.0) + value * size
        record = {"kind": "step", "step": state.step, "epoch": state.epoch + 1, "lr": rate, **logs}
        if self.log:
            self.log.write(record)
        times = self.clock.stop()
        if self.timing:
            self.timing.write({"step": state.step, **times})
        if self.curves:
            self.curves.write("train/step", {"lr": rate, **logs}, state.step)
            self.curves.write("train/time", times, state.step)
        self._show(logs)

    def _after_step(self, trained: bool, epoch_over: bool) -> None:
        """Evaluate and save if it is time to."""
        state = self.state
        at_end = state.step >= self.limit
        due = self.task.evaluates(state.step, epoch_over) and (trained or epoch_over)
        if due or at_end:
            self._evaluate()
            position, epoch = state.position, state.epoch
            if epoch_over:  # what is saved goes on with the next epoch
                state.epoch, state.position = epoch + 1, 0
            self._save()
            state.position, state.epoch = position, epoch
            self._start_stretch()
        elif trained and self.options.save_every and state.step % self.options.save_every == 0:
            self._save()

    def _evaluate(self) -> None:
        """Close the stretch since the last evaluation: means, evaluation, the best model, a line."""
        task, state = self.task, self.state
        speed = self.done_since / max(time.monotonic() - self.since, 1e-9)
        train = means(state.sums, state.samples)
        outcome = self._outcome() if task.evaluation is not None and self.first else None
        better = outcome is not None and (state.best is None or outcome.score > state.best)
        if outcome is not None and better:
            state.best, state.best_step = outcome.score, state.step
            self.save_weights(best=True)
        record: dict[str, Any] = {"kind": "evaluation", "step": state.step, "epoch": state.epoch + 1}
        record.update({f"train_{name}": value for name, value in train.items()})
        if outcome is not None:
            record.update({f"val_{name}": value for name, value in outcome.figures.items()}, best=better)
        if self.log:
            self.log.write(record)
        state.history.append(plain(record))
        if self.curves:
            self.curves.write("train/epoch", train, state.step)
            self.curves.write("val", outcome.figures if outcome else {}, state.step)
        state.sums, state.samples = {}, 0
        self.say(self._line(train, outcome, better, speed))

    def _outcome(self) -> Outcome:
        assert self.task.evaluation is not None
        bar = self.progress.add_task("  evaluation", total=len(self.task.evaluation), figures="")
        try:
            return self.task.evaluation.run(self.task.model, lambda: self.progress.advance(bar))
        finally:
            self.progress.remove_task(bar)

    def _line(self, train: dict[str, float], outcome: Outcome | None, better: bool, speed: float) -> str:
        epochs = self.task.epochs()
        where = f"epoch {self.state.epoch + 1}/{epochs}, " if epochs else ""
        parts = [f"{name} {train[name]:.4f}" for name in ("loss", "acc") if name in train]
        text = f"{where}step {self.state.step}/{self.limit}: {', '.join(parts)}"
        if outcome is not None:
            text += f"; {self.options.select_on} {outcome.score_name} {outcome.score:.4f}{' (best)' if better else ''}"
        if not self.done_since:
            return text
        return f"{text}; {speed:.1f} {self.task.unit}/s, {self.clock.share:.0%} of the time waiting for data"

    def _show(self, logs: dict[str, float]) -> None:
        speed = self.done_since / max(time.monotonic() - self.since, 1e-9)
        figures = " ".join(f"{name} {logs[name]:.4f}" for name in ("loss", "acc") if name in logs)
        epochs = self.task.epochs()
        text = f"epoch {self.state.epoch + 1}/{epochs}" if epochs else "steps"
        self.progress.update(
            self.bar,
            completed=self.state.step,
            description=text,
            figures=f"{figures} {speed:.1f} {self.task.unit}/s",
        )

    def _save(self) -> None:
        state = self.state
        self.saved_step = state.step
        if self.log is None:
            return
        state.log_bytes = self.log.length
        state.seconds = self.before + time.monotonic() - self.started
        save_state(self.places.state, state, self.framework, self.task.model, self.task.optimizer, self.options)

    def save_weights(self, best: bool) -> None:
        """Write the weights alone, as best.safetensors or last.safetensors."""
        state = self.state
        metadata = {"format": "pt", "method": self.options.method, "framework": self.framework.name}
        metadata.update(step=str(state.step), score=str(state.best if best else None))
        path = self.places.best if best else self.places.last
        write_arrays(path, self.framework.weights(self.task.model), metadata)

    def _kept(self, batch: Any, loss: float) -> str:
        """Write the batch that is to blame; returns the sentence about it."""
        path = self.places.bad_batch
        if not self.first:
            path = path.with_stem(f"{path.stem}_{self.framework.rank}")
        with replacing(path) as file, zipfile.ZipFile(file, "w") as archive:
            for name, array in self.task.arrays(batch).items():
                data = io.BytesIO()
                np.lib.format.write_array(data, np.asarray(array), allow_pickle=False)  # type: ignore[no-untyped-call]
                archive.writestr(f"{name}.npy", data.getbuffer())
        step, saved = self.state.step + 1, self.saved_step
        back = f"step {saved} is saved" if saved else "no step is saved"
        return f"step {step}: the loss is {loss}; its batch is in {path}, {back}; try a smaller learning rate"
