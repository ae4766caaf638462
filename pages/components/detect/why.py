"""Why a moment was found: what spoke for it and against it, and labelled clips that are like it."""

from __future__ import annotations

from dataclasses import replace

import altair as alt
import pandas as pd
import streamlit as st

from core.detection.detect import Scored
from core.detection.explanation import Contribution
from core.detection.moments import Moment
from core.errors import PunchlineError
from core.labels.event import LabelEvent
from core.playback.playable import playable
from core.playback.route import media_address
from core.segment import clock
from core.translation import text
from core.workspace.registry import Video
from pages.components.detect.data import Subject, Why, why
from pages.components.detect.moment_list import moment_id
from pages.components.player.player import PLAYER
from pages.components.shared.charts import bare
from pages.components.shared.colours import FUNNY, OTHER
from pages.components.shared.jumps import FOLDER, script
from pages.components.shared.pictures import still_address
from pages.components.shared.shell import _, language, show_error

LEAST = 0.05  # log-odds: less says nothing
SEEN = 0.005  # difference from what is usual that a sentence can show
_clips = st.components.v2.component(
    "punchline_clips",
    html='<div class="clips"></div>',
    css=(FOLDER / "clips.css").read_text(encoding="utf-8"),
    js=(PLAYER / "stills.js").read_text(encoding="utf-8") + script("reach.js", "clips.js"),
)


def group_name(group: str) -> str:
    """A group of features in a word or two."""
    return {
        "happiness": _("happiness"),
        "surprise": _("surprise"),
        "neutral": _("neutral face"),
        "unpleasant": _("unpleasant emotions"),
        "valence": _("valence"),
        "arousal": _("arousal"),
        "loudness": _("loudness"),
        "pitch": _("pitch of the voice"),
        "laughter": _("laughter"),
        "chat": _("chat"),
    }.get(group, group)


def in_words(contribution: Contribution) -> str:
    """What a group of features was like."""
    return text(contribution.template, language(), **contribution.values)


def why_panel(subject: Subject, scored: Scored, moment: Moment, *, player_key: str) -> None:
    """Draw the whole section."""
    st.markdown(f"**{_('Why {time}?', time=clock(int(moment.start)))}**")
    if subject.model.is_network and not st.session_state.get("explain-networks"):
        st.caption(_("This model is a neural network. Asking it takes its libraries, which load for some seconds."))
        if not st.button(_("Explain"), key="explain", icon=":material/help:"):
            return
        st.session_state["explain-networks"] = True
    try:
        with st.spinner(_("Asking the model…"), show_time=False):
            clip_id = moment_id(replace(moment, labelled=False), subject.video.id, subject.person.id)
            answer = why(subject, scored, moment.best, leave_out=clip_id)
    except PunchlineError as error:
        show_error(error)
        return
    left, right = st.columns([1, 1], gap="large")
    with left:
        _reasons(answer)
    with right:
        _nearest(subject, answer, player_key)


def _reasons(answer: Why) -> None:
    reasons = [c for c in answer.explanation.contributions if abs(c.change) >= LEAST]
    if not reasons:
        st.caption(_("No single feature stands out: together they were as the model expects of a funny moment."))
        return
    telling = [c for c in answer.explanation.reasons(8, least=LEAST) if abs(c.values.get("difference", 1.0)) >= SEEN]
    lines = [f"- {in_words(c)}" for c in telling[:3]]
    if lines:
        st.markdown("\n".join(lines))
    data = pd.DataFrame(
        {
            "group": [group_name(c.group) for c in reasons],
            "change": [c.change for c in reasons],
            "words": [in_words(c) for c in reasons],
        }
    )
    reach = max(abs(c.change) for c in reasons)
    chart = (
        alt.Chart(data)
        .mark_bar(cornerRadius=2, height=11)
        .encode(
            x=alt.X(
                "change:Q",
                title=None,
                scale=alt.Scale(domain=[-reach, reach] if data.change.min() < 0 else [0, reach]),
                axis=alt.Axis(labels=False, ticks=False, grid=False, domain=False, values=[0]),
            ),
            y=alt.Y(
                "group:N",
                sort=None,
                title=None,
                axis=alt.Axis(labelLimit=170, labelOverlap=False, ticks=False, domain=False),
            ),
            color=alt.condition("datum.change > 0", alt.value(FUNNY), alt.value(OTHER)),
            tooltip=[
                alt.Tooltip("words:N", title=_("here")),
                alt.Tooltip("change:Q", title=_("effect"), format="+.2f"),
            ],
        )
        .properties(height=28 * len(data) + 10)
    )
    st.altair_chart(bare(chart), width="stretch")
    st.caption(_("How much each speaks for a funny moment (green) or against one (grey), beside what is usual."))


def _nearest(subject: Subject, answer: Why, player_key: str) -> None:
    st.caption(_("Labelled clips that are most like it; a click plays them."))
    videos = {video.id: video for video in subject.space.videos()}
    events = [neighbour.event for neighbour in answer.nearest if neighbour.event.video_id in videos]
    if not events:
        st.caption(_("There are no labelled clips yet to compare it with."))
        return
    clips = [_card(subject, videos[event.video_id], event, player_key) for event in events]
    _clips(key="detect-nearest", data={"clips": clips})


def _card(subject: Subject, video: Video, event: LabelEvent, player_key: str) -> dict[str, object]:
    state = playable(subject.space, video).state
    address = {"direct": media_address(video.id), "proxy": media_address(video.id, "proxy")}.get(state, "")
    return {
        "title": _("funny") if event.label == 1 else _("not funny"),
        "funny": event.label == 1,
        "note": clock(int(event.start))
        if video.id == subject.video.id
        else f"{clock(int(event.start))} · {video.name}",
        "start": event.start,
        "end": event.end,
        "address": address,
        "src": still_address(video, (event.start + event.end) / 2),
        "player": player_key,
    }
