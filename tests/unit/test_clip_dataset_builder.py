"""Clips from labels: their rows, what is usual, what is gated and what is left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from core.clip_dataset_builder import build_clips, clip_digest, series_digest, usual
from core.errors import PunchlineError
from core.labels.event import LabelEvent
from core.labels.rules import MAX_FAILED_RATIO, ClipOptions, check_clip
from core.people.series_file import PersonSeries
from core.segment import Segment
from core.series import FEATURES, LOUDNESS, N_FACE, PITCH, TimeSeries, baseline, resample
from tests.tables import D, F, M, series_of


def person_series_of(series: TimeSeries) -> PersonSeries:
    return PersonSeries(series, np.ones(len(series), np.float32), baseline(series), {})


def given(**series: TimeSeries) -> Callable[[str, str], PersonSeries | None]:
    """These series by video id, for everyone."""
    made = {video: person_series_of(one) for video, one in series.items()}
    return lambda video_id, person_id: made.get(video_id)


def event(video: str, start: float, duration: float = 6.0, label: int = 1, person: str = "p") -> LabelEvent:
    return LabelEvent(video, person, start, start + duration, label, "random")


def constant(level: float, seconds: float) -> TimeSeries:
    n = round(seconds * 3)
    return TimeSeries(np.full((n, 12), level), np.arange(n) / 3, np.zeros(n), 3.0)


@pytest.mark.parametrize("duration", [5.0, 5.5, 6.0, 7.0])
def test_a_clip_of_any_length_is_fifteen_rows_of_the_series(duration):
    series = series_of([D] * 60)
    clips = build_clips([event("a", 3.2, duration)], given(a=series))
    want = resample(series, Segment(3.2, 3.2 + duration))
    assert clips.features.shape == (1, 15, 12)
    assert clips.features.dtype == np.float32
    np.testing.assert_array_equal(clips.features[0], want.values)
    np.testing.assert_array_equal(clips.timestamps[0], want.sample_timestamps)
    np.testing.assert_array_equal(clips.source[0], want.source)
    targets = 3.2 + (np.arange(15) + 0.5) * duration / 15
    assert np.abs(clips.timestamps[0] - targets).max() <= 1 / 6 + 2e-3


def test_clips_stand_in_order_of_labelling_with_their_labels_and_groups():
    events = [event("b", 9.0, label=0), event("a", 2.0), event("b", 1.0)]
    clips = build_clips(events, given(a=series_of([D] * 60), b=series_of([D] * 60)))
    assert list(clips.events) == events
    assert clips.labels.tolist() == [0, 1, 1]
    assert clips.labels.dtype == np.int8
    assert clips.groups.tolist() == ["b", "a", "b"]
    assert len(clips) == 3


def test_linear_sampling_is_handed_on():
    series = series_of([D] * 60)
    clips = build_clips([event("a", 3.21)], given(a=series), options=ClipOptions(sampling="linear"))
    np.testing.assert_allclose(clips.features[0, :, 0], 3.21 + (np.arange(15) + 0.5) * 0.4, rtol=1e-6)


def test_inputs_are_centred_but_for_pitch_and_missing_stays_nan():
    series = series_of([D] * 30 + [M, M] + [D] * 28)
    clips = build_clips([event("a", 8.0)], given(a=series))
    np.testing.assert_allclose(clips.baseline[0], usual(series))
    np.testing.assert_allclose(clips.inputs, clips.features - usual(series), rtol=1e-6)
    np.testing.assert_array_equal(clips.inputs[..., PITCH], clips.features[..., PITCH])
    missing = clips.source[0] == M
    assert 0 < missing.sum() < 15
    assert np.isnan(clips.inputs[0, missing, :N_FACE]).all()
    assert not np.isnan(clips.inputs[0, ~missing]).any()
    assert not np.isnan(clips.inputs[0, :, N_FACE:]).any()


@pytest.mark.parametrize(("n_failed", "usable"), [(0, True), (4, True), (5, False), (15, False)])
@pytest.mark.parametrize("kind", [F, M])
def test_a_clip_at_the_limit_of_failed_rows_is_kept_and_not_usable(kind, n_failed, usable):
    """Fifteen samples, a row each: 4 of 15 is under 30 %, 5 of 15 is not."""
    series = series_of([D] * (15 - n_failed) + [kind] * n_failed)
    clips = build_clips([event("a", -1 / 6, 5.0)], given(a=series))
    assert clips.failed_ratio.tolist() == [n_failed / 15]
    assert clips.usable.tolist() == [usable]
    assert (n_failed / 15 < MAX_FAILED_RATIO) == usable
    assert clips.left_out == []


def test_labels_without_an_array_are_left_out_with_the_reason():
    def series(video_id: str, person_id: str) -> PersonSeries | None:
        if video_id == "other":
            raise PunchlineError("no reference for this embedder")
        return given(a=series_of([D] * 60))(video_id, person_id)

    events = [event("a", 16.0), event("none", 1.0), event("other", 1.0), event("a", 2.0)]
    clips = build_clips(events, series)
    assert list(clips.events) == [events[3]]
    assert [left for left, _ in clips.left_out] == events[:3]
    short, absent, unreadable = (reason for _, reason in clips.left_out)
    assert "the series covers 0.00-19.67 s, the clip needs 16.20-21.80 s" in short
    assert absent == "the video is not analysed for this person"
    assert unreadable == "no reference for this embedder"


@pytest.mark.parametrize("events", [[], [event("none", 1.0)]])
def test_without_an_array_the_dataset_is_empty_and_has_its_shapes(events):
    clips = build_clips(events, given())
    assert len(clips) == 0
    assert clips.inputs.shape == (0, 15, 12)
    assert clips.timestamps.shape == clips.source.shape == (0, 15)
    assert clips.usable.shape == clips.groups.shape == (0,)
    assert len(clips.left_out) == len(events)


@pytest.mark.parametrize("duration", [4.9, 7.1])
def test_a_label_of_another_length_is_left_out(duration):
    clips = build_clips([event("a", 2.0, duration)], given(a=series_of([D] * 60)))
    ((_, reason),) = clips.left_out
    assert f"{duration:.2f} s long, expected 5 to 7 s" in reason


def test_the_samples_of_a_clip_are_counted():
    clips = build_clips([event("a", 3.0, 5.0), event("a", 3.0, 7.0)], given(a=series_of([D] * 60)))
    assert clips.frame_count.tolist() == [15, 21]


# Sampling


def test_a_series_below_three_hertz_is_interpolated_and_that_is_said():
    slow, fast = series_of([D] * 40, sample_rate=2.0), series_of([D] * 60)
    clips = build_clips([event("slow", 3.1), event("fast", 3.1)], given(slow=slow, fast=fast))
    assert list(clips.sampling) == ["linear", "nearest"]
    np.testing.assert_allclose(clips.features[0, :, 0], 3.1 + (np.arange(15) + 0.5) * 0.4, rtol=1e-6)
    assert set(clips.timestamps[1]) <= set(fast.timestamps)
    (remark,) = clips.remarks
    assert "slow" in remark
    assert "sampled at 2 Hz" in remark
    assert "interpolated" in remark


def test_a_linear_row_takes_the_worse_source_and_the_nearest_pitch():
    source = [D] * 10 + [F] + [D] * 29
    series = series_of(source, sample_rate=2.0)
    clips = build_clips([event("a", 2.05)], given(a=series))
    targets = 2.05 + (np.arange(15) + 0.5) * 0.4
    beside = np.abs(targets - 5.0) < 0.5
    np.testing.assert_array_equal(clips.source[0] == F, beside)
    assert clips.failed_ratio[0] == beside.mean()
    nearest = series.values[np.abs(series.timestamps[:, None] - targets).argmin(axis=0), PITCH]
    np.testing.assert_array_equal(clips.features[0, :, PITCH], nearest)


@pytest.mark.parametrize(("rate", "how"), [(3.0, "nearest"), (2.99, "linear"), (30.0, "nearest"), (1.0, "linear")])
def test_three_hertz_is_enough(rate, how):
    assert ClipOptions().sampling_of(series_of([D] * 9, sample_rate=rate)) == how


@pytest.mark.parametrize("n_rows", [9, 15, 40])
def test_a_clip_has_as_many_rows_as_asked_for(n_rows):
    clips = build_clips([event("a", 3.2, 6.0)], given(a=series_of([D] * 60)), options=ClipOptions(n_rows, "linear"))
    assert clips.features.shape == (1, n_rows, 12)
    targets = 3.2 + (np.arange(n_rows) + 0.5) * 6.0 / n_rows
    np.testing.assert_allclose(clips.timestamps[0], targets)
    np.testing.assert_allclose(clips.features[0, :, 0], targets, rtol=1e-5)


def test_options_that_cannot_be_are_refused():
    for n_rows, sampling in ((8, "nearest"), (101, "nearest"), (15, "cubic")):
        with pytest.raises(PunchlineError, match="expected"):
            ClipOptions(n_rows, sampling)


def test_the_clips_of_one_person_are_told_apart():
    events = [event("a", 3.0), replace(event("a", 9.0), person_id="q"), event("b", 3.0)]
    clips = build_clips(events, given(a=series_of([D] * 60)))
    one, other = clips.of("p"), clips.of("q")
    assert [e.start for e in one.events] == [3.0]
    assert [e.video_id for e, _ in one.left_out] == ["b"]
    assert (len(one), len(other), len(other.left_out)) == (1, 1, 0)
    np.testing.assert_array_equal(other.features[0], clips.features[1])
    assert other.digests == [clips.digests[1]]


# The gate


def test_the_gate_can_be_set():
    series = series_of([D] * 10 + [F] * 5)
    one = event("a", -1 / 6, 5.0)
    for limit, usable in ((0.30, False), (1 / 3, False), (0.34, True)):
        clips = build_clips([one], given(a=series), max_failed_ratio=limit)
        assert clips.usable.tolist() == [usable]
        assert clips.max_failed_ratio == limit


# An older dataset


def with_parameters(series: TimeSeries, **parameters: object) -> PersonSeries:
    return PersonSeries(series, np.ones(len(series), np.float32), baseline(series), parameters)


def test_arrays_of_an_equal_digest_are_taken_over_and_others_made_anew():
    events = [event("a", 3.0), event("b", 3.0)]
    one, two = with_parameters(series_of([D] * 60), strict=0.5), with_parameters(constant(9.0, 20), strict=0.5)
    first = build_clips(events, lambda v, p: one)
    assert first.kept.tolist() == [False, False]
    changed = {"a": with_parameters(two.series, strict=0.5), "b": with_parameters(two.series, strict=0.6)}
    second = build_clips(events, lambda v, p: changed[v], cached=first)
    assert second.kept.tolist() == [True, False]
    np.testing.assert_array_equal(second.features[0], first.features[0])
    assert (second.features[1] == 9.0).all()
    assert second.digests[1] == clip_digest(changed["b"], ClipOptions()) != first.digests[1] == second.digests[0]
    assert not second.stale.any()


@pytest.mark.parametrize("change", ["parameter", "sampling", "rows", "longer series"])
def test_a_digest_is_of_all_that_decides_the_rows(change):
    made = with_parameters(series_of([D] * 60), strict=0.5)
    other = {
        "parameter": (with_parameters(made.series, strict=0.6), ClipOptions()),
        "sampling": (made, ClipOptions(sampling="linear")),
        "rows": (made, ClipOptions(n_rows=20)),
        "longer series": (with_parameters(series_of([D] * 61), strict=0.5), ClipOptions()),
    }[change]
    same = with_parameters(series_of([D] * 60), strict=0.5)
    assert clip_digest(made, ClipOptions()) == clip_digest(same, ClipOptions())
    assert clip_digest(*other) != clip_digest(made, ClipOptions())


def test_where_no_series_is_left_the_array_is_kept_stale_and_not_trained_on():
    events = [event("a", 3.0, label=1), event("b", 3.0)]
    first = build_clips(events, given(a=series_of([D] * 60), b=series_of([D] * 60)))
    relabelled = [replace(events[0], label=0, id="x"), events[1], event("a", 9.0)]
    second = build_clips(relabelled, given(b=series_of([D] * 60)), cached=first)
    assert second.stale.tolist() == [True, False]
    assert second.usable.tolist() == [False, True]
    assert second.labels.tolist() == [0, 1]
    assert second.digests[0] == first.digests[0]
    np.testing.assert_array_equal(second.features[0], first.features[0])
    np.testing.assert_array_equal(second.baseline[0], first.baseline[0])
    ((left, _),) = second.left_out  # never had an array
    assert left == relabelled[2]
    assert any("1 clips are stale" in remark and "not analysed" in remark for remark in second.remarks)
    third = build_clips(relabelled[:2], given(a=series_of([D] * 60), b=series_of([D] * 60)), cached=second)
    assert not third.stale.any()


def test_a_series_that_became_too_short_leaves_its_array_stale():
    events = [event("a", 3.0), event("a", 12.0)]
    first = build_clips(events, given(a=series_of([D] * 60)))
    second = build_clips(events, given(a=series_of([D] * 30)), cached=first)
    assert second.stale.tolist() == [False, True]
    assert any("the series does not reach them" in remark for remark in second.remarks)


def test_a_moved_label_gets_a_new_array():
    one = event("a", 3.0)
    first = build_clips([one], given(a=series_of([D] * 60)))
    moved = replace(one, start=3.5, end=9.5)
    second = build_clips([moved], given(a=series_of([D] * 60)), cached=first)
    assert second.kept.tolist() == [False]
    assert second.features[0, 0, 0] == pytest.approx(3.7, abs=1 / 6 + 2e-3)
    assert second.features[0, 0, 0] != first.features[0, 0, 0]
    gone = build_clips([moved], given(), cached=first)
    assert len(gone) == 0  # an array of another place is not one of this label


def test_what_is_usual_is_told_anew_for_arrays_that_are_taken_over():
    events = [event("a", 2.0)]
    first = build_clips(events, given(a=constant(1.0, 60)))
    second = build_clips(events, given(a=constant(1.0, 60)), others_of=lambda v, p: [constant(7.0, 600)], cached=first)
    assert second.kept.tolist() == [True]
    assert second.baseline[0, 0] == 7.0


# What is usual


def test_a_video_seen_for_five_minutes_has_its_own_baseline():
    long, short, other = constant(1.0, 300), constant(1.0, 299.5), constant(5.0, 600)
    assert usual(long, [other])[0] == 1.0
    assert usual(short, [other])[0] == 5.0
    assert usual(short)[0] == 1.0


def test_sound_is_centred_on_its_own_video():
    """Each recording has its own level, and there is sound whether the face is seen or not."""
    short = series_of([D] * 60 + [M] * 120)
    quieter = replace(short, values=short.values - np.where(np.arange(12) == LOUDNESS, np.float32(15), 0))
    others = [constant(5.0, 600)]
    of_short, of_quieter = usual(short, others), usual(quieter, others)
    assert of_short[0] == of_quieter[0] == 5.0
    assert of_short[LOUDNESS] == np.median(short.values[:, LOUDNESS])
    assert of_short[LOUDNESS] - of_quieter[LOUDNESS] == pytest.approx(15)
    silent = replace(short, values=np.where(np.arange(12) >= LOUDNESS, np.nan, short.values))
    assert np.isnan(usual(silent, others)[LOUDNESS])


def test_the_pooled_series_are_not_read_where_they_are_not_needed():
    def others():
        raise AssertionError("read")
        yield

    usual(constant(1.0, 300), others())


def test_only_observed_minutes_count():
    series = series_of([D] * 600 + [M] * 600)  # 400 s, of which the person is seen for 200
    assert usual(series, [constant(5.0, 6000)])[0] == 5.0


def test_the_pooled_baseline_is_of_the_same_person_alone():
    series = {
        ("a", "p"): person_series_of(constant(1.0, 60)),
        ("b", "p"): person_series_of(constant(3.0, 600)),
        ("c", "q"): person_series_of(constant(9.0, 6000)),
    }
    events = [event("a", 2.0), event("b", 2.0), event("c", 2.0, person="q")]
    clips = build_clips(events, lambda *key: series.get(key))
    assert clips.baseline[:, 0].tolist() == [3.0, 3.0, 9.0]
    assert clips.inputs[:, 0, 0].tolist() == [-2.0, 0.0, 0.0]


def test_videos_without_labels_can_be_pooled_too():
    asked = []

    def others(video_id: str, person_id: str) -> list[TimeSeries]:
        asked.append((video_id, person_id))
        return [constant(7.0, 600)]

    clips = build_clips([event("a", 2.0)], given(a=constant(1.0, 60)), others_of=others)
    assert clips.baseline[0, 0] == 7.0
    assert asked == [("a", "p")]


# check_clip, series_digest


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (0.0, 5.0, None),
        (10.0, 17.0, None),
        (0.001, 5.0, None),  # rounded to milliseconds on its way
        (0.0, 4.99, "4.99 s long, expected 5 to 7 s"),
        (0.0, 7.01, "7.01 s long, expected 5 to 7 s"),
        (9.0, 3.0, "-6.00 s long"),
        (94.0, 100.4, None),
        (94.0, 100.6, "the clip ends at 100.60 s, the video at 100.00 s"),
        (-0.4, 5.0, None),
        (-0.6, 5.0, "the clip starts at -0.60 s, the video at 0"),
    ],
)
def test_a_clip_must_have_its_length_and_lie_in_the_video(start, end, words):
    reason = check_clip(start, end, video_duration=100.0)
    assert reason is None if words is None else words in (reason or "")


def test_a_video_of_unknown_duration_bears_any_time():
    assert check_clip(1e6, 1e6 + 6) is None


def test_a_digest_depends_on_what_is_said_and_not_on_its_order():
    assert series_digest({"a": 1, "b": [2.0]}) == series_digest({"b": [2.0], "a": 1})
    assert series_digest({"a": 1}) != series_digest({"a": 2})
    assert len(FEATURES) == 12
