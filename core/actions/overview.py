"""What each video of a workspace has come to, and what its next step is."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from core.labels.ledger import Ledger
from core.playback.facts import about
from core.workspace.jobs import Job, Jobs
from core.workspace.workspace import Video, Workspace

Step = Literal["find", "person", "extract", "wait", "label", "train", "detect", "review"]
ENOUGH_LABELS = 20  # clips of a person from which training is worth a try


@dataclass(frozen=True)
class VideoState:
    """One video: what it is, how far it is, and what to do next.

    `about` holds duration (s), width, height, fps, codec, has_audio and playback (`core.playback.proxy.Playback` as a
    mapping), or `fault`; it is empty while unknown.
    `analysed` is none, partial or done; `n_moments` is None where nothing was looked for yet.
    """

    video: Video
    about: Mapping[str, Any]
    analysed: Literal["none", "partial", "done"]
    n_labels: int
    n_moments: int | None
    job: Job | None
    next_step: Step

    @property
    def duration(self) -> float:
        """Seconds, 0 where unknown."""
        return float(self.about.get("duration", 0.0))


def overview(workspace: Workspace) -> list[VideoState]:
    """The state of every video, in the order in which they were first seen."""
    videos = workspace.videos()
    facts = about(workspace, videos)
    latest = {job.subject: job for job in Jobs(workspace).all() if job.kind == "extract"}
    n_labels = Counter(event.video_id for event in Ledger(workspace.labels_path).labels())
    has_person = any(person.references for person in workspace.people())
    has_model = any(workspace.models_folder.glob("*/card.json"))
    return [
        _state(workspace, video, facts.get(video.id, {}), latest.get(video.id), n_labels, has_person, has_model)
        for video in videos
    ]


def _state(
    workspace: Workspace,
    video: Video,
    facts: Mapping[str, Any],
    job: Job | None,
    n_labels: Counter[str],
    has_person: bool,
    has_model: bool,
) -> VideoState:
    analysed: Literal["none", "partial", "done"] = "none"
    if workspace.features_path(video.id).exists():
        analysed = "done"
    elif any(workspace.minutes(video.id).folder.glob("minute_*.h5")):
        analysed = "partial"
    results = sorted(workspace.detections_folder.glob(f"{video.id}-*.json"), key=lambda path: path.stat().st_mtime)
    n_moments = _n_moments(results[-1]) if results else None
    step: Step
    if video.path is None:
        step = "find"
    elif job is not None and job.live:
        step = "wait"
    elif analysed == "partial" or (analysed == "none" and has_person):
        step = "extract"
    elif not has_person:
        step = "person"
    elif n_moments is not None:
        step = "review"
    elif has_model:
        step = "detect"
    else:
        step = "train" if sum(n_labels.values()) >= ENOUGH_LABELS else "label"
    return VideoState(video, facts, analysed, n_labels[video.id], n_moments, job, step)


def _n_moments(path: Path) -> int | None:
    try:
        return len(json.loads(path.read_text(encoding="utf-8"))["moments"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
