"""Each video's state and next step follow from what lies in the workspace."""

import json
from pathlib import Path

import numpy as np
import pytest

from core.actions.overview import VideoState, overview
from core.faces.feature_file import write_features
from core.labels.event import LabelEvent
from core.labels.ledger import Ledger
from core.playback.facts import about
from core.workspace.jobs import Jobs
from core.workspace.workspace import Workspace
from tests.media import write
from tests.tables import random_features
from tests.unit.workspace.test_workspace import reference


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "space")


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return write(tmp_path / "stream.mp4", np.arange(20) / 10)


def only(space: Workspace) -> VideoState:
    (state,) = overview(space)
    return state


def test_a_video_goes_from_step_to_step(space: Workspace, video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Jobs, "ensure_worker", lambda self, lane: None)
    id = space.register(video).id
    assert only(space).next_step == "person"
    assert only(space).analysed == "none"
    assert only(space).duration == pytest.approx(2.0, abs=0.2)

    person = space.add_references("Mina", (reference(),))
    assert only(space).next_step == "extract"

    job = Jobs(space).submit("extract", id, "stream.mp4")
    assert only(space).next_step == "wait"
    Jobs(space).cancel(job.id)
    assert only(space).next_step == "extract"

    write_features(space.features_path(id), random_features(0))
    assert (only(space).analysed, only(space).next_step) == ("done", "label")

    events = [LabelEvent(id, person.id, 10.0 * k, 10.0 * k + 6, int(k > 9), "random") for k in range(30)]
    Ledger(space.labels_path).record(events[10:])
    assert (only(space).n_labels, only(space).next_step) == (20, "label"), "all of them are funny"
    Ledger(space.labels_path).record(events[:10])
    assert (only(space).n_labels, only(space).next_step) == (30, "train")

    (space.root / "models" / "first").mkdir(parents=True)
    (space.root / "models" / "first" / "card.json").write_text("{}")
    assert only(space).next_step == "detect"

    path = space.detections_path(id, person.id)
    path.parent.mkdir()
    path.write_text(json.dumps({"moments": [{}, {}, {}]}))
    assert (only(space).n_moments, only(space).next_step) == (3, "review")
    path.write_text("{")
    assert only(space).n_moments is None

    whole = space.features_path(id).read_bytes()
    for content in (whole[: len(whole) // 2], b"", b"no HDF5"):
        space.features_path(id).write_bytes(content)
        state = only(space)
        assert (state.analysed, state.next_step) == ("damaged", "extract")
        assert str(space.features_path(id)) in str(state.damage)
    space.features_path(id).write_bytes(whole)
    assert (only(space).analysed, only(space).damage) == ("done", None)

    video.unlink()
    assert only(space).next_step == "find"


def test_a_file_that_is_no_video_is_told_once(space: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "broken.mp4"
    path.write_text("no video")
    video = space.register(path)
    assert "no readable video" in about(space, [video])[video.id]["fault"]
    path.unlink()
    assert "fault" in about(space, [video])[video.id]


def test_files_beyond_the_time_allowed_are_left_for_later(space: Workspace, video: Path) -> None:
    registered = space.register(video)
    assert about(space, [registered], budget=0.0) == {}
    assert about(space, [registered])[registered.id]["width"] > 0
