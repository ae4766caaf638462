"""A workspace on a disk that is full or read-only: what only reads goes on, what writes is refused in words."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.actions.overview import overview
from core.errors import PunchlineError
from core.labels.event import LabelEvent
from core.labels.ledger import Ledger
from core.workspace.workspace import Workspace
from tests.test_damage import invoke
from tests.unit.workspace.test_library import add_person, add_video, analysis, bursts_of, label_file, labels_of

NOBODY = 65_534


@contextmanager
def read_only(root: Path) -> Iterator[None]:
    """Nobody may write; root, whom permissions do not bind, is somebody else meanwhile."""
    folders = [root, *(path for path in root.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    root.parent.chmod(0o755)
    am_root = os.geteuid() == 0
    try:
        if am_root:
            os.seteuid(NOBODY)
        yield
    finally:
        if am_root:
            os.seteuid(0)
        for folder in folders:
            folder.chmod(0o755)


@contextmanager
def full(root: Path) -> Iterator[None]:
    """No file may grow."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def root() -> Iterator[Path]:
    """A workspace with labels and a dataset, where anybody may look."""
    folder = Path(tempfile.mkdtemp())
    root = folder / "space"
    space = Workspace(root)
    add_person(space, "지은")
    add_video(space, folder / "a.mp4", analysis(6, laughs=bursts_of(6), seed=1))
    invoke(root, "labels", "import", label_file(folder / "l.csv", labels_of("a.mp4", bursts_of(6))))
    invoke(root, "dataset", "build")
    yield root
    shutil.rmtree(folder)


READING = (
    ("person", "list"),
    ("labels", "stats"),
    ("dataset", "info"),
    ("dataset", "verify"),
    ("series", "a.mp4"),
    ("cues", "info", "a.mp4"),
)


@pytest.mark.parametrize("unwritable", [read_only, full])
@pytest.mark.parametrize("killed", [False, True], ids=["closed", "killed"])
def test_what_reads_goes_on_and_what_writes_is_refused(
    root: Path, unwritable: Callable[[Path], object], killed: bool
) -> None:
    before = [invoke(root, *command) for command in READING]
    if killed:  # labels lie in the write-ahead log still
        Workspace(root)
        keeper = sqlite3.connect(root / "labels.sqlite")
        keeper.execute("SELECT count(*) FROM events").fetchone()
        event = LabelEvent(Workspace(root).videos()[0].id, Workspace(root).people()[0].id, 1.0, 7.0, 1, "marked")
        Ledger(root / "labels.sqlite").record([event])
        before = [invoke(root, *command) for command in READING]
        shm = root / "labels.sqlite-shm"
        shm.unlink()
    for name in ("labels.sqlite", "labels.sqlite-wal"):
        if (root / name).exists():
            (root / name).chmod(0o444)
    with unwritable(root):  # type: ignore[attr-defined]
        after = [invoke(root, *command) for command in READING]
        states = overview(Workspace(root))
        refused = invoke(root, "labels", "import", root.parent / "l.csv", "--person", "지은")
        with pytest.raises(PunchlineError, match=r"labels\.sqlite: the label ledger cannot be read or written"):
            Ledger(root / "labels.sqlite").record([LabelEvent("v", "p", 1.0, 7.0, 1, "marked")])
    assert after == before
    assert states[0].n_labels >= 10
    assert refused[0] == 1
