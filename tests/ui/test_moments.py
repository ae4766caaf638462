"""Lists of moments: what is said of the labels in their places."""

from __future__ import annotations

import pytest

from core.detection.moments import Moment
from core.labels.event import LabelEvent
from core.segment import Segment
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
