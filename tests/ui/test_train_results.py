"""What page Train says of a model: whether it is good enough, better than smiles, and what it called wrongly."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.labels.event import LabelEvent
from core.labels.ledger import Ledger
from core.storage.files import write_json
from core.training.model_store import Model
from core.translation import text
from core.workspace.workspace import Workspace
from pages.components.train import models, offer, training, verdict
from pages.components.train.verdict import counted, what_next


def model(recall: float, precision: float, gap: tuple[float, float], *, of_smiles: float = 1.0) -> Model:
    """Judged on 17 funny clips and 12 others; `gap` is the interval of what it has above smiles, `of_smiles` their
    precision."""

    def figure(value: float, low: float = 0.0, high: float = 1.0) -> dict[str, float]:
        return {"value": value, "low": low, "high": high}

    metrics = {"f1": figure(0.9), "recall": figure(1.0), "precision": figure(of_smiles)}
    smiles = {"metrics": metrics, "difference": {"f1": figure(sum(gap) / 2, *gap)}}
    metrics = {"recall": figure(recall), "precision": figure(precision), "f1": figure(0.9)}
    judgement = {"metrics": metrics, "baselines": {"happiness": smiles}, "n_judged": 29}
    return Model(Path("first"), {"judgement": judgement, "labelled_share": 17 / 29})


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (models, offer, verdict):
        monkeypatch.setattr(module, "_", lambda message, **values: text(message, "en", **values))


def test_a_model_that_smiles_equal_may_be_used_but_is_not_praised_and_told_what_it_needs() -> None:
    perfect = model(1.0, 1.0, (-0.05, 0.1))
    said = "Good enough to go on to Detect, though judging by smiles alone does as well on these 29 clips."
    assert verdict.verdict(perfect) == said
    asked = "smiles that are not funny (reject them there) and funny moments without a smile (label them)"
    check = "On Detect, check each moment it finds."
    assert what_next(perfect) == f"{check} To do better it needs {asked}; then train again."
    assert counted(perfect).endswith("it found 17, of 12 others it took none for funny.")
    mistaken = model(1.0, 1.0, (-0.05, 0.1), of_smiles=0.9)
    assert what_next(mistaken) == f"{check} To do better it needs more {asked}; then train again."


@pytest.mark.parametrize(
    ("recall", "precision", "gap", "first", "second", "wrong"),
    [
        (13 / 17, 13 / 15, (0.1, 0.3), "Good enough", "does better than", 2),
        (1.0, 17 / 29, (-0.3, -0.1), "Worth a try", "does worse than", 12),
        (4 / 17, 1.0, (-0.1, 0.1), "Not good enough", "about as well as", 0),
        (0.0, 0.0, (-0.9, -0.5), "Not good enough", "does worse than", 0),
    ],
)
def test_the_lower_of_two_shares_decides(
    recall: float, precision: float, gap: tuple[float, float], first: str, second: str, wrong: int
) -> None:
    one = model(recall, precision, gap)
    assert verdict.verdict(one).startswith(first)
    assert second in verdict.verdict(one)
    assert f"took {wrong or 'none'} for funny" in counted(one)
    assert what_next(one).startswith("Go on" if first == "Good enough" else "Label more clips")


def test_a_model_in_use_is_spoken_of_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "_", lambda message, **values: text(message, "en", **values))
    assert "the model in use stays" in training._meanwhile(True)
    assert training._meanwhile(False) == "It runs in the background."


def mistakes_of_one() -> None:
    """Of a model that made none, or was not judged at all."""
    import streamlit as st

    from core.people.person import Person
    from core.training.model_store import Model
    from pages.components.shared.shell import workspace
    from pages.components.train.mistakes import mistakes

    judgement = {"metrics": {"f1": {"value": 1.0}}} if st.session_state.judged else {}
    mistakes(workspace(), Person("p", "Mina", ()), Model(workspace().root, {"judgement": judgement}))


@pytest.mark.parametrize("judged", [True, False])
def test_without_mistakes_no_heading_speaks_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, judged: bool
) -> None:
    monkeypatch.setenv("PUNCHLINE_WORKSPACE", str(tmp_path))
    app = AppTest.from_function(mistakes_of_one)
    app.session_state["judged"] = judged
    app.run()
    assert not app.exception
    assert not app.subheader
    none = ["It agreed with every label, so there are no mistakes to look through."]
    assert [part.value for part in app.caption] == (none if judged else [])


def new_labels() -> None:
    from core.people.person import Person
    from core.training.model_store import ModelStore
    from pages.components.shared.shell import workspace
    from pages.components.train.training import _say_new

    person = Person("p1", "Ada", ())
    _say_new(workspace(), person, ModelStore(workspace()).of(person))


@pytest.mark.parametrize(
    ("n", "said"),
    [
        (0, []),
        (1, ["**1 new label** since the last training: press Start to learn from it."]),
        (12, ["**12 new labels** since the last training: press Start to learn from them."]),
    ],
)
def test_labels_since_the_last_training_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n: int, said: list[str]
) -> None:
    monkeypatch.setenv("PUNCHLINE_WORKSPACE", str(tmp_path))
    space = Workspace(tmp_path)
    events = [LabelEvent("v", "p1", 10.0 * k, 10.0 * k + 6, k % 2, "random") for k in range(20 + n)]
    Ledger(space.labels_path).record(events)
    assert not AppTest.from_function(new_labels).run().markdown  # there is no model that could know more
    card = {"person_id": "p1", "created": "2099-01-01T00:00:00.000+00:00", "n_clips": 20}
    write_json(tmp_path / "models" / "first" / "card.json", card)
    assert [part.value for part in AppTest.from_function(new_labels).run().markdown] == said


def trained(name: str, n_clips: int, f1: float, *, spread: float = 0.02, recall: float = 1.0) -> Model:
    """A model judged on its labels, half of them funny; of the others it took none for funny."""
    values = {"f1": f1, "recall": recall, "precision": 1.0}
    metrics = {name: {"value": value, "low": value - spread, "high": value + spread} for name, value in values.items()}
    card = {"judgement": {"metrics": metrics, "n_judged": n_clips}, "n_clips": n_clips, "labelled_share": 0.5}
    return Model(Path(name), {**card, "created": "2026-11-28T13:23:32+00:00"})


@pytest.mark.parametrize(
    ("n_clips", "f1", "spread", "taken", "said"),
    [
        (32, 0.9, 0.02, "newer", "As good as before, and it knows 12 labels more: take the newer one."),
        (21, 0.9, 0.02, "newer", "As good as before, and it knows 1 label more: take the newer one."),
        (20, 0.9, 0.02, "either", "As good as before, and it knows as many labels: either will do."),
        (18, 0.9, 0.02, "keep", "As good as before, but it knows 2 labels fewer: keep “first”."),
        (32, 0.99, 0.02, "newer", "Better than before: take the newer one."),
        (32, 0.93, 0.1, "newer", "At least as good as before, and it knows 12 labels more: take the newer one."),
        (20, 0.93, 0.1, "newer", "At least as good as before: take the newer one."),
        (32, 0.87, 0.1, "keep", "Worse than before, though that may be chance: keep “first” for now."),
        (32, 0.8, 0.02, "keep", "Worse than before: keep “first”."),
    ],
)
def test_which_of_two_models_to_take_is_said_in_plain_words(
    n_clips: int, f1: float, spread: float, taken: str, said: str
) -> None:
    assert offer.advice(trained("first", 20, 0.9, spread=spread), trained("second", n_clips, f1, spread=spread)) == (
        taken,
        said,
    )


def test_of_a_model_that_was_not_judged_nothing_is_praised() -> None:
    first, more = trained("first", 20, 0.9), Model(Path("second"), {"n_clips": 21})
    assert offer.advice(first, more)[0] == "newer"
    assert "knows 1 label more" in offer.advice(first, more)[1]
    assert offer.advice(more, first)[0] == "either"
    assert offer.counts(first, more) == []


def test_what_two_models_found_comes_before_their_figures() -> None:
    first, second = trained("first", 20, 0.9, recall=0.9), trained("second", 32, 0.9)
    assert offer.counts(first, second) == [
        "The newer one: found 16 of 16 funny clips, took 0 of 16 others for funny",
        "“first”: found 9 of 10 funny clips, took 0 of 10 others for funny",
    ]
    assert "F1 stays 0.90 (0.88–0.92)." in offer.figures(first, second)


def test_the_table_calls_models_as_the_rest_of_the_page_does_and_counts_clips() -> None:
    unnamed = trained("20261128-132332", 20, 0.9, recall=0.9)
    (row,) = models.table_rows([unnamed], unnamed)
    assert (row["name"], row["found"], row["wrong"]) == (models.when(unnamed.created), "9 of 10", "0 of 10")
    assert "when" not in row
    both = models.table_rows([trained("mine", 20, 0.9), unnamed], unnamed)
    assert [row["name"] for row in both] == ["mine", models.when(unnamed.created)]
    assert all(row["when"] for row in both)
    twice = models.table_rows([trained("20261128-132358", 20, 0.9), unnamed], unnamed)
    assert [row["name"] for row in twice] == ["20261128-132358", "20261128-132332"]
