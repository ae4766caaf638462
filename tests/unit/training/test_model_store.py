"""Which model is used: the newest until one is chosen, the chosen one from then on."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import Busy, ModelFault, StorageFault
from core.people.person import Person, Reference
from core.storage.files import write_json
from core.training.model_store import Figure, Model, ModelStore, as_figure
from core.workspace.workspace import Workspace

FACE = Reference(np.zeros((8, 8, 3), np.uint8), np.zeros(4), np.zeros((5, 2)), "a.jpg", {})
ADA, BOB = Person("p1", "Ada", ()), Person("p2", "Bob", ())


def add_model(space: Workspace, name: str, day: int, person: Person = ADA, **more: Any) -> None:
    """A model of a day of May; only its card is there."""
    card = {"person_id": person.id, "created": f"2026-05-{day:02d}T10:00:00.000+00:00", "model": "logistic", **more}
    write_json(space.root / "models" / name / "card.json", card)


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


@pytest.fixture
def store(space: Workspace) -> ModelStore:
    """Three models of Ada, one of Bob that is the newest of all."""
    for day, name in enumerate(("first", "second", "third"), 1):
        add_model(space, name, day)
    add_model(space, "bobs", 9, BOB)
    return ModelStore(space)


def used(store: ModelStore, person: Person = ADA) -> str | None:
    model = store.used(person)
    return None if model is None else model.name


# Which there are


def test_models_are_listed_by_person_the_newest_first(store: ModelStore) -> None:
    assert [model.name for model in store.of(ADA)] == ["third", "second", "first"]
    assert [model.name for model in store.all()] == ["bobs", "third", "second", "first"]
    assert ModelStore(store.workspace).of(Person("p3", "Eve", ())) == []


def test_what_is_no_card_is_passed_over(store: ModelStore) -> None:
    write_json(store.folder / "broken" / "card.json", ["no card"])
    (store.folder / "cut").mkdir()
    (store.folder / "cut" / "card.json").write_text('{"person_id": ')
    (store.folder / "empty").mkdir()
    assert len(store.all()) == 4


def test_an_unknown_name_is_refused_with_the_known_ones(store: ModelStore) -> None:
    with pytest.raises(ModelFault, match=r"no model called bobs \(known: third, second, first\)"):
        store.choose(ADA, "bobs")


# Which one is used


def test_a_damaged_card_stops_whom_it_may_concern_and_names_the_next(store: ModelStore, space: Workspace) -> None:
    card = store.folder / "newest" / "card.json"
    card.parent.mkdir()
    card.write_text('{"created": "2026-06')
    with pytest.raises(ModelFault, match=r"newest: the card .* choose third, the newest that can be read") as fault:
        store.used(ADA)
    assert "choose bobs" not in str(fault.value)
    store.hold(ADA)
    assert not store.is_chosen(ADA), "a training does not decide it"
    store.choose(ADA, "third")
    assert store.used(ADA).name == "third"
    bob = space.add_references("Bob", (FACE,))
    card.write_text(f'{{"person_id": "{bob.id}", "created": "2026-06')
    assert store.used(Person("p3", "Eve", ())) is None, "it is Bob's"
    with pytest.raises(ModelFault, match=r"cannot be read .* move this folder away"):
        store.used(bob)


def test_the_newest_is_used_until_one_is_chosen(store: ModelStore, space: Workspace) -> None:
    assert used(store) == "third"
    assert not store.is_chosen(ADA)
    add_model(space, "fourth", 4)
    assert used(store) == "fourth"
    assert store.offered(ADA) is None


def test_a_choice_outlives_a_newer_model_which_is_offered(store: ModelStore, space: Workspace) -> None:
    store.choose(ADA, "third")
    assert store.offered(ADA) is None
    add_model(space, "fourth", 4)
    assert used(ModelStore(space)) == "third"
    offered = store.offered(ADA)
    assert offered is not None
    assert offered.name == "fourth"
    store.choose(ADA, "fourth")
    assert (used(store), store.offered(ADA)) == ("fourth", None)


def test_what_is_used_can_be_held_before_a_training(store: ModelStore, space: Workspace) -> None:
    store.hold(ADA)
    assert store.is_chosen(ADA)
    add_model(space, "fourth", 4)
    store.hold(ADA)
    assert used(store) == "third"


def test_holding_without_a_model_leaves_the_first_one_free(space: Workspace) -> None:
    store = ModelStore(space)
    store.hold(ADA)
    assert used(store) is None
    add_model(space, "first", 1)
    assert used(store) == "first"


def test_rolling_back_does_not_offer_what_was_left(store: ModelStore, space: Workspace) -> None:
    store.choose(ADA, "first")
    assert (used(store), store.offered(ADA)) == ("first", None)
    add_model(space, "fourth", 4)
    offered = store.offered(ADA)
    assert offered is not None
    assert offered.name == "fourth"


def test_a_declined_model_stays_and_is_not_offered_again(store: ModelStore, space: Workspace) -> None:
    store.choose(ADA, "third")
    add_model(space, "fourth", 4)
    store.decline(ADA, "fourth")
    assert (used(store), store.offered(ADA)) == ("third", None)
    assert "fourth" in [model.name for model in store.of(ADA)]


def test_one_persons_choice_is_not_the_others(store: ModelStore, space: Workspace) -> None:
    store.choose(ADA, "first")
    store.set_retrains(BOB, True)
    assert (used(store), used(store, BOB)) == ("first", "bobs")
    assert (store.retrains(ADA), store.retrains(BOB)) == (False, True)
    store.choose(BOB, "bobs")
    assert store.retrains(BOB)


@pytest.mark.parametrize("content", ["", "[]", '{"people": 3}', '{"people": {"p1": "first"}}'])
def test_a_damaged_choice_is_named_and_not_written_over(store: ModelStore, content: str) -> None:
    (store.folder / "chosen.json").write_text(content)
    for use in (lambda: used(store), lambda: store.choose(ADA, "first")):
        with pytest.raises(StorageFault, match=r"chosen\.json: which models were chosen cannot be read"):
            use()
    assert (store.folder / "chosen.json").read_text() == content


def test_what_is_not_known_of_a_choice_is_passed_over(store: ModelStore) -> None:
    (store.folder / "chosen.json").write_text('{"people": {"p1": {"model": 3, "newer": true}}}')
    assert used(store) == "third"


def test_two_trainings_of_one_name_do_not_both_begin(store: ModelStore) -> None:
    with store.reserved("new"), pytest.raises(Busy), store.reserved("new"):
        pass
    with store.reserved("new") as folder:
        assert folder.name == "new"


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "a\\b", "C:x", "con", "NUL.txt", "end.", " a", "a?", "First", "FIRST"]
)
def test_a_name_that_some_system_refuses_or_knows_already_is_refused(store: ModelStore, name: str) -> None:
    with pytest.raises(ModelFault):
        store.new_folder(name)


@pytest.mark.parametrize("name", ["2026-11-27", "웃음 1", unicodedata.normalize("NFD", "웃음"), "a_b.c"])
def test_other_names_are_names_of_models(store: ModelStore, name: str) -> None:
    assert store.new_folder(name).name == name


def test_a_chosen_model_that_is_gone_gives_way_to_the_newest(store: ModelStore) -> None:
    store.choose(ADA, "first")
    (store.folder / "first" / "card.json").unlink()
    assert used(store) == "third"
    assert not store.is_chosen(ADA)


# Removal


def test_a_removed_model_comes_back_whole(store: ModelStore) -> None:
    store.choose(ADA, "third")
    (store.folder / "first" / "weights.safetensors").write_bytes(b"weights")
    kept = store.remove(ADA, "first")
    assert [model.name for model in store.of(ADA)] == ["third", "second"]
    assert store.restore(kept) == "first"
    assert (store.folder / "first" / "weights.safetensors").read_bytes() == b"weights"
    with pytest.raises(ModelFault, match="not in the trash"):
        store.restore(kept)


def test_a_model_removed_twice_under_one_name_is_kept_twice(store: ModelStore, space: Workspace) -> None:
    one = store.remove(ADA, "first")
    add_model(space, "first", 5)
    store.choose(ADA, "third")
    with pytest.raises(ModelFault, match="another model of this name"):
        store.restore(one)
    other = store.remove(ADA, "first")
    assert one != other
    assert store.restore(one) == "first"


def test_the_model_in_use_is_removed_only_if_it_is_the_last(store: ModelStore) -> None:
    with pytest.raises(ModelFault, match="in use; choose another one first"):
        store.remove(ADA, "third")
    store.remove(BOB, "bobs")
    assert used(store, BOB) is None
    with pytest.raises(ModelFault, match="known: none"):
        store.remove(BOB, "bobs")


@pytest.mark.parametrize("kept", ["", "x", "../models/first", "..", ".", "first"])
def test_only_what_lies_in_the_trash_is_restored(store: ModelStore, kept: str) -> None:
    with pytest.raises(ModelFault):
        store.restore(kept)
    assert len(store.all()) == 4


# Figures


def test_figures_come_from_the_card_and_none_where_it_has_none() -> None:
    metrics = {"f1": {"value": 0.8, "low": 0.5, "high": 0.9}, "brier": {"value": None}, "recall": {"value": 1}}
    random = {"n": 5, "metrics": {"f1": {"value": 0.6, "low": None, "high": None}}}
    card = json.loads(json.dumps({"judgement": {"metrics": metrics, "random": random}, "n_clips": 9, "n_left_out": 2}))
    model = Model(Path("m"), card)
    assert model.figure("f1") == Figure(0.8, 0.5, 0.9)
    assert model.figure("recall") == Figure(1.0)
    assert model.figure("f1", "random") == Figure(0.6)
    assert [model.figure(*path) for path in (("brier",), ("roc_auc",), ("f1", "baselines", "loudness"))] == [None] * 3
    assert model.n_labels == 11
    assert as_figure(None) is None


def test_a_card_without_anything_is_a_model_still() -> None:
    model = Model(Path("m"), {"judgement": "none", "n_clips": "many"})
    assert (model.kind, model.created, model.n_labels, model.figure("f1")) == ("", "", 0, None)
