"""The ledger of labels: every label, edit, removal and undo as an event in SQLite, never changed and never deleted."""

from __future__ import annotations

import json
import sqlite3
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from core.errors import PunchlineError, StorageFault, UndoRefused
from core.labels.event import LabelEvent, now
from core.labels.ledger_backups import LedgerDamaged, is_damage, keep_up, lost, n_known, read_only
from core.labels.schema import MIGRATIONS, VERSION, Table

_UNWRITABLE = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
WAIT = 30.0  # seconds for other writers
_CHECKED: set[Path] = set()  # ledgers that this process found whole
BREAK = 120.0  # seconds without a label that end a run of labelling
EVENTS = Table("events", LabelEvent)
_LATEST = "SELECT max(seq) FROM events WHERE kind <> 'skip' GROUP BY clip_id"
_OF = "(?1 IS NULL OR person_id = ?1) AND (?2 IS NULL OR video_id = ?2)"


class Place(NamedTuple):
    """A label's clip in seconds, whose and where, and what it says."""

    clip_id: str
    video_id: str
    person_id: str
    start: float
    end: float
    label: int


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to a write-ahead log; SQLite itself does not wait here while another process makes the same new file."""
    deadline = time.monotonic() + WAIT
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


class Ledger:
    """An append-only record in one SQLite file.

    What `record` has returned from is on the disk: it survives a killed process and a loss of power (WAL with
    synchronous=FULL). Several processes may write at once; each waits for the other.
    """

    def __init__(self, path: Path, *, check: bool = False) -> None:
        self.path = path
        if n_known(path) and not (path.is_file() and path.stat().st_size):
            raise lost(path, 0)  # before SQLite makes a new one
        with self.connection() as connection:
            self._check(connection, again=check)
            if self._version(connection) != VERSION:
                connection.execute("BEGIN IMMEDIATE")
                for found in range(self._version(connection), VERSION):
                    for statement in MIGRATIONS[found].split(";"):
                        connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {VERSION}")
                connection.execute("COMMIT")

    def _check(self, connection: sqlite3.Connection, *, again: bool) -> None:
        """That the ledger holds what it held, and, once a process, that it is whole. Raises LedgerDamaged."""
        known = n_known(self.path)  # before they are counted: another process may record some meanwhile
        version = self._version(connection)
        n = EVENTS.count(connection) if version else 0
        if n < known:
            raise lost(self.path, n)
        if again or self.path not in _CHECKED:
            (finding,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if finding != "ok":
                raise sqlite3.DatabaseError(finding)
            if version:
                keep_up(self.path, connection, n, first=True)
            _CHECKED.add(self.path)

    def _version(self, connection: sqlite3.Connection) -> int:
        found = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if found > VERSION:
            raise StorageFault(
                "{path}: ledger version {found}, this program knows {version}; use the newer program version",
                path=self.path,
                found=found,
                version=VERSION,
            )
        return found

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """The open file, for `core.labels.trims` too. Raises StorageFault."""
        try:
            with closing(self._open()) as connection:
                yield connection
        except (sqlite3.Error, UnicodeDecodeError) as error:
            if is_damage(error):
                raise LedgerDamaged(
                    "{path}: the label ledger is damaged ({cause}); get the labels back by `punchline labels restore`",
                    path=self.path,
                    cause=error,
                ) from error
            raise StorageFault(
                "{path}: the label ledger cannot be read or written ({cause}); labels recorded before are "
                "kept. Check the free space of the disk and the folder's permissions",
                path=self.path,
                cause=error,
            ) from error

    def _open(self) -> sqlite3.Connection:
        """The file, open for writing; where nothing can be written beside it, for reading."""
        connection = sqlite3.connect(self.path, timeout=WAIT, isolation_level=None)
        try:
            _use_wal(connection)
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA fullfsync = ON")  # else macOS leaves the bytes in the drive's own cache
            connection.execute("SELECT count(*) FROM sqlite_master")
        except sqlite3.Error as error:
            connection.close()
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _UNWRITABLE or not self.path.is_file():
                raise
            return read_only(self.path)
        return connection

    def record(self, events: Iterable[LabelEvent]) -> list[str]:
        """Append events, all or none, and give their ids; one that is recorded already is passed over.

        Raises
        ------
        StorageFault
            If they could not be written; nothing is recorded then.
        """
        events = list(events)
        with self.changing() as connection:
            EVENTS.add(connection, events)
        return [event.id for event in events]

    # What holds

    def labels(self, *, person_id: str | None = None, video_id: str | None = None) -> list[LabelEvent]:
        """The labels that hold now: of each clip the latest event, unless that is a removal; in order of recording."""
        return self._events(f"seq IN ({_LATEST}) AND kind = 'label' AND {_OF}", person_id, video_id)

    def skipped(self, *, person_id: str | None = None, video_id: str | None = None) -> list[LabelEvent]:
        """The clips that were put off and not touched since, in order of recording."""
        latest = "SELECT max(seq) FROM events GROUP BY clip_id"
        return self._events(f"seq IN ({latest}) AND kind = 'skip' AND {_OF}", person_id, video_id)

    def history(self, clip_id: str) -> list[LabelEvent]:
        """Everything that happened to one clip, the oldest first."""
        return self._events("clip_id = ?1", clip_id)

    def events_of(self, clip_ids: Sequence[str]) -> list[LabelEvent]:
        """Everything that happened to some clips, the oldest first."""
        return self._events("clip_id IN (SELECT value FROM json_each(?1))", json.dumps(list(clip_ids)))

    def events_of_changed(self) -> list[LabelEvent]:
        """Everything that happened to clips with more than one event, the oldest first."""
        return self._events("clip_id IN (SELECT clip_id FROM events GROUP BY clip_id HAVING count(*) > 1)")

    def latest(self) -> tuple[int, str]:
        """Number and id of the event recorded last, which name the state of all; 0 and nothing before the first."""
        with self.connection() as connection:
            found = connection.execute("SELECT seq, id FROM events ORDER BY seq DESC LIMIT 1").fetchone()
            return (0, "") if found is None else (int(found[0]), str(found[1]))

    def last_seq(self) -> int:
        """How many events there are: a file that was made from the ledger at this number knows all of them."""
        with self.connection() as connection:
            return int(connection.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()[0])

    def counts(self) -> Counter[tuple[str, str, int]]:
        """How many labels hold, by (person id, video id, label)."""
        query = (
            f"SELECT person_id, video_id, label, count(*) FROM events WHERE seq IN ({_LATEST}) "
            "AND kind = 'label' GROUP BY person_id, video_id, label"
        )
        with self.connection() as connection:
            return Counter({(person, video, label): n for person, video, label, n in connection.execute(query)})

    def places(self) -> list[Place]:
        """Where the labels that hold lie and what they say, in order of recording; quicker than `labels`."""
        query = (
            f'SELECT clip_id, video_id, person_id, start, "end", label FROM events WHERE seq IN ({_LATEST}) '
            "AND kind = 'label' ORDER BY seq"
        )
        with self.connection() as connection:
            return [Place._make(cells) for cells in connection.execute(query)]

    def labels_per_minute(self, *, labeller: str | None = None) -> float:
        """The pace of the latest run of labelling by hand, up to 50 labels; 0 where there are fewer than two.

        Two minutes without a label end a run. Labels from files and what an undo brought back do not count.
        """
        query = (
            "SELECT at FROM events WHERE kind = 'label' AND undoes = '' AND origin NOT IN ('imported', 'cut', 'ready') "
            "AND (?1 IS NULL OR labeller = ?1) ORDER BY seq DESC LIMIT 50"
        )
        with self.connection() as connection:
            times = [datetime.fromisoformat(at).timestamp() for (at,) in connection.execute(query, (labeller,))]
        run = times[:1]
        for moment in times[1:]:
            if not 0 <= run[-1] - moment <= BREAK:
                break
            run.append(moment)
        return 60 * (len(run) - 1) / max(run[0] - run[-1], 1e-3) if len(run) > 1 else 0.0

    # Edits and undo

    def edit(
        self,
        clip_id: str,
        *,
        label: int | None = None,
        start: float | None = None,
        end: float | None = None,
        note: str | None = None,
        labeller: str | None = None,
    ) -> LabelEvent:
        """Change what holds for a clip, as an event; None leaves a value as it is. The clip keeps its id.

        Raises
        ------
        PunchlineError
            If the clip has no label.
        ValueError
            If the bounds make no segment, or the label is none.
        """
        with self.changing() as connection:
            history = EVENTS.rows(connection, "clip_id = ?", clip_id)
            held = next((event for event in reversed(history) if event.kind != "skip"), None)
            if held is None or held.kind != "label":
                raise PunchlineError(
                    "clip {clip_id} has no label that could be changed; label it first", clip_id=clip_id
                )
            given = {"label": label, "start": start, "end": end, "note": note, "labeller": labeller}
            changes = {name: value for name, value in given.items() if value is not None}
            event = replace(held, **changes, id=uuid.uuid4().hex, at=now(), undoes="")  # type: ignore[arg-type]
            EVENTS.add(connection, [event])
        return event

    def undo(self, event_id: str, *, labeller: str | None = None) -> LabelEvent:
        """Take an event back: what held for its clip before is recorded again, as an event. An undo can be undone too.

        Raises
        ------
        UndoRefused
            If there is no such event, or something else happened to the clip since.
        """
        with self.changing() as connection:
            row = connection.execute("SELECT clip_id FROM events WHERE id = ?", (event_id,)).fetchone()
            if row is None:
                raise UndoRefused("no event {event_id} is in the ledger, so it cannot be undone", event_id=event_id)
            history = EVENTS.rows(connection, "clip_id = ?", row[0])
            if history[-1].id != event_id and getattr(_effective(history), "id", None) != event_id:
                raise UndoRefused(
                    "event {event_id} cannot be undone: its clip was changed after it; undo the later change first",
                    event_id=event_id,
                )
            place = next(k for k, event in enumerate(history) if event.id == event_id)
            before = history[place - 1] if place else replace(history[0], kind="remove", label=None, note="")
            who = history[place].labeller if labeller is None else labeller
            event = replace(before, id=uuid.uuid4().hex, at=now(), undoes=event_id, labeller=who)
            EVENTS.add(connection, [event])
        return event

    @contextmanager
    def changing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that reads what holds before it writes; no other writer comes between."""
        with self.connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
            keep_up(self.path, connection, EVENTS.count(connection))

    def _events(self, where: str, *values: str | None) -> list[LabelEvent]:
        with self.connection() as connection:
            return EVENTS.rows(connection, where, *values)


def _effective(history: Sequence[LabelEvent]) -> LabelEvent | None:
    """The event whose work holds for a clip: an undo brings back the one before what it undoes."""
    place = {event.id: k for k, event in enumerate(history)}
    k = len(history) - 1
    while k >= 0 and history[k].undoes:
        k = place.get(history[k].undoes, 0) - 1
    return history[k] if k >= 0 else None
