"""An editor's cut as labels."""

from __future__ import annotations

import streamlit as st

from core.actions.cuts import import_cut
from core.export.read_cuts import SUFFIXES
from core.people.person import Person
from core.workspace.registry import Video
from core.workspace.workspace import Workspace
from pages.components.shared.shell import _, lasting, plain, told

SAID = "cut-said"


def cut_transfer(space: Workspace, video: Video, person: Person) -> None:
    """What an editor cut out of this video becomes labels."""
    with st.expander(_("Take an editor's cut as labels (EDL, OTIO, CSV)"), icon=":material/content_cut:"):
        st.caption(
            _(
                "What was cut out of {video} counts as funny, in clips of 5 to 7 s. Clips that have a label keep it.",
                video=plain(video.name),
            )
        )
        left, right = st.columns(2, gap="large", vertical_alignment="bottom")
        file = left.file_uploader(_("Cut list"), type=[suffix[1:] for suffix in SUFFIXES], key="cut-file")
        with right:
            source = st.text_input(
                _("What the cut calls this video"), placeholder=video.name, key="cut-source", max_chars=500
            )
            rest = st.checkbox(
                _("Also take as many clips of the rest as not funny"),
                key="cut-rest",
                help=_("Editors leave out what is funny too: look through these labels."),
            )
        if file is not None and st.button(_("Take as labels"), key="cut-take", icon=":material/content_cut:"):
            with told():
                cut = import_cut(
                    space, video, person, file.getvalue(), file.name, source=source.strip() or None, rest=rest
                )
                n_funny = sum(event.label == 1 for event in cut.events)
                st.session_state[SAID] = _(
                    "{time} of this video are in the cut: {funny} funny clips, {other} not funny, {known} labelled "
                    "before.",
                    time=lasting(sum(part.duration for part in cut.parts)),
                    funny=n_funny,
                    other=len(cut.events) - n_funny,
                    known=cut.n_known,
                )
                st.rerun()  # whatever counts labels counts these too
        if said := st.session_state.pop(SAID, ""):
            st.success(said, icon=":material/check_circle:")
