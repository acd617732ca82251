"""The parts of a dossier: both sides of a file, what was run, reports of other commands, and what is said of it all."""

from __future__ import annotations

import json
import math
import shlex
from pathlib import Path
from typing import Any

import pytest

from parity.architectures import run as architectures
from parity.dossier.checks import read_checks
from parity.dossier.command import models_of
from parity.dossier.conversion import Conversion, Diagnostic, DossierError, File
from parity.dossier.difference import difference, marked
from parity.dossier.evidence import read_trace, read_training
from parity.dossier.reach import classes, modules
from parity.dossier.repeat import trace_command
from parity.dossier.timings import read_timings
from parity.dossier.training import training_view
from parity.dossier.verdict import judge
from parity.golden.run import Report as GoldenReport
from parity.golden.table import as_json as golden_json
from parity.records import Comparison as Record
from parity.records import write_report
from parity.report.view import view
from parity.training.run import Parting, Report, Step
from parity.training.table import as_json as training_json
from parity.training.trainee import Bounds
from tests.parity.report.sample import TORCH, sample


def file(before: str = TORCH, after: str | None = None, diagnostics: tuple[Diagnostic, ...] = (), **more: Any) -> File:
    """A file of a conversion; by default fully converted."""
    values = {"found": 4, "left": 0, "answers": {"rewritten": 3, "kept": 1}, "failed": False, **more}
    return File(
        Path("net.py"), "net.py", before, before if after is None else after, diagnostics=list(diagnostics), **values
    )


def stored(folder: Path, value: Any) -> Path:
    """The value as a JSON file."""
    path = folder / "report.json"
    path.write_text(json.dumps(value))
    return path


def trained(bad: bool = False) -> dict[str, Any]:
    """A training report, as the command writes it."""
    steps = [Step({"loss": 2.0 / n}, {"loss": 2.0 / n * (1 + 1e-6)}, "loss", 1e-6) for n in range(1, 6)]
    report = Report("<vaanet>", "small & fast", Bounds(), 5, steps, drift=1e-4, seconds={"torch": 0.1, "jittor": 0.2})
    report.noise = [5e-7] * 5
    report.furthest = [("fc.weight", 1e-5, 0.1)]
    if bad:
        steps[3] = Step({"loss": 0.5}, {"loss": math.nan}, "loss", math.inf)
        report.parting = Parting(4, "loss", "fc.weight", 0.1)
    return json.loads(json.dumps(training_json(report)))


def test_both_sides_show_what_changed_and_what_was_said() -> None:
    before = "\n".join(["import torch", *[f"x{n} = {n}" for n in range(20)], "y = torch.f(x, '<a>')", "z = 1"])
    after = (
        before.replace("import torch", "import jittor as jt")
        .replace("torch.f(x", "jt.g(x")
        .replace("z = 1", "z = 2\nw = 3")
    )
    said = Diagnostic("JC101", "torch.f", 22, "torch.f", "certain", "error")
    whole = Diagnostic("JC301", "the file", 0, "", "certain", "warning")
    told = difference(file(before, after, (said, whole)))
    assert told.changed == 4 and told.cut == 0
    assert [row.gap for row in told.rows if row.gap] == [14]
    assert told.rows[0].said == [whole]
    row = next(row for row in told.rows if row.left == 22)
    assert row.said == [said]
    assert str(row.old) == "y = <mark>torch</mark>.<mark>f</mark>(x, &#39;&lt;a&gt;&#39;)"
    assert (told.rows[-1].left, told.rows[-1].right) == (0, 24)
    assert difference(file("x = 1\n")).rows == []


def test_lines_without_likeness_are_not_marked() -> None:
    assert [str(side) for side in marked("import torch", "a < b & c")] == ["import torch", "a &lt; b &amp; c"]


def test_classes_with_a_forward() -> None:
    body = "def forward(self): pass"
    source = f"class A:\n  class B:\n    {body}\nif 1:\n  class C:\n    {body}\nclass D: pass\n"
    found = list(classes(source, "a.py"))
    assert [(m.name, m.line, m.end) for m in found] == [("A.B", 2, 3), ("C", 5, 6)]


