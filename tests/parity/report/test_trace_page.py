"""The page of a trace: its words, its structure, its data, and what it does in a browser."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from parity.report import calls
from parity.report.html import trace_page
from parity.report.page import figure, limit, percent
from parity.report.plot import Mark, Plot, Series, draw, scale
from parity.report.snippet import short_names, snippet
from parity.report.view import view
from parity.trace.result import Place, Trace
from tests.parity.report.pages import browser, check_structure, in_browser
from tests.parity.report.sample import sample

WORKS = """
const rows = () => [...document.querySelectorAll('#t tr.call')];
const press = (key) => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
told.start = rows().length;
told.wrong = rows().filter((r) => r.classList.contains('wrong')).map((r) => r.textContent);
told.scroll = document.documentElement.scrollWidth - innerWidth;
document.querySelector('a[data-jump]').click();
told.jumped = document.activeElement.dataset.n;
told.figures = document.querySelector('#t tr.more').textContent;
press('Enter');
told.closed = document.querySelectorAll('#t tr.more').length;
press('ArrowUp'); press('ArrowUp');
told.up = document.activeElement.querySelector('.name').textContent;
press('ArrowLeft');
told.parent = document.activeElement.querySelector('.name').textContent;
press('ArrowLeft');
told.shut = [document.activeElement.getAttribute('aria-expanded'), rows().length];
press('ArrowRight');
told.again = [document.activeElement.getAttribute('aria-expanded'), rows().length];
const search = document.querySelector('#t input');
search.value = 'layer2.3 gate'; search.dispatchEvent(new Event('input')); await wait(300);
told.found = rows().map((r) => r.querySelector('.name').textContent);
search.value = ''; document.querySelector('#t select').value = 'own';
document.querySelector('#t select').dispatchEvent(new Event('change'));
told.largest = rows()[0].querySelector('.name').textContent;
document.querySelector('#t [data-do=open]').click();
told.all = rows().length;
document.querySelector('#t [data-do=close]').click();
told.none = rows().length;
const canvas = document.querySelector('.canvas');
canvas.focus(); press('End');
told.hover = document.getElementById('hover').textContent;
press('Enter');
told.shown = document.activeElement.querySelector('.name').textContent;
"""


@pytest.mark.parametrize("kind", ["findings", "equal", "problem"])
def test_every_page_is_well_formed_and_loads_nothing(kind: str, tmp_path: Path) -> None:
    trace = sample(kind, tmp_path)
    # The way that a stored trace takes must not change what is shown.
    stored = Trace.from_json(json.loads(json.dumps(trace.as_json())))
    page = check_structure(trace_page(stored))
    assert str(tmp_path) not in trace_page(stored), "where a home folder is, is nobody's business"
    expected = {
        "findings": "First divergence at net.py:14 in Torch and net_jittor.py:14 in Jittor: x.var() & its counterpart",
        "equal": "Both programs compute the same. 298 module calls and 1,698 tensors were compared",
        "problem": "The comparison did not come to its end: Jittor: exit status 1",
    }
    assert expected[kind] in page.text
    assert "net.py:Net(width=16, name='<b>&amp;')" in page.text, "what looks like HTML is text"
    assert "JC202 torch.Tensor.<values> & others" in page.text
    assert page.tags.keys().isdisjoint({"biased", "values", "wide", "link", "img", "iframe"})
    assert "2.13.0+cpu" in page.text and "1.3.11.0" in page.text and "seed 0" in page.text or kind == "problem"


def test_findings_show_both_lines_and_the_figures(tmp_path: Path) -> None:
    page = check_structure(trace_page(sample("findings", tmp_path)))
    assert "first divergence" in page.text and "3 findings" in page.text
    for line in ("# Torch's var is unbiased.", "unbiased", "No line of the program is known here."):
        assert line in page.text
    assert "3.4e-02 (3,400 times the tolerance)" in page.text
    assert "entries outside 68.0%" in page.text and "cosine 0.9988440" in page.text
    assert "2 tensors of 147 need a look" in page.text and "only in Jittor" in page.text


def test_the_tree_carries_every_figure(tmp_path: Path) -> None:
    trace = sample("findings", tmp_path)
    told = next(each for each in check_structure(trace_page(trace)).data if "nodes" in each)
    assert len(told["nodes"]) == len(trace.nodes)
    wrong = trace.findings[0].node
    assert told["open"] == sorted(
        {*calls.path_to(trace.nodes, wrong), *calls.path_to(trace.nodes, len(trace.nodes) - 1)}
    )
    row = told["nodes"][wrong]
    assert row[3][:2] == ["layer2.3.gate", "Gate"] and row[5] == "wrong"
    name, shape, absolute, relative, ulp, cosine, outside, tolerance, ok, problem = row[8][3][0]
    assert (name, shape, ok, problem) == ("output", [2, 16, 32, 32], 0, "")
    expected = trace.nodes[wrong].own_outputs[0]
    found = [absolute, relative, ulp, cosine, outside, tolerance]
    wanted = [expected.max_abs, expected.max_rel, expected.max_ulp, expected.cosine, expected.outside, 1e-5]
    assert found == pytest.approx(wanted, rel=5e-3)
    assert abs(cosine - expected.cosine) < 1e-8, "a cosine near 1 keeps its digits"
    assert told["nodes"][-1][4] is None, "the head has no counterpart"


def test_calls_in_the_order_in_which_they_return() -> None:
    trace = sample("equal", stages=1, blocks=1)
    names = [node.torch.path for node in calls.return_order(trace.nodes)]
    assert names[:4] == ["stem.conv", "stem.bn", "stem.act", "stem"]
    assert names[-3:] == ["layer1", "head", ""]
    assert sorted(names) == sorted(node.torch.path for node in trace.nodes)


def test_growth_marks_the_first_divergence() -> None:
    trace = sample("findings")
    forward, backward = (calls.growth(trace, direction) for direction in (False, True))
    assert forward is not None and backward is not None
    marked = [mark for mark in forward.marks if mark.label]
    assert [forward.names[mark.at] for mark in marked] == ["layer2.3.gate (Gate)"]
    assert forward.series[marked[0].series].values[marked[0].at] == pytest.approx(3.4e-2)
    assert forward.series[0].values[-2] == math.inf, "another shape cannot be compared"
    assert [backward.names[0], backward.names[-1]] == ["Net", "stem.conv (Conv2d)"]
    assert "own code uses at most 3.4e-02 of 1e-05" in forward.caption


def test_worst_puts_failures_first() -> None:
    from tests.parity.report.sample import figures

    fine, near, off = figures("a", 1e-9, 1e-5), figures("b", 9e-6, 1e-5), figures("c", 2e-5, 1e-4)
    assert calls.worst([fine, near, off]) == 1
    assert calls.worst([fine, near, figures("d", 2e-3, 1e-3)]) == 2
    assert calls.worst([]) == -1


def test_plot_places_values() -> None:
    plot = Plot(
        "a < b", "step", "difference",
        [Series("x & y", "whole", [1e-6, 0.0, None, math.inf, 1e-2])],
        [Series("bound", "bound", [1e-3] * 5)],
        marks=[Mark(4, 0, "here")],
    )  # fmt: skip
    axis = scale([1e-6, 0.0, None, math.inf, 1e-2, 1e-3], True)
    heights = [axis(value) for value in (math.inf, 1e-2, 1e-3, 1e-6, 0.0)]
    assert heights == sorted(heights) and len(set(heights)) == 5
    picture = check_structure(f"<html>{draw(plot, 'p')}</html>")
    assert (
        picture.tags["circle"] == 4 and "a < b" in picture.text and "exact" in picture.text and "here" in picture.text
    )
    classes = [value for tag, name, value in picture.attributes if name == "class"]
    assert classes.count("cross whole") == 1
    linear = scale([0.31, 1.94], False)
    assert (linear.low, linear.high) == (0.0, 2.0) and linear.ticks == pytest.approx([0, 0.5, 1, 1.5, 2])


def test_lines_around_a_place_only_if_the_file_is_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text('"""Long\n  text."""\nx = f("<a>")\n\ny = 1\n')
    place = Place(str(file), 3, 'x = f("<a>")')
    shown = snippet(place, {str(file): "net.py"})
    assert [line.number for line in shown.lines] == [1, 2, 3, 4, 5] and [line.meant for line in shown.lines].index(
        True
    ) == 2
    assert "&lt;a&gt;" in shown.lines[2].code and "<a>" not in shown.lines[2].code
    file.write_text("# another program\n\n\n")
    assert [line.number for line in snippet(place, {}).lines] == [3]
    assert [line.number for line in snippet(Place("/nowhere.py", 7, "pass"), {}).lines] == [7]


def test_short_names_hide_folders() -> None:
    files = ["/home/me/net/model.py", "/home/me/net/parts/block.py", "/env/lib/python3.11/site-packages/timm/layers.py"]
    assert list(short_names(files).values()) == ["timm/layers.py", "model.py", "parts/block.py"]


def test_figures_are_written_alike() -> None:
    assert [figure(v) for v in (None, math.inf, 0.0, 1.234e-7)] == ["–", "–", "0", "1.2e-07"]
    assert [limit(v) for v in (0.0, 1e-5, 2.5e-4)] == ["0", "1e-05", "2.5e-04"]
    shares = [None, 0.0, 1.0, 1e-6, 0.9999, 0.031, 0.5]
    assert [percent(v) for v in shares] == ["–", "0%", "100%", "< 0.01%", "> 99.9%", "3.10%", "50.0%"]


def test_nothing_compared_is_no_success() -> None:
    trace = sample("problem")
    trace.problem = ""
    assert view(trace).style == "failed" and "Nothing was compared" in trace_page(trace)


def test_the_page_works(tmp_path: Path) -> None:
    """In a browser where there is one; everywhere, the controls that its script looks for are there."""
    trace = sample("findings", tmp_path)
    source = trace_page(trace)
    page = check_structure(source)
    classes = {value for tag, name, value in page.attributes if name == "class"}
    assert {"tree", "canvas", "cursor"} <= classes and page.tags["select"] == 1 and page.tags["noscript"] == 1
    if browser() is None:
        return
    told = in_browser(source, WORKS, tmp_path)
    assert told["errors"] == [] and told["scroll"] <= 0
    assert told["start"] == 24 and len(told["wrong"]) == 1 and "gate" in told["wrong"][0]
    assert told["jumped"] == str(trace.findings[0].node)
    assert "gradient of weight" in told["figures"] and "net.py:10" in told["figures"]
    assert told["closed"] == 0 and told["up"] == "bn3" and told["parent"] == "3"
    assert told["shut"] == ["false", 13] and told["again"] == ["true", 24]
    assert told["found"] == ["layer2.3.gate"] and told["largest"] == "layer2.3.gate"
    assert told["all"] == 298 and told["none"] == 1
    assert "Net" in told["hover"] and "2.3e-01" in told["hover"] and told["shown"] == "(the model)"


def test_a_phone_shows_the_whole_width_and_thousands_of_calls_stay_quick(tmp_path: Path) -> None:
    trace = sample("findings", tmp_path, stages=8, blocks=60)
    source = trace_page(trace)
    assert len(trace.nodes) > 5000 and len(source) < 1500 * len(trace.nodes)
    check_structure(source)
    if browser() is None:
        return
    code = """
    told.scroll = document.documentElement.scrollWidth - innerWidth;
    told.rows = document.querySelectorAll('#t tr.call').length;
    const search = document.querySelector('#t input');
    search.value = 'conv'; search.dispatchEvent(new Event('input')); await wait(400);
    told.found = document.querySelector('#t .told').textContent;
    told.shown = document.querySelectorAll('#t tr.call').length;
    """
    told = in_browser(source, code, tmp_path, "500,900")
    assert told["errors"] == [] and told["scroll"] <= 0
    assert told["rows"] < 200 and told["found"] == "400 of 1441 calls shown" and told["shown"] == 400
