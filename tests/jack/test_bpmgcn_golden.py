"""``jack-parity golden`` for BPM-GCN, in both frameworks."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from jack.golden.bpmgcn import BPMGCNSuite
from parity.arrays import load_arrays, save_arrays
from parity.golden.run import run_suite
from parity.golden.suite import available
from parity.golden.table import as_text

DATA = Path(__file__).parents[1] / "golden"

FLOAT32_ONLY = """
from jack.golden.bpmgcn import BPMGCNSuite
SUITE = BPMGCNSuite("bpmgcn_float32", ["f32"])
"""


@pytest.fixture(scope="module")
def torch_report(tmp_path_factory):
    return run_suite(available()["bpmgcn"], DATA, ["torch"], tmp_path_factory.mktemp("torch"), 1800)


@pytest.fixture
def float32_suite(tmp_path, monkeypatch):
    """The suite without float64, installed in a folder of its own: the worker finds suites by entry points."""
    (tmp_path / "float32_golden.py").write_text(FLOAT32_ONLY)
    info = tmp_path / "float32_golden-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: float32-golden\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[jack_parity.golden]\nbpmgcn_float32 = float32_golden:SUITE\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return available()["bpmgcn_float32"]


@pytest.fixture
def copy(tmp_path):
    folder = tmp_path / "copy"
    folder.mkdir()
    for name in BPMGCNSuite.files:
        shutil.copy(DATA / name, folder)
    return folder


def change_config(folder, **values):
    arrays = load_arrays(folder / "bpmgcn.npz")
    arrays["config"] = np.array(json.dumps({**json.loads(str(arrays["config"])), **values}))
    save_arrays(folder / "bpmgcn.npz", arrays)


def failed(report):
    return {row.name for row in report.rows if not row.difference.ok}


def test_torch_agrees_with_the_authors(torch_report):
    assert torch_report.ok, as_text(torch_report)


def test_jittor_agrees_with_the_authors_in_float32(float32_suite, tmp_path):
    (tmp_path / "work").mkdir()
    report = run_suite(float32_suite, DATA, ["jittor"], tmp_path / "work", 1800)
    assert report.ok, as_text(report)
    assert sum(row.side == "jittor" for row in report.rows) > 100


@pytest.mark.slow
def test_jittor_agrees_with_the_authors(tmp_path):
    report = run_suite(available()["bpmgcn"], DATA, ["jittor"], tmp_path, 1800)
    assert report.ok, as_text(report)
    assert any(row.name == "f64/eval/score" and row.side == "jittor" for row in report.rows)


def test_every_recorded_array_is_compared_or_has_a_reason(torch_report):
    names = {row.name for row in torch_report.rows} | set(torch_report.not_compared)
    parts = {"losses_m_p_aff_total": "losses_first_step", "grad_norm": "grad_norm_zero"}
    for name in load_arrays(DATA / "bpmgcn.npz"):
        prefix, _, leaf = name.rpartition("/")
        assert (f"{prefix}/{parts[leaf]}" if leaf in parts else name) in names, name
    assert set(torch_report.not_compared) == {"config", "aug/clip"}


def test_the_tolerances_are_those_of_the_readme(torch_report):
    by_name = {row.name: str(row.tolerance) for row in torch_report.rows}
    assert by_name["f32/eval_half/score"] == "2e-06"
    assert by_name["f32/eval/score"] == "1e-05 of max"
    assert by_name["f32/train/affective"] == by_name["f32/train/losses_first_step"] == "1e-05"
    assert by_name["f32/train/losses_later_steps"] == "2e-03 rel"
    assert by_name["f32/train/param_after1_norm"] == "1e-04"
    assert by_name["f32/train/bn_after1_norm"] == "1e-05 rel"
    assert by_name["f64/train/grad_norm"] == "1e-09 of max"


def test_the_inputs_come_from_the_configuration(copy, tmp_path):
    change_config(copy, seed=1)
    report = run_suite(available()["bpmgcn"], copy, [], tmp_path, 600)
    assert failed(report) == {"joint", "movement", "feature", "label", "aug/random_move", "aug/random_shift"} | {
        f"aug/random_choose{size}" for size in (48, 72)
    }


@pytest.mark.slow
def test_the_weights_come_from_the_configuration(copy, tmp_path):
    change_config(copy, salt=1)
    report = run_suite(available()["bpmgcn"], copy, ["torch"], tmp_path, 1800)
    assert {"f32/eval/score", "f64/eval_half/mid/l1_p/slice", "f32/train/grad_norm", "f32/train/param_after1_norm"} <= (
        failed(report)
    )


def test_a_foreign_folder_is_refused_in_one_line(copy):
    arrays = load_arrays(copy / "bpmgcn.npz")
    del arrays["config"]
    save_arrays(copy / "bpmgcn.npz", arrays)
    with pytest.raises(Exception, match="is no golden folder of bpmgcn"):
        available()["bpmgcn"].recorded(copy)
