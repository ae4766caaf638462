"""Which clips come next: places with a known order, what is taken, and what is there before the extraction."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import PunchlineError
from core.labels.event import clip_id_of
from core.labels.queue import LabelQueue, QueuedClip, marked_clip
from core.segment import LabeledSegment, Segment
from core.series import FEATURES, TimeSeries
from tests.tables import D, M

AROUSAL, LOUDNESS = FEATURES.index("arousal"), FEATURES.index("loudness")
BURSTS = {100.0: 30.0, 300.0: 40.0, 500.0: 20.0}  # second in the middle of a burst -> its height
LENGTH = 600.0


def series(bursts: dict[float, float] = BURSTS, *, seconds: float = LENGTH, face_gone: Segment | None = None):
    """Noise with bursts of four seconds in loudness and arousal."""
    rng = np.random.default_rng(0)
    t = np.arange(round(seconds * 3)) / 3
    values = np.zeros((len(t), len(FEATURES)), np.float32)
    values[:, LOUDNESS] = rng.normal(-40, 20, len(t))
    values[:, AROUSAL] = rng.normal(0, 0.2, len(t))
    for middle, height in bursts.items():
        near = np.abs(t - middle) <= 2
        values[near, LOUDNESS] = -40 + 2 * height
        values[near, AROUSAL] = height / 50
    source = np.zeros(len(t), np.uint8)
    if face_gone is not None:
        gone = (t >= face_gone.start) & (t < face_gone.end)
        source[gone] = M
        values[gone, :10] = np.nan
    assert D == 0
    return TimeSeries(values, t, source, 3.0)


def queue(**changes: object) -> LabelQueue:
    values = {"video_id": "v1", "person_id": "p1", "duration": LENGTH, "series": series(), **changes}
    return LabelQueue(**values)  # type: ignore[arg-type]


def holds(clip: QueuedClip, time: float) -> bool:
    return clip.start <= time - 2 and time + 2 <= clip.end


# Peaks


def of_origin(origin: str, clips: list[QueuedClip]) -> list[QueuedClip]:
    return [clip for clip in clips if clip.origin == origin]


def test_the_greatest_peaks_come_first_and_every_fifth_clip_is_random():
    clips = queue().next_clips(n=30)
    first, second = ["peaks", "calm", "peaks", "calm", "random"], ["peaks", "peaks", "calm", "peaks", "random"]
    assert [clip.origin for clip in clips] == (first + second) * 2 + (["peaks"] * 4 + ["random"]) * 2
    for clip, middle in zip(of_origin("peaks", clips), (300.0, 100.0, 500.0)):
        assert holds(clip, middle)
        assert clip.end - clip.start == pytest.approx(6.0)


def test_a_clip_has_the_id_of_its_place():
    clip = queue().next_clips()[0]
    assert clip.clip_id == clip_id_of("v1", "p1", clip.start, clip.end)
    assert clip.segment == Segment(clip.start, clip.end)


def test_the_next_thirty_are_others_and_the_rhythm_goes_on():
    first = queue().next_clips(n=7)
    second = queue().next_clips(n=7, in_hand=[clip.segment for clip in first])
    assert first + second == queue().next_clips(n=14)
    assert [clip.origin for clip in second] == ["calm", "peaks", "random", "peaks", "calm", "peaks", "calm"]


def judged(n: int, truth, **changes: object) -> list[QueuedClip]:
    """The clips that somebody is given who judges each before asking for the next; None skips it."""
    clips: list[QueuedClip] = []
    taken: list[Segment] = []
    for _ in range(n):
        (clip,) = queue(taken=list(taken), **changes).next_clips(n=1)
        label = truth(clip)
        taken.append(clip.segment if label is None else LabeledSegment(clip.start, clip.end, label))
        clips.append(clip)
    return clips


def test_clips_asked_one_by_one_are_those_of_a_lot():
    lot = queue().next_clips(n=24)
    assert judged(24, lambda clip: int(clip.origin == "peaks")) == lot
    assert judged(24, lambda clip: None) == lot


@pytest.mark.parametrize("spacing", [12, 60, 300])
def test_ten_of_each_kind_come_within_25_clips(spacing):
    """In a lively video and in a calm one, where much that is loud is not funny."""
    middles = [float(middle) for middle in range(10, 50 * spacing // 2, spacing)]
    loud = {middle + spacing / 2: 28.0 for middle in middles[: 5 if spacing > 12 else 0]}
    shown = series(dict.fromkeys(middles, 30.0) | loud, seconds=25.0 * spacing)

    def truth(clip: QueuedClip) -> int:
        return int(any(clip.start < middle < clip.end for middle in middles))

    labels = [truth(clip) for clip in judged(25, truth, series=shown, duration=25.0 * spacing)]
    assert labels.count(1) >= 10
    assert labels.count(0) >= 10


def test_what_is_lacking_comes_next():
    funny, other = ([LabeledSegment(6.0 * k, 6.0 * k + 6, label) for k in (30, 40, 50)] for label in (1, 0))
    assert [clip.origin for clip in queue(taken=funny).next_clips(n=2)] == ["calm", "random"]
    assert [clip.origin for clip in queue(taken=other).next_clips(n=4)] == ["peaks", "random", "peaks", "peaks"]


def test_calm_clips_hold_no_burst_and_end_when_ten_are_not_funny():
    lively = {float(middle): 30.0 for middle in range(10, 600, 16)}
    calm = of_origin("calm", queue(series=series(lively)).next_clips(n=30))
    assert len(calm) == 6
    assert all(abs(middle - (clip.start + 3)) > 4 for clip in calm for middle in lively)
    labels = [LabeledSegment(594.0 - 6 * k, 600.0 - 6 * k, int(k >= 10)) for k in range(30)]
    assert not of_origin("calm", queue(taken=labels).next_clips(n=30))


@pytest.mark.parametrize("middle", [4.5, LENGTH - 4.5])
def test_a_calm_clip_at_an_edge_is_judged_where_it_is_shown(middle):
    """The first and the last three seconds are the calmest of all, but a clip takes six."""
    one = series({float(m): 45.0 for m in range(60, 560, 20)} | {middle: 22.0})
    edge = (one.timestamps < 2) | (one.timestamps > LENGTH - 2)
    values = one.values.copy()
    values[edge, LOUDNESS], values[edge, AROUSAL] = -100, -1
    calm = of_origin("calm", queue(series=TimeSeries(values, one.timestamps, one.source, 3.0)).next_clips(n=20))
    assert len(calm) == 6
    assert all(clip.end <= middle - 2 or middle + 2 <= clip.start for clip in calm)


def test_a_calm_clip_shows_the_face():
    gone = Segment(0.0, 400.0)
    for clip in of_origin("calm", queue(series=series(face_gone=gone)).next_clips(n=30)):
        assert clip.start + 2 >= gone.end  # three tenths of a clip may lack it


def test_a_place_without_the_face_comes_last():
    """A clip there could not be trained on, though it is the loudest."""
    clips = queue(series=series(face_gone=Segment(290.0, 310.0))).next_clips(n=9)
    assert holds(clips[0], 100.0)
    assert not any(clip.origin == "peaks" and 294 <= clip.start <= 300 for clip in clips)


def test_during_the_extraction_peaks_are_found_in_what_is_there():
    clips = queue(series=series({50.0: 30.0}, seconds=120.0)).next_clips(n=30)
    assert holds(clips[0], 50.0)
    assert max(clip.end for clip in clips if clip.origin == "peaks") <= 123.0
    assert max(clip.end for clip in clips if clip.origin == "random") > 123.0


def test_before_the_extraction_the_default_queue_is_random():
    for nothing in (None, series(seconds=0.0)):
        clips = queue(series=nothing).next_clips(n=30)
        assert [clip.origin for clip in clips] == ["random"] * 30


def test_a_video_without_sound_or_face_still_has_peaks_of_the_other():
    for column in (LOUDNESS, AROUSAL):
        one = series()
        values = one.values.copy()
        values[:, column] = np.nan
        clips = queue(series=TimeSeries(values, one.timestamps, one.source, 3.0)).next_clips(n=6)
        assert sorted(round(clip.start + 3, -2) for clip in of_origin("peaks", clips)) == [100, 300, 500]


# The other queues


def test_in_order_covers_the_video_from_its_start():
    clips = queue().next_clips("in_order", n=200)
    assert [clip.start for clip in clips] == [6.0 * k for k in range(100)]
    assert {clip.origin for clip in clips} == {"in_order"}


@pytest.mark.parametrize(
    ("duration", "starts"),
    [
        (4.99, []),
        (5.0, [0.0]),
        (6.0, [0.0]),
        (8.0, [0.0]),
        (9.5, [0.0]),
        (11.0, [0.0, 6.0]),
        (12.0, [0.0, 6.0]),
        (20.0, [0.0, 6.0, 12.0]),
    ],
)
@pytest.mark.parametrize("order", ["in_order", "random", "peaks"])
def test_clips_lie_inside_a_short_video(duration, starts, order):
    clips = queue(duration=duration, series=None).next_clips(order)
    if order == "in_order":
        assert [clip.start for clip in clips] == starts
    assert bool(clips) == bool(starts)
    for clip in clips:
        assert 0 <= clip.start < clip.end <= duration
        assert 5.0 <= clip.end - clip.start <= 6.0


def test_random_clips_are_the_same_for_a_seed_and_others_for_another():
    one = queue().next_clips("random")
    assert one == queue().next_clips("random")
    assert one != queue(seed=1).next_clips("random")
    assert [c.start for c in one] != [c.start for c in queue(video_id="v2").next_clips("random")]
    assert [c.start for c in one] != sorted(c.start for c in one)


def test_likely_and_uncertain_follow_the_scores():
    times = np.arange(0, LENGTH, 0.5)
    scores = np.full(len(times), 0.1)
    for middle, score in ((50, 0.9), (150, 0.52), (250, 0.7), (350, 0.45)):
        scores[np.abs(times - middle) <= 2] = score
    scores[np.abs(times - 450) <= 2] = np.nan
    given = queue(scores=(times, scores))
    assert [round(clip.start + 3, -1) for clip in given.next_clips("likely", n=2)] == [50, 250]
    assert [round(clip.start + 3, -1) for clip in given.next_clips("uncertain", n=2)] == [150, 350]
    assert {clip.origin for clip in given.next_clips("likely")} == {"likely"}


@pytest.mark.parametrize("order", ["likely", "uncertain"])
def test_queues_by_score_need_a_model(order):
    with pytest.raises(PunchlineError, match="needs the scores of a trained model; train and detect first"):
        queue().next_clips(order)


def test_a_video_of_unknown_length_ends_with_its_series():
    clips = queue(duration=None).next_clips("in_order", n=1000)
    assert clips[-1].end == pytest.approx(LENGTH)
    assert queue(duration=None, series=None).next_clips() == []


# What is taken


def test_a_clip_that_shares_more_than_a_little_with_a_taken_one_is_passed_over():
    taken = [Segment(297.0, 303.0), Segment(93.0, 99.1), Segment(503.0, 509.0)]
    clips = queue(taken=taken).next_clips("peaks", n=30)
    assert all(min(clip.end, one.end) - max(clip.start, one.start) <= 0.755 for clip in clips for one in taken)

    def in_order(end: float) -> list[tuple[float, float]]:
        clips = queue(taken=[Segment(0.0, end)]).next_clips("in_order", n=1000)
        return [(clip.start, clip.end) for clip in clips]

    tiles = [(6.0 * k, 6.0 * k + 6) for k in range(100)]
    assert in_order(0.7) == tiles
    assert in_order(0.8) == [*tiles[1:], (0.8, 6.0)]
    assert in_order(1.1) == tiles[1:]


def test_two_that_share_more_than_a_little_with_one_end_of_a_clip_count_together():
    taken = [Segment(0.0, 0.4), Segment(0.6, 1.0), Segment(0.2, 0.4)]
    assert queue(taken=taken).next_clips("in_order", n=1)[0].start == 6.0


@pytest.mark.parametrize("order", ["peaks", "in_order", "random", "laughter"])
def test_the_rest_of_a_long_laugh_comes_too(order):
    """Twelve seconds of laughing, of which the beginning is labelled, and the place after it too: 5.4 s are left."""
    shown = series({296.0: 30.0, 300.0: 30.0, 304.0: 30.0})
    taken = [Segment(294.3, 300.3), Segment(305.7, 311.7)]
    clips = queue(series=shown, cues={"laughter": heard(297.0, 300.0, 303.0)}, taken=taken).next_clips(order, n=200)
    (rest,) = [clip for clip in clips if clip.start < 303 < clip.end]
    assert 299.5 <= rest.start <= 300.45  # hardly a second of it is labelled already
    assert 305.4 <= rest.end <= 306.5


def test_the_shoulder_of_a_labelled_laugh_is_no_peak():
    clips = of_origin("peaks", queue(taken=[LabeledSegment(297.0, 303.0, 1)]).next_clips(n=6))
    assert [holds(clip, middle) for clip, middle in zip(clips, (100.0, 500.0))] == [True, True]
    assert all(clip.end <= 297.75 or clip.start >= 302.25 for clip in clips)


def test_overlapping_clips_come_where_they_are_asked_for():
    taken = [Segment(0.0, 600.0)]
    assert queue(taken=taken).next_clips("in_order") == []
    again = queue(taken=taken, overlapping=True)
    first = again.next_clips("in_order", n=3)
    assert [clip.start for clip in first] == [0.0, 6.0, 12.0]
    assert again.next_clips("in_order", n=1, in_hand=[clip.segment for clip in first])[0].start == 18.0


@pytest.mark.parametrize("overlapping", [False, True])
def test_a_skipped_clip_does_not_come_again(overlapping):
    clips = judged(40, lambda clip: None, overlapping=overlapping)
    assert len({clip.clip_id for clip in clips}) == 40


# Marked while watching


@pytest.mark.parametrize(
    ("time", "duration", "want"),
    [
        (100.0, 600.0, (95.0, 101.0)),
        (2.0, 600.0, (0.0, 6.0)),
        (0.0, 600.0, (0.0, 6.0)),
        (599.9, 600.0, (594.0, 600.0)),
        (700.0, 600.0, (594.0, 600.0)),
        (100.0, None, (95.0, 101.0)),
        (3.0, 5.5, (0.0, 5.5)),
        (12.34567, 600.0, (7.346, 13.346)),
    ],
)
def test_a_marked_clip_ends_a_second_after_the_key_inside_the_video(time, duration, want):
    clip = marked_clip(time, duration)
    assert (clip.start, clip.end) == pytest.approx(want)


def test_a_video_shorter_than_a_clip_has_none():
    with pytest.raises(PunchlineError, match=r"4\.90 s long; a clip takes at least 5 s"):
        marked_clip(2.0, 4.9)


# Cues


def heard(*middles: float) -> np.ndarray:
    t = np.arange(round(LENGTH * 3)) / 3
    return sum((np.abs(t - middle) <= 2) * (0.9 - middle / 2000) for middle in middles) + np.zeros(len(t))


def test_cues_have_queues_of_their_own():
    cues = {"laughter": heard(200.0, 50.0), "chat": heard(400.0)}
    first, second = queue(cues=cues).next_clips("laughter", n=2)
    assert holds(first, 50.0)
    assert holds(second, 200.0)
    assert first.origin == "laughter"
    assert holds(queue(cues=cues).next_clips("chat", n=1)[0], 400.0)
    assert queue().next_clips("chat") == []


def test_peaks_mix_cues_in():
    quiet = series({})
    assert holds(queue(series=quiet, cues={"laughter": heard(222.0)}).next_clips(n=1)[0], 222.0)
    other_length = {"laughter": heard(222.0)[:-1]}
    assert queue(series=quiet, cues=other_length).next_clips() == queue(series=quiet).next_clips()
