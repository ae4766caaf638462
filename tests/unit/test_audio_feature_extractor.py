"""Loudness and pitch of known sounds, at known times."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from core.audio_feature_extractor import (
    _REACH,
    F0_MAX,
    F0_MIN,
    LOUDNESS_FLOOR,
    MAX_SPAN,
    AudioFeatureExtractor,
    yin,
)
from core.errors import VideoUnreadable
from core.video.damage import Damage
from core.video.frames import sampled_frames
from core.video.probe import probe
from core.video.sound import AUDIO_RATE, SoundBlock, sound_blocks
from tests.media import Sound, corrupted, cut_short, tone, voice, write

PERIOD = 1 / 3
NINE = np.arange(9) * PERIOD  # the rows of 3 s
FIXTURES = Path(__file__).parent.parent / "fixtures"


def features(path: Path, timestamps: np.ndarray = NINE, period: float = PERIOD) -> np.ndarray:
    return AudioFeatureExtractor(sound_blocks(path)).features(timestamps, sample_period=period)


def waveform(path: Path) -> np.ndarray:
    """Samples (n,) from time 0 on; NaN where the track has none."""
    blocks = list(sound_blocks(path))
    out = np.full(blocks[-1].start + len(blocks[-1].samples), np.nan)
    for block in blocks:
        assert np.isnan(out[block.start : block.start + len(block.samples)]).all(), "blocks overlap"
        out[block.start : block.start + len(block.samples)] = block.samples
    return out


def semitones(frequency: float) -> float:
    return 12 * np.log2(frequency / 55)


@pytest.mark.parametrize("frequency", [70, 110, 220, 440, 880])
@pytest.mark.parametrize("amplitude", [0.5, 0.01])
def test_a_tone_has_its_level_and_its_pitch(tmp_path, frequency, amplitude):
    path = write(tmp_path / "a.mkv", None, Sound(tone(frequency, 3, amplitude=amplitude)))
    rows = features(path)
    np.testing.assert_allclose(rows[:, 0], 20 * np.log10(amplitude / np.sqrt(2)), atol=0.1)
    np.testing.assert_allclose(rows[:, 1], semitones(frequency), atol=0.02)


@pytest.mark.parametrize(
    ("extension", "codec", "audio_rate", "layout"),
    [
        ("mp4", "aac", 44_100, "stereo"),
        ("mp4", "aac", 16_000, "mono"),
        ("ts", "aac", 48_000, "mono"),
        ("mkv", "flac", 44_100, "stereo"),
        ("mkv", "pcm_s16le", 16_000, "mono"),
        ("mkv", "pcm_f32le", 16_000, "mono"),
        ("mkv", "pcm_s16le", 48_000, "5.1"),
        ("mkv", "aac", 48_000, "5.1"),
        ("mkv", "pcm_s16le", 48_000, "7.1"),
        ("mkv", "pcm_f32le", 16_000, "hexadecagonal"),
        ("webm", "libopus", 48_000, "stereo"),
        ("mkv", "pcm_s16le", 8_000, "mono"),
    ],
)
def test_every_kind_of_track_gives_the_same_rows(tmp_path, extension, codec, audio_rate, layout):
    channels = av.AudioLayout(layout).nb_channels
    sound = np.tile(tone(220, 3, audio_rate=audio_rate), (channels, 1))
    path = write(tmp_path / f"a.{extension}", None, Sound(sound, audio_rate, layout=layout, codec=codec))
    rows = features(path)[1:-1]  # a lossy codec's first and last row hold its fade
    np.testing.assert_allclose(rows[:, 0], -9.03, atol=0.3 if codec == "aac" else 0.1)
    np.testing.assert_allclose(rows[:, 1], semitones(220), atol=0.02)


def test_the_level_is_the_mean_power_of_the_channels(tmp_path):
    left = tone(220, 3)
    one_sided = write(tmp_path / "left.mkv", None, Sound(np.stack([left, 0 * left]), layout="stereo"))
    np.testing.assert_allclose(features(one_sided)[:, 0], -9.03 - 3.01, atol=0.1)
    opposed = write(tmp_path / "opposed.mkv", None, Sound(np.stack([left, -left]), layout="stereo"))
    np.testing.assert_allclose(features(opposed)[:, 0], -9.03, atol=0.1)
    for path in (one_sided, opposed):
        np.testing.assert_allclose(features(path)[1:-1, 1], semitones(220), atol=0.02)


def test_44100_stereo_agrees_with_16000_mono(tmp_path):
    rows = []
    for audio_rate, layout in ((44_100, "stereo"), (16_000, "mono")):
        samples, _ = voice(3, audio_rate=audio_rate)
        samples = np.tile(samples, (1 if layout == "mono" else 2, 1))
        path = write(tmp_path / f"{audio_rate}.mkv", None, Sound(samples, audio_rate, layout=layout, codec="flac"))
        rows.append(features(path))
    np.testing.assert_allclose(rows[0][:, 0], rows[1][:, 0], atol=0.3)
    np.testing.assert_allclose(rows[0][:, 1], rows[1][:, 1], atol=0.1)


def test_silence_is_the_floor_and_unvoiced(tmp_path):
    path = write(tmp_path / "a.mkv", None, Sound(np.zeros(3 * 48_000)))
    assert features(path).tolist() == [[LOUDNESS_FLOOR, 0]] * 9


def test_silence_after_a_loud_tone_is_still_the_floor(tmp_path):
    path = write(
        tmp_path / "a.mkv", None, Sound(np.r_[tone(220, 2, amplitude=1.0), np.zeros(48_000)], codec="pcm_s16le")
    )
    assert features(path)[-2:].tolist() == [[LOUDNESS_FLOOR, 0]] * 2


def test_noise_has_a_level_and_no_pitch(tmp_path):
    noise = np.random.default_rng(0).normal(0, 0.1, 3 * AUDIO_RATE)
    path = write(tmp_path / "a.mkv", None, Sound(noise, AUDIO_RATE))
    rows = features(path)
    np.testing.assert_allclose(rows[:, 0], -20, atol=0.5)
    assert np.all(rows[:, 1] == 0)


def test_a_row_voiced_for_under_a_quarter_has_no_pitch(tmp_path):
    noise = np.random.default_rng(0).normal(0, 0.1, 3 * AUDIO_RATE)
    for share, pitch in ((0.15, 0.0), (0.5, semitones(220))):
        sound = noise.copy()
        for row in range(1, 8):
            middle = round(row * PERIOD * AUDIO_RATE)
            half = round(share * PERIOD * AUDIO_RATE / 2)
            sound[middle - half : middle + half] = tone(220, 1, audio_rate=AUDIO_RATE)[: 2 * half]
        path = write(tmp_path / f"{share}.mkv", None, Sound(sound, AUDIO_RATE))
        np.testing.assert_allclose(features(path)[1:8, 1], pitch, atol=0.1)


def test_a_late_track_has_nan_rows_before_it(tmp_path):
    path = write(tmp_path / "a.mkv", np.arange(90) / 30, Sound(tone(220, 2), start=1.0))
    rows = features(path)
    assert np.isnan(rows[:3]).all()
    # The row at 1.0 s has sound in its second half, which is just enough.
    np.testing.assert_allclose(rows[3:, 0], -9.03, atol=0.1)
    np.testing.assert_allclose(rows[4:, 1], semitones(220), atol=0.02)


@pytest.mark.parametrize("codec", ["pcm_f32le", "flac", "aac"])
def test_a_hole_in_the_track_is_nan_rows_and_nothing_moves(tmp_path, codec):
    sound = np.r_[tone(220, 3), tone(440, 3)]
    path = write(tmp_path / "a.mkv", np.arange(180) / 30, Sound(sound, codec=codec, holes=((1.5, 3.0),)))
    rows = features(path, np.arange(18) * PERIOD)
    np.testing.assert_allclose(rows[1:4, 1], semitones(220), atol=0.05)
    assert np.isnan(rows[5:9]).all()
    np.testing.assert_allclose(rows[10:17, 1], semitones(440), atol=0.05)
    np.testing.assert_allclose(rows[10:17, 0], -9.03, atol=0.3)


def test_what_no_recording_is_as_loud_as_is_damage(tmp_path):
    samples = tone(220, 4.0)
    samples[96_000:105_000] = 1e5  # as decoders make it of damaged packets
    path = write(tmp_path / "v.mkv", np.arange(40) / 10, Sound(samples))
    damage = Damage()
    found = AudioFeatureExtractor(sound_blocks(path, damage=damage)).features(np.arange(12) / 3, sample_period=PERIOD)
    assert damage.bad_packets > 0
    assert np.nanmax(found[:, 0]) < 0
    assert np.isfinite(found[[0, 3, 9], 0]).all()


def test_without_sound_every_row_is_nan(tmp_path):
    path = write(tmp_path / "mute.mp4", np.arange(90) / 30)
    assert list(sound_blocks(path)) == []
    assert np.isnan(features(path)).all()


def test_rows_behind_the_sounds_end_are_nan(tmp_path):
    path = write(tmp_path / "a.mkv", np.arange(180) / 30, Sound(tone(220, 3)))
    rows = features(path, np.arange(18) * PERIOD)
    assert not np.isnan(rows[:9]).any()
    assert np.isnan(rows[10:]).all()


@pytest.mark.parametrize(("extension", "codec"), [("mkv", "pcm_f32le"), ("mkv", "aac"), ("mp4", "aac"), ("ts", "aac")])
@pytest.mark.parametrize(("video_start", "audio_start"), [(0, 0), (0, 0.5), (0.5, 0), (5, 5.5), (5.5, 5)], ids=str)
def test_sound_and_picture_share_one_clock(tmp_path, extension, codec, video_start, audio_start):
    onset = 1.0
    sound = np.r_[np.zeros(48_000), tone(440, 1)]
    path = write(
        tmp_path / f"a.{extension}",
        np.arange(30) / 30 + video_start,
        Sound(sound, start=audio_start, codec=codec),
    )
    first_picture = next(sampled_frames(path, 1)).timestamp
    heard = int(np.argmax(np.nan_to_num(np.abs(waveform(path))) > 0.1)) / AUDIO_RATE
    assert heard - first_picture == pytest.approx(onset + audio_start - video_start, abs=0.002)


@pytest.mark.parametrize("audio_rate", [8_000, 16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("n", [1, 333, 1024, 100_001])
def test_the_resampler_neither_loses_nor_moves_a_sample(tmp_path, audio_rate, n):
    samples = np.zeros(n + 2000)
    samples[n] = 0.9
    smooth = np.convolve(samples, np.hanning(41) / 2, "same")  # below 8 kHz
    wave = waveform(write(tmp_path / "a.mkv", None, Sound(smooth, audio_rate)))
    assert len(wave) == pytest.approx(len(samples) * AUDIO_RATE / audio_rate, abs=1.5)
    assert np.argmax(wave) == pytest.approx(n * AUDIO_RATE / audio_rate, abs=1)


def test_sound_before_time_zero_is_left_out_and_the_rest_stays_in_place(tmp_path, monkeypatch):
    path = write(tmp_path / "a.mkv", None, Sound(tone(220, 1)))
    early = [SoundBlock(-150, np.arange(100.0)), SoundBlock(-50, np.arange(100.0)), SoundBlock(50, np.arange(100.0))]
    monkeypatch.setattr("core.video.sound._placed", lambda *_: iter(early))
    blocks = list(sound_blocks(path))
    assert [block.start for block in blocks] == [0, 50]
    assert blocks[0].samples.tolist() == list(range(50, 100))


@pytest.fixture(scope="module")
def two_minutes(tmp_path_factory) -> Path:
    """Speech-like sound with pauses, 130 s: more than two spans."""
    samples = np.tile(np.r_[3 * voice(3)[0], np.zeros(8_000), 1e-3 * voice(3)[0]], 20)
    return write(tmp_path_factory.mktemp("audio") / "a.mkv", None, Sound(samples, AUDIO_RATE))


def test_rows_in_several_calls_are_the_rows_of_one(two_minutes):
    timestamps = np.arange(390) * PERIOD + 0.017
    whole = features(two_minutes, timestamps)
    assert np.isfinite(whole).all()
    for seed in range(2):
        cuts = np.sort(np.random.default_rng(seed).choice(np.arange(1, 390), 7, replace=False))
        extractor = AudioFeatureExtractor(sound_blocks(two_minutes))
        parts = [extractor.features(part, sample_period=PERIOD) for part in np.split(timestamps, cuts)]
        assert np.array_equal(np.concatenate(parts), whole)
    later = features(two_minutes, timestamps[200:])  # going on after a stop
    assert np.array_equal(later, whole[200:])


def test_the_track_is_never_held_whole(two_minutes):
    blocks = sound_blocks(two_minutes)
    assert next(blocks).start == 0
    assert max(len(block.samples) for block in blocks) < AUDIO_RATE
    extractor = AudioFeatureExtractor(sound_blocks(two_minutes))
    extractor.features(np.array([0.0]), sample_period=PERIOD)
    assert extractor._sound._end < 1.0 * AUDIO_RATE
    for chunk in np.split(np.arange(390) * PERIOD, [3, 300, 301]):
        extractor.features(chunk, sample_period=PERIOD)
        held = sum(len(block.samples) for block in extractor._sound._held)
        assert held < (MAX_SPAN + 2) * AUDIO_RATE
    late = AudioFeatureExtractor(sound_blocks(two_minutes))
    late.features(np.array([129.0]), sample_period=PERIOD)
    assert sum(len(block.samples) for block in late._sound._held) < 2 * AUDIO_RATE


def test_no_rows_are_no_rows(two_minutes):
    assert features(two_minutes, np.empty(0)).shape == (0, 2)


def test_yin_agrees_with_an_independent_peer():
    samples, f0 = voice()
    peer = np.load(FIXTURES / "yin_peer.npz")
    begin = peer["centre"] - _REACH // 2
    inside = (begin >= 0) & (begin + _REACH <= len(samples))
    ours = yin(samples[begin[inside, None] + np.arange(_REACH)].astype(np.float32))
    assert len(ours) > 350
    assert np.isfinite(ours).mean() > 0.98
    voiced = np.isfinite(ours)
    difference = np.abs(12 * np.log2(ours[voiced] / peer["f0"][inside][voiced]))
    assert np.median(difference) < 0.1
    assert np.percentile(difference, 95) < 0.2
    truth = np.abs(12 * np.log2(ours[voiced] / f0[peer["centre"][inside]][voiced]))
    assert np.median(truth) < 0.1


@pytest.mark.parametrize("frequency", [F0_MIN + 0.1, 66, 82.4, 131, 247, 392, 659, 880, 980])
def test_yin_over_its_whole_range(frequency):
    frame = tone(frequency, 1, audio_rate=AUDIO_RATE)[:_REACH].astype(np.float32)
    assert abs(12 * np.log2(yin(frame[None])[0] / frequency)) < 0.03
    assert frequency < F0_MAX


def test_a_cut_or_corrupted_track_gives_what_is_left(tmp_path):
    whole = write(tmp_path / "a.mkv", np.arange(90) / 30, Sound(tone(220, 3), codec="aac"))
    cut = features(cut_short(whole, tmp_path / "cut.mkv"))
    np.testing.assert_allclose(cut[1:3, 1], semitones(220), atol=0.05)
    assert np.isnan(cut[-1]).all()
    mp4 = write(tmp_path / "a.mp4", None, Sound(tone(220, 30), codec="aac"))
    damage = Damage()
    blocks = list(sound_blocks(corrupted(mp4, tmp_path / "bad.mp4", 0.4, 0.6), damage=damage))
    assert damage.bad_packets > 0
    last = blocks[-1]
    assert (last.start + len(last.samples)) / AUDIO_RATE == pytest.approx(30, abs=0.1)
    rows = features(tmp_path / "bad.mp4", np.array([3.0, 27.0]))
    np.testing.assert_allclose(rows[:, 1], semitones(220), atol=0.05)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(VideoUnreadable, match=r"gone\.mp4: no such file"):
        features(tmp_path / "gone.mp4")


def test_a_file_with_only_sound_has_features_and_no_picture(tmp_path):
    path = write(tmp_path / "a.m4a", None, replace(Sound(tone(220, 3)), codec="aac"))
    with pytest.raises(VideoUnreadable, match="only sound"):
        probe(path)
    assert np.isfinite(features(path)).all()
