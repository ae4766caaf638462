"""Which models may score a series, and what is told of the others."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import ModelFault
from core.labels.rules import ClipOptions
from core.training.card import check_model, labelled_share, options_of, series_card
from tests.detections import PARAMETERS


def changed(**changes: Any) -> dict[str, Any]:
    return {**PARAMETERS, **changes}


def test_references_and_thresholds_of_somebody_else_are_no_news() -> None:
    card = {**series_card([PARAMETERS]), "person_id": "ada"}
    other = changed(references=["cd"], thresholds={"strict": 0.9, "relaxed": 0.8}, sample_rate=1.0)
    assert len(check_model(card, other, name="m", person_id="ada")) == 3
    (warning,) = check_model(card, other, name="m", person_id="mina")
    assert "another rate" in warning
    assert len(check_model(series_card([PARAMETERS]), other, name="m", person_id="mina")) == 3, "it says nobody's name"


def test_a_model_fits_the_series_it_was_trained_on():
    card = series_card([PARAMETERS, PARAMETERS, changed(fill="none")])
    assert len(card["series_parameters"]) == 2
    assert check_model(card, PARAMETERS, name="m") == []
    assert check_model(card, changed(fill="none"), name="m") == []


OTHER_EMOTION = {**PARAMETERS["models"], "recogniser": {"name": "hsemotion", "digest": "r2"}}
OTHER_SOUND = {**PARAMETERS["extraction"], "audio": {"audio_rate": 8000, "f0_min": 65.0}}


@pytest.mark.parametrize(
    ("card", "parameters", "words"),
    [
        ({}, {"models": OTHER_EMOTION}, r"emotion model ferplus \(r1\), .* hsemotion \(r2\); extract again"),
        ({}, {"extraction": OTHER_SOUND}, "audio_rate 16000 instead of 8000"),
        ({"features": ["joy", "pitch"]}, {}, "features differ in anger.*joy"),
        ({}, {"models": OTHER_EMOTION, "extraction": OTHER_SOUND}, "emotion model.*audio_rate"),
    ],
)
def test_a_model_for_something_else_is_refused_by_name(card, parameters, words):
    with pytest.raises(ModelFault, match=f"the model m cannot be used here: .*{words}"):
        check_model({**series_card([PARAMETERS]), **card}, changed(**parameters), name="m")


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"sample_rate": 2.0}, "another rate"),
        ({"thresholds": {"strict": 0.6, "relaxed": 0.3}}, "similarity thresholds"),
        ({"references": ["cd"]}, "reference faces"),
        ({"fill": "nearest"}, "another way"),
        ({"max_gap": 2.0}, "another length"),
        ({"smoothing": 1.0}, "filtered over time"),
        ({"models": {**PARAMETERS["models"], "embedder": {"name": "facenet", "digest": "e2"}}}, "another embedder"),
    ],
)
def test_what_differs_but_does_no_harm_is_told(parameters, words):
    (warning,) = check_model(series_card([PARAMETERS]), changed(**parameters), name="m")
    assert words in warning


def test_a_card_that_names_only_its_models_is_checked_by_them():
    assert check_model({"models": PARAMETERS["models"]}, PARAMETERS, name="m") == []
    with pytest.raises(ModelFault, match="none"):
        check_model({}, PARAMETERS, name="m")


def test_the_labelled_share_is_that_of_the_probabilities():
    assert labelled_share({"labelled_share": 0.2}, name="m") == 0.2
    assert labelled_share({"labelled_share": 0.2, "class_prior": [0.7, 0.3]}, name="m") == 0.3


@pytest.mark.parametrize("card", [{}, {"labelled_share": 1.0}, {"labelled_share": None}, {"class_prior": "ab"}])
def test_a_card_without_a_share_is_refused(card):
    with pytest.raises(ModelFault, match="card of the model m does not say"):
        labelled_share(card, name="m")


def test_a_model_of_three_classes_is_refused():
    with pytest.raises(ModelFault, match="tells 3 classes apart"):
        labelled_share({"class_prior": [0.5, 0.3, 0.2]}, name="m")


def test_clips_taken_in_another_way_than_asked_for_are_refused_by_name():
    card = series_card([PARAMETERS], ClipOptions(20, "linear"))
    assert options_of(card, name="m") == ClipOptions(20, "linear")
    assert check_model(card, PARAMETERS, name="m", n_rows=20, sampling="linear") == []
    with pytest.raises(ModelFault, match="its clips have 20 rows, linear, asked for are 15 rows, linear"):
        check_model(card, PARAMETERS, name="m", n_rows=15)
    with pytest.raises(ModelFault, match="asked for are 20 rows, nearest"):
        check_model(card, PARAMETERS, name="m", sampling="nearest")
    with pytest.raises(ModelFault, match="does not say how its clips are taken"):
        options_of({"n_rows": "many"}, name="m")
    assert options_of({}, name="m") == ClipOptions()
