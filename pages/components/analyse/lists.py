"""Lists of times on page Analyse: what followed what, summaries with their extremes, and peaks."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.analysis.emotions import Summary, feature_peaks
from core.analysis.transitions import EmotionRun, Pattern, occurrences, patterns, transition_matrix
from core.segment import Segment
from core.series import EMOTIONS, FEATURES, TimeSeries
from pages.components.shared.charts import feature_name, feature_value, succession, transitions
from pages.components.shared.jumps import Jump, Jumps, Look, jumps
from pages.components.shared.shell import _, lasting

LEAST_EMOTION = 0.05  # a probability whose highest place is worth a look
MOST_PATTERNS, MOST_TIMES = 40, 24
SUMMARISED = ("happiness", "surprise", "valence", "arousal", "loudness", "pitch")


def summary_list(summary: Summary, *, player_key: str) -> None:
    """Mean of each feature in the range, and where it was highest and lowest."""
    rows = []
    for name in SUMMARISED:
        feature = summary.features[name]
        if feature.mean is None or feature.greatest is None or feature.greatest_at is None:
            rows.append(Jumps([], title=feature_name(name), note="–"))
            continue
        if name in EMOTIONS and feature.greatest < LEAST_EMOTION:
            rows.append(Jumps([], title=feature_name(name), note=feature_value(name, feature.mean)))
            continue
        chips = [Jump(feature.greatest_at, _("highest {value}", value=feature_value(name, feature.greatest)))]
        if name in ("valence", "arousal") and feature.least is not None and feature.least_at is not None:
            chips.append(Jump(feature.least_at, _("lowest {value}", value=feature_value(name, feature.least))))
        rows.append(Jumps(chips, title=feature_name(name), note=feature_value(name, feature.mean)))
    jumps(rows, key="analyse-summary", player_key=player_key, look=Look(title="9.2rem"))


def followed(runs: Sequence[EmotionRun], *, player_key: str) -> None:
    """The matrix of transitions beside the list of successions."""
    left, right = st.columns([1, 1.15], gap="large")
    with left:
        st.altair_chart(
            transitions(transition_matrix(runs)),
            width="stretch",
            key="analyse-pairs",
            on_select=_choose_pair,
            selection_mode="pair",
        )
        st.caption(_("How often one emotion gave way to another. A click lists the times."))
    with right:
        pair = st.session_state.get("analyse-pair")
        if pair is not None:
            found = [Pattern(tuple(pair), tuple(occurrences(runs, pair)))]
            name, action = st.columns([3, 1.4], vertical_alignment="center")
            name.markdown(f"**{succession(pair)}**")
            action.button(_("Show all"), key="all-pairs", on_click=_forget_pair, type="tertiary")
        else:
            length = st.segmented_control(
                _("Emotions in a row"), [2, 3, 4], default=3, required=True, key="analyse-length", width="content"
            )
            found = patterns(runs, length=int(length or 3))
        _successions(found, player_key=player_key)


def _choose_pair() -> None:
    chosen = st.session_state["analyse-pairs"].selection.get("pair") or []
    if chosen:
        st.session_state["analyse-pair"] = (str(chosen[0]["before"]), str(chosen[0]["after"]))


def _forget_pair() -> None:
    st.session_state.pop("analyse-pair", None)


def _successions(found: Sequence[Pattern], *, player_key: str) -> None:
    if not any(pattern.occurrences for pattern in found):
        st.caption(_("None here. A shorter minimum finds more."))
        return
    rows = [
        Jumps(
            [Jump(place.start, lasting(place.duration)) for place in pattern.occurrences[:MOST_TIMES]],
            title=succession(pattern.emotions),
            note=f"{len(pattern.occurrences)}×",
            rest=_("and {n} more", n=len(pattern.occurrences) - MOST_TIMES)
            if len(pattern.occurrences) > MOST_TIMES
            else "",
        )
        for pattern in found[:MOST_PATTERNS]
    ]
    jumps(rows, key="analyse-patterns", player_key=player_key, look=Look(title="13rem", height=320))


def peaks(series: TimeSeries, chosen: Segment | None, *, player_key: str) -> None:
    """The highest places of one feature."""
    names = ["happiness", "surprise", "loudness", "arousal", "valence", "pitch"]
    names += [name for name in EMOTIONS if name not in names]
    assert set(names) == set(FEATURES)
    feature = st.selectbox(_("Peaks of"), names, format_func=feature_name, key="analyse-peaks")
    found = feature_peaks(series, str(feature), chosen=chosen)
    if not found:
        st.caption(_("Nothing stands out here."))
        return
    chips = [Jump(peak.time, feature_value(str(feature), peak.value)) for peak in found]
    jumps([Jumps(chips)], key="analyse-peak-list", player_key=player_key)


def times(summary: Summary) -> str:
    """How much of the range there is, and in how much of it the face was seen."""
    return _(
        "{time}, face seen in {share}",
        time=lasting(summary.seconds),
        share=f"{summary.seen_share:.0%}",
    )
