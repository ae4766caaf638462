"""What the bar of a page says of its step."""

import time
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.actions.sample import SAMPLE, take_sample_labels
from core.storage.files import write_json
from core.workspace.jobs import Job, Jobs
from core.workspace.workspace import Workspace
from tests.ui.test_label import reference


def bar_of_train() -> None:
    from pages.components.shared.steps import next_step

    next_step("train")


def said() -> str:
    return " ".join(str(part.value) for part in AppTest.from_function(bar_of_train).run().markdown)


def test_a_training_asks_for_labels_before_it_can_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUNCHLINE_WORKSPACE", str(tmp_path))
    space = Workspace(tmp_path)
    space.register(SAMPLE)
    person = space.add_references("Grace", (reference(),))
    assert "0 of 20 labels" in said()
    take_sample_labels(space, person)
    assert "Press Start" in said()


def bar_of_reference() -> None:
    from pages.components.shared.steps import next_step

    next_step("reference")


def test_the_extraction_is_offered_once_the_person_has_a_face(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUNCHLINE_WORKSPACE", str(tmp_path))
    space = Workspace(tmp_path)
    space.register(SAMPLE)
    assert not AppTest.from_function(bar_of_reference).run().button
    space.add_references("Grace", (reference(),))
    assert [button.label for button in AppTest.from_function(bar_of_reference).run().button] == ["Next: Extract"]


def menu() -> None:
    from pages.components.shared.steps import stepper

    stepper()


def test_the_menu_hints_at_what_is_lacking_and_at_nothing_that_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUNCHLINE_WORKSPACE", str(tmp_path))
    hints: dict[str, str | None] = {}
    monkeypatch.setattr(st, "page_link", lambda page, help=None, **_: hints.update({page: help}))
    Workspace(tmp_path).register(SAMPLE)
    assert not AppTest.from_function(menu).run().exception
    assert hints["pages/home.py"] is None
    assert hints["pages/reference.py"] == "Reference face · next step · Choose some faces of the person."


def bar_of_detect() -> None:
    from pages.components.shared.steps import next_step

    next_step("detect")


def bar_of_extract() -> None:
    from pages.components.shared.steps import next_step

    next_step("extract")


BARS = {"extract": bar_of_extract, "train": bar_of_train, "detect": bar_of_detect}


@pytest.mark.parametrize("kind", list(BARS))
def test_what_is_under_way_comes_before_what_is_done_and_what_others_wait_for_is_neither(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("PUNCHLINE_WORKSPACE", str(tmp_path))
    space = Workspace(tmp_path)
    video, person = space.register(SAMPLE), space.add_references("Grace", (reference(),))
    take_sample_labels(space, person)
    space.features_path(video.id).parent.mkdir(parents=True, exist_ok=True)
    space.features_path(video.id).write_bytes(b"")
    write_json(space.models_folder / "first" / "card.json", {"person_id": person.id, "model": "logistic"})
    place = {"start": 10.0, "end": 16.0, "score": 0.5, "probability": 0.5, "best_start": 10.0, "best_end": 16.0}
    head = {"format": "punchline-detections", "format_version": 1, "model": "first", "earlier": {}}
    write_json(space.detections_path(video.id, person.id), {**head, "moments": [{**place, "labelled": True}]})
    subject = {"extract": video.id, "train": person.id, "detect": f"{video.id}/{person.id}"}[kind]

    def bar() -> tuple[str, list[str]]:
        app = AppTest.from_function(BARS[kind]).run()
        assert not app.exception
        return " ".join(str(part.value) for part in app.markdown), [b.proto.type for b in app.button]

    done, offered = bar()
    assert "· done" in done
    assert set(offered) <= {"primary"}
    other = Jobs(space).save(Job("1", kind, "another", "other", submitted=time.time()))
    assert bar() == (done, offered), "the work of another video or person is not this one's"
    Jobs(space).save(replace(other, id="2", subject=subject))
    words, offered = bar()
    assert "· under way" in words
    assert set(offered) <= {"tertiary"}
    places: list[str] = []
    monkeypatch.setattr(st, "page_link", lambda page, help=None, **_: places.append(f"{page} {help}"))
    assert not AppTest.from_function(menu).run().exception
    assert "under way" in next(place for place in places if place.startswith(f"pages/{kind}.py"))
