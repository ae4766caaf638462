"""What is said and offered where a browser cannot play a video as it is."""

from __future__ import annotations

import streamlit as st

from core.actions.background import begin_playable
from core.playback.playable import Playable, playable
from core.workspace.registry import Video
from core.workspace.workspace import Workspace
from pages.components.shared.job_panel import job_bar, progress_text
from pages.components.shared.shell import _, fragment, show_error, told


def megabytes(n: int) -> str:
    """Bytes for people."""
    return f"{n / 1e9:.1f} GB" if n >= 1e9 else f"{max(1, round(n / 1e6))} MB"


def proxy_notice(space: Workspace, video: Video, shown: Playable, *, wanted: float = 0.0) -> None:
    """Why the video does not play yet, what it costs to prepare it, and how far that is.

    `wanted` is the time in seconds that is needed first.
    """
    if shown.state in ("direct", "proxy"):
        return
    if shown.state == "gone":
        st.warning(_("The file is missing. Add it again from its new location on Home."), icon=":material/link_off:")
        return
    if shown.state in ("preparing", "minute"):
        fragment(_progress, run_every=1.0)(space, video, shown.state, wanted)
        return
    st.info(
        _(
            "Browsers cannot play this video as it is. A copy for playback takes up to {size} on the disk; "
            "the video itself is not changed.",
            size=megabytes(shown.estimated_bytes),
        ),
        icon=":material/movie_edit:",
    )
    if shown.job is not None and shown.state == "failed":
        show_error(shown.job.message)
    if st.button(_("Prepare it for playback"), type="primary", key=f"prepare-{video.id}", icon=":material/autorenew:"):
        with told():
            begin_playable(space, video, wanted=wanted)
        st.rerun()


def _progress(space: Workspace, video: Video, before: str, wanted: float) -> None:
    now = playable(space, video, wanted=wanted)
    if now.state != before:
        st.rerun()
    if now.job is not None and now.job.live:
        if now.state == "preparing":
            begin_playable(space, video, wanted=wanted)  # the running job makes the minute that is needed here first
        job_bar(now.job, _("Being prepared for playback: {how}", how=progress_text(now.job)))
    if before == "minute":
        st.caption(_("The minute that is needed first can be played already."))
