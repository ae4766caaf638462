"""In which settings, series and data two models differ."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.training.model_differences import Difference, compare, judged_alike
from core.training.model_store import Model


def model(**changes: Any) -> Model:
    card: dict[str, Any] = {
        "model": "logistic",
        "program_version": "1",
        "settings": {"model": "auto", "judge": False, "seed": 0},
        "series": {"v1": "d1"},
        "series_parameters": [{"sample_rate": 3.0, "thresholds": {"strict": 0.5, "relaxed": 0.3}}],
        "n_clips": 30,
        "n_funny": 16,
        "n_left_out": 3,
        "origins": {"peaks": 20, "random": 10},
        "judgement": {"nested": False, "n_judged": 30},
    }
    return Model(Path("m"), {**card, **changes})


def test_a_model_does_not_differ_from_itself() -> None:
    found = compare(model(), model())
    assert (found.settings, found.series, found.data) == ((), (), ())
    assert judged_alike(model(), model())


def test_every_difference_is_named_with_both_sides() -> None:
    other = model(
        model="forest",
        settings={"model": "forest", "judge": True, "seed": 0},
        series={"v1": "d1", "v2": "d2"},
        series_parameters=[{"sample_rate": 3.0, "thresholds": {"strict": 0.6, "relaxed": 0.3}}],
        n_clips=52,
        origins={"peaks": 20, "marked": 32},
    )
    found = compare(model(), other)
    assert found.settings == (Difference("kind", "logistic", "forest"), Difference("model", "auto", "forest"))
    assert found.series == (Difference("thresholds.strict", 0.5, 0.6),)
    assert found.data == (
        Difference("n_clips", 30, 52),
        Difference("n_videos", 1, 2),
        Difference("origins.random", 10, None),
        Difference("origins.marked", None, 32),
    )


def test_several_ways_of_making_series_stand_beside_each_other() -> None:
    other = model(series_parameters=[{"sample_rate": 3.0}, {"sample_rate": 5.0}, {"sample_rate": 3.0}])
    found = compare(model(series_parameters=[{"sample_rate": 3.0}]), other)
    assert found.series == (Difference("sample_rate", 3.0, [3.0, 5.0]),)


def test_cards_that_say_little_can_be_compared() -> None:
    bare = Model(Path("m"), {})
    assert Difference("n_clips", None, 30) in compare(bare, model()).data
    assert compare(bare, bare).settings == ()


def test_judgements_are_alike_if_made_in_one_way_on_as_many_clips() -> None:
    assert not judged_alike(model(), model(judgement={"nested": True, "n_judged": 30}))
    assert not judged_alike(model(), model(judgement={"nested": False, "n_judged": 31}))
