"""Whether a model may score a series: what its card says of the series it was trained on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from core.cues.cue import column_names
from core.errors import ModelFault, PunchlineError, Sentence
from core.labels.rules import ClipOptions
from core.series import FEATURES, Sampling

WARNED = {
    "sample_rate": "this video was sampled at another rate than those the model was trained on",
    "thresholds": "other similarity thresholds hold for this video than for those the model was trained on",
    "references": "the person has other reference faces than when the model was trained",
    "fill": "gaps are filled in another way than when the model was trained",
    "max_gap": "gaps are filled up to another length than when the model was trained",
    "smoothing": "emotions are filtered over time in another way than when the model was trained",
    "embedder": "faces were compared by another embedder than when the model was trained",
}
OF_PERSON = {"thresholds", "references"}  # of which those of two people differ anyway


def series_card(several: Iterable[Mapping[str, Any]], options: ClipOptions = ClipOptions()) -> dict[str, Any]:
    """What a model's card says of the series it was trained on, from their parameters, and of how clips were taken."""
    distinct: list[Mapping[str, Any]] = []
    for parameters in several:
        if parameters not in distinct:
            distinct.append(dict(parameters))
    taken = {"n_rows": options.n_rows, "sampling": options.sampling}
    return {**taken, "features": list(FEATURES), "series_parameters": distinct}


def options_of(card: Mapping[str, Any], *, name: str) -> ClipOptions:
    """How the clips of a model are taken. Raises ModelFault where its card does not say it."""
    try:
        usual = ClipOptions()
        return ClipOptions(int(card.get("n_rows", usual.n_rows)), card.get("sampling", usual.sampling))
    except (PunchlineError, TypeError, ValueError) as error:
        raise ModelFault(
            "the card of the model {name} does not say how its clips are taken ({error}); train it again",
            name=name,
            error=error,
        ) from error


def check_model(
    card: Mapping[str, Any],
    parameters: Mapping[str, Any],
    *,
    name: str,
    person_id: str | None = None,
    n_rows: int | None = None,
    sampling: Sampling | None = None,
) -> list[str]:
    """In which respect a series differs from those a model was trained on, in sentences, where it may be used still.

    Parameters
    ----------
    card
        A model's card with the entries of `series_card`.
    parameters
        Those of the series to be scored.
    person_id
        Whose series it is; where the model is somebody else's, other references and thresholds are no news.
    n_rows, sampling
        How clips are to be taken (`core.labels.rules.ClipOptions`); None is as the model's were.

    Raises
    ------
    ModelFault
        If it may not: another emotion model, other sound, other features, clips taken in another way. Names all.
    """
    trained: Sequence[Mapping[str, Any]] = card.get("series_parameters") or [{"models": card.get("models", {})}]
    faults = [*_read_otherwise(trained, parameters)]
    taken = options_of(card, name=name)
    asked = taken.changed(n_rows, sampling)
    if asked != taken:
        faults.append(Sentence("its clips have {taken}, asked for are {asked}", taken=taken, asked=asked))
    expected = (*FEATURES, *column_names(tuple(card.get("cues", ()))))
    features = tuple(card.get("features", FEATURES))
    if features != expected:
        changed = sorted(set(features) ^ set(expected))
        faults.append(
            Sentence("its features differ in {features}", features=", ".join(changed) or Sentence("their order"))
        )
    if faults:
        raise ModelFault(
            "the model {name} cannot be used here: {faults}; or train a new model",
            name=name,
            faults=Sentence.several(faults),
        )
    strange = OF_PERSON if person_id is not None and card.get("person_id") not in (None, person_id) else set()
    return [sentence for key, sentence in WARNED.items() if key not in strange and _differs(key, parameters, trained)]


def _read_otherwise(trained: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any]) -> Iterator[Sentence]:
    """What in the reading of a series keeps a model from scoring it: another emotion model, other sound."""
    here = parameters["models"].get("recogniser")
    there = [t["models"].get("recogniser") for t in trained]
    if here not in there:
        yield Sentence(
            "it was trained on the emotion model {trained_with}, this video was read with {read_with}; "
            "extract again with the same --emotion",
            trained_with=_names(there),
            read_with=_names([here]),
        )
    sounds = [t["extraction"]["audio"] for t in trained if "audio" in t.get("extraction", {})]
    sound = parameters.get("extraction", {}).get("audio")
    if sounds and sound not in sounds:
        differences = _differing(sounds[0], sound)
        yield Sentence("its sound was measured with {differences}; extract this video again", differences=differences)


def labelled_share(card: Mapping[str, Any], *, name: str) -> float:
    """The share of funny clips for which a model gives its probabilities.

    Raises
    ------
    ModelFault
        If its card does not say, or it does not tell two classes apart.
    """
    shares = card.get("class_prior")
    try:
        if shares is not None and len(shares) != 2:
            raise ModelFault(
                "the model {name} tells {n_classes} classes apart, expected funny and not funny",
                name=name,
                n_classes=len(shares),
            )
        share = float(card["labelled_share"] if shares is None else shares[1])
    except (KeyError, TypeError, ValueError):
        share = float("nan")
    if not 0 < share < 1:
        raise ModelFault(
            "the card of the model {name} does not say what share of its clips was funny; train it again", name=name
        )
    return share


def _differs(key: str, parameters: Mapping[str, Any], trained: Sequence[Mapping[str, Any]]) -> bool:
    def value(of: Mapping[str, Any]) -> Any:
        if key == "embedder":
            return of.get("models", {}).get(key)
        return of.get(key, 0.0 if key == "smoothing" else None)  # who does not tell does not filter

    known = [value(t) for t in trained if value(t) is not None]
    return bool(known) and value(parameters) not in known


def _names(models: Iterable[Mapping[str, str] | None]) -> str:
    names = {f"{m['name']} ({m['digest'][:8]})" if m else "none" for m in models}
    return ", ".join(sorted(names))


def _differing(there: Mapping[str, Any], here: Mapping[str, Any] | None) -> str:
    here = here or {}
    keys = [key for key in sorted({*there, *here}) if there.get(key) != here.get(key)]
    return ", ".join(f"{key} {there.get(key)} instead of {here.get(key)}" for key in keys)
