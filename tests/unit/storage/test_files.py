"""Writing whole files: an old file outlives whatever goes wrong with a new one; forms are refused by name."""

from __future__ import annotations

import os

import pytest

from core.errors import StorageFault
from core.storage import files as storage
from tests.processes import run


def test_writing_makes_folders_and_leaves_no_partial_file(tmp_path):
    target = tmp_path / "new" / "folder" / "a.txt"
    storage.write_bytes(target, b"one")
    storage.write_bytes(target, b"two")
    assert target.read_bytes() == b"two"
    assert os.listdir(target.parent) == ["a.txt"]


def test_a_new_file_has_the_permissions_that_new_files_have(tmp_path):
    (tmp_path / "plain").touch()
    storage.write_bytes(tmp_path / "a", b"x")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_a_writer_that_dies_leaves_the_old_file(tmp_path, error):
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(error), storage.writing(target) as partial:  # noqa: PT012
        partial.write_text("half of the n")
        raise error
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_writer_that_is_killed_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.h5"
    storage.write_bytes(path, b"old")
    script = f"""
        import os, signal, sys
        from pathlib import Path
        from core.storage import files as storage
        with storage.writing(Path({str(path)!r})) as partial:
            partial.write_bytes(b"half")
            os.kill(os.getpid(), signal.SIGKILL)
    """
    assert run(script).returncode == -9
    assert path.read_bytes() == b"old"


@pytest.mark.skipif(os.geteuid() == 0, reason="permission bits do not bind the root user")
def test_a_read_only_folder_is_told_with_what_to_do(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(StorageFault, match=r"cannot be written .*--workspace"):
            storage.write_bytes(tmp_path / "a", b"x")
    finally:
        tmp_path.chmod(0o700)


def test_a_refused_write_is_told_with_what_to_do(tmp_path):
    told = r"a: cannot be written \(Permission denied\); choose another folder"
    with pytest.raises(StorageFault, match=told), storage.writing(tmp_path / "a"):
        raise PermissionError(13, "Permission denied")


@pytest.mark.parametrize(("windows", "refusals"), [(True, 3), (False, 1)])
def test_a_file_that_others_read_is_replaced_once_they_close_it_where_a_system_wants_that(
    tmp_path, monkeypatch, windows, refusals
):
    target, calls, move = tmp_path / "a.txt", [], os.replace
    target.write_text("old")

    def refused(source, target):
        calls.append(source)
        if len(calls) <= refusals:
            raise PermissionError(13, "in use by another process")
        move(source, target)

    monkeypatch.setattr(storage, "WINDOWS", windows)
    monkeypatch.setattr("os.replace", refused)
    if windows:
        storage.write_bytes(target, b"new")
        assert target.read_text() == "new"
    else:
        with pytest.raises(StorageFault):
            storage.write_bytes(target, b"new")
        assert target.read_text() == "old"


def test_a_file_that_stays_open_is_said_after_a_while(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "WINDOWS", True)
    monkeypatch.setattr(storage, "PATIENCE", 0.05)
    monkeypatch.setattr("os.replace", lambda source, target: (_ for _ in ()).throw(PermissionError(13, "in use")))
    with pytest.raises(StorageFault, match="cannot be written"):
        storage.write_bytes(tmp_path / "a.txt", b"new")


def test_what_is_flushed_is_open_for_writing(tmp_path, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda number: os.write(number, b""))  # Windows refuses others likewise
    storage.write_bytes(tmp_path / "a.txt", b"x")
    assert (tmp_path / "a.txt").read_bytes() == b"x"
