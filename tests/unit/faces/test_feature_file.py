"""Feature files: round trips, refusals by name, and that an old file outlives whatever goes wrong with a new one."""

from __future__ import annotations

import json
import os
from dataclasses import fields, replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from core.errors import StorageFault
from core.faces import feature_file as feature_store
from core.faces.feature_file import Features, Minutes
from core.faces.table import FaceTable
from tests.processes import left_over, run
from tests.tables import features_info, random_features

THUMBNAIL = np.arange(18 * 32 * 3, dtype=np.uint8).reshape(18, 32, 3)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A feature file of a finished analysis."""
    path = tmp_path / "features" / "0123456789abcdef.h5"
    feature_store.write_features(path, random_features(0))
    return path


def assert_same_features(a: Features, b: Features) -> None:
    assert a.info == b.info
    for column in fields(FaceTable):
        one, two = getattr(a.faces, column.name), getattr(b.faces, column.name)
        assert one.dtype == two.dtype
        np.testing.assert_array_equal(one, two)
    assert a.audio.dtype == b.audio.dtype
    np.testing.assert_array_equal(a.audio, b.audio)
    assert list(a.cues) == list(b.cues)
    for name in a.cues:
        np.testing.assert_array_equal(a.cues[name], b.cues[name])
    np.testing.assert_array_equal(a.waveform, b.waveform)


# Feature files


def test_an_analysis_comes_back_as_it_was(path):
    assert_same_features(feature_store.read_features(path), random_features(0))
    assert feature_store.read_features_info(path) == features_info()


def test_an_analysis_without_faces_comes_back(tmp_path):
    features = random_features(1, n_frames=4, n_faces=0)
    feature_store.write_features(tmp_path / "a.h5", features)
    assert_same_features(feature_store.read_features(tmp_path / "a.h5"), features)


def test_embeddings_are_kept_in_half_precision(tmp_path):
    features = random_features(2)
    exact = np.random.default_rng(5).normal(size=features.faces.embedding.shape).astype(np.float32)
    feature_store.write_features(tmp_path / "a.h5", replace(features, faces=replace(features.faces, embedding=exact)))
    found = feature_store.read_features(tmp_path / "a.h5").faces.embedding
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, exact.astype(np.float16))


def test_an_unfinished_analysis_says_so(tmp_path):
    feature_store.write_features(tmp_path / "a.h5", random_features(0, complete=False, created=""))
    assert feature_store.read_features_info(tmp_path / "a.h5").complete is False


def test_long_warnings_and_undecodable_file_names_are_kept(tmp_path):
    name = os.fsdecode(b"\xc7\xd1.mp4")  # Korean as an old archive stores it, no UTF-8
    feature_store.write_features(tmp_path / "a.h5", random_features(0, video_name=name, warnings=("packet",) * 20_000))
    info = feature_store.read_features_info(tmp_path / "a.h5")
    assert info.video_name == "\ufffd\ufffd.mp4"
    assert len(info.warnings) == 20_000


def test_equal_extractions_are_those_of_equal_models_and_parameters(path):
    stored = feature_store.read_features_info(path)
    assert stored.same_extraction(features_info(warnings=(), created="later", video_name="renamed.mp4"))
    assert not stored.same_extraction(features_info(sample_rate=4.0))
    assert not stored.same_extraction(features_info(models={"detector": {"name": "mtcnn", "digest": "other"}}))
    assert not stored.same_extraction(features_info(parameters={"min_face": 0.1}))


def test_plain_h5py_finds_the_documented_keys(path):
    with h5py.File(path, "r") as file:
        assert file.attrs["format"] == "punchline-features"
        assert file.attrs["format_version"] == 1
        assert file.attrs["fps"] == 29.97
        assert file.attrs["video_name"] == "방송 2024.mp4"
        assert file.attrs["complete"]
        assert json.loads(file.attrs["models"])["embedder"]["digest"] == "e1"
        assert {"fingerprint", "duration", "width", "height", "sample_rate", "parameters", "created"} <= set(file.attrs)
        kinds = {key: (file[key].dtype.str, file[key].shape) for key in file_keys(file)}
    assert kinds == {
        "frames/timestamps": ("<f8", (9,)),
        "frames/scene_change": ("<f4", (9,)),
        "faces/frame": ("<i4", (12,)),
        "faces/box_xyxy": ("<f4", (12, 4)),
        "faces/landmarks": ("<f4", (12, 5, 2)),
        "faces/probability": ("<f4", (12,)),
        "faces/embedding": ("<f2", (12, 32)),
        "faces/emotion": ("<f4", (12, 10)),
        "faces/track": ("<i4", (12,)),
        "audio/features": ("<f4", (9, 2)),
        "audio/waveform": ("|i1", (9, 16, 2)),
        "cues/laughter": ("<f4", (9, 4)),
    }


def file_keys(file: h5py.File) -> list[str]:
    """Paths of all data sets."""
    keys: list[str] = []
    file.visititems(lambda key, item: keys.append(key) if isinstance(item, h5py.Dataset) else None)
    return keys


# What cannot be read


def test_a_missing_file_says_how_it_is_made(tmp_path):
    with pytest.raises(StorageFault, match=r"none\.h5: no such file; it is made by `punchline extract`"):
        feature_store.read_features(tmp_path / "none.h5")


@pytest.mark.parametrize("content", [b"", b"not HDF5 at all", b"\x89HDF\r\n\x1a\n" + b"\0" * 200])
def test_a_file_of_another_kind_is_refused_by_name(tmp_path, content):
    (tmp_path / "a.h5").write_bytes(content)
    with pytest.raises(StorageFault, match=r"a\.h5: not a readable HDF5 file"):
        feature_store.read_features(tmp_path / "a.h5")


def test_a_truncated_file_is_refused_by_name(path):
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(StorageFault, match=r"0123456789abcdef\.h5: not a readable HDF5 file"):
        feature_store.read_features_info(path)


@pytest.mark.parametrize(
    ("form", "version", "message"),
    [
        ("punchline-person", 1, "format is 'punchline-person', expected 'punchline-features'"),
        (None, 1, "format is None, expected 'punchline-features'"),
        ("punchline-features", 2, "punchline-features version 2, this program reads version 1; use the program"),
        ("punchline-features", None, "version None, this program reads version 1"),
        ("punchline-features", "1", "version 1, this program reads version 1"),
        ("punchline-features", [1, 2], "damaged"),
    ],
)
def test_another_format_or_version_is_refused_by_name(path, form, version, message):
    with h5py.File(path, "r+") as file:
        for name, value in (("format", form), ("format_version", version)):
            del file.attrs[name]
            if value is not None:
                file.attrs[name] = value
    for use in (
        feature_store.read_features,
        feature_store.read_features_info,
        lambda p: feature_store.remove_person_series(p, "p1"),
    ):
        with pytest.raises(StorageFault, match=rf"{path.name}: .*{message}"):
            use(path)


@pytest.mark.parametrize(
    "key", ["frames/timestamps", "faces/frame", "faces/embedding", "faces/track", "audio/features", "faces", "audio"]
)
def test_a_missing_key_is_named_with_its_file(path, key):
    with h5py.File(path, "r+") as file:
        del file[key]
    with pytest.raises(StorageFault, match=rf"{path.name}: key is missing: /{key}"):
        feature_store.read_features(path)


@pytest.mark.parametrize("name", ["fps", "models", "complete"])
def test_a_missing_attribute_is_named_with_its_file(path, name):
    with h5py.File(path, "r+") as file:
        del file.attrs[name]
    with pytest.raises(StorageFault, match=rf"{path.name}: key is missing: .*'{name}'"):
        feature_store.read_features_info(path)


def test_values_that_do_not_fit_are_damage_and_no_traceback(path):
    with h5py.File(path, "r+") as file:
        file["frames/timestamps"][0] = 1e9
    with pytest.raises(StorageFault, match=rf"{path.name}: what it holds does not fit .*increasing"):
        feature_store.read_features(path)
    with h5py.File(path, "r+") as file:
        file.attrs["models"] = "{broken"
    with pytest.raises(StorageFault, match=rf"{path.name}: what it holds does not fit"):
        feature_store.read_features_info(path)


# Series of people, as older files hold them


def with_series(path: Path, *person_ids: str) -> None:
    """Give a feature file groups of people."""
    with h5py.File(path, "r+") as file:
        for person_id in person_ids:
            group = file.create_group(f"persons/{person_id}")
            group.attrs["name"] = f"Name of {person_id}"
            group["features"] = np.random.default_rng(len(person_id)).normal(size=(2000, 12)).astype("f4")


def test_a_file_with_series_of_people_is_read(path):
    with_series(path, "p0", "p1")
    assert_same_features(feature_store.read_features(path), random_features(0))


def test_removing_a_series_leaves_the_others_and_no_trace(path):
    bare = path.stat().st_size
    with_series(path, "p0", "p11", "p222")
    with h5py.File(path) as file:
        gone = file["persons/p11/features"][:].tobytes()[:4096]
    feature_store.remove_person_series(path, "p11")
    with h5py.File(path) as file:
        assert sorted(file["persons"]) == ["p0", "p222"]
    assert_same_features(feature_store.read_features(path), random_features(0))
    content = path.read_bytes()
    assert b"Name of p11" not in content
    assert b"Name of p222" in content
    assert gone not in content
    for person_id in ("p0", "p222"):
        feature_store.remove_person_series(path, person_id)
    assert path.stat().st_size < bare + 5000


def test_removing_a_series_that_is_not_there_leaves_the_file_alone(path):
    before = path.stat().st_mtime_ns, path.read_bytes()
    feature_store.remove_person_series(path, "nobody")
    assert (path.stat().st_mtime_ns, path.read_bytes()) == before


# Writing


@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_folder_that_cannot_be_made_is_told(tmp_path, below):
    (tmp_path / "occupied").write_text("a file where a folder is wanted")
    with pytest.raises(StorageFault, match=r"a\.h5: could not be written"):
        feature_store.write_features(tmp_path / "occupied" / below / "a.h5", random_features(0))


def test_a_folder_where_the_file_should_be_is_told(tmp_path):
    (tmp_path / "a.h5").mkdir()
    with pytest.raises(StorageFault, match=r"a\.h5: could not be written"):
        feature_store.write_features(tmp_path / "a.h5", random_features(0))
    assert left_over(tmp_path) == []


def test_a_full_disk_is_told_and_what_was_finished_stays(path, tmp_path):
    """A file-size limit stands in for the full disk: the system refuses the bytes in the same way."""
    minutes = Minutes(tmp_path / "minutes")
    minutes.write(0, random_features(0, complete=False), THUMBNAIL)
    with_series(path, "p1")
    before = path.read_bytes()
    done = run(f"""
        import resource
        from pathlib import Path
        import numpy as np
        from core.faces import feature_file as feature_store
        from core.storage import files as storage
        from core.errors import StorageFault
        from core.people.series_file import write_series
        from tests.tables import random_features, random_person_series
        big = random_features(7, n_frames=2000, n_faces=4000)
        path, folder = Path({str(path)!r}), Path({str(tmp_path)!r})
        minutes = feature_store.Minutes(folder / "minutes")
        attempts = [
            lambda: feature_store.write_features(path, big),
            lambda: feature_store.remove_person_series(path, "p1"),
            lambda: write_series(path, random_person_series(2, n_frames=9000)),
            lambda: minutes.write(1, big, np.zeros((18, 32, 3), np.uint8)),
            lambda: storage.write_json(folder / "a.json", list(range(100_000))),
        ]
        told = []
        for limit in (9000, 2000, 0):
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
            for attempt in attempts:
                try:
                    attempt()
                except StorageFault as error:
                    told.append(str(error))
                else:
                    raise AssertionError("it was written")
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        print(*told, sep="\\n")
    """)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    told = done.stdout.splitlines()
    assert len(told) == 15
    assert all("the disk is full or the file may not grow" in text and "free some space" in text for text in told)
    assert path.read_bytes() == before
    assert len(list(minutes.read())) == 1
    assert left_over(tmp_path) == []


# Minutes


def test_minutes_come_back_in_order(tmp_path):
    minutes = Minutes(tmp_path / "a.minutes")
    assert minutes.info() is None
    assert list(minutes.read()) == []
    for k in (10, 2, 0):  # a minute without a picture is left out
        minutes.write(k, random_features(k, complete=False), THUMBNAIL + np.uint8(k))
    assert minutes.info() == features_info(complete=False)
    found = list(minutes.read())
    assert len(found) == 3
    for k, (features, thumbnail) in zip((0, 2, 10), found, strict=True):
        assert_same_features(features, random_features(k, complete=False))
        np.testing.assert_array_equal(thumbnail, THUMBNAIL + np.uint8(k))
    minutes.clear()
    assert list(minutes.read()) == []
    assert not minutes.folder.exists()
    minutes.clear()


def three_minutes(folder: Path) -> Minutes:
    minutes = Minutes(folder)
    for k in range(3):
        minutes.write(k, random_features(k, complete=False), THUMBNAIL)
    return minutes


@pytest.mark.parametrize("damage", ["truncated", "empty", "key", "shape"])
@pytest.mark.parametrize("damaged", [0, 1, 2])
def test_a_damaged_minute_stops_the_reading(tmp_path, damaged, damage):
    minutes = three_minutes(tmp_path)
    path = tmp_path / f"minute_{damaged:06d}.h5"
    if damage in ("truncated", "empty"):
        path.write_bytes(path.read_bytes()[:-1000] if damage == "truncated" else b"")
    else:
        with h5py.File(path, "r+") as file:
            key = "last_thumbnail" if damage == "key" else "faces/track"
            del file[key]
            if damage == "shape":
                file[key] = np.zeros(5, np.int32)
    assert len(list(minutes.read())) == damaged
    assert (minutes.info() is None) == (damaged == 0 and damage in ("truncated", "empty"))


def test_minutes_of_another_extraction_are_not_mixed_in(tmp_path):
    """After a damaged first minute was done anew with other settings, the old second one is still there."""
    minutes = three_minutes(tmp_path)
    minutes.write(0, random_features(5, complete=False, sample_rate=5.0), THUMBNAIL)
    assert [features.info.sample_rate for features, _ in minutes.read()] == [5.0]


def test_partial_files_are_no_minutes(tmp_path):
    minutes = three_minutes(tmp_path)
    (tmp_path / ".0123.part").write_bytes(b"half")
    assert len(list(minutes.read())) == 3


CHIPS = {1: b"\xff\xd8 first", 7: b"\xff\xd8 second, longer"}


def test_pictures_of_faces_are_read_when_asked_for(path: Path) -> None:
    feature_store.write_features(path, replace(random_features(0), chips=CHIPS))
    chips = feature_store.read_features(path).chips
    assert dict(chips) == CHIPS
    assert len(chips) == 2
    assert 2 not in chips
    with_series(path, "abc")
    feature_store.remove_person_series(path, "abc")
    assert chips[7] == CHIPS[7]
    feature_store.write_features(path, replace(random_features(0, created="later"), chips={1: b"other"}))
    with pytest.raises(KeyError):
        chips[1]
    path.unlink()
    with pytest.raises(KeyError):
        chips[1]


def test_a_file_without_pictures_of_faces_is_read(path: Path) -> None:
    with h5py.File(path) as file:
        assert "faces/chips" not in file
    assert dict(feature_store.read_features(path).chips) == {}


def test_minutes_keep_pictures_and_are_joined_with_their_rows(tmp_path: Path) -> None:
    minutes = Minutes(tmp_path / "v.minutes")
    for k in range(2):
        table = random_features(k, n_frames=9, n_faces=12)
        shifted = replace(table.faces, timestamps=table.faces.timestamps + 60 * k)
        minutes.write(k, replace(table, faces=shifted, chips=CHIPS), THUMBNAIL)
    parts = [features for features, _ in minutes.read()]
    assert [dict(part.chips) for part in parts] == [CHIPS, CHIPS]
    whole = feature_store.joined(parts)
    assert dict(whole.chips) == {1: CHIPS[1], 7: CHIPS[7], 13: CHIPS[1], 19: CHIPS[7]}
    assert len(whole.faces) == 24
    assert whole.audio.shape == (18, 2)


# Cues


def test_a_cue_comes_later_is_replaced_and_leaves(path):
    before = feature_store.read_features(path)
    chat = np.random.default_rng(1).uniform(size=(9, 2)).astype(np.float32)
    for rows in (chat, 2 * chat):
        feature_store.change_cues(path, {"chat": rows})
        after = feature_store.read_features(path)
        assert sorted(after.cues) == ["chat", "laughter"]
        np.testing.assert_array_equal(after.cues["chat"], rows)
    feature_store.change_cues(path, {"chat": None})
    assert_same_features(feature_store.read_features(path), before)


def test_a_file_without_cues_and_waveform_is_read(path):
    with h5py.File(path, "r+") as file:
        del file["cues"], file["audio/waveform"]
    features = feature_store.read_features(path)
    assert features.cues == {}
    assert features.waveform is None
    timestamps, cues, waveform = feature_store.read_cues(path)
    assert len(timestamps) == 9
    assert (cues, waveform) == ({}, None)


def test_a_cue_of_another_digest_counts_as_absent(path):
    with h5py.File(path, "r+") as file:
        file["cues/laughter"].attrs["digest"] = "another"
    assert feature_store.read_features(path).cues == {}


def test_cues_need_a_feature_file(tmp_path):
    with pytest.raises(StorageFault, match="extract the video first"):
        feature_store.change_cues(tmp_path / "a.h5", {})
