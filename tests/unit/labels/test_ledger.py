"""The ledger of labels: what holds, what is refused, and that nothing acknowledged is ever lost."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.errors import PunchlineError, StorageFault
from core.labels import ledger as ledger_module
from core.labels.event import ORIGINS, LabelEvent, clip_id_of
from core.labels.ledger import VERSION, Ledger
from core.segment import LabeledSegment
from tests.processes import run

ROOT = Path(__file__).resolve().parents[3]
WRITER = """
import sys
from pathlib import Path
from core.labels.event import LabelEvent
from core.labels.ledger import Ledger
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
    assert one.undoes == ""
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


# History, edits and undo


def said(ledger: Ledger) -> list[tuple[float, int | None]]:
    return [(e.start, e.label) for e in ledger.labels()]


def test_an_edit_changes_what_is_given_and_keeps_the_clip(ledger):
    ledger.record([event(note="first", labeller="Ann")])
    clip_id = event().clip_id
    for changes, want in [
        ({"label": 0}, (10.0, 16.0, 0, "first")),
        ({"start": 9.5, "end": 16.5}, (9.5, 16.5, 0, "first")),
        ({"note": ""}, (9.5, 16.5, 0, "")),
        ({"label": 1, "note": "웃음", "labeller": "Ben"}, (9.5, 16.5, 1, "웃음")),
    ]:
        changed = ledger.edit(clip_id, **changes)
        (held,) = ledger.labels()
        assert held == changed
        assert (held.start, held.end, held.label, held.note) == want
        assert (held.clip_id, held.origin) == (clip_id, "marked")
    assert [e.labeller for e in ledger.history(clip_id)] == ["Ann"] * 4 + ["Ben"]


def test_an_edit_that_cannot_be_changes_nothing(ledger):
    ledger.record([event(), event(50.0), event(50.0, None)])
    for bad in ({"end": 9.0}, {"label": 7}, {"start": float("nan")}):
        with pytest.raises(ValueError, match=r"start|label"):
            ledger.edit(event().clip_id, **bad)
    for clip_id in ("nothing", event(50.0).clip_id):
        with pytest.raises(PunchlineError, match="no label that could be changed"):
            ledger.edit(clip_id, label=1)
    assert n_events(ledger) == 3
    assert said(ledger) == [(10.0, 1)]


def test_undo_brings_back_what_held_before_as_an_event(ledger):
    ledger.record([event(note="a")])
    clip_id = event().clip_id
    changed = ledger.edit(clip_id, label=0, start=9.0, note="b")
    undone = ledger.undo(changed.id)
    (held,) = ledger.labels()
    assert held == undone
    assert (held.label, held.start, held.note, held.undoes) == (1, 10.0, "a", changed.id)
    removed = event(label=None)
    ledger.record([removed])
    assert said(ledger) == []
    ledger.undo(removed.id)
    assert said(ledger) == [(10.0, 1)]
    assert n_events(ledger) == 5


def test_undo_goes_back_to_the_start_and_forward_again(ledger):
    clip_id = event().clip_id
    ledger.record([event(label=1)])
    for label in (0, 1, 0):
        ledger.edit(clip_id, label=label)
    states, undos = [said(ledger)], []
    for last in reversed(ledger.history(clip_id)):
        undos.append(ledger.undo(last.id))
        states.append(said(ledger))
    assert states == [[(10.0, 0)], [(10.0, 1)], [(10.0, 0)], [(10.0, 1)], []]
    assert undos[-1].kind == "remove"
    redo = ledger.undo(undos[-1].id)  # an undo can be undone
    assert said(ledger) == [(10.0, 1)]
    ledger.undo(redo.id)
    assert said(ledger) == []


def test_undo_goes_over_clips_from_the_latest_to_the_first(ledger):
    events = [event(20.0 * k, k % 2) for k in range(30)]
    ledger.record(events)
    for left in range(29, -1, -1):
        ledger.undo(events[left].id)
        assert [e.start for e in ledger.labels()] == [20.0 * k for k in range(left)]


