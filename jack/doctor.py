"""What ``jack doctor`` looks at: each finding says what is there, if it is wrong, and the command that mends it."""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from jack import runtime

OK, NOTE, WRONG = "ok", "note", "wrong"
FREE_BYTES = 2 * 1024**3  # Jittor's core and a day's operators take about 0.5 GiB

# One operator of each kind that has its own compiled part: element-wise, matrix product, convolution (oneDNN).
_TRY = """
import os, sys, time
sys.path[:0] = [p for p in os.environ.get("JACK_DOCTOR_PATH", "").split(os.pathsep) if p]
from jack.runtime import prepare
prepare()
import numpy as np
import jittor as jt
from jittor import nn
x = np.arange(12, dtype="float32").reshape(3, 4)
assert np.allclose((jt.array(x) + 1).numpy(), x + 1), "addition is wrong"
assert np.allclose(jt.matmul(jt.array(x), jt.array(x.T)).numpy(), x @ x.T), "the matrix product is wrong"
image = np.ones((1, 1, 4, 4), dtype="float32")
assert np.allclose(nn.conv2d(jt.array(image), jt.array(image[:, :, :3, :3])).numpy(), 9), "the convolution is wrong"
print("JACK-DOCTOR", "cuda" if jt.has_cuda else "cpu", "onednn" if jt.compile_extern.mkl_ops else "plain")
"""

_PROGRAM = """
#include <Python.h>
#include <omp.h>
extern "C" long jack_probe() { long n = 0;
#pragma omp parallel for reduction(+:n)
for (int i = 0; i < 8; i++) n += i; return n + PY_MAJOR_VERSION; }
"""


@dataclass(frozen=True)
class Finding:
    """One row of the doctor's table.

    Attributes:
        name: what was looked at.
        state: ``ok``, ``note`` (worth knowing, Jittor runs) or ``wrong``.
        found: what is there.
        mend: the command or step that mends it, ``""`` when nothing is to do.
        fatal: Jittor cannot run because of it.
    """

    name: str
    state: str
    found: str
    mend: str = ""
    fatal: bool = False


def install_command(apt: str, dnf: str, apk: str) -> str:
    """The command of this machine's package manager that installs the packages named for each."""
    for tool, command in (
        ("apt-get", f"apt-get install -y {apt}"),
        ("dnf", f"dnf install -y {dnf}"),
        ("apk", f"apk add {apk}"),
    ):
        if shutil.which(tool):
            return command
    return f"install {apt} with your package manager"


def compiler() -> Finding:
    """Whether the C++ compiler that Jittor will use is there and runs."""
    name = os.environ.get("cc_path") or ("clang++" if platform.system() == "Darwin" else "g++")
    mend = install_command("g++", "gcc-c++", "g++")
    path = shutil.which(name)
    if path is None:
        return Finding("compiler", WRONG, f"{name}: not found", mend, fatal=True)
    status, text = runtime._run([path, "--version"])
    if status != 0:
        return Finding("compiler", WRONG, f"{path}: does not run", mend, fatal=True)
    return Finding("compiler", OK, f"{path}: {text.splitlines()[0] if text else '?'}")


def headers() -> Finding:
    """Whether a small extension that includes ``Python.h`` and ``omp.h`` compiles and links."""
    minor = sys.version_info.minor
    mend = install_command(f"python3.{minor}-dev", f"python3.{minor}-devel", "python3-dev")
    config, known = runtime.python_config()
    if not config:
        return Finding("python headers", WRONG, f"python3.{minor}-config: not found", mend, fatal=True)
    include = sysconfig.get_paths()["include"]
    if not (Path(include) / "Python.h").is_file():
        return Finding("python headers", WRONG, f"{include}/Python.h: not found", mend, fatal=True)
    compiler_name = os.environ.get("cc_path") or ("clang++" if platform.system() == "Darwin" else "g++")
    if shutil.which(compiler_name) is None:
        return Finding("python headers", NOTE, f"{include}, not tried: no compiler")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "probe.cc"
        source.write_text(_PROGRAM)
        command = [compiler_name, "-std=c++14", "-fPIC", "-fopenmp", "-shared", f"-I{include}"]
        status, text = runtime._run([*command, str(source), "-o", str(Path(folder) / "probe.so")], timeout=60)
    if status != 0:
        errors = [line for line in text.splitlines() if "error" in line] or text.splitlines() or ["?"]
        return Finding("python headers", WRONG, f"a test program does not compile: {errors[0]}", mend, fatal=True)
    shown = include if known else f"{include} (python_config_path={config} is set for Jittor)"
    return Finding("python headers", OK, shown)


