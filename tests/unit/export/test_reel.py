"""The reel shows its moments in order, with sound in time, and leaves nothing behind when it is stopped."""

from pathlib import Path

import numpy as np
import pytest

from core.export.reel import caption_font, caption_image, write_reel
from core.export.timecode import pieces, read_media
from core.segment import Detection
from tests import media
from tests.unit.video.test_transcode import beeps, beeps_of, pictures_of

# moviepy ends its readers without closing their pipes, which Python does a moment later.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")

MOMENTS = [Detection(1.0, 2.0, 0.5), Detection(4.0, 5.2, 0.9), Detection(7.0, 7.8, 0.7)]
SPANS = [(1.0, 2.0), (4.0, 5.2), (7.0, 7.8)]


def video(folder: Path, **more: object) -> Path:
    sound = media.Sound(beeps([1.5, 4.5, 7.5], 9.0), codec="aac")
    return media.write(folder / "v.mp4", np.arange(225) / 25, sound, **more)


def test_the_reel_holds_each_moment_in_order_and_in_time(tmp_path: Path) -> None:
    source = read_media(video(tmp_path))
    told: list[float] = []
    chosen, _ = pieces(MOMENTS, duration=9.0, apart=True)
    said = write_reel(
        tmp_path / "out" / "reel.mp4", chosen, source, on_progress=lambda done, total: told.append(done / total)
    )
    found = pictures_of(tmp_path / "out" / "reel.mp4")
    wanted = [k for start, end in SPANS for k in range(round(start * 25), round(end * 25))]
    assert [time for time, _ in found] == pytest.approx(list(np.arange(len(wanted)) / 25), abs=0.002)
    numbers = [number for _, number in found]
    assert len(numbers) == len(wanted)
    assert max(abs(a - b) for a, b in zip(numbers, wanted)) <= 1
    assert beeps_of(tmp_path / "out" / "reel.mp4") == pytest.approx([0.5, 1.5, 2.7], abs=0.04)
    assert not said
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0, abs=0.05)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["reel.mp4"]


def test_a_cross_fade_shows_both_and_shortens_the_reel(tmp_path: Path) -> None:
    source = read_media(video(tmp_path))
    chosen, _ = pieces(MOMENTS[:2], duration=9.0, apart=True)
    write_reel(tmp_path / "reel.mp4", chosen, source, cross_fade=0.4)
    import av

    with av.open(str(tmp_path / "reel.mp4")) as container:
        images = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(images) == pytest.approx((2.2 - 0.4) * 25, abs=1)
    assert media.number_of(images[5]) in (30, 29, 31)
    assert media.number_of(images[-5]) in range(123, 128)
    # half-way, the block in which the numbers 42 and 107 differ lies between dark and light
    middle = images[20][30, 5::16].mean(axis=1)
    assert ((middle > 70) & (middle < 190)).any()
    assert beeps_of(tmp_path / "reel.mp4") == pytest.approx([0.5, 1.1], abs=0.04)


def test_a_caption_covers_the_lower_left(tmp_path: Path) -> None:
    source = read_media(video(tmp_path, width=320, height=240))
    chosen, _ = pieces(MOMENTS[:1], duration=9.0, names=["Haha"])
    import av

    pictures = []
    for captions in (False, True):
        write_reel(tmp_path / "reel.mp4", chosen, source, captions=captions)
        with av.open(str(tmp_path / "reel.mp4")) as container:
            frames = [frame.to_ndarray(format="rgb24").astype(int) for frame in container.decode(video=0)]
        pictures.append(frames[10])
    changed = np.abs(pictures[1] - pictures[0]).max(axis=2) > 60
    rows, columns = np.nonzero(changed)
    assert changed.sum() > 100
    assert rows.min() > 160
    assert columns.max() < 160


def test_a_silent_variable_rate_video_of_odd_size_makes_a_reel(tmp_path: Path) -> None:
    times = np.cumsum(np.random.default_rng(1).uniform(0.02, 0.1, 120))
    path = media.write(tmp_path / "v.mkv", times, width=162, height=122, codec="libvpx")
    chosen, _ = pieces([Detection(1, 2, 0.5), Detection(3, 4, 0.5)], duration=float(times[-1]), apart=True)
    write_reel(tmp_path / "reel.mp4", chosen, read_media(path), height=60)
    found = read_media(tmp_path / "reel.mp4")
    assert found.info.height == 60
    assert found.info.width % 2 == 0
    assert not found.info.has_audio
    assert found.info.duration == pytest.approx(2.0, abs=0.15)


@pytest.mark.parametrize("at", [0.1, 0.6])
def test_what_on_progress_raises_leaves_nothing(tmp_path: Path, at: float) -> None:
    class Stop(Exception):
        pass

    def stop(completed: float, total: float) -> None:
        if completed / total >= at:
            raise Stop

    source = read_media(video(tmp_path))
    chosen, _ = pieces(MOMENTS, duration=9.0, apart=True)
    (tmp_path / "out").mkdir()
    with pytest.raises(Stop):
        write_reel(tmp_path / "out" / "reel.mp4", chosen, source, on_progress=stop)
    assert list((tmp_path / "out").iterdir()) == []


def test_captions_without_a_font_for_them_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.export.reel.caption_font", lambda: None)
    chosen, _ = pieces(MOMENTS[:1], duration=9.0, names=["웃음"])
    said = write_reel(tmp_path / "reel.mp4", chosen, read_media(video(tmp_path)), captions=True)
    assert "no font with Korean letters" in said[0]


def test_a_long_caption_stays_within_the_picture() -> None:
    image = caption_image("haha " * 100, 640, 360, None)
    assert image.shape[1] <= 640
    assert image.shape[0] < 60
    assert image[..., 3].min() > 0


def test_the_best_font_of_the_computer_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.export.reel._LINUX_FOLDERS", (str(tmp_path), str(tmp_path / "gone")))
    monkeypatch.setattr("core.export.reel._FONT_FOLDERS", {})
    assert caption_font() is None
    (tmp_path / "noto").mkdir()
    for name in ("DejaVuSans-Bold.ttf", "noto/NotoSansCJK-Bold.ttc", "Other.ttf"):
        (tmp_path / name).touch()
    assert caption_font() == tmp_path / "noto" / "NotoSansCJK-Bold.ttc"
