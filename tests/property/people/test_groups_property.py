"""Laws of grouping that hold for any face table."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import patch

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.faces.feature_file import Features
from core.faces.similarity import similarity_of
from core.faces.table import FaceTable
from core.people.groups import SEEN_TWICE, group
from tests.tables import features_info, random_table

SCALE = 0.2  # of random embeddings, so that similarities lie on both sides of the border


@st.composite
def analyses(draw: st.DrawFn) -> Features:
    """Faces around five centres, in tracks that hold a frame once, some without an embedding."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    table = random_table(rng, n_frames=20, n_faces=draw(st.integers(1, 60)), dimension=4)
    embedding = SCALE * (
        rng.integers(0, 5, len(table))[:, None] * np.eye(4)[0] + 0.4 * rng.normal(size=(len(table), 4))
    )
    embedding[rng.random(len(table)) < 0.1] = np.nan
    twice = np.zeros(len(table), bool)
    pairs = np.stack([table.frame, table.track], axis=1)
    twice[np.setdiff1d(np.arange(len(table)), np.unique(pairs, axis=0, return_index=True)[1])] = True
    track = np.where(twice, -1, table.track)
    table = replace(table, embedding=embedding.astype(np.float32), track=track.astype(np.int32))
    return Features(features_info(), table, np.zeros((20, 2), np.float32))


@settings(deadline=None)
@given(analyses())
def test_every_face_is_in_one_group_or_in_the_rest(features):
    found = group(features)
    rows = np.concatenate([one.rows for one in found.groups]) if found.groups else np.empty(0, int)
    assert len(set(rows.tolist())) == len(rows) == len(features.faces) - found.n_rest
    assert np.isfinite(features.faces.embedding[rows]).all()
    for one in found.groups:
        assert set(one.best.tolist()) <= set(one.rows.tolist())
        assert 1 <= len(one.best) == len(set(one.best.tolist())) <= 6
        assert one.seconds * 3 == np.float64(len(np.unique(features.faces.frame[one.rows])))
    assert [one.seconds for one in found.groups] == sorted((one.seconds for one in found.groups), reverse=True)


def track_means(faces: FaceTable, rows: np.ndarray) -> list[tuple[set[int], np.ndarray]]:
    """Frames and mean embedding of every track among these rows."""
    parts = [rows[faces.track[rows] == t] for t in np.unique(faces.track[rows]) if t >= 0]
    parts += [rows[k : k + 1] for k in np.flatnonzero(faces.track[rows] < 0)]
    found = []
    for part in parts:
        sure = part[faces.probability[part] >= 0.9] if (faces.probability[part] >= 0.9).any() else part
        found.append((set(faces.frame[part].tolist()), faces.embedding[sure].mean(axis=0)))
    return found


@settings(deadline=None)
@given(analyses(), st.integers(1, 8))
def test_two_tracks_of_one_time_share_a_group_only_if_they_are_one_face(features, n_longest):
    with patch("core.people.groups.LONGEST_TRACKS", n_longest):
        found = group(features)
    similarity = similarity_of("mobilefacenet")
    for one in found.groups:
        means = track_means(features.faces, one.rows)
        for k, (frames, mean) in enumerate(means):
            for other_frames, other in means[:k]:
                if frames & other_frames:
                    assert similarity(mean[None], other[None])[0, 0] >= SEEN_TWICE - 1e-3
