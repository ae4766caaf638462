"""Home: the videos that this workspace knows, and what each has come to."""

import os
from pathlib import Path

import streamlit as st

from core.errors import PunchlineError
from core.workspace import Workspace

st.title("Punchline")
st.write("Finds the funny moments of one person in long videos.")
try:
    workspace = Workspace(Path(os.environ.get("PUNCHLINE_WORKSPACE", "workspace")))
    videos, people = workspace.videos(), workspace.people()
except PunchlineError as error:
    st.error(str(error), icon=":material/error:")
    st.stop()
if not videos:
    st.info("No video yet. Read your first one in a terminal:", icon=":material/movie:")
    st.code("uv run punchline extract VIDEO\nuv run punchline person add NAME photo.jpg", language="bash")
    st.stop()
rows = [
    {
        "Video": video.name,
        "Analysed": "yes" if workspace.features_path(video.id).exists() else "no",
        "Where": str(video.path) if video.path else f"gone from {video.paths[0]}",
    }
    for video in videos
]
st.dataframe(rows, hide_index=True, width="stretch")
st.caption("People: " + (", ".join(person.name for person in people) or "none yet"))
