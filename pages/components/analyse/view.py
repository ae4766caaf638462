"""Page Analyse below its choices: player with curves, shares of emotions, what followed what, plane and peaks."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.analysis.emotions import EmotionShares, emotion_shares, inside, pitch_in_hertz, summarise_range
from core.analysis.transitions import EmotionRun, emotion_runs
from core.playback.playable import Playable
from core.segment import Segment, clock
from core.series import EMOTIONS, TimeSeries
from core.workspace.registry import Video
from core.workspace.workspace import Workspace
from pages.components.analyse.compare import Side, other_lanes, side_by_side
from pages.components.analyse.lists import followed, peaks, summary_list, times
from pages.components.player.lane import Lane
from pages.components.player.player import Controls, PlayerState, Source, Timeline, player
from pages.components.shared import charts
from pages.components.shared.charts import emotion_name
from pages.components.shared.colours import EMOTION_COLOURS
from pages.components.shared.data import cue_lanes, duration_of, faces_of, fps_of, unseen_spans, usual_lanes
from pages.components.shared.opening import player_first
from pages.components.shared.shell import _, asked_time, fragment, lasting

PLAYER = "analyse-player"
HIGHEST_PITCH = 600.0  # Hz, at the top of its curve
SEEK = "analyse-seek"


def analysis(space: Workspace, side: Side, shown: Playable, other: Side | None) -> None:
    """Everything, which follows the chosen range, with another beside; it runs alone at every change."""
    fragment(_analysis)(space, side, shown, other)


def _analysis(space: Workspace, side: Side, shown: Playable, other: Side | None) -> None:
    video, series = side.video, side.series
    duration = duration_of(space, video)
    whole = Segment(0.0, max(1.0, float(series.timestamps[-1]) if duration is None else duration))
    left, right = st.columns([1.6, 1], gap="large")
    with left:
        state = _player(space, side, shown, other)
    player_first()
    span = Segment(*state.range) if state.range is not None else None
    with right, st.container(key="analyse-shares"):
        _shares(series, span)
    if other is not None:
        side_by_side(replace(side, title=_title(side, other)), other, span, _jump)
    else:
        _strip(series, span if span is not None else whole)
    with st.container(border=True):
        _followed(series, span)
    with st.container(border=True):
        _plane(series, span)


def _strip(series: TimeSeries, span: Segment) -> None:
    st.altair_chart(
        charts.strip(series, span),
        width="stretch",
        key="analyse-strip",
        on_select=lambda: _jump("analyse-strip"),
        selection_mode=charts.PICK,
    )
    st.caption(_("The strongest emotion over time; gaps are where the face was not seen. A click goes there."))


def _jump(key: str) -> None:
    """Take the player to the time that was clicked in a chart."""
    picked = st.session_state[key].selection.get(charts.PICK) or []
    if picked:
        number = st.session_state.get(SEEK, (0.0, 0))[1] + 1
        st.session_state[SEEK] = (float(picked[0]["t"]), number)


def _lanes(space: Workspace, video: Video, series: TimeSeries) -> list[Lane]:
    pitch = Lane("pitch", _("Pitch, Hz"), series.timestamps, pitch_in_hertz(series), (50.0, HIGHEST_PITCH))
    lanes = [*usual_lanes(series), pitch, *cue_lanes(space, video)]
    more = st.multiselect(
        _("More curves"),
        EMOTIONS,
        format_func=emotion_name,
        key="analyse-curves",
        bind="query-params",
        placeholder=_("More curves: choose emotions"),
        label_visibility="collapsed",
    )
    lanes += [
        Lane("plain", emotion_name(e), series.timestamps, series.column(e), (0.0, 1.0), colour=EMOTION_COLOURS[e])
        for e in more
    ]
    return lanes


def _title(side: Side, other: Side) -> str:
    """What tells one side from the other."""
    return side.person.name if other.video.id == side.video.id else side.video.name


def _player(space: Workspace, side: Side, shown: Playable, other: Side | None) -> PlayerState:
    video, series = side.video, side.series
    start = asked_time()
    source = Source(
        video.id, shown.src, duration_of(space, video), fps_of(space, video), start=0.0 if start is None else start
    )
    return player(
        PLAYER,
        source if shown.src else None,
        timelines={
            video.id: Timeline(
                lanes=[*_lanes(space, video, series), *other_lanes(other, video)], unseen=unseen_spans(series)
            )
        },
        seek=st.session_state.get(SEEK),
        token=str(space.root),
        faces=faces_of(space, video, side.person),
        controls=Controls(height=320, select_range=True),
    )


def _shares(series: TimeSeries, span: Segment | None) -> None:
    """Pie and summary of the range."""
    if span is None:
        st.markdown(f"**{_('Whole video')}**")
        st.caption(_("Hold Shift and drag over the curves to look at a part."))
    else:
        st.markdown(f"**{clock(span.start)} – {clock(span.end)}**")
        st.caption(_("Everything on this page is about this part. Shift and a click on the curves ends it."))
    modes = {"strongest": _("Strongest emotion"), "probability": _("Mean probability")}
    said = {
        "strongest": _("The ring: how much of the time each emotion was the strongest."),
        "probability": _("The ring: how probable each emotion was on average."),
    }
    st.session_state.setdefault("analyse-by", "strongest")
    by = st.segmented_control(
        _("Shares by"),
        list(modes),
        format_func=modes.__getitem__,
        required=True,
        key="analyse-by",
        label_visibility="collapsed",
    )
    shares = emotion_shares(series, chosen=span, by="probability" if by == "probability" else "strongest")
    summary = summarise_range(series, span)
    notes = [_missing(shares)]
    if shares.seen > 0:
        st.altair_chart(charts.pie(shares), width="stretch")
        notes.insert(0, said["probability" if by == "probability" else "strongest"])
    else:
        st.info(_("The face is not seen here."), icon=":material/visibility_off:")
    notes.append(
        _(
            "The built-in emotion model misses most contempt and some disgust: where there is none here, there may "
            "have been some."
        )
    )
    st.caption("  \n".join(notes))
    st.markdown(f"**{times(summary)}**")
    st.caption(
        _("Below: the average of each value, and when it was highest. For an emotion it is how probable it was.")
    )
    summary_list(summary, player_key=PLAYER)


def _missing(shares: EmotionShares) -> str:
    """Time that is in no share."""
    return _(
        "Shares of the {seen} in which the face was seen. Not seen: {missing}; filled in between sightings: {between}.",
        seen=lasting(shares.seen),
        between=lasting(shares.interpolated),
        missing=lasting(shares.missing),
    )


@st.cache_resource(max_entries=8, show_spinner=False)
def _runs(_series: TimeSeries, id: int, start: float, end: float, min_dwell: float) -> list[EmotionRun]:
    return emotion_runs(_series, chosen=Segment(start, end), min_dwell=min_dwell)


def _followed(series: TimeSeries, span: Segment | None) -> None:
    title, setting = st.columns([2, 1.4], vertical_alignment="center")
    title.markdown(f"**{_('What followed what')}**")
    min_dwell = setting.slider(
        _("Shortest emotion, in seconds"),
        0.0,
        5.0,
        1.0,
        step=0.5,
        format="%g",
        key="analyse-dwell",
        help=_("Shorter ones are passed over: they are mostly mistakes of the reader of faces."),
    )
    start, end = (span.start, span.end) if span is not None else (-1.0, float(series.timestamps[-1]) + 1.0)
    runs = _runs(series, id(series), start, end, float(min_dwell))
    if len(runs) < 2:
        st.caption(_("There is only one emotion here, or none."))
        return
    followed(runs, player_key=PLAYER)


def _plane(series: TimeSeries, span: Segment | None) -> None:
    left, right = st.columns([1.25, 1], gap="large")
    with left:
        kinds = {"density": _("Time spent"), "path": _("Over time")}
        st.session_state.setdefault("analyse-plane", "density")
        kind = st.segmented_control(
            _("Valence and arousal"),
            list(kinds),
            format_func=kinds.__getitem__,
            required=True,
            key="analyse-plane",
        )
        name, draw = ("path", charts.plane_way) if kind == "path" else ("density", charts.plane_density)
        if (inside(series, span) & series.observed).any():
            st.altair_chart(
                draw(series, span),
                width="stretch",
                key=f"analyse-{name}",
                on_select=lambda: _jump(f"analyse-{name}"),
                selection_mode=charts.PICK,
            )
        st.caption(
            _(
                "With the built-in emotion model, valence and arousal are a projection of the eight emotions, not a "
                "measurement of their own."
            )
        )
    with right:
        peaks(series, span, player_key=PLAYER)
