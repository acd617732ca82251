"""Which frames are used, and how they are seen."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from jack.datasets.clips import ClipShape, erased_clips
from jack.datasets.sampling import frame_numbers, kept_frames, snippets
from jack.datasets.spatial import CHANGES, CROPS, View, crop_box, draw_construction, draw_view

COUNTS = st.integers(1, 400)
SEGMENTS, LENGTHS = st.integers(1, 12), st.integers(1, 20)
SEEDS = st.integers(0, 2**32)


@given(COUNTS, SEGMENTS, LENGTHS, st.one_of(st.none(), SEEDS))
def test_a_snippet_is_consecutive_and_lies_in_its_segment(count, segments, length, seed):
    frames = list(range(1, count + 1))
    found = snippets(frames, segments, length, None if seed is None else random.Random(seed))
    assert found.shape == (segments, length) and frames == list(range(1, count + 1))
    assert ((found - found[:, :1] - np.arange(length)) % count == 0).all()
    span = max(count, segments * length) // segments
    if count >= segments * length:
        first = np.arange(segments) * span + 1
        assert (found[:, 0] >= first).all() and (found[:, -1] < first + span).all()


@given(COUNTS, SEGMENTS, LENGTHS, SEEDS)
def test_a_snippet_never_takes_its_segment_s_last_place(count, segments, length, seed):
    found = snippets(range(1, count + 1), segments, length, random.Random(seed))
    span = count // segments
    if span > length:
        assert (found[:, 0] - 1 - np.arange(segments) * span <= span - length - 1).all()


def test_one_integer_is_drawn_for_a_snippet_even_where_there_is_no_choice():
    draw, reference = random.Random(5), random.Random(5)
    snippets(range(1, 9), 4, 2, draw)
    for _ in range(4):
        reference.randint(0, 0)
    assert draw.random() == reference.random()


def test_frames_in_the_middle():
    assert snippets(range(1, 21), 2, 4).tolist() == [[4, 5, 6, 7], [14, 15, 16, 17]]
    assert snippets(range(1, 4), 2, 4).tolist() == [[1, 2, 3, 1], [2, 3, 1, 2]]
    with pytest.raises(ValueError, match="no frames"):
        snippets([], 2, 4)


def test_frames_are_thinned_to_a_rate_and_never_repeated():
    assert frame_numbers(7, 10) == [1, 4, 7]
    assert frame_numbers(3, 60) == [1, 2, 3]
    with pytest.raises(ValueError, match="at least 1"):
        frame_numbers(3, 0)


@given(st.lists(st.booleans(), min_size=1, max_size=12), COUNTS)
def test_erasing_keeps_whole_segments_or_everything(keep, count):
    kept, span = kept_frames(keep, count), count // len(keep)
    if any(keep) and span:
        assert [(number - 1) // span for number in kept] == [t for t, k in enumerate(keep) if k for _ in range(span)]
        assert sorted(set(kept)) == kept
    else:
        assert kept == list(range(1, count + 1))


def test_erased_clips_are_decided_for_each_video_by_itself(tmp_path):
    keep, shape = np.array([[True, False], [False, False], [False, True]]), ClipShape(2, 3, 8)
    folders = [tmp_path / name for name in "abc"]
    clips = erased_clips(folders, [20, 30, 40], keep, shape)
    assert [clip.folder for clip in clips] == folders
    assert [clip.view for clip in clips] == [View()] * 3
    low = [int(clip.numbers.min()) for clip in clips]
    high = [int(clip.numbers.max()) for clip in clips]
    assert high[0] <= 10 and low[1] < 15 < high[1] and low[2] > 20
    drawn = erased_clips(folders, [20, 30, 40], keep, shape, random.Random(1))
    again = erased_clips(folders, [20, 30, 40], keep, shape, random.Random(1))
    other = erased_clips(folders, [20, 30, 40], keep, shape, random.Random(2))
    assert [clip.view for clip in drawn] == [clip.view for clip in again] != [clip.view for clip in other]
    assert drawn[2].numbers.min() > 20 and not np.array_equal(drawn[1].numbers, other[1].numbers)
    with pytest.raises(ValueError):
        erased_clips(folders[:2], [20, 30, 40], keep, shape)


SIDES = st.integers(1, 700)


@given(SIDES, SIDES, st.sampled_from(CROPS))
def test_a_crop_is_square_and_at_its_corner(width, height, crop):
    side = min(width, height)
    left, top, right, bottom = crop_box(width, height, crop)
    assert right - left == bottom - top
    if crop == "c":
        assert abs(right - left - side) <= 1 and right - left == 2 * round(side / 2)
        assert abs(left + right - width) <= 1 and abs(top + bottom - height) <= 1
    else:
        assert right - left == side
        assert (left, right)["r" in crop] == (0, width)["r" in crop]
        assert (top, bottom)["b" in crop] == (0, height)["b" in crop]


@pytest.mark.parametrize(
    ("size", "box"),
    [((5, 9), (0, 2, 4, 6)), ((7, 20), (0, 6, 8, 14)), ((7, 7), (0, 0, 8, 8)), ((6, 13), (0, 3, 6, 9))],
)
def test_the_centre_is_rounded_half_to_even(size, box):
    assert crop_box(*size, "c") == box


@given(SIDES.filter(lambda side: side < 90), SIDES.filter(lambda side: side < 90), SEEDS, st.integers(1, 24))
def test_every_view_has_the_size_asked_for(width, height, seed, size):
    picture = Image.new("RGB", (width, height), (200, 100, 50))
    for mode in ("train", "test", "val"):
        pixels = draw_view(mode, random.Random(seed)).pixels(picture, size)
        assert pixels.shape == (3, size, size) and pixels.dtype == np.uint8


def test_a_picture_of_the_right_size_is_not_resampled():
    values = np.random.default_rng(0).integers(0, 256, (8, 13, 3)).astype(np.uint8)
    assert np.array_equal(View().pixels(Image.fromarray(values), 8), values[:, 2:10].transpose(2, 0, 1))
    flipped = View("tl", "flip").pixels(Image.fromarray(values), 8)
    assert np.array_equal(flipped, values[:, 7::-1].transpose(2, 0, 1))


def test_a_positive_angle_turns_counter_clockwise_and_corners_are_black():
    values = np.zeros((21, 21, 3), np.uint8)
    values[8:13, 18:] = 255  # to the right of the middle
    turned = View("c", "rotation", angle=20.0).pixels(Image.fromarray(values), 21)[0]
    assert turned[:8, 16:].sum() > turned[13:, 16:].sum() == 0
    full = View("tl", "rotation", angle=20.0).pixels(Image.new("RGB", (20, 20), (255,) * 3), 20)
    assert full[:, 0, 0].tolist() == [0, 0, 0]


def test_brightness_is_a_factor_cut_to_whole_numbers():
    pixels = View("c", "brightness", brightness=0.55).pixels(Image.new("RGB", (4, 4), (255, 99, 1)), 4)
    assert pixels[:, 0, 0].tolist() == [140, 54, 0]


def test_what_is_drawn_for_training():
    draw = random.Random(0)
    views = [draw_view("train", draw) for _ in range(4000)]
    changed = [view for view in views if view.change]
    assert len(changed) / 4000 == pytest.approx(0.3, abs=0.03)
    for change in CHANGES:
        assert sum(view.change == change for view in changed) / len(changed) == pytest.approx(1 / 3, abs=0.05)
    for crop in CROPS:
        assert sum(view.crop == crop for view in views) / 4000 == pytest.approx(0.2, abs=0.03)
    angles = [view.angle for view in views if view.change == "rotation"]
    factors = [view.brightness for view in views if view.change == "brightness"]
    assert min(angles) < -18 and max(angles) > 18 and max(map(abs, angles)) <= 20
    assert 0.5 <= min(factors) < 0.53 and 0.97 < max(factors) <= 1


def test_evaluation_draws_nothing_or_a_crop_only():
    draw = random.Random(3)
    state = draw.getstate()
    assert draw_view("val", draw) == View() and draw.getstate() == state
    assert {draw_view("test", draw) for _ in range(200)} == {View(crop) for crop in CROPS}
    with pytest.raises(ValueError, match="train, test, val"):
        draw_view("eval", draw)


@given(SEEDS)
def test_building_the_training_views_draws_as_the_authors_do(seed):
    draw, reference = random.Random(seed), random.Random(seed)
    draw_construction(draw)
    reference.randint(0, 4)
    reference.uniform(-20, 20)
    reference.uniform(0.5, 1)
    if reference.randint(0, 2):
        reference.random()
    reference.random()
    if reference.randint(0, 2):
        reference.random()
    assert draw.getstate() == reference.getstate()
