"""Lists of moments: what is said of the labels in their places."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from core.detection.moments import Moment
from core.labels.event import LabelEvent
from core.segment import Segment
from pages.components.detect import review
from pages.components.detect.moments import moment_rows

WHO = {"video_id": "v", "person_id": "p"}


def label(start: float, value: int) -> LabelEvent:
    return LabelEvent("v", "p", start, start + 6.0, value, "marked")


@pytest.mark.parametrize(
    ("labels", "note"),
    [
        ([], ""),
        ([label(3.3, 1), label(0.0, 0)], "labelled funny"),  # the one that covers it, not the latest
        ([label(0.0, 1), label(3.5, 0)], "labelled not funny"),
        ([label(30.0, 1)], ""),
    ],
)
def test_a_moment_is_said_to_be_labelled_as_the_clip_that_covers_most_of_it(
    labels: list[LabelEvent], note: str
) -> None:
    moment = Moment(3.0, 9.0, 0.6, best=Segment(3.2, 9.2), probability=0.6)
    (row,) = moment_rows([moment], labels, **WHO, trims={})
    assert row.note == note


def test_scores_that_judgements_moved_are_said_to_have_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    told: list[str] = []
    page = SimpleNamespace(session_state={}, caption=said.append, toast=lambda text, **_icon: told.append(text))
    monkeypatch.setattr(review, "st", page)
    monkeypatch.setattr(review, "_", lambda message, **values: message.format(**values))
    subject: Any = SimpleNamespace(key="v-p", model=SimpleNamespace(name="light"))

    def drawn(prior: float, wish: str | float = "auto") -> tuple[int, int]:
        settings: Any = SimpleNamespace(prior=wish)
        found: Any = SimpleNamespace(prior=prior)
        review._recomputed(subject, settings, found)
        return len(said), len(told)

    assert drawn(0.41) == (0, 0)
    assert drawn(0.2, 0.2) == (0, 0)  # the user chose another share: no judgement did
    assert drawn(0.38) == (1, 1)
    assert drawn(0.38) == (2, 1)  # it stays on the page, and is told once
    assert "from 41% to 38%" in told[0]
