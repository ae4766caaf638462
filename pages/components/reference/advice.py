"""What page Reference face advises: faces to add, and references that are doubtful."""

from __future__ import annotations

import streamlit as st

from core.errors import PunchlineError
from core.faces.embedders import DEFAULT_EMBEDDER, EMBEDDERS
from core.people.gallery import suggested_references
from core.people.groups import reference_at
from core.people.normalisation import similarities
from core.people.person import Person
from core.people.reference_doubts import doubts
from core.segment import clock
from core.workspace.registry import Video
from core.workspace.workspace import Workspace
from pages.components.reference.people import chip_addresses, features_for
from pages.components.shared.face_grid import FaceChip, FaceRow, face_grid
from pages.components.shared.shell import _, as_markdown, told


def warn_of_doubts(people: list[Person], person: Person) -> None:
    """Warnings where references do not tell who is who."""
    for said in doubts(person, people, EMBEDDERS[DEFAULT_EMBEDDER]):
        st.warning(as_markdown(said), icon=":material/person_alert:")


def suggestions(space: Workspace, video: Video, person: Person) -> None:
    """Faces of the video that are surely the person's and look new: one click adds them."""
    try:
        features = features_for(space, video)
        if features is None or video.path is None or len(features.faces) == 0:
            return
        rows = [int(row) for row in suggested_references(features, person, similarities(features, person))]
        addresses = chip_addresses(video, features, rows)
    except PunchlineError:  # what is wrong is said beside the thresholds
        return
    rows = [row for row in rows if row in addresses]
    if not rows:
        return
    times = features.faces.timestamps[features.faces.frame]
    chips = [FaceChip(row, addresses[row], note=clock(float(times[row]))) for row in rows]
    face_grid([FaceRow(chips, title=_("Suggested faces of {name}", name=person.name))], key=f"suggested-{video.id}")
    if st.button(_("Add the {n} suggested faces", n=len(rows)), key="add-suggested", icon=":material/person_add:"):
        with told():
            space.add_references(person.name, tuple(reference_at(video.path, features, row) for row in rows))
            st.rerun()
