from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
import pytest

from core.actions.background import begin_hearing
from core.actions.cues import compute_laughter, hear_anew, hears_otherwise, with_laughter
from core.actions.moments import detect
from core.actions.worker import run
from core.errors import PunchlineError, WorkspaceFault
from core.faces import feature_file as feature_store
from core.workspace.jobs import Jobs
from core.workspace.registry import Video
from core.workspace.workspace import Workspace
from tests.media import Sound, tone, write
from tests.tables import random_features
from tests.unit.workspace.test_workspace import reference


def no_progress(completed: float, total: float) -> None:
    assert 0 <= completed <= total


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "w")


def test_laughter_comes_later_without_an_extraction(workspace, tmp_path):
    path = write(tmp_path / "a.mkv", None, Sound(tone(440, 90.0), 48_000))
    video = workspace.register(path)
    features = random_features(0, n_frames=200)
    target = workspace.features_path(video.id)
    feature_store.write_features(target, features)
    feature_store.change_cues(target, {"laughter": None})
    rows = compute_laughter(workspace, video, on_progress=no_progress)
    timestamps, cues, _ = feature_store.read_cues(target)
    assert rows.shape == (200, 4)
    np.testing.assert_array_equal(cues["laughter"], rows)
    assert np.isfinite(rows[timestamps < 89]).all()
    assert np.isnan(rows[timestamps > 91]).all()


def test_without_extraction_or_sound_it_says_so(workspace, tmp_path):
    path = write(tmp_path / "a.mkv", np.arange(10) / 10, None)
    video = workspace.register(path)
    with pytest.raises(WorkspaceFault, match="not analysed yet"):
        compute_laughter(workspace, video, on_progress=no_progress)
    feature_store.write_features(workspace.features_path(video.id), random_features(0))
    with pytest.raises(WorkspaceFault, match="no sound"):
        compute_laughter(workspace, video, on_progress=no_progress)


@pytest.fixture
def heard_by_an_older_program(workspace, tmp_path) -> Video:
    video = workspace.register(write(tmp_path / "a.mkv", None, Sound(tone(440, 9.0), 48_000)))
    target = workspace.features_path(video.id)
    feature_store.write_features(target, random_features(0))
    assert not hears_otherwise(workspace, video)
    with h5py.File(target, "a") as file:
        file["cues/laughter"].attrs["digest"] = "older"
    assert hears_otherwise(workspace, video)
    return video


def test_laughter_heard_in_another_way_is_heard_anew_where_it_is_needed(workspace, heard_by_an_older_program):
    video = heard_by_an_older_program
    with suppress(PunchlineError):  # there is no model
        detect(workspace, video, workspace.add_references("Ada", (reference(),)))
    assert not hears_otherwise(workspace, video)
    assert "laughter" in feature_store.read_cues(workspace.features_path(video.id))[1]
    assert hear_anew(workspace, [video], on_progress=no_progress) == 0


def test_it_is_heard_anew_by_a_job(workspace, heard_by_an_older_program, monkeypatch):
    monkeypatch.setattr(Jobs, "ensure_worker", lambda self, lane: None)
    job = run(Jobs(workspace), begin_hearing(workspace, heard_by_an_older_program))
    assert (job.status, job.result) == ("done", {"n_rows": 9})
    assert not hears_otherwise(workspace, heard_by_an_older_program)


def test_a_video_that_is_gone_keeps_what_was_heard(workspace, heard_by_an_older_program):
    heard_by_an_older_program.paths[0].unlink()
    assert hear_anew(workspace, [heard_by_an_older_program], on_progress=no_progress) == 0
    assert hears_otherwise(workspace, heard_by_an_older_program)


def test_an_extraction_of_which_not_all_was_heard_is_heard_whole(workspace, heard_by_an_older_program):
    features = feature_store.read_features(workspace.features_path(heard_by_an_older_program.id))
    assert "laughter" not in features.cues
    heard = with_laughter(workspace, heard_by_an_older_program, features, on_progress=no_progress)
    assert heard.cues["laughter"].shape == (9, 4)
    assert with_laughter(workspace, heard_by_an_older_program, heard, on_progress=no_progress) is heard
