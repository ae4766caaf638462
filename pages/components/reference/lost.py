"""People whose files cannot be read, and labels that hang on nobody who is here."""

from __future__ import annotations

import streamlit as st

from core.actions.labels import attach_labels, export_labels, labels_of_nobody
from core.people.person import Person
from core.workspace.workspace import Workspace
from pages.components.shared.shell import _, as_markdown, plain, told


def lost_people(space: Workspace, person: Person | None) -> None:
    """What is wrong with files of people; labels of those who are not here can be given to the person at hand."""
    for fault in space.unreadable_people():
        st.warning(as_markdown(fault), icon=":material/person_alert:")
    with told():
        for lost in labels_of_nobody(space):
            who = plain(lost.name or lost.person_id)
            with st.container(border=True):
                st.write(_("{n} labels belong to {who}, who is not here.", n=lost.n, who=who))
                if person is not None and st.button(
                    _("Give them to {name}", name=plain(person.name)),
                    key=f"attach-{lost.person_id}",
                    icon=":material/link:",
                ):
                    attach_labels(space, lost.person_id, person)
                    st.rerun()
                nobody = Person(lost.person_id, lost.name, ())
                st.download_button(
                    _("Download labels"),
                    data=lambda nobody=nobody: export_labels(space, person=nobody).content,
                    file_name="labels.csv",
                    mime="text/csv",
                    key=f"export-{lost.person_id}",
                    icon=":material/download:",
                )
