"""HDF5 files of ours: forms are refused by name, damage is named, our own faults are not taken for damage."""

from __future__ import annotations

import os
from pathlib import Path

import h5py
import numpy as np
import pytest

from core.errors import StorageFault
from core.storage.hdf5 import array_of, reading, replacing
from tests.processes import run


def h5_file(path: Path) -> Path:
    with replacing(path) as file:
        file.attrs["format"] = "mine"
        file.attrs["format_version"] = 3
        file["a/b"] = [1, 2, 3]
    return path


def test_a_file_is_read_where_format_and_version_fit(tmp_path):
    with reading(h5_file(tmp_path / "a.h5"), "mine", 3) as file:
        assert array_of(file, "a/b").tolist() == [1, 2, 3]


def test_an_array_in_many_chunks_is_read_whole(tmp_path):
    wanted = np.arange(3 * 2501, dtype=np.float32).reshape(2501, 3)
    with h5py.File(tmp_path / "many.h5", "w") as file:
        file.create_dataset("rows", data=wanted, chunks=(1, 3))
        file.create_dataset("names", data=[str(k) for k in range(2501)], chunks=(1,))
        assert (array_of(file, "rows") == wanted).all()
        assert array_of(file, "names").tolist() == [str(k).encode() for k in range(2501)]


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
        reading(h5_file(tmp_path / "a.h5"), form, version),
    ):
        raise AssertionError("it was opened")


def test_a_missing_file_says_what_makes_it(tmp_path):
    with (
        pytest.raises(StorageFault, match=r"a\.h5: no such file; it is made by `punchline bake`"),
        reading(tmp_path / "a.h5", "mine", 3, made_by="`punchline bake`"),
    ):
        raise AssertionError("it was opened")


def test_a_missing_key_is_named_in_full(tmp_path):
    path = h5_file(tmp_path / "a.h5")
    with (
        pytest.raises(StorageFault, match=r"a\.h5: key is missing: /a/c"),
        reading(path, "mine", 3) as file,
    ):
        array_of(file["a"], "c")


def test_a_file_that_dies_half_made_leaves_the_old_one(tmp_path):
    path = h5_file(tmp_path / "a.h5")
    with pytest.raises(RuntimeError), replacing(path) as file:  # noqa: PT012
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


def test_a_fault_of_our_own_is_not_taken_for_a_damaged_file(tmp_path):
    def parse(text: str) -> None: ...

    with pytest.raises(TypeError, match="parse"), reading(h5_file(tmp_path / "a.h5"), "mine", 3):
        parse(1, 2)  # type: ignore[call-arg]
    with pytest.raises(AttributeError), reading(h5_file(tmp_path / "a.h5"), "mine", 3) as file:
        file.no_such_method()


def test_a_group_where_an_array_belongs_is_damage(tmp_path):
    path = tmp_path / "a.h5"
    with replacing(path) as file:
        file.attrs["format"], file.attrs["format_version"] = "mine", 3
        file.create_group("a")
    with pytest.raises(StorageFault, match="key is missing: /a"), reading(path, "mine", 3) as file:
        array_of(file, "a")


def test_a_value_of_another_type_is_damage(tmp_path):
    import json

    path = tmp_path / "a.h5"
    with replacing(path) as file:
        file.attrs["format"], file.attrs["format_version"], file.attrs["x"] = "mine", 3, 7
    with pytest.raises(StorageFault, match="does not fit"), reading(path, "mine", 3) as file:
        json.loads(file.attrs["x"])
