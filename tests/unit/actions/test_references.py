"""References made by another embedder are read again by themselves, from their kept pictures."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.actions.references import read_references
from core.faces.embedders import embedder, embedder_entry
from core.people.person import Person, Reference
from core.people.photos import embed_reference, reference_of
from core.video.picture import Image
from core.workspace.workspace import Workspace
from tests.portraits import COLLINS, FIXTURES, portrait

DIGEST = embedder_entry("mobilefacenet").digest
OLD = {"sha256:" + "0" * 64: np.zeros(128, np.float32)}


@pytest.fixture(scope="module")
def picture() -> tuple[Image, np.ndarray, np.ndarray]:
    with np.load(FIXTURES / "mobilefacenet_portraits.npz") as portraits:
        return portrait(COLLINS, 512), portraits["boxes_xyxy"][0], portraits["landmarks"][0]


def test_references_of_an_older_embedder_are_read_from_their_pictures(tmp_path: Path, picture) -> None:
    space = Workspace(tmp_path)
    image, box, landmarks = picture
    space.add_references("지은", (reference_of(image, box, landmarks, "a.jpg", dict(OLD)),))
    assert read_references(space) == 1
    (person,) = space.people()
    assert set(person.references[0].embeddings) == {DIGEST, *OLD}, "what was read before stays"
    expected = embed_reference(image, box, landmarks, embedder())
    assert float(person.embeddings(DIGEST)[0] @ expected) > 0.95
    assert read_references(space) == 0


def test_a_kept_picture_without_a_face_is_passed_over(tmp_path: Path, picture) -> None:
    space = Workspace(tmp_path)
    good = reference_of(*picture, "a.jpg", dict(OLD))
    space.add_references("지은", (good, replace(good, landmarks=np.zeros((5, 2), np.float32))))
    assert read_references(space) == 2
    (person,) = space.people()
    assert person.embeddings(DIGEST).shape == (1, 192)


def test_people_without_references_need_nothing(tmp_path: Path) -> None:
    space = Workspace(tmp_path)
    space.add_references("지은", ())
    assert read_references(space) == 0
    assert not Person("a", "Ann", ()).lacks(DIGEST)
    assert Person("a", "Ann", (Reference(np.zeros((2, 2, 3), np.uint8), *np.zeros((2, 4)), "x", {}),)).lacks(DIGEST)
