"""The face table: its checks, and tables put together."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from core.faces.table import NO_TRACK, FaceTable, concatenate
from tests.tables import random_table


@pytest.fixture
def table() -> FaceTable:
    return random_table(np.random.default_rng(0), n_frames=5, n_faces=7)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        *(("scene_change", (4,)), ("box_xyxy", (7, 5)), ("landmarks", (7, 10)), ("probability", (6,))),
        *(("embedding", (6, 32)), ("emotion", (7, 12)), ("track", (7, 1))),
    ],
)
def test_a_column_that_does_not_fit_is_refused_by_name(table, name, shape):
    with pytest.raises(ValueError, match=rf"{name} must have shape .*got \({shape[0]},"):
        replace(table, **{name: np.zeros(shape, np.float32)})


@pytest.mark.parametrize("bad", [[0, 1, 1, 2, 3], [0, 2, 1, 3, 4], [0, 1, 2, 3, np.nan], [0, 1, 2, 3, np.inf]])
def test_times_must_be_finite_and_rise(table, bad):
    with pytest.raises(ValueError, match="timestamps must be"):
        replace(table, timestamps=np.array(bad, np.float64))


@pytest.mark.parametrize("bad", [[0, 1, 0, 2, 3, 4, 4], [-1, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 5]])
def test_frames_must_be_sorted_indices(table, bad):
    with pytest.raises(ValueError, match="frame must be sorted indices below 5"):
        replace(table, frame=np.array(bad, np.int32))


def test_a_face_needs_a_frame():
    with pytest.raises(ValueError, match="below 0"):
        random_table(np.random.default_rng(0), n_frames=0, n_faces=1)


def test_an_empty_table_is_a_table():
    empty = FaceTable.empty(128)
    assert len(empty) == 0
    assert empty.n_frames == 0
    assert empty.embedding.shape == (0, 128)


def test_tracks_are_replaced_and_nothing_else(table):
    tracked = table.with_tracks(np.arange(7))
    assert tracked.track.tolist() == list(range(7))
    assert tracked.track.dtype == np.int32
    assert tracked.embedding is table.embedding


def test_tables_put_together_keep_every_row_and_every_frame():
    rng = np.random.default_rng(1)
    parts, offset = [], 0.0
    for n_frames, n_faces in ((4, 5), (3, 0), (1, 2)):
        part = random_table(rng, n_frames=n_frames, n_faces=n_faces)
        parts.append(replace(part, timestamps=part.timestamps + offset))
        offset = parts[-1].timestamps[-1]
    whole = concatenate(parts)
    assert whole.n_frames == 8
    assert len(whole) == 7
    assert (whole.frame[:5] < 4).all()
    assert (whole.frame[5:] == 7).all()
    for column in fields(FaceTable):
        joined = np.concatenate([getattr(part, column.name) for part in parts])
        assert getattr(whole, column.name).dtype == getattr(parts[0], column.name).dtype
        if column.name != "frame":
            np.testing.assert_array_equal(getattr(whole, column.name), joined)
    np.testing.assert_array_equal(
        whole.timestamps[whole.frame], np.concatenate([part.timestamps[part.frame] for part in parts])
    )


def test_tables_with_an_empty_one_in_front():
    table = random_table(np.random.default_rng(2), n_frames=3, n_faces=4)
    whole = concatenate([FaceTable.empty(table.embedding.shape[1]), table])
    np.testing.assert_array_equal(whole.frame, table.frame)
    assert NO_TRACK == -1


def test_tables_in_the_wrong_order_are_refused():
    table = random_table(np.random.default_rng(3), n_frames=3, n_faces=4)
    with pytest.raises(ValueError, match="increasing"):
        concatenate([table, table])
