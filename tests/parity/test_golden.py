"""``jack-parity golden``: TSL-Net agrees, and the command notices what does not."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from parity.arrays import load_arrays, save_arrays
from parity.cli import main
from parity.golden.run import run_suite
from parity.golden.suite import available
from parity.golden.table import as_json, as_text

DATA = Path(__file__).parents[1] / "golden"
HOST_FRAMEWORKS: list[str] = []


@pytest.fixture(scope="module")
def torch_report(tmp_path_factory):
    return run_suite(available()["tslnet"], DATA, ["torch"], tmp_path_factory.mktemp("torch"), 1800)


@pytest.fixture
def copy(tmp_path):
    """A copy of the golden folder of TSL-Net that may be changed."""
    folder = tmp_path / "copy"
    shutil.copytree(DATA, folder, ignore=lambda _, names: [n for n in names if not n.startswith("tslnet")])
    shutil.copytree(DATA / "tslnet", folder / "tslnet", dirs_exist_ok=True)
    return folder


def change(folder, name, file="tslnet.npz", by=1e-2):
    arrays = load_arrays(folder / file)
    arrays[name] = (arrays[name] + np.asarray(by, dtype=arrays[name].dtype)).astype(arrays[name].dtype)
    save_arrays(folder / file, arrays)


def test_torch_agrees_with_the_authors(torch_report):
    assert torch_report.ok, as_text(torch_report)


def test_jittor_agrees_with_the_authors(tmp_path):
    report = run_suite(available()["tslnet"], DATA, ["jittor"], tmp_path, 1800)
    assert report.ok, as_text(report)


def test_every_recorded_array_is_compared_or_has_a_reason(torch_report):
    compared = {row.name for row in torch_report.rows}
    for file in ("tslnet.npz", "tslnet_seeds.npz"):
        for name in load_arrays(DATA / file):
            covered = {name, f"{name}/intervals"}
            assert covered & (compared | set(torch_report.not_compared)), name
    assert not compared & set(torch_report.not_compared)
    reasons = set(torch_report.not_compared.values())
    assert len(reasons) == 4 and all(reasons)


def test_the_strict_tolerances_are_those_of_the_readme(torch_report):
    by_name = {row.name: str(row.tolerance) for row in torch_report.rows}
    assert by_name["eval/cas_sigmoid_fuse"] == by_name["trainmode/cas_softmax_dis"] == "2e-05"
    assert by_name["trainmode/loss_total"] == by_name["seed03/loss_frame"] == "1e-04"
    assert by_name["xseed07/act_seed"] == by_name["trainmode/loss_pos_num"] == "exact"


def test_the_report_shows_figures_tolerances_and_times(torch_report):
    text = as_text(torch_report)
    assert "xseed*/act_seed (36)" in text and "max abs diff" in text and "agrees" in text
    assert "NaN in the authors' code" in text
    plain = json.loads(json.dumps(as_json(torch_report)))
    assert plain["ok"] and len(plain["rows"]) == len(torch_report.rows)


@pytest.mark.parametrize(
    "name", ["prop/upsampled", "prop/nms_class1", "dataset/train/2_c_3/rgb_sum", "train_in/point_anno"]
)
def test_a_changed_figure_fails_and_is_named(copy, tmp_path, name):
    change(copy, name, by=1)
    report = run_suite(available()["tslnet"], copy, HOST_FRAMEWORKS, tmp_path, 600)
    assert not report.ok
    assert [row.name for row in report.rows if not row.difference.ok] == [name]
    assert any(name in line and line.endswith("FAIL") for line in as_text(report).splitlines())


def test_a_changed_json_fails_and_is_named(copy, tmp_path):
    path = copy / "tslnet" / "pipeline_result.json"
    result = json.loads(path.read_text())
    result["results"]["vid03"][1]["score"] += 1e-4
    path.write_text(json.dumps(result))
    report = run_suite(available()["tslnet"], copy, HOST_FRAMEWORKS, tmp_path, 600)
    assert [row.name for row in report.rows if not row.difference.ok] == ["pipeline/vid03/intervals"]


def test_seeds_come_from_the_files(copy, tmp_path):
    arrays = load_arrays(copy / "tslnet.npz")
    meta = json.loads(str(arrays["meta"]))
    arrays["meta"] = np.array(json.dumps({**meta, "seed": meta["seed"] + 1}))
    arrays["dataset/random_perturb_5_of_40_npseed9"] = np.array([0, 0, 0, 0, 0])
    save_arrays(copy / "tslnet.npz", arrays)
    report = run_suite(available()["tslnet"], copy, HOST_FRAMEWORKS, tmp_path, 600)
    failed = {row.name for row in report.rows if not row.difference.ok}
    assert {"dataset/csv_written", "dataset/train/1_a_1/rgb_sum", "dataset/random_perturb_5_of_40_npseed9"} <= failed
    assert all(name.startswith("dataset/") for name in failed)


FAKE_SUITE = """
import os
import numpy as np
from parity.tolerances import Tolerance
from parity.golden.suite import Entry, Recorded

