"""A quick scan: where its pictures lie, that faces and times belong together, and what it says of itself."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from core.errors import VideoUnreadable
from core.faces.crop import Crop
from core.faces.detection import Faces
from core.faces.feature_file import Features
from core.people.groups import chips, group
from core.people.scan import scan
from core.video.container import Source
from core.video_feature_extractor import Models
from tests.media import colours_of, cut_short, number_of, write

BOX = np.array([[20, 10, 60, 50]], np.float32)
POINTS = np.array([[[30, 25], [50, 25], [40, 33], [33, 42], [47, 42]]], np.float32)


class EverySecond:
    """Finds a face in pictures with an even number, and remembers the numbers."""

    name, digest = "even", "d"

    def __init__(self) -> None:
        self.numbers: list[int] = []

    def detect(self, images: Sequence[np.ndarray]) -> list[Faces]:
        numbers = [number_of(image) for image in images]
        self.numbers += numbers
        return [Faces.none() if k % 2 else Faces(BOX, POINTS, np.array([0.99], np.float32)) for k in numbers]


class OneEmbedding:
    """Everybody looks the same."""

    name, digest, dimension, crop = "mobilefacenet", "e", 4, Crop(8)

    def embed(self, chips: np.ndarray) -> np.ndarray:
        return np.tile(np.float32([1, 0, 0, 0]), (len(chips), 1))


class Calm:
    """Everybody is neutral."""

    name, digest, crop = "calm", "r", Crop(8)

    def recognise(self, chips: np.ndarray) -> np.ndarray:
        return np.tile(np.eye(10, dtype=np.float32)[5], (len(chips), 1))


@pytest.fixture
def models() -> Models:
    return Models(EverySecond(), OneEmbedding(), Calm())


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """90 s, two pictures a second; a key frame every 6 s."""
    return write(tmp_path_factory.mktemp("v") / "v.mp4", np.arange(180) / 2, options={"g": "12", "sc_threshold": "0"})


def numbers(models: Models) -> list[int]:
    assert isinstance(models.detector, EverySecond)
    return models.detector.numbers


def test_pictures_are_key_frames_in_every_part_of_the_video(video: Path, models: Models) -> None:
    found = scan(video, models, n_frames=10)
    times = found.faces.timestamps
    assert len(times) == 10
    np.testing.assert_array_equal(np.floor(times / 9), np.arange(10))
    assert set(times % 6) <= {0.0, 3.0}, "key frames, and one middle where a part has no earlier key frame"
    np.testing.assert_array_equal(np.array(numbers(models)) / 2, times)


def test_without_key_frames_the_middle_of_every_part_is_taken(tmp_path: Path, models: Models) -> None:
    path = write(tmp_path / "v.mp4", np.arange(60) / 1.5, options={"g": "600", "sc_threshold": "0"})
    found = scan(path, models, n_frames=5)
    middles = (np.arange(5) + 0.5) * 8
    assert found.faces.timestamps[0] == 0.0, "the only key frame"
    assert (np.abs(found.faces.timestamps - middles) <= 0.67)[1:].all()
    np.testing.assert_allclose(np.array(numbers(models)) / 1.5, found.faces.timestamps, atol=1e-4)


def test_where_keyframes_are_rare_the_video_is_read_once(
    tmp_path: Path, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = np.arange(120) / 1.5
    path = write(tmp_path / "v.mp4", times, options={"g": "600", "sc_threshold": "0"})
    decode, decoded = Source.frames, []
    monkeypatch.setattr(Source, "frames", lambda self, packet: decoded.append(packet) or decode(self, packet))
    assert scan(path, models, n_frames=20).faces.n_frames == 20
    assert len(decoded) < 2 * len(times), "not from the keyframe on for each picture"


def test_a_short_video_is_seen_once_a_second(tmp_path: Path, models: Models) -> None:
    found = scan(write(tmp_path / "v.mp4", np.arange(60) / 10), models)
    np.testing.assert_allclose(found.faces.timestamps, np.arange(6), atol=1e-6)
    assert found.info.sample_rate == 1.0


def test_a_single_picture_is_enough(tmp_path: Path, models: Models) -> None:
    assert scan(write(tmp_path / "v.mp4", np.array([0.0])), models).faces.n_frames == 1


def test_faces_belong_to_their_pictures(video: Path, models: Models) -> None:
    found = scan(video, models, n_frames=12).faces
    assert [k for k, number in enumerate(numbers(models)) if number % 2 == 0] == found.frame.tolist()
    np.testing.assert_array_equal(found.box_xyxy, np.repeat(BOX, len(found), axis=0))
    assert (found.track >= 0).all()


def test_a_scan_is_never_taken_for_an_extraction(video: Path, models: Models) -> None:
    found = scan(video, models, n_frames=10)
    assert not found.info.complete
    assert found.info.parameters == {"scan": {"n_frames": 10, "min_step": 1.0}, "video_track": 1}
    assert found.info.models == models.names()
    assert np.isnan(found.audio).all()
    assert found.audio.shape == (10, 2)


def test_counts_of_pictures_give_seconds_of_video(video: Path, models: Models) -> None:
    found = scan(video, models, n_frames=10)
    (person,) = group(found).groups
    assert person.seconds == pytest.approx(90 * len(found.faces) / 10, rel=0.01)


def test_chips_of_a_scan_show_the_face_of_their_picture(video: Path, models: Models) -> None:
    found = scan(video, models, n_frames=4)
    made = chips(video, found, range(len(found.faces)), side=40)
    assert list(made) == list(range(len(found.faces)))
    assert all(chip.shape == (40, 40, 3) and chip.dtype == np.uint8 for chip in made.values())


def test_a_scan_leaves_the_processors_to_others_as_an_extraction_does(
    video: Path, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.video.ahead.n_cores", lambda: 2)
    seen, before = set(), torch.get_num_threads()
    torch.set_num_threads(2)
    scan(video, models, n_frames=10, on_progress=lambda completed, total: seen.add(torch.get_num_threads()))
    assert seen == {1, 2}, "one while it looks, and the former two at the end"
    torch.set_num_threads(before)


def test_progress_counts_pictures_to_the_end(video: Path, models: Models) -> None:
    calls: list[tuple[float, float]] = []
    scan(video, models, n_frames=10, on_progress=lambda *call: calls.append(call))
    assert calls == [(4, 10), (8, 10), (10, 10), (10, 10)]


def test_what_progress_raises_stops_the_scan(video: Path, models: Models) -> None:
    def stop(completed: float, total: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan(video, models, n_frames=10, on_progress=stop)
    assert len(numbers(models)) == 4


def test_the_readable_part_of_a_truncated_video_is_scanned(tmp_path: Path, models: Models) -> None:
    whole = write(tmp_path / "v.mkv", np.arange(180) / 2)
    found = scan(cut_short(whole, tmp_path / "short.mkv", 0.6), models, n_frames=10)
    assert 4 <= found.faces.n_frames < 10
    assert found.info.warnings == (f"{10 - found.faces.n_frames} of 10 pictures could not be read",)


def test_a_video_without_a_face_says_so(tmp_path: Path, models: Models) -> None:
    class Nobody(EverySecond):
        def detect(self, images: Sequence[np.ndarray]) -> list[Faces]:
            return [Faces.none() for _ in images]

    path = write(tmp_path / "v.mp4", np.arange(4) / 2)
    found: Features = scan(path, Models(Nobody(), models.embedder, models.recogniser))
    assert len(found.faces) == 0
    assert found.info.warnings[0].startswith("no face was found in 2 pictures")


def test_a_file_that_is_no_video_is_refused(tmp_path: Path, models: Models) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no video")
    with pytest.raises(VideoUnreadable):
        scan(tmp_path / "a.mp4", models)


@pytest.mark.parametrize("options", [{"n_frames": 0}, {"min_step": 0.0}, {"min_step": float("nan")}])
def test_numbers_of_pictures_must_be_positive(video: Path, models: Models, options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        scan(video, models, **options)  # type: ignore[arg-type]


def test_the_modules_of_the_page_load_no_torch() -> None:
    modules = "core.people.photos, core.people.groups, core.people.tuning, core.people.scan"
    code = f"import sys, {modules}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).resolve().parents[3])


def test_the_pictures_are_whole_and_upright(tmp_path: Path) -> None:
    seen: list[np.ndarray] = []

    class Watching(EverySecond):
        def detect(self, images: Sequence[np.ndarray]) -> list[Faces]:
            seen.extend(images)
            return super().detect(images)

    path = write(tmp_path / "v.mp4", np.arange(40), rotation=90)
    scan(path, Models(Watching(), OneEmbedding(), Calm()), n_frames=8)
    assert len(seen) == 8
    for image in seen:
        assert colours_of(image)[0].argmax() == 0, "red is on the left"
