"""Whatever is written is read again, bit for bit."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from core.faces import feature_file as feature_store
from core.faces.table import FaceTable
from tests.tables import features_info, random_features

text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
number = st.floats(allow_nan=False, allow_infinity=False)
parameters = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | number | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)
seeds = st.integers(0, 2**32 - 1)
infos = st.fixed_dictionaries(
    {
        "video_name": text,
        "fingerprint": st.text("0123456789abcdef", min_size=16, max_size=16),
        "duration": st.none() | st.floats(0, 1e6, exclude_min=True),  # None where unknown
        "width": st.integers(0, 16_384),
        "fps": st.floats(0, 1000),
        "models": st.dictionaries(text, st.dictionaries(text, text, max_size=3), max_size=3),
        "parameters": st.dictionaries(text, parameters, max_size=4),
        "warnings": st.lists(text, max_size=4).map(tuple),
        "complete": st.booleans(),
        "created": text,
    }
)


@contextmanager
def new_file() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "a.h5"


@settings(deadline=None, max_examples=40)
@given(infos)
def test_what_a_file_says_of_itself_comes_back(info):
    with new_file() as path:
        feature_store.write_features(path, random_features(0, n_frames=1, n_faces=1, **info))
        assert feature_store.read_features_info(path) == features_info(**info)


@settings(deadline=None, max_examples=40)
@given(seeds, st.integers(0, 20), st.integers(0, 40))
def test_tables_come_back(seed, n_frames, n_faces):
    features = random_features(seed, n_frames=n_frames, n_faces=n_faces)
    with new_file() as path:
        feature_store.write_features(path, features)
        found = feature_store.read_features(path)
    for column in fields(FaceTable):
        expected = getattr(features.faces, column.name)
        assert getattr(found.faces, column.name).tobytes() == expected.tobytes()
        assert getattr(found.faces, column.name).shape == expected.shape
    assert found.audio.tobytes() == features.audio.tobytes()
