"""The reel shows its moments in order, with sound in time, and leaves nothing behind when it is stopped."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from core.export.captions import caption_font, caption_image
from core.export.reel import ReelOptions, write_reel
from core.export.timecode import pieces, read_media
from core.segment import Detection
from tests import media
from tests.unit.video.test_transcode import beeps, beeps_of, pictures_of

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
    write_reel(tmp_path / "reel.mp4", chosen, source, ReelOptions(cross_fade=0.4))
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
    pictures = []
    for captions in (False, True):
        write_reel(tmp_path / "reel.mp4", chosen, source, ReelOptions(captions=captions))
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
    write_reel(tmp_path / "reel.mp4", chosen, read_media(path), ReelOptions(height=60))
    found = read_media(tmp_path / "reel.mp4")
    assert found.info.height == 60
    assert found.info.width % 2 == 0
    assert not found.info.has_audio
    assert found.info.duration == pytest.approx(2.0, abs=0.15)


def test_rate_sounds_and_colours_are_the_sources(tmp_path: Path) -> None:
    rate = Fraction(30000, 1001)
    times = np.arange(270) / float(rate)
    sound = media.Sound(np.tile(beeps([1.5, 4.5], 9.0, 44_100), (6, 1)), 44_100, layout="5.1", codec="flac")
    path = media.with_tracks(media.write(tmp_path / "a.mkv", times), tmp_path / "v.mkv", sound, sound)
    chosen, _ = pieces(MOMENTS, duration=9.0, apart=True)
    for cross_fade, audio_track, n_tracks in ((0.0, None, 2), (0.3, None, 2), (0.3, 2, 1)):
        write_reel(
            tmp_path / "reel.mp4", chosen, read_media(path), ReelOptions(cross_fade=cross_fade, audio_track=audio_track)
        )
        with av.open(str(tmp_path / "reel.mp4")) as container:
            (picture,), sounds = container.streams.video, container.streams.audio
            assert picture.average_rate == rate
            assert [(s.codec_context.channels, s.sample_rate) for s in sounds] == [(6, 44_100)] * n_tracks
            tags = picture.codec_context
            assert (tags.colorspace, tags.color_primaries, tags.color_trc, tags.color_range) == (1, 1, 1, 1)
            assert abs(float(picture.duration * picture.time_base - sounds[0].duration * sounds[0].time_base)) < 0.04
        for track in range(n_tracks):
            shown = beeps_of(tmp_path / "reel.mp4", track)
            assert shown == pytest.approx([0.5, 1.5 - cross_fade], abs=0.07)  # whole frames


@pytest.mark.parametrize("options", [ReelOptions(), ReelOptions(captions=True), ReelOptions(cross_fade=0.4)])
def test_red_stays_red(tmp_path: Path, options: ReelOptions) -> None:
    tags = {"colorspace": 1, "color_range": 1, "color_primaries": 1, "color_trc": 1}
    path = media.write_plain(tmp_path / "v.mp4", (63, 102, 240), n=225, **tags)
    chosen, _ = pieces(MOMENTS, duration=9.0, apart=True)
    write_reel(tmp_path / "reel.mp4", chosen, read_media(path), options)
    with av.open(str(tmp_path / "reel.mp4")) as container:
        for frame in container.decode(video=0):
            np.testing.assert_allclose([bytes(plane)[0] for plane in frame.planes], (63, 102, 240), atol=2)


def test_an_interlaced_source_loses_its_combs(tmp_path: Path) -> None:
    path = media.interlaced(tmp_path / "v.mp4", codec="libx264", n=100)
    chosen, _ = pieces([Detection(0.5, 1.5, 0.5), Detection(2, 3, 0.5)], duration=4.0, apart=True)
    write_reel(tmp_path / "reel.mp4", chosen, read_media(path), ReelOptions(cross_fade=0.2))
    with av.open(str(tmp_path / "reel.mp4")) as container:
        frames = list(container.decode(video=0))
    assert len(frames) == 26 + 25 - 5  # the first piece covers frames 12 to 37
    assert max(media.combs(frame) for frame in frames[:20]) < 40


def test_a_variable_rate_does_not_drift(tmp_path: Path) -> None:
    times = np.cumsum(np.random.default_rng(1).uniform(0.02, 0.1, 600))
    source = read_media(media.write(tmp_path / "v.mkv", times))
    moments = [Detection(1, 3, 0.5), Detection(20, 22, 0.5), Detection(30, 33, 0.5)]
    chosen, _ = pieces(moments, duration=source.info.duration, apart=True)
    write_reel(tmp_path / "reel.mp4", chosen, source)
    start = times[0]  # the container's start
    for time, number in pictures_of(tmp_path / "reel.mp4"):
        offset = next(b + time for a, b in ((2, 1), (4, 18), (99, 26)) if time < a)
        shown = times[number] - start
        assert shown <= offset + 0.5 / source.rate + 1e-3
        assert offset < (times[number + 1] - start) + 0.5 / source.rate + 1e-3


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
    said = write_reel(tmp_path / "reel.mp4", chosen, read_media(video(tmp_path)), ReelOptions(captions=True))
    assert "no font with Korean letters" in said[0]


def test_a_long_caption_stays_within_the_picture() -> None:
    image = caption_image("haha " * 100, 640, 360, None)
    assert image.shape[1] <= 640
    assert image.shape[0] < 60
    assert image[..., 3].min() > 0


def test_the_best_font_of_the_computer_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.export.captions._LINUX_FOLDERS", (str(tmp_path), str(tmp_path / "gone")))
    monkeypatch.setattr("core.export.captions._FONT_FOLDERS", {})
    assert caption_font() is None
    (tmp_path / "noto").mkdir()
    for name in ("DejaVuSans-Bold.ttf", "noto/NotoSansCJK-Bold.ttc", "Other.ttf"):
        (tmp_path / name).touch()
    assert caption_font() == tmp_path / "noto" / "NotoSansCJK-Bold.ttc"
