"""What page Detect says of its moments: above them what was found, below them what is to be done and what follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from core.detection.detect import DetectionSettings, Found, Scored
from core.detection.results import Precision
from pages.components.detect.data import Subject, found_in, thresholds_in
from pages.components.detect.moment_list import JUST_BELOW, MomentRow, percent
from pages.components.detect.settings import Keys, loosen, lower, nearest_threshold, no_limit
from pages.components.shared.shell import _, lasting

FEWEST_REVIEWED = 5  # of which a guess at the others is worth something
FEWEST_OTHERS = 3  # about which a guess is worth something
SOME = 5  # best moments that are shown where none passes the threshold


def said_missed(n: int) -> str:
    """That so many clips are labelled funny and not found; empty where there are none."""
    return _("{n} labelled funny, but not found: see the end of the list", n=n) if n else ""


def n_lower(subject: Subject, scored: Scored, settings: DetectionSettings) -> int | None:
    """How many more moments the lowest threshold finds; None where the slider does not stand at it."""
    found, steps = found_in(subject, scored, settings), thresholds_in(subject, scored, settings)
    if found.threshold is None or nearest_threshold(found.threshold, steps) != steps[0]:
        return None
    lowest = found_in(subject, scored, replace(settings, threshold=steps[0]))
    return max(0, len(lowest.moments) - len(found.moments))


def said_lowest(more: int | None) -> str:
    """What it means that the slider stands at its left end, and what brings more; empty where it does not."""
    if more is None:
        return ""
    if more:
        return _("{n} weaker ones are left out by *Automatic*: switch it off to see them", n=more)
    return _(
        "the threshold is at its lowest: for more, raise the share of funny clips under *More*, or label more clips "
        "and train again"
    )


def said_above(
    subject: Subject,
    scored: Scored,
    settings: DetectionSettings,
    found: Found,
    keys: Keys,
    *,
    n_missed: int,
    left_out: str,
) -> None:
    """What was found, in a line, with what is not and what is not exported, and whether a limit holds more back."""
    n = len(found.moments)
    n_below, step = just_below(subject, scored, settings, found)
    lowest = said_lowest(n_lower(subject, scored, settings)) if n and not n_below else ""
    parts = [_("{n} moments", n=n), said_missed(n_missed), left_out, lowest]
    if found.not_judged_s >= 1:
        parts.append(_("{time} left out: the face is hardly seen there", time=lasting(found.not_judged_s)))
    st.caption(" · ".join(filter(None, parts)))
    if settings.top_n is None and settings.max_per_hour is not None:
        more = len(found_in(subject, scored, replace(settings, max_per_hour=None)).moments) - n
        if more > 0:
            st.button(
                _("{n} more held back by the limit per hour: show them", n=more),
                on_click=no_limit,
                args=(keys,),
                key="no-limit",
                type="tertiary",
                icon=":material/unfold_more:",
            )
    if n and n_below:
        st.button(
            _("{n} more just below the threshold: show them", n=n_below),
            on_click=lower,
            args=(keys,),
            kwargs={"threshold": step},
            key="just-below",
            type="tertiary",
            icon=":material/unfold_more:",
        )


def just_below(subject: Subject, scored: Scored, settings: DetectionSettings, found: Found) -> tuple[int, float]:
    """How many more moments a threshold a little lower finds, and that threshold; 0 where it finds no more."""
    if found.threshold is None:
        return 0, 0.0
    least = found.threshold - min(JUST_BELOW, found.threshold / 4)
    steps = [step for step in thresholds_in(subject, scored, settings) if least <= step < found.threshold]
    if not steps:
        return 0, 0.0
    more = found_in(subject, scored, replace(settings, threshold=steps[0]))
    return max(0, len(more.moments) - len(found.moments)), steps[0]


def nothing(keys: Keys, settings: DetectionSettings, *, at_lowest: bool) -> None:
    """What to do where no moment passes."""
    lower = _("Lower the threshold, or raise the share of funny clips under More.")
    tips = [
        _("Raise the share of funny clips under More: the threshold is at its lowest.") if at_lowest else lower,
        _("Look at the best ones anyway and accept or reject them: the next training learns from it."),
        _("Label more clips of this video: a laugh can look different from stream to stream."),
    ]
    with st.container(border=True, key="detect-nothing"):
        words, button = st.columns([4, 1], vertical_alignment="center")
        words.caption("  \n".join([f"**{_('No moment passes.')}**", *tips]))
        if settings.top_n is None:
            how = {"on_click": loosen, "args": (keys,), "kwargs": {"top": SOME}}
            button.button(_("Show the {n} best", n=SOME), **how, key="best-anyway", width="stretch")


def said_below(rows: Sequence[MomentRow], so_far: Precision, *, expected: float, now: float, contradicted: str) -> None:
    """Small lines under the list, which gives them the room: what is to be done, and what was learned so far.

    `expected` is the share of funny clips that the moments were found by, `now` what the labels speak for since.
    """
    lines = [contradicted, f"{said_to_do(rows)} {said_right(so_far, rows)}".strip(), said_share(expected, now)]
    with st.container(key="detect-notes"):
        st.caption("  \n".join(filter(None, lines)))


def said_to_do(rows: Sequence[MomentRow]) -> str:
    """How many moments are reviewed, and what comes then; empty where there are none."""
    n = sum(row.verdict is not None for row in rows)
    if not rows:
        return ""
    if n == len(rows):
        return _("All moments are reviewed: export them below.")
    if n == 0:
        return _("Accept or reject each, then export below.")
    return _("{n} of {needed} reviewed.", n=n, needed=len(rows))


def said_right(so_far: Precision, rows: Sequence[MomentRow]) -> str:
    """How often moments were right, of all videos; and what that says of the listed ones that nobody reviewed."""
    n = so_far.n_accepted + so_far.n_rejected
    if so_far.share is None or so_far.low is None or so_far.high is None:
        return _("Your decisions become labels.")
    said = _("Right so far: {k} of {n}.", k=so_far.n_accepted, n=n)
    n_open = sum(row.verdict is None for row in rows)
    if n >= FEWEST_REVIEWED and n_open >= FEWEST_OTHERS:
        low, high = round(n_open * so_far.low), round(n_open * so_far.high)
        some = _("Of the {n} others, probably {low} to {high} are right.", n=n_open, low=low, high=high)
        said += " " + (some if low < high else _("Of the {n} others, probably {low} are right.", n=n_open, low=low))
    return said


def said_share(expected: float, now: float) -> str:
    """That labels speak for another share of funny clips than was expected; no moment moves by itself."""
    if percent(expected) == percent(now):
        return ""
    return _("Labels have changed since: *Find again* takes them in.")
