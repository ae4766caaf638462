"""`punchline doctor` reads every file of a workspace and names those that are damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.cli.doctor import _workspace
from core.labels.event import LabelEvent
from core.labels.ledger import Ledger
from core.people.person import Reference
from core.workspace.settings import change_settings, read_settings
from core.workspace.workspace import Workspace

FACE = Reference(np.zeros((8, 8, 3), np.uint8), np.zeros(4), np.zeros((5, 2)), "a.jpg", {})


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    space = Workspace(tmp_path)
    space.add_references("Ann", (FACE,))
    Ledger(space.labels_path).record([LabelEvent("v", "p", 1.0, 7.0, 1, "marked")])
    change_settings(space, language="ko")
    return space


def failed(space: Workspace) -> dict[str, str]:
    return {check.name: check.finding for check in _workspace(space.root) if not check.ok}


def test_a_whole_workspace_is_well(space: Workspace) -> None:
    assert failed(space) == {}
    assert len(_workspace(space.root)) == 11


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        ("videos", "videos.json"),
        ("settings", "settings.json"),
        ("labels", "labels.sqlite"),
        ("people", "people/x.h5"),
        ("features", "features/x.h5"),
        ("series", "series/v/x.h5"),
        ("dataset", "dataset.h5"),
        ("models", "models/m/card.json"),
        ("detections", "detections/x.json"),
    ],
)
def test_every_kind_of_damage_is_named(space: Workspace, kind: str, place: str) -> None:
    path = space.root / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"[damaged" * 300)
    findings = failed(space)
    assert set(findings) == {f"{kind} of the workspace"}
    assert Path(place).stem in findings[f"{kind} of the workspace"] or kind == "models"


def test_settings_that_cannot_be_read_are_kept_aside(space: Workspace) -> None:
    space.settings_path.write_text("[half")
    assert read_settings(space).language == ""
    change_settings(space, language="en")
    (aside,) = space.root.glob("settings.json.damaged-*")
    assert aside.read_text() == "[half"
    assert read_settings(space).language == "en"
    change_settings(space, language="ko")
    assert aside.read_text() == "[half"


@pytest.mark.parametrize("content", ["[]", '{"a": 1}', "{"])
def test_a_list_of_videos_of_another_shape_is_named(space: Workspace, content: str) -> None:
    space.videos_path.write_text(content)
    assert "not readable as a list of videos" in failed(space)["videos of the workspace"]
