"""Many machines by Ray: each video is a task that writes its own file; where videos are few, so are their minutes.

The workspace and the videos lie on storage that every machine sees under the same path, and every machine has the same
version of Punchline. Ray gives tasks to machines and does those of a lost one again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache, partial
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

from core.actions.outcome import Outcome, Task, outcome_of
from core.actions.ranges import Range, read_in_ranges
from core.actions.videos import extract
from core.actions.workers import CORES, WorkersLost
from core.errors import PunchlineError
from core.faces.search import MINUTE
from core.multimodal_processor import summary
from core.video.ahead import n_cores, threads_for_stages
from core.video.damage import Damage
from core.video.probe import probe
from core.video_feature_extractor import ExtractionSettings, Minute, Models, OnSeen, Stretch, minutes_between
from core.workspace.registry import Video
from core.workspace.workspace import Workspace

GPU = 0.25  # of one that a task with networks on it uses
RETRIES = 3  # of a task whose process or machine was lost
LOOK_EVERY = 1.0  # seconds between two looks at what is finished
LOCAL_STORE = 256 << 20  # bytes of shared memory for results, where Ray runs on this machine alone


class ClusterUnavailable(PunchlineError):
    """Ray is not installed, or does not answer at its address."""


def _ray() -> Any:
    """The package, which is an extra. Raises ClusterUnavailable."""
    try:
        return import_module("ray")
    except ImportError as error:
        raise ClusterUnavailable("Ray is not installed; run `uv sync --extra cluster`") from error


@contextmanager
def connected(address: str | None, n_workers: int) -> Iterator[Cluster]:
    """The Ray cluster at an address; without one, `n_workers` local processes.

    Raises
    ------
    ClusterUnavailable
    """
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")  # else workers under `uv run` do not start
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")  # else Ray prints lost workers to stdout, among the answers
    ray = _ray()
    own = {} if address else {"num_cpus": n_workers * CORES, "object_store_memory": LOCAL_STORE}
    try:
        ray.init(address=address or "local", include_dashboard=None if address else False, log_to_driver=False, **own)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise ClusterUnavailable(
            "no Ray cluster answers at {address} ({cause}); start one with `ray start --head`",
            address=address or "local",
            cause=error,
        ) from error
    try:
        yield Cluster(max(1, int(ray.cluster_resources().get("CPU", CORES) // CORES)))
    finally:
        ray.shutdown()


class Cluster:
    """Does something for each of many videos with `n_workers` processes somewhere."""

    def __init__(self, n_workers: int) -> None:
        self.n_workers = n_workers

    def each(
        self,
        videos: Sequence[Video],
        task: Task,
        *,
        needs: Mapping[str, float] = MappingProxyType({"num_cpus": 1}),
        on_look: Callable[[], None] = lambda: None,
    ) -> Iterator[Outcome]:
        """What the task gives for each video, as they are finished; one that fails does not stop the others.

        Parameters
        ----------
        task
            A function that every machine can import, perhaps with arguments.
        needs
            What it keeps busy: Ray's `num_cpus` and `num_gpus`.
        on_look
            Called about every second.
        """
        ray = _ray()
        remote = ray.remote(max_retries=RETRIES, **needs)(outcome_of)
        under_way = {remote.remote(task, video): video for video in videos}
        while under_way:
            finished, _ = ray.wait(list(under_way), timeout=LOOK_EVERY)
            for reference in finished:
                video = under_way.pop(reference)
                try:
                    yield ray.get(reference)
                except ray.exceptions.RayError as error:
                    yield Outcome(video, _lost(video.name, error), 0.0)
            on_look()

    def extract(
        self,
        workspace: Workspace,
        videos: Sequence[Video],
        settings: ExtractionSettings,
        *,
        resume: bool = True,
        on_progress: Callable[[str, float, float], None] = lambda id, completed, total: None,
    ) -> Iterator[Outcome]:
        """Extract videos; the minutes of each are tasks of their own where there are fewer videos than workers.

        Parameters
        ----------
        on_progress
            Told the seconds that are finished of each video, and how long it is.
        """
        split = len(videos) < self.n_workers
        task = partial(extract_one, workspace.root.absolute(), settings, resume, self.n_workers if split else 0)
        lengths = {video.id: _length(video) for video in videos}

        def tell() -> None:
            for id, length in lengths.items():
                target = workspace.features_path(id)
                n_minutes = sum(1 for _ in target.with_suffix(".minutes").glob("minute_*.h5"))
                on_progress(id, length if target.exists() else min(length, MINUTE * n_minutes), length)

        needs = {"num_cpus": 1} if split else needs_of(settings)
        yield from self.each(videos, task, needs=needs, on_look=tell)


def _length(video: Video) -> float:
    try:
        return probe(video.existing_path(), tracks=video.tracks).duration or 0.0
    except PunchlineError:  # its task will say so
        return 0.0


def needs_of(settings: ExtractionSettings) -> dict[str, float]:
    """What reading pictures keeps busy."""
    return {"num_cpus": CORES, "num_gpus": GPU if settings.device == "cuda" else 0}


def _lost(name: str, error: BaseException) -> WorkersLost:
    return WorkersLost("{name}: its task was lost again and again ({cause})", name=name, cause=error)


def extract_one(root: Path, settings: ExtractionSettings, resume: bool, n_workers: int, video: Video) -> dict[str, Any]:
    """Extract a video into its file, its minutes with n workers where that is above 0; counts as `summary`."""
    reader = partial(_minutes, n_workers) if n_workers else None
    return summary(extract(Workspace(root), video, settings, resume=resume, reader=reader))


def _minutes(
    n_workers: int, stretch: Stretch, damage: Damage, on_progress: Callable[[float], None], on_seen: OnSeen
) -> Generator[Minute]:
    """A `core.video_feature_extractor.MinuteReader` whose ranges are tasks."""
    remote = _ray().remote(max_retries=RETRIES, **needs_of(stretch.settings))(read_range)
    return read_in_ranges(
        lambda part, on_seen: _Reading(remote.remote(part)), n_workers, stretch, damage, on_progress, on_seen
    )


class _Reading:
    """A range that is being read somewhere."""

    def __init__(self, reference: Any) -> None:
        self._reference = reference

    def result(self, timeout: float) -> tuple[list[Minute], Damage]:
        """Raises TimeoutError where it is not finished in so many seconds."""
        ray = _ray()
        try:
            read = ray.get(self._reference, timeout=timeout)
        except ray.exceptions.GetTimeoutError:
            raise TimeoutError from None
        except ray.exceptions.RayError as error:
            raise _lost("minutes of a video", error) from error
        if isinstance(read, PunchlineError):
            raise read
        minutes, damage = read
        return minutes, damage

    def cancel(self) -> None:
        """Nobody wants it any more."""
        _ray().cancel(self._reference)


@lru_cache(maxsize=1)
def _models(settings: ExtractionSettings) -> Models:
    return settings.load_models()


def read_range(part: Range) -> tuple[list[Minute], Damage] | PunchlineError:
    """The minutes of a range, or why they cannot be read."""
    damage, n = Damage(), max(1, n_cores() // CORES)
    try:
        models = _models(part.stretch.settings)
        with threads_for_stages(n):
            return minutes_between(part.stretch, part.start, part.end, models, damage, n_processes=n), damage
    except PunchlineError as error:
        return error
