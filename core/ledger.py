"""The ledger of labels: every label, edit and removal as an event in SQLite, never changed and never deleted."""

from __future__ import annotations

import hashlib
import sqlite3
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path

from core.errors import StorageFault
from core.segment import LabeledSegment, Segment

VERSION = 1  # user_version of the database
WAIT = 30.0  # seconds for other writers
ORIGINS = (
    "random",
    "in_order",
    "peaks",
    "likely",
    "uncertain",
    "marked",
    "imported",
    "accepted",
    "rejected",
)
SCHEMA = """
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
"""


def clip_id_of(video_id: str, person_id: str, start: float, end: float) -> str:
    """The id of a clip that nobody named: the same for the same place, video and person, to a millisecond."""
    return hashlib.sha256(f"{video_id}|{person_id}|{start:.3f}|{end:.3f}".encode()).hexdigest()[:16]


@dataclass(frozen=True)
class LabelEvent:
    """One thing that happened to one clip.

    `kind` is ``label`` (then `label` is 0 or 1) or ``remove``. `start` and `end` are seconds, `origin` one of
    `ORIGINS`, `at` ISO 8601 in UTC. `id` comes from whoever made the event; one recorded twice counts once.
    """

    video_id: str
    person_id: str
    start: float
    end: float
    label: int | None
    origin: str
    kind: str = "label"
    clip_id: str = ""
    labeller: str = ""
    note: str = ""
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="milliseconds"))

    def __post_init__(self) -> None:
        if self.origin not in ORIGINS:
            raise ValueError(f"origin {self.origin!r}, expected one of {', '.join(ORIGINS)}")
        if self.kind not in ("label", "remove") or (self.kind == "label") != (self.label in (0, 1)):
            raise ValueError(f"kind {self.kind!r} with label {self.label!r}")
        Segment(self.start, self.end)  # checks them
        if not self.clip_id:
            object.__setattr__(self, "clip_id", clip_id_of(self.video_id, self.person_id, self.start, self.end))

    @property
    def segment(self) -> LabeledSegment:
        """The clip with its label. A removal has none: AssertionError."""
        assert self.label is not None
        return LabeledSegment(self.start, self.end, self.label)


_COLUMNS = tuple(f.name for f in fields(LabelEvent))
_LIST = ", ".join(f'"{name}"' for name in _COLUMNS)


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

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._connection() as connection:
            found = connection.execute("PRAGMA user_version").fetchone()[0]
            if found > VERSION:
                raise StorageFault(
                    f"{path}: ledger version {found}, this program knows {VERSION}; use the newer program version"
                )
            if found == 0:
                connection.execute("BEGIN IMMEDIATE")
                if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
                    for statement in SCHEMA.split(";"):
                        connection.execute(statement)
                    connection.execute(f"PRAGMA user_version = {VERSION}")
                connection.execute("COMMIT")

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = sqlite3.connect(self.path, timeout=WAIT, isolation_level=None)
        except sqlite3.Error as error:
            raise StorageFault(f"{self.path}: the label ledger cannot be opened ({error})") from error
        try:
            _use_wal(connection)
            connection.execute("PRAGMA synchronous = FULL")
            yield connection
        except sqlite3.Error as error:
            raise StorageFault(
                f"{self.path}: the label ledger cannot be read or written ({error}); labels recorded before are kept. "
                "Check the free space of the disk and the folder's permissions"
            ) from error
        finally:
            connection.close()

    def record(self, events: Iterable[LabelEvent]) -> list[str]:
        """Append events, all or none, and give their ids; one that is recorded already is passed over.

        Raises
        ------
        StorageFault
            If they could not be written; nothing is recorded then.
        """
        rows = [astuple(event) for event in events]
        marks = ", ".join("?" * len(_COLUMNS))
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            insert = f"INSERT INTO events ({_LIST}) VALUES ({marks}) ON CONFLICT (id) DO NOTHING"
            connection.executemany(insert, rows)
            connection.execute("COMMIT")
        return [str(row[_COLUMNS.index("id")]) for row in rows]

    def labels(self, *, person_id: str | None = None, video_id: str | None = None) -> list[LabelEvent]:
        """The labels that hold now: of each clip the latest event, unless that is a removal; in order of recording."""
        query = (
            f"SELECT {_LIST} FROM events WHERE seq IN (SELECT max(seq) FROM events GROUP BY clip_id) "
            "AND kind = 'label' AND (?1 IS NULL OR person_id = ?1) AND (?2 IS NULL OR video_id = ?2) ORDER BY seq"
        )
        with self._connection() as connection:
            return [LabelEvent(*row) for row in connection.execute(query, (person_id, video_id))]