@pytest.mark.parametrize(("kind", "state"), [("findings", "wrong"), ("equal", "equal"), ("problem", "open")])
def test_what_a_trace_has_run(kind: str, state: str, tmp_path: Path) -> None:
    """The class counts as run where the code of a call lies in it, in this project's file or in a copy of it."""
    found = modules(Conversion(Path("net.py"), [file()], []), [sample(kind, tmp_path)])
    assert [(module.name, module.state) for module in found] == [("Gate", state)]
    other = Conversion(Path("."), [File(Path("a/net.py"), "other/net.py", TORCH, TORCH, 1, 0, {}, False, [])], [])
    assert modules(other, [sample(kind, tmp_path)])[0].state == "open"


def test_inputs_belong_to_the_model_before_them() -> None:
    typed = [("models", "a.py:A"), ("inputs", "2x3"), ("arguments", "3"), ("inputs", "k=4"), ("models", "b.py:B")]
    first, second = models_of([*typed, ("modes", "train"), ("traces", "t.json")])
    assert (first.target, first.arguments, first.inputs, first.train) == ("a.py:A", "3", ("2x3", "k=4"), False)
    assert (second.target, second.inputs, second.train) == ("b.py:B", (), True)
    assert first.command(7) == "jack-parity trace a.py:A --args 3 --input 2x3 --input k=4 --seed 7"
    with pytest.raises(DossierError, match="--input 2x3: stands before --model"):
        models_of([("inputs", "2x3"), ("models", "a.py:A")])


def test_the_command_of_a_stored_trace() -> None:
    trace = sample("equal")
    trace.inputs = [("0", (2, 3), "float32"), ("ids", (2,), "int64")]
    command, note = trace_command(trace)
    words = ["jack-parity", "trace", "net.py:Net", "--args", "width=16, name='<b>&amp;'"]
    assert shlex.split(command) == [*words, "--input", "2x3", "--input", "ids=2:int64", "--train"]
    assert "range of the whole numbers" in note
    trace.converted = False
    assert "--jittor net_jittor.py:Net" in trace_command(trace)[0] and "--jittor-args" not in trace_command(trace)[0]


def test_timings_wherever_they_lie(tmp_path: Path) -> None:
    told = {
        "torch": {"version": "2.13", "first": 0.2, "steps": [0.01, 0.03, 0.02, 0.02], "peak": 1048576},
        "jittor": {"version": "1.3.11", "steps": [0.01, 0.01, 0.01, 0.01]},
    }
    torch, jittor = read_timings(stored(tmp_path, told))
    assert (torch.name, torch.median, torch.ratio, torch.first, torch.peak, torch.steps) == (
        "torch 2.13",
        0.02,
        None,
        0.2,
        1048576,
        4,
    )
    assert (jittor.ratio, jittor.spread, jittor.first, jittor.peak) == (0.5, 0.0, None, None)
    nested = {"machine": "x", "results": [{"name": "conv", **told}, {"name": "norm", "torch": {"median": 2}}]}
    assert [(t.group, t.name, t.median) for t in read_timings(stored(tmp_path, nested))] == [
        ("results, conv", "torch 2.13", 0.02),
        ("results, conv", "jittor 1.3.11", 0.01),
        ("results, norm", "torch", 2.0),
    ]
    with pytest.raises(DossierError, match="no timings in it; write them with jack-bench run --json"):
        read_timings(stored(tmp_path, {"torch": {"steps": []}}))


def test_reports_of_a_test_session(tmp_path: Path) -> None:
    def record(name: str, used: float, ok: bool, problem: str = "") -> Record:
        return Record("net.py:Net", name, used, used * 1e-5, 1, 1, 0, "1e-05", used, ok, problem, "a.py:1", "test_it")

    path = tmp_path / "session.json"
    write_report(path, [record("output", 0.2, True), record("gradient a", math.inf, False, "shape")], [])
    told = read_checks(path)
    assert told.command == "pytest --parity-report session.json"
    (row,) = told.rows
    assert (row.subject, row.kind, row.equal, row.count, row.state) == ("net.py:Net", "test_it", 1, 2, "wrong")
    assert (row.worst, row.tolerance, row.remark) == ("–", "1e-05", "gradient a: shape")