def cuda(report: runtime.Report) -> Finding:
    """CUDA as :func:`jack.runtime.find_cuda` judged it; to have none is no fault."""
    found = report.cuda
    if found.usable:
        return Finding("CUDA", OK, found.reason)
    if os.environ.get("nvcc_path") and "nvcc_path" not in report.changes:
        mend = "unset nvcc_path"
        return Finding("CUDA", WRONG, f"your nvcc_path={os.environ['nvcc_path']}: {found.reason}", mend)
    if not found.nvcc:
        return Finding("CUDA", OK, found.reason)
    return Finding("CUDA", NOTE, found.reason, 'without our package: export nvcc_path=""')


def onednn(report: runtime.Report) -> Finding:
    """Where oneDNN comes from."""
    if {"mkl_include_path", "mkl_lib_path"} <= os.environ.keys():
        found = "mkl_include_path and mkl_lib_path are both set: Jittor 1.3.11 then fails with a NameError"
        return Finding("oneDNN", WRONG, found, "unset mkl_include_path mkl_lib_path", fatal=True)
    state = report.onednn
    if state.state in ("jittor", "copied"):
        return Finding("oneDNN", OK, f"{state.reason}: {state.path}" if state.path else state.reason)
    mend = "pip install onednn-cpu-gomp==2021.4.0 onednn-devel-cpu-gomp==2021.4.0"
    if state.state == "off" and "cannot be written" in state.reason:
        mend = f"chown -R $USER {report.home}/.cache/jittor"
    return Finding("oneDNN", NOTE, state.reason, mend if state.state in ("off", "download") else "unset use_mkl")


def _existing(path: Path) -> Path:
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def _size(folder: Path) -> int:
    return sum(
        f.lstat().st_size for base, _, names in os.walk(folder) for f in (Path(base) / n for n in names) if f.exists()
    )


def cache(report: runtime.Report) -> Iterable[Finding]:
    """Jittor's compile cache: where, how big, whether it can be written and has room."""
    folder = report.home / ".cache" / "jittor"
    place = _existing(folder)
    if not os.access(place, os.W_OK | os.X_OK):
        yield Finding("cache", WRONG, f"{folder}: cannot be written", f"chown -R $USER {place}", fatal=True)
        return
    free = shutil.disk_usage(place).free
    text = f"{folder}: {_size(folder) / 2**20:.0f} MiB, {free / 2**30:.1f} GiB free"
    if free < FREE_BYTES:
        yield Finding("cache", WRONG, text, f"make room on the disk of {place}")
    else:
        yield Finding("cache", OK, text)
    kept = runtime.persisted_home()
    if kept and Path(kept) != Path.home():
        found = f"{runtime.config_file()} sends every Jittor process to {kept} (a JITTOR_HOME that was once set)"
        yield Finding("JITTOR_HOME", NOTE, found, f"rm {runtime.config_file()}   # if that was not meant")
    if "JITTOR_HOME" in os.environ and os.environ["JITTOR_HOME"] != (kept or str(Path.home())):
        found = f"JITTOR_HOME={os.environ['JITTOR_HOME']}: Jittor will remember it in {runtime.config_file()}"
        yield Finding("JITTOR_HOME", NOTE, found, "unset JITTOR_HOME   # HOME=... isolates a cache and leaves no trace")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def versions() -> Iterable[Finding]:
    """Python and the packages that must fit together."""
    yield Finding("python", OK, f"{platform.python_version()} ({sys.executable})")
    jittor = _version("jittor")
    if not jittor:
        yield Finding("jittor", WRONG, "not installed", 'pip install "jittor>=1.3.11,<1.4"', fatal=True)
    elif not jittor.startswith("1.3.11"):
        yield Finding("jittor", NOTE, f"{jittor}: the rules were proved with 1.3.11", 'pip install "jittor==1.3.11.*"')
    else:
        yield Finding("jittor", OK, jittor)
    numpy = _version("numpy")
    if not numpy or numpy.split(".")[0] not in ("0", "1"):
        found = f"{numpy}: Jittor cannot be imported with numpy 2" if numpy else "not installed"
        yield Finding("numpy", WRONG, found, 'pip install "numpy<2"', fatal=True)
    else:
        yield Finding("numpy", OK, numpy)
    torch = _version("torch")
    if torch:
        yield Finding("torch", OK, torch)
    else:
        yield Finding("torch", NOTE, "not installed: only comparisons need it", "pip install torch")


