"""VAANet and CTEN against their authors' figures in both frameworks, and the distributions that they start from."""

import pytest

from parity.arrays import load_arrays
from parity.golden.run import compare_side, run_suite
from parity.golden.suite import available
from parity.golden.table import as_text
from parity.isolation import run_python
from tests.jack.video_models import fits, small_model, start_of
from tests.jack.video_side import DATA

METHODS = ("vaanet", "cten")
AFTER_THE_BACKBONE = ("state", "head_eval")  # what compiles quickly in Jittor


@pytest.fixture(scope="module")
def sides(tmp_path_factory):
    """What each framework wrote, in a process of its own: see tests/jack/video_side.py."""
    written = {}

    def side(framework):
        if framework not in written:
            folder = tmp_path_factory.mktemp(framework)
            sections = AFTER_THE_BACKBONE if framework == "jittor" else ()
            arguments = [framework, str(folder), *sections]
            outcome = run_python("tests.jack.video_side", arguments, folder / "log.txt", 1800)
            assert outcome.ok, f"{outcome.reason}\n{outcome.tail()}"
            written[framework] = folder
        return written[framework]

    return side


@pytest.mark.parametrize("method", METHODS)
def test_torch_agrees_with_the_authors(method, tmp_path):
    report = run_suite(available()[method], DATA, ["torch"], tmp_path, 1800)
    assert report.ok, as_text(report)
    stored = {name for file in ("", "_pipeline") for name in load_arrays(DATA / f"{method}{file}.npz")}
    seen = {row.name for row in report.rows} | set(report.not_compared)
    assert {name for name in stored if not any(s == name or s.startswith(f"{name}/") for s in seen)} == set()


@pytest.mark.parametrize("method", METHODS)
def test_jittor_agrees_with_the_authors_after_the_backbone(method, sides):
    recorded = available()[method].recorded(DATA)
    computed = {}
    for section in AFTER_THE_BACKBONE:
        computed.update(load_arrays(sides("jittor") / f"{method}_{section}.npz"))
    parts = ("state_dict", "trainable", "head_eval_", "audio_seg0_eval")
    assert set(computed) == {name for name in recorded.entries if name.startswith(parts)}
    rows = [row for row in compare_side("jittor", recorded, computed) if row.name in computed]
    assert {row.name: row.difference for row in rows if not row.difference.ok} == {}


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_jittor_agrees_with_the_authors(method, tmp_path):
    report = run_suite(available()[method], DATA, ["jittor"], tmp_path, 3600)
    assert report.ok, as_text(report)


@pytest.mark.parametrize("framework", ["torch", "jittor"])
@pytest.mark.parametrize("method", METHODS)
def test_parameters_start_from_the_authors_distributions(method, framework, sides):
    found = load_arrays(sides(framework) / "starts.npz")
    model = small_model(method)
    shapes = {name: tuple(value.shape) for name, value in model.named_parameters()}
    wrong = {}
    for name in shapes:
        start = start_of(method, name, shapes)
        if not fits(start, found[f"{method}/{name}"]):
            wrong[name] = (start, found[f"{method}/{name}"])
    assert wrong == {}
    for name in model.state_dict():
        if "running_" in name:
            assert list(found[f"{method}/{name}"][1:3]) == [float(name.endswith("var")), 0.0], name


@pytest.mark.parametrize("framework", ["torch", "jittor"])
@pytest.mark.parametrize("method", METHODS)
def test_a_frozen_backbone_does_not_go_into_training_mode(method, framework, sides):
    training = set(load_arrays(sides(framework) / "modes.npz")[method].tolist())
    names = {name for name, _ in small_model(method).named_modules()}
    assert training == {name for name in names if name != "resnet" and not name.startswith("resnet.")}
