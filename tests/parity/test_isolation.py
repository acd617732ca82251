import os
import time

import pytest

from parity.isolation import run_python


@pytest.fixture
def script(tmp_path, monkeypatch):
    def write(source):
        (tmp_path / "isolated_script.py").write_text(source)
        monkeypatch.syspath_prepend(str(tmp_path))
        return lambda timeout=60.0, *arguments: run_python("isolated_script", arguments, tmp_path / "log.txt", timeout)

    return write


def test_a_process_that_ends_well(script):
    outcome = script("import sys; print('hello', sys.argv[1:])")(60.0, "a", "b c")
    assert outcome.ok and outcome.reason == ""
    assert outcome.tail() == "hello ['a', 'b c']"


def test_an_exception_is_in_the_log(script):
    outcome = script("raise KeyError('lost')")()
    assert not outcome.ok and outcome.reason == "ended with status 1"
    assert "KeyError: 'lost'" in outcome.tail()


def test_a_crash_is_told_with_its_signal(script):
    outcome = script("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")()
    assert outcome.reason == "killed by SIGSEGV"
    assert "Fatal Python error" in outcome.tail()  # the fault handler says where


def test_a_hang_is_stopped_with_its_children(script, tmp_path):
    source = (
        "import subprocess, time, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(tmp_path / 'child')!r}, 'w').write(str(child.pid))\n"
        "time.sleep(60)\n"
    )
    started = time.monotonic()
    outcome = script(source)(3.0)
    assert time.monotonic() - started < 30
    assert not outcome.ok and "no end after 3 s" in outcome.reason
    child = int((tmp_path / "child").read_text())
    for _ in range(50):  # the killed child may wait for someone to reap it
        try:
            with open(f"/proc/{child}/stat") as stat:
                if stat.read().split()[2] == "Z":
                    return
            os.kill(child, 0)
        except (FileNotFoundError, ProcessLookupError):
            return
        time.sleep(0.1)
    raise AssertionError(f"the child {child} lives on")
