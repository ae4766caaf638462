"""What came of one of many videos."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import PunchlineError
from core.workspace.registry import Video

Task = Callable[[Video], Mapping[str, Any]]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a task gave for a video, or why it gave nothing, after so many seconds of work."""

    video: Video
    result: Mapping[str, Any] | PunchlineError
    seconds: float


def outcome_of(task: Task, video: Video) -> Outcome:
    """A task done; an error of ours is its outcome, so that it does not stop the others."""
    started = time.monotonic()
    try:
        result: Mapping[str, Any] | PunchlineError = task(video)
    except PunchlineError as error:
        result = error
    return Outcome(video, result, time.monotonic() - started)
