"""Times of pictures that do not say when they are shown."""

from fractions import Fraction
from pathlib import Path

import pytest

from core.video.frames import frame_at, sampled_frames
from tests import media
from tests.media.odd.recipes import sound, written

TICK = Fraction(1, 25)


@pytest.mark.parametrize(
    ("codec", "options"),
    [("mpeg4", {"bf": "2"}), ("mpeg4", {}), ("mpeg2video", {"bf": "2"}), ("libx264", {"bf": "2", "b-adapt": "0"})],
)
@pytest.mark.parametrize("time", [0.1, 0.6, 1.02, 1.5])
def test_behind_a_seek_pictures_have_the_same_times(
    tmp_path: Path, codec: str, options: dict[str, str], time: float
) -> None:
    """Those in front of the first keyframe refer to what is not there, and are left out by the decoder."""
    path = written("v.avi", sound("pcm_s16le"), codec=codec, tick=TICK, options=options)(tmp_path)
    assert media.number_of(frame_at(path, time).image) == int(time * 25 + 1e-6)


@pytest.mark.parametrize("time", [0.1, 0.6, 1.02, 1.5])
@pytest.mark.parametrize(
    ("name", "codec", "audio", "tick"),
    [
        ("v.wmv", "libx264", sound("wmav2", layout="stereo", gains=(1, 1)), Fraction(1, 1000)),
        ("v.mpg", "mpeg2video", sound("mp2"), TICK),
    ],
)
def test_times_that_few_packets_state(
    tmp_path: Path, name: str, codec: str, audio: media.Sound, tick: Fraction, time: float
) -> None:
    options = {"bf": "2"} if codec == "mpeg2video" else {}
    path = written(name, audio, codec=codec, tick=tick, options=options)(tmp_path)
    first = next(sampled_frames(path, 25)).timestamp
    assert media.number_of(frame_at(path, first + time).image) == int(time * 25 + 1e-6)
