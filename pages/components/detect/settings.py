"""What is a moment: the settings that take effect at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.detection.detect import DetectionSettings, Found, Scored, prior_of
from core.detection.results import read_detections
from core.sliding_window_processor import log_odds_of
from pages.components.detect.data import Subject, found_in, kept_settings, n_within, thresholds_in
from pages.components.detect.moment_list import LIKELY, percent
from pages.components.shared.shell import _

COMPARED = "detect-compared"
MAY_BE_EMPTY = ("hour", "top")
OWN_SHARE = 0.05  # where the user begins to choose one


def nearest_threshold(value: float, steps: Sequence[float]) -> float:
    """The step of the slider that is nearest to a threshold, as log-odds go."""
    log_odds = log_odds_of(value)
    return min(steps, key=lambda step: abs(log_odds_of(step) - log_odds))


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
        "threshold": 0.5 if kept.threshold is None else kept.threshold,
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


def settings_row(subject: Subject, scored: Scored, keys: Keys) -> tuple[DetectionSettings, Found, DeltaGenerator]:
    """Draw the settings; gives them with what they find, and the place beside them for what to say of it."""
    state = st.session_state
    steps = thresholds_in(subject, scored, chosen(keys))
    slider = keys[f"slider-{hash(tuple(steps))}"]  # with other steps, what a browser still says of these means another
    state[keys["threshold"]] = nearest_threshold(state[keys["threshold"]], steps)
    settings = chosen(keys)
    found = found_in(subject, scored, settings)
    with st.container(key="settings-row"):
        name, first, second, third, place = st.columns([1.1, 2.2, 1.5, 1.2, 4.6], vertical_alignment="center")
    name.markdown(
        _("Threshold"),
        help=_(
            "Only stretches where the score gets this high count. Every step adds or drops moments; lower finds "
            "more, also more false ones."
        ),
    )
    by_top = settings.top_n is not None
    with first:
        if state[keys["auto"]] and found.threshold is not None:
            state[keys["threshold"]] = nearest_threshold(found.threshold, steps)
        state[slider] = state[keys["threshold"]]
        st.select_slider(
            _("Threshold"),
            steps,
            key=slider,
            format_func=percent,
            disabled=by_top,
            on_change=lambda: state.update({keys["auto"]: False, keys["threshold"]: state[slider]}),
            label_visibility="collapsed",
        )
    with second:
        st.toggle(
            _("Automatic"),
            key=keys["auto"],
            disabled=by_top,
            help=_("The threshold with the best expected balance of missed and false moments."),
        )
    with third, st.popover(_("More"), icon=":material/tune:", width="stretch"):
        _more(subject, scored, settings, keys)
    return settings, found, place


def _limits(subject: Subject, scored: Scored, settings: DetectionSettings, keys: Keys) -> None:
    """How many moments there are at most."""
    by_top = settings.top_n is not None
    left, right = st.columns(2, vertical_alignment="bottom")
    left.number_input(
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
    right.number_input(
        _("Top moments"),
        min_value=1,
        value=None,
        step=1,
        key=keys["top"],
        placeholder=_("all"),
        help=_(
            "So many of the best moments, whatever they score; empty keeps all above the threshold. Weak ones are "
            "exported only if you accept them."
        ),
    )
    minutes = left.number_input(_("Best minutes"), 0.1, 600.0, 3.0, step=0.5, format="%g", key=keys["minutes"])
    n, total = n_within(subject, scored, settings, 60 * minutes)
    words, said = best_texts(n, total)
    right.button(words, on_click=loosen, args=(keys,), kwargs={"top": n}, disabled=not n, key="best-minutes")
    st.caption(said)


def best_texts(n: int, total: int) -> tuple[str, str]:
    """What the button that takes the best moments says, and what is said of it: `n` of `total` likely ones fit."""
    least = percent(LIKELY)
    if not n:
        return _("None to take"), _("No moment scores {least} or more.", least=least)
    if n == total:
        said = _("It takes all {n} moments that score {least} or more.", n=n, least=least)
    else:
        said = _("It takes {n} of the {total} moments that score {least} or more.", n=n, total=total, least=least)
    return _("Take the {n} best", n=n), said


def _compare(subject: Subject) -> None:
    """Another model whose moments are shown beside."""
    results = read_detections(subject.space, subject.video.id, subject.person.id)
    others = [name for name in results if name != subject.model.name]
    if st.session_state.get(COMPARED) not in others:
        st.session_state[COMPARED] = None
    if others:
        said = _("Compare with the moments of")
        st.selectbox(said, others, index=None, placeholder=_("no other model"), key=COMPARED)


def _more(subject: Subject, scored: Scored, settings: DetectionSettings, keys: Keys) -> None:
    """Settings that are seldom touched."""
    _limits(subject, scored, settings, keys)
    _compare(subject)
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
            "You label promising clips, so far more of them are funny than in a whole stream. Scores are shifted to "
            "this share; automatic takes the share among your randomly chosen labels, or 1 % while there are fewer "
            "than 30."
        ),
    )
    if prior == "own":
        st.number_input(_("Share in per cent"), 0.01, 99.0, step=1.0, key=keys["share"], format="%g")
    st.slider(_("Shortest moment, in seconds"), 0.0, 20.0, step=0.5, format="%g", key=keys["shortest"])
    st.slider(_("Join moments closer than, in seconds"), 0.0, 15.0, step=0.5, format="%g", key=keys["gap"])


def loosen(keys: Keys, *, top: int) -> None:
    """Ask for so many of the best, whatever they score."""
    st.session_state[keys["top"]] = top


def lower(keys: Keys, *, threshold: float) -> None:
    """Take another threshold than the automatic one."""
    st.session_state[keys["auto"]] = False
    st.session_state[keys["threshold"]] = threshold


def no_limit(keys: Keys) -> None:
    """Ask for all above the threshold."""
    st.session_state[keys["hour"]] = None
