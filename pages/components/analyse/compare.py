"""Somebody else in the video, or the same person in another video, beside what page Analyse is about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.analysis.emotions import emotion_shares, summarise_range
from core.people.person import Person
from core.segment import Segment
from core.series import TimeSeries
from core.workspace.registry import Video
from core.workspace.workspace import Workspace
from pages.components.analyse.lists import SUMMARISED
from pages.components.player.lane import Lane
from pages.components.shared import charts
from pages.components.shared.charts import feature_name, feature_value
from pages.components.shared.colours import EMOTION_COLOURS
from pages.components.shared.data import series_for
from pages.components.shared.shell import _, lasting, plain, told

FOLLOWED = ("happiness", "arousal")  # curves of somebody else under the player


@dataclass(frozen=True)
class Side:
    """One of the two that are compared: a person's series in a video, and what is said of it."""

    video: Video
    person: Person
    title: str
    series: TimeSeries


def other_side(
    space: Workspace,
    video: Video,
    person: Person,
    videos: Sequence[Video],
    people: Sequence[Person],
    place: DeltaGenerator,
) -> Side | None:
    """Ask with whom to compare: others in this video, or this person in others; None for nobody."""
    others = {f"{video.id}/{one.id}": (video, one, one.name) for one in people if one.id != person.id}
    others |= {f"{one.id}/{person.id}": (one, person, one.name) for one in videos if one.id != video.id}
    with place:
        key = st.selectbox(
            _("Another person or video"),
            list(others),
            index=None,
            format_func=lambda key: others[key][2],
            placeholder=_("Compare with…"),
            key=f"analyse-other-{video.id}-{person.id}",
            disabled=not others,
            label_visibility="collapsed",
        )
    if key is None:
        return None
    with told():
        series = series_for(space, *others[key][:2])
        if series is not None and len(series.series):
            return Side(*others[key], series.series)
        st.info(_("{name} is not extracted yet.", name=plain(others[key][2])), icon=":material/hourglass_empty:")
    return None


def other_lanes(other: Side | None, video: Video) -> list[Lane]:
    """Curves of somebody else in the same video."""
    if other is None or other.video.id != video.id:
        return []
    series = other.series
    return [
        Lane(
            "plain",
            f"{other.title}\n{feature_name(name)}",
            series.timestamps,
            series.column(name),
            (0.0, 1.0) if name in EMOTION_COLOURS else (-1.0, 1.0),
            colour=EMOTION_COLOURS.get(name, ""),
        )
        for name in FOLLOWED
    ]


def side_by_side(one: Side, other: Side, span: Segment | None, jump: Callable[[str], None]) -> None:
    """Shares, the strongest emotion over time and means of both; the range is of the video that plays.

    `jump` takes the player to what was clicked in the chart of this key.
    """
    with st.container(border=True, key="analyse-sides"):
        for side, place in zip((one, other), st.columns(2, gap="large"), strict=True):
            plays = side.video.id == one.video.id
            with place:
                _side(side, span if plays else None, jump if plays else None)


def _side(side: Side, span: Segment | None, jump: Callable[[str], None] | None) -> None:
    key = f"side-strip-{side.video.id}-{side.person.id}"
    summary = summarise_range(side.series, span)
    st.markdown(f"**{plain(side.title)}**")
    seen = _("{time}, face seen in {share}", time=lasting(summary.seconds), share=f"{summary.seen_share:.0%}")
    st.caption(seen)
    shares = emotion_shares(side.series, chosen=span)
    if shares.seen > 0:
        st.altair_chart(charts.pie(shares), width="stretch", key=f"pie-{key}")
    whole = Segment(0.0, max(1.0, float(side.series.timestamps[-1])))
    st.altair_chart(
        charts.strip(side.series, span or whole),
        width="stretch",
        key=key,
        on_select="ignore" if jump is None else lambda: jump(key),
        selection_mode=charts.PICK,
    )
    means = [(feature_name(name), summary.features[name].mean, name) for name in SUMMARISED]
    said = ["–" if mean is None else feature_value(name, mean) for _title, mean, name in means]
    lines = ["| " + " | ".join(title for title, _mean, _name in means) + " |", "|" + " --- |" * len(means)]
    st.markdown("\n".join([*lines, "| " + " | ".join(said) + " |"]))
