"""The rational frame rate of a file, and whether it is constant."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from core.export.timecode import read_media
from core.video.frame_rate import nearest_rate
from tests import media

NTSC = Fraction(30000, 1001)


def even(fps: Fraction | float, duration: float) -> np.ndarray:
    return np.arange(round(duration * float(fps))) / float(fps)


@pytest.mark.parametrize("fps", [Fraction(24000, 1001), Fraction(25), NTSC, Fraction(60000, 1001)])
@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_the_rate_of_a_file_is_a_fraction(tmp_path: Path, fps: Fraction, suffix: str) -> None:
    found = read_media(media.write(tmp_path / f"v.{suffix}", even(fps, 3.0)))
    assert found.rate == fps
    assert not found.variable
    assert found.warnings == ()


def test_a_variable_rate_is_found_and_said(tmp_path: Path) -> None:
    times = np.cumsum(np.random.default_rng(1).choice([1, 2, 3], 90) / 30)
    found = read_media(media.write(tmp_path / "v.mp4", times - times[0]))
    assert found.variable
    assert found.rate in {Fraction(30), NTSC}
    assert "variable frame rate" in found.warnings[0]


def test_a_rate_that_changes_late_is_variable(tmp_path: Path) -> None:
    times = np.concatenate([np.arange(200) / 25, 8 + np.arange(150) / 50])
    assert read_media(media.write(tmp_path / "v.mp4", times)).variable


def test_a_constant_rate_that_is_no_standard_is_said(tmp_path: Path) -> None:
    found = read_media(media.write(tmp_path / "v.mp4", np.arange(60) / 12.5))
    assert not found.variable
    assert found.rate in {Fraction(12), Fraction(13)}
    assert "no standard rate" in found.warnings[0]


def test_nearest_rate_stays_within_what_a_timeline_can_hold() -> None:
    assert nearest_rate(Fraction(1, 10)) == 1
    assert nearest_rate(Fraction(90_000)) == 240
