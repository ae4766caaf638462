"""What is a moment: the settings that take effect at once."""

from __future__ import annotations

from math import log
from typing import Any

import streamlit as st

from core.detection.detect import DetectionSettings, Found, Scored, prior_of
from pages.components.detect.data import Subject, found_in, kept_settings
from pages.components.detect.moments import percent
from pages.components.shared.shell import _

# Scores are probabilities: near 0 and 1 small steps matter.
THRESHOLDS = (
    *(0.002, 0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5),
    *(0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995),
)
MAY_BE_EMPTY = ("hour", "top")
OWN_SHARE = 0.05  # where the user begins to choose one


def nearest_threshold(value: float) -> float:
    """The step of the slider that is nearest to a threshold, as log-odds go."""
    log_odds = _log_odds(min(max(value, THRESHOLDS[0]), THRESHOLDS[-1]))
    return min(THRESHOLDS, key=lambda step: abs(_log_odds(step) - log_odds))


def _log_odds(p: float) -> float:
    return log(p / (1 - p))


class Keys:
    """The names of the widgets of one person in one video."""

    def __init__(self, subject: Subject) -> None:
        self.base = f"detect-{subject.key}"

    def __getitem__(self, name: str) -> str:
        return f"{self.base}-{name}"


def begin(subject: Subject, duration: float | None) -> Keys:
    """Set the widgets to the kept settings, the first time in this session, and keep them over page changes."""
    keys, state = Keys(subject), st.session_state
    kept = kept_settings(subject.space, subject.video, subject.person, duration, model=subject.model.name)
    first = {
        "auto": kept.threshold is None,
        "threshold": nearest_threshold(0.5 if kept.threshold is None else kept.threshold),
        "prior": kept.prior if isinstance(kept.prior, str) else "own",
        "share": 100 * (OWN_SHARE if isinstance(kept.prior, str) else kept.prior),
        "hour": kept.max_per_hour,
        "top": kept.top_n,
        "shortest": kept.min_duration_on,
        "gap": kept.min_duration_off,
    }
    last = state.get(keys["last"], first)  # a browser that is still drawing may send a widget without its value
    for name, value in first.items():
        held = state.get(keys[name], value)
        state[keys[name]] = last[name] if held is None and name not in MAY_BE_EMPTY else held
    state[keys["last"]] = {name: state[keys[name]] for name in first}
    return keys


def chosen(keys: Keys) -> DetectionSettings:
    """The settings as the widgets stand."""
    state: dict[str, Any] = {name: st.session_state.get(keys[name]) for name in NAMES}
    return DetectionSettings(
        threshold=None if state["auto"] else float(state["threshold"]),
        prior=float(state["share"]) / 100 if state["prior"] == "own" else state["prior"],
        max_per_hour=None if state["hour"] is None else float(state["hour"]),
        min_duration_on=float(state["shortest"] or 0.0),
        min_duration_off=float(state["gap"] or 0.0),
        top_n=None if state["top"] is None else int(state["top"]),
    )


NAMES = ("auto", "threshold", "prior", "share", "hour", "top", "shortest", "gap")


def settings_row(subject: Subject, scored: Scored, keys: Keys) -> tuple[DetectionSettings, Found]:
    """Draw the settings; gives them with what they find."""
    state = st.session_state
    settings = chosen(keys)
    found = found_in(subject, scored, settings)
    first, second, third, fourth, fifth = st.columns([2.6, 1.7, 1.1, 1.1, 0.9], vertical_alignment="bottom")
    by_top = settings.top_n is not None
    with first:
        if state[keys["auto"]] and found.threshold is not None:
            state[keys["threshold"]] = nearest_threshold(found.threshold)
        st.select_slider(
            _("Threshold"),
            THRESHOLDS,
            key=keys["threshold"],
            format_func=percent,
            disabled=by_top,
            on_change=lambda: state.update({keys["auto"]: False}),
            help=_("Only stretches where the score gets this high count. Lower finds more, also more false ones."),
        )
    with second:
        st.toggle(
            _("Automatic"),
            key=keys["auto"],
            disabled=by_top,
            help=_("The threshold with the best expected balance of missed and false moments."),
        )
    with third:
        st.number_input(
            _("Limit per hour"),
            min_value=0.5,
            value=None,
            step=1.0,
            key=keys["hour"],
            format="%g",
            placeholder=_("any"),
            disabled=by_top,
            help=_("Only so many of the best per hour of video; empty is no limit."),
        )
    with fourth:
        st.number_input(
            _("Top moments"),
            min_value=1,
            value=None,
            step=1,
            key=keys["top"],
            placeholder=_("all"),
            help=_("So many of the best moments, whatever they score; empty keeps all above the threshold."),
        )
    with fifth, st.popover(_("More"), icon=":material/tune:", width="stretch"):
        _more(scored, keys)
    return settings, found


def _more(scored: Scored, keys: Keys) -> None:
    """Settings that are seldom touched."""
    priors = {
        "auto": _("Automatic ({share})", share=percent(prior_of(scored, "auto"))),
        "labels": _("As in the labels ({share})", share=percent(scored.labelled_share)),
        "own": _("Custom share"),
    }
    prior = st.selectbox(
        _("Share of clips that are funny"),
        list(priors),
        format_func=priors.__getitem__,
        key=keys["prior"],
        help=_(
            "Labels are chosen and hold far more funny clips than a stream does. Scores are shifted to this share; "
            "automatic takes the share among your randomly chosen labels, or 1 % while there are fewer than 30."
        ),
    )
    if prior == "own":
        st.number_input(_("Share in per cent"), 0.01, 99.0, step=1.0, key=keys["share"], format="%g")
    st.slider(_("Shortest moment, in seconds"), 0.0, 20.0, step=0.5, format="%g", key=keys["shortest"])
    st.slider(_("Join moments closer than, in seconds"), 0.0, 15.0, step=0.5, format="%g", key=keys["gap"])


def loosen(keys: Keys, *, top: int) -> None:
    """Ask for so many of the best, whatever they score."""
    st.session_state[keys["top"]] = top


def no_limit(keys: Keys) -> None:
    """Ask for all above the threshold."""
    st.session_state[keys["hour"]] = None
