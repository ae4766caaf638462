"""Frame rates as fractions, timecodes, and what a file says about them."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from core.errors import PunchlineError, VideoUnreadable
from core.export.timecode import Piece, SoundFormat, frame_of, pieces, read_media, timecode_of
from core.segment import Detection, Segment
from tests import media

NTSC = Fraction(30000, 1001)


def even(fps: Fraction | float, duration: float) -> np.ndarray:
    return np.arange(round(duration * float(fps))) / float(fps)


# By SMPTE ST 12-1: two numbers a minute are left out, none in each tenth, so that an hour ends at 107 892 frames.
@pytest.mark.parametrize(
    ("frame", "rate", "drop", "timecode"),
    [
        (0, NTSC, True, "00:00:00;00"),
        (1799, NTSC, True, "00:00:59;29"),
        (1800, NTSC, True, "00:01:00;02"),
        (17981, NTSC, True, "00:09:59;29"),
        (17982, NTSC, True, "00:10:00;00"),
        (107892, NTSC, True, "01:00:00;00"),
        (108000, NTSC, False, "01:00:00:00"),
        (3600, Fraction(60000, 1001), True, "00:01:00;04"),
        (90000, Fraction(25), False, "01:00:00:00"),
        (86400 * 25 + 3, Fraction(25), False, "00:00:00:03"),
    ],
)
def test_timecodes_are_those_of_the_standard(frame: int, rate: Fraction, drop: bool, timecode: str) -> None:
    assert timecode_of(frame, rate, drop=drop) == timecode


@pytest.mark.parametrize("text", ["1:00:00:00", "00:60:00:00", "00:00:00:25", "later"])
def test_what_is_no_timecode_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a timecode"):
        frame_of(text, Fraction(25))


def test_a_picture_that_starts_after_the_sound_is_said(tmp_path: Path) -> None:
    sound = media.Sound(media.tone(440, 3.0), codec="aac")
    found = read_media(media.write(tmp_path / "v.mkv", even(25, 2.0) + 0.5, sound))
    assert any("starts 0.5" in warning for warning in found.warnings)
    assert found.sounds == (SoundFormat(1, 48_000),)


@pytest.mark.parametrize(("text", "frame", "drop"), [("01:00:00;00", 107892, True), ("00:00:10:05", 305, False)])
def test_the_files_own_timecode_is_read(tmp_path: Path, text: str, frame: int, drop: bool) -> None:
    path = tmp_path / "t.mov"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=NTSC)
        stream.width, stream.height, stream.metadata["timecode"] = media.WIDTH, media.HEIGHT, text
        for k in range(30):
            picture = av.VideoFrame.from_ndarray(media.numbered(k), format="rgb24")
            picture.pts, picture.time_base = k, 1 / NTSC
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    found = read_media(path)
    assert (found.timecode, found.drop) == (frame, drop)


def test_a_missing_video_is_named(tmp_path: Path) -> None:
    with pytest.raises(VideoUnreadable, match=r"gone\.mp4: no such file"):
        read_media(tmp_path / "gone.mp4")


def test_a_piece_covers_its_cut_in_whole_frames(tmp_path: Path) -> None:
    found = read_media(media.write(tmp_path / "v.mp4", even(25, 2.0)))
    piece = Piece("a", 0.5, Segment(0.5, 1.0), Segment(0.41, 1.01))
    assert piece.frames(found) == (10, 26)
    assert replace(piece, cut=Segment(0.4, 1.0)).frames(found) == (10, 25)
    assert replace(piece, cut=Segment(1.9, 9.0)).frames(found) == (47, 50)
    assert replace(piece, cut=Segment(7.0, 9.0)).frames(found) == (49, 50)


def test_names_follow_their_moments_into_order_of_time() -> None:
    found, _ = pieces([Detection(5, 6, 0.1), Detection(1, 2, 0.2)], duration=None, names=["b", "a"])
    assert [piece.name for piece in found] == ["a", "b"]


def test_overlapping_moments_become_one_with_the_better_ones_name() -> None:
    found, said = pieces(
        [Detection(1, 4, 0.2), Detection(3, 6, 0.9)], duration=9.0, names=["a", "b"], before=1, after=1, apart=True
    )
    assert [(piece.name, piece.moment, piece.cut) for piece in found] == [("b", Segment(1, 6), Segment(0, 7))]
    assert said == ["1 moments overlap another one and were joined with it"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"before": -1.0}, "are -1.0 s and 0.0 s"),
        ({"after": float("nan")}, "are 0.0 s and nan s"),
        ({"names": ["a", "b"]}, "2 names for 1 moments"),
    ],
)
def test_senseless_options_are_refused(options: dict, message: str) -> None:
    with pytest.raises(PunchlineError, match=message):
        pieces([Detection(1, 2, 0.5)], duration=10.0, **options)


def test_no_moments_are_refused() -> None:
    with pytest.raises(PunchlineError, match="got 0 moments"):
        pieces([], duration=10.0)
    with pytest.raises(PunchlineError, match="none inside the video"):
        pieces([Detection(11, 12, 0.5)], duration=10.0)
