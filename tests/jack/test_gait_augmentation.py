"""Augmentation of gait clips: what must hold for every clip and every draw."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jack.datasets.emotion_gait import TRAINING, Augmentation
from jack.datasets.gait_augmentation import (
    ANGLES,
    SCALES,
    SHIFTS,
    Draws,
    Move,
    apply_move,
    draw_move,
    padded,
    random_choose,
    random_move,
    random_shift,
)

SEEDS = st.integers(0, 2**31)


def clip(seed, frames=12, channels=3, begin=0, end=None):
    """A clip without zeros from begin to end, zero elsewhere."""
    made = np.random.default_rng(seed).uniform(0.5, 1.5, (channels, frames, 4, 1))
    made[:, :begin] = 0
    if end is not None:
        made[:, end:] = 0
    return made


@given(SEEDS, st.integers(1, 20), st.integers(1, 20))
def test_a_chosen_window_is_a_stretch_of_the_clip_or_holds_all_of_it(seed, frames, size):
    x = clip(seed, frames)
    found = random_choose(x, size, Draws(seed))
    assert found.shape == (3, size, 4, 1)
    if frames >= size:
        assert any(np.array_equal(found, x[:, start : start + size]) for start in range(frames - size + 1))
    else:
        valid = (found != 0).any(axis=(0, 2, 3))
        assert np.array_equal(found[:, valid], x) and found[:, ~valid].sum() == 0
        assert np.diff(np.flatnonzero(valid)).max(initial=1) == 1  # in one piece


@given(SEEDS, st.integers(0, 5), st.integers(6, 12))
def test_a_shift_keeps_the_frames_in_order(seed, begin, end):
    x = clip(seed, 12, begin=begin, end=end)
    before = x.copy()
    found = random_shift(x, Draws(seed))
    assert np.array_equal(x, before) and found.shape == x.shape
    valid = np.flatnonzero((found != 0).any(axis=(0, 2, 3)))
    assert np.array_equal(found[:, valid], x[:, begin:end]) and np.diff(valid).max(initial=1) == 1


def test_every_offset_of_a_shift_occurs():
    x = clip(0, 6, begin=1, end=4)
    starts = {int(np.flatnonzero(random_shift(x, Draws(seed))[0, :, 0, 0])[0]) for seed in range(60)}
    assert starts == {0, 1, 2, 3}


def test_a_clip_of_zeros_stays_and_nothing_is_drawn():
    draws = Draws(3)
    x = np.zeros((3, 5, 4, 1))
    assert np.array_equal(random_shift(x, draws), x)
    assert draws.whole.random() == Draws(3).whole.random()


def test_padding():
    x = clip(0, 5)
    assert padded(x, 4) is x and padded(x, -1) is x
    found = padded(x.astype(np.float32), 8, 2)
    assert found.dtype == np.float64 and np.array_equal(found[:, 2:7], x.astype(np.float32))
    assert not found[:, :2].any() and not found[:, 7:].any()


@given(SEEDS)
def test_a_move_is_what_the_loop_over_frames_computes(seed):
    x = clip(seed, 7, channels=5)
    move = draw_move(Draws(seed))
    assert {*move.angle} <= {*ANGLES} and {*move.scale} <= {*SCALES} and {*move.x, *move.y} <= {*SHIFTS}
    before = x.copy()
    found = apply_move(x, move)
    assert np.array_equal(x, before)
    for t in range(7):
        part = t / 6
        angle, scale, dx, dy = (a + (b - a) * part for a, b in (move.angle, move.scale, move.x, move.y))
        turn = np.deg2rad(angle)
        matrix = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        wanted = matrix @ x[:2, t].reshape(2, -1) + [[dx], [dy]]
        np.testing.assert_allclose(found[:2, t].reshape(2, -1), wanted, atol=1e-12)
    assert np.array_equal(found[2:], x[2:])


@given(SEEDS)
def test_without_translation_lengths_change_by_the_scale_only(seed):
    x, move = clip(seed, 6, channels=8), draw_move(Draws(seed))
    found = apply_move(x, move, first=4, translate=False)
    scale = np.linspace(*move.scale, 6).reshape(6, 1, 1)
    np.testing.assert_allclose(np.hypot(found[4], found[5]), scale * np.hypot(x[4], x[5]), rtol=1e-12)
    assert np.array_equal(found[:4], x[:4]) and np.array_equal(found[6:], x[6:])


def test_padding_frames_are_translated_too():
    x = np.zeros((3, 4, 4, 1))
    moved = apply_move(x, Move((0, 0), (1, 1), (0.2, 0.2), (-0.1, -0.1)))
    assert (moved[0] == 0.2).all() and (moved[1] == -0.1).all() and not moved[2].any()


def test_the_generators_are_those_of_python_and_numpy():
    import random

    random.seed(11)
    np.random.seed(11)
    random.choice([1])
    wanted = [np.random.choice(candidates, 2).tolist() for candidates in (ANGLES, SCALES, SHIFTS, SHIFTS)]
    move = draw_move(Draws(11))
    assert [list(pair) for pair in (move.angle, move.scale, move.x, move.y)] == wanted


def gait(seed, frames=12):
    """Movement and joints of a clip, its movement consistent with its joints."""
    from jack.datasets.gait_features import movement

    joint = np.random.default_rng(seed).standard_normal((1, 3, frames, 4, 1))
    return movement(joint)[0], joint[0]


def test_by_default_both_arrays_are_moved_independently_movement_first():
    moving, joint = gait(0)
    augmentation = Augmentation(random_choose=True, random_move=True, window_size=6)
    found = augmentation.apply(moving, joint, Draws(5))
    draws = Draws(5)
    chosen = [random_choose(x, 6, draws) for x in (moving, joint)]
    wanted = [random_move(x, draws) for x in chosen]
    assert all(np.array_equal(x, y) for x, y in zip(found, wanted))


def factor(before, after):
    """By what complex number each pair of channels was multiplied, for each frame; the clips' x + iy, T x V each."""
    ratios = after / before
    assert np.ptp(ratios.real, axis=1).max() < 1e-9 and np.ptp(ratios.imag, axis=1).max() < 1e-9  # the same for joints
    return ratios[:, 0]


