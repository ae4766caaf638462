"""Reference face: pick the person in a video or by photos, and tune what counts as that person."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.errors import PunchlineError
from core.people.person import Person
from core.workspace.workspace import Workspace
from pages.components.reference.advice import suggestions, warn_of_doubts
from pages.components.reference.lost import lost_people
from pages.components.reference.people import faces_of_video, person_card, photos
from pages.components.reference.tuning import tuning_panel
from pages.components.shared.header import header, lacking
from pages.components.shared.shell import _, person_select, show_error, video_select, workspace


def people_side(space: Workspace, people: list[Person], place: DeltaGenerator) -> Person | None:
    """The person at hand with references, and the way to a new one."""
    if not people:
        st.markdown(_("No people yet. Choose faces of the person in a video or upload photos, then enter a name."))
        return None
    with place:
        person = person_select(people, key="reference-person")
    if person is not None:
        person_card(space, person)
        warn_of_doubts(people, person)
    return person


def main() -> None:
    """Draw the page; what cannot be shown is said."""
    try:
        draw()
    except PunchlineError as error:
        show_error(error)


def draw() -> None:
    """Title, faces, person and thresholds."""
    video_place, person_place, _rest = header(_("Reference face"), 3, 2, 4)
    space = workspace()
    people, videos = space.people(), space.videos()
    left, right = st.columns([3, 2], gap="large")
    with right:
        st.subheader(_("The person"))
        person = people_side(space, people, person_place)
        lost_people(space, person)
        photos(space, person)
    with left:
        st.subheader(_("Faces in the video"))
        if videos:
            with video_place:
                video = video_select(videos, key="reference-video")
            if video is not None:
                faces_of_video(space, video, person)
        else:
            lacking("video", _("There is no video yet."), _("Add a video on Home"), "pages/home.py")
            video = None
    if person is not None and person.references and video is not None:
        suggestions(space, video, person)
        tuning_panel(space, video, person)


main()
