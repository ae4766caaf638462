"""Temporary files: only our own, and only those whose writer is gone, are cleaned."""

from __future__ import annotations

import os
import time
from pathlib import Path

from core.storage.files import write_bytes
from core.storage.temporary import sweep, temporary_beside
from tests.processes import run


def test_what_a_killed_writer_left_is_cleaned_at_the_next_write(tmp_path: Path) -> None:
    script = f"""
        import os, signal
        from pathlib import Path
        from core.storage.files import writing
        from core.storage.temporary import temporary_beside
        folder = temporary_beside(Path({str(tmp_path / "reel.mp4")!r}))
        folder.mkdir()
        (folder / "piece.mp4").write_bytes(b"half")
        with writing(Path({str(tmp_path / "a")!r})) as partial:
            os.kill(os.getpid(), signal.SIGKILL)
    """
    assert run(script).returncode == -9
    assert len(os.listdir(tmp_path)) == 2
    write_bytes(tmp_path / "b", b"whole")
    assert os.listdir(tmp_path) == ["b"]


def test_files_of_others_stay_however_old(tmp_path: Path) -> None:
    old = time.time() - 3 * 3600
    for name in (".somebodys_download.part", ".0123456789abcdef.part", ".punchline-mine.part"):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (old, old))
    write_bytes(tmp_path / "a", b"x")
    assert len(os.listdir(tmp_path)) == 4


def test_a_writer_that_lives_keeps_its_file(tmp_path: Path) -> None:
    mine = temporary_beside(tmp_path / "a")
    mine.touch()
    os.utime(mine, (0, 0))
    sweep(tmp_path)
    assert mine.exists()


def test_another_machines_file_stays(tmp_path: Path) -> None:
    theirs = tmp_path / ".punchline-00000000-999999999-0123456789abcdef.part"
    theirs.touch()
    sweep(tmp_path)
    assert theirs.exists()
