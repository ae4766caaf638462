from itertools import pairwise

import numpy as np
import pytest

from core.cues.laughter import COLUMNS, LaughterReader, columns_of
from core.cues.yamnet import Yamnet
from core.video.sound import SoundBlock


@pytest.fixture(scope="module")
def network() -> Yamnet:
    return Yamnet()


def blocks(samples: np.ndarray, *cuts: int, missing: int | None = None) -> list[SoundBlock]:
    pairs = list(pairwise([0, *cuts, len(samples)]))
    return [SoundBlock(a, samples[a:b]) for k, (a, b) in enumerate(pairs) if k != missing]


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, round(seconds * 16_000)).astype(np.float32)


def scores(**classes: float) -> np.ndarray:
    out = np.full((1, 521), 1e-4, np.float32)
    for name, value in classes.items():
        out[0, int(name[1:])] = value
    return out


def test_low_scores_of_far_laughs_are_served():
    laughter = {p: columns_of(scores(_13=p))[0, 0] for p in (0.001, 0.05, 0.2, 0.6)}
    assert laughter[0.001] < 0.05
    assert laughter[0.05] > 0.4
    assert laughter[0.2] > 0.7
    assert laughter[0.6] > 0.95


@pytest.mark.parametrize("other", ["_132", "_62"])
def test_music_and_crowds_hold_laughter_down(other):
    alone, mixed = columns_of(scores(_13=0.06)), columns_of(scores(_13=0.06, **{other: 0.9}))
    assert alone[0, 0] > 0.5 > mixed[0, 0]
    assert columns_of(scores(_13=0.6, **{other: 0.9}))[0, 0] > 0.8  # one that is certain is still heard


@pytest.mark.parametrize("other", ["_6", "_11", "_19", "_22"])
def test_laughter_is_shared_with_shouts_screams_and_crying(other):
    alone, beside = columns_of(scores(_13=0.1)), columns_of(scores(_13=0.1, **{other: 0.15}))
    assert alone[0, 0] > 0.6
    assert beside[0, 0] == pytest.approx(alone[0, 0] * 0.1 / 0.25, rel=0.01)
    assert columns_of(scores(_13=0.5, **{other: 0.05}))[0, 0] > 0.8  # a voice that rather laughs


def test_columns_are_the_highest_of_their_classes():
    columns = columns_of(scores(_18=0.3, _5=0.4, _200=0.5, _64=0.6))
    assert columns.shape == (1, len(COLUMNS))
    assert columns[0, 1:] == pytest.approx([0.4, 0.5, 0.6])


def test_rows_do_not_depend_on_calls_and_blocks(network):
    sound, times = noise(40), np.arange(120) / 3
    whole = LaughterReader(blocks(sound), network).rows(times)
    assert np.isfinite(whole).all()
    reader = LaughterReader(blocks(sound, 1000, 333_333), network)
    parts = [reader.rows(part) for part in (times[:7], times[7:7], times[7:70], times[70:])]
    assert np.array_equal(np.concatenate(parts), whole)
    assert np.array_equal(LaughterReader(blocks(sound), network).rows(times[90:]), whole[90:])  # gone on after a stop


def test_without_sound_rows_are_missing(network):
    sound, times = noise(30), np.arange(90) / 3
    heard = np.isfinite(LaughterReader(blocks(sound, 160_000, 320_000, missing=1), network).rows(times)).all(axis=1)
    assert heard[: 9 * 3].all()
    assert not heard[11 * 3 : 19 * 3].any()
    assert heard[21 * 3 : 29 * 3].all()
    assert np.isnan(LaughterReader([], network).rows(times)).all()


def test_sound_is_never_held_whole(network):
    held = []
    reader = LaughterReader((SoundBlock(k * 16_000, noise(1, k)) for k in range(100)), network)
    for second in range(100):
        reader.rows(np.array([float(second)]))
        held.append(sum(len(block.samples) for block in reader._sound._held))
    assert max(held) < 20 * 16_000
    assert len(reader._heard) <= 64
