"""Page Analyse: what is not there has no highest place."""

from __future__ import annotations

import numpy as np
import pytest

from core.analysis.emotions import summarise_range
from core.analysis.transitions import EmotionRun, Pattern
from core.series import FEATURES, TimeSeries
from pages.components.analyse import lists
from pages.components.shared.charts import feature_value
from pages.components.shared.jumps import Jumps


def test_an_emotion_that_never_shows_has_no_highest_place(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.zeros((30, len(FEATURES)), np.float32)
    values[:, FEATURES.index("happiness")] = np.linspace(0.1, 0.9, 30)
    series = TimeSeries(values, np.arange(30) / 3, np.zeros(30, np.uint8), 3.0)
    drawn: list[Jumps] = []
    monkeypatch.setattr(lists, "jumps", lambda rows, **_look: drawn.extend(rows))
    lists.summary_list(summarise_range(series, None), player_key="p")
    places = {row.title: len(row.chips) for row in drawn}
    assert (places["happiness"], places["surprise"]) == (1, 0)


def test_a_value_near_zero_has_no_sign() -> None:
    assert feature_value("valence", -0.001) == "0.00"
    assert feature_value("loudness", -0.3) == "0 dB"
    assert feature_value("valence", -0.01) == "-0.01"


def test_a_succession_says_how_long_it_lasted_in_the_language_of_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Jumps] = []
    monkeypatch.setattr(lists, "jumps", lambda rows, **_look: drawn.extend(rows))
    monkeypatch.setattr(lists, "lasting", lambda seconds: f"{seconds:.0f}초")
    pattern = Pattern(("happiness", "neutral"), (EmotionRun(3.0, 20.0, "happiness"),))
    lists._successions([pattern], player_key="p")
    assert [chip.text for row in drawn for chip in row.chips] == ["17초"]