def test_reports_of_golden_values_and_of_a_folder_of_models(tmp_path: Path) -> None:
    report = GoldenReport("vaanet")
    report.problems = ["the Jittor side crashed\nand more"]
    told = json.loads(json.dumps(golden_json(report)))
    tolerance = {"absolute": 0.0, "relative": 1e-4, "of_largest": True}
    told["rows"] = [
        {
            "side": "jittor",
            "entry": "loss",
            "max_abs": 1,
            "max_rel": 2e-5,
            "tolerance": tolerance,
            "ok": True,
            "note": "",
        },
        {
            "side": "jittor",
            "entry": "logits",
            "max_abs": 1,
            "max_rel": 9e-6,
            "tolerance": tolerance,
            "ok": True,
            "note": "",
        },
    ]
    rows = read_checks(stored(tmp_path, [told])).rows
    assert [(row.kind, row.worst, row.state, row.remark) for row in rows] == [
        ("golden, jittor", "2.0e-05", "equal", "loss"),
        ("golden", "–", "wrong", "the Jittor side crashed"),
    ]
    assert rows[0].tolerance == "0 + 1e-04 of the largest"
    checks = read_checks(Path(architectures.__file__).with_name("torchvision.json"))
    assert len(checks.rows) > 20 and "jack-parity models" in checks.command
    assert {row.state for row in checks.rows} <= {"equal", "wrong", "open"}


def test_training_is_drawn() -> None:
    good = training_view(trained(), "x")
    assert (good.style, good.sentence) == ("equal", "Both trainings stay together over 5 steps.")
    assert [picture.plot.title for picture in good.pictures] == ["Loss", "Relative difference"]
    losses, apart = (picture.plot for picture in good.pictures)
    assert [each.name for each in losses.series] == ["Torch", "Jittor"] and losses.series[0].values[1] == 1.0
    assert apart.limits[0].values == [1e-3] * 5 and apart.series[1].values == [5e-7] * 5
    bad = training_view(trained(bad=True), "x")
    assert bad.sentence == "They part at step 4, in loss; before it, fc.weight differed most."
    assert bad.pictures[1].plot.series[0].values[3] == math.inf and bad.pictures[1].plot.marks[0].at == 3
    assert bad.pictures[0].plot.series[1].values[3] is None


@pytest.mark.parametrize("reader", [read_trace, read_training, read_checks, read_timings])
def test_files_that_are_something_else(reader: Any, tmp_path: Path) -> None:
    for value in ([], {}, 3, "x", {"format": "jack-parity-trace/1"}, [{"a": 1}], {"models": 3}, {"comparisons": []}):
        with pytest.raises(DossierError) as caught:
            reader(stored(tmp_path, value))
        assert "\n" not in str(caught.value) and "report.json" in str(caught.value)
    with pytest.raises(DossierError, match="No such file"):
        reader(tmp_path / "nothing.json")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(DossierError, match="no JSON"):
        reader(tmp_path / "bad.json")


def test_the_verdict_claims_no_more_than_was_run(tmp_path: Path) -> None:
    done = Conversion(Path("net.py"), [file()], ["Linear"])
    equal = [view(sample("equal", tmp_path))]
    wrong = [view(sample("findings", tmp_path))]
    left = Diagnostic("JC101", "torch.f", 1, "torch.f", "certain", "error")
    part = Conversion(Path("net.py"), [file(diagnostics=(left,), answers={"rewritten": 1, "unknown": 1})], [])
    ran = modules(done, [equal[0].trace])
    open_ = modules(done, [])
    training = [training_view(trained(bad=True), "x")]

    def said(*arguments: Any) -> tuple[str, str]:
        verdict = judge(*arguments)
        return verdict.style, verdict.sentence

    assert said(done, open_, [], [], []) == ("partly", "Converted completely; nothing has been compared yet.")
    assert said(done, ran, equal, [], [])[0] == "equal"
    assert said(done, open_, equal, [], [])[1].endswith("not every module was compared.")
    assert said(part, ran, equal, [], []) == ("partly", "What was compared agrees; 1 place is left for a person.")
    assert said(done, ran, wrong, [], [])[0] == said(done, ran, equal, training, [])[0] == "wrong"
    assert said(Conversion(Path("x"), [file(failed=True)], []), [], equal, [], [])[0] == "wrong"
    verdict = judge(part, open_, wrong, training, [])
    assert [text[:8] for text in verdict.differs] == ["net.py:N", "Training"] and verdict.shown == []
    assert any("No trace ran 1 of 1 module class: Gate." in text for text in verdict.unshown)
    assert any(text.startswith("1 of 2 uses of Torch were converted") for text in verdict.converted)
    assert any("No training was compared" in text for text in judge(done, ran, equal, [], []).unshown)
