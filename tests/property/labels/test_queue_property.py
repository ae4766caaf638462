"""Laws of the label queues that hold for any series, scores and labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.labels.queue import LabelQueue, marked_clip
from core.segment import Segment
from core.series import FEATURES, TimeSeries

ORDERS = st.sampled_from(["peaks", "in_order", "random", "likely", "uncertain"])


@st.composite
def queues(draw: st.DrawFn) -> LabelQueue:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    duration = draw(st.floats(5, 400))
    n = draw(st.integers(0, 600))
    values = rng.normal(size=(n, len(FEATURES)))
    values[rng.random(n) < 0.3] = np.nan
    t = np.sort(rng.uniform(0, duration, n))
    series = TimeSeries(values, np.unique(t), rng.integers(0, 4, n), 3.0)
    scores = rng.random(50)
    scores[rng.random(50) < 0.2] = np.nan
    starts = rng.uniform(0, duration, draw(st.integers(0, 20)))
    return LabelQueue(
        "v",
        "p",
        duration,
        series=draw(st.sampled_from([None, series])),
        scores=(np.linspace(0, duration, 50), scores),
        taken=[Segment(start, start + rng.uniform(5, 7)) for start in starts],
        clip_duration=draw(st.floats(5, 7)),
        seed=draw(st.integers(0, 5)),
    )


def seconds_taken(start: float, end: float, taken: list[Segment]) -> float:
    """Counted in steps of 1/100 s."""
    times = np.arange(start, end, 0.01)
    return 0.01 * sum(any(s.start <= t < s.end for s in taken) for t in times)


@settings(deadline=None, max_examples=60)
@given(queues(), ORDERS, st.integers(1, 40))
def test_clips_lie_in_the_video_and_are_hardly_labelled_yet(queue, order, n):
    clips = queue.next_clips(order, n=n)
    assert len(clips) <= n
    assert len({clip.clip_id for clip in clips}) == len(clips)
    for k, clip in enumerate(clips):
        length = clip.end - clip.start
        assert -1e-9 <= clip.start < clip.end <= queue.duration + 1e-3
        assert 5 - 2e-3 < length < min(queue.clip_duration, queue.duration) + 2e-3
        before, middle = [*queue.taken, *(other.segment for other in clips[:k])], clip.segment.middle
        for half in ((clip.start, middle), (middle, clip.end)):
            assert seconds_taken(*half, before) <= 0.75 + 0.05


@settings(deadline=None, max_examples=40)
@given(queues(), st.sampled_from(["in_order", "random", "peaks"]))
def test_no_stretch_that_holds_a_clip_is_left(queue, order):
    clips = [clip.segment for clip in queue.next_clips(order, n=1000)]
    edges = [0.0, *(t for s in sorted([*queue.taken, *clips]) for t in (s.start, s.end)), queue.duration]
    reach = np.maximum.accumulate(edges)
    assert all(np.diff(reach)[::2] < 5.0 + 1e-3)


@settings(deadline=None, max_examples=40)
@given(queues(), ORDERS, st.integers(1, 10), st.integers(1, 10))
def test_asking_twice_is_asking_once_for_both(queue, order, n, m):
    first = queue.next_clips(order, n=n)
    second = queue.next_clips(order, n=m, in_hand=[clip.segment for clip in first])
    assert first + second == queue.next_clips(order, n=n + m)


@settings(deadline=None, max_examples=40)
@given(queues(), ORDERS, st.booleans(), st.integers(1, 12))
def test_skipping_clips_one_by_one_gives_those_of_a_lot(queue, order, overlapping, n):
    queue = replace(queue, overlapping=overlapping)
    taken = list(queue.taken)
    clips = []
    for _ in range(n):
        clip = replace(queue, taken=list(taken)).next_clips(order, n=1)
        clips += clip
        taken += [one.segment for one in clip]
    assert clips == queue.next_clips(order, n=n)


@given(st.floats(0, 20_000), st.floats(5, 20_000), st.floats(5, 7))
def test_a_marked_clip_lies_in_the_video(time, duration, clip_duration):
    clip = marked_clip(time, duration, clip_duration=clip_duration)
    assert 0 <= clip.start < clip.end <= duration + 1e-3
    assert abs(clip.duration - min(clip_duration, duration)) < 2e-3
