"""One action on many videos: here, one after the other or with worker processes that they share, or on a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from core.actions import cluster
from core.actions.moments import detect
from core.actions.outcome import Outcome, outcome_of
from core.actions.videos import OnProgress, extract
from core.actions.workers import Workers
from core.detection.detect import DetectionSettings
from core.multimodal_processor import summary
from core.people.person import Person
from core.video_feature_extractor import ExtractionSettings, MinuteReader
from core.workspace.registry import Video
from core.workspace.workspace import Workspace


@dataclass(frozen=True)
class Engine:
    """Who works: `n_workers` processes here, or Ray at an address; without one, Ray with so many processes here."""

    kind: Literal["local", "ray"] = "local"
    address: str | None = None
    n_workers: int = 1


def extract_all(
    workspace: Workspace,
    videos: Sequence[Video],
    settings: ExtractionSettings = ExtractionSettings(),
    engine: Engine = Engine(),
    *,
    resume: bool = True,
    progress_of: Callable[[str], OnProgress],
) -> Iterator[Outcome]:
    """Extract videos and give the counts of each as soon as it is finished; one that fails does not stop the others.

    Parameters
    ----------
    engine
        With several workers videos are read at the same time and take turns.
    progress_of
        The name of a video, or how many there are -> whom to tell how far it is.
    """
    if engine.kind == "local" and engine.n_workers == 1:
        for video in videos:
            told = progress_of(video.name)
            yield outcome_of(partial(_extract, workspace, settings, resume, told, None), video)
        return
    sum_told = _Sum(progress_of(videos[0].name if len(videos) == 1 else f"{len(videos)} videos"))
    if engine.kind == "ray":
        with cluster.connected(engine.address, engine.n_workers) as machines:
            yield from machines.extract(workspace, videos, settings, resume=resume, on_progress=sum_told)
        return
    with _threads(min(engine.n_workers, len(videos))) as threads, Workers(engine.n_workers) as workers:
        under_way = []
        for video in videos:
            task = partial(_extract, workspace, settings, resume, partial(sum_told, video.id), workers.minutes)
            under_way.append(threads.submit(outcome_of, task, video))
        for future in as_completed(under_way):
            yield future.result()


def _extract(
    workspace: Workspace,
    settings: ExtractionSettings,
    resume: bool,
    on_progress: OnProgress,
    reader: MinuteReader | None,
    video: Video,
) -> dict[str, Any]:
    return summary(extract(workspace, video, settings, resume=resume, reader=reader, on_progress=on_progress))


def detect_all(
    workspace: Workspace,
    videos: Sequence[Video],
    person: Person,
    settings: DetectionSettings = DetectionSettings(),
    engine: Engine = Engine(),
    **how: Any,
) -> Iterator[Outcome]:
    """Find a person's moments in videos and give each result as it is kept; `how` as `core.actions.moments.detect`."""
    task = partial(detect_one, Workspace(workspace.root.absolute()), person, settings, how)
    if engine.kind == "ray":
        with cluster.connected(engine.address, engine.n_workers) as machines:
            yield from machines.each(videos, task)
        return
    for video in videos:
        yield outcome_of(task, video)


def detect_one(
    workspace: Workspace, person: Person, settings: DetectionSettings, how: dict[str, Any], video: Video
) -> dict[str, Any]:
    """The moments of one video, as they are kept."""
    return detect(workspace, video, person, settings, **how).result


@contextmanager
def _threads(n: int) -> Iterator[ThreadPoolExecutor]:
    """Threads of which none begins anything more once somebody has stopped."""
    threads = ThreadPoolExecutor(n)
    try:
        yield threads
    finally:
        threads.shutdown(cancel_futures=True)


class _Sum:
    """Tells how far several videos are together."""

    def __init__(self, on_progress: OnProgress) -> None:
        self._on_progress = on_progress
        self._each: dict[str, tuple[float, float]] = {}

    def __call__(self, id: str, completed: float, total: float) -> None:
        self._each[id] = completed, total
        each = list(self._each.values())
        self._on_progress(sum(done for done, _ in each), sum(length for _, length in each))
