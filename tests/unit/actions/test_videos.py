"""What is made of a video: a copy for playback that hears wishes, and series with thresholds that may be 0."""

from __future__ import annotations

import threading
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from core.actions.background import begin_playable
from core.actions.videos import SeriesOptions, make_playable
from core.actions.worker import run
from core.people.person import Thresholds
from core.playback.playable import playable
from core.workspace.jobs import Jobs
from core.workspace.workspace import Workspace
from tests.media import write

TICK = Fraction(1, 30)  # mpeg4 knows no finer ones of ours


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setattr(Jobs, "ensure_worker", lambda self, lane: None)
    return Workspace(tmp_path / "space")


def test_a_minute_wanted_during_the_work_is_made_before_the_rest(space: Workspace, tmp_path: Path) -> None:
    video = space.register(write(tmp_path / "long.avi", np.arange(900) / 5, codec="mpeg4", tick=TICK))
    assert playable(space, video).state == "needed"
    wanted, seen = iter([2, None, None, 1]), []

    def wanted_minute() -> int | None:
        minute = next(wanted, None)
        seen.extend(playable(space, video, wanted=60.0 * k + 10).state for k in (2, 1))
        return minute

    told: list[tuple[float, float]] = []
    proxy = make_playable(
        space, video, wanted_minute=wanted_minute, on_progress=lambda *progress: told.append(progress)
    )
    assert seen[:2] == ["needed", "needed"], "nothing is there yet"
    assert seen[2:4] == ["minute", "needed"], "the first wish comes before the whole"
    assert ["minute", "minute"] in [seen[k : k + 2] for k in range(0, len(seen), 2)], "the second in its middle"
    assert playable(space, video, wanted=70.0).state == "proxy"
    assert proxy.path == space.proxy_path(video.id)
    assert not space.proxy_minutes_folder(video.id).exists()
    whole = [completed for completed, total in told if total > 100]
    assert whole == sorted(whole), "a minute in between does not turn the bar back"


def test_a_wish_beyond_the_end_does_not_stop_the_whole(space: Workspace, tmp_path: Path) -> None:
    video = space.register(write(tmp_path / "short.avi", np.arange(40) / 10, codec="mpeg4", tick=TICK))
    job = begin_playable(space, video, wanted=4000.0)
    done = run(Jobs(space), job)
    assert done.status == "done", done.message
    assert done.result["bytes"] == space.proxy_path(video.id).stat().st_size


def test_a_wish_reaches_the_running_job(space: Workspace, tmp_path: Path) -> None:
    video = space.register(write(tmp_path / "long.avi", np.arange(900) / 5, codec="mpeg4", tick=TICK))
    jobs = Jobs(space)
    job = begin_playable(space, video)
    worker = threading.Thread(target=run, args=(jobs, job))
    worker.start()
    try:
        assert begin_playable(space, video, wanted=125.0).id == job.id
    finally:
        worker.join()
    assert jobs.find(job.id).status == "done"
    assert jobs.wishes(job) == [{"minute": 0}, {"minute": 2}]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (SeriesOptions(), (0.5, 0.3)),
        (SeriesOptions(strict=0.0), (0.0, 0.0)),
        (SeriesOptions(relaxed=0.0), (0.5, 0.0)),
        (SeriesOptions(strict=0.2), (0.2, 0.2)),
        (SeriesOptions(strict=0.9), (0.9, 0.3)),
    ],
)
def test_a_threshold_of_0_is_given(options: SeriesOptions, expected: tuple[float, float]) -> None:
    assert options.thresholds(Thresholds(0.5, 0.3)) == Thresholds(*expected)
