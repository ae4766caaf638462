"""Choices are kept; a damaged file is no obstacle."""

from pathlib import Path

import pytest

from core.workspace.settings import Settings, change_settings, read_settings
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
