"""Accuracy, recall and confusion of classes."""

import numpy as np
import pytest

from jack.metrics.classification import Classification, classify, confusion_matrix


def test_rows_are_true_classes_and_columns_predicted_ones():
    scores = np.array([[3, 1, 2], [0, 5, 1], [0, 5, 1], [1, 1, 0]])  # predicted 0, 1, 1, 0: the first of equal ones
    found = classify(scores, [0, 1, 0, 2])
    assert found.confusion.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]
    assert found.total == 4 and found.accuracy == 0.5
    assert found.recall == [0.5, 1.0, 0.0]


def test_a_class_that_does_not_occur_has_no_recall():
    found = Classification(confusion_matrix([1, 2], [1, 1], 3))
    assert found.recall == [None, 0.5, None]
    assert Classification(confusion_matrix([], [], 2)).accuracy is None
    assert found.as_dict(["a", "b", "c"])["recall"] == {"a": None, "b": 0.5, "c": None}


def test_the_published_figures_of_all_test_clips():
    right, counts = np.array([122, 33, 26, 13]), np.array([126, 41, 33, 18])
    confusion = np.diag(right)
    confusion[[0, 1, 2, 3], [1, 2, 3, 0]] = counts - right
    found = Classification(confusion)
    assert found.accuracy == pytest.approx(0.8899, abs=5e-5)
    assert [round(value, 4) for value in found.recall] == [0.9683, 0.8049, 0.7879, 0.7222]


def test_batches_add_up():
    scores, true = np.random.default_rng(0).random((20, 4)), np.arange(20) % 4
    parts = classify(scores[:13], true[:13]) + classify(scores[13:], true[13:])
    assert np.array_equal(parts.confusion, classify(scores, true).confusion)


@pytest.mark.parametrize(
    ("predicted", "true", "message"),
    [([0, 4], [0, 1], r"class 4 is not in 0\.\.3"), ([0], [-1], "class -1"), ([0, 1], [0], r"\(2,\) predictions")],
)
def test_what_does_not_fit_is_told(predicted, true, message):
    with pytest.raises(ValueError, match=message):
        confusion_matrix(predicted, true, 4)
    with pytest.raises(ValueError, match="N x K"):
        classify([1, 2], [0, 1])
