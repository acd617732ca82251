"""jack-parity train: runs that agree, that part at a known step, that crash; our methods' runs."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from click.testing import CliRunner

from parity.cli import main
from parity.training.run import Report, compare_logs, relative_difference, run_training, step_of
from parity.training.table import as_json, as_text
from parity.training.trainee import Bounds, available

TINY = '''
"""A linear model that learns a sum; the Jittor side may be given a flaw from step 4 on."""
import importlib

import numpy as np

from parity.training.trainee import Bounds


class Tiny:
    size = "eight numbers"
    bounds = Bounds()

    def __init__(self, name, flaw=None):
        self.name, self.flaw = name, flaw

    def make_model(self, backend):
        module = importlib.import_module("torch.nn" if backend.name == "torch" else "jittor.nn")
        return module.Linear(8, 1)

    def steps(self, backend, model, seed, count):
        draw = np.random.default_rng(seed)
        for number in range(1, count + 1):
            x = draw.standard_normal((16, 8)).astype(np.float32)
            loss = ((model(backend.tensor(x)) - backend.tensor(x.sum(1, keepdims=True))) ** 2).mean()
            parameters = backend.named_parameters(model)
            gradients = backend.gradients(loss, parameters)
            rate = 0.1
            if backend.name == "jittor" and number >= 4 and self.flaw == "rate":
                rate = 0.12
            if backend.name == "jittor" and number >= 4 and self.flaw == "crash":
                raise RuntimeError("out of ideas")
            state = backend.state(model)
            for name, gradient in gradients.items():
                state[name] = state[name] - rate * gradient
            backend.load_weights(model, state)
            yield {"loss": float(backend.numpy(loss).reshape(-1)[0])}


GOOD, RATE, CRASH = Tiny("good"), Tiny("rate", "rate"), Tiny("crash", "crash")
'''


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Report]:
    """Six steps of each tiny training, found through the entry points of a package of its own."""
    package = tmp_path_factory.mktemp("package")
    (package / "tiny_training.py").write_text(TINY)
    info = package / "tiny_training-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny-training\nVersion: 1.0\n")
    entries = "".join(f"tiny_{name} = tiny_training:{name.upper()}\n" for name in ("good", "rate", "crash"))
    (info / "entry_points.txt").write_text(f"[jack_parity.training]\n{entries}")
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(package))
        for name in ("good", "rate", "crash"):
            trainee = available()[f"tiny_{name}"]
            trainee.name = f"tiny_{name}"
            work = tmp_path_factory.mktemp(name)
            found[name] = run_training(trainee, 1, 6, work, 900, noise=name == "good")
    return found


def test_the_same_training_agrees(reports: dict[str, Report]) -> None:
    report = reports["good"]
    assert report.ok, as_text(report)
    assert len(report.steps) == 6 and report.steps[0].torch["loss"] > report.steps[-1].torch["loss"]
    assert report.worst < 1e-5 and report.drift < 1e-5 and max(report.noise) < 1e-5
    assert "tiny_good: agrees: 6 of 6 steps" in as_text(report)


def test_a_wrong_rate_shows_one_step_later(reports: dict[str, Report]) -> None:
    report = reports["rate"]
    assert not report.ok and report.parting is not None
    assert (report.parting.step, report.parting.figure, report.parting.tensor) == (5, "loss", "weight")
    assert report.drift > report.bounds.drift
    assert "they part at step 5, in loss; before it weight differed most" in as_text(report)


def test_a_run_that_crashes_is_reported_with_its_last_words(reports: dict[str, Report]) -> None:
    report = reports["crash"]
    assert not report.ok and len(report.steps) == 3 and math.isnan(report.drift)
    assert "out of ideas" in report.problems[0] and report.problems[0].startswith("jittor: ended with status 1")
    assert json.loads(json.dumps(as_json(report)))["drift"] is None


def test_figures_that_one_side_lacks_or_that_are_no_numbers_never_agree() -> None:
    assert step_of({"loss": 1.0}, {"loss": 1.0, "extra": 0.0}).relative == math.inf
    assert step_of({"loss": 1.0, "term": 2.0}, {"loss": 1.0}).relative == math.inf
    assert step_of({"loss": math.nan}, {"loss": math.nan}).relative == 0.0
    assert step_of({"loss": 1.0}, {"loss": math.nan}).relative == math.inf
    report = Report("m", "", Bounds(), 1)
    compare_logs(report, [{"figures": {"loss": 1.0}, "moves": {}}], [{"figures": {"loss": math.nan}, "moves": {}}])
    assert report.parting is not None and not report.ok


def test_a_term_is_measured_by_the_loss_where_it_is_small_beside_it() -> None:
    assert relative_difference(1.1, 1.0) == pytest.approx(0.1)
    assert step_of({"loss": 2.0, "term": 1e-9}, {"loss": 2.0, "term": 2e-9}).relative == pytest.approx(5e-10)
    assert step_of({"loss": 2.0, "term": 1.0}, {"loss": 2.0, "term": 1.1}).relative == pytest.approx(0.05)


def test_unknown_method() -> None:
    outcome = CliRunner().invoke(main, ["train", "--method", "none"])
    assert outcome.exit_code == 2 and "there are: bpmgcn, cten, tslnet, vaanet" in outcome.output


def test_stopping_the_command_is_no_crash_of_ours() -> None:
    """The handler of SIGTERM is in place once a subcommand runs."""
    import signal

    CliRunner().invoke(main, ["train", "--method", "none"])
    assert callable(signal.getsignal(signal.SIGTERM))


@pytest.mark.slow
@pytest.mark.parametrize("method", ["bpmgcn", "cten", "tslnet", "vaanet"])
def test_thirty_steps_of_each_method(method: str, tmp_path: Path) -> None:
    report = run_training(available()[method], 0, 30, tmp_path, 3600)
    assert report.ok, as_text(report)
