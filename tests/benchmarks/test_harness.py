"""The harness: statistics that hold, turns that alternate, noise that is marked, cells that fail without a crash."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks.harness import session
from benchmarks.harness.cells import FULL, Cell, PlanError, Request, plan
from benchmarks.harness.equality import judge
from benchmarks.harness.machine import Reading, others_share, read_clocks
from benchmarks.harness.result import Result, SideResult
from benchmarks.harness.run import Protocol, _time, measure
from benchmarks.harness.sides import SideFailed
from benchmarks.harness.statistics import ratio, summary
from benchmarks.harness.store import Store, StoreError, fingerprint, read_report, write_report
from benchmarks.methods import get_subject
from parity.check.job import save
from tests.benchmarks.results import report, result, side


def test_every_time_counts() -> None:
    found = summary([1.0, 2.0, 3.0, 4.0, 100.0])
    assert (found.median, found.low, found.high, found.least, found.count) == (3.0, 2.0, 4.0, 1.0, 5)
    assert found.spread == pytest.approx(2 / 3)


def test_the_interval_holds_a_known_ratio_as_often_as_it_says() -> None:
    draw = np.random.default_rng(3)
    held = 0
    for _ in range(100):
        shared = np.exp(0.3 * draw.standard_normal(40))  # what disturbs a round disturbs both sides
        torch, other = (scale * shared * np.exp(0.02 * draw.standard_normal(40)) for scale in (1.25, 1.0))
        found = ratio(torch.tolist(), other.tolist())
        held += found.low <= 1.25 <= found.high
        assert found.low <= found.value <= found.high
    assert 85 <= held <= 100


def test_pairs_make_the_interval_narrow() -> None:
    draw = np.random.default_rng(0)
    shared = np.exp(0.5 * draw.standard_normal(60))
    other = (shared * np.exp(0.01 * draw.standard_normal(60))).tolist()
    together = ratio((1.2 * shared).tolist(), other)
    mixed = ratio((1.2 * draw.permutation(shared)).tolist(), other)
    assert together.high - together.low < (mixed.high - mixed.low) / 2
    assert together.verdict == "faster" and ratio([1.0] * 9, [2.0] * 9).verdict == "slower"
    assert ratio([1.0], [2.0]).low == 0.5


class Fake:
    """A side whose steps take known times; ``calls`` is shared, so that the order shows."""

    def __init__(self, name: str, calls: list[str], fails_at: int = -1) -> None:
        self.name, self.calls, self.fails_at, self.taken = name, calls, fails_at, 0
        self.process = SimpleNamespace(pid=os.getpid())

    def ask(self, line: str, limit: float) -> dict[str, Any]:
        if line == "step":
            self.calls.append(self.name)
            self.taken += 1
            if self.taken == self.fails_at:
                raise SideFailed("out of memory")
        return {"seconds": 0.5, "returned": 0.1, "cpu": 0.9, "whole": 7, "peak": 9, "gpu": None}


FAST = Protocol(warm_up=2, rounds=4, least_seconds=0.0, pause=0.0)


def test_sides_take_turns_and_warm_ups_do_not_count() -> None:
    calls: list[str] = []
    alive: Any = {name: Fake(name, calls) for name in ("torch", "jittor")}
    found = {name: SideResult() for name in alive}
    noise = _time(alive, found, FAST, lambda line: None)
    assert calls == ["torch", "jittor"] * (2 + 4)
    assert all(len(each.steps) == 4 and each.peak == 9 and each.whole == 7 for each in found.values())
    assert noise.others is not None


def test_a_side_that_dies_leaves_its_reason_and_the_others_go_on() -> None:
    calls: list[str] = []
    alive: Any = {"torch": Fake("torch", calls), "jittor": Fake("jittor", calls, fails_at=4)}
    found = {name: SideResult() for name in alive}
    _time(alive, found, FAST, lambda line: None)
    assert len(found["torch"].steps) == 4
    assert found["jittor"].problem == "out of memory" and not found["jittor"].timed


def test_other_work_is_seen() -> None:
    before, after = Reading(0.0, 100.0, 10.0, 0.0), Reading(10.0, 115.0, 17.0, 1.0)
    assert others_share(before, after) == pytest.approx(8 / (10 * (os.cpu_count() or 1)))
    assert read_clocks([os.getpid()]).own > 0
    quiet, busy = result({"torch": side([1.0] * 8)}), result({"torch": side([1.0] * 8)}, others=0.3)
    assert not quiet.doubts() and "30%" in busy.doubts()[0]
    uneven = result({"torch": side([1.0, 2.0, 1.0, 2.0, 1.0, 2.0])})
    assert uneven.doubts() and "torch" in uneven.doubts()[0]


def test_the_plan_has_every_method_phase_and_growing_rows() -> None:
    cells = plan(Request(tuple(FULL)))
    assert len({cell.key for cell in cells}) == len(cells)
    for method in FULL:
        assert {cell.phase for cell in cells if cell.method == method} == {
            "inference", "forward", "backward", "step", "data", "answer"
        }  # fmt: skip
    batches = {cell.batch for cell in cells if cell.method == "bpmgcn" and cell.phase == "inference"}
    assert batches == {1, 2, 4, 8, 16, 32}
    assert all(cell.sides[0] == "torch" for cell in cells)
    assert not any("optimized" in cell.sides for cell in cells if cell.phase != "inference")
    chosen = plan(Request(("tslnet",), ("step",), ("jittor", "torch"), (1, 2), (40,)))
    assert [(cell.batch, cell.length, cell.sides) for cell in chosen] == [
        (1, 40, ("torch", "jittor")), (2, 40, ("torch", "jittor"))
    ]  # fmt: skip
    with pytest.raises(PlanError):
        plan(Request(("tslnet",), ("step",), ("optimized",)))


def test_results_survive_a_file(tmp_path: Path) -> None:
    made = report(result({"torch": side([1.0, 1.1]), "compile": SideResult(problem="no compiler")}))
    write_report(tmp_path / "r.json", made)
    again = read_report(tmp_path / "r.json")
    assert again.results == made.results and again.machine == made.machine
    (tmp_path / "other.json").write_text('{"format": 0}')
    (tmp_path / "list.json").write_text("[1]")
    for name in ("other.json", "list.json", "nowhere.json"):
        with pytest.raises(StoreError, match=name):
            read_report(tmp_path / name)


def test_finished_cells_are_found_until_something_changes(tmp_path: Path) -> None:
    store = Store(tmp_path)
    cell = Cell("bpmgcn", "inference", 4, 48, ("torch", "jittor"))
    assert store.find(cell, "mark") == (None, "")
    kept = result({"torch": side([1.0]), "jittor": side([1.0])})
    store.keep(cell, kept)
    assert store.find(cell, "mark") == (kept, "") and store.all("mark") == [kept] and store.all("other") == []
    assert store.find(cell, "other")[0] is None and "changed" in store.find(cell, "other")[1]
    wider = Cell("bpmgcn", "inference", 4, 48, ("torch", "compile", "jittor"))
    assert store.find(wider, "mark")[1] == "another framework was asked for"
    assert fingerprint(Protocol(), "cpu", 1) != fingerprint(Protocol(), "cpu", 2)


def test_an_interrupted_run_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[str] = []
    interrupt_at = 2

    def fake(cell: Cell, protocol: Protocol, device: str, threads: int, data: Path, mark: str, say: Any) -> Result:
        if len(measured) + 1 == interrupt_at:
            raise KeyboardInterrupt
        measured.append(cell.key)
        made = result({name: side([1.0, 1.1]) for name in cell.sides}, cell.method, cell.phase, cell.batch, cell.length)
        return replace(made, fingerprint=mark)

    monkeypatch.setattr(session, "measure", fake)
    request = Request(("bpmgcn",), ("inference",), ("torch", "jittor"), (1, 2, 4))

    def run() -> tuple[session.Session, list[str]]:
        made = session.Session(request, FAST, "cpu", 1, tmp_path, again=False)
        return made, [each.key for each in made.run(lambda line: None).results]

    first, found = run()
    assert first.interrupted and len(found) == 1
    interrupt_at = 0
    second, found = run()
    assert not second.interrupted and len(found) == 3 == len(measured) == len(set(measured))


def test_a_real_cell_in_both_frameworks(tmp_path: Path) -> None:
    cell = Cell("bpmgcn", "inference", 2, 48, ("torch", "jittor"))
    protocol = Protocol(warm_up=1, rounds=3, fewest=3, least_seconds=0.0)
    found: Result = measure(cell, protocol, "cpu", 1, tmp_path, "mark", lambda line: None)
    assert not any(each.problem for each in found.sides.values())
    for each in found.sides.values():
        assert len(each.steps) == 3 and min(each.steps) > 0 and each.version
        assert 0 < each.base < each.built <= each.whole and each.peak > each.base
        assert all(early <= late for early, late in zip(each.returned, each.steps, strict=True))
    told = found.sides["jittor"].equality
    assert told["equal"] and told["compared"] == 3 and 0 < told["difference"] < 1e-4
    assert found.ratio("jittor") is not None
    json.dumps(found.as_dict(), allow_nan=False)


def test_a_cell_that_cannot_be_built_is_a_reason(tmp_path: Path) -> None:
    cell = Cell("vaanet", "inference", 1, 0, ("torch",))
    found = measure(cell, FAST, "cpu", 1, tmp_path, "mark", lambda line: None)
    problem = found.sides["torch"].problem
    assert problem and "\n" not in problem and "exit status 1" in problem


@pytest.mark.parametrize("phase", ["data", "answer"])
def test_files_are_read_into_either_framework(phase: str, tmp_path: Path) -> None:
    cell = Cell("bpmgcn", phase, 4, 48, ("torch", "jittor"))
    found = measure(cell, FAST, "cpu", 1, tmp_path, "mark", lambda line: None)
    assert [each.problem for each in found.sides.values()] == ["", ""]
    assert found.sides["jittor"].equality["equal"] and found.sides["jittor"].equality["compared"] >= 3


def test_a_gradient_that_rounding_decides_is_no_reason_to_time_nothing(tmp_path: Path) -> None:
    subject = get_subject("tslnet")
    gradient = np.linspace(1, 2, 50, dtype=np.float32)

    def written(name: str, shift: float, loss: float = 1.0) -> Path:
        moved = gradient + np.float32(shift)
        values = {"output": {"loss": np.array([loss], dtype=np.float32)}, "gradient": {"w": moved}}
        save(tmp_path / f"{name}.npz", values)
        return tmp_path / f"{name}.npz"

    reference, other = written("torch", 0), written("jittor", 0.07)
    told = judge(subject, True, reference, other)
    assert not told["equal"] and told["only_gradients"]
    # Twice what the furthest draw moves Torch's own, and no more.
    assert judge(subject, True, reference, other, [written("a", 1e-4), written("b", -0.04)])["equal"]
    assert not judge(subject, True, reference, other, [written("a", 0.03)])["equal"]
    wrong = judge(subject, True, reference, written("wrong", 0, loss=1.1), [written("b", 0.04)])
    assert not wrong["equal"] and not wrong["only_gradients"]
