"""Bounds that an editor gave to moments: the latest holds, undo brings back what was before, nothing is lost."""

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from core.errors import UndoRefused
from core.labels.judgements import Press, take
from core.labels.ledger import Ledger
from core.labels.trims import Trim, record_trims, trimmed, trims_of, undo_trim
from core.segment import Detection

WHO = {"video_id": "v", "person_id": "p"}


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "labels.sqlite")


def trim(id: str, start: float, end: float, *, moment: str = "m", name: str = "") -> Trim:
    return Trim(moment, "v", "p", start, end, name=name, id=id)


def bounds(ledger: Ledger) -> dict[str, tuple[float | None, float | None]]:
    return {id: (t.start, t.end) for id, t in trims_of(ledger, **WHO).items()}


def test_the_latest_trim_holds_and_is_of_its_video_and_person_alone(ledger: Ledger) -> None:
    record_trims(ledger, [trim("a", 1, 5), trim("b", 2, 5, name="the moth"), trim("c", 9, 12, moment="n")])
    record_trims(ledger, [trim("a", 1, 5)])  # sent again
    assert bounds(ledger) == {"m": (2, 5), "n": (9, 12)}
    assert trims_of(ledger, **WHO)["m"].name == "the moth"
    assert trims_of(ledger, video_id="v", person_id="other") == {}


def test_undo_goes_back_step_by_step_to_what_the_model_found(ledger: Ledger) -> None:
    record_trims(ledger, [trim("a", 1, 5), trim("b", 2, 5)])
    with pytest.raises(UndoRefused):
        undo_trim(ledger, "a")
    undo_trim(ledger, "b")
    undo_trim(ledger, "b")  # once
    assert bounds(ledger) == {"m": (1, 5)}
    record_trims(ledger, [trim("c", 3, 5)])
    undo_trim(ledger, "c")
    assert bounds(ledger) == {"m": (1, 5)}
    undo_trim(ledger, "a")
    assert bounds(ledger) == {}


def test_undoing_the_first_trim_leaves_the_moment_as_it_was_found(ledger: Ledger) -> None:
    record_trims(ledger, [trim("a", 1, 5)])
    undo_trim(ledger, "a")
    assert bounds(ledger) == {}


def test_trims_stand_beside_what_was_found() -> None:
    moments = [Detection(0, 6, 0.5), Detection(20, 26, 0.7)]
    assert trimmed(moments, ["m", "n"], {"n": trim("a", 21, 25.5, moment="n")}) == [
        moments[0],
        Detection(21, 25.5, 0.7),
    ]


@pytest.mark.parametrize(("start", "end"), [(5.0, 5.0), (None, 3.0), (float("nan"), 3.0)])
def test_bounds_that_are_none_are_refused(start: float | None, end: float | None) -> None:
    with pytest.raises(ValueError, match=r"segment|bounds"):
        Trim("m", "v", "p", start, end)


def test_presses_trim_and_undo_once(ledger: Ledger) -> None:
    press = Press("t", "trim", "m", "v", "p", 2.0, 5.0, None, "", 3.0, "2026-01-01T00:00:00.000Z", name="x")
    undo = Press("u", "undo", "m", "v", "p", 2.0, 5.0, None, "", 3.0, "2026-01-01T00:00:01.000Z", undoes="t")
    for _ in range(2):
        assert take(ledger, [press], duration_of=lambda _id: None).saved == ["t"]
    assert bounds(ledger) == {"m": (2, 5)}
    for _ in range(2):
        assert take(ledger, [undo], duration_of=lambda _id: None).saved == ["u"]
    assert bounds(ledger) == {}
    assert ledger.labels() == []


def _trim_and_die(path: Path, k: int) -> None:
    record_trims(Ledger(path), [trim(f"id{k}", k, k + 3)])
    os.kill(os.getpid(), signal.SIGKILL)


def test_what_is_recorded_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "labels.sqlite"
    for k in range(3):
        process = multiprocessing.get_context("spawn").Process(target=_trim_and_die, args=(path, k))
        process.start()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        assert bounds(Ledger(path)) == {"m": (k, k + 3)}
