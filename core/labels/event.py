"""What happened to a clip: a label, a removal or a skip."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime

from core.segment import LabeledSegment, Segment

ORIGINS = (
    "random",
    "in_order",
    "peaks",
    "calm",
    "likely",
    "uncertain",
    "laughter",
    "chat",
    "marked",
    "imported",
    "ready",
    "cut",
    "accepted",
    "rejected",
)
KINDS = ("label", "remove", "skip")


def now() -> str:
    """The time in UTC, ISO 8601 with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def clip_id_of(video_id: str, person_id: str, start: float, end: float) -> str:
    """The id of a clip that nobody named: the same for the same place, video and person, to a millisecond."""
    return hashlib.sha256(f"{video_id}|{person_id}|{start:.3f}|{end:.3f}".encode()).hexdigest()[:16]


def moment_id_of(video_id: str, person_id: str, start: float, end: float, *, labelled: bool = False) -> str:
    """The id of a moment whose best window lies here; one that was `labelled`, not found, is another one."""
    return ("+" if labelled else "") + clip_id_of(video_id, person_id, start, end)


@dataclass(frozen=True)
class LabelEvent:
    """One thing that happened to one clip.

    `kind` is ``label`` (then `label` is 0 or 1), ``remove`` or ``skip`` (put off, which takes no label away). `start`
    and `end` are seconds, `origin` one of `ORIGINS`, `at` ISO 8601 in UTC. `id` comes from whoever made the event; one
    recorded twice counts once. `undoes` is the id of the event that this one takes back, else empty.
    """

    video_id: str
    person_id: str
    start: float
    end: float
    label: int | None
    origin: str
    kind: str = "label"
    clip_id: str = ""
    labeller: str = ""
    note: str = ""
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    at: str = field(default_factory=now)
    undoes: str = ""

    def __post_init__(self) -> None:
        if self.origin not in ORIGINS:
            raise ValueError(f"origin {self.origin!r}, expected one of {', '.join(ORIGINS)}")
        if self.kind not in KINDS or (self.kind == "label") != (self.label in (0, 1)):
            raise ValueError(f"kind {self.kind!r} with label {self.label!r}")
        Segment(self.start, self.end)  # checks them
        if not self.clip_id:
            object.__setattr__(self, "clip_id", clip_id_of(self.video_id, self.person_id, self.start, self.end))

    @property
    def segment(self) -> LabeledSegment:
        """The clip with its label. A removal has none: AssertionError."""
        assert self.label is not None
        return LabeledSegment(self.start, self.end, self.label)
