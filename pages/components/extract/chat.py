"""The chat of an extracted video on page Extract: attaching a file, its lag, the patterns of laughter."""

from __future__ import annotations

import tempfile
from math import isnan
from pathlib import Path

import streamlit as st

from core.actions.chat import attach_chat, chat_info, laugh_patterns, move_chat, remove_chat, save_laugh_patterns
from core.cues.kept_chat_counts import ChatInfo
from core.workspace.registry import Video
from core.workspace.workspace import Workspace
from pages.components.shared.shell import _, told

FORMATS = ["json", "csv", "tsv", "txt", "log", "gz"]


def chat_panel(space: Workspace, video: Video) -> None:
    """What chat a video has, and the ways to attach, move and remove one."""
    with told():
        info = chat_info(space, video)
        head = _("Chat: {n} messages", n=f"{info.n_messages:,}") if info else _("Chat of viewers")
        just_attached = st.session_state.get(f"chat-opened-{video.id}", False)  # its head changed, which would shut it
        with st.expander(head, icon=":material/forum:", expanded=just_attached):
            if info is None:
                _attach(space, video)
            else:
                _attached(space, video, info)
            _patterns(space, video)


def _attach(space: Workspace, video: Video) -> None:
    st.caption(
        _(
            "A chat of TwitchDownloader, yt-dlp (YouTube) or Chzzk, a CSV with time, user and message, or a log. Only "
            "how many messages there are and how many laugh is kept, never what people wrote."
        )
    )
    upload = st.file_uploader(_("Chat file"), type=FORMATS, key=f"chat-file-{video.id}")
    if upload is None:
        return
    with tempfile.NamedTemporaryFile(suffix=Path(upload.name).suffix) as copy:
        copy.write(upload.getbuffer())
        copy.flush()
        _info, read = attach_chat(space, video, Path(copy.name), name=upload.name)
    st.session_state[f"chat-opened-{video.id}"] = True
    if read.unread.examples:
        examples = "; ".join(read.unread.examples)
        st.session_state[f"chat-unread-{video.id}"] = _("Not read, for example: {examples}", examples=examples)
    st.rerun()


def _attached(space: Workspace, video: Video, info: ChatInfo) -> None:
    parts = [
        _(
            "{n} messages of {file}, {share} of them laugh.",
            n=f"{info.n_messages:,}",
            file=info.file,
            share=_share(info),
        ),
        _("{n} were repeated or copied and count once.", n=f"{info.n_repeated:,}") if info.n_repeated else "",
        _("{n} places could not be read.", n=f"{info.n_damaged:,}") if info.n_damaged else "",
        _("The file ends in the middle.") if info.cut_off else "",
        _("Its times are those of a clock: the first message is taken for the video's start.")
        if info.by_calendar
        else "",
    ]
    st.write(" ".join(part for part in parts if part))
    if said := st.session_state.get(f"chat-unread-{video.id}"):
        st.caption(said)
    left, middle, right = st.columns([3, 1, 1], vertical_alignment="bottom")
    key = f"chat-offset-{video.id}"
    st.session_state[key] = info.offset
    left.number_input(
        _("Seconds added to the chat's times (estimated lag: {lag})", lag=_lag(info)),
        step=0.5,
        format="%.2f",
        key=key,
        on_change=_move,
        args=(space, video, key),
    )
    middle.button(
        _("Estimate again"),
        key=f"chat-estimate-{video.id}",
        icon=":material/sync:",
        on_click=_move,
        args=(space, video),
        width="stretch",
    )
    if right.button(_("Remove chat"), key=f"chat-remove-{video.id}", icon=":material/delete:", width="stretch"):
        remove_chat(space, video)
        st.session_state.pop(f"chat-unread-{video.id}", None)
        st.rerun()
    if info.rough and info.offset == -info.lag:
        st.caption(
            _(
                "The lag is known only roughly. Compare a laugh in the video with Chat in the timeline of page Detect, "
                "and set the seconds here."
            )
        )


def _lag(info: ChatInfo) -> str:
    if isnan(info.lag):
        return _("not known: no laughter or label fits")
    if not info.rough:
        return _("{lag:z.1f} s", lag=info.lag)
    return _("{lag:z.1f} s, give or take {doubt:.1f} s", lag=info.lag, doubt=info.lag_doubt)


def _move(space: Workspace, video: Video, key: str | None = None) -> None:
    """Add the seconds in a field to the chat's times; without a field, estimate how many."""
    with told():
        move_chat(space, video, st.session_state[key] if key else None)


def _share(info: ChatInfo) -> str:
    return f"{info.n_laughing / info.n_messages:.0%}" if info.n_messages else "0%"


def _patterns(space: Workspace, video: Video) -> None:
    with st.popover(_("How viewers laugh"), icon=":material/sentiment_very_satisfied:"):
        known = "\n".join(laugh_patterns(space))
        st.session_state.setdefault(f"chat-patterns-{video.id}", known)
        text = st.text_area(
            _("One regular expression a line, for chats attached from now on; empty brings the built-in ones back"),
            height=240,
            key=f"chat-patterns-{video.id}",
        )
        if st.button(_("Save"), key=f"chat-patterns-save-{video.id}", disabled=text == known):
            save_laugh_patterns(space, text)
            st.rerun()
