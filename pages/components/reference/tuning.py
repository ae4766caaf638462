"""Threshold tuning: similarities of all faces of a video to the person, and what two thresholds keep of them."""

from __future__ import annotations

import altair as alt
import pandas as pd
import streamlit as st

from core.errors import PunchlineError
from core.faces.feature_file import Features
from core.people.normalisation import similarities
from core.people.person import Person, Thresholds
from core.people.tuning import Histogram, Suggestion, Tuning, TuningResult, tune, tuning
from core.segment import clock
from core.workspace.registry import Video
from core.workspace.workspace import Workspace
from pages.components.reference.people import chip_addresses, features_for, looks
from pages.components.shared.colours import FIRST, OTHER, QUIET
from pages.components.shared.data import key_of
from pages.components.shared.face_grid import FaceChip, FaceRow, face_grid
from pages.components.shared.shell import _, fragment, lasting, plain, show_error, told

N_FACES = 5  # on each side of a threshold
LOWEST = -0.2  # similarity from which the histogram is drawn


@st.cache_resource(max_entries=4, show_spinner=False)
def _prepared(_features: Features, _person: Person, key: str) -> Tuning:
    return tuning(_features, similarities(_features, _person))


def tuning_panel(space: Workspace, video: Video, person: Person) -> None:
    """The whole section, folded; it redraws alone while a slider moves."""
    with st.expander(_("What counts as {name}", name=plain(person.name)), icon=":material/tune:", key="tuning"):
        _tuning(space, video, person)


def _tuning(space: Workspace, video: Video, person: Person) -> None:
    try:
        features = features_for(space, video)
        if features is None or len(features.faces) == 0:
            st.caption(_("Look for faces in the video first; then the thresholds can be tuned here."))
            return
        key = f"{key_of(features)}-{person.id}-{looks(features, person)}"
        prepared = _prepared(features, person, key)
    except PunchlineError as error:
        show_error(error)
        return
    fragment(_panel)(space, video, person, features, prepared)


def _panel(space: Workspace, video: Video, person: Person, features: Features, prepared: Tuning) -> None:
    saved = person.thresholds_for(video.id)
    name = f"{person.id}-{video.id}"
    strict_key, relaxed_key = f"strict-{name}", f"relaxed-{name}"
    st.session_state.setdefault(strict_key, saved.strict)
    st.session_state.setdefault(relaxed_key, saved.relaxed)
    left, right = st.columns([2, 3], gap="large")
    with left:
        strict = st.slider(
            _("Sure match at or above"),
            0.0,
            1.0,
            step=0.01,
            key=strict_key,
            on_change=_keep_order,
            args=(strict_key, relaxed_key, strict_key),
            help=_("A face at least this similar is the person."),
        )
        relaxed = st.slider(
            _("Possible match at or above"),
            0.0,
            1.0,
            step=0.01,
            key=relaxed_key,
            on_change=_keep_order,
            args=(strict_key, relaxed_key, relaxed_key),
            help=_(
                "A face between the two counts where the same face is a sure match a little earlier or later, or is "
                "a possible one twice in a row. A face turned aside counts beside every sure match."
            ),
        )
        result = tune(prepared, Thresholds(strict, relaxed), n_borderline=N_FACES)
        _numbers(result)
        _suggestion(prepared.suggestion, strict_key, relaxed_key)
        _save(space, video, person, Thresholds(strict, relaxed), saved)
    with right:
        st.altair_chart(_histogram(prepared.histogram, strict, relaxed), width="stretch")
        which = "relaxed" if st.session_state.get("moved") == relaxed_key else "strict"
        _borderline(video, features, prepared, result, which)


def _keep_order(strict_key: str, relaxed_key: str, moved: str) -> None:
    """The relaxed threshold is never above the strict one: the other slider gives way."""
    state = st.session_state
    state.moved = moved
    if state[relaxed_key] > state[strict_key]:
        other = relaxed_key if moved == strict_key else strict_key
        state[other] = state[moved]


def _numbers(result: TuningResult) -> None:
    first, second, third = st.columns([1, 1, 1.3])
    first.metric(_("Kept"), lasting(result.kept_seconds), help=_("Time in which the person is seen."))
    second.metric(_("Less certain"), lasting(result.relaxed_seconds))
    third.metric(
        _("Only others"), lasting(result.rejected_seconds), help=_("Time in which only other people are seen.")
    )


