from pathlib import Path

import numpy as np
import pytest

from core.actions.cues import compute_laughter
from core.errors import WorkspaceFault
from core.faces import feature_file as feature_store
from core.workspace.workspace import Workspace
from tests.media import Sound, tone, write
from tests.tables import random_features


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
