"""A series file holds one person's series and what it was made of; a cache that no longer holds is told from one."""

import json
import re
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from core.errors import StorageFault
from core.people.series_file import PersonSeries, SeriesOrigin, file_digest, read_series, write_series
from core.series import FEATURES
from tests.tables import random_person_series

ORIGIN = SeriesOrigin("하하.mp4", "0123456789abcdef", 29.97, 60.0, "우왁굳", "p1", "2026-01-01T00:00:00+00:00")


def series(seed: int = 1, *, n_frames: int = 9) -> PersonSeries:
    return replace(random_person_series(seed, n_frames=n_frames), origin=ORIGIN)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_series(tmp_path / "video" / "p1.h5", series())
    return tmp_path / "video" / "p1.h5"


def assert_same(a: PersonSeries, b: PersonSeries | None) -> None:
    assert b is not None
    for one, other in zip(
        (a.series.values, a.series.timestamps, a.series.source, a.similarity, a.baseline),
        (b.series.values, b.series.timestamps, b.series.source, b.similarity, b.baseline),
        strict=True,
    ):
        assert (one.dtype, one.tobytes()) == (other.dtype, other.tobytes())
    assert (a.series.sample_rate, a.parameters, a.origin) == (b.series.sample_rate, b.parameters, b.origin)


def test_a_series_comes_back_as_it_was(path: Path) -> None:
    assert_same(series(), read_series(path))


def test_it_is_replaced_whole_and_does_not_grow(path: Path) -> None:
    sizes = []
    for k in range(6):
        write_series(path, series(k, n_frames=3000))
        sizes.append(path.stat().st_size)
    assert_same(series(5, n_frames=3000), read_series(path))
    assert max(sizes) < 1.1 * sizes[0]
    assert [p.name for p in path.parent.iterdir()] == ["p1.h5"]


def test_other_programs_read_it_with_plain_h5py(path: Path) -> None:
    one = series()
    with h5py.File(path) as file:
        assert (file.attrs["format"], file.attrs["format_version"]) == ("punchline-series", 1)
        assert list(file.attrs["feature_names"]) == list(FEATURES)
        assert file.attrs["sample_rate"] == 3.0
        assert (file.attrs["video_name"], file.attrs["person"]) == ("하하.mp4", "우왁굳")
        assert (file.attrs["fps"], file.attrs["duration"]) == (29.97, 60.0)
        assert json.loads(file.attrs["parameters"]) == dict(one.parameters)
        layout = {name: (file[name].dtype.str, file[name].shape) for name in file}
    assert layout == {
        "features": ("<f4", (9, 12)),
        "timestamps": ("<f8", (9,)),
        "source": ("|u1", (9,)),
        "similarity": ("<f4", (9,)),
        "baseline": ("<f4", (12,)),
    }


def test_the_digest_says_whether_it_still_holds(path: Path) -> None:
    one = series()
    assert_same(one, read_series(path, digest=file_digest(one.parameters, ORIGIN.extracted)))
    assert read_series(path, digest=file_digest({**one.parameters, "fill": "none"}, ORIGIN.extracted)) is None
    assert read_series(path, digest=file_digest(one.parameters, "extracted again")) is None


def test_a_file_without_origin_as_older_versions_wrote_it_is_read(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        for name in ("digest", "video_name", "video_id", "fps", "duration", "person", "person_id", "extracted"):
            del file.attrs[name]
    read = read_series(path)
    assert read is not None
    assert read.origin.person == ""
    assert read_series(path, digest="0123") is None


def test_what_is_no_series_file_is_refused_by_name(path: Path, tmp_path: Path) -> None:
    with pytest.raises(StorageFault, match=r"absent\.h5: no such file; it is made by `punchline series`"):
        read_series(tmp_path / "absent.h5")
    for damage, words in {
        "version": "punchline-series version 2, this program reads version 1",
        "key": "key is missing: /source",
        "shape": "what it holds does not fit",
    }.items():
        write_series(path, series())
        with h5py.File(path, "r+") as file:
            if damage == "version":
                file.attrs["format_version"] = 2
            else:
                del file["source" if damage == "key" else "similarity"]
            if damage == "shape":
                file["similarity"] = np.zeros(3, np.float32)
        with pytest.raises(StorageFault, match=f"{re.escape(path.name)}: .*{words}"):
            read_series(path)


def test_a_series_that_cannot_be_stored_leaves_the_file_as_it_was(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(TypeError, match="JSON"):
        write_series(path, replace(series(2), parameters={"x": object()}))
    assert path.read_bytes() == before
