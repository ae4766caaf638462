"""Of labels that say the opposite at one place the later counts: what is an overlap, what is later, and undo."""

from __future__ import annotations

import random
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.labels.contradictions import as_set, counting, counts, overruled
from core.labels.event import LabelEvent
from core.labels.handover import hand_over
from core.labels.ledger import Ledger

START = 1_700_000_000.0


def at(seconds: float) -> str:
    return datetime.fromtimestamp(START + seconds, UTC).isoformat(timespec="milliseconds")


def event(start: float, label: int | None, clip_id: str, *, seconds: float = 0.0, **changes: object) -> LabelEvent:
    """A clip of six seconds, judged so many seconds after the first."""
    kind = "remove" if label is None else "label"
    values = {"video_id": "v1", "person_id": "p1", "end": start + 6.0, "origin": "marked", "kind": kind, **changes}
    return LabelEvent(start=start, label=label, clip_id=clip_id, at=at(seconds), **values)  # type: ignore[arg-type]


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "labels.sqlite")


def out(ledger: Ledger) -> dict[str, str]:
    return overruled(ledger, ledger.labels())


# What contradicts


@pytest.mark.parametrize(
    ("start", "end", "label", "contradicts"),
    [
        (10.0, 16.0, 0, True),
        (12.9, 18.9, 0, True),
        (13.0, 19.0, 0, False),  # just half
        (7.1, 13.1, 0, True),
        (7.0, 13.0, 0, False),
        (10.0, 16.0, 1, False),
        (16.0, 22.0, 0, False),
        (12.4, 17.4, 0, True),  # more than half of the shorter
        (13.6, 18.6, 0, False),
        (0.0, 60.0, 0, True),
        (12.0, 12.5, 0, True),
    ],
)
def test_a_contradiction_is_an_overlap_of_more_than_half(ledger, start, end, label, contradicts):
    ledger.record([event(10.0, 1, "one"), event(start, label, "other", end=end, seconds=1)])
    assert out(ledger) == ({"one": "other"} if contradicts else {})


def test_other_videos_and_people_are_left_alone(ledger):
    ledger.record([event(10.0, 1, "one"), event(10.0, 0, "two", video_id="v2"), event(10.0, 0, "3", person_id="p2")])
    assert out(ledger) == {}
    assert counts(ledger) == ledger.counts()


def test_labels_of_somebody_else_count_if_they_are_later(ledger):
    ledger.record([event(10.0, 1, "mine", labeller="Ann"), event(11.0, 0, "theirs", labeller="Ben", seconds=1)])
    assert out(ledger) == {"mine": "theirs"}


# What is later


def test_the_later_label_counts_in_whatever_order_they_were_recorded(ledger):
    ledger.record([event(10.0, 1, "late", seconds=9), event(11.0, 0, "early", seconds=1)])
    assert out(ledger) == {"early": "late"}
    assert [label.clip_id for label in counting(ledger)] == ["late"]
    assert counts(ledger) == {("p1", "v1", 1): 1}
    assert len(ledger.labels()) == 2  # nothing is lost


def test_of_two_in_the_same_instant_the_one_recorded_last_counts(ledger):
    ledger.record([event(10.0, 1, "one"), event(11.0, 0, "two")])
    assert out(ledger) == {"one": "two"}


def test_what_contradicts_only_what_does_not_count_counts(ledger):
    """Funny, then not funny a little later, then funny again beyond that: the first and the last agree."""
    ledger.record([event(10.0, 1, "one"), event(12.0, 0, "two", seconds=1), event(14.0, 1, "three", seconds=2)])
    assert out(ledger) == {"two": "three"}


def test_setting_the_label_again_makes_it_later(ledger):
    ledger.record([event(10.0, 1, "one"), event(11.0, 0, "two", seconds=1), event(10.0, 1, "one", seconds=2)])
    assert out(ledger) == {"two": "one"}


def test_an_edit_of_the_note_or_the_bounds_makes_nothing_later(ledger):
    ledger.record([event(10.0, 1, "one"), event(11.0, 0, "two", seconds=1)])
    ledger.edit("one", note="a laugh")
    ledger.edit("one", start=10.5, end=16.5)
    assert out(ledger) == {"one": "two"}
    ledger.edit("two", label=1)
    assert out(ledger) == {}
    ledger.edit("two", label=0)
    ledger.edit("one", note="")
    assert out(ledger) == {"one": "two"}


# Undo and removal


