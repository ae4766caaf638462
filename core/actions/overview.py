"""What each video of a workspace has come to, and what its next step is."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from core.errors import StorageFault
from core.faces.feature_file import read_features_info
from core.labels.contradictions import counts
from core.labels.goal import goal_of
from core.labels.ledger import Ledger
from core.playback.facts import about
from core.workspace.jobs import Job, Jobs
from core.workspace.paths import State, state_of
from core.workspace.registry import Video
from core.workspace.workspace import Workspace

Step = Literal["find", "person", "extract", "wait", "label", "train", "detect", "review"]
Analysed = Literal["none", "partial", "done", "damaged"]


@dataclass(frozen=True)
class VideoState:
    """One video: what it is, how far it is, and what to do next.

    `about` holds duration (s), width, height, fps, codec, has_audio and playback (`core.playback.proxy.Playback` as a
    mapping), or `fault`; it is empty while unknown.
    `analysed` says how far it is extracted, `damage` what is wrong with the feature file; `n_moments` is None where
    nothing was looked for yet.
    """

    video: Video
    about: Mapping[str, Any]
    analysed: Analysed
    n_labels: int
    n_moments: int | None
    job: Job | None
    next_step: Step
    damage: StorageFault | None = None

    @property
    def duration(self) -> float | None:
        """Seconds, None where unknown."""
        return self.about.get("duration") or None


def overview(workspace: Workspace) -> list[VideoState]:
    """The state of every video, in the order in which they were first seen."""
    videos = workspace.videos()
    facts = about(workspace, videos)
    jobs = {job.subject: job for job in Jobs(workspace).all() if job.kind in ("extract", "sample")}
    n_labels: Counter[str] = Counter()
    found = counts(Ledger(workspace.labels_path))
    for (_person_id, video_id, _label), n in found.items():
        n_labels[video_id] += n
    stage = _Stage(
        has_person=any(person.references for person in workspace.people()),
        has_labels=any(goal_of(found, person_id).reached for person_id, _video_id, _label in found),
        has_model=any(workspace.models_folder.glob("*/card.json")),
    )
    extracted, n_moments = _extracted(workspace), _moments(workspace)
    return [
        stage.state_of(
            video,
            facts.get(video.id, {}),
            *extracted.get(video.id, ("none", None)),
            n_labels[video.id],
            n_moments.get(video.id),
            jobs.get(video.id),
        )
        for video in videos
    ]


@dataclass(frozen=True)
class _Stage:
    """How far the workspace as a whole is."""

    has_person: bool
    has_labels: bool
    has_model: bool

    def state_of(
        self,
        video: Video,
        facts: Mapping[str, Any],
        analysed: Analysed,
        damage: StorageFault | None,
        n_labels: int,
        n_moments: int | None,
        job: Job | None,
    ) -> VideoState:
        """The state of one video, with its next step."""
        step: Step
        if video.path is None:
            step = "find"
        elif job is not None and job.live:
            step = "wait"
        elif analysed in ("partial", "damaged") or (analysed == "none" and self.has_person):
            step = "extract"
        elif not self.has_person:
            step = "person"
        elif n_moments is not None:
            step = "review"
        elif self.has_model:
            step = "detect"
        else:
            step = "train" if self.has_labels else "label"
        return VideoState(video, facts, analysed, n_labels, n_moments, job, step, damage)


def _extracted(workspace: Workspace) -> dict[str, tuple[Analysed, StorageFault | None]]:
    """How far each video is extracted, and what is wrong with the file, by id; the folder is listed once for all."""
    states: dict[str, tuple[Analysed, StorageFault | None]] = {}
    for path in workspace.features_folder.glob("*.minutes"):
        if any(path.glob("minute_*.h5")):
            states[path.stem] = "partial", None
    for path in workspace.features_folder.glob("*.h5"):
        damage = _damage(path, state_of(path))
        states[path.stem] = "done" if damage is None else "damaged", damage
    return states


@lru_cache(maxsize=4096)
def _damage(path: Path, state: State) -> StorageFault | None:
    try:
        read_features_info(path)
    except StorageFault as fault:
        return fault
    return None


def _moments(workspace: Workspace) -> dict[str, int | None]:
    """How many moments the latest search in each video gave, by id; None where its file cannot be read."""
    latest: dict[str, tuple[float, Path]] = {}
    for path in workspace.detections_folder.glob("*.json"):
        video_id = path.stem.split("-")[0]
        latest[video_id] = max(latest.get(video_id, (0.0, path)), (path.stat().st_mtime, path))
    return {video_id: _n_moments(path) for video_id, (_time, path) in latest.items()}


def _n_moments(path: Path) -> int | None:
    try:
        return len(json.loads(path.read_text(encoding="utf-8"))["moments"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
