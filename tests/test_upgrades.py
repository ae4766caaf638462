"""A workspace of an older version opens: what was labelled stays, and what must be made anew is named."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core.actions.models import build_dataset, verify_dataset
from core.actions.moments import kept_moments
from core.actions.videos import make_series
from core.cli.doctor import checks
from core.dataset.dataset_file import read_dataset
from core.errors import PunchlineError
from core.faces.feature_file import read_features
from core.funny_moment_classifier import FunnyMomentClassifier
from core.labels.ledger import Ledger
from core.workspace.workspace import Workspace

OLD = Path(__file__).parent / "fixtures" / "workspace_0_1_0"


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    shutil.copytree(OLD, tmp_path / "space")
    return Workspace(tmp_path / "space")


def test_everything_in_it_can_be_read(space: Workspace) -> None:
    wrong = [check for check in checks(space.root) if "workspace" in check.name and not check.ok]
    assert not wrong


def test_labels_people_and_moments_are_those_that_were_kept(space: Workspace) -> None:
    (video,), (eileen,) = space.videos(), space.people()
    labels = Ledger(space.labels_path).labels(person_id=eileen.id)
    assert (len(labels), sum(event.label == 1 for event in labels)) == (31, 15)
    assert (eileen.name, len(eileen.references)) == ("Eileen", 1)
    assert [round(moment.start) for moment in kept_moments(space, video, eileen)] == [24]
    assert len(read_features(space.features_path(video.id)).faces) == 158


def test_clips_and_model_still_do_their_work(space: Workspace) -> None:
    clips = read_dataset(space.dataset_path)
    model, _card = FunnyMomentClassifier.load(space.models_folder / "first")
    funny = model.predict_proba(clips.inputs, clips.timestamps)[:, 1]
    assert ((funny >= 0.5) == (clips.labels == 1)).mean() > 0.9


def test_what_must_be_made_anew_is_named_and_nothing_is_lost(space: Workspace) -> None:
    (video,), (eileen,) = space.videos(), space.people()
    with pytest.raises(PunchlineError, match=r"'resnet29'.*Extract the videos again"):
        make_series(space, video, eileen)
    assert {finding.kind for finding in verify_dataset(space)} >= {"stale"}
    done = build_dataset(space)
    assert (done.n_kept, done.clips.stale.sum()) == (31, 31)