class Fake:
    name = "fake"
    files = ("fake.npz",)
    def good(data, backend=None): return {"good": np.ones(2)}
    def bad(data, backend=None): raise RuntimeError("the kernel did not compile")
    def crash(data, backend=None): os.abort()
    framework_sections = {"good": good, "bad": bad, "crash": crash}
    host_sections = {}
    def recorded(self, data):
        entries = {n: Entry(np.ones(2), Tolerance(1e-6)) for n in ("good", "bad", "crash")}
        return Recorded(entries, {"meta": "the configuration"})

SUITE = Fake()
"""


@pytest.fixture
def fake_suite(tmp_path, monkeypatch):
    (tmp_path / "fake_golden.py").write_text(FAKE_SUITE)
    info = tmp_path / "fake_golden-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: fake-golden\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[jack_parity.golden]\nfake = fake_golden:SUITE\n")
    data = tmp_path / "data"
    data.mkdir()
    (data / "fake.npz").write_bytes(b"")
    monkeypatch.syspath_prepend(str(tmp_path))
    return data


def test_a_section_that_raises_and_a_crash_are_reported_and_the_rest_is_compared(fake_suite):
    done = CliRunner().invoke(main, ["golden", "--data", str(fake_suite), "--framework", "torch"])
    assert done.exit_code == 1, done.output
    lines = {line.split()[1]: line for line in done.output.splitlines() if line.startswith("torch ")}
    assert lines["good"].endswith("ok")
    assert lines["bad"].endswith("FAIL") and lines["crash"].endswith("FAIL")
    assert "section bad raised" in done.output and "RuntimeError: the kernel did not compile" in done.output
    assert "killed by SIGABRT" in done.output and "Fatal Python error: Aborted" in done.output
    assert "1 of 3 comparisons within tolerance, 2 problems" in done.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--method", "nothing"], "unknown method nothing; there are: "),
        (["--method", "tslnet"], "lacks tslnet.npz, tslnet_seeds.npz"),
        ([], "holds no figures of "),
    ],
)
def test_usage_errors_are_one_line_and_status_2(tmp_path, arguments, message):
    done = CliRunner().invoke(main, ["golden", "--data", str(tmp_path), *arguments])
    assert done.exit_code == 2
    assert message in done.output and len(done.output.strip().splitlines()) == 1


def test_a_folder_that_is_not_there(tmp_path):
    done = CliRunner().invoke(main, ["golden", "--data", str(tmp_path / "no")])
    assert done.exit_code == 2 and "does not exist" in done.output


def test_a_file_that_is_no_archive(copy):
    (copy / "tslnet.npz").write_bytes(b"not an archive")
    done = CliRunner().invoke(main, ["golden", "--data", str(copy), "--framework", "torch"])
    assert done.exit_code == 2 and "is no golden folder of tslnet" in done.output
