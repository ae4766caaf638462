"""What a page shows first when it is opened."""

from __future__ import annotations

import time

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

HEAD_START = 0.25  # seconds


def player_first() -> None:
    """Hold back what follows for a moment, once for every opening of a page.

    A browser draws all that it has before it asks for the video, so what is seen first would come last.
    """
    context = get_script_run_ctx()
    page = context.page_script_hash if context is not None else ""
    if st.session_state.get("page-opened") != page:
        st.session_state["page-opened"] = page
        time.sleep(HEAD_START)
