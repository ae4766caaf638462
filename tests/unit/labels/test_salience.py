"""What is said of a clip is true of it: sounds, faces and cues with a known answer."""

from __future__ import annotations

import numpy as np
import pytest

from core.labels.queue import LabelQueue
from core.labels.salience import Salience
from core.segment import Segment
from core.series import FEATURES, TimeSeries

AROUSAL, LOUDNESS = FEATURES.index("arousal"), FEATURES.index("loudness")
LENGTH = 600.0
T = np.arange(round(LENGTH * 3)) / 3


def near(middle: float) -> np.ndarray:
    return np.abs(T - middle) <= 2


def of_values(values: np.ndarray) -> TimeSeries:
    return TimeSeries(values, T, np.zeros(len(T), np.uint8), 3.0)


def talk() -> np.ndarray:
    """Quiet talk with a loud lively laugh at 100 s, a silent smile at 200 s, an explosion at 300 s, a rest at 400 s."""
    rng = np.random.default_rng(0)
    values = np.zeros((len(T), len(FEATURES)), np.float32)
    values[:, LOUDNESS], values[:, AROUSAL] = rng.normal(-40, 4, len(T)), rng.normal(0, 0.1, len(T))
    values[near(100) | near(300), LOUDNESS] = -15
    values[near(100) | near(200), AROUSAL] = 0.6
    quiet = np.abs(T - 400) <= 4
    values[quiet, LOUDNESS], values[quiet, AROUSAL] = -50, -0.2
    return values


def series() -> TimeSeries:
    return of_values(talk())


def cue(middle: float, height: float = 0.9) -> np.ndarray:
    return np.where(near(middle), height, 0.0)


@pytest.mark.parametrize(
    ("middle", "reason"), [(100, "loud_lively"), (200, "lively"), (300, "loud"), (400, "calm"), (500, "laughter")]
)
def test_a_reason_says_what_is_true_of_the_clip(middle, reason):
    salience = Salience(series(), {"laughter": cue(500)})
    assert salience.reason(Segment(middle - 3, middle + 3)) == reason


def test_laughter_is_said_before_the_chat_and_both_before_all_else():
    salience = Salience(series(), {"laughter": cue(100), "chat": np.maximum(cue(100), cue(300))})
    assert [salience.reason(Segment(m - 3, m + 3)) for m in (100.0, 300.0)] == ["laughter", "chat"]
    faint = Salience(series(), {"laughter": cue(100, 0.3), "chat": np.full(len(T), np.nan)})
    assert faint.reason(Segment(97.0, 103.0)) == "loud_lively"


def test_what_lies_beside_a_clip_is_not_said_of_it():
    salience = Salience(series(), {})
    assert "loud" not in salience.reason(Segment(102.4, 108.4))


def test_a_video_that_is_loud_half_of_the_time_still_has_loud_clips():
    """As the sample: the spread is then so wide that nothing lies far above it."""
    values = talk()
    values[:, LOUDNESS] = np.where(T % 20 < 9, -15, -40)
    one = of_values(values)
    assert Salience(one, {}).reason(Segment(1.0, 7.0)) == "loud"
    assert Salience(one, {}).reason(Segment(412.0, 418.0)) != "loud"


def test_nothing_is_said_where_nothing_is_known():
    assert Salience(of_values(np.full((len(T), len(FEATURES)), np.nan, np.float32)), {}).reason(Segment(1.0, 7.0)) == ""


def test_clips_of_the_queue_carry_their_reason():
    clips = LabelQueue("v", "p", LENGTH, series=series(), cues={"laughter": cue(500)}).next_clips(n=30)
    told = {m: next(c.reason for c in clips if c.start < m < c.end) for m in (100, 200, 300, 500)}
    assert told == {100: "loud_lively", 200: "lively", 300: "loud", 500: "laughter"}
    assert {clip.reason for clip in clips if clip.origin == "random"} == {"random"}
