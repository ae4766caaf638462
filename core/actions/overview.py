"""What each video of a workspace has come to, and what its next step is."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from core.errors import PunchlineError
from core.jobs import Job, Jobs
from core.ledger import Ledger
from core.proxy import plan
from core.storage import write_json
from core.video import probe
from core.workspace import Video, Workspace

Step = Literal["find", "person", "extract", "wait", "label", "train", "detect", "review"]
ENOUGH_LABELS = 20  # clips of a person from which training is worth a try
BUDGET = 1.0  # seconds that may be spent on looking into files not seen before


@dataclass(frozen=True)
class VideoState:
    """One video: what it is, how far it is, and what to do next.

    `about` holds duration (s), width, height, fps, codec, has_audio and playback (`core.proxy.Playback` as a mapping),
    or `fault`; it is empty while unknown.
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


def _known(workspace: Workspace) -> dict[str, dict[str, Any]]:
    try:
        content = json.loads((workspace.root / "about.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def about(workspace: Workspace, videos: list[Video], *, budget: float = BUDGET) -> dict[str, dict[str, Any]]:
    """What the files say about themselves, by video id; asked once and kept.

    Parameters
    ----------
    budget
        Seconds after which the rest is left for the next call.
    """
    known = _known(workspace)
    deadline = time.monotonic() + budget
    asked = {}
    for video in videos:
        if video.id not in known and video.path is not None and time.monotonic() < deadline:
            try:
                info = probe(video.path)
                facts = {n: getattr(info, n) for n in ("duration", "width", "height", "fps", "codec", "has_audio")}
                asked[video.id] = {**facts, "playback": asdict(plan(video.path))}
            except PunchlineError as error:
                asked[video.id] = {"fault": str(error)}
    if asked:
        with workspace.lock("about"):
            known = _known(workspace) | asked
            write_json(workspace.root / "about.json", known)
    return known


def overview(workspace: Workspace) -> list[VideoState]:
    """The state of every video, in the order in which they were first seen."""
    videos = workspace.videos()
    facts = about(workspace, videos)
    latest = {job.subject: job for job in Jobs(workspace).all() if job.kind == "extract"}
    n_labels = Counter(event.video_id for event in Ledger(workspace.root / "labels.sqlite").labels())
    has_person = any(person.references for person in workspace.people())
    has_model = any((workspace.root / "models").glob("*/card.json"))
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
    found = sorted((workspace.root / "detections").glob(f"{video.id}-*.json"), key=lambda path: path.stat().st_mtime)
    n_moments = _n_moments(found[-1]) if found else None
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
