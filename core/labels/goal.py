"""How many labels a first training takes, and how many of them a person has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LEAST_OF_A_KIND = 10  # clips, funny and not funny, without which nothing is trained


@dataclass(frozen=True)
class Goal:
    """A person's labels in all videos: how many are funny and how many are not."""

    n_funny: int
    n_other: int

    @property
    def reached(self) -> bool:
        """Whether there are enough of both kinds."""
        return min(self.n_funny, self.n_other) >= LEAST_OF_A_KIND

    @property
    def n(self) -> int:
        """All labels where the goal is reached; before that those that count towards it."""
        if self.reached:
            return self.n_funny + self.n_other
        return sum(min(n, LEAST_OF_A_KIND) for n in (self.n_funny, self.n_other))


def goal_of(counts: Mapping[tuple[str, str, int], int], person_id: str) -> Goal:
    """How far a person's labels are, from `core.labels.contradictions.counts`."""
    n_other, n_funny = (sum(n for (id, _, kind), n in counts.items() if (id, kind) == (person_id, k)) for k in (0, 1))
    return Goal(n_funny, n_other)