def test_undo_of_the_later_label_brings_the_earlier_one_back(ledger):
    ledger.record([event(10.0, 1, "one")])
    (later,) = ledger.record([event(11.0, 0, "two", seconds=1)])
    undone = ledger.undo(later)
    assert (out(ledger), [label.clip_id for label in counting(ledger)]) == ({}, ["one"])
    ledger.undo(undone.id)
    assert out(ledger) == {"one": "two"}


def test_an_undone_edit_gives_back_the_order_before_it(ledger):
    ledger.record([event(10.0, 1, "one"), event(11.0, 0, "two", seconds=1)])
    edit = ledger.edit("one", label=0)
    assert out(ledger) == {}
    undone = ledger.undo(edit.id)  # recorded last, and yet the label is as old as it was
    assert out(ledger) == {"one": "two"}
    again = ledger.undo(undone.id)
    ledger.edit("two", label=1)
    assert out(ledger) == {"one": "two"}
    ledger.undo(again.id)
    assert out(ledger) == {}


def test_a_skip_changes_no_order_and_an_undone_one_neither(ledger):
    ledger.record([event(10.0, 1, "one"), event(11.0, 0, "two", seconds=1)])
    (skip,) = ledger.record([event(10.0, None, "one", kind="skip", seconds=2)])
    assert out(ledger) == {"one": "two"}
    ledger.undo(skip)
    assert out(ledger) == {"one": "two"}


def test_a_removed_label_contradicts_nothing_and_comes_back_by_undo_as_old_as_it_was(ledger):
    ledger.record([event(10.0, 1, "one"), event(11.0, 0, "two", seconds=1)])
    (removal,) = ledger.record([event(11.0, None, "two", seconds=2)])
    assert out(ledger) == {}
    ledger.undo(removal)
    assert out(ledger) == {"one": "two"}
    (first,) = ledger.record([event(10.0, None, "one", seconds=3)])
    ledger.undo(first)
    assert out(ledger) == {"one": "two"}


# Many


@pytest.mark.parametrize("span", [7200.0, 10.0])
def test_20000_labels_are_counted_in_well_under_a_second(ledger, span):
    rng = random.Random(0)
    starts = [round(rng.uniform(0, span), 3) for _ in range(20_000)]
    ledger.record([event(start, int(rng.random() < 0.4), str(k), seconds=k) for k, start in enumerate(starts)])
    begin = time.process_time()
    n = counts(ledger).total()
    assert time.process_time() - begin < 2.0  # 0.4 s on an idle machine
    assert 0 < n < 20_000


# Elsewhere


def test_labels_dated_as_they_were_set_count_elsewhere_as_here(ledger, tmp_path):
    ledger.record([event(10.0, 1, "one"), event(11.0, 0, "two", seconds=1), event(50.0, 1, "three", seconds=2)])
    ledger.undo(ledger.edit("one", label=0).id)
    ledger.edit("three", note="a laugh")
    dated = as_set(ledger, ledger.labels())
    assert {label.clip_id: label.at for label in dated} == {"one": at(0), "two": at(1), "three": at(2)}
    assert [label.note for label in dated if label.clip_id == "three"] == ["a laugh"]
    elsewhere = Ledger(tmp_path / "elsewhere.sqlite")
    elsewhere.record(dated)
    assert out(elsewhere) == out(ledger) == {"one": "two"}


def test_a_label_handed_over_counts_as_it_did(ledger):
    ledger.record([event(10.0, 1, "one"), event(11.0, 0, "two", seconds=1)])
    ledger.undo(ledger.edit("one", label=0).id)
    hand_over(ledger, "person_id", "p1", "p2", {})
    assert [(label.start, label.label) for label in counting(ledger)] == [(11.0, 0)]


def test_counts_are_made_anew_for_every_event_and_for_another_ledger_of_the_same_name(ledger):
    assert counts(ledger) == {}
    ledger.record([event(10.0, 1, "one")])
    counts(ledger).clear()
    assert counts(ledger) == {("p1", "v1", 1): 1}
    ledger.record([event(11.0, 0, "two", seconds=1)])
    assert counts(ledger) == {("p1", "v1", 0): 1}
    shutil.rmtree(ledger.path.parent)
    ledger.path.parent.mkdir()
    again = Ledger(ledger.path)
    again.record([event(10.0, 0, "one"), event(50.0, 0, "two")])
    assert counts(again) == {("p1", "v1", 0): 2}
