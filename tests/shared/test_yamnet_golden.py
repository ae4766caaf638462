"""YAMNet beside the scores that the TFLite interpreter gives, where those are at hand."""

from pathlib import Path

import numpy as np
import pytest

from core.cues.yamnet import Yamnet

GOLDEN = Path(__file__).parents[3] / "shared" / "data" / "yamnet_golden.npz"


@pytest.mark.skipif(not GOLDEN.exists(), reason=f"{GOLDEN} is not at hand")
def test_scores_are_the_interpreters():
    golden = np.load(GOLDEN)
    network = Yamnet()
    spectra = [network.log_mel(waveform.astype(np.float32) / 32768) for waveform in golden["waveforms"]]
    scores, expected = network.scores(np.stack(spectra)), golden["scores"]
    assert np.abs(scores - expected).mean() <= 0.001
    assert (scores.argmax(axis=1) == expected.argmax(axis=1)).sum() >= 23
