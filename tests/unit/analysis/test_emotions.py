"""Shares, transitions, summaries and peaks of series whose answer is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.analysis.emotions import (
    emotion_shares,
    feature_peaks,
    pitch_in_hertz,
    row_seconds,
    strongest,
    summarise_range,
)
from core.analysis.transitions import EmotionRun, emotion_runs, emotion_strip, occurrences, patterns, transition_matrix
from core.segment import Segment
from core.series import EMOTIONS, FEATURES, N_FACE, Source, TimeSeries, fill_gaps, hertz

N, H, S, A = (EMOTIONS.index(name) for name in ("neutral", "happiness", "surprise", "anger"))
MISSING = -1


def series(emotions: list[int], *, sample_rate: float = 2.0, timestamps: np.ndarray | None = None) -> TimeSeries:
    """A row for each emotion, which has 0.72 and the others 0.04; no face where it is MISSING."""
    n = len(emotions)
    t = np.arange(n) / sample_rate if timestamps is None else timestamps
    values = np.full((n, len(FEATURES)), 0.04)
    values[np.arange(n), emotions] = 0.72
    values[:, FEATURES.index("valence")] = 0.0
    values[:, FEATURES.index("loudness")] = -40.0
    values[:, FEATURES.index("pitch")] = 0.0
    source = np.where(np.array(emotions) == MISSING, Source.MISSING, Source.DETECTED)
    values[source == Source.MISSING, :N_FACE] = np.nan
    return TimeSeries(values, t, source.astype(np.uint8), sample_rate)


# Time


def test_a_row_stands_for_the_time_half_way_to_its_neighbours():
    np.testing.assert_allclose(row_seconds(series([N] * 4)), [0.5, 0.5, 0.5, 0.5])
    uneven = series([N] * 4, timestamps=np.array([0.0, 0.4, 1.0, 9.0]))
    np.testing.assert_allclose(row_seconds(uneven), [0.45, 0.5, 0.8, 0.75])  # of 8 s without a sample only a second
    assert row_seconds(series([])).tolist() == []
    np.testing.assert_allclose(row_seconds(series([N])), [0.5])


# Shares


def test_shares_are_those_of_the_time_in_which_the_face_was_seen():
    found = emotion_shares(series([N, N, N, H, MISSING, MISSING]))
    assert found.shares["neutral"] == pytest.approx(0.75)
    assert found.shares["happiness"] == pytest.approx(0.25)
    assert sum(found.shares.values()) == pytest.approx(1)
    assert (found.seen, found.interpolated, found.missing) == (2.0, 0.0, 1.0)


def test_shares_are_weighted_by_time():
    found = emotion_shares(series([N, H, H, N], timestamps=np.array([0.0, 0.5, 0.6, 1.1])))
    assert found.shares["happiness"] == pytest.approx(0.6 / 1.6)


def test_shares_by_probability_are_mean_probabilities():
    found = emotion_shares(series([N, N, H, H]), by="probability")
    assert found.shares["neutral"] == pytest.approx(0.38)
    assert found.shares["anger"] == pytest.approx(0.04)


def test_what_is_filled_in_is_told_apart():
    found = emotion_shares(fill_gaps(series([N, N, MISSING, H, H])))
    assert (found.seen, found.interpolated, found.missing) == (2.0, 0.5, 0.0)
    assert found.shares["neutral"] == pytest.approx(0.5)


def test_a_range_and_nothing():
    found = emotion_shares(series([N, N, H, H]), chosen=Segment(1.0, 2.0))
    assert found.shares["happiness"] == pytest.approx(1)
    for nothing in (emotion_shares(series([])), emotion_shares(series([MISSING] * 3))):
        assert np.isnan(list(nothing.shares.values())).all()
        assert nothing.seen == 0


# Transitions


def test_runs_and_transitions_of_a_short_story():
    story = series([N] * 4 + [H] * 4 + [S] * 2 + [N] * 4)
    runs = emotion_runs(story)
    assert [(r.emotion, r.start, r.end) for r in runs] == [
        ("neutral", -0.25, 1.75),
        ("happiness", 1.75, 3.75),
        ("surprise", 3.75, 4.75),
        ("neutral", 4.75, 6.75),
    ]
    assert [r.follows for r in runs] == [False, True, True, True]
    matrix = transition_matrix(runs)
    assert matrix.sum() == 3
    assert matrix[N, H] == matrix[H, S] == matrix[S, N] == 1
    assert [p.emotions for p in patterns(runs)] == [
        ("neutral", "happiness", "surprise"),
        ("happiness", "surprise", "neutral"),
    ]
    assert occurrences(runs, ("neutral", "happiness", "surprise")) == [Segment(-0.25, 4.75)]
    assert occurrences(runs, ("anger", "happiness")) == []


def test_what_lasts_too_short_is_passed_over():
    story = series([N] * 4 + [A] + [N] * 4 + [H] * 2)
    runs = emotion_runs(story, min_dwell=1.0)
    assert [r.emotion for r in runs] == ["neutral", "happiness"]
    assert runs[0].end == 4.25
    assert [r.emotion for r in emotion_runs(story, min_dwell=0.5)] == ["neutral", "anger", "neutral", "happiness"]
    assert [r.emotion for r in emotion_runs(story, min_dwell=2.0)] == ["neutral"]


def test_over_a_long_gap_nothing_follows():
    story = series([N] * 4 + [MISSING] * 2 + [H] * 4 + [MISSING] * 10 + [S] * 4)
    runs = emotion_runs(story)
    assert [r.follows for r in runs] == [False, True, False]
    assert transition_matrix(runs)[N, H] == transition_matrix(runs).sum() == 1
    assert patterns(runs) == []
    assert patterns(runs, length=1)[0].occurrences == (Segment(runs[0].start, runs[0].end),)
    same = emotion_runs(series([N] * 4 + [MISSING] * 10 + [N] * 4))
    assert len(same) == 2


def test_a_short_run_after_a_gap_does_not_hide_the_gap():
    runs = emotion_runs(series([N] * 4 + [MISSING] * 10 + [A] + [N] * 4), min_dwell=1.0)
    assert [(r.emotion, r.follows) for r in runs] == [("neutral", False), ("neutral", False)]


def test_the_most_frequent_pattern_comes_first_with_all_its_times():
    runs = emotion_runs(series(([N] * 2 + [H] * 2) * 3 + [S] * 2))
    first, second, third = patterns(runs, length=2)
    assert first.emotions == ("neutral", "happiness")
    assert [s.start for s in first.occurrences] == [-0.25, 1.75, 3.75]
    assert (second.emotions, len(second.occurrences)) == (("happiness", "neutral"), 2)
    assert third.emotions == ("happiness", "surprise")


def test_unknown_emotions_are_refused():
    with pytest.raises(ValueError, match="unknown emotions \\['joy'\\]"):
        occurrences([EmotionRun(0, 1, "neutral")], ["joy"])
    with pytest.raises(ValueError, match="expected some of"):
        occurrences([], [])


def test_of_nothing_there_are_no_runs():
    assert emotion_runs(series([])) == emotion_runs(series([MISSING] * 5)) == []
    assert transition_matrix([]).shape == (8, 8)
    assert strongest(series([N, MISSING])).tolist() == [N, -1]


# Summaries


def eventful() -> TimeSeries:
    made = series([N] * 10 + [MISSING] * 10)
    values = made.values.copy()
    values[:, FEATURES.index("valence")] = np.where(made.observed, np.linspace(-0.9, 1.0, 20), np.nan)
    values[:, FEATURES.index("loudness")] = -40.0
    values[14, FEATURES.index("loudness")] = -10.0
    values[2:4, FEATURES.index("pitch")] = [12.0, 24.0]
    return TimeSeries(values, made.timestamps, made.source, made.sample_rate)


def test_a_summary_tells_means_extremes_and_the_loudest_time():
    found = summarise_range(eventful())
    assert (found.seconds, found.seen_share, found.loudest_at) == (10.0, 0.5, 7.0)
    valence = found.features["valence"]
    assert (valence.least, valence.least_at, valence.greatest_at) == (pytest.approx(-0.9), 0.0, 4.5)
    assert valence.mean == pytest.approx(-0.45)
    assert valence.seen_share == 0.5
    assert found.features["loudness"].mean == pytest.approx(-38.5)
    pitch = found.features["pitch"]  # only where there is a voice
    assert (pitch.mean, pitch.least, pitch.greatest, pitch.seen_share) == (18.0, 12.0, 24.0, 0.1)
    assert found.emotions.shares["neutral"] == 1.0


def test_a_summary_of_a_range_without_a_face():
    found = summarise_range(eventful(), Segment(6.0, 10.0))
    assert (found.seconds, found.seen_share, found.loudest_at) == (4.0, 0.0, 7.0)
    assert found.features["valence"].mean is None
    empty = summarise_range(eventful(), Segment(100.0, 110.0))
    assert (empty.seconds, empty.seen_share, empty.loudest_at) == (0.0, 0.0, None)


# Peaks


def test_peaks_are_the_highest_times_apart():
    made = series([N] * 60)
    values = made.values.copy()
    arousal = FEATURES.index("arousal")
    values[:, arousal] = 0.0
    for row, height in ((10, 0.5), (14, 0.4), (40, 0.9), (59, 0.2)):
        values[row, arousal] = height
    values[20, arousal] = np.nan
    made = TimeSeries(values, made.timestamps, made.source, made.sample_rate)
    found = feature_peaks(made, "arousal")
    assert [(p.time, p.value) for p in found] == [
        (20.0, pytest.approx(0.9)),
        (5.0, pytest.approx(0.5)),
        (29.5, pytest.approx(0.2)),
    ]
    assert found[0].above == pytest.approx(0.9)
    assert [p.time for p in feature_peaks(made, "arousal", n=1)] == [20.0]
    assert len(feature_peaks(made, "arousal", apart=1.0)) == 4
    assert [p.time for p in feature_peaks(made, "arousal", chosen=Segment(0.0, 10.0))] == [5.0]
    assert feature_peaks(made, "loudness") == []  # it never moves
    assert feature_peaks(series([MISSING] * 3), "valence") == []
    with pytest.raises(ValueError, match="unknown feature 'joy'"):
        feature_peaks(made, "joy")


def test_a_strip_holds_the_emotions_that_take_most_of_each_part():
    runs = emotion_strip(series([N] * 6 + [H] * 4 + [MISSING] * 4), Segment(0, 7), n_parts=600)
    assert [run.emotion for run in runs] == ["neutral", "happiness"]
    coarse = emotion_strip(series(([N] * 7 + [H]) * 50 + [H] * 400 + [MISSING] * 200), Segment(0, 500), n_parts=50)
    assert [(run.start, run.end, run.emotion) for run in coarse] == [(0, 200, "neutral"), (200, 400, "happiness")]


def test_pitch_in_hertz_has_gaps_where_there_is_no_voice():
    made = series([N, N])
    made = replace(made, values=np.where(np.arange(12) == FEATURES.index("pitch"), [[0], [12]], made.values))
    assert np.array_equal(pitch_in_hertz(made), [np.nan, 110], equal_nan=True)
    assert hertz(12) == 110
