"""In which settings, series and data two models differ, and whether their figures can be held together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.training.model_store import Model

_NO_SETTINGS = {"judge"}  # how a model is judged, not what it is


@dataclass(frozen=True)
class Difference:
    """One thing in which two models differ: `what` is a dotted name, None stands for nothing on that side."""

    what: str
    one: Any
    other: Any


@dataclass(frozen=True, eq=False)
class Differences:
    """In which two models differ: their training settings, the series they learned from, and their data."""

    settings: Sequence[Difference]
    series: Sequence[Difference]
    data: Sequence[Difference]


def compare(one: Model, other: Model) -> Differences:
    """In which settings, series and data two models differ."""
    left, right = _settings(one.card), _settings(other.card)
    return Differences(
        settings=_differing(left, right),
        series=_differing(_series(one.card), _series(other.card)),
        data=_differing(_data(one.card), _data(other.card)),
    )


def judged_alike(one: Model, other: Model) -> bool:
    """Whether two models were judged in the same way on as many clips, so that their figures can be held together."""
    return all(one.judgement.get(key) == other.judgement.get(key) for key in ("nested", "n_judged"))


def _settings(card: Mapping[str, Any]) -> dict[str, Any]:
    settings = card.get("settings")
    flat = {k: v for k, v in settings.items() if k not in _NO_SETTINGS} if isinstance(settings, dict) else {}
    taken = {"n_rows": card.get("n_rows"), "sampling": card.get("sampling")}
    return {"kind": card.get("model"), **flat, **taken, "program_version": card.get("program_version")}


def _series(card: Mapping[str, Any]) -> dict[str, Any]:
    """How the series were made that a model learned from, flat; several ways as a list."""
    values_of: dict[str, Any] = {}
    several = card.get("series_parameters")
    for parameters in several if isinstance(several, list) else []:
        for key, value in _flat(parameters).items():
            known = values_of.setdefault(key, [])
            if value not in known:
                known.append(value)
    return {key: values[0] if len(values) == 1 else values for key, values in values_of.items()}


def _data(card: Mapping[str, Any]) -> dict[str, Any]:
    names = ("n_clips", "n_funny", "n_left_out")
    series = card.get("series")
    videos = {"n_videos": len(series)} if isinstance(series, dict) else {}
    return {**{name: card.get(name) for name in names}, **videos, **_flat({"origins": card.get("origins") or {}})}


def _flat(content: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in content.items():
        out |= _flat(value, f"{before}{key}.") if isinstance(value, Mapping) else {f"{before}{key}": value}
    return out


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[Difference, ...]:
    keys = dict.fromkeys([*one, *other])
    return tuple(Difference(key, one.get(key), other.get(key)) for key in keys if one.get(key) != other.get(key))
