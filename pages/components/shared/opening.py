"""What a page shows first when it is opened."""

from __future__ import annotations

import time

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

HEAD_START = 0.5  # seconds, in which a browser asks for a video and has its first picture


def player_first() -> None:
    """Hold back what follows for a moment, once for every opening of a page.

    A browser draws all that it has before it asks for the video, so what is seen first would come last.
    """
    context = get_script_run_ctx()
    if context is None or not runtime.exists():  # there is no browser
        return
    if st.session_state.get("page-opened") != context.page_script_hash:
        st.session_state["page-opened"] = context.page_script_hash
        time.sleep(HEAD_START)
