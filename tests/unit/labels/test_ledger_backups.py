"""Backups of the ledger: made in time, noticed when labels are gone, restored with what can still be read."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from core.errors import StorageFault
from core.labels import ledger as ledger_module
from core.labels.event import LabelEvent
from core.labels.ledger import Ledger
from core.labels.ledger_backups import EVERY, KEPT, LedgerDamaged, backups_of, n_of
from core.labels.restore import restore
from core.labels.trims import Trim, record_trims, trims_of


def events(n: int, *, first: int = 0) -> list[LabelEvent]:
    return [LabelEvent("v", "p", 7.0 * k, 7.0 * k + 6, k % 2, "marked", note="웃음") for k in range(first, first + n)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger of 230 labels, 200 of them in a backup."""
    path = tmp_path / "labels.sqlite"
    Ledger(path).record(events(EVERY))
    Ledger(path).record(events(30, first=EVERY))
    ledger_module._CHECKED.clear()  # as another process opens it
    return path


def test_backups_are_made_every_200_labels_and_few_are_kept(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "labels.sqlite")
    for k in range(KEPT + 2):
        ledger.record(events(EVERY, first=k * EVERY))
    assert [n_of(b) for b in backups_of(ledger.path)] == [EVERY * k for k in range(KEPT + 2, 2, -1)]


def test_the_first_use_by_a_process_makes_one(tmp_path: Path) -> None:
    path = tmp_path / "labels.sqlite"
    Ledger(path).record(events(3))
    assert backups_of(path) == []
    ledger_module._CHECKED.clear()
    assert len(Ledger(path).labels()) == 3
    assert [n_of(backup) for backup in backups_of(path)] == [3]


@pytest.mark.parametrize("content", [None, b""], ids=["gone", "empty"])
def test_an_emptied_ledger_is_named_and_not_written_over(path: Path, content: bytes | None) -> None:
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(LedgerDamaged, match=r"holds 0 events, but it held 230; restore them"):
        Ledger(path)
    assert (path.read_bytes() if path.exists() else None) in (None, b"")
    n, _aside = restore(path)
    assert n == EVERY
    assert len(Ledger(path).labels()) == EVERY


def test_labels_that_were_lost_after_the_last_backup_are_missed_too(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM events WHERE seq > 228")
    connection.close()
    with pytest.raises(LedgerDamaged, match="holds 228 events, but it held 230"):
        Ledger(path)
    assert restore(path)[0] == 228


def test_flipped_bytes_are_named_and_what_can_be_read_is_restored(path: Path) -> None:
    content = path.read_bytes().replace("웃음".encode(), b"\xff" * 6, 20)
    path.write_bytes(content)
    ledger = Ledger(path)
    with pytest.raises(LedgerDamaged, match=r"is damaged .*`punchline labels restore`"):
        ledger.labels()
    n, aside = restore(path)
    assert 230 - 20 <= n <= 230
    assert len(Ledger(path).labels()) == n
    assert aside is not None
    assert aside.read_bytes() == content


def test_a_ledger_whose_pages_are_garbage_is_restored_from_its_backup(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(LedgerDamaged, match="labels restore"):
        Ledger(path)
    assert restore(path)[0] == EVERY


def test_a_damaged_backup_is_passed_over(path: Path) -> None:
    Ledger(path).record(events(EVERY, first=300))
    backups_of(path)[0].write_bytes(b"no database")
    path.unlink()
    n, aside = restore(path)
    assert (n, aside) == (EVERY, None)
    backups_of(path)[0].write_bytes(b"no database")
    with pytest.raises(StorageFault, match="no intact backup"):
        restore(path)


@pytest.mark.parametrize("damage", ["gone", "flipped", "cut"])
def test_labels_that_a_damaged_log_held_are_missed(tmp_path: Path, damage: str) -> None:
    """Labels lie in the write-ahead log until SQLite brings them over: a killed process leaves them there."""
    path = tmp_path / "labels.sqlite"
    Ledger(path).record(events(EVERY))
    with sqlite3.connect(path) as open_elsewhere:  # keeps the log as it is
        open_elsewhere.execute("SELECT count(*) FROM events").fetchone()
        Ledger(path).record(events(30, first=EVERY))
        wal = path.with_name("labels.sqlite-wal")
        content = bytearray(wal.read_bytes())
        copy = tmp_path / "after" / "labels.sqlite"
        shutil.copytree(tmp_path / "labels-backups", copy.parent / "labels-backups")
        shutil.copy(path, copy)
    open_elsewhere.close()
    if damage == "flipped":
        content[40:60] = bytes(byte ^ 0xFF for byte in content[40:60])
    if damage != "gone":
        copy.with_name("labels.sqlite-wal").write_bytes(content[: len(content) // 2] if damage == "cut" else content)
    with pytest.raises(LedgerDamaged, match=r"held 230; restore them"):
        Ledger(copy)
    assert restore(copy)[0] >= EVERY


def test_trims_are_restored_with_the_labels(path: Path) -> None:
    trim = Trim("m", "v", "p", 1.0, 3.0, "웃음")
    record_trims(Ledger(path), [trim])
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM events WHERE seq = 230")
    connection.close()
    assert restore(path)[0] == 229
    assert trims_of(Ledger(path), video_id="v", person_id="p") == {"m": trim}
