"""The losses of VAANet and CTEN against their formulas, and CTEN's choice of segments."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from jack.methods.cten_erasing import keep_masks, thresholds
from jack.methods.torch.video_losses import EMOTIONS, PolarityConsistentCrossEntropy, make_criterion

# Polarity of Anger, Anticipation, Disgust, Fear, Joy, Sadness, Surprise, Trust.
POLARITY = np.array([0, 1, 0, 0, 1, 0, 1, 1])


def draw_batch(rows=64, classes=8):
    draw = np.random.default_rng(0)
    logits = torch.from_numpy(draw.standard_normal((rows, classes)).astype(np.float32)).requires_grad_()
    return logits, torch.from_numpy(draw.integers(0, classes, rows))


@pytest.mark.parametrize("penalty", [0.0, 0.5, 2.0])
def test_pcce_weighs_each_sample_by_its_polarity_and_divides_by_their_number(penalty):
    logits, target = draw_batch()
    entropy = F.cross_entropy(logits, target, reduction="none")
    predicted = logits.detach().numpy().argmax(axis=1)
    weight = 1 + penalty * (POLARITY[predicted] != POLARITY[target.numpy()])
    wanted = (torch.from_numpy(weight.astype(np.float32)) * entropy).sum() / len(target)
    found = make_criterion("pcce_ve8", 8, penalty)(logits, target)
    torch.testing.assert_close(found, wanted)
    assert found.dtype == torch.float32
    # Each sample's own entropy is weighed, not the mean entropy by the mean weight.
    if penalty:
        assert abs(found.item() - entropy.mean().item() * weight.mean()) > 1e-3
    gradients = [torch.autograd.grad(value, logits)[0] for value in (found, wanted)]
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("truth", range(8))
def test_pcce_penalises_the_other_polarity_only(truth):
    loss = PolarityConsistentCrossEntropy(penalty=0.5)
    for guess in range(8):
        logits = torch.full((1, 8), -1.0)
        logits[0, guess] = 2.0
        target = torch.tensor([truth])
        ratio = (loss(logits, target) / F.cross_entropy(logits, target)).item()
        assert ratio == pytest.approx(1.5 if POLARITY[guess] != POLARITY[truth] else 1.0), EMOTIONS[guess]


def test_the_table_of_polarities_is_neither_trained_nor_saved():
    loss = PolarityConsistentCrossEntropy()
    assert not list(loss.parameters()) and not loss.state_dict()
    assert loss.polarity.tolist() == POLARITY.tolist()


def test_plain_cross_entropy_takes_any_number_of_classes():
    logits, target = draw_batch(classes=6)
    criterion = make_criterion("ce", 6)
    assert isinstance(criterion, nn.CrossEntropyLoss)
    torch.testing.assert_close(criterion(logits, target), F.cross_entropy(logits, target))


def test_what_has_no_polarity_is_refused():
    with pytest.raises(ValueError, match="6 classes need the loss ce"):
        make_criterion("pcce_ve8", 6)
    with pytest.raises(ValueError, match="one of ce, pcce_ve8, not 'bce'"):
        make_criterion("bce")


def test_each_video_has_a_threshold_of_its_own():
    gamma = np.array([[0.1, 0.6, 0.9, 0.2], [30.0, 10.0, 20.0, 25.0]], dtype=np.float32)
    np.testing.assert_allclose(thresholds(gamma), [0.66, 24.0], rtol=1e-6)
    below, above = keep_masks(gamma)
    assert below.tolist() == [[True, True, False, True], [False, True, True, False]]
    assert above.tolist() == [[False, False, True, False], [True, False, False, True]]
    assert below.dtype == above.dtype == np.bool_


def test_a_segment_on_the_threshold_is_in_neither_part():
    below, above = keep_masks(np.array([[0.0, 7.0, 10.0]], dtype=np.float32))
    assert below.tolist() == [[True, False, False]] and above.tolist() == [[False, False, True]]


def test_constant_attention_keeps_nothing():
    below, above = keep_masks(np.array([[0.0] * 5, [0.5] * 5], dtype=np.float32))
    assert not below.any() and not above.any()


def test_something_is_kept_whenever_attention_varies():
    gamma = np.maximum(np.random.default_rng(1).standard_normal((500, 6)), 0).astype(np.float32)
    gamma = gamma[gamma.max(axis=1) > gamma.min(axis=1)]
    below, above = keep_masks(gamma)
    assert below.any(axis=1).all() and above.any(axis=1).all()
    assert not (below & above).any()