def threads(report: runtime.Report) -> Finding:
    """Number of OpenMP threads and who chose it."""
    who = "chosen here" if "OMP_NUM_THREADS" in report.changes else "OMP_NUM_THREADS is yours"
    return Finding("threads", OK, f"{report.threads} ({who}; {os.cpu_count()} CPUs in the machine)")


def try_start(timeout: float, gpu: bool = False) -> Finding:
    """Start Jittor in a process of its own and run three operators.

    Args:
        timeout: seconds until it is given up.
        gpu: whether CUDA is used: then the first advice is to try without it.
    """
    environment = {**os.environ, "JACK_DOCTOR_PATH": str(Path(__file__).resolve().parent.parent)}
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-c", _TRY],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environment,
        start_new_session=True,  # so that the compilers it started end with it
    )
    try:
        output, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        mend = f"jack doctor --timeout {int(timeout) * 2}"
        return Finding("Jittor starts", WRONG, f"not within {timeout:.0f} s", mend, fatal=True)
    took = time.monotonic() - began
    for line in output.splitlines():
        if line.startswith("JACK-DOCTOR") and process.returncode == 0:
            _, device, library = line.split()
            return Finding("Jittor starts", OK, f"yes, on {device} ({library} convolution), {took:.1f} s")
    tail = [line for line in output.splitlines() if line.strip()][-3:] or ["no message"]
    reason = f"exit status {process.returncode}: {' / '.join(tail)}"
    mend = 'nvcc_path="" jack doctor   # without the GPU' if gpu else "mend what is wrong above, then: jack doctor"
    return Finding("Jittor starts", WRONG, reason, mend, fatal=True)


def examine(
    *, start: bool = True, timeout: float = 900, progress: Callable[[str], None] | None = None
) -> list[Finding]:
    """Look at everything, in the order in which it is needed.

    Args:
        start: also start Jittor (skipped when something before it is fatal).
        timeout: seconds that the start may take.
        progress: receives a line before the slow step.
    """
    report = runtime.prepare(say=lambda note: None)  # the table says it
    findings = [*versions(), compiler(), headers(), cuda(report), onednn(report), *cache(report), threads(report)]
    if start and not any(f.fatal for f in findings):
        if progress:
            progress("starting Jittor (its first start compiles for minutes) ...")
        findings.append(try_start(timeout, report.cuda.usable))
    return findings


def print_json(findings: list[Finding]) -> None:
    """Print the findings and the verdict as one JSON object."""
    verdict = not any(f.fatal for f in findings)
    print(json.dumps({"can_run": verdict, "findings": [asdict(f) for f in findings]}, indent=2))


def print_table(findings: list[Finding]) -> None:
    """Print the findings as a table, the mending commands below it so that they can be copied."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if not console.is_terminal:
        console = Console(width=160)  # a log file has no width; 80 columns would break every path
    style = {OK: "green", NOTE: "yellow", WRONG: "bold red"}
    table = Table(box=box.SIMPLE)
    table.add_column("item", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("found", overflow="fold")
    for f in findings:
        table.add_row(f.name, Text(f.state, style=style[f.state]), Text(f.found))
    console.print(table)
    for f in findings:
        if f.mend:
            console.print(Text(f"{f.name}: ", style=style[f.state]), Text(f.mend), sep="", soft_wrap=True)
    fatal = any(f.fatal for f in findings)
    verdict = "Jittor cannot run here." if fatal else "Jittor can run here."
    console.print(Text(verdict, style="bold red" if fatal else "bold green"))
