"""Clips hold their moment: pictures and sound, read again with PyAV, at constant and variable frame rates."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from core.errors import PunchlineError
from core.export.clips import Clip, write_clip
from core.export.timecode import Piece, read_media
from core.segment import Segment
from tests import media
from tests.unit.video.test_transcode import beep_of, beeps, pictures_of

RATES = {"25": Fraction(25), "29.97": Fraction(30000, 1001), "59.94": Fraction(60000, 1001)}
LENGTH = 8.0
MOMENT = Segment(3.13, 5.47)
BEEP = 4.2  # seconds


def irregular(duration: float) -> np.ndarray:
    """Times of a picture each 20 to 120 ms."""
    times = np.cumsum(np.random.default_rng(3).uniform(0.02, 0.12, 300)) - 0.02
    return np.concatenate([[0.0], times[times < duration]])


def video(path: Path, times: np.ndarray, *, keyframes: int = 12, **more: object) -> Path:
    sound = media.Sound(beeps([BEEP], LENGTH), codec="aac")
    return media.write(path, times, sound, options={"g": str(keyframes), "bf": "2"}, **more)


def piece(before: float = 0.5, after: float = 0.5) -> Piece:
    return Piece("a", 0.9, MOMENT, Segment(MOMENT.start - before, MOMENT.end + after))


def holds_the_moment(clip: Clip, times: np.ndarray, frame: float) -> None:
    """Every picture of the moment is in the clip, at its true time and with its sound, to within a frame."""
    found = pictures_of(clip.path)
    assert found[0][0] == pytest.approx(0.0, abs=frame)
    shown = {number: time for time, number in reversed(found)}
    inside = [k for k, time in enumerate(times) if MOMENT.start <= time < MOMENT.end]
    assert set(inside) <= set(shown)
    for k in inside:
        assert shown[k] + clip.start == pytest.approx(times[k], abs=frame)
    assert beep_of(clip.path) + clip.start == pytest.approx(BEEP, abs=frame)
    assert clip.start >= MOMENT.start - 0.5 - 0.5 - frame  # the margin, and what a copy may add


@pytest.mark.parametrize("name", RATES)
@pytest.mark.parametrize("keyframes", [12, 600])
def test_a_clip_holds_its_moment_at_a_constant_rate(tmp_path: Path, name: str, keyframes: int) -> None:
    rate = RATES[name]
    times = np.arange(round(LENGTH * rate)) / float(rate)
    source = read_media(video(tmp_path / "v.mp4", times, keyframes=keyframes))
    clip = write_clip(tmp_path / "clip.mp4", piece(), source)
    assert clip.copied == (keyframes == 12)
    holds_the_moment(clip, times, 1.0 / float(rate))
    again = read_media(clip.path)
    assert not again.variable
    assert again.rate == rate
    if not clip.copied:
        assert again.info.duration == pytest.approx(MOMENT.duration + 1, abs=2.5 / float(rate))


@pytest.mark.parametrize("keyframes", [12, 600])
def test_a_clip_of_a_variable_rate_keeps_the_pictures_times(tmp_path: Path, keyframes: int) -> None:
    times = irregular(LENGTH)
    source = read_media(video(tmp_path / "v.mp4", times, keyframes=keyframes))
    assert source.variable
    clip = write_clip(tmp_path / "clip.mp4", piece(), source)
    assert clip.copied == (keyframes == 12)
    holds_the_moment(clip, times, 1 / 30)


@pytest.mark.parametrize("suffix", ["ts", "mkv", "flv"])
def test_clips_of_other_containers_count_from_the_players_zero(tmp_path: Path, suffix: str) -> None:
    times = np.arange(int(LENGTH * 25)) / 25
    path = media.write(
        tmp_path / f"v.{suffix}",
        times,
        media.Sound(beeps([BEEP], LENGTH, 44_100), audio_rate=44_100, codec="aac"),
        options={"g": "12", "bf": "0"},
    )
    source = read_media(path)
    late = pictures_of(path)[0][0]  # a container may begin with the sound's priming
    clip = write_clip(tmp_path / "clip.mp4", piece(), source)
    assert clip.copied
    holds_the_moment(clip, times + late, 1 / 25 + late)


def test_a_codec_that_editors_do_not_take_is_encoded_again(tmp_path: Path) -> None:
    times = np.arange(int(LENGTH * 25)) / 25
    source = read_media(media.write(tmp_path / "v.mkv", times, codec="mpeg4", tick=Fraction(1, 25)))
    clip = write_clip(tmp_path / "clip.mp4", piece(), source)
    assert not clip.copied
    assert read_media(clip.path).info.codec == "h264"
    found = {number: time for time, number in pictures_of(clip.path)}
    assert found[90] + clip.start == pytest.approx(3.6, abs=1 / 25)


def test_a_turned_picture_stands_upright(tmp_path: Path) -> None:
    times = np.arange(int(LENGTH * 25)) / 25
    source = read_media(media.write(tmp_path / "v.mp4", times, rotation=90))
    clip = write_clip(tmp_path / "clip.mp4", piece(), source)
    with av.open(str(clip.path)) as container:
        frame = next(container.decode(video=0))
        assert (frame.width, frame.height, frame.rotation) == (media.WIDTH, media.HEIGHT, 0)
        assert media.number_of(frame.to_ndarray(format="rgb24")) == 65


def test_a_clip_at_the_videos_ends_is_whole(tmp_path: Path) -> None:
    times = np.arange(int(LENGTH * 25)) / 25
    source = read_media(video(tmp_path / "v.mp4", times, keyframes=600))
    for k, cut in enumerate((Segment(0.0, 0.9), Segment(LENGTH - 0.8, LENGTH))):
        clip = write_clip(tmp_path / f"{k}.mp4", Piece("a", 0.9, cut, cut), source)
        numbers = {number for _, number in pictures_of(clip.path)}
        assert set(range(round(cut.start * 25 + 0.4), round(cut.end * 25 - 0.4))) <= numbers


def test_what_on_progress_raises_leaves_nothing(tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    def stop(completed: float, total: float) -> None:
        raise Stop

    times = np.arange(int(LENGTH * 25)) / 25
    source = read_media(video(tmp_path / "v.mp4", times, keyframes=600))
    for name, keyframes in (("a.mp4", 0.5), ("b.mp4", 0.0)):
        with pytest.raises(Stop):
            write_clip(tmp_path / "out" / name, piece(), source, tolerance=keyframes, on_progress=stop)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_stretch_without_pictures_is_named(tmp_path: Path) -> None:
    path = media.cut_short(video(tmp_path / "v.mkv", np.arange(200) / 25, keyframes=600), tmp_path / "short.mkv", 0.5)
    cut = Segment(7.0, 7.9)
    with pytest.raises(PunchlineError, match="no picture between"):
        write_clip(tmp_path / "clip.mp4", Piece("a", 0.9, cut, cut), read_media(path))
    assert not (tmp_path / "clip.mp4").exists()
