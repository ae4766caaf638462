"""dataset.h5: what plain h5py finds, what is refused or damaged, and clips read one by one."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from core.clip_dataset_builder import ClipDataset
from core.dataset.dataset_file import Names, read_dataset, read_info, write_dataset
from core.errors import StorageFault
from core.labels.rules import ClipOptions
from core.series import FEATURES
from core.storage.hdf5 import AnotherFormat
from tests.labelled import label, random_clips
from tests.processes import ROOT, left_over, run

NAMES = Names({"video 0": ("방송 1.mp4", 29.97), "video 1": ("b.mp4", 25.0)}, {"p": "지은"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "dataset.h5"
    write_dataset(path, random_clips(0, 250), names=NAMES, ledger_seq=321)
    return path


def assert_same(a: ClipDataset, b: ClipDataset) -> None:
    for f in fields(ClipDataset):
        one, two = getattr(a, f.name), getattr(b, f.name)
        if isinstance(one, np.ndarray):
            assert one.dtype == two.dtype, f.name
            np.testing.assert_array_equal(one, two)
        else:
            one, two = (list(some) if f.name == "left_out" else some for some in (one, two))
            assert one == two, f.name


# What is in the file


@pytest.mark.parametrize("n", [0, 1, 250])
def test_a_dataset_comes_back_as_it_was(tmp_path, n):
    clips = random_clips(1, n)
    write_dataset(tmp_path / "a.h5", clips, names=NAMES)
    assert_same(read_dataset(tmp_path / "a.h5"), clips)


def test_plain_h5py_finds_the_documented_keys(path):
    clips = random_clips(0, 250)
    with h5py.File(path) as dataset:
        np.testing.assert_array_equal(dataset["clip_features"][100:200], clips.features[100:200])
        found = {
            key: (dataset[key].dtype.str, dataset[key].shape) for key in dataset if dataset[key].dtype.names is None
        }
        assert found == {
            "clip_features": ("<f4", (250, 15, 12)),
            "clip_timestamps": ("<f8", (250, 15)),
            "clip_source": ("|u1", (250, 15)),
            "clip_baseline": ("<f4", (250, 12)),
            "labels": ("|i1", (250,)),
        }
        assert all(dataset[key].maxshape[0] is None for key in dataset)
        assert dataset["clip_features"].chunks == (1, 15, 12)
        attributes = dict(dataset.attrs)
        row = dataset["clip_info"][4]
        names = set(dataset["clip_info"].dtype.names)
    assert (attributes["format"], attributes["format_version"]) == ("punchline-dataset", 1)
    assert (attributes["n_rows"], attributes["sampling"], attributes["ledger_seq"]) == (15, "nearest", 321)
    assert tuple(attributes["feature_names"]) == FEATURES
    assert list(attributes["label_names"]) == ["not funny", "funny"]
    assert {"program_version", "created", "remarks", "max_failed_ratio"} <= set(attributes)
    event = clips.events[4]
    assert {name: row[name].decode() for name in ("clip_id", "video_name", "video_id", "person", "note")} == {
        "clip_id": event.clip_id,
        "video_name": "b.mp4",
        "video_id": "video 1",
        "person": "지은",
        "note": event.note,
    }
    assert (row["fps"], row["clip_duration"], row["source_timestamp"].tolist()) == (25.0, 6.0, [28.0, 34.0])
    assert row["failed_ratio"] == clips.failed_ratio[4]
    documented = "clip_id video_name video_id person fps clip_duration source_timestamp frame_count failed_ratio origin"
    assert {*documented.split(), "feature_digest", "stale", "labelled_at", "labeller", "note"} <= names


def test_the_documentation_names_every_key_field_and_attribute(path):
    text = (ROOT / "docs" / "format.md").read_text(encoding="utf-8")
    section = text[text.index("## Dataset file") : text.index("## Person file")] + text[: text.index("## The twelve")]
    with h5py.File(path) as dataset:
        names = {*(f"/{key}" for key in dataset), *dataset["clip_info"].dtype.names, *dataset.attrs}
    assert [name for name in sorted(names) if f"`{name}`" not in section] == []


def test_any_slice_lies_in_chunks_of_its_own_clips(path):
    """Nothing else has to be read for it."""
    with h5py.File(path) as dataset:
        features = dataset["clip_features"].id
        chunks = [features.get_chunk_info(k) for k in range(features.get_num_chunks())]
    assert sorted(chunk.chunk_offset[0] for chunk in chunks) == list(range(250))
    assert {chunk.size for chunk in chunks} == {15 * 12 * 4 + 4}  # with its checksum


def test_other_programs_can_grow_a_copy(path):
    with h5py.File(path, "r+") as dataset:
        dataset["clip_features"].resize(300, axis=0)
        assert dataset["clip_features"][299].shape == (15, 12)


def test_an_unknown_video_has_no_name_and_no_rate(path):
    with h5py.File(path) as dataset:
        row = dataset["clip_info"][2]
    assert row["video_name"] == b""
    assert np.isnan(row["fps"])


def test_the_file_says_what_it_holds(path):
    clips = random_clips(0, 250)
    info = read_info(path)
    assert (info.n_clips, info.options, info.ledger_seq) == (250, ClipOptions(), 321)
    assert info.n_funny == clips.labels.sum()
    assert info.n_stale == clips.stale.sum() > 0


def test_texts_that_no_file_can_hold_are_kept_as_far_as_they_can(tmp_path):
    clips = random_clips(0, 1)
    clips = replace(clips, events=[label(note="a\0b \udcff", labeller="x" * 10_000)])
    write_dataset(tmp_path / "a.h5", clips)
    (event,) = read_dataset(tmp_path / "a.h5").events
    assert event.note == "ab \ufffd"
    assert len(event.labeller) == 10_000


# What cannot be read


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("format_version", 2, "punchline-dataset version 2, this program reads version 1"),
        ("format_version", 0, "punchline-dataset version 0, this program reads version 1"),
        ("format", "punchline-person", "format is 'punchline-person', expected 'punchline-dataset'"),
    ],
)
def test_another_format_or_version_is_refused_by_name(path, name, value, words):
    with h5py.File(path, "r+") as file:
        file.attrs[name] = value
    for read in (read_dataset, read_info):
        with pytest.raises(AnotherFormat, match=rf"dataset\.h5: {words}"):
            read(path)


def test_a_missing_file_says_how_it_is_made(tmp_path):
    with pytest.raises(StorageFault, match=r"none\.h5: no such file; it is made by `punchline dataset build`"):
        read_dataset(tmp_path / "none.h5")


@pytest.mark.parametrize("key", ["clip_features", "clip_timestamps", "clip_source", "labels", "clip_info"])
def test_a_missing_key_is_named(path, key):
    with h5py.File(path, "r+") as file:
        del file[key]
    with pytest.raises(StorageFault, match=rf"dataset\.h5: key is missing: /{key}"):
        read_dataset(path)


@pytest.mark.parametrize("key", ["clip_features", "clip_source", "clip_baseline", "labels"])
def test_flipped_bits_are_found(path, key):
    with h5py.File(path) as file:
        offset = file[key].id.get_chunk_info(0).byte_offset
    content = bytearray(path.read_bytes())
    content[offset] ^= 1
    path.write_bytes(content)
    with pytest.raises(StorageFault, match=rf"dataset\.h5: {key} is unreadable"):
        read_dataset(path)


def test_arrays_of_different_lengths_are_damage(path):
    with h5py.File(path, "r+") as file:
        file["clip_baseline"].resize(200, axis=0)
    with pytest.raises(StorageFault, match=r"clip_baseline has shape \(200, 12\), expected \(250, 12\)"):
        read_dataset(path)


def test_a_full_disk_is_told_and_the_old_file_stays(path):
    before = path.read_bytes()
    done = run(f"""
        import resource
        from pathlib import Path
        from core.dataset.dataset_file import write_dataset
        from core.errors import StorageFault
        from tests.labelled import random_clips
        clips = random_clips(1, 300)
        for limit in (100_000, 0):
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
            try:
                write_dataset(Path({str(path)!r}), clips)
            except StorageFault as error:
                told = str(error)
            else:
                raise AssertionError("it was written")
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        print(told)
    """)
    assert (done.returncode, done.stderr) == (0, "")
    assert "the disk is full or the file may not grow" in done.stdout
    assert path.read_bytes() == before
    assert left_over(path.parent) == []


def test_labels_without_an_array_are_kept_with_the_reason_and_the_options_too(tmp_path):
    left_out = [(label("c", 3.0, note="웃음"), "the video is not analysed"), (label("d", 9.0, label=0), "too short")]
    clips = replace(random_clips(0, 3), left_out=left_out, options=ClipOptions(15, "linear"))
    write_dataset(tmp_path / "a.h5", clips, sources="0123")
    assert_same(read_dataset(tmp_path / "a.h5"), clips)
    info = read_info(tmp_path / "a.h5")
    assert (info.options, info.sources) == (ClipOptions(15, "linear"), "0123")


def test_a_file_of_an_older_version_of_the_program_is_read(path):
    with h5py.File(path, "r+") as file:
        del file["left_out"], file.attrs["sources"]
        file.attrs["sampling"] = "nearest/linear"
    old = read_dataset(path)
    assert (len(old), old.options, list(old.left_out)) == (250, ClipOptions(), [])
    assert read_info(path).sources == ""
