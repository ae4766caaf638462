"""Whatever the groups: none is parted, every clip has a fold, and both sides hold two classes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.classifiers.folds import folds


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 7)), min_size=2, max_size=60),
    st.integers(2, 6),
    st.integers(0, 5),
)
def test_groups_stay_whole(pairs, n_folds, seed):
    y, groups = np.array(pairs).T
    fold = folds(y, groups, n_folds=n_folds, seed=seed)
    if fold is None:
        return
    assert fold.shape == y.shape
    assert 2 <= len(np.unique(fold)) <= n_folds
    assert all(len(np.unique(fold[groups == g])) == 1 for g in np.unique(groups))
    for k in np.unique(fold):
        assert len(np.unique(y[fold != k])) >= 2
