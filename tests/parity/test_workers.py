"""Processes that answer question after question."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from parity.workers import Worker

CHILD = """
import os
import sys
import time

from parity.workers import serve


def answer(question):
    print("asked:", question)  # goes to the log, not between the answers
    if question["do"] == "crash":
        os.abort()
    if question["do"] == "leave":
        sys.exit("no more")
    if question["do"] == "fail":
        raise ValueError("cannot")
    time.sleep(question.get("for", 0))
    return {"got": question["do"], "process": os.getpid()}


serve(answer)
"""


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    (tmp_path / "child_of_test.py").write_text(CHILD)
    monkeypatch.syspath_prepend(str(tmp_path))
    made = Worker("child_of_test", (), tmp_path / "log")
    yield made
    made.close()


def test_one_process_answers_all(worker: Worker) -> None:
    first, second = worker.ask({"do": "one"}, 60), worker.ask({"do": "two"}, 60)
    assert (first["got"], second["got"]) == ("one", "two") and first["process"] == second["process"]
    assert worker.last_log() == "asked: {'do': 'two'}\n"


@pytest.mark.parametrize(
    ("question", "error"),
    [
        ({"do": "crash"}, "the process ended (SIGABRT)"),
        ({"do": "fail"}, "ValueError: cannot"),
        ({"do": "leave"}, "SystemExit: no more"),
        ({"do": "wait", "for": 1000}, "no end after 1 s"),
    ],
)
def test_after_a_failure_comes_a_new_process(worker: Worker, question: dict[str, object], error: str) -> None:
    before = worker.ask({"do": "one"}, 60)["process"]
    assert worker.ask(question, 1 if "for" in question else 60)["error"] == error
    after = worker.ask({"do": "two"}, 60)
    assert after["got"] == "two" and after["process"] != before


def test_an_answer_that_nobody_waited_for_is_not_taken_for_the_next(worker: Worker) -> None:
    def ring(number: int, frame: object) -> None:
        raise TimeoutError("as a plugin that limits the time of tests does it")

    worker.ask({"do": "one"}, 60)
    old = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(TimeoutError):
            worker.ask({"do": "late", "for": 1}, 60)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    assert worker.ask({"do": "two"}, 60)["got"] == "two"
