"""Figures of models in words and digits."""

from __future__ import annotations

from core.training.model_store import Figure
from pages.components.shared.shell import _

METRIC_ORDER = ("f1", "accuracy", "average_precision", "roc_auc", "brier")


def metric_name(metric: str) -> str:
    """A metric, as it is called in a table."""
    return {
        "accuracy": _("Accuracy"),
        "precision": _("Precision"),
        "recall": _("Recall"),
        "f1": "F1",
        "average_precision": _("Average precision"),
        "roc_auc": "ROC AUC",
        "brier": _("Brier (lower is better)"),
    }[metric]


def percent(value: float) -> str:
    """A share without decimals."""
    return f"{value:.0%}"


def signed(value: float) -> str:
    """A difference with its sign and two decimals; zero has none."""
    said = f"{value:+.2f}"
    return "0.00" if said in ("+0.00", "-0.00") else said.replace("-", "−")


def gap_text(one: Figure, other: Figure) -> str:
    """By how much one value is above another, as far as both are shown: the difference of the rounded ones."""
    return signed(round(one.value, 2) - round(other.value, 2))


def interval_text(figure: Figure) -> str:
    """A value with its interval."""
    if figure.low is None or figure.high is None:
        return f"{figure.value:.2f}"
    return f"{figure.value:.2f} ({figure.low:.2f}–{figure.high:.2f})"


def value_text(figure: Figure | None) -> str:
    """The same, or a dash where there is none."""
    return "–" if figure is None else interval_text(figure)


def signed_range(figure: Figure) -> str:
    """The interval of a difference; empty where there is none."""
    if figure.low is None or figure.high is None:
        return ""
    return _("{low} to {high}", low=signed(figure.low), high=signed(figure.high))
