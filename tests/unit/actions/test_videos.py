"""What is made of a video: a copy for playback that hears wishes, and series with thresholds that may be 0."""

from __future__ import annotations

import threading
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.actions.background import begin_playable
from core.actions.moments import export
from core.actions.people import moment_of
from core.actions.videos import SeriesOptions, choose_tracks, extract, make_playable
from core.actions.worker import run
from core.errors import VideoUnreadable
from core.faces.detection import USUAL_FACE
from core.people.person import Thresholds
from core.playback.facts import about
from core.playback.playable import playable
from core.playback.thumbnails import cover, picture
from core.segment import Detection
from core.video.frames import frame_at
from core.video.streams import AUTOMATIC, Tracks
from core.video_feature_extractor import ExtractionSettings
from core.workspace.jobs import Jobs
from core.workspace.workspace import Workspace
from tests.media import write
from tests.media.odd.recipes import with_first
from tests.portraits import COLLINS, make_video

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


def two_films(folder: Path) -> Path:
    """A large grey film, which is taken for the film unless asked otherwise, before the numbered one."""
    return with_first("two.mkv", "libx264", size=(320, 240), n=10)(folder)


def test_everything_shows_the_picture_that_is_chosen(space: Workspace, tmp_path: Path) -> None:
    video = space.register(two_films(tmp_path))
    found = {}
    for wanted in (None, 2):
        video = choose_tracks(space, video, Tracks(wanted))
        assert space.video(video.id) == video
        assert space.register(tmp_path / "two.mkv").tracks == Tracks(wanted), "seen again, it keeps them"
        exported = [
            export(video, [Detection(0.4, 1.4, 0.9)], tmp_path / name, format=name).paths[0]
            for name in ("clips", "reel")
        ]
        images = [frame_at(path, 0.5).image for path in (make_playable(space, video).path, *exported)]
        images += [moment_of(video, 1.0).read()]
        images += [cv2.imread(str(path)) for path in (cover(space, video), picture(space, video, 1.0))]
        facts = about(space, [video])[video.id]
        shapes = [(facts["width"], facts["height"]), *(image.shape[1::-1] for image in images)]
        assert len({round(width / height, 2) for width, height in shapes}) == 1
        found[wanted] = [facts["width"], *(float(image.std()) > 20 for image in images)]
    assert found == {None: [320, *[False] * 6], 2: [160, *[True] * 6]}


def test_a_track_that_is_not_there_is_not_noted(space: Workspace, tmp_path: Path) -> None:
    video = space.register(write(tmp_path / "v.mp4", np.arange(10) / 10))
    with pytest.raises(VideoUnreadable, match="video track 2 cannot be read"):
        choose_tracks(space, video, Tracks(2))
    assert space.video(video.id).tracks == AUTOMATIC


def test_the_chosen_tracks_are_extracted_until_others_are(space: Workspace, tmp_path: Path) -> None:
    video = choose_tracks(space, space.register(two_films(tmp_path)), Tracks(2, 1))
    begin_playable(space, video)
    assert extract(space, video).info.width == 160
    assert space.video(video.id).tracks == Tracks(2, 1)
    again = choose_tracks(space, video, AUTOMATIC)
    assert Jobs(space).latest("proxy", video.id).status == "cancelled", "it would be a copy of another picture"
    assert extract(space, again).info.width == 320


def test_a_small_face_is_looked_for_where_a_first_look_shows_it(space: Workspace, tmp_path: Path) -> None:
    small = make_video(tmp_path / "small.mp4", [(3, [COLLINS])], size=(1280, 720), share=0.13)
    large = make_video(tmp_path / "large.mp4", [(2, [COLLINS])])
    features = {path: extract(space, space.register(path), ExtractionSettings(device="cpu")) for path in (small, large)}
    assert features[large].info.parameters["min_face"] == USUAL_FACE
    found, shares = features[small], {path: f.info.parameters["min_face"] for path, f in features.items()}
    side = (found.faces.box_xyxy[:, 2:] - found.faces.box_xyxy[:, :2]).max(axis=1)
    assert shares[small] < USUAL_FACE
    assert (side < USUAL_FACE * 720).all()
    assert len(np.unique(found.faces.frame)) >= 0.8 * found.faces.n_frames


def test_the_smallest_face_never_grows_by_itself(space: Workspace, tmp_path: Path) -> None:
    video = space.register(make_video(tmp_path / "large.mp4", [(2, [COLLINS])]))
    extract(space, video, ExtractionSettings(min_face=0.05, device="cpu"))
    assert extract(space, video, ExtractionSettings(device="cpu")).info.parameters["min_face"] == 0.05
    assert extract(space, video, ExtractionSettings(min_face=0.1, device="cpu")).info.parameters["min_face"] == 0.1
