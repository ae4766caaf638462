"""What is doubtful about people's references: two people who are hard to tell apart, one person who looks like two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import PunchlineError, Sentence
from core.faces.embedders import EmbedderEntry
from core.faces.similarity import similarity_of
from core.people.person import Person, Thresholds


@dataclass(frozen=True, eq=False)
class ClosePeople:
    """Two people whose references are as alike as those of one person; `similarity` is the highest."""

    one: Person
    other: Person
    similarity: float


def close_people(
    people: Sequence[Person], embedder: EmbedderEntry, *, similarity: float = Thresholds().relaxed
) -> list[ClosePeople]:
    """The pairs of people with references at least this alike, the closest first; unread references are left out."""
    alike = similarity_of(embedder.name)
    known = [(person, _embeddings(person, embedder)) for person in people]
    found = []
    for k, (person, embeddings) in enumerate(known):
        for other, theirs in known[:k]:
            if len(embeddings) and len(theirs):
                highest = float(np.nanmax(alike(embeddings, theirs)))
                if highest >= similarity:
                    found.append(ClosePeople(other, person, highest))
    return sorted(found, key=lambda pair: -pair.similarity)


def strange_references(
    person: Person, embedder: EmbedderEntry, *, similarity: float = Thresholds().relaxed
) -> list[int]:
    """Places in the list of references that look like somebody else than most: with no chain of likeness to them.

    References are linked where they are at least this alike; all outside the largest linked set are strange.
    """
    places = [k for k, reference in enumerate(person.references) if embedder.digest in reference.embeddings]
    if len(places) < 2:
        return []
    from scipy.sparse.csgraph import connected_components  # slow to import

    embeddings = np.stack([person.references[k].embeddings[embedder.digest] for k in places])
    linked = similarity_of(embedder.name)(embeddings, embeddings) >= similarity
    _, part = connected_components(linked, directed=False)
    return [place for place, of in zip(places, part, strict=True) if of != np.bincount(part).argmax()]


def doubts(person: Person, people: Sequence[Person], embedder: EmbedderEntry) -> list[Sentence]:
    """What is to be said of a person's references: who else is like them, and which do not look like one person."""
    said = [
        Sentence(
            "{one} and {other} look alike to the program (similarity {similarity}). "
            "Add more faces of both, and look at the borderline faces.",
            one=pair.one.name,
            other=pair.other.name,
            similarity=f"{pair.similarity:z.2f}",
        )
        for pair in close_people(people, embedder)
        if person.id in (pair.one.id, pair.other.id)
    ]
    if strange := strange_references(person, embedder):
        said.append(
            Sentence(
                "The references of {name} look like two people: number {places} is unlike the others. Remove it if it "
                "is somebody else.",
                name=person.name,
                places=", ".join(str(place + 1) for place in strange),
            )
        )
    return said


def _embeddings(person: Person, embedder: EmbedderEntry) -> np.ndarray:
    try:
        return person.embeddings(embedder.digest)
    except PunchlineError:
        return np.empty((0, embedder.dimension), np.float32)
