"""The ledger of labels: what holds, what is refused, and that nothing acknowledged is ever lost."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.errors import StorageFault
from core.ledger import ORIGINS, VERSION, LabelEvent, Ledger, clip_id_of
from core.segment import LabeledSegment

ROOT = Path(__file__).resolve().parent.parent.parent
WRITER = """
import sys
from pathlib import Path
from core.ledger import LabelEvent, Ledger
path, name, n = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
ledger = Ledger(path)
for k in range(n):
    (id,) = ledger.record([LabelEvent(name, "p", float(k), k + 6.0, k % 2, "marked")])
    print(id, flush=True)
"""


def event(start: float = 10.0, label: int | None = 1, **changes: object) -> LabelEvent:
    values = {"origin": "marked", "kind": "label" if label is not None else "remove", **changes}
    return LabelEvent("v1", "p1", start, start + 6.0, label, **values)  # type: ignore[arg-type]


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "labels.sqlite")


def n_events(ledger: Ledger) -> int:
    connection = sqlite3.connect(ledger.path)
    try:
        (n,) = connection.execute("SELECT count(*) FROM events").fetchone()
    finally:
        connection.close()
    return int(n)


def writer(path: Path, name: str, n: int) -> subprocess.Popen[str]:
    """A process that records `n` labels of the video `name`, one by one, and prints the id of each when it is saved."""
    command = [sys.executable, "-c", WRITER, str(path), name, str(n)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


# Events


def test_an_event_knows_its_clip_and_its_segment():
    one = event(note="웃음")
    assert one.clip_id == clip_id_of("v1", "p1", 10.0, 16.0) == event(10.0004).clip_id
    assert one.clip_id not in {event(10.001).clip_id, event(clip_id="mine").clip_id}
    assert one.segment == LabeledSegment(10.0, 16.0, 1)
    assert one.id != event().id
    assert one.at.endswith("+00:00")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"origin": "guess"}, "origin 'guess', expected one of random, in_order"),
        ({"label": 2}, "kind 'label' with label 2"),
        ({"label": None, "kind": "label"}, "kind 'label' with label None"),
        ({"label": 1, "kind": "remove"}, "kind 'remove' with label 1"),
        ({"label": None, "kind": "forget"}, "kind 'forget'"),
        ({"start": float("nan")}, "finite start < end"),
    ],
)
def test_an_event_that_cannot_be_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        event(**change)


# What holds


def test_labels_come_back_as_they_were_recorded(ledger):
    events = [event(20.0 * k, k % 2, origin=origin, labeller="지은", note="a,b") for k, origin in enumerate(ORIGINS)]
    assert ledger.record(events) == [e.id for e in events]
    assert ledger.labels() == events
    assert Ledger(ledger.path).labels() == events


def test_an_empty_ledger_has_no_labels(ledger):
    assert ledger.labels() == []
    assert ledger.record([]) == []


def test_the_latest_event_of_a_clip_wins(ledger):
    first, other, second = event(label=1), event(50.0), event(label=0)
    for one in (first, other, second):
        ledger.record([one])
    assert ledger.labels() == [other, second]
    assert n_events(ledger) == 3


def test_a_named_clip_can_move(ledger):
    ledger.record([event(10.0, clip_id="c"), event(10.5, clip_id="c")])
    assert [e.start for e in ledger.labels()] == [10.5]


def test_a_removed_clip_is_gone_and_can_come_back(ledger):
    ledger.record([event(), event(50.0)])
    ledger.record([event(label=None)])
    assert [e.start for e in ledger.labels()] == [50.0]
    ledger.record([event(label=0)])
    assert [(e.start, e.label) for e in ledger.labels()] == [(50.0, 1), (10.0, 0)]


def test_one_event_recorded_twice_counts_once(ledger):
    first, second = event(label=1), event(label=0)
    ledger.record([first])
    assert ledger.record([second, second, first]) == [second.id, second.id, first.id]
    assert n_events(ledger) == 2
    assert ledger.labels() == [second]


def test_labels_are_chosen_by_person_and_video(ledger):
    events = [LabelEvent(v, p, 1.0, 7.0, 1, "random") for v in ("v1", "v2") for p in ("p1", "p2")]
    ledger.record(events)
    assert ledger.labels(person_id="p2") == [events[1], events[3]]
    assert ledger.labels(video_id="v1") == events[:2]
    assert ledger.labels(person_id="p1", video_id="v2") == [events[2]]
    assert ledger.labels(person_id="p3") == []


def test_events_are_recorded_all_or_none(ledger):
    bad = event(50.0)
    object.__setattr__(bad, "kind", "nonsense")  # what the file itself must refuse
    with pytest.raises(StorageFault, match=r"labels\.sqlite.*constraint"):
        ledger.record([event(), bad, event(90.0)])
    assert ledger.labels() == []


# Several processes, and one that is killed


def test_processes_that_write_at_once_lose_nothing(tmp_path):
    path = tmp_path / "labels.sqlite"  # not there yet: both may want to make it
    processes = [writer(path, name, 100) for name in ("a", "b")]
    ids = []
    for process in processes:
        out, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
        ids += out.split()
    assert len(set(ids)) == 200
    assert {e.id for e in Ledger(path).labels()} == set(ids)


def test_many_can_make_the_same_new_ledger_at_once(tmp_path):
    def first_label(k: int) -> str:
        (id,) = Ledger(tmp_path / f"{k // 8}.sqlite").record([event(10.0 * k)])
        return id

    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(first_label, range(160)))
    found = [e.id for k in range(20) for e in Ledger(tmp_path / f"{k}.sqlite").labels()]
    assert sorted(found) == sorted(ids)


def test_what_was_acknowledged_survives_a_kill(tmp_path):
    path = tmp_path / "labels.sqlite"
    acknowledged = []
    for trial in range(10):
        process = writer(path, f"v{trial}", 100_000)
        assert process.stdout is not None
        acknowledged += [process.stdout.readline().strip() for _ in range(1 + 4 * trial)]
        process.kill()
        rest, _ = process.communicate(timeout=60)
        lines = rest.split("\n")
        acknowledged += lines[:-1]  # a line without its end was not acknowledged
        found = {e.id for e in Ledger(path).labels()}
        assert set(acknowledged) <= found
        assert len(found) <= len(acknowledged) + trial + 1  # at most one a trial was on its way
    assert len(set(acknowledged)) == len(acknowledged) >= 190


# Files that cannot be used


def test_a_newer_ledger_is_refused_by_version(ledger):
    ledger.record([event()])
    connection = sqlite3.connect(ledger.path)
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    with pytest.raises(StorageFault, match=rf"labels\.sqlite: ledger version {VERSION + 1}, this program knows"):
        Ledger(ledger.path)


def test_a_file_that_is_no_ledger_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "labels.sqlite"
    path.write_bytes(b"this is no database\n" * 500)
    with pytest.raises(StorageFault, match=r"labels\.sqlite.*not a database"):
        Ledger(path)
    assert path.read_bytes().startswith(b"this is no database")


def test_a_damaged_ledger_is_refused(ledger):
    ledger.record(event(10.0 * k) for k in range(500))
    content = bytearray(ledger.path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    ledger.path.write_bytes(content)
    with pytest.raises(StorageFault, match=r"labels\.sqlite.*malformed"):
        ledger.labels()
    with pytest.raises(StorageFault, match=r"labels\.sqlite"):
        ledger.record([event(1.0)])


def test_a_place_where_no_file_can_be_is_named(tmp_path):
    with pytest.raises(StorageFault, match=r"absent/labels\.sqlite"):
        Ledger(tmp_path / "absent" / "labels.sqlite")
    with pytest.raises(StorageFault, match="cannot be"):
        Ledger(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_ledger_that_may_not_be_written_is_named_and_readable_again_later(ledger):
    ledger.record([event()])
    ledger.path.chmod(0o400)
    with pytest.raises(StorageFault, match=r"labels\.sqlite.*(readonly|unable)"):
        ledger.record([event(50.0)])
    ledger.path.chmod(0o600)
    assert len(ledger.labels()) == 1


def test_a_full_disk_is_told_and_nothing_is_half_recorded(ledger, monkeypatch):
    ledger.record([event()])
    connect = sqlite3.connect

    def full(*arguments: object, **options: object) -> sqlite3.Connection:
        connection = connect(*arguments, **options)  # type: ignore[call-overload]
        connection.execute("PRAGMA max_page_count = 8")
        return connection  # type: ignore[no-any-return]

    monkeypatch.setattr(sqlite3, "connect", full)
    with pytest.raises(StorageFault, match=r"full.*free space"):
        ledger.record(event(10.0 * k, note="x" * 500) for k in range(2, 200))
    monkeypatch.undo()
    assert [e.start for e in ledger.labels()] == [10.0]
