"""Where the files of a run lie, by the authors' options of each method."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from jack.errors import DatasetError
from jack.options import BPMGCNOptions, TSLNetOptions, VideoEmotionOptions
from jack.options.common import Options

STATE, BEST, LAST = "state.safetensors", "best.safetensors", "last.safetensors"


@dataclass(frozen=True)
class Places:
    """Folders of a training run.

    Attributes:
        outputs: configuration, log and report.
        checkpoints: weights, and what a resumed run needs.
        tensorboard: TensorBoard's files.
    """

    outputs: Path
    checkpoints: Path
    tensorboard: Path

    @property
    def state(self) -> Path:
        """What a resumed run needs."""
        return self.checkpoints / STATE

    @property
    def best(self) -> Path:
        """Weights of the best model."""
        return self.checkpoints / BEST

    @property
    def last(self) -> Path:
        """Weights at the end."""
        return self.checkpoints / LAST

    @property
    def config(self) -> Path:
        """The options of the run."""
        return self.outputs / "config.yaml"

    @property
    def log(self) -> Path:
        """A line of JSON for each step and evaluation."""
        return self.outputs / "log.jsonl"

    @property
    def timing(self) -> Path:
        """A line of JSON for each step: how long it took and waited for data."""
        return self.outputs / "timing.jsonl"

    @property
    def report(self) -> Path:
        """What came of it."""
        return self.outputs / "report.json"

    @property
    def bad_batch(self) -> Path:
        """The batch whose loss is no number."""
        return self.outputs / "bad_batch.npz"

    def make(self) -> None:
        """Make the folders, and remove files that a killed run left half written.

        Raises:
            DatasetError: if one cannot be made.
        """
        for folder in (self.outputs, self.checkpoints, self.tensorboard):
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise DatasetError(f"{folder}: the folder cannot be made: {error.strerror or error}") from error
        for name in (STATE, BEST, LAST):
            for half in self.checkpoints.glob(f".{name}.*"):
                half.unlink(missing_ok=True)


def training_places(options: Options, resume: bool) -> Places:
    """The places of a training run.

    Args:
        options: of the method.
        resume: find the run that is there: without a name, the one that was begun last.

    Raises:
        DatasetError: if there is no run to resume.
    """
    if isinstance(options, TSLNetOptions):
        return Places(Path(options.output_path), Path(options.model_path), Path(options.log_path))
    if isinstance(options, BPMGCNOptions):
        outputs = Path(options.work_dir)
        saved = Path(options.model_saved_name) if options.model_saved_name else outputs
        return Places(outputs, saved / "checkpoints", saved / "tensorboard")
    assert isinstance(options, VideoEmotionOptions)
    run = options.result_folder() / (options.expr_name or _dated("result"))
    if resume and not options.expr_name:
        runs = sorted(path.parent.parent for path in options.result_folder().glob(f"result_*/checkpoints/{STATE}"))
        if not runs:
            raise DatasetError(f"{options.result_folder()}: no run that could be resumed")
        run = runs[-1]
    return Places(run, run / "checkpoints", run / "tensorboard")


def test_folder(options: Options) -> Path:
    """Where the results of a test are written."""
    if isinstance(options, TSLNetOptions):
        return Path(options.output_path)
    if isinstance(options, BPMGCNOptions):
        return Path(options.work_dir)
    assert isinstance(options, VideoEmotionOptions)
    return options.result_folder() / (options.expr_name or _dated("test"))


def _dated(what: str) -> str:
    return f"{what}_{datetime.now():%Y%m%d_%H%M%S}"
