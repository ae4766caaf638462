"""Clips hold their moment: pictures and sound, read again with PyAV, at constant and variable frame rates."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from core.errors import PunchlineError, VideoUnreadable
from core.export.clips import Clip, write_clip
from core.export.timecode import Piece, read_media
from core.segment import Segment
from core.video.container import Source
from core.video.picture import Converter, shape_of
from tests import media
from tests.media.odd import KINDS
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


def test_a_clip_without_a_margin_begins_with_its_moment(tmp_path: Path) -> None:
    source = read_media(video(tmp_path / "v.mp4", np.arange(200) / 25))  # a keyframe each 0.48 s
    clip = write_clip(tmp_path / "clip.mp4", piece(0.0, 0.0), source)
    assert not clip.copied
    assert clip.start == pytest.approx(MOMENT.start, abs=1 / 25)
    at_a_keyframe = Segment(2.88, 5.47)
    copied = write_clip(tmp_path / "copied.mp4", Piece("a", 0.9, at_a_keyframe, at_a_keyframe), source)
    assert copied.copied
    assert copied.start == pytest.approx(2.88, abs=1 / 25)


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


@pytest.mark.parametrize("keyframes", [12, 600])
@pytest.mark.parametrize("matrix", [(0, 1, -1, 0), (1, 0, 0, -1), (-1, 0, 0, 1), (0, 1, 1, 0)])
def test_a_turned_or_mirrored_picture_is_shown_as_the_sources(
    tmp_path: Path, matrix: tuple[int, ...], keyframes: int
) -> None:
    times = np.arange(int(LENGTH * 25)) / 25
    path = media.with_matrix(video(tmp_path / "a.mp4", times, keyframes=keyframes), tmp_path / "v.mp4", *matrix)
    clip = write_clip(tmp_path / "clip.mp4", piece(), read_media(path))
    assert clip.copied == (keyframes == 12)
    number = round(clip.start * 25)
    shown, original = shown_at(clip.path, 0), shown_at(path, number)
    assert shown.shape == original.shape
    assert np.abs(shown - original).mean() < 4


def shown_at(path: Path, number: int) -> np.ndarray:
    """A picture as a player shows it, by its number in the file; RGB."""
    with Source(path) as source:
        frames = [frame for packet in source.packets(source.video) for frame in source.frames(packet)]
        frame, aspect = frames[number], source.video.sample_aspect_ratio
    return Converter(lambda f: shape_of(f, aspect).even(), pixel_format="rgb24")(frame).to_ndarray().astype(float)


@pytest.mark.parametrize("keyframes", [12, 600])
def test_every_sound_track_is_kept_with_its_channels_and_name(tmp_path: Path, keyframes: int) -> None:
    times = np.arange(int(LENGTH * 25)) / 25
    path = media.with_tracks(
        video(tmp_path / "a.mp4", times, keyframes=keyframes),
        tmp_path / "v.mkv",
        media.Sound(np.tile(beeps([5.0], LENGTH), (6, 1)), layout="5.1", codec="ac3" if keyframes == 12 else "flac"),
        media.Sound(np.tile(beeps([4.0], LENGTH, 44_100), (2, 1)), 44_100, layout="stereo", codec="flac"),
    )
    clip = write_clip(tmp_path / "clip.mp4", piece(), read_media(path))
    assert clip.copied == (keyframes == 12)
    with av.open(str(clip.path)) as container:
        sounds = [(s.codec_context.channels, s.sample_rate, s.metadata["language"]) for s in container.streams.audio]
    assert sounds == [(1, 48_000, "und"), (6, 48_000, "kor"), (2, 44_100, "kor")]
    heard = [beep_of(clip.path, track) + clip.start for track in range(3)]
    assert heard == pytest.approx([BEEP, 5.0, 4.0], abs=0.03)
    one = write_clip(tmp_path / "one.mp4", piece(), read_media(path), audio_track=3)
    assert beep_of(one.path) + one.start == pytest.approx(4.0, abs=0.03)
    with av.open(str(one.path)) as container:
        assert len(container.streams.audio) == 1
    with pytest.raises(VideoUnreadable, match="sound track 4 cannot be read; expected one of: 1, 2, 3"):
        write_clip(tmp_path / "none.mp4", piece(), read_media(path), audio_track=4)


def test_pictures_of_a_copy_from_matroska_are_in_order(tmp_path: Path) -> None:
    times = np.arange(int(LENGTH * 25)) / 25
    options = {"g": "25", "bf": "3", "b-pyramid": "normal", "b-adapt": "0", "refs": "4", "sc_threshold": "0"}
    source = read_media(media.write(tmp_path / "v.mkv", times, options=options, tick=Fraction(1, 1000)))
    clip = write_clip(tmp_path / "clip.mp4", piece(), source, tolerance=1.0)
    assert clip.copied
    shown = pictures_of(clip.path)
    first = round(clip.start * 25)
    assert [number for _, number in shown] == list(range(first, first + len(shown)))
    assert [time for time, _ in shown] == pytest.approx([k / 25 for k in range(len(shown))], abs=0.002)


RED = (63, 102, 240)
HD = {"colorspace": 1, "color_range": 1, "color_primaries": 1, "color_trc": 1}


@pytest.mark.parametrize("keyframes", [12, 600])
def test_pixels_and_tags_agree(tmp_path: Path, keyframes: int) -> None:
    path = media.write_plain(tmp_path / "v.mp4", RED, keyframes=keyframes, n=200, **HD)
    clip = write_clip(tmp_path / "clip.mp4", piece(), read_media(path))
    assert clip.copied == (keyframes == 12)
    frame = media.first_frame(clip.path)
    np.testing.assert_allclose([bytes(plane)[0] for plane in frame.planes], RED, atol=2)
    assert (frame.colorspace, frame.color_range, frame.color_primaries, frame.color_trc) == (1, 1, 1, 1)


def test_high_dynamic_range_is_copied_as_it_is_and_encoded_as_standard(tmp_path: Path) -> None:
    tags = {"colorspace": 9, "color_range": 1, "color_primaries": 9, "color_trc": 16}
    grey = (143, 128, 128)  # reference white in PQ
    for keyframes, transfer, name in ((12, 16, "yuv420p10le"), (600, 1, "yuv420p")):
        path = media.write_plain(
            tmp_path / "v.mkv", grey, keyframes=keyframes, n=200, codec="libx265", pixel_format="yuv420p10le", **tags
        )
        clip = write_clip(tmp_path / "clip.mp4", piece(), read_media(path))
        frame = media.first_frame(clip.path)
        assert (frame.color_trc, frame.format.name) == (transfer, name)
        assert frame.colorspace == (9 if clip.copied else 1)
    assert 200 < bytes(frame.planes[0])[0] <= 235


@pytest.mark.parametrize(("name", "codec"), [("v.mpg", "mpeg2video"), ("v.mp4", "libx264"), ("v.mkv", "libx264")])
def test_an_anamorphic_interlaced_picture_becomes_square_and_progressive(tmp_path: Path, name: str, codec: str) -> None:
    path = media.interlaced(tmp_path / name, aspect=Fraction(4, 3), codec=codec)
    cut = Segment(0.2, 0.8)
    clip = write_clip(tmp_path / "clip.mp4", Piece("a", 0.9, cut, cut), read_media(path))
    with av.open(str(clip.path)) as container:
        frames = list(container.decode(video=0))
        aspect = container.streams.video[0].sample_aspect_ratio
    assert (frames[5].width, frames[5].height) == (212, 120)
    assert aspect in (None, 1)
    assert len(frames) == 15
    assert not frames[5].interlaced_frame
    assert media.combs(frames[5]) < 40


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


def test_a_copied_clip_keeps_sound_that_a_decoder_holds_back(tmp_path: Path) -> None:
    """Decoders that work on several packets at once give the last of TTA's, of a second each, when they are emptied."""
    media = read_media(KINDS["sound of tta in mkv"].make(tmp_path))
    clip = write_clip(tmp_path / "clip.mp4", Piece("m", 0.5, Segment(0.74, 1.6), Segment(0.64, 1.6)), media)
    assert clip.copied
    with av.open(str(clip.path)) as container:
        *_, last = container.decode(audio=0)
    assert clip.start + last.time == pytest.approx(1.6, abs=0.05)
