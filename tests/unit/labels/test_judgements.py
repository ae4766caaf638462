"""Keys of the player become events of the ledger, once each, in their order."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from core.errors import StorageFault
from core.labels.judgements import Press, Receipt, receive, take
from core.labels.ledger import Ledger
from core.labels.trims import trims_of


def pressed(id: str, **changes: Any) -> Press:
    """What the browser sends."""
    usual: dict[str, Any] = {
        **{"kind": "label", "clip_id": "c1", "video_id": "v1", "person_id": "p1", "start": 10.0, "end": 16.0},
        **{"label": 1, "origin": "peaks", "time": 13.0, "at": "2026-01-01T00:00:00.000+00:00"},
    }
    return Press(id, **usual | changes)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "labels.sqlite")


def taken(ledger: Ledger, *presses: Press, duration: float | None = 100.0) -> list[str]:
    receipt = take(ledger, presses, duration_of=lambda _id: duration, labeller="me")
    return receipt.saved


def held(ledger: Ledger) -> list[tuple[str, float, float, int | None]]:
    return [(e.clip_id, e.start, e.end, e.label) for e in ledger.labels()]


def test_labels_are_recorded_with_their_origin(ledger: Ledger) -> None:
    assert taken(ledger, pressed("a"), pressed("b", clip_id="c2", start=30, end=36.5, label=0)) == ["a", "b"]
    assert held(ledger) == [("c1", 10, 16, 1), ("c2", 30, 36.5, 0)]
    event = ledger.labels()[0]
    assert (event.origin, event.labeller, event.id) == ("peaks", "me", "a")


def test_what_is_sent_again_counts_once(ledger: Ledger) -> None:
    first, undo = pressed("a"), pressed("u", kind="undo", label=None, undoes="a")
    for _ in range(3):
        assert taken(ledger, first, undo) == ["a", "u"]
    assert held(ledger) == []
    assert len(ledger.history("c1")) == 2


def test_undo_brings_back_what_was_before(ledger: Ledger) -> None:
    taken(ledger, pressed("a"), pressed("b", label=0))
    taken(ledger, pressed("u", kind="undo", label=None, undoes="b"))
    assert held(ledger) == [("c1", 10, 16, 1)]


def test_undo_leaves_a_later_change_from_elsewhere(ledger: Ledger) -> None:
    taken(ledger, pressed("a"))
    taken(ledger, pressed("other", label=0))
    assert taken(ledger, pressed("u", kind="undo", label=None, undoes="a")) == ["u"]
    assert held(ledger) == [("c1", 10, 16, 0)]


def test_a_skip_takes_no_label_away_and_can_be_undone(ledger: Ledger) -> None:
    taken(ledger, pressed("s", kind="skip", label=None))
    assert [event.clip_id for event in ledger.skipped()] == ["c1"]
    taken(ledger, pressed("u", kind="undo", label=None, undoes="s"))
    assert ledger.skipped() == []
    assert held(ledger) == []


def test_a_mark_is_the_clip_that_ends_a_second_after_the_key(ledger: Ledger) -> None:
    taken(ledger, pressed("m", kind="mark", clip_id="", origin="marked", time=50.0))
    ((_, start, end, label),) = held(ledger)
    assert (start, end, label) == (45.0, 51.0, 1)
    assert ledger.labels()[0].origin == "marked"
    taken(ledger, pressed("u", kind="undo", clip_id="", label=None, undoes="m"))
    assert held(ledger) == []


@pytest.mark.parametrize(("start", "end"), [(10.0, 12.0), (10.0, 30.0), (97.0, 103.0)])
def test_a_clip_that_cannot_be_is_refused_and_never_called_safe(ledger: Ledger, start: float, end: float) -> None:
    presses = [pressed("bad", start=start, end=end), pressed("good", clip_id="c2")]
    receipt = take(ledger, presses, duration_of=lambda _id: 100.0)
    assert receipt.saved == ["good"]
    assert "clip" in receipt.refused["bad"]
    assert [event.id for event in ledger.labels()] == ["good"]


def test_a_mark_in_a_video_of_unknown_length_is_kept(ledger: Ledger) -> None:
    mark = pressed("m", kind="mark", clip_id="", origin="marked", time=50.0, start=0.0, end=0.0)
    assert taken(ledger, mark, duration=None) == ["m"]
    ((_, start, end, _label),) = held(ledger)
    assert (start, end) == (45.0, 51.0)


def test_the_length_that_the_browser_learnt_counts_where_the_file_says_none(ledger: Ledger) -> None:
    beyond = pressed("late", start=97.0, end=103.0, duration=100.0)
    assert "late" in take(ledger, [beyond], duration_of=lambda _id: None).refused
    assert taken(ledger, replace(beyond, id="fine", duration=110.0), duration=None) == ["fine"]


def test_what_a_browser_sends_is_read_with_care() -> None:
    good = asdict(pressed("a")) | {"order": 7}
    bad = [{**good, "id": "b", "kind": "wish"}, {**good, "id": "c", "end": 0.5}, {**good, "id": "d", "label": None}]
    seen: list[Press] = []

    def save(presses: list[Press]) -> Receipt:
        seen.extend(presses)
        return Receipt([press.id for press in presses])

    answer = receive({"n": 3, "events": [*bad, good, {"id": "e"}]}, save)
    assert [press.id for press in seen] == ["a"]
    assert (answer["n"], answer["ids"], answer["fault"]) == (3, ["a"], "")
    assert sorted(answer["refused"]) == ["b", "c", "d", "e"]

    def fail(presses: list[Press]) -> Receipt:
        raise StorageFault("the disk is full")

    answer = receive({"n": 4, "events": [good]}, fail)
    assert (answer["ids"], answer["refused"], answer["fault"]) == ([], {}, "the disk is full")


def test_an_undo_of_something_unknown_is_no_obstacle(ledger: Ledger) -> None:
    assert taken(ledger, pressed("u", kind="undo", label=None, undoes="never")) == ["u"]


def test_a_full_disk_is_said_and_nothing_is_called_safe(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(events: object) -> list[str]:
        raise StorageFault("the disk is full")

    monkeypatch.setattr(ledger, "record", full)
    with pytest.raises(StorageFault, match="full"):
        taken(ledger, pressed("a"), replace(pressed("b"), clip_id="c2"))


def test_a_labelled_clip_is_added_by_a_trim_and_dropped_which_can_be_undone(ledger: Ledger) -> None:
    def added() -> list[str]:
        return list(trims_of(ledger, video_id="v1", person_id="p1"))

    taken(ledger, pressed("l"), pressed("t", kind="trim", label=None))
    assert added() == ["c1"]
    for _ in range(2):
        assert taken(ledger, pressed("d", kind="drop", label=None)) == ["d"]
        assert added() == []
    taken(ledger, pressed("u", kind="undo", label=None, undoes="d"))
    assert added() == ["c1"]
    taken(ledger, pressed("v", kind="undo", label=None, undoes="t"))
    assert added() == []
    assert held(ledger) == [("c1", 10, 16, 1)]  # the label stays what it was
