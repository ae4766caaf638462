"""Lists of moments: what is said of the labels in their places."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from core.detection.detect import DetectionSettings
from core.detection.moments import Moment
from core.detection.results import Precision
from core.labels.event import LabelEvent
from core.labels.trims import Trim
from core.segment import Segment
from pages.components.detect import export, notes, result, settings
from pages.components.detect.moment_list import LIKELY, added_id, least_of, moment_rows, n_best

WHO = {"video_id": "v", "person_id": "p"}


def words(message: str, **values: object) -> str:
    return message.format(**values)


def scoring(*scores: float) -> list[Moment]:
    """Moments of five seconds, one after another."""
    places = [Segment(10.0 * k, 10.0 * k + 5) for k in range(len(scores))]
    return [Moment(s.start, s.end, p, best=s, probability=p) for s, p in zip(places, scores, strict=True)]


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


def test_a_labelled_clip_counts_as_accepted_once_it_is_added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "st", SimpleNamespace(session_state={"export-which": "all"}))
    clip = Segment(30.0, 36.0)
    missed = Moment(clip.start, clip.end, 0.1, clip, 0.1, labelled=True)
    id = added_id(clip, **WHO)
    for trims, verdict in ({}, None), ({id: Trim(id, "v", "p", 31.0, 36.0)}, 1):
        (row,) = moment_rows([missed], [label(30.0, 1)], **WHO, trims=trims)
        assert (row.id, row.note, row.verdict, row.labelled) == (id, "labelled funny", verdict, True)
        for which in ("kept", "accepted", "all"):
            assert export._is_taken(row, which) is (verdict == 1)


@pytest.mark.parametrize(
    ("score", "threshold", "said"),
    [
        (0.648, 0.65, "65% · just below the threshold"),
        (0.6, 0.65, "60% · just below the threshold"),
        (0.59, 0.65, "59%"),
        (0.7, 0.65, "70%"),  # what scores there is covered by no moment all the same
        (0.648, None, "65%"),
    ],
)
def test_what_was_not_found_is_not_called_strong(score: float, threshold: float | None, said: str) -> None:
    (moment,) = scoring(score)
    for labelled, text, word in (True, said, ""), (False, f"{score:.0%} · strong", "strong"):
        shown = replace(moment, labelled=labelled)
        for trims in {}, {added_id(shown.best, **WHO): Trim("t", "v", "p", 0.0, 5.0)}:
            (row,) = moment_rows([shown], [], **WHO, trims=trims, threshold=threshold)
            assert (row.score_text, row.word) == (text, word)


def test_a_label_that_counts_no_longer_is_not_told_as_missed() -> None:
    labels = [label(0.0, 1), label(20.0, 0), label(40.0, 1)]
    assert result._labelled_funny(labels, {labels[2].clip_id: "later"}) == [labels[0].segment]


def test_labels_that_speak_for_another_share_are_told_and_move_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notes, "_", words)
    assert notes.said_share(0.41, 0.412) == ""
    assert "*Find again* takes them in" in notes.said_share(0.41, 0.38)


def test_what_is_to_be_done_is_said_until_all_are_reviewed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notes, "_", words)
    found, judged = scoring(0.6, 0.5), [LabelEvent("v", "p", 10.0 * k, 10.0 * k + 5, 1, "accepted") for k in (0, 1)]
    for labels, said in (judged[:1], "1 of 2 reviewed."), (judged, "All moments are reviewed"):
        assert notes.said_to_do(moment_rows(found, labels, **WHO, trims={})).startswith(said)
    assert notes.said_to_do([]) == ""


@pytest.mark.parametrize(
    ("threshold", "n_found", "said"),
    [
        (0.6, 1, ""),  # the slider can go lower
        (0.1, 3, "the threshold is at its lowest: for more, raise the share"),
        (0.12, 2, "1 weaker ones are left out by *Automatic*"),  # it is shown at the lowest step, and lies above it
        (None, 3, ""),
    ],
)
def test_what_the_left_end_of_the_slider_means_is_said_only_there(
    monkeypatch: pytest.MonkeyPatch, threshold: float | None, n_found: int, said: str
) -> None:
    def found_in(_subject: object, _scored: object, chosen: DetectionSettings) -> SimpleNamespace:
        n = 3 if chosen.threshold == 0.1 else n_found
        return SimpleNamespace(threshold=threshold, moments=scoring(*[0.5] * n))

    monkeypatch.setattr(notes, "_", words)
    monkeypatch.setattr(notes, "found_in", found_in)
    monkeypatch.setattr(notes, "thresholds_in", lambda *_: [0.1, 0.5, 0.9])
    anything: Any = None
    told = notes.said_lowest(notes.n_lower(anything, anything, DetectionSettings()))
    assert told.startswith(said) if said else not told


@pytest.mark.parametrize(
    ("scores", "seconds", "n"),
    [
        ((0.9, 0.1, 0.6, LIKELY, 0.19), 60.0, (3, 3)),  # weak ones are none of the best, however much room there is
        ((0.9, 0.1, 0.6, LIKELY), 10.0, (2, 3)),
        ((0.9, 0.6), 3.0, (1, 2)),  # the best one, even where it is longer
        ((0.1, 0.05), 60.0, (0, 0)),
        ((), 60.0, (0, 0)),
    ],
)
def test_the_best_moments_are_likely_ones(scores: tuple[float, ...], seconds: float, n: tuple[int, int]) -> None:
    assert n_best(scoring(*scores), seconds) == n


def test_the_button_of_the_best_says_what_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "_", words)
    assert settings.best_texts(2, 3) == ("Take the 2 best", "It takes 2 of the 3 moments that score 20% or more.")
    assert settings.best_texts(1, 1)[1] == "It takes all 1 moments that score 20% or more."
    assert settings.best_texts(0, 0) == ("None to take", "No moment scores 20% or more.")


def test_weak_ones_among_the_best_are_exported_once_they_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    state: dict[str, str] = {}
    monkeypatch.setattr(export, "st", SimpleNamespace(session_state=state))
    monkeypatch.setattr(export, "_", words)
    found = scoring(0.6, 0.1, 0.05)
    video: Any = SimpleNamespace(id="v")

    def taken(labels: list[LabelEvent], threshold: float | None = None) -> tuple[list[float], str]:
        rows = moment_rows(found, labels, **WHO, trims={}, least=least_of(threshold))
        batch = export._chosen(export.Batch(video, found, rows), export.which_moments())
        return [moment.score for moment in batch.moments], export.left_out(rows)

    said = "{n} of 3 are exported: accepted, or 20% or more"
    accepted = LabelEvent("v", "p", 10.0, 15.0, 1, "accepted")
    rejected = LabelEvent("v", "p", 0.0, 5.0, 0, "rejected")
    assert taken([]) == ([0.6], said.format(n=1))
    assert taken([accepted]) == ([0.6, 0.1], said.format(n=2))
    assert taken([rejected]) == ([], "nothing to export: weak moments, under 20%, count once you accept them")
    assert taken([], threshold=0.05) == ([0.6, 0.1, 0.05], "")  # the user's threshold says what counts
    state["export-which"] = "all"
    assert taken([]) == ([0.6, 0.1, 0.05], "")


def test_what_reviewed_moments_say_of_the_others_is_said_while_there_are_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(notes, "_", words)
    so_far = Precision(n_accepted=9, n_rejected=1, share=0.9, low=0.6, high=0.98)  # most of them in other videos
    judged = [LabelEvent("v", "p", 10.0 * k, 10.0 * k + 5, 1, "accepted") for k in (0, 1)]
    scores = scoring(0.6, 0.5, 0.4, 0.3, 0.2)
    four_open, three_open = (moment_rows(scores, judged[:n], **WHO, trims={}) for n in (1, 2))
    assert notes.said_right(so_far, four_open) == "Right so far: 9 of 10. Of the 4 others, probably 2 to 4 are right."
    assert notes.said_right(replace(so_far, low=0.9), four_open).endswith("Of the 4 others, probably 4 are right.")
    assert "Of the 3 others" in notes.said_right(so_far, three_open)
    assert notes.said_right(so_far, three_open[:2]) == "Right so far: 9 of 10."  # all reviewed


def test_what_lies_just_below_the_threshold_is_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {0.5: 3, 0.46: 5, 0.44: 9, 0.05: 3, 0.04: 4, 0.03: 6}
    monkeypatch.setattr(notes, "thresholds_in", lambda *_: sorted(found))
    monkeypatch.setattr(
        notes, "found_in", lambda _s, _c, settings: SimpleNamespace(moments=[0] * found[settings.threshold])
    )
    for threshold, more in ((0.5, (2, 0.46)), (0.05, (1, 0.04)), (None, (0, 0.0)), (0.03, (0, 0.0))):
        moments = [0] * found.get(threshold, 3)
        shown = SimpleNamespace(threshold=threshold, moments=moments)
        assert notes.just_below(None, None, DetectionSettings(), shown) == more
