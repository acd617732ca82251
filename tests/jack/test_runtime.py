"""jack.runtime and jack.onednn on invented machines; Jittor itself is never started here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jack import kernel_compiler, onednn, runtime

VARIABLES = (
    "nvcc_path use_mkl OMP_NUM_THREADS cache_name JITTOR_HOME python_config_path mkl_include_path mkl_lib_path cc_path"
    " use_mpi mpicc_path OMPI_COMM_WORLD_SIZE FIX_TORCH_ERROR"
).split()


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty home folder, none of the variables, no report from before, no network; returns the home folder."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in VARIABLES:
        # monkeypatch restores only what it has seen: set first, so that what prepare() sets is undone
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv(kernel_compiler.SWITCH, "0")  # compiles for seconds and writes: has tests of its own
    monkeypatch.setattr(runtime, "_report", None)
    monkeypatch.setattr(onednn, "server_answers", lambda timeout=0: False)
    monkeypatch.delitem(sys.modules, "jittor", raising=False)
    return home


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_nvcc_without_driver_is_switched_off(machine: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    nvcc = script(tmp_path / "bin" / "nvcc", "echo 'Cuda compilation tools, release 13.0, V13.0.88'")
    monkeypatch.setenv("PATH", str(nvcc.parent), prepend=os.pathsep)
    monkeypatch.setattr(runtime, "_can_load", lambda library: False)
    report = runtime.prepare()
    assert report.cuda.nvcc == str(nvcc)
    assert not report.cuda.usable and "no NVIDIA driver" in report.cuda.reason
    assert os.environ["nvcc_path"] == ""


def test_nvcc_that_does_not_run_is_switched_off(tmp_path: Path) -> None:
    nvcc = script(tmp_path / "nvcc", "echo 'broken toolkit' >&2; exit 3")
    cuda = runtime.find_cuda(str(nvcc))
    assert not cuda.usable and "broken toolkit" in cuda.reason


@pytest.mark.parametrize(("answer", "reason"), [((0, "0"), "no device"), ((1, "x\nAssertionError: cuInit"), "cuInit")])
def test_driver_without_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: tuple[int, str], reason: str
) -> None:
    nvcc = script(tmp_path / "nvcc", "echo 13.0")
    real = runtime._run
    monkeypatch.setattr(runtime, "_can_load", lambda library: True)
    monkeypatch.setattr(runtime, "_run", lambda command, timeout=20: answer if "-c" in command else real(command))
    cuda = runtime.find_cuda(str(nvcc))
    assert cuda.driver and not cuda.usable and reason in cuda.reason


def test_complete_cuda_is_left_alone(machine: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    top = tmp_path / "cuda"
    (top / "lib64").mkdir(parents=True)
    (top / "lib64" / "libcudart.so.13").touch()
    script(top / "bin" / "nvcc", "echo 13.0")
    # A wrapper on PATH, as distributions have it: the runtime lies beside the real compiler.
    wrapper = script(tmp_path / "bin" / "nvcc", f"echo '#$ TOP={top}/bin/..'")
    monkeypatch.setenv("PATH", str(wrapper.parent), prepend=os.pathsep)
    monkeypatch.setattr(runtime, "_can_load", lambda library: True)
    real = runtime._run
    monkeypatch.setattr(runtime, "_run", lambda command, timeout=20: (0, "2") if "-c" in command else real(command))
    report = runtime.prepare()
    assert report.cuda.usable and report.cuda.devices == 2
    assert report.cuda.runtime == str(top / "lib64" / "libcudart.so.13")
    assert "nvcc_path" not in os.environ


def test_mpi_is_left_out_where_mpirun_started_nothing(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert runtime.prepare().changes["use_mpi"] == "0"


@pytest.mark.parametrize(("imported", "expected"), [(False, "0"), (True, None)])
def test_torch_is_left_out_unless_the_program_has_it(
    machine: Path, monkeypatch: pytest.MonkeyPatch, imported: bool, expected: str | None
) -> None:
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    if imported:
        monkeypatch.setitem(sys.modules, "torch", sys)  # any module will do
    assert runtime.prepare().changes.get("FIX_TORCH_ERROR") == expected


def test_mpicc_of_an_environment_that_is_not_activated(
    machine: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mpicc = script(tmp_path / "env" / "mpicc", "true")
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "2")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(mpicc.parent / "python"))
    report = runtime.prepare(say=lambda note: None)
    assert report.changes["mpicc_path"] == str(mpicc) and "use_mpi" not in report.changes


def test_values_of_the_user_are_kept(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = {"nvcc_path": "/my/nvcc", "OMP_NUM_THREADS": "3", "use_mkl": "0", "cache_name": "mine"}
    for name, value in mine.items():
        monkeypatch.setenv(name, value)
    report = runtime.prepare()
    assert {name: os.environ[name] for name in mine} == mine
    assert not (report.changes.keys() & mine.keys())
    assert report.threads == 3
    assert report.onednn.state == "user"


def test_jittor_home_is_never_set_and_nothing_is_written(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onednn, "packaged_files", dict)
    runtime.prepare(say=lambda note: None)
    assert "JITTOR_HOME" not in os.environ
    assert list(machine.iterdir()) == []


def test_second_call_returns_the_first_report_and_is_silent(
    machine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(onednn, "packaged_files", dict)
    first = runtime.prepare()
    assert os.environ["use_mkl"] == "0"
    assert capsys.readouterr().err.count("without oneDNN") == 1
    assert runtime.prepare() is first
    assert capsys.readouterr().err == ""


def test_after_the_import_of_jittor_nothing_is_changed(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jittor", sys)  # any module will do
    said: list[str] = []
    report = runtime.prepare(say=said.append)
    assert report.late and report.changes == {} and "OMP_NUM_THREADS" not in os.environ
    assert len(said) == 1 and "imported before" in said[0]


def test_persisted_home_is_honoured(machine: Path, tmp_path: Path) -> None:
    assert runtime.jittor_home() == machine
    file = runtime.config_file()
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"JITTOR_HOME": str(tmp_path / "elsewhere")}))
    assert runtime.jittor_home() == tmp_path / "elsewhere"
    assert not (tmp_path / "elsewhere").exists()  # Jittor's own home() would create it
    file.write_text("not json")
    assert runtime.jittor_home() == machine


@pytest.mark.parametrize(
    ("files", "threads"),
    [
        ({"cpu.max": "150000 100000"}, 2),
        ({"cpu.max": "50000 100000"}, 1),
        ({"cpu.max": "max 100000"}, 4),
        ({"cpu/cpu.cfs_quota_us": "300000", "cpu/cpu.cfs_period_us": "100000"}, 3),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 4),
        ({}, 4),
    ],
)
def test_threads_obey_the_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], threads: int
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text + "\n")
    quota = runtime._quota(tmp_path)
    monkeypatch.setattr(runtime, "_quota", lambda: quota)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2, 3}, raising=False)
    assert runtime.available_threads() == threads


def fake_package(folder: Path) -> dict[str, Path]:
    """Files as two wheels would install them: one library under three names, and headers."""
    files = {f"lib/libmkldnn.so{end}": b"library" for end in ("", ".2", ".2.4")}
    files |= {"lib/libdnnl.so": b"LIBRARY", "include/mkldnn.hpp": b"//", "include/oneapi/dnnl/dnnl.hpp": b"//"}
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return {name: folder / name for name in files}


def test_onednn_is_copied_where_jittor_looks(machine: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    files = fake_package(tmp_path / "venv")
    monkeypatch.setattr(onednn, "packaged_files", lambda: files)
    report = runtime.prepare()
    place = onednn.folder(machine)
    assert place is not None and report.onednn == onednn.OneDnn("copied", str(place), report.onednn.reason)
    assert onednn.complete(place) and "use_mkl" not in os.environ
    assert [p.name for p in place.parent.iterdir()] == [place.name]  # no temporary folder is left
    for name, source in files.items():
        assert (place / name).read_bytes() == source.read_bytes()
        # links may lead to a sibling, never out of the folder: the virtual environment may be deleted
        assert (place / name).resolve().is_relative_to(place.resolve())
    assert (place / "lib" / "libmkldnn.so.2").is_symlink()
    assert onednn.provide(machine).state == "jittor"


def test_rest_of_a_broken_download_is_replaced(machine: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    place = onednn.folder(machine)
    assert place is not None
    (place / "lib").mkdir(parents=True)
    (place / "lib" / "libmkldnn.so").touch()
    monkeypatch.setattr(onednn, "packaged_files", lambda: fake_package(tmp_path / "venv"))
    assert onednn.provide(machine).state == "copied"
    assert onednn.complete(place)


def test_processes_may_copy_at_the_same_time(machine: Path, tmp_path: Path) -> None:
    fake_package(tmp_path / "venv")
    code = (
        "import sys; from pathlib import Path; from jack import onednn; root, home = map(Path, sys.argv[1:])\n"
        "files = {str(p.relative_to(root)): p for p in root.rglob('*') if p.is_file()}\n"
        "onednn.packaged_files = lambda: files\n"
        "print(onednn.provide(home).state)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "venv"), str(machine)]
    project = str(Path(runtime.__file__).parent.parent)
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=project) for _ in range(6)]
    states = [process.communicate()[0].strip() for process in processes]
    assert set(states) <= {"copied", "jittor"} and "copied" in states
    place = onednn.folder(machine)
    assert place is not None and onednn.complete(place)
    assert [p.name for p in place.parent.iterdir()] == [place.name]


def test_read_only_cache_means_no_onednn(machine: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (machine / ".cache").write_text("a file where a folder should be")  # root may write everywhere else
    monkeypatch.setattr(onednn, "packaged_files", lambda: fake_package(tmp_path / "venv"))
    state = onednn.provide(machine)
    assert state.state == "off" and "cannot be written" in state.reason


def test_reachable_server_leaves_the_download_to_jittor(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onednn, "packaged_files", dict)
    monkeypatch.setattr(onednn, "server_answers", lambda timeout=0: True)
    assert runtime.prepare().onednn.state == "download"
    assert "use_mkl" not in os.environ


@pytest.mark.skipif(sys.platform != "linux" or os.uname().machine != "x86_64", reason="the packages are for x86-64")
def test_installed_packages_hold_all_that_jittor_needs() -> None:
    files = onednn.packaged_files()
    assert {"lib/libmkldnn.so", "include/mkldnn.hpp", "include/oneapi/dnnl/dnnl.hpp"} <= files.keys()
    assert not [name for name in files if name.split("/")[0] not in ("include", "lib")]


def test_preparing_imports_no_framework() -> None:
    code = "import sys, jack.runtime as r; r.prepare(); assert not {'torch', 'jittor', 'numpy'} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(runtime.__file__).parent.parent)
