"""Laws of threshold tuning that hold for any face table."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.faces.feature_file import Features
from core.people.person import Thresholds
from core.people.tuning import Tuning, suggest, tune, tuning
from tests.tables import Planted, cosine, direction, features_info, match, planted_table

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


def prepared(planted: list[Planted]) -> Tuning:
    table = planted_table(planted, n_frames=12, person=WANTED)
    features = Features(features_info(), table, np.zeros((12, 2), np.float32))
    return tuning(features, cosine(table.embedding, WANTED[None]).reshape(-1).astype(np.float32))


@settings(deadline=None)
@given(faces, thresholds)
def test_the_match_is_that_of_identity(planted, limits):
    table = planted_table(planted, n_frames=12, person=WANTED)
    found = tune(prepared(planted), limits).match
    expected = match(table, WANTED[None], similarity=cosine, thresholds=limits)
    for name in ("face", "source", "similarity"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


@settings(deadline=None)
@given(faces, thresholds)
def test_seconds_and_counts_add_up(planted, limits):
    made = prepared(planted)
    found = tune(made, limits)
    total = found.kept_seconds + found.rejected_seconds + found.no_face_seconds
    np.testing.assert_allclose(total, 12 / 3)
    np.testing.assert_array_equal(np.sort(np.concatenate([found.kept, found.rejected])), np.sort(made.candidates))
    assert made.histogram.best.sum() == len(made.candidates)
    assert made.histogram.best.sum() + made.histogram.others.sum() == len(planted)


@settings(deadline=None)
@given(faces, thresholds, st.integers(0, 5))
def test_borderline_faces_lie_on_their_side_in_order(planted, limits, n):
    made = prepared(planted)
    found = tune(made, limits, n_borderline=n)
    for side, threshold in ((found.strict, limits.strict), (found.relaxed, limits.relaxed)):
        above, below = made.similarity[side.above], made.similarity[side.below]
        assert (above >= np.float32(threshold)).all()
        assert (below < np.float32(threshold)).all()
        assert (np.diff(above) >= 0).all()
        assert (np.diff(below) <= 0).all()
        assert max(len(above), len(below)) <= n
        assert len(set(side.above.tolist())) == len(above)


@settings(deadline=None)
@given(faces, thresholds, thresholds)
def test_lower_thresholds_keep_no_fewer_frames(planted, a, b):
    low = Thresholds(min(a.strict, b.strict), min(a.relaxed, b.relaxed))
    made = prepared(planted)
    assert tune(made, low).kept_seconds >= tune(made, a).kept_seconds


modes = st.tuples(st.floats(-0.9, 0.9), st.floats(-0.9, 0.9), st.integers(5, 500), st.integers(5, 500))


@settings(deadline=None)
@given(modes, st.floats(0.01, 0.2), st.integers(0, 99))
def test_a_cut_lies_in_its_limits_and_between_its_modes(parts, spread, seed):
    rng = np.random.default_rng(seed)
    a, b, n, m = parts
    values = np.concatenate([rng.normal(a, spread, n), rng.normal(b, spread, m)]).astype(np.float32)
    found = suggest(values)
    assert suggest(rng.permutation(values)) == found
    assert (found.cut is None) == (found.thresholds is None) == (found.reason != "valley")
    if found.cut is not None:
        assert 0.2 <= found.thresholds.relaxed <= found.cut <= found.thresholds.strict <= 0.7
        assert found.modes[0] < found.cut < found.modes[1]


@settings(deadline=None)
@given(st.floats(-0.9, 0.05), st.floats(0.6, 0.95), st.integers(30, 500), st.integers(30, 500))
def test_two_clear_modes_are_always_cut_apart(lower, upper, n, m):
    rng = np.random.default_rng(n)
    values = np.concatenate([rng.normal(lower, 0.03, n), rng.normal(upper, 0.03, m)]).astype(np.float32)
    cut = suggest(values).cut
    assert cut is not None
    assert (values[:n] < cut).all()
    assert (values[n:] >= cut).all()
