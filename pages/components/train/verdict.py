"""Whether a model is good enough, in words: better than trivial answers, what it found, what helps from here on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.training.baselines import BASELINES
from core.training.model_store import Figure, Model, as_figure
from pages.components.shared.shell import _

GOOD, FAIR = 0.7, 0.5  # shares from which a model is good enough to try, and worth one


def baseline_name(name: str) -> str:
    """A trivial answer, in words."""
    return {
        "majority": _("always saying the more common kind"),
        "loudness": _("judging by loudness alone"),
        "happiness": _("judging by smiles alone"),
    }.get(name, name)


def verdict(model: Model) -> str:
    """Whether the model is good enough, and better than an answer that needs none."""
    grade = _grade(model)
    said = {
        "good": _("Good enough to try."),
        "fair": _("Worth a try, but look at what it finds."),
        "poor": _("Not good enough yet."),
    }[grade]
    name, gap = hardest(model)
    if gap is None:
        return said
    alone = baseline_name(name)
    if grade == "good" and _is_unclear(gap):
        n = int(model.judgement.get("n_judged") or 0)
        return _("Good enough to go on to Detect, though {name} does as well on these {n} clips.", n=n, name=alone)
    if gap.low is not None and gap.low > 0:
        return f"{said} {_('It does better than {name}.', name=alone)}"
    if gap.high is not None and gap.high < 0:
        return f"{said} {_('It does worse than {name}.', name=alone)}"
    return f"{said} {_('On these clips it does about as well as {name}.', name=alone)}"


@dataclass(frozen=True)
class Tally:
    """What a model called funny of clips that it had not seen: of the funny ones, and of the others."""

    n_funny: int
    n_found: int
    n_other: int
    n_wrong: int


def tally(model: Model) -> Tally | None:
    """What a model called funny of the clips that it had not seen; None where that is not known."""
    recall, precision = model.figure("recall"), model.figure("precision")
    n = int(model.judgement.get("n_judged") or 0)
    n_funny = round(n * float(model.card.get("labelled_share") or 0.0))
    if recall is None or precision is None or not n_funny:
        return None
    found = recall.value * n_funny
    n_wrong = round(found / precision.value - found) if precision.value > 0 else 0
    return Tally(n_funny, round(found), n - n_funny, n_wrong)


def counted(model: Model) -> str:
    """The same in a sentence; empty where that is not known."""
    found = tally(model)
    if found is None:
        return ""
    if not found.n_wrong:
        return _(
            "Each clip was judged by a model that learned from the others: of {n} funny ones it found {found}, of "
            "{other} others it took none for funny.",
            n=found.n_funny,
            found=found.n_found,
            other=found.n_other,
        )
    return _(
        "Each clip was judged by a model that learned from the others: of {n} funny ones it found {found}, of "
        "{other} others it took {wrong} for funny.",
        n=found.n_funny,
        found=found.n_found,
        other=found.n_other,
        wrong=found.n_wrong,
    )


def what_next(model: Model) -> str:
    """What helps most from here on."""
    name, gap = hardest(model)
    if _grade(model) != "good":
        clips = _telling(name if gap is not None and (gap.low is None or gap.low <= 0) else "")
        return _("Label more clips, {clips}, and train again.", clips=clips)
    if gap is not None and (gap.low is None or gap.low <= 0):
        clips = _asked_for(name)
        check = _("On Detect, check each moment it finds.")
        if _is_mistaken(model, name):
            return f"{check} {_('To do better it needs more {clips}; then train again.', clips=clips)}"
        return f"{check} {_('To do better it needs {clips}; then train again.', clips=clips)}"
    return _("Go on and find the funny moments; what you accept and reject there teaches it more.")


def gap_of(model: Model, baseline: str, metric: str) -> Figure | None:
    """By how much a model is above a trivial answer; None where that was not measured."""
    found = model.judgement.get("baselines", {}).get(baseline, {}).get("difference", {}).get(metric)
    return as_figure(found)


def _is_unclear(gap: Figure | None) -> bool:
    """Whether a model and the best trivial answer cannot be told apart."""
    return gap is not None and not (gap.low is not None and gap.low > 0) and not (gap.high is not None and gap.high < 0)


def _telling(name: str) -> str:
    """The clips that tell a model from a trivial answer."""
    return {
        "loudness": _("loud places that are not funny and quiet ones that are"),
        "happiness": _("smiles that are not funny and funny moments without a smile"),
    }.get(name, _("calm ones and near misses too"))


def _asked_for(name: str) -> str:
    """The clips that tell a model from a trivial answer, and how a label is given to them."""
    return {
        "loudness": _("loud places that are not funny (reject them there) and quiet ones that are (label them)"),
        "happiness": _("smiles that are not funny (reject them there) and funny moments without a smile (label them)"),
    }.get(name, _("calm clips and near misses (label them)"))


def _is_mistaken(model: Model, name: str) -> bool:
    """Whether a trivial answer is wrong of some clips: then there are some that tell the model from it."""
    figures = [model.figure(metric, "baselines", name) for metric in ("precision", "recall")]
    return any(figure is not None and figure.value < 1 for figure in figures)


def _grade(model: Model) -> Literal["good", "fair", "poor"]:
    """By the lower of two shares: of the funny clips that it finds, and of its finds that are right."""
    lower = min(0.0 if figure is None else figure.value for figure in map(model.figure, ("recall", "precision")))
    return "good" if lower >= GOOD else "fair" if lower >= FAIR else "poor"


def hardest(model: Model) -> tuple[str, Figure | None]:
    """The trivial answer with the best F1, and by how much the model is better."""
    rated = {name: figure.value for name in BASELINES if (figure := model.figure("f1", "baselines", name))}
    name = max(rated, key=lambda one: rated[one], default="")
    return name, gap_of(model, name, "f1") if name else None
