"""Person files: round trips, damage by name, and a disk that is full."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from core.errors import StorageFault
from core.people import person_file as person_store
from core.people.person import Person, Reference, Thresholds
from tests.processes import left_over, run


def person(**changes: object) -> Person:
    rng = np.random.default_rng(0)
    references = tuple(
        Reference(
            image=rng.integers(0, 256, (40, 30, 3), dtype=np.uint8),
            box_xyxy=rng.normal(size=4).astype(np.float32),
            landmarks=rng.normal(size=(5, 2)).astype(np.float32),
            origin=f"사진 {k}.jpg",
            embeddings={"e1": rng.normal(size=128).astype(np.float32), "e2": rng.normal(size=512).astype(np.float32)},
        )
        for k in range(12)
    )
    values = {"id": "a1b2", "name": "우왁굳 / J. Doe", "references": references}
    return Person(**{**values, "overrides": {"v1": Thresholds(0.7, 0.1)}, **changes})


def test_a_person_comes_back_with_references_in_order(tmp_path):
    person_store.write_person(tmp_path / "a.h5", person())
    found, known = person_store.read_person(tmp_path / "a.h5"), person()
    assert (found.id, found.name, found.thresholds) == (known.id, known.name, known.thresholds)
    assert dict(found.overrides) == dict(known.overrides)
    assert [r.origin for r in found.references] == [r.origin for r in known.references]
    for one, two in zip(found.references, known.references, strict=True):
        np.testing.assert_array_equal(one.image, two.image)
        np.testing.assert_array_equal(one.box_xyxy, two.box_xyxy)
        np.testing.assert_array_equal(one.landmarks, two.landmarks)
        assert one.embeddings.keys() == two.embeddings.keys()
        for digest, embedding in two.embeddings.items():
            assert one.embeddings[digest].dtype == np.float32
            np.testing.assert_array_equal(one.embeddings[digest], embedding)


def test_a_person_without_references_or_embeddings_comes_back(tmp_path):
    bare = replace(person().references[0], embeddings={})
    for references in ((), (bare,)):
        person_store.write_person(tmp_path / "a.h5", person(references=references, overrides={}))
        found = person_store.read_person(tmp_path / "a.h5")
        assert len(found.references) == len(references)
        assert dict(found.overrides) == {}
        assert all(dict(r.embeddings) == {} for r in found.references)


def test_a_damaged_person_is_named(tmp_path):
    path = tmp_path / "a.h5"
    person_store.write_person(path, person())
    with h5py.File(path, "r+") as file:
        del file["references/0003/image"]
    with pytest.raises(StorageFault, match=r"a\.h5: key is missing: /references/0003/image"):
        person_store.read_person(path)
    person_store.write_person(path, person())
    with h5py.File(path, "r") as file:
        offset = file["references/0002/image"].id.get_chunk_info(0).byte_offset
    content = bytearray(path.read_bytes())
    content[offset : offset + 64] = bytes(64)
    path.write_bytes(content)
    with pytest.raises(StorageFault, match=r"a\.h5: image is unreadable"):
        person_store.read_person(path)


def test_a_full_disk_is_told_and_the_old_file_stays(tmp_path: Path):
    """A file-size limit stands in for the full disk: the system refuses the bytes in the same way."""
    path = tmp_path / "person.h5"
    person_store.write_person(path, person())
    before = path.read_bytes()
    done = run(f"""
        import resource
        from pathlib import Path
        from core.people import person_file as person_store
        from core.errors import StorageFault
        path = Path({str(path)!r})
        person = person_store.read_person(path)
        for limit in (9000, 2000, 0):
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
            try:
                person_store.write_person(path, person)
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
    assert left_over(tmp_path) == []