@pytest.mark.parametrize("seed", range(8))
def test_a_shared_draw_turns_vectors_and_positions_alike(seed):
    moving, joint = (array[:, 2:] for array in gait(1, frames=14))  # without the first frames, whose vectors are zero
    options = {"random_shift": True, "random_choose": True, "window_size": 8, "shared": True}
    still = Augmentation(**options).apply(moving, joint, Draws(seed))
    moved = Augmentation(**options, random_move=True).apply(moving, joint, Draws(seed))
    start = next(n for n in range(5) if np.array_equal(still[1], joint[:, n : n + 8]))
    assert np.array_equal(still[0], moving[:, start : start + 8])  # the same window

    def plane(pair, array, first):
        return (pair[array][first] + 1j * pair[array][first + 1])[:, :, 0]

    velocity = factor(plane(still, 0, 0), plane(moved, 0, 0))
    acceleration = factor(plane(still, 0, 4), plane(moved, 0, 4))
    np.testing.assert_allclose(velocity, acceleration, atol=1e-9)
    translation = plane(moved, 1, 0) - velocity[:, None] * plane(still, 1, 0)
    assert np.ptp(translation.real, axis=1).max() < 1e-9 and np.ptp(translation.imag, axis=1).max() < 1e-9
    others = [2, 3, 6, 7]
    assert np.array_equal(moved[0][others], still[0][others]) and np.array_equal(moved[1][2], still[1][2])


def test_the_released_configuration():
    assert TRAINING == Augmentation(random_choose=True, random_move=True, window_size=48)
    with pytest.raises(ValueError, match="window_size"):
        Augmentation(random_choose=True)