def _suggestion(suggestion: Suggestion, strict_key: str, relaxed_key: str) -> None:
    if suggestion.thresholds is None:
        said = {
            "one_mode": _(
                "No suggestion yet: nearly all pictures show one group of faces, and too few another one. "
                "The usual values are a good start."
            ),
            "outside": _("No suggestion: the gap between the two groups is in an unusual place."),
            "too_few_faces": _("There are too few faces for a suggestion."),
        }.get(suggestion.reason, "")
        st.caption(said)
        return
    strict, relaxed = round(suggestion.thresholds.strict, 2), round(suggestion.thresholds.relaxed, 2)
    st.caption(
        _(
            "Suggested by the gap between two groups of faces: {strict} and {relaxed}.",
            strict=f"{strict:.2f}",
            relaxed=f"{relaxed:.2f}",
        )
    )

    def use() -> None:
        st.session_state[strict_key], st.session_state[relaxed_key] = strict, relaxed

    st.button(_("Use the suggestion"), on_click=use, key="use-suggestion", icon=":material/auto_fix_high:")


def _save(space: Workspace, video: Video, person: Person, chosen: Thresholds, saved: Thresholds) -> None:
    own, key = video.id in person.overrides, f"only-{person.id}-{video.id}"

    def general() -> None:
        """Without a tick the sliders show what holds for all other videos, and saving changes nothing of it."""
        if own and not st.session_state[key]:
            state, name = st.session_state, f"{person.id}-{video.id}"
            state[f"strict-{name}"], state[f"relaxed-{name}"] = person.thresholds.strict, person.thresholds.relaxed

    only = st.checkbox(_("Only for this video"), value=own, key=key, on_change=general)
    same = chosen == saved and only == own
    if st.button(_("Saved") if same else _("Save"), type="primary", disabled=same, key="save-thresholds"):
        with told():
            if own and not only:
                space.remove_override(person, video.id)
            if only or chosen != person.thresholds:
                space.save_thresholds(person, chosen, video_id=video.id if only else None)
            st.rerun()


def _histogram(histogram: Histogram, strict: float, relaxed: float) -> alt.LayerChart:
    first = sum(edge < LOWEST for edge in histogram.edges)
    edges, n = histogram.edges.tolist()[first:], len(histogram.best) - first
    best, others = _("best match in a frame"), _("other faces")
    data = pd.DataFrame(
        {
            "from": 2 * edges[:-1],
            "to": 2 * edges[1:],
            "faces": [*histogram.best[first:], *histogram.others[first:]],
            "kind": [best] * n + [others] * n,
        }
    )
    bars = (
        alt.Chart(data)
        .mark_bar(binSpacing=0)
        .encode(
            x=alt.X(
                "from:Q",
                bin="binned",
                title=_("similarity to the references"),
                scale=alt.Scale(domain=[LOWEST, 1]),
                axis=alt.Axis(labelFlush=True),
            ),
            x2="to:Q",
            y=alt.Y(
                "faces:Q",
                title=_("faces"),
                stack="zero",
                scale=alt.Scale(type="symlog"),
                axis=alt.Axis(grid=False, values=[0, 1, 10, 100, 1000, 10_000, 100_000]),
            ),
            color=alt.Color(
                "kind:N",
                scale=alt.Scale(domain=[best, others], range=[FIRST, OTHER]),
                legend=alt.Legend(title=None, orient="top"),
            ),
        )
    )
    lines = pd.DataFrame({"at": [strict, relaxed], "what": [_("sure"), _("possible")]})
    rules = alt.Chart(lines).mark_rule(color=QUIET, strokeWidth=2, strokeDash=[4, 3]).encode(x="at:Q")
    words = (
        alt.Chart(lines)
        .mark_text(color=QUIET, align="left", dx=4, dy=6, baseline="top")
        .encode(x="at:Q", y=alt.value(0), text="what:N")
    )
    return (bars + rules + words).properties(height=230)


def _borderline(video: Video, features: Features, prepared: Tuning, result: TuningResult, which: str) -> None:
    sides = result.relaxed if which == "relaxed" else result.strict
    above, below = [int(r) for r in sides.above], [int(r) for r in sides.below]
    with told():
        addresses = chip_addresses(video, features, [*above, *below])
        times = features.faces.timestamps[features.faces.frame]

        def row(rows: list[int], title: str) -> FaceRow:
            chips = [
                FaceChip(r, addresses[r], note=clock(float(times[r])), badge=f"{prepared.similarity[r]:z.2f}")
                for r in rows
                if r in addresses
            ]
            return FaceRow(chips, title=title, note="" if chips else _("none"))

        face_grid(
            [row(above, _("least similar of those kept")), row(below, _("most similar of those left out"))],
            key="borderline",
        )
