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
from pages.components.train import training, verdict
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
    monkeypatch.setattr(verdict, "_", lambda message, **values: text(message, "en", **values))


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
