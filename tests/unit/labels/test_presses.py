"""Keys of the player become events of the ledger, once each, in their order."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from core.errors import StorageFault
from core.labels.ledger import Ledger
from core.labels.presses import take


@dataclass(frozen=True)
class Pressed:
    """What the browser sends."""

    id: str
    kind: str = "label"
    clip_id: str = "c1"
    video_id: str = "v1"
    person_id: str = "p1"
    start: float = 10.0
    end: float = 16.0
    label: int | None = 1
    origin: str = "peaks"
    time: float = 13.0
    at: str = "2026-01-01T00:00:00.000+00:00"
    undoes: str | None = None


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "labels.sqlite")


def taken(ledger: Ledger, *presses: Pressed, duration: float = 100.0) -> list[str]:
    return take(ledger, presses, duration_of=lambda _id: duration, labeller="me")


def held(ledger: Ledger) -> list[tuple[str, float, float, int | None]]:
    return [(e.clip_id, e.start, e.end, e.label) for e in ledger.labels()]


def test_labels_are_recorded_with_their_origin(ledger: Ledger) -> None:
    assert taken(ledger, Pressed("a"), Pressed("b", clip_id="c2", start=30, end=36.5, label=0)) == ["a", "b"]
    assert held(ledger) == [("c1", 10, 16, 1), ("c2", 30, 36.5, 0)]
    event = ledger.labels()[0]
    assert (event.origin, event.labeller, event.id) == ("peaks", "me", "a")


def test_what_is_sent_again_counts_once(ledger: Ledger) -> None:
    first, undo = Pressed("a"), Pressed("u", kind="undo", label=None, undoes="a")
    for _ in range(3):
        assert taken(ledger, first, undo) == ["a", "u"]
    assert held(ledger) == []
    assert len(ledger.history("c1")) == 2


def test_undo_brings_back_what_was_before(ledger: Ledger) -> None:
    taken(ledger, Pressed("a"), Pressed("b", label=0))
    taken(ledger, Pressed("u", kind="undo", label=None, undoes="b"))
    assert held(ledger) == [("c1", 10, 16, 1)]


def test_undo_leaves_a_later_change_from_elsewhere(ledger: Ledger) -> None:
    taken(ledger, Pressed("a"))
    taken(ledger, Pressed("other", label=0))
    assert taken(ledger, Pressed("u", kind="undo", label=None, undoes="a")) == ["u"]
    assert held(ledger) == [("c1", 10, 16, 0)]


def test_a_skip_takes_no_label_away_and_can_be_undone(ledger: Ledger) -> None:
    taken(ledger, Pressed("s", kind="skip", label=None))
    assert [event.clip_id for event in ledger.skipped()] == ["c1"]
    taken(ledger, Pressed("u", kind="undo", label=None, undoes="s"))
    assert ledger.skipped() == []
    assert held(ledger) == []


def test_a_mark_is_the_clip_that_ends_a_second_after_the_key(ledger: Ledger) -> None:
    taken(ledger, Pressed("m", kind="mark", clip_id="", origin="marked", time=50.0))
    ((_, start, end, label),) = held(ledger)
    assert (start, end, label) == (45.0, 51.0, 1)
    assert ledger.labels()[0].origin == "marked"
    taken(ledger, Pressed("u", kind="undo", clip_id="", label=None, undoes="m"))
    assert held(ledger) == []


@pytest.mark.parametrize(("start", "end"), [(10.0, 12.0), (10.0, 30.0), (97.0, 103.0)])
def test_a_clip_that_cannot_be_is_dropped_and_not_sent_for_ever(ledger: Ledger, start: float, end: float) -> None:
    assert set(taken(ledger, Pressed("bad", start=start, end=end), Pressed("good", clip_id="c2"))) == {"bad", "good"}
    assert [event.id for event in ledger.labels()] == ["good"]


def test_an_undo_of_something_unknown_is_no_obstacle(ledger: Ledger) -> None:
    assert taken(ledger, Pressed("u", kind="undo", label=None, undoes="never")) == ["u"]


def test_a_full_disk_is_said_and_nothing_is_called_safe(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(events: object) -> list[str]:
        raise StorageFault("the disk is full")

    monkeypatch.setattr(ledger, "record", full)
    with pytest.raises(StorageFault, match="full"):
        taken(ledger, Pressed("a"), replace(Pressed("b"), clip_id="c2"))
