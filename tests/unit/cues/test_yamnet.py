from pathlib import Path

import librosa
import numpy as np
import pytest

from core.cues.yamnet import HOP, N_FFT, N_FRAMES, PATCH, WINDOW, Yamnet

FIXTURES = Path(__file__).parents[2] / "fixtures"


@pytest.fixture(scope="module")
def network() -> Yamnet:
    return Yamnet()


def sounds() -> np.ndarray:
    """Synthetic sounds (5, PATCH): silence, noise, a tone, a chord, bursts of voice."""
    time = np.arange(PATCH) / 16_000
    chord = sum(np.sin(2 * np.pi * f * time) / 3 for f in (261.6, 329.6, 392.0))
    voice = sum(np.sin(2 * np.pi * 250 * k * time) / k for k in range(1, 8)) * np.clip(np.sin(31 * time), 0, 1) / 3
    noise = np.random.default_rng(0).normal(0, 0.2, PATCH)
    return np.stack([0 * time, noise, np.sin(2 * np.pi * 440 * time), chord, voice]).astype(np.float32)


def patches(network: Yamnet, waveforms: np.ndarray) -> np.ndarray:
    return np.stack([network.log_mel(waveform) for waveform in waveforms])


def test_scores_of_synthetic_sounds_are_the_kept_ones(network):
    scores = network.scores(patches(network, sounds()))
    kept = np.load(FIXTURES / "yamnet.npz")["scores"]
    assert scores.shape == (5, 521)
    assert np.abs(scores - kept).max() < 1e-3
    assert (scores.argmax(axis=1) == kept.argmax(axis=1)).all()
    assert kept.argmax(axis=1)[0] == 494  # silence


def test_without_onednn_scores_are_the_same(network, monkeypatch):
    monkeypatch.setattr("torch.backends.mkldnn.is_available", lambda: False)
    heard = patches(network, sounds())
    np.testing.assert_allclose(Yamnet().scores(heard), network.scores(heard), atol=1e-5)


def test_a_score_does_not_depend_on_its_neighbours(network):
    batch = patches(network, np.concatenate([sounds()] * 7))  # more than one batch
    scores = network.scores(batch)
    assert scores.shape == (35, 521)
    assert np.abs(scores[-5:] - network.scores(batch[-5:])).max() < 1e-5
    assert network.scores(batch[:0]).shape == (0, 521)


def test_the_front_end_is_librosas(network):
    waveform = sounds()[1]
    side = (N_FFT - WINDOW) // 2
    mel = librosa.feature.melspectrogram(
        y=np.pad(waveform, side),
        sr=16_000,
        n_fft=N_FFT,
        win_length=WINDOW,
        hop_length=HOP,
        center=False,
        power=1,
        n_mels=64,
        fmin=125,
        fmax=7500,
        htk=True,
        norm=None,
    )
    ours = network.log_mel(waveform)
    assert ours.shape == (N_FRAMES, 64)
    assert np.abs(ours - np.log(mel.T + 0.001)).max() < 0.02


def test_the_stored_filter_bank_is_librosas(network):
    filters = librosa.filters.mel(sr=16_000, n_fft=N_FFT, n_mels=64, fmin=125, fmax=7500, htk=True, norm=None)
    assert np.abs(network._filters.numpy().T - filters).max() < 0.005
