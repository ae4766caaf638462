"""What the page Train says of the labels."""

from core.labels.event import LabelEvent
from pages.components.train.data import _kind_of


def test_a_funny_label_has_the_colour_of_funny_ones() -> None:
    def event(label: int) -> LabelEvent:
        return LabelEvent(video_id="a", person_id="p", start=0.0, end=6.0, label=label, origin="random")

    assert [_kind_of(event(1)), _kind_of(event(0))] == [0, 1]
