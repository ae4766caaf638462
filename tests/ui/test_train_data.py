"""What the page Train says of the labels."""

from core.labels.event import LabelEvent
from core.training.model_store import Figure
from pages.components.train.data import _kind_of
from pages.components.train.figures import gap_text


def test_a_funny_label_has_the_colour_of_funny_ones() -> None:
    def event(label: int) -> LabelEvent:
        return LabelEvent(video_id="a", person_id="p", start=0.0, end=6.0, label=label, origin="random")

    assert [_kind_of(event(1)), _kind_of(event(0))] == [0, 1]


def test_a_difference_is_that_of_the_figures_as_they_are_shown() -> None:
    assert gap_text(Figure(0.874), Figure(0.816)) == "+0.05"  # of 0.87 and 0.82, though 0.058 apart
    assert gap_text(Figure(0.8), Figure(0.8)) == "0.00"
