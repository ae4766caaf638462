"""What the page Train says of the labels."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.labels.event import LabelEvent
from core.training.model_differences import Difference
from core.training.model_store import Figure, Model
from core.translation import text
from pages.components.train import compare, data
from pages.components.train.data import _kind_of
from pages.components.train.figures import gap_text


def test_a_funny_label_has_the_colour_of_funny_ones() -> None:
    def event(label: int) -> LabelEvent:
        return LabelEvent(video_id="a", person_id="p", start=0.0, end=6.0, label=label, origin="random")

    assert [_kind_of(event(1)), _kind_of(event(0))] == [0, 1]


def test_a_difference_is_that_of_the_figures_as_they_are_shown() -> None:
    assert gap_text(Figure(0.874), Figure(0.816)) == "+0.05"  # of 0.87 and 0.82, though 0.058 apart
    assert gap_text(Figure(0.8), Figure(0.8)) == "0.00"


def labelled(origin: str, label: int, start: float = 0.0) -> LabelEvent:
    return LabelEvent(video_id="a", person_id="p", start=start, end=start + 6.0, label=label, origin=origin)


@pytest.fixture
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (compare, data):
        monkeypatch.setattr(module, "_", lambda message, **values: text(message, "en", **values))


@pytest.mark.usefixtures("english")
def test_clips_that_page_label_picked_have_one_name_whatever_they_were_picked_for() -> None:
    bars = data._by_origin([labelled("peaks", 1), labelled("calm", 0), labelled("random", 0), labelled("peaks", 0)])
    assert bars == [("picked for you", 0), ("picked for you", 1), ("random", 1), ("picked for you", 1)]


@pytest.mark.usefixtures("english")
def test_models_are_compared_by_the_sum_of_origins_of_one_name() -> None:
    def model(**origins: int) -> Model:
        return Model(Path("m"), {"origins": origins})

    one, other = model(peaks=9, calm=7, random=2), model(peaks=9, calm=3, cut=4, random=2)
    assert compare._origins(one, other) == [
        Difference("picked for you", 16, 12),
        Difference("from a cut", None, 4),
    ]
    assert compare._origins(model(peaks=9, calm=7), model(peaks=7, calm=9)) == []


def test_only_accepted_moments_count_as_accepted() -> None:
    events = [labelled("accepted", 1), labelled("accepted", 0), labelled("rejected", 0), labelled("peaks", 1)]
    assert data.n_accepted(events) == 1


def test_accepted_moments_over_clips_labelled_funny_are_counted() -> None:
    events = [labelled("peaks", 1), labelled("peaks", 0, 40.0), labelled("accepted", 1, 2.0)]
    events += [labelled("accepted", 1, 3.0), labelled("accepted", 1, 41.0), labelled("accepted", 1, 42.0)]
    assert data.n_accepted_over_labels(events) == 1, "one shares more than half; others lie over no funny clip"
    elsewhere = LabelEvent("b", "p", 2.0, 8.0, 1, "accepted")
    assert data.n_accepted_over_labels([*events, elsewhere]) == 1, "another video"


def summary_of_accepted(*, over: int = 0) -> None:
    from dataclasses import replace

    import numpy as np

    from pages.components.train.data import _summary
    from tests.labelled import random_clips

    dataset = random_clips(0, 12)
    accepted = [replace(event, origin="accepted" if k < 8 else "peaks") for k, event in enumerate(dataset.events)]
    labels = np.array([1] * 6 + [0] * 6, np.int8)
    events = [replace(event, label=int(label)) for event, label in zip(accepted, labels, strict=True)]
    for k in range(over):  # the last ones become funny clips at the place of the first
        at = {"video_id": events[k].video_id, "start": events[k].start + 1, "end": events[k].end + 1}
        events[-1 - k], labels[-1 - k] = replace(events[-1 - k], **at, label=1), 1
    fine = {"stale": np.zeros(12, bool), "max_failed_ratio": 2.0}
    _summary(replace(dataset, events=events, labels=labels, **fine), [], {})


def test_the_summary_says_how_many_were_accepted() -> None:
    app = AppTest.from_function(summary_of_accepted).run()
    assert not app.exception
    assert [str(part.value) for part in app.caption] == ["6 accepted on Detect"]
    app = AppTest.from_function(summary_of_accepted, kwargs={"over": 2}).run()
    assert not app.exception
    said = "6 accepted on Detect, 2 of them where clips were labelled before"
    assert [str(part.value) for part in app.caption] == [said]
