"""The clock of recordings that were put together."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from core.video.clock import Clock, clock_of, read_clock, seconds_since
from core.video.frames import frame_at, sampled_frames
from core.video.probe import probe
from core.video.sound import sound_blocks
from tests import media


def together(tmp_path: Path, later: float) -> Path:
    """Two recordings of 3 s in one transport stream, the second's clock starting at `later` seconds."""
    parts = []
    for number, start in enumerate((0.0, later)):
        sound = media.Sound(media.tone(220, 3), start=start, codec="aac")
        options = {"g": "10", "bf": "2"}
        parts.append(media.write(tmp_path / f"{number}.ts", start + np.arange(75) / 25, sound, options=options))
    path = tmp_path / "together.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


@pytest.mark.parametrize("later", [0.0, 1.0, 10_000.0])
def test_recordings_put_together_run_on(tmp_path: Path, later: float) -> None:
    path = together(tmp_path, later)
    frames = list(sampled_frames(path, 25))
    assert [media.number_of(frame.image) for frame in frames] == 2 * list(range(75))
    np.testing.assert_allclose(np.diff([frame.timestamp for frame in frames]), 1 / 25, atol=0.13)
    info = probe(path)
    assert info.duration == pytest.approx(6, abs=0.2)
    assert "clock starts again or jumps (1 times)" in info.warnings[0]
    assert sum(len(block.samples) for block in sound_blocks(path)) / 16_000 == pytest.approx(6, abs=0.2)
    for frame in frames[::20]:
        assert np.array_equal(frame_at(path, frame.timestamp).image, frame.image)


@pytest.mark.parametrize("large", [False, True])
def test_flv_files_put_together_run_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: bool) -> None:
    sound = media.Sound(media.tone(220, 3, audio_rate=44_100), 44_100, codec="aac")
    part = media.write(tmp_path / "w.flv", np.arange(75) / 25, sound, options={"g": "10"}).read_bytes()
    path = tmp_path / "v.flv"
    path.write_bytes(part + part[13:])  # a second header would be no tag
    if large:
        monkeypatch.setattr("core.video.clock.SMALL", 0)
    frames = list(sampled_frames(path, 25))
    assert [media.number_of(frame.image) for frame in frames] == 2 * list(range(75))
    assert probe(path).duration == pytest.approx(6, abs=0.2)
    for frame in frames[::20]:
        assert np.array_equal(frame_at(path, frame.timestamp).image, frame.image)


def test_a_large_flv_whose_clock_runs_on_is_not_read_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = media.Sound(media.tone(220, 3, audio_rate=44_100), 44_100, codec="aac")
    path = media.write(tmp_path / "v.flv", np.arange(75) / 25, sound)
    monkeypatch.setattr("core.video.clock.SMALL", 0)
    with av.open(str(path)) as container:
        assert read_clock(container) == Clock()
        assert next(iter(container.demux())).pts == 0


def test_tracks_that_lie_a_little_apart_are_no_jump() -> None:
    packets = [(k, k % 2, k / 10 - 3 * (k % 2), 0.1) for k in range(100)]
    assert clock_of(packets).n_jumps == 0
    assert clock_of([(k, 0, time, 0.1) for k, time in enumerate((0.0, 0.1, 50.0, 50.1))]).shifts == pytest.approx(
        (0, -49.8)
    )


@pytest.mark.parametrize("n", [1, 5])
def test_a_few_packets_out_of_place_are_no_jump(n: int) -> None:
    times = np.arange(40) / 10
    times[22 : 22 + n] += 0.8
    assert clock_of([(k, 0, time, 0.1) for k, time in enumerate(times)]).n_jumps == 0


@pytest.mark.parametrize("tick", [Fraction(1, 90_000), Fraction(1001, 30_000), Fraction(1, 15_360), Fraction(1, 1000)])
def test_times_are_the_nearest_floats(tick: Fraction) -> None:
    rng = np.random.default_rng(0)
    for start in (Fraction(0), Fraction(1_400_000, 1_000_000), Fraction(-21_333, 1_000_000)):
        for ticks in rng.integers(-(2**40), 2**40, 50).tolist():
            assert seconds_since(start, ticks, tick) == float(ticks * tick - start)
