"""Writing whole files: an old file outlives whatever goes wrong with a new one; forms are refused by name."""

from __future__ import annotations

import os
from pathlib import Path

import h5py
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


# HDF5 files of ours


def h5_file(path: Path) -> Path:
    with storage.replacing(path) as file:
        file.attrs["format"] = "mine"
        file.attrs["format_version"] = 3
        file["a/b"] = [1, 2, 3]
    return path


def test_a_file_is_read_where_format_and_version_fit(tmp_path):
    with storage.reading(h5_file(tmp_path / "a.h5"), "mine", 3) as file:
        assert storage.array_of(file, "a/b").tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("form", "version", "words"),
    [
        ("other", 3, "format is 'mine', expected 'other'"),
        ("mine", 2, "mine version 3, this program reads version 2"),
        ("mine", 4, "mine version 3, this program reads version 4"),
    ],
)
def test_another_format_or_version_is_refused_by_name(tmp_path, form, version, words):
    with (
        pytest.raises(StorageFault, match=rf"a\.h5: {words}"),
        storage.reading(h5_file(tmp_path / "a.h5"), form, version),
    ):
        raise AssertionError("it was opened")


def test_a_missing_file_says_what_makes_it(tmp_path):
    with (
        pytest.raises(StorageFault, match=r"a\.h5: no such file; it is made by `punchline bake`"),
        storage.reading(tmp_path / "a.h5", "mine", 3, made_by="`punchline bake`"),
    ):
        raise AssertionError("it was opened")


def test_a_missing_key_is_named_in_full(tmp_path):
    path = h5_file(tmp_path / "a.h5")
    with (
        pytest.raises(StorageFault, match=r"a\.h5: key is missing: /a/c"),
        storage.reading(path, "mine", 3) as file,
    ):
        storage.array_of(file["a"], "c")


def test_a_file_that_dies_half_made_leaves_the_old_one(tmp_path):
    path = h5_file(tmp_path / "a.h5")
    with pytest.raises(RuntimeError), storage.replacing(path) as file:  # noqa: PT012
        file["x"] = 1
        raise RuntimeError
    with h5py.File(path) as file:
        assert list(file) == ["a"]
    assert os.listdir(tmp_path) == ["a.h5"]


def test_importing_the_core_is_silent_and_light():
    done = run("""
        import sys
        import core.series, core.segment, core.storage.files, core.faces.feature_file, core.people.person_file
        import core.dataset.dataset_file, core.workspace.workspace, core.people.person, core.faces.table, core.cli.main
        import core.labels.queue, core.clip_dataset_builder
        heavy = sorted({"torch", "streamlit", "torchvision", "librosa", "pandas"} & set(sys.modules))
        assert not heavy, heavy
    """)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
