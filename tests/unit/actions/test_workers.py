"""Several processes read a video as one does, bit for bit, also when one of them dies."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from math import inf
from multiprocessing import forkserver
from pathlib import Path

import av
import numpy as np
import psutil
import pytest

from core.actions import workers as workers_module
from core.actions.batch import Engine, extract_all
from core.actions.ranges import ranges
from core.actions.workers import Workers, WorkersLost, most_workers
from core.faces.feature_file import Minutes
from core.multimodal_processor import extract
from core.video_feature_extractor import ExtractionSettings, Stretch
from core.workspace.workspace import Workspace
from tests import media
from tests.portraits import COLLINS, HOPPER, make_video
from tests.unit.test_multimodal_processor import same_arrays

SETTINGS = ExtractionSettings(sample_rate=0.5, device="cpu")
SAMPLE = Path(__file__).resolve().parents[3] / "assets" / "sample.mp4"
SHOTS = [(40.0, [COLLINS]), (50.0, [HOPPER]), (60.0, [HOPPER, COLLINS])]
pytestmark = pytest.mark.timeout(300)  # processes that load their networks


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_video(tmp_path_factory.mktemp("film") / "film.mp4", SHOTS, fps=2)


@pytest.fixture(scope="module")
def whole(film: Path) -> Path:
    """What one process reads of it."""
    target = film.with_name("whole.h5")
    extract(film, target, settings=SETTINGS)
    return target


def remuxed(source: Path, target: Path, *, jitter: float = 0.0) -> Path:
    """The packets of a video without B pictures in another container, each shown up to `jitter` seconds later."""
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        streams = {stream.index: new.add_stream_from_template(stream) for stream in old.streams}
        for packet in old.demux():
            if packet.dts is not None:
                if packet.stream.type == "video":
                    later = round(jitter * (packet.pts * 7919 % 13) / 13 / packet.time_base)
                    packet.pts, packet.dts = packet.pts + later, packet.dts + later
                packet.stream = streams[packet.stream.index]
                new.mux(packet)
    return target


def worker_ids() -> list[int]:
    """Processes that read: those that the server of this process split off."""
    server = forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined]  # it has no public name
    return [
        child.pid
        for child in (psutil.Process(server).children() if server else [])
        if child.status() != psutil.STATUS_ZOMBIE
    ]


def test_the_last_range_is_open_and_each_is_a_few_minutes() -> None:
    stretch = Stretch(Path("v.mp4"), SETTINGS)
    assert [(r.start, r.end) for r in ranges(stretch, 150.0, 2)] == [(0, 60), (60, 120), (120, inf)]
    hours = ranges(replace(stretch, after=3599.0), 5 * 3600.0, 4)
    assert hours[0].start == 3600
    assert {r.end - r.start for r in list(hours)[:-1]} == {300.0}
    assert [r.start for r in ranges(replace(stretch, after=200.0), 150.0, 2)] == [240]


def test_automatic_numbers_fit_processors_and_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers_module, "n_cores", lambda: 16)
    memory = type("Memory", (), {"available": 3e9})
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    assert most_workers() == 2
    memory.available = 1e12
    assert most_workers() == 8
    monkeypatch.setattr(workers_module, "n_cores", lambda: 1)
    assert most_workers() == 1


def test_elsewhere_than_on_linux_processes_are_spawned(monkeypatch: pytest.MonkeyPatch) -> None:
    workers_module._context.cache_clear()
    monkeypatch.setattr("sys.platform", "win32")
    try:
        assert workers_module._context().get_start_method() == "spawn"
    finally:
        workers_module._context.cache_clear()


def test_two_processes_read_as_one_although_one_is_killed(film: Path, whole: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared.h5"
    told, killed = [], []

    def progress(completed: float, total: float) -> None:
        told.append(completed)
        if not killed and completed > 10:
            killed.append(worker_ids()[0])
            os.kill(killed[0], signal.SIGKILL)

    shown = []
    with Workers(2) as workers:
        features = extract(
            film, shared, settings=SETTINGS, reader=workers.minutes, on_progress=progress, on_seen=shown.append
        )
    assert killed
    assert told == sorted(told), "one bar that never turns back"
    assert len({seen.timestamp for seen in shown}) == features.faces.n_frames
    assert any(seen.image.size for seen in shown)
    same_arrays(whole, shared)
    assert not worker_ids()


@pytest.mark.slow
def test_what_is_stopped_goes_on_with_other_workers(film: Path, whole: Path, tmp_path: Path) -> None:
    stopped = tmp_path / "stopped.h5"
    minutes = stopped.with_suffix(".minutes")

    def stop(completed: float, total: float) -> None:
        if any(Minutes(minutes).read()):
            raise InterruptedError

    with Workers(2) as workers:
        with pytest.raises(InterruptedError):
            extract(film, stopped, settings=SETTINGS, reader=workers.minutes, on_progress=stop)
        extract(film, stopped, settings=SETTINGS, reader=workers.minutes)
    same_arrays(whole, stopped)


@pytest.mark.slow
def test_minutes_that_kill_every_worker_are_named(film: Path, tmp_path: Path) -> None:
    with Workers(1) as workers:

        def progress(completed: float, total: float) -> None:
            for id in worker_ids():
                with suppress(ProcessLookupError):
                    os.kill(id, signal.SIGKILL)

        with pytest.raises(WorkersLost, match=r"3 worker processes died .* from 0 s on .*--workers"):
            extract(film, tmp_path / "v.h5", settings=SETTINGS, reader=workers.minutes, on_progress=progress)


@pytest.mark.slow
def test_several_videos_take_turns_and_a_damaged_one_stops_nobody(film: Path, tmp_path: Path) -> None:
    space = Workspace(tmp_path / "space")
    videos = [space.register(remuxed(film, tmp_path / name)) for name in ("a.mkv", "b.mp4")]
    videos.insert(1, space.register(media.write(tmp_path / "gone.mp4", np.arange(90) / 1)))
    assert videos[1].path is not None
    videos[1].path.unlink()
    told: list[tuple[float, float]] = []
    names: list[str] = []

    def progress_of(name: str) -> Callable[[float, float], None]:
        names.append(name)
        return lambda *progress: told.append(progress)

    found = {
        x.video.name: x for x in extract_all(space, videos, SETTINGS, Engine(n_workers=2), progress_of=progress_of)
    }
    assert names == ["3 videos"]
    assert isinstance(found["gone.mp4"].result, Exception)
    assert told[-1] == pytest.approx((300.0, 300.0), abs=1)
    for video in (videos[0], videos[2]):
        whole = tmp_path / "whole.h5"
        extract(video.existing_path(), whole, settings=SETTINGS, resume=False)
        same_arrays(whole, space.features_path(video.id))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["variable rate", "open groups", "ts", "sample"])
def test_odd_files_are_read_alike(kind: str, film: Path, tmp_path: Path) -> None:
    """At three samples a second, where faces are followed."""
    settings = ExtractionSettings(sample_rate=3.0, device="cpu")
    groups = {"preset": "veryfast", "bf": "3", "x264-params": "open-gop=1:keyint=70"}
    source = {
        "variable rate": lambda: remuxed(film, tmp_path / "v.mkv", jitter=0.45),
        "open groups": lambda: make_video(tmp_path / "v.mkv", SHOTS, fps=4, options=groups),
        "ts": lambda: remuxed(film, tmp_path / "v.ts"),
        "sample": lambda: SAMPLE,
    }[kind]()
    whole, shared = tmp_path / "whole.h5", tmp_path / "shared.h5"
    extract(source, whole, settings=settings)
    with Workers(2) as workers:
        extract(source, shared, settings=settings, reader=workers.minutes)
    same_arrays(whole, shared)
