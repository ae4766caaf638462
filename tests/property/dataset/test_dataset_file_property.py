"""Whatever is written of a dataset is read again, bit for bit, whole or in part."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.dataset.dataset_file import read_dataset, write_dataset
from tests.labelled import random_clips

text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(0, 30), st.integers(0, 30), st.integers(0, 30), text, text)
def test_a_dataset_comes_back(seed, n, first, last, note, name):
    clips = random_clips(seed, n)
    clips = replace(clips, events=[replace(event, note=note, labeller=name) for event in clips.events])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.h5"
        write_dataset(path, clips)
        found = read_dataset(path)
        with h5py.File(path) as file:
            part = file["clip_features"][first:last]
    assert found.events == clips.events
    for array in ("features", "timestamps", "source", "baseline", "labels", "failed_ratio", "frame_count", "stale"):
        assert getattr(found, array).tobytes() == getattr(clips, array).tobytes()
    assert (found.sampling, found.digests, found.remarks) == (clips.sampling, clips.digests, clips.remarks)
    assert part.tobytes() == clips.features[first:last].tobytes()
    np.testing.assert_array_equal(found.inputs, clips.inputs)
