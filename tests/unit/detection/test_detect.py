"""Scores and decisions on series with planted laughs, by a model whose answer is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.detection.detect import (
    DetectionSettings,
    Found,
    Scored,
    decide,
    log_odds_by,
    prior_of,
    score,
    share_labelled_funny,
    share_of_random,
)
from core.errors import ModelFault, PunchlineError
from core.segment import Segment, tiou
from core.series import TimeSeries
from core.sliding_window_processor import probability
from tests.detections import LOUDNESS, PARAMETERS, PERSON, VIDEO, FakeLibrary, SmileModel, label, stream

LAUGHS = tuple(Segment(60.0 * k + 20 + k % 7, 60.0 * k + 26 + k % 7) for k in range(8))
AWAY = Segment(400.0, 440.0)


def scored_of(folder: Path, series: TimeSeries, **options: Any) -> Scored:
    library = FakeLibrary(folder, series)
    return score(library, VIDEO, PERSON, load=library.load, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Scored:
    """Ten minutes with eight laughs of six seconds, and forty seconds away, in which it is loud twice."""
    series = stream(600.0, *LAUGHS, away=AWAY)
    values = series.values.copy()
    t = series.timestamps
    values[(t >= 410) & (t < 413), LOUDNESS] = -12.0
    values[(t >= 414) & (t < 415), LOUDNESS] = -9.0
    values[(t >= 425) & (t < 425.4), LOUDNESS] = -10.0  # too short
    return scored_of(tmp_path_factory.mktemp("detection"), replace(series, values=values))


# Scores


def test_every_window_is_scored_once_or_not_judged(scored):
    assert scored.scores.log_odds.shape == (len(scored.scores.windows),)
    assert (scored.video_id, scored.person, scored.model, scored.labelled_share) == ("v1", "지은", "newest", 0.5)
    assert scored.warnings == ()
    inside = (scored.scores.windows.start >= AWAY.start) & (scored.scores.windows.end <= AWAY.end)
    assert np.isnan(scored.scores.log_odds[inside]).all()
    far = (scored.scores.windows.end <= AWAY.start) | (scored.scores.windows.start >= AWAY.end)
    assert not np.isnan(scored.scores.log_odds[far]).any()
    on_a_laugh = (scored.scores.windows.start == LAUGHS[0].start) & (scored.scores.windows.end == LAUGHS[0].end)
    assert scored.scores.log_odds[on_a_laugh] == pytest.approx(8.0)


def test_progress_is_told(tmp_path):
    told: list[tuple[float, float]] = []
    made = scored_of(tmp_path, stream(60.0), on_progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (len(made.scores.windows), len(made.scores.windows))


def test_loudness_is_told_against_the_usual_one(scored):
    step = scored.scores.windows.first[np.flatnonzero(scored.scores.windows.start == LAUGHS[0].start)[0]]
    assert scored.loudness[step + 2] == pytest.approx(20.0)
    assert scored.loudness[4] == pytest.approx(0.0)


@pytest.mark.parametrize("seconds", [0.0, 3.0])
def test_a_video_shorter_than_a_window_has_no_moments(tmp_path, seconds):
    made = scored_of(tmp_path, stream(seconds))
    assert len(made.scores.windows) == 0
    assert decide(made).moments == ()
    assert decide(made, DetectionSettings(top_n=3)).moments == ()
    assert "a moment takes at least 5 s: there can be none" in made.warnings[-1]


def test_a_series_of_few_samples_is_interpolated_as_clips_are(tmp_path):
    full = stream(60.0, Segment(20.0, 26.0))
    sparse = TimeSeries(full.values[::2], full.timestamps[::2], full.source[::2], 1.5)
    (found,) = decide(scored_of(tmp_path, sparse), DetectionSettings(prior=0.5)).moments
    assert tiou(found, Segment(20.0, 26.0)) > 0.6


class TimedModel(SmileModel):
    """A model that was trained with the times of rows: it says how long a clip is."""

    uses_timestamps_ = True

    def predict_proba(self, X: np.ndarray, timestamps: np.ndarray | None = None) -> np.ndarray:
        assert timestamps is not None
        p = (timestamps[:, -1] - timestamps[:, 0]) / 10
        return np.stack([1 - p, p], axis=1)


def test_times_go_along_where_the_model_was_trained_with_them(tmp_path):
    library = FakeLibrary(tmp_path, stream(60.0))
    made = score(library, VIDEO, PERSON, load=lambda folder: (TimedModel(), library.card))
    lengths = made.scores.windows.end - made.scores.windows.start
    np.testing.assert_allclose(probability(made.scores.log_odds), lengths * 14 / 15 / 10, atol=0.034)


def test_a_model_that_is_too_sure_is_believed_within_bounds():
    class Sure:
        def predict_proba(self, X: np.ndarray) -> np.ndarray:
            return np.array([[0.0, 1.0], [1.0, 0.0]], np.float32)

    found = log_odds_by(Sure(), np.zeros((2, 15, 12), np.float32), np.zeros((2, 15)))
    assert np.isfinite(found).all()
    assert found[0] == pytest.approx(-found[1])


def test_another_emotion_model_is_refused_and_other_thresholds_are_told(tmp_path):
    other = {**PARAMETERS, "models": {**PARAMETERS["models"], "recogniser": {"name": "hsemotion", "digest": "r2"}}}
    library = FakeLibrary(tmp_path / "a", stream(30.0), parameters=other)
    with pytest.raises(ModelFault, match=r"newest .*ferplus.*hsemotion.*extract again"):
        score(library, VIDEO, PERSON, load=library.load)  # type: ignore[arg-type]
    library = FakeLibrary(tmp_path / "b", stream(30.0), parameters={**PARAMETERS, "fill": "none"})
    library.card |= {"person_id": "p2", "person": "Ada"}
    library.model("newest")
    made = score(library, VIDEO, PERSON, model="newest", load=library.load)  # type: ignore[arg-type]
    assert [("Ada" in w, "gaps are filled" in w) for w in made.warnings] == [(True, False), (False, True)]


# Decisions


@pytest.mark.parametrize("prior", [0.05, 0.2, "labels"])
def test_the_planted_laughs_are_found(scored, prior):
    found = decide(scored, DetectionSettings(prior=prior, max_per_hour=None))
    seen = [laugh for laugh in LAUGHS if not AWAY.start < laugh.middle < AWAY.end]
    assert len(found.moments) == len(seen)
    for laugh, moment in zip(seen, found.moments, strict=True):
        assert tiou(laugh, moment) >= 0.7
        assert moment.score >= found.threshold
        assert 0 <= moment.score <= moment.probability <= 1


def test_deciding_does_not_change_what_was_scored(scored):
    before = scored.scores.log_odds.copy()
    first = decide(scored)
    decide(scored, DetectionSettings(threshold=0.1, prior=0.9))
    again = decide(scored)
    np.testing.assert_array_equal(before, scored.scores.log_odds)
    assert again.moments == first.moments


def test_a_rarer_prior_lowers_every_score(scored):
    found = {p: decide(scored, DetectionSettings(prior=p, threshold=0.01)) for p in (0.01, 0.1, 0.5)}
    curves = [found[p].curve.scores for p in (0.01, 0.1, 0.5)]
    assert (np.nan_to_num(np.diff(curves, axis=0)) >= 0).all()
    assert np.nanmax(curves[0]) < np.nanmax(curves[2])
    assert found[0.5].curve.scores[3] == pytest.approx(probability(np.array([-12.0]))[0], rel=0.01)


def test_a_given_threshold_is_used_as_it_is(scored):
    found = decide(scored, DetectionSettings(threshold=0.6, prior=0.5))
    assert found.threshold == 0.6
    assert min(m.score for m in found.moments) >= 0.6
    assert decide(scored, DetectionSettings(threshold=1.0)).moments == ()


def test_only_the_best_of_an_hour_are_kept(scored):
    everything = decide(scored, DetectionSettings(prior=0.5, max_per_hour=None))
    two = decide(scored, DetectionSettings(prior=0.5, max_per_hour=12.0))  # ten minutes
    assert two.moments == tuple(sorted(everything.best(2), key=lambda m: m.start))
    assert len(decide(scored, DetectionSettings(prior=0.5, max_per_hour=0.1)).moments) == 1


def test_the_best_n_need_no_threshold(scored):
    found = decide(scored, DetectionSettings(top_n=3, prior=0.001, threshold=0.99))
    assert found.threshold is None
    assert len(found.moments) == 3
    assert [m.start for m in found.moments] == sorted(m.start for m in found.moments)


def test_where_nothing_is_likely_there_is_no_moment(tmp_path):
    found = decide(scored_of(tmp_path, stream(120.0)))
    assert found.moments == ()
    assert found.threshold >= 0.05


def test_the_best_of_a_few_percent_is_no_moment(scored):
    """A list down to so little would be wrong nine times in ten."""
    rarer = (decide(scored, DetectionSettings(prior=0.01 * 0.7**k)) for k in range(40))
    found = next(found for found in rarer if np.nanmax(found.curve.scores) < 0.05)
    assert np.nanmax(found.curve.scores) > 0.02
    assert found.moments == ()
    assert decide(scored, DetectionSettings(prior=found.prior, threshold=0.02)).moments


def test_what_is_not_judged_is_told_with_its_loud_stretches(scored):
    found = decide(scored)
    (away,) = found.not_judged
    assert AWAY.start <= away.start < away.end <= AWAY.end
    assert AWAY.duration - 6 <= found.not_judged_s == away.duration
    (loud,) = found.loud  # two near one another are one, the short one is none
    assert (loud.start, loud.end) == (410.0, 415.0)
    assert loud.loudness == pytest.approx(31.0)
    for moment in found.moments:
        assert not (moment.start < away.end and away.start < moment.end)


def test_without_sound_nothing_is_loud(tmp_path):
    series = stream(120.0, away=Segment(40.0, 70.0))
    values = series.values.copy()
    values[:, 10:] = np.nan
    made = scored_of(tmp_path, replace(series, values=values))
    assert np.isnan(made.loudness).all()
    assert decide(made).loud == ()


# The prior


def test_the_prior_comes_from_random_labels_once_there_are_enough():
    few = [label(k, 0) for k in range(29)]
    assert share_of_random(few) == (None, 29)
    share, n = share_of_random([*few, label(30, 1), label(31, 1, "peaks"), label(32, 1, "accepted")])
    assert (share, n) == (pytest.approx(1.5 / 31), 30)
    assert share_of_random([]) == (None, 0)
    none_funny, _ = share_of_random([label(k, 0) for k in range(300)])
    assert 0 < none_funny < 0.002


def test_a_prior_is_a_choice_or_a_number(scored):
    assert prior_of(scored, "auto") == 0.01
    assert prior_of(scored, "labels") == 0.5
    assert prior_of(scored, 0.07) == 0.07
    assert prior_of(replace(scored, random_share=0.03, n_random=40), "auto") == 0.03
    assert decide(scored).prior == 0.01


def test_what_is_labelled_funny_in_the_video_is_the_least_to_expect(scored):
    assert prior_of(replace(scored, funny_share=0.2), "auto") == 0.2
    assert prior_of(replace(scored, funny_share=0.2, random_share=0.3), "auto") == 0.3
    assert prior_of(replace(scored, funny_share=0.9), "auto") == scored.labelled_share == 0.5
    assert prior_of(replace(scored, funny_share=0.004), "auto") == 0.01


def test_seconds_that_are_labelled_funny_count_once():
    events = [label(0, 1), label(1, 0), label(1, 1), label(3, 1, "accepted")]
    lengths = sum(event.end - event.start for event in (events[0], events[2]))
    overlap = max(0.0, events[0].end - events[2].start)
    assert share_labelled_funny(events, 100.0) == pytest.approx((lengths - overlap) / 100)
    assert share_labelled_funny([], 100.0) == share_labelled_funny(events, 0.0) == 0.0


def test_random_labels_of_the_ledger_are_counted(tmp_path):
    library = FakeLibrary(tmp_path, stream(30.0))
    library.ledger.record([label(k, int(k < 4)) for k in range(39)])
    made = score(library, VIDEO, PERSON, load=library.load)  # type: ignore[arg-type]
    assert (made.random_share, made.n_random) == (pytest.approx(4.5 / 40), 39)


# Settings


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"threshold": 1.5}, "threshold is 1.5, expected 0 to 1"),
        ({"offset": -0.1}, "offset is -0.1, expected 0 to 1"),
        ({"prior": 1.0}, "prior is 1.0, expected auto, labels, or a share between 0 and 1"),
        ({"prior": "soon"}, "prior is 'soon'"),
        ({"max_per_hour": 0.0, "top_n": 0}, "max_per_hour is 0.0.*; top_n is 0"),
        ({"min_duration_off": -1.0}, "min_duration_off is -1.0 s"),
        ({"min_duration_on": float("nan")}, "min_duration_on is nan s"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, words):
    with pytest.raises(PunchlineError, match=words):
        DetectionSettings(**settings)


# An hour with five


def test_all_five_of_a_quiet_hour_are_among_the_ten_best(tmp_path):
    laughs = [Segment(at, at + 6.0) for at in (400.0, 1000.5, 1900.2, 2600.0, 3300.7)]
    series = stream(3600.0, *laughs, away=Segment(100.0, 130.0), noise=0.12)
    found: Found = decide(scored_of(tmp_path, series))
    best = found.best(10)
    for laugh in laughs:
        assert max(tiou(laugh, moment) for moment in best) >= 0.3
