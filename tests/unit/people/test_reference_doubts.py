"""Doubts about references, on planted ones."""

import numpy as np

from core.faces.embedders import EMBEDDERS
from core.people.person import Person, Reference
from core.people.reference_doubts import close_people, doubts, strange_references
from tests.tables import direction, lookalike

ENTRY = EMBEDDERS["mobilefacenet"]
ANN, BEN = direction(1), lookalike(direction(1), 0.0, seed=3)


def person(name: str, *embeddings: np.ndarray, digest: str = ENTRY.digest) -> Person:
    picture = np.zeros((8, 8, 3), np.uint8), np.zeros(4), np.zeros((5, 2)), "a.jpg"
    return Person(name, name, tuple(Reference(*picture, {digest: x}) for x in embeddings))


def test_two_people_with_alike_references_are_named_with_how_alike_the_closest_first() -> None:
    ann, sister, twin, ben = (
        person("Ann", ANN, BEN),
        person("Sister", lookalike(ANN, 0.35, seed=4)),
        person("Twin", lookalike(ANN, 0.8, seed=5)),
        person("Other", -ANN),
    )
    found = close_people([ann, sister, twin, ben], ENTRY)
    named = {(pair.one.name, pair.other.name): round(pair.similarity, 2) for pair in found}
    assert named[("Ann", "Twin")] == 0.8
    assert named[("Ann", "Sister")] == 0.35
    assert all("Other" not in names for names in named)
    assert [pair.similarity for pair in found] == sorted((pair.similarity for pair in found), reverse=True)


def test_people_without_references_or_read_by_another_model_are_close_to_nobody() -> None:
    assert close_people([person("Ann", ANN), person("Nobody"), person("Old", ANN, digest="sha256:old")], ENTRY) == []


def test_a_reference_unlike_all_others_is_strange_and_a_chain_of_looks_is_not() -> None:
    looks = ANN, lookalike(ANN, 0.6, seed=1), lookalike(ANN, 0.6, seed=2)
    assert strange_references(person("Ann", *looks), ENTRY) == []
    assert strange_references(person("Ann", looks[0], BEN, looks[1]), ENTRY) == [1]
    assert strange_references(person("Ann", ANN), ENTRY) == []


def test_one_of_two_unlike_references_is_strange() -> None:
    assert strange_references(person("Ann", ANN, BEN), ENTRY) == [1]


def test_doubts_are_said_of_the_person_alone_with_names_and_places() -> None:
    mixed, twin, other = person("Ann", ANN, BEN), person("Twin", lookalike(ANN, 0.8, seed=5)), person("Other", -ANN)
    alike, two = doubts(mixed, [mixed, twin, other], ENTRY)
    assert alike.startswith("Ann and Twin look alike to the program (similarity 0.80).")
    assert two.startswith("The references of Ann look like two people: number 2 is unlike the others.")
    assert doubts(other, [mixed, twin, other], ENTRY) == []
