"""Page Reference face: who is removed, whose labels are left, and whose face is added."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.faces.embedders import DEFAULT_EMBEDDER, EMBEDDERS
from core.faces.feature_file import Features
from core.labels.event import LabelEvent
from core.labels.ledger import Ledger
from core.people.person import Person
from core.workspace.workspace import Workspace
from pages.components.reference.people import _unlike
from tests.tables import Planted, direction, features_info, planted_table
from tests.ui.test_pages import fill, opened, space
from tests.unit.workspace.test_workspace import reference

__all__ = ["space"]


def test_removing_a_person_leaves_no_armed_button_for_the_next(space: Workspace, tmp_path: Path) -> None:
    fill(space, tmp_path)
    other = reference()
    other.embeddings["e1"] = np.ones(32, np.float32)  # type: ignore[index]
    other.embeddings[EMBEDDERS[DEFAULT_EMBEDDER].digest] = np.ones(192, np.float32)  # type: ignore[index]
    space.add_references("Yuna", (other,))
    app = opened("reference")
    gone = app.selectbox(key="reference-person").value
    app.button(key=f"remove-{gone}").click().run()
    (left,) = space.people()
    assert left.id != gone
    assert not app.button(key=f"remove-{left.id}").value
    app.run()
    assert [person.id for person in space.people()] == [left.id]


def test_labels_of_somebody_removed_are_given_to_another_or_downloaded(space: Workspace, tmp_path: Path) -> None:
    video = fill(space, tmp_path)
    Ledger(space.labels_path).record([LabelEvent(video, "gone", 1.0, 7.0, 1, "marked")])
    app = opened("reference")
    assert [part.proto.label for part in app.get("download_button")] == ["Download labels"]
    app.button(key="attach-gone").click().run()
    assert [e.person_id for e in Ledger(space.labels_path).labels()] == [space.find_person("Mina").id]
    assert not app.get("download_button")


@pytest.mark.parametrize(("seed", "unlike"), [(1, False), (2, True)])
def test_a_face_that_is_not_the_persons_asks_for_somebody_new(seed: int, unlike: bool) -> None:
    info = features_info(duration=3.0, fps=25.0)
    faces = planted_table([Planted(k, 1.0) for k in range(9)], n_frames=9, person=direction(1))
    features = Features(info, faces, np.zeros((9, 2), np.float32))
    own = replace(reference(), embeddings={info.models["embedder"]["digest"]: direction(seed)})
    assert _unlike(Person("p", "Mina", (own,)), features, [0, 4]) is unlike
    assert not _unlike(None, features, [0])
