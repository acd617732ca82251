"""jack doctor: each fault is recognised, the exit status tells whether Jittor can run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from jack import doctor, runtime
from jack.cli import main
from jack.doctor import Finding
from jack.onednn import OneDnn


def report(home: Path, cuda: runtime.Cuda | None = None, state: OneDnn | None = None) -> runtime.Report:
    return runtime.Report(home, cuda or runtime.Cuda(reason="no nvcc"), state or OneDnn("jittor", "/x", "in place"), 2)


def by_name(findings: list[Finding], name: str) -> Finding:
    return next(f for f in findings if f.name == name)


def test_this_machine_looks_right() -> None:
    findings = doctor.examine(start=False)
    assert {"compiler", "python headers", "CUDA", "oneDNN", "cache", "numpy", "jittor", "threads"} <= {
        f.name for f in findings
    }
    assert not [f for f in findings if f.fatal]


def test_missing_compiler_is_fatal_and_has_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("cc_path", "/nowhere/g++")
    finding = doctor.compiler()
    assert finding.fatal and finding.state == "wrong" and finding.mend


def test_missing_headers_are_fatal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor.sysconfig, "get_paths", lambda: {"include": str(tmp_path)})
    finding = doctor.headers()
    assert finding.fatal and "Python.h" in finding.found and "python3" in finding.mend


def test_compiler_that_cannot_compile_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake = tmp_path / "g++"
    fake.write_text("#!/bin/sh\necho 'cc1plus: error: no space' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("cc_path", str(fake))
    finding = doctor.headers()
    assert finding.fatal and "no space" in finding.found
    assert doctor.compiler().fatal


def test_numpy_2_is_fatal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_version", lambda name: {"numpy": "2.1.0", "jittor": "1.3.11.0"}.get(name, ""))
    findings = list(doctor.versions())
    assert by_name(findings, "numpy").fatal and "numpy<2" in by_name(findings, "numpy").mend
    assert by_name(findings, "torch").state == "note"  # only comparisons need it


def test_missing_jittor_is_fatal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_version", lambda name: "" if name == "jittor" else "1.26.4")
    assert by_name(list(doctor.versions()), "jittor").fatal


def test_nvcc_without_gpu_is_a_note(tmp_path: Path) -> None:
    finding = doctor.cuda(report(tmp_path, runtime.Cuda("/bin/nvcc", reason="no driver")))
    assert finding.state == "note" and not finding.fatal and 'nvcc_path=""' in finding.mend


def test_wrong_nvcc_path_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("nvcc_path", "/nowhere/nvcc")
    finding = doctor.cuda(report(tmp_path, runtime.Cuda("/nowhere/nvcc", reason="does not run")))
    assert finding.state == "wrong" and finding.mend == "unset nvcc_path"


def test_both_mkl_paths_are_fatal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("mkl_include_path", "/a")
    monkeypatch.setenv("mkl_lib_path", "/b")
    assert doctor.onednn(report(tmp_path)).fatal


def test_no_onednn_is_a_note_with_the_packages(tmp_path: Path) -> None:
    finding = doctor.onednn(report(tmp_path, state=OneDnn("off", "", "not installed")))
    assert finding.state == "note" and "onednn-cpu-gomp" in finding.mend


def test_cache_tells_a_persisted_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("JITTOR_HOME", raising=False)
    config = runtime.config_file()
    config.parent.mkdir(parents=True)
    config.write_text(json.dumps({"JITTOR_HOME": "/data/jittor"}))
    findings = list(doctor.cache(report(tmp_path)))
    assert findings[0].state == "ok" and str(tmp_path) in findings[0].found
    assert "/data/jittor" in findings[1].found and str(config) in findings[1].mend


def test_full_disk_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda place: usage)
    assert next(iter(doctor.cache(report(tmp_path)))).state == "wrong"


@pytest.mark.parametrize(
    ("code", "words"),
    [("raise SystemExit('jittor said no')", "jittor said no"), ("import time; time.sleep(60)", "not within")],
)
def test_failed_start_is_fatal(monkeypatch: pytest.MonkeyPatch, code: str, words: str) -> None:
    monkeypatch.setattr(doctor, "_TRY", code)
    finding = doctor.try_start(2)
    assert finding.fatal and words in finding.found
    assert "SystemExit" not in code or 'nvcc_path=""' in doctor.try_start(2, gpu=True).mend


def test_successful_start_names_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_TRY", "print('noise'); print('JACK-DOCTOR', 'cpu', 'onednn')")
    finding = doctor.try_start(20)
    assert finding.state == "ok" and "cpu" in finding.found


@pytest.mark.parametrize("fatal", [False, True])
def test_exit_status_and_json(monkeypatch: pytest.MonkeyPatch, fatal: bool) -> None:
    findings = [Finding("compiler", "wrong" if fatal else "ok", "here", "apt-get install g++", fatal)]
    monkeypatch.setattr(doctor, "examine", lambda **options: findings)
    result = CliRunner().invoke(main, ["doctor", "--json"])
    assert result.exit_code == int(fatal)
    told = json.loads(result.output)
    assert told["can_run"] is not fatal and told["findings"][0]["mend"] == "apt-get install g++"
    result = CliRunner().invoke(main, ["doctor"])
    assert result.exit_code == int(fatal)
    assert ("cannot run here" if fatal else "can run here") in result.output and "apt-get install g++" in result.output


def test_wrong_command_line_is_2() -> None:
    assert CliRunner().invoke(main, ["doctor", "--timeout", "soon"]).exit_code == 2
