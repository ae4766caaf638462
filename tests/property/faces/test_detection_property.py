"""Properties of cutting and of tracks that hold for any input."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.faces.crop import Crop, cut
from core.faces.tracks import MAX_GAP, tracks

TARGET = ((48.0, 46.0), (102.0, 46.0), (75.0, 78.0), (51.0, 105.0), (98.0, 105.0))
coordinate = st.floats(-400, 400, width=32)


@settings(deadline=None)
@given(
    st.tuples(st.integers(1, 90), st.integers(1, 90)),
    st.tuples(coordinate, coordinate, st.floats(0.25, 300), st.floats(0.25, 300)),
    st.integers(1, 64),
    st.floats(0.5, 2),
)
def test_any_box_gives_a_chip_of_the_pictures_own_values(shape, box, side, box_scale):
    image = np.random.default_rng(0).integers(60, 180, (*shape, 3), dtype=np.uint8)
    x, y, width, height = box
    chip = cut(image, np.array([x, y, x + width, y + height]), np.zeros((5, 2)), Crop(side, box_scale=box_scale))
    assert chip.shape == (side, side, 3)
    assert chip.dtype == np.uint8
    assert chip.min() >= image.min()
    assert chip.max() <= image.max()


@settings(deadline=None)
@given(
    st.tuples(st.integers(1, 90), st.integers(1, 90)),
    st.tuples(coordinate, coordinate),
    st.floats(0.02, 6),
    st.floats(-np.pi, np.pi),
)
def test_any_pose_gives_a_chip_of_the_pictures_own_values(shape, centre, scale, angle):
    image = np.random.default_rng(0).integers(60, 180, (*shape, 3), dtype=np.uint8)
    points = (np.array(TARGET) - 75) @ [1, 1j] * scale * np.exp(1j * angle)
    landmarks = np.stack([points.real, points.imag], axis=1) + centre
    chip = cut(image, np.zeros(4), landmarks, Crop(150, TARGET))
    assert chip.shape == (150, 150, 3)
    assert chip.dtype == np.uint8
    assert chip.min() >= image.min()
    assert chip.max() <= image.max()


@st.composite
def tables(draw):
    n_frames = draw(st.integers(1, 20))
    frame = np.sort(np.array(draw(st.lists(st.integers(0, n_frames - 1), max_size=30)), dtype=int))
    corner = np.array(draw(st.lists(st.integers(0, 12), min_size=len(frame), max_size=len(frame))), dtype=float)
    who = np.array(draw(st.lists(st.integers(0, 2), min_size=len(frame), max_size=len(frame))), dtype=int)
    cut_before = np.array(draw(st.lists(st.booleans(), min_size=n_frames, max_size=n_frames)), dtype=bool)
    step = draw(st.sampled_from([1 / 3, 0.2, 1.0]))
    box = np.stack([corner, corner * 0, corner + 6, corner * 0 + 6], axis=1).astype(np.float32)
    return frame, box, who, np.arange(n_frames) * step, cut_before


@settings(deadline=None)  # the first call imports scipy's optimiser
@given(tables(), st.sampled_from([(0.9, -0.5), (0.4, 0.2), (0.6, 0.5), (0.3, 0.05)]))
def test_tracks_are_numbered_exclusive_and_repeatable(table, levels):
    frame, box, who, timestamps, cut_before = table
    alike, different = levels

    def similarity(a, b):
        return np.where(who[a][:, None] == who[b], alike, different)

    found = tracks(frame, box, similarity, timestamps, cut_before)
    assert found.dtype == np.int32
    assert len(found) == len(frame)
    _, first = np.unique(found, return_index=True)
    assert found[np.sort(first)].tolist() == list(range(len(first)))
    assert len({*zip(frame.tolist(), found.tolist(), strict=True)}) == len(frame)
    assert (tracks(frame, box, similarity, timestamps, cut_before) == found).all()
    period = timestamps[1] - timestamps[0] if len(timestamps) > 1 else 0
    for k in range(len(first)):
        rows = np.flatnonzero(found == k)
        assert (np.diff(timestamps[frame[rows]]) <= MAX_GAP + period / 2 + 1e-6).all()
        assert max(alike, different) >= 0.1 or len(rows) == 1
        if different < 0.1:
            assert len(set(who[rows].tolist())) == 1
