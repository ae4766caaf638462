"""A dialog to look for videos on the machine that the server runs on."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from core.errors import PunchlineError
from core.workspace.folders import add_path, is_video
from pages.components.shared.shell import _, choose, plain, show_error, workspace

MOST = 200  # entries of one kind that are listed
# The focus goes to the page where the button that held it is gone, and a dialog hears Escape only with the focus in it.
_escape = st.components.v2.component(
    "punchline_escape",
    html="<span></span>",
    js="""export default function () {
      const close = (event) => {
        if (event.key !== "Escape" || document.activeElement !== document.body) return;
        document.querySelector('[role="dialog"] [aria-label="Close"]')?.click();
      };
      document.addEventListener("keydown", close);
      return () => document.removeEventListener("keydown", close);
    }""",
)


def take_in(text: str) -> None:
    """Add a file or folder and say what came of it."""
    try:
        found = add_path(workspace(), text)
    except PunchlineError as error:
        show_error(error)
        return
    if not found:
        st.warning(
            _(
                "No videos in this folder yet. The folder is on your list, "
                "and videos added to it later appear by themselves."
            ),
            icon=":material/folder_off:",
        )
        return
    choose("video_id", found[0].id)
    st.rerun()


def _entries(folder: Path) -> tuple[list[str], list[str]]:
    """Names of the folders and the videos in a folder."""
    try:
        with os.scandir(folder) as entries:
            seen = sorted((e for e in entries if not e.name.startswith(".")), key=lambda e: e.name.casefold())
            return (
                [e.name for e in seen if e.is_dir()][:MOST],
                [e.name for e in seen if e.is_file() and is_video(Path(e.name))][:MOST],
            )
    except OSError as error:
        show_error(f"{folder}: cannot be read ({error.strerror}); check the path")
        return [], []


def browse_dialog() -> None:
    """Walk through folders, and add one or a video in it."""

    @st.dialog(_("Browse for videos"), width="large")
    def dialog() -> None:
        here = Path(st.session_state.get("browse_here", Path.home()))
        st.markdown(f":material/folder_open: `{here}`")
        folders, videos = _entries(here)
        up, add = st.columns(2)
        if up.button(_("Parent folder"), key="browse-up", icon=":material/arrow_upward:", disabled=here == here.parent):
            _go(here.parent)
        label = _("Add this folder ({n} videos in it)", n=len(videos))
        if add.button(label, key="browse-add", type="primary", icon=":material/add:", disabled=not videos):
            take_in(str(here))
        _escape(key="browse-escape")
        with st.container(height=360, key="browse-list"):
            for name in folders:
                if st.button(plain(name), key=f"browse-d-{name}", icon=":material/folder:", type="tertiary"):
                    _go(here / name)
            for name in videos:
                if st.button(plain(name), key=f"browse-v-{name}", icon=":material/movie:", type="tertiary"):
                    take_in(str(here / name))
            if not folders and not videos:
                st.caption(_("No folders or videos here."))

    dialog()


def _go(folder: Path) -> None:
    st.session_state.browse_here = str(folder)
    st.rerun(scope="fragment")
