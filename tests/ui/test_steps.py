"""What the bar of a page says of its step."""

from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.actions.sample import SAMPLE, take_sample_labels
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