def test_what_changed_since_is_not_undone(ledger):
    first = event(label=1, labeller="Ann")
    ledger.record([first])
    changed = ledger.edit(first.clip_id, label=0, labeller="Ben")
    with pytest.raises(PunchlineError, match="changed after it; undo the later change first"):
        ledger.undo(first.id)
    with pytest.raises(PunchlineError, match="no event nothing"):
        ledger.undo("nothing")
    ledger.undo(changed.id)
    with pytest.raises(PunchlineError, match="changed after it"):
        ledger.undo(changed.id)  # twice
    ledger.undo(first.id)
    assert ledger.labels() == []


# Skips


def test_a_skipped_clip_is_remembered_until_something_happens_to_it(ledger):
    skip = event(10.0, None, kind="skip")
    ledger.record([skip, event(50.0, None, kind="skip")])
    assert [e.start for e in ledger.skipped()] == [10.0, 50.0]
    assert ledger.skipped(person_id="other") == ledger.labels() == []
    ledger.record([event(50.0)])
    assert ledger.skipped(video_id="v1") == [skip]
    ledger.undo(skip.id)
    assert ledger.skipped() == []


def test_a_skip_takes_no_label_away(ledger):
    labelled = event()
    skip = event(10.0, None, kind="skip")
    ledger.record([labelled, skip])
    assert ledger.labels() == [labelled]
    ledger.undo(skip.id)
    assert said(ledger) == [(10.0, 1)]


# Counts


def test_counts_are_by_person_video_and_label(ledger):
    ledger.record([event(20.0 * k, int(k < 3)) for k in range(5)])
    ledger.record([LabelEvent("v2", "p1", 1.0, 7.0, 1, "random"), event(0.0, None)])
    assert ledger.counts() == {("p1", "v1", 1): 2, ("p1", "v1", 0): 2, ("p1", "v2", 1): 1}
    assert ledger.last_seq() == 7


def test_the_pace_is_that_of_the_latest_run(ledger):
    def at(seconds: float) -> str:
        return datetime.fromtimestamp(1_700_000_000 + seconds, UTC).isoformat(timespec="milliseconds")

    assert ledger.labels_per_minute() == 0
    ledger.record([event(10.0 * k, at=at(100 * k), labeller="Ann") for k in range(3)])
    ledger.record([event(500 + 10.0 * k, at=at(1000 + 5 * k), labeller="Ben") for k in range(7)])
    assert ledger.labels_per_minute() == pytest.approx(12)
    ledger.record([event(900 + k, at=at(1031), origin="imported") for k in range(50)])
    assert ledger.labels_per_minute(labeller="Ben") == pytest.approx(12)
    assert ledger.labels_per_minute(labeller="Ann") == pytest.approx(0.6)


# An older ledger


VERSION_1 = """
CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    clip_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('label', 'remove')),
    video_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    start REAL NOT NULL,
    "end" REAL NOT NULL,
    label INTEGER CHECK (label IN (0, 1)),
    origin TEXT NOT NULL,
    labeller TEXT NOT NULL,
    note TEXT NOT NULL,
    at TEXT NOT NULL
);
CREATE INDEX events_of_a_clip ON events (clip_id, seq);
PRAGMA user_version = 1;
"""


def version_1(path: Path, events: list[LabelEvent]) -> Path:
    connection = sqlite3.connect(path)
    connection.executescript(VERSION_1)
    for e in events:
        values = (e.id, e.clip_id, e.kind, e.video_id, e.person_id, e.start, e.end, e.label)
        values += (e.origin, e.labeller, e.note, e.at)
        names = 'id, clip_id, kind, video_id, person_id, start, "end", label, origin, labeller, note, at'
        connection.execute(f"INSERT INTO events ({names}) VALUES ({', '.join('?' * 12)})", values)
    connection.commit()
    connection.close()
    return path


