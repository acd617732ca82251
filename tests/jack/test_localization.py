"""Intervals and their evaluation, beyond the golden figures."""

import json

import numpy as np
import pytest
from scipy.interpolate import interp1d

from jack.metrics.detection import TIOU, average_precision, evaluate, record_text, temporal_iou
from jack.metrics.localization import LocalizationOptions, localize, result_json, runs, suppress, upsample


@pytest.mark.parametrize("length", [2, 3, 64, 613, 4000])
def test_interpolation_has_the_bits_of_scipy(length):
    x = np.random.default_rng(length).random((length, 2)).astype(np.float32)
    ours = upsample(x, 24)
    line = interp1d(np.arange(length), x, kind="linear", axis=0, fill_value="extrapolate")
    assert ours.shape == (24 * length, 2)
    np.testing.assert_array_equal(ours, line(np.arange(0, length, 1 / 24)))


def test_one_segment_is_repeated():
    assert np.array_equal(upsample(np.array([[0.25]], dtype=np.float32), 3), [[0.25]] * 3)


def test_runs():
    assert runs(np.array([0, 1, 2, 5, 7, 8])) == [(0, 2), (5, 5), (7, 8)]
    assert runs(np.array([], dtype=int)) == []


def test_suppression_counts_pixels_and_keeps_the_order_of_scores():
    rows = np.array([[0, 0.5, 0.0, 1.0], [0, 0.9, 1.0, 2.0], [0, 0.7, 30.0, 40.0]])
    # Neighbours of a second each do not overlap, but in pixels two of their three seconds do: IoU 1/3.
    assert suppress(rows, 0.5)[:, 1].tolist() == [0.9, 0.7, 0.5]
    assert suppress(rows, 0.3)[:, 1].tolist() == [0.9, 0.7]


def test_the_highest_class_is_taken_when_none_reaches_the_threshold():
    fuse = np.random.default_rng(0).random((20, 3)).astype(np.float32)
    assert list(localize(np.array([0.2, 0.3], dtype=np.float32), fuse, 25.0)) == [1]
    assert list(localize(np.array([0.6, 0.5], dtype=np.float32), fuse, 25.0)) == [0, 1]
    only = LocalizationOptions(class_threshold=0.55)
    assert list(localize(np.array([0.6, 0.5], dtype=np.float32), fuse, 25.0, only)) == [0]


def test_a_single_segment_of_sentiment_is_found_where_it_is():
    fuse = np.zeros((30, 3), dtype=np.float32)
    fuse[:, 2] = 1
    fuse[10:14] = [0.0, 0.9, 0.05]
    rows = localize(np.array([0.1, 0.9], dtype=np.float32), fuse, 25.0)[1]
    assert rows[0, 0] == 1
    assert 9 * 16 / 25 < rows[0, 2] < 11 * 16 / 25 and 13 * 16 / 25 < rows[0, 3] < 15 * 16 / 25
    result = result_json({"v": {1: rows[:1]}})
    assert json.loads(json.dumps(result))["results"]["v"][0]["label"] == "p"


def truth(**videos):
    return {"database": {name: {"subset": "test", "annotations": notes} for name, notes in videos.items()}}


def note(label, start, end, **more):
    return {"label": label, "segment": [start, end], **more}


def test_perfect_detections_score_one():
    gt = truth(a=[note("p", "1.0", "3.0"), note("n", "5", "9")], b=[note("p", 2, 4)])
    found = {
        "results": {"a": [note("p", 1, 3, score=0.9), note("n", 5, 9, score=0.3)], "b": [note("p", 2, 4, score=1)]}
    }
    scores = evaluate(gt, found)
    assert scores.labels == ("p", "n") and scores.tiou == TIOU
    assert scores.class_ap == {"p": 1.0, "n": 1.0} and scores.average_map == 1.0
    assert scores.mean_recall[0].tolist() == [0.75, 1.0]  # means over the ranked list, not its end


def test_an_annotation_is_claimed_once_and_the_next_best_is_tried():
    gt = truth(a=[note("p", 0, 10), note("p", 8, 20)])
    rows = [note("p", 0, 10, score=0.9), note("p", 2, 11, score=0.8), note("p", 0, 10, score=0.7)]
    scores = evaluate(gt, {"results": {"a": rows}})
    # At .1 the second takes the second annotation (IoU 1/6); at .2 it is a false positive.
    assert scores.ap[:, 0] == pytest.approx([1.0, 1.0, 0.5, 0.5, 0.5])


def test_a_class_without_detections_scores_zero_and_an_unknown_label_is_told():
    gt = truth(a=[note("p", 0, 10), note("n", 20, 30)])
    scores = evaluate(gt, {"results": {"a": [note("p", 0, 10, score=1), note("x", 0, 1, score=1)]}})
    assert scores.class_ap == {"p": 1.0, "n": 0.0} and scores.ignored == ("x",)
    nothing = evaluate(gt, {"results": {}})
    assert nothing.average_map == 0 and np.isnan(nothing.f2).all()


def test_a_subset_without_annotations_is_refused():
    with pytest.raises(ValueError, match="no annotation in the subset 'train'"):
        evaluate(truth(a=[note("p", 0, 1)]), {"results": {}}, subset="train")


def test_the_record_goes_by_name_whatever_class_comes_first():
    gt = truth(a=[note("p", 0, 10), note("n", 20, 30)])
    lines = record_text(7, evaluate(gt, {"results": {"a": [note("p", 0, 10, score=1)]}})).splitlines()
    assert lines[:5] == [
        "Step: 7",
        "average_mAP[0.1:0.3]: 0.5000",
        "",
        "average_pAP[0.1:0.3]: 1.0000",
        "average_nAP[0.1:0.3]: 0.0000",
    ]


def test_small_parts():
    assert temporal_iou((0.0, 2.0), [(1.0, 3.0), (5.0, 6.0)]) == pytest.approx([1 / 3, 0])
    assert temporal_iou((0.0, 2.0), []).size == 0
    assert average_precision(np.array([1.0, 0.5, 2 / 3]), np.array([0.5, 0.5, 1.0])) == pytest.approx(0.5 + 0.5 * 2 / 3)
