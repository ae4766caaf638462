"""Ten labels of each kind are the goal, of one person in all videos."""

import pytest

from core.labels.goal import Goal, goal_of


@pytest.mark.parametrize(
    ("n_funny", "n_other", "n", "reached"),
    [
        (0, 0, 0, False),
        (5, 0, 5, False),
        (25, 0, 10, False),
        (25, 9, 19, False),
        (10, 10, 20, True),
        (25, 12, 37, True),
    ],
)
def test_what_is_more_than_ten_of_one_kind_does_not_make_up_for_the_other(n_funny, n_other, n, reached):
    assert (Goal(n_funny, n_other).n, Goal(n_funny, n_other).reached) == (n, reached)


def test_labels_of_all_videos_of_one_person_count():
    counts = {("p", "v", 1): 4, ("p", "v", 0): 2, ("p", "w", 1): 3, ("q", "v", 1): 9}
    assert goal_of(counts, "p") == Goal(7, 2)
    assert goal_of({}, "p") == Goal(0, 0)
