"""Work in the background: the dataset follows the labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.actions.background import (
    BEHIND,
    KINDS,
    begin_dataset,
    begin_dataset_if_behind,
    begin_moments,
    detection_subject,
)
from core.dataset.dataset_file import read_info
from core.faces.feature_file import Features, write_features
from core.labels.event import LabelEvent
from core.labels.ledger import Ledger
from core.segment import Segment
from core.video_feature_extractor import ExtractionSettings
from core.workspace.jobs import Jobs
from core.workspace.registry import Video
from core.workspace.workspace import Workspace
from tests.unit.workspace.test_library import add_person, analysis


class Unwatched:
    """A report that nobody reads."""

    def progress(self, completed: float, total: float) -> None:
        pass

    def seen(self, seen: object) -> None:
        pass

    def wish(self) -> Mapping[str, Any] | None:
        return None


def test_the_dataset_is_brought_up_to_date_after_some_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Jobs, "ensure_worker", lambda self, lane: None)
    workspace = Workspace(tmp_path)
    ledger = Ledger(workspace.labels_path)
    events = [LabelEvent("v", "p", 10.0 * k, 10.0 * k + 6, k % 2, "marked") for k in range(BEHIND)]
    ledger.record(events[1:])
    assert begin_dataset_if_behind(workspace, ledger.last_seq()) is None
    ledger.record(events[:1])
    job = begin_dataset_if_behind(workspace, ledger.last_seq())
    assert job is not None
    assert (job.kind, job.lane) == ("dataset", "short")
    assert KINDS["dataset"](workspace, job, Unwatched()) == {"n_clips": 0, "n_computed": 0}
    assert read_info(workspace.dataset_path).ledger_seq == ledger.last_seq()
    assert begin_dataset_if_behind(workspace, ledger.last_seq()) is None


def test_it_is_built_with_the_options_that_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Jobs, "ensure_worker", lambda self, lane: None)
    workspace = Workspace(tmp_path)
    job = begin_dataset(workspace, n_rows=20, sampling="linear")
    KINDS["dataset"](workspace, job, Unwatched())
    assert str(read_info(workspace.dataset_path).options) == "20 rows, linear"


def test_moments_are_looked_for_once_the_video_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Jobs, "ensure_worker", lambda self, lane: None)
    workspace = Workspace(tmp_path / "space")
    (tmp_path / "a.mp4").write_bytes(b"a video")
    video, person = workspace.register(tmp_path / "a.mp4"), add_person(workspace, "Ada")
    made = analysis(1, laughs=[Segment(4.0, 10.0)], seed=0)
    made = replace(made, info=replace(made.info, fingerprint=video.id))

    def extract(workspace: Workspace, video: Video, settings: ExtractionSettings, **_watched: object) -> Features:
        assert settings == ExtractionSettings()
        write_features(workspace.features_path(video.id), made)
        return made

    monkeypatch.setattr("core.actions.background.videos.extract", extract)
    reading = begin_moments(workspace, video, person)
    assert reading.kind == "extract"
    KINDS["extract"](workspace, reading, Unwatched())
    search = Jobs(workspace).latest("detect", detection_subject(video, person))
    assert search is not None
    assert search.settings["decision"]["max_per_hour"] is None  # it is short
    assert begin_moments(workspace, video, person).id == search.id
