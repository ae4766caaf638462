"""Properties of windows, overlap, merging and suppression that hold for any input."""

from __future__ import annotations

import itertools
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.segment import Detection, Segment, merge, n_windows, nms, tiou, windows

start = st.floats(0, 20_000)
duration = st.floats(0.01, 30)
segments = st.builds(lambda a, d: Segment(a, a + d), start, duration)
near_segments = st.builds(lambda a, d: Segment(a, a + d), st.floats(0, 20), duration)
detections = st.builds(lambda a, d, s: Detection(a, a + d, s), st.floats(0, 60), duration, st.floats(0, 1))
hundredths = st.integers(1, 2000)


@given(start, st.integers(0, 60_000), st.sampled_from([5, 6, 7]))
def test_windows_follow_the_integer_formula(span_start, n_steps, length):
    """A span of `length` + n half seconds, from any start, holds n + 1 windows and the last one ends with it."""
    n_steps = n_steps % 500
    span = Segment(span_start, span_start + length + n_steps * 0.5)
    found = list(windows(span, duration=length, step=0.5))
    assert len(found) == n_steps + 1
    assert found[-1].end == pytest.approx(span.end, abs=1e-6)
    for i, window in enumerate(found):
        assert window.start == span.start + i * 0.5
        assert window.duration == pytest.approx(length)


@given(hundredths, hundredths, hundredths)
def test_number_of_windows_is_the_one_of_exact_arithmetic(span, length, step):
    exact = max(0, floor(Fraction(span - length, step)) + 1)
    assert n_windows(span / 100, duration=length / 100, step=step / 100) == exact


@given(near_segments, near_segments)
def test_overlap_is_symmetric_and_a_share(a, b):
    assert tiou(a, b) == tiou(b, a)
    assert 0 <= tiou(a, b) <= 1
    assert (tiou(a, b) > 0) == (max(a.start, b.start) < min(a.end, b.end))


@given(segments)
def test_overlap_with_itself_is_one(a):
    assert tiou(a, a) == 1


@given(st.lists(near_segments, max_size=12), st.floats(0, 3))
def test_merged_segments_are_apart_and_cover_the_same(parts, gap):
    merged = merge(parts, min_duration_off=gap)
    assert all(b.start - a.end > gap for a, b in itertools.pairwise(merged))
    assert all(any(m.start <= p.start and p.end <= m.end for m in merged) for p in parts)
    assert {m.start for m in merged} <= {p.start for p in parts}
    assert {m.end for m in merged} <= {p.end for p in parts}
    assert merge(merged, min_duration_off=gap) == merged
    assert merge(parts[::-1], min_duration_off=gap) == merged


@given(st.lists(detections, max_size=12), st.floats(0, 1))
def test_suppression_drops_only_what_a_better_one_covers(found, limit):
    kept = nms(found, max_tiou=limit)
    assert all(tiou(a, b) <= limit for i, a in enumerate(kept) for b in kept[:i])
    assert [d.score for d in kept] == sorted((d.score for d in kept), reverse=True)
    for dropped in set(found) - set(kept):
        assert any(k.score >= dropped.score and tiou(k, dropped) > limit for k in kept)
    assert nms(kept, max_tiou=limit) == kept
