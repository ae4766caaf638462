"""The way from a video to its reviewed moments: which steps are done, and how far the others are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.actions.background import detection_subject
from core.detection.results import read_detections
from core.labels.contradictions import counts
from core.labels.goal import LEAST_OF_A_KIND, goal_of
from core.labels.ledger import Ledger
from core.people.person import Person
from core.training.model_store import ModelStore
from core.workspace.jobs import Jobs
from core.workspace.registry import Video
from core.workspace.workspace import Workspace

StepName = Literal["video", "person", "extract", "label", "train", "detect", "review"]


@dataclass(frozen=True)
class StepState:
    """One step: `n` of what it makes are there (videos, faces, videos read, labels towards the goal, models, moments,
    reviewed moments), `needed` of them make it done; `under_way` while a job does its work."""

    name: StepName
    n: int
    needed: int = 1
    under_way: bool = False

    @property
    def done(self) -> bool:
        """Whether the next step can follow."""
        return self.n >= self.needed > 0


def steps(workspace: Workspace, video: Video | None, person: Person | None) -> list[StepState]:
    """The seven steps for a person in a video, in their order; a step is not done where either is None."""
    n_labels = n_models = n_moments = n_judged = 0
    extracted = video is not None and workspace.features_path(video.id).exists()
    if person is not None:
        ledger = Ledger(workspace.labels_path)
        n_labels = goal_of(counts(ledger), person.id).n
        n_models = sum(model.card.get("person_id") == person.id for model in ModelStore(workspace).all())
        if video is not None:
            latest = next(iter(read_detections(workspace, video.id, person.id).values()), None)
            moments = latest["moments"] if latest is not None else []
            n_moments, n_added = len(moments), sum(moment.get("labelled") is True for moment in moments)
            labels = ledger.labels(person_id=person.id, video_id=video.id)
            judged = [e for e in labels if e.origin in ("accepted", "rejected")]
            n_judged = min(len(judged) + n_added, n_moments)  # a labelled clip is added by hand
    live = _under_way(workspace, video, person)
    return [
        StepState("video", len(workspace.videos())),
        StepState("person", len(person.references) if person is not None else 0),
        StepState("extract", int(extracted), under_way="extract" in live),
        StepState("label", n_labels, 2 * LEAST_OF_A_KIND),
        StepState("train", n_models, under_way="train" in live),
        StepState("detect", n_moments, under_way="detect" in live),
        StepState("review", n_judged, n_moments),
    ]


def _under_way(workspace: Workspace, video: Video | None, person: Person | None) -> set[str]:
    """The steps whose work a job does, for this video and this person: what is done for others is not theirs."""
    about = {"extract": video.id} if video is not None else {}
    about |= {"train": person.id} if person is not None else {}
    if video is not None and person is not None:
        about["detect"] = detection_subject(video, person)
    return {job.kind for job in Jobs(workspace).all() if job.live and about.get(job.kind) == job.subject}
