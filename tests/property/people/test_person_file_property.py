"""Whatever is written of a person is read again, bit for bit."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.people import person_file as person_store
from core.people.person import Person, Reference, Thresholds

text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
seeds = st.integers(0, 2**32 - 1)
thresholds = st.tuples(st.floats(-1, 1), st.floats(-1, 1)).map(lambda pair: Thresholds(max(pair), min(pair)))


@settings(deadline=None, max_examples=40)
@given(text, text, seeds, st.integers(0, 4), thresholds, st.dictionaries(text, thresholds, max_size=3))
def test_people_come_back(name, origin, seed, n_references, own, overrides):
    rng = np.random.default_rng(seed)
    references = tuple(
        Reference(
            rng.integers(0, 256, (*rng.integers(1, 30, 2), 3), dtype=np.uint8),
            rng.normal(size=4).astype(np.float32),
            rng.normal(size=(5, 2)).astype(np.float32),
            origin,
            {f"{rng.integers(2**40):x}": rng.normal(size=16).astype(np.float32) for _ in range(k)},
        )
        for k in range(n_references)
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.h5"
        person_store.write_person(path, Person("a1", name, references, own, overrides))
        found = person_store.read_person(path)
    assert (found.id, found.name, found.thresholds, dict(found.overrides)) == ("a1", name, own, overrides)
    for one, two in zip(found.references, references, strict=True):
        assert one.origin == two.origin
        assert one.image.shape == two.image.shape
        assert one.image.tobytes() == two.image.tobytes()
        assert one.box_xyxy.tobytes() == two.box_xyxy.tobytes()
        assert one.landmarks.tobytes() == two.landmarks.tobytes()
        assert {k: v.tobytes() for k, v in one.embeddings.items()} == {
            k: v.tobytes() for k, v in two.embeddings.items()
        }
