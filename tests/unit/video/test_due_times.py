"""Times of pictures that do not say when they are shown."""

from fractions import Fraction
from pathlib import Path

import pytest

from core.video.frames import frame_at
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