def test_a_ledger_of_version_1_is_migrated_with_all_its_events(tmp_path):
    old = [event(10.0 * k, k % 2, note="가", labeller="Ann") for k in range(300)] + [event(10.0, None)]
    path = version_1(tmp_path / "labels.sqlite", old)
    ledger = Ledger(path)
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
    assert connection.execute("SELECT name FROM sqlite_master WHERE name LIKE 'events%' ORDER BY name").fetchall() == [
        ("events",),
        ("events_of_a_clip",),
    ]
    connection.close()
    assert n_events(ledger) == ledger.last_seq() == 301
    assert ledger.labels() == [e for e in old if e.start != 10.0]
    assert ledger.history(old[1].clip_id) == [old[1], old[-1]]
    ledger.record([event(10.0, None, kind="skip")])
    ledger.undo(old[0].id)
    assert ledger.last_seq() == 303
    assert Ledger(path).labels() == ledger.labels()


def test_many_can_migrate_the_same_ledger_at_once(tmp_path):
    for k in range(5):
        version_1(tmp_path / f"{k}.sqlite", [event()])
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda k: Ledger(tmp_path / f"{k // 8}.sqlite").labels(), range(40)))
    assert all(len(labels) == 1 for labels in found)


def test_a_migration_that_fails_leaves_the_old_ledger(tmp_path, monkeypatch):
    path = version_1(tmp_path / "labels.sqlite", [event()])
    monkeypatch.setitem(ledger_module.MIGRATIONS, 1, ledger_module.MIGRATIONS[1] + "; INSERT INTO nowhere VALUES (1)")
    with pytest.raises(StorageFault, match="nowhere"):
        Ledger(path)
    monkeypatch.undo()
    assert Ledger(path).labels()[0].start == 10.0


# A full disk


def test_a_full_disk_is_told_and_nothing_acknowledged_is_lost(tmp_path):
    """A file-size limit stands in for the full disk: the system refuses the bytes in the same way."""
    path = tmp_path / "labels.sqlite"
    done = run(f"""
        import resource
        from pathlib import Path
        from core.errors import StorageFault
        from core.labels.event import LabelEvent
        from core.labels.ledger import Ledger
        path = Path({str(path)!r})
        ledger = Ledger(path)
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, resource.RLIM_INFINITY))
        n_refused = 0
        for k in range(400):
            try:
                (id,) = ledger.record([LabelEvent("v", "p", float(k), k + 6.0, 1, "marked", note="x" * 200)])
            except StorageFault as error:
                n_refused += 1
                told = str(error)
                if n_refused == 5:
                    break
            else:
                print(id)
        print(told)
    """)
    assert (done.returncode, done.stderr) == (0, "")
    *acknowledged, told = done.stdout.splitlines()
    assert "Check the free space of the disk" in told
    assert "labels recorded before are kept" in told
    ledger = Ledger(path)
    found = [e.id for e in ledger.labels()]
    assert len(acknowledged) > 20
    assert set(acknowledged) <= set(found)
    assert len(found) <= len(acknowledged) + 5
    ledger.record([event()])
    assert len(ledger.labels()) == len(found) + 1


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


@pytest.mark.parametrize("n_trials", [10, pytest.param(200, marks=[pytest.mark.slow, pytest.mark.timeout(1200)])])
def test_what_was_acknowledged_survives_a_kill(tmp_path, n_trials):
    path = tmp_path / "labels.sqlite"
    acknowledged = []
    rng = random.Random(n_trials)
    for trial in range(n_trials):
        process = writer(path, f"v{trial}", 100_000)
        assert process.stdout is not None
        acknowledged += [process.stdout.readline().strip() for _ in range(1 + 4 * trial % 40)]
        time.sleep(rng.uniform(0, 0.02))  # at any point of a write
        process.kill()
        lines = process.stdout.read().split("\n")  # not by communicate, which passes over what readline holds
        process.communicate(timeout=60)
        acknowledged += lines[:-1]  # a line without its end was not acknowledged
        found = {e.id for e in Ledger(path).labels()}
        assert set(acknowledged) <= found
        assert len(found) <= len(acknowledged) + trial + 1  # at most one a trial was on its way
    assert len(set(acknowledged)) == len(acknowledged) >= 19 * n_trials


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
