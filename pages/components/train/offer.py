"""A newer model beside the one in use: which one to take and why, in plain words first, then in figures."""

from __future__ import annotations

from typing import Literal

from core.training.model_differences import judged_alike
from core.training.model_store import Figure, Model
from pages.components.shared.model_name import model_title
from pages.components.shared.shell import _, plain
from pages.components.train.figures import gap_text, interval_text, signed
from pages.components.train.verdict import tally

Advice = Literal["newer", "keep", "either"]


def advice(used: Model, newer: Model) -> tuple[Advice, str]:
    """Which of the two to take, and a sentence that says so and why."""
    old, new = used.figure("f1"), newer.figure("f1")
    more, name = newer.n_clips - used.n_clips, _name(used)
    if old is None or new is None:
        if more > 0:
            return "newer", _("One of the two was not judged; the newer one knows {n} labels more: take it.", n=more)
        return "either", _("One of the two was not judged, so nothing says which one is better.")
    gap = round(new.value, 2) - round(old.value, 2)
    if gap < 0:
        if _may_be_chance(old, new):
            return "keep", _("Worse than before, though that may be chance: keep “{name}” for now.", name=name)
        return "keep", _("Worse than before: keep “{name}”.", name=name)
    if gap > 0:
        if not _may_be_chance(old, new):
            return "newer", _("Better than before: take the newer one.")
        if more > 0:
            return "newer", _("At least as good as before, and it knows {n} labels more: take the newer one.", n=more)
        return "newer", _("At least as good as before: take the newer one.")
    if more > 0:
        return "newer", _("As good as before, and it knows {n} labels more: take the newer one.", n=more)
    if more < 0:
        return "keep", _("As good as before, but it knows {n} labels fewer: keep “{name}”.", n=-more, name=name)
    return "either", _("As good as before, and it knows as many labels: either will do.")


def counts(used: Model, newer: Model) -> list[str]:
    """What each of the two called funny, as a line; none where that is not known of both."""
    found = tally(newer), tally(used)
    names = _("The newer one"), f"“{_name(used)}”"
    return [
        _(
            "{name}: found {found} of {funny} funny clips, took {wrong} of {other} others for funny",
            name=name,
            found=one.n_found,
            funny=one.n_funny,
            wrong=one.n_wrong,
            other=one.n_other,
        )
        for name, one in zip(names, found, strict=True)
        if one is not None and None not in found
    ]


def figures(used: Model, newer: Model) -> str:
    """Labels and F1 of the two, and how far they can be held together."""
    old, new = used.figure("f1"), newer.figure("f1")
    more = newer.n_clips - used.n_clips
    n, name = newer.n_clips, _name(used)
    if more > 0:
        parts = [_("It learned from {n} labels, {more} more than “{name}”.", n=n, more=more, name=name)]
    elif more < 0:
        parts = [_("It learned from {n} labels, {less} fewer than “{name}”.", n=n, less=-more, name=name)]
    else:
        parts = [_("It learned from {n} labels, as many as “{name}”.", n=n, name=name)]
    if old is not None and new is not None:
        gap = gap_text(new, old)
        if gap == signed(0):
            parts.append(_("F1 stays {value}.", value=interval_text(new)))
        else:
            parts.append(
                _("F1 {new} instead of {old} ({gap}).", new=interval_text(new), old=interval_text(old), gap=gap)
            )
            if _may_be_chance(old, new):
                parts.append(_("The intervals overlap: the difference may be chance."))
    if not judged_alike(used, newer):
        parts.append(_("They were not judged on the same clips in the same way, so this is a rough comparison."))
    return " ".join(parts)


def _name(model: Model) -> str:
    return plain(model_title(model.name, model.created))


def _may_be_chance(one: Figure, other: Figure) -> bool:
    """Whether two intervals overlap, or one is not known."""
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return True
    return one.low <= other.high and other.low <= one.high
