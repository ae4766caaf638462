"""Properties of matching that hold for any face table."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.faces.table import FaceTable
from core.people.person import Thresholds
from core.series import Source
from tests.tables import Planted, cosine, direction, match, planted_table

WANTED = direction(1)

faces = st.lists(
    st.builds(
        Planted,
        frame=st.integers(0, 11),
        similarity=st.integers(-9, 9).map(lambda k: k / 10 + 0.05),
        track=st.integers(-1, 3),
        probability=st.sampled_from([0.5, 0.65, 0.8, 0.95]),
    ),
    max_size=40,
)
thresholds = st.tuples(st.integers(1, 9), st.integers(1, 9)).map(lambda p: Thresholds(max(p) / 10, min(p) / 10))


def table_of(planted: list[Planted]) -> FaceTable:
    return planted_table(planted, n_frames=12, person=WANTED)


def source_by_the_words(table: FaceTable, limits: Thresholds) -> list[int]:
    """The policy a second time, face by face in plain words."""
    likeness = cosine(table.embedding, WANTED[None])[:, 0]
    rows = [np.flatnonzero(table.frame == frame) for frame in range(table.n_frames)]
    best = [int(row[np.argmax(likeness[row])]) if len(row) else -1 for row in rows]
    relaxed = [k for k in best if k >= 0 and likeness[k] >= limits.relaxed and table.probability[k] >= 0.7]
    strict = [k for k in relaxed if likeness[k] >= limits.strict and table.probability[k] >= 0.9]
    owned = {int(table.track[k]) for k in strict}
    for track in set(table.track.tolist()):
        along = np.flatnonzero(table.track == track).tolist()
        if any(a in relaxed and b in relaxed for a, b in itertools.pairwise(along)):
            owned.add(track)
    owned.discard(-1)
    return [
        Source.DETECTED
        if k in strict
        else Source.RELAXED
        if k in relaxed and table.track[k] in owned
        else Source.MISSING
        for k in best
    ]


@settings(deadline=None)
@given(faces, thresholds)
def test_every_frame_follows_the_policy_word_by_word(planted, limits):
    table = table_of(planted)
    found = match(table, WANTED[None], similarity=cosine, thresholds=limits)
    assert found.source.tolist() == source_by_the_words(table, limits)


@settings(deadline=None)
@given(faces, thresholds)
def test_an_observed_face_is_the_best_of_its_own_frame(planted, limits):
    table = table_of(planted)
    found = match(table, WANTED[None], similarity=cosine, thresholds=limits)
    seen = found.face >= 0
    np.testing.assert_array_equal(seen, found.source <= Source.RELAXED)
    np.testing.assert_array_equal(table.frame[found.face[seen]], np.flatnonzero(seen))
    likeness = cosine(table.embedding, WANTED[None])[:, 0]
    np.testing.assert_array_equal(found.similarity[seen], likeness[found.face[seen]])
    assert np.isnan(found.similarity).sum() == 12 - len(np.unique(table.frame))
    assert (found.similarity[seen] >= limits.relaxed).all()


@settings(deadline=None)
@given(faces, thresholds)
def test_more_references_of_the_same_face_change_nothing(planted, limits):
    table = table_of(planted)
    one = match(table, WANTED[None], similarity=cosine, thresholds=limits)
    three = match(table, np.stack([WANTED, -WANTED, WANTED])[[0, 2]], similarity=cosine, thresholds=limits)
    np.testing.assert_array_equal(one.source, three.source)


@settings(deadline=None)
@given(faces, thresholds)
def test_time_run_backwards_gives_the_same_faces(planted, limits):
    one_a_track = {(face.frame, face.track): face for face in planted}.values()
    planted = [replace(face, similarity=face.similarity + k / 1000) for k, face in enumerate(one_a_track)]  # no ties
    mirrored = [replace(face, frame=11 - face.frame) for face in planted]
    forwards, backwards = (
        match(table_of(faces), WANTED[None], similarity=cosine, thresholds=limits) for faces in (planted, mirrored)
    )
    assert forwards.source.tolist() == backwards.source.tolist()[::-1]
