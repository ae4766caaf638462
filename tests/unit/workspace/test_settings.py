"""Choices are kept; a damaged file is no obstacle."""

from pathlib import Path

import pytest

from core.workspace.settings import (
    LABELLING,
    REVIEWING,
    USUAL_KEYS,
    Settings,
    change_settings,
    key_fault,
    key_meanings,
    read_settings,
    whole_keys,
)
from core.workspace.workspace import Workspace


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "space")


def test_a_new_workspace_has_the_defaults(space: Workspace) -> None:
    assert read_settings(space) == Settings()


def test_one_choice_leaves_the_others(space: Workspace) -> None:
    change_settings(space, language="ko", folders=("/a", "/영상"))
    change_settings(space, video_id="v1")
    assert read_settings(space) == Settings(language="ko", folders=("/a", "/영상"), video_id="v1")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"language": 3, "folders": "no", "video_id": null}'])
def test_a_damaged_file_gives_the_defaults(space: Workspace, content: str) -> None:
    (space.root / "settings.json").write_text(content)
    assert read_settings(space) == Settings()


def test_a_choice_that_does_not_exist_is_refused(space: Workspace) -> None:
    with pytest.raises(TypeError):
        change_settings(space, colour="red")


def test_keys_are_exchanged_for_the_usual_ones() -> None:
    assert key_meanings(USUAL_KEYS, LABELLING) == key_meanings(USUAL_KEYS, REVIEWING) == {}
    assert key_meanings("anfuaxio", LABELLING) == {"s": "", "a": "f", "f": "s"}
    assert key_meanings("fnsuyxio", REVIEWING) == {"a": "", "y": "a"}


def test_keys_of_an_older_program_get_the_others() -> None:
    assert whole_keys(()) == USUAL_KEYS
    assert whole_keys("ansu") == (*"ansu", *"axio")
    assert whole_keys("fnsa") == (*"fnsa", *"uxio")


@pytest.mark.parametrize(
    "keys", ["fns", "ffsuaxio", "fnsuaaio", "fnsuauio", "rnsuaxio", "1nsuaxio", ["f", "n", "s", ""]]
)
def test_keys_that_cannot_be_are_refused_and_not_used(keys: str | list[str]) -> None:
    assert key_fault(keys) is not None
    assert key_meanings(keys, LABELLING) == {}
