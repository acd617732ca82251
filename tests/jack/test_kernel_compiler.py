"""The launcher with the real g++, without Jittor itself."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from sysconfig import get_path

import pytest

from jack import kernel_compiler, runtime

needs_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="Jittor needs g++, and so does this")

OPERATOR = '#define JIT 1\n#define JIT_cpu 1\n#include "var.h"\n#include <cmath>\nint answer() { return 42; }\n'


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A launcher in a cache of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.delenv(kernel_compiler.SWITCH, raising=False)
        path = kernel_compiler.launcher()
        assert path is not None and path == kernel_compiler.launcher()
    assert [p.name for p in path.parent.parent.iterdir()] == [path.parent.name]
    return path


def compile_operator(compiler: str, folder: Path, *extra: str) -> tuple[str, str]:
    """The assembly of an operator, compiled as Jittor compiles, and what the compiler opened or said."""
    source = folder / "jit" / "answer_op.cc"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text(OPERATOR + "".join(extra))
    sources = kernel_compiler.jittor_sources()
    assert sources is not None
    includes = [f"-I{folder}" for folder in (sources, sources.parent / "extern", get_path("include"))]
    out = folder / "answer.s"
    command = [compiler, str(source), *kernel_compiler.FLAGS, *includes, "-S", "-H", "-g", "-o", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return out.read_text(), done.stderr


@needs_compiler
def test_operators_are_compiled_with_the_precompiled_headers(made: Path, tmp_path: Path) -> None:
    assembly, opened = compile_operator(str(made), tmp_path)
    assert opened.startswith("! ") and str(made.parent / "headers.h.gch") in opened  # "!": a valid precompiled header
    assert "answer" in assembly and ".debug_info" not in assembly


@needs_compiler
def test_an_operator_with_marks_for_the_assembly_keeps_its_lines(made: Path, tmp_path: Path) -> None:
    assembly, _ = compile_operator(str(made), tmp_path, '// @begin replace "a" "b"\n// @end\n')
    assert ".debug_info" in assembly


@needs_compiler
def test_the_code_is_what_the_compiler_alone_makes(made: Path, tmp_path: Path) -> None:
    compiler = shutil.which("g++")
    assert compiler

    def instructions(assembly: str) -> list[str]:
        lines = assembly[assembly.index("answer") :].splitlines()
        return [line for line in lines if line.startswith("\t") and not line.startswith("\t.")][:4]

    ours = instructions(compile_operator(str(made), tmp_path)[0])
    assert ours and ours == instructions(compile_operator(compiler, tmp_path)[0])


@needs_compiler
def test_other_files_are_handed_on(made: Path, tmp_path: Path) -> None:
    source = tmp_path / "two words.cc"
    source.write_text("int main() { return 0; }\n")
    subprocess.run([str(made), str(source), "-o", str(tmp_path / "program")], check=True)
    assert subprocess.run([str(tmp_path / "program")]).returncode == 0


def test_a_compiler_that_fails_leaves_all_to_jittor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "bin" / "g++"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(broken.parent))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv(kernel_compiler.SWITCH, raising=False)
    assert kernel_compiler.launcher() is None


@pytest.mark.parametrize("variable", ["cc_path", "cache_name"])
def test_what_the_user_chose_is_left(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("cc_path", "cache_name"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv(variable, "mine")
    monkeypatch.setattr(runtime, "_report", None)
    monkeypatch.setattr(runtime.kernel_compiler, "launcher", lambda: pytest.fail("asked for"))
    assert "cc_path" not in runtime.prepare(say=lambda note: None).changes
    assert os.environ[variable] == "mine"


def test_the_flags_are_those_that_converted_programs_set() -> None:
    """Else programs of both kinds would compile one cache in turns."""
    text = (Path(__file__).parents[2] / "converter" / "helpers" / "library" / "arithmetic.py").read_text()
    assert f'" {kernel_compiler.IEEE_FLAGS} "' in text
