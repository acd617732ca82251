"""Let Jittor compile its operators three times as fast: same code, same flags, headers compiled beforehand.

Nearly all of the second that g++ needs for an operator goes into reading the same headers, and into debug information
that only ``@begin`` marks in the source ask for.  The launcher here is a shell script named g++ that Jittor calls in
place of g++ (``cc_path``): it adds the precompiled headers and leaves the debug information out.  What it does not
recognise it hands on unchanged, so that Jittor's core and custom operators are compiled as always.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

SWITCH = "JACK_FAST_COMPILE"  # environment variable: 0 leaves g++ to Jittor
# Jittor's flags for operators (compiler.py): a precompiled header is used only where all of them agree.
# Ours among them: see jack.runtime.
IEEE_FLAGS = "-fno-finite-math-only -fno-reciprocal-math -D__FAST_MATH__=1"
FLAGS = [
    *"-Wall -Wno-unknown-pragmas -std=c++14 -fPIC -march=native -fdiagnostics-color=always -Ofast -fopenmp".split(),
    *IEEE_FLAGS.split(),
]
# Jittor begins every CPU operator with these two definitions, which its headers look at.
HEADERS = """#define JIT 1
#define JIT_cpu 1
#include <cmath>
#include <algorithm>
#include <limits>
#include <assert.h>
#include "var.h"
#include "ops/broadcast_to_op.h"
#include "ops/binary_op.h"
#include "ops/array_op.h"
#include "ops/unary_op.h"
#include "ops/reduce_op.h"
#include "ops/ternary_op.h"
#include "misc/cpu_math.h"
#include "executor.h"
#include "fused_op.h"
#include "ops/op_register.h"
"""
LAUNCHER = """#!/bin/sh
# Compiles Jittor's operators with their headers precompiled; everything else as it is asked for.
case "$1" in
*/jit/*_op.cc)
    if ! grep -q '@begin' "$1"; then
        count=$#
        while [ "$count" -gt 0 ]; do
            argument=$1
            shift
            count=$((count - 1))
            [ "$argument" = -g ] || set -- "$@" "$argument"
        done
    fi
    exec {compiler} -include {header} "$@"
    ;;
esac
exec {compiler} "$@"
"""
SECONDS = 120


def launcher() -> Path | None:
    """The launcher for this machine's g++ and the installed Jittor, made when it is missing.

    Returns:
        its path, whose last part is ``g++``; None where it does not apply (no Linux, no g++, no Jittor, switched off)
        or cannot be made.
    """
    compiler = shutil.which("g++")
    sources = jittor_sources()
    if os.environ.get(SWITCH) == "0" or platform.system() != "Linux" or compiler is None or sources is None:
        return None
    try:
        place = cache_folder() / digest(compiler, sources)
        if not (place / "g++").is_file():
            make(place, compiler, sources)
    except (OSError, subprocess.SubprocessError):
        return None  # Jittor works without it
    return place / "g++"


def jittor_sources() -> Path | None:
    """The folder of Jittor's C++ headers, found without importing it."""
    spec = find_spec("jittor")
    sources = Path(spec.origin).parent / "src" if spec and spec.origin else None
    return sources if sources and (sources / "var.h").is_file() else None


def cache_folder() -> Path:
    """Where launchers are kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "jack" / "kernel-compiler"


def digest(compiler: str, sources: Path) -> str:
    """A name for everything that a precompiled header depends on: compiler, processor, Jittor, Python."""
    told = subprocess.run(
        [compiler, "-march=native", "-Q", "--help=target", "--version"],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    ).stdout
    try:
        jittor = version("jittor")
    except PackageNotFoundError:
        jittor = ""
    parts = (compiler, told, str(sources), jittor, HEADERS, LAUNCHER, " ".join(FLAGS), platform.python_version())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def make(place: Path, compiler: str, sources: Path) -> None:
    """Precompile the headers, see that g++ takes them, and write the launcher; others see all of it or nothing.

    Raises:
        OSError: if the folder cannot be written.
        subprocess.SubprocessError: if the compiler refuses.
    """
    from sysconfig import get_path

    place.parent.mkdir(parents=True, exist_ok=True)
    build = Path(tempfile.mkdtemp(prefix=".tmp-", dir=place.parent))
    try:
        (build / "headers.h").write_text(HEADERS, encoding="utf-8")
        includes = [f"-I{folder}" for folder in (sources, sources.parent / "extern", get_path("include"))]
        command = [compiler, *FLAGS, *includes]
        run([*command, "-x", "c++-header", "-o", str(build / "headers.h.gch"), str(build / "headers.h")])
        os.chmod(build, 0o755)
        trial = build / "trial.cc"
        trial.write_text('#define JIT 1\n#define JIT_cpu 1\n#include "var.h"\n', encoding="utf-8")
        strict = ["-Winvalid-pch", "-Werror=invalid-pch", "-include", str(build / "headers.h")]
        run([*command, *strict, "-S", "-o", os.devnull, str(trial)])
        trial.unlink()
        final = {"compiler": shlex.quote(compiler), "header": shlex.quote(str(place / "headers.h"))}
        (build / "g++").write_text(LAUNCHER.format(**final), encoding="utf-8")
        (build / "g++").chmod(0o755)
        try:
            os.rename(build, place)
        except OSError:
            if not (place / "g++").is_file():  # not another process that was faster
                raise
    finally:
        shutil.rmtree(build, ignore_errors=True)


def run(command: list[str]) -> None:
    """Run a compiler.

    Raises:
        subprocess.SubprocessError: if it fails or takes too long.
    """
    subprocess.run(command, capture_output=True, timeout=SECONDS, check=True)
