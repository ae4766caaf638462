"""Properties of the audio features that hold for any sound, however it is cut into blocks and calls."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.audio_feature_extractor import _REACH, F0_MAX, F0_MIN, LOUDNESS_FLOOR, AudioFeatureExtractor, yin
from core.video.sound import AUDIO_RATE, SoundBlock, sound_blocks
from tests.media import Sound, tone, write

DURATION = 4.0


def extractor_of(sound: np.ndarray, bounds: list[int], missing: set[int]) -> AudioFeatureExtractor:
    """Reads the stretches of `sound` between the bounds as blocks; the missing ones are holes."""
    edges = [0, *sorted(bounds), len(sound)]
    blocks = [SoundBlock(a, sound[a:b]) for k, (a, b) in enumerate(pairwise(edges)) if b > a and k not in missing]
    return AudioFeatureExtractor(blocks)


def sound_of(seed: int) -> np.ndarray:
    """Stretches of tone, noise and silence at random levels."""
    rng = np.random.default_rng(seed)
    parts = []
    for _ in range(8):
        n = round(DURATION / 8 * AUDIO_RATE)
        tone = np.sin(2 * np.pi * rng.uniform(F0_MIN, F0_MAX) * np.arange(n) / AUDIO_RATE)
        parts.append(10 ** rng.uniform(-5, 0) * (tone, rng.normal(0, 0.3, n), np.zeros(n))[rng.integers(3)])
    return np.concatenate(parts).astype(np.float32)


positions = st.lists(st.integers(0, round(DURATION * AUDIO_RATE)), max_size=8)


@settings(deadline=None, max_examples=30)
@given(
    seed=st.integers(0, 1000),
    bounds=positions,
    missing=st.sets(st.integers(0, 8), max_size=3),
    sample_rate=st.floats(0.5, 30),
    offset=st.floats(0, 1),
    n_first=st.integers(0, 30),
)
def test_rows_follow_the_definition_whatever_the_blocks_and_calls(seed, bounds, missing, sample_rate, offset, n_first):
    sound, period = sound_of(seed), 1 / sample_rate
    timestamps = offset + np.arange(int((DURATION + 1) * sample_rate)) * period
    whole = extractor_of(sound, bounds, missing).features(timestamps, sample_period=period)
    extractor = extractor_of(sound, bounds, missing)
    parts = [extractor.features(part, sample_period=period) for part in np.split(timestamps, [n_first])]
    assert np.array_equal(np.concatenate(parts), whole, equal_nan=True)

    heard = np.zeros(len(sound) + 4 * AUDIO_RATE, bool)
    edges = [0, *sorted(bounds), len(sound)]
    for k, (a, b) in enumerate(pairwise(edges)):
        heard[a:b] = k not in missing
    padded = np.pad(sound, (0, 4 * AUDIO_RATE)).astype(np.float64)
    for row, timestamp in zip(whole, timestamps, strict=True):
        a = round(max(0.0, timestamp - period / 2) * AUDIO_RATE)
        b = round((timestamp + period / 2) * AUDIO_RATE)
        present = padded[a:b][heard[a:b]]
        if 2 * len(present) < b - a:
            assert np.isnan(row).all()
            continue
        expected = max(LOUDNESS_FLOOR, 10 * np.log10(max(np.mean(present**2), 1e-12)))
        assert abs(row[0] - expected) < 1e-3
        assert row[1] == 0 or 12 * np.log2(60 / 55) < row[1] < 12 * np.log2(1100 / 55)


@settings(deadline=None)
@given(st.floats(F0_MIN + 0.5, F0_MAX - 15), st.floats(0.005, 1), st.floats(0, 6.3))
def test_yin_finds_any_tone_at_any_level_and_phase(frequency, amplitude, phase):
    time = np.arange(_REACH) / AUDIO_RATE
    frame = (amplitude * np.sin(2 * np.pi * frequency * time + phase)).astype(np.float32)
    assert abs(12 * np.log2(yin(frame[None])[0] / frequency)) < 0.1


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000), st.integers(1, 40))
def test_a_frames_pitch_does_not_depend_on_its_neighbours(seed, n):
    rng = np.random.default_rng(seed)
    frames = (rng.normal(0, 0.05, (n, _REACH)) + np.sin(np.arange(_REACH) * rng.uniform(0.03, 0.4, (n, 1)))).astype(
        np.float32
    )
    together = yin(frames)
    alone = np.concatenate([yin(frame[None]) for frame in frames])
    assert np.array_equal(together, alone, equal_nan=True)


LAYOUTS = ("mono", "stereo", "2.1", "3.0", "4.0", "5.0", "5.1", "7.1")


@settings(deadline=None, max_examples=25)
@given(st.sampled_from(LAYOUTS), st.data())
def test_the_level_is_the_mean_power_of_the_channels_and_the_pitch_that_of_the_strongest(layout, data):
    channels = [channel.name for channel in av.AudioLayout(layout).channels]
    amplitudes = np.array(data.draw(st.lists(st.sampled_from([0.0, 0.1, 0.4, -0.4]), min_size=1, max_size=8)))
    amplitudes = np.resize(amplitudes, len(channels))
    with TemporaryDirectory() as folder:
        sound = Sound(amplitudes[:, None] * tone(220, 1, amplitude=1.0), layout=layout)
        blocks = list(sound_blocks(write(Path(folder) / "a.mkv", None, sound)))
    loudness, pitch = AudioFeatureExtractor(blocks).features(np.array([0.5]), sample_period=0.5)[0]
    power = np.mean(amplitudes**2) / 2
    assert loudness == pytest.approx(10 * np.log10(max(power, 1e-8)), abs=0.1)
    assert pitch == pytest.approx(24 if power else 0, abs=0.1)
