import numpy as np

from core.cues.waveform import N_PARTS, WaveformReader, waveform_line
from core.video.sound import SoundBlock


def test_extremes_lie_where_the_sound_is():
    samples = np.zeros(48_000, np.float32)
    samples[24_000], samples[24_001] = 0.5, -1.0  # at 1.5 s
    rows = WaveformReader([SoundBlock(0, samples)]).rows(np.arange(9) / 3, sample_period=1 / 3)
    assert rows.shape == (9, N_PARTS, 2)
    at = np.argwhere(rows[:, :, 0] == -127)
    assert at.tolist() == [[4, 12]] or at.tolist() == [[5, 0]]
    assert rows.max() == 64
    assert np.count_nonzero(rows) == 2


def test_no_sound_is_drawn_flat():
    assert not WaveformReader([]).rows(np.arange(3) / 3, sample_period=1 / 3).any()
    assert WaveformReader([]).rows(np.empty(0), sample_period=1 / 3).shape == (0, N_PARTS, 2)


def test_the_line_goes_through_all_extremes_in_time():
    waveform = np.random.default_rng(0).integers(-127, 128, (9, N_PARTS, 2)).astype(np.int8)
    times, values = waveform_line(np.arange(9) / 3, waveform)
    assert times.shape == values.shape == (9 * N_PARTS * 2,)
    assert (np.diff(times) >= 0).all()
    assert values.max() <= 1
    assert np.array_equal(np.round(values * 127).reshape(waveform.shape), waveform)
