"""The greedy search against a frame-by-frame one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from jack.methods.tslnet_seeds import select_seeds


def frame_by_frame(p, y, threshold=0.95):
    """The search written as it is described, one frame after another."""
    b, m = p[:, 2], p[:, :2].max(axis=1)
    marked = [t for t in range(len(p)) if y[t].max() > 0]
    act, g = y.copy(), np.zeros(len(p), dtype=np.float32)

    def walk(frames):
        for t in frames:
            if not (b[t] <= m[t] and g[t] < 1):
                return
            act[t] = p[t]

    def mark(frames, enough):
        top = max(b[t] for t in frames)
        for t in frames:
            if b[t] >= np.float32(threshold):
                g[t] = top
        peak = next(t for t in frames if b[t] == top)
        return top, peak, sum(np.float32(g[t]) for t in frames) >= enough, [t for t in frames if g[t] != 0]

    def fill(frames, value):
        for t in frames:
            g[t] = value

    if marked[0] > 0:
        frames = range(marked[0])
        top, peak, many, found = mark(frames, 1)
        fill(range((found[-1] if many else peak) + 1), top)
        walk(reversed(frames))
    if marked[-1] < len(p) - 1:
        frames = range(marked[-1] + 1, len(p))
        top, peak, many, found = mark(frames, 1)
        fill(range(found[0] if many else peak, len(p)), top)
        walk(frames)
    for left, right in zip(marked, marked[1:]):
        if right - left > 1:
            frames = range(left + 1, right)
            top, peak, many, found = mark(frames, 2)
            fill(range(found[0], found[-1] + 1) if many else [peak], top)
            walk(frames)
            walk(reversed(frames))
    return act, g


levels = st.sampled_from([np.float32(v) for v in (0, 0.1, 0.5, 0.94, 0.95, 0.97, 1.0)])


@st.composite
def videos(draw):
    length = draw(st.integers(1, 14))
    p = draw(hnp.arrays(np.float32, (length, 3), elements=levels))
    marked = draw(st.sets(st.integers(0, length - 1), min_size=1))
    y = np.zeros((length, 3), dtype=np.float32)
    y[sorted(marked), :2] = [0.9, 0.1]
    return p, y


@settings(max_examples=400, deadline=None)
@given(videos())
def test_it_equals_the_search_frame_by_frame(video):
    p, y = video
    act, bkg = select_seeds(p[None], y[None])
    wanted_act, wanted_bkg = frame_by_frame(p, y)
    np.testing.assert_array_equal(act[0], wanted_act)
    np.testing.assert_array_equal(bkg[0], wanted_bkg)


def test_inputs_are_left_alone_and_dtypes_are_float32():
    p, y = np.full((1, 5, 3), 0.5), np.zeros((1, 5, 3))
    y[0, 2, 0] = 0.9
    before = p.copy(), y.copy()
    act, bkg = select_seeds(p, y)
    assert act.dtype == bkg.dtype == np.float32
    assert np.array_equal(p, before[0]) and np.array_equal(y, before[1])


def test_a_video_without_annotation_is_refused():
    with pytest.raises(ValueError, match="no segment of the video is annotated"):
        select_seeds(np.zeros((1, 4, 3)), np.zeros((1, 4, 3)))
