"""YAMNet: what is heard in 0.96 s of sound, as scores of 521 AudioSet classes.

M. Plakal and D. Ellis 2019, https://github.com/tensorflow/models/tree/master/research/audioset/yamnet: a MobileNet v1
on log-mel patches. The bundled weights are the int8 form that is distributed for TFLite, computed in single precision.
"""

from __future__ import annotations

import numpy as np
import scipy.fft
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file
from torch import Tensor
from torch.nn import functional

from core.storage.weights import describe, find

WINDOW, HOP, N_FFT = 400, 160, 512  # audio samples at 16 kHz
N_FRAMES = 96  # spectra in a patch
PATCH = (N_FRAMES - 1) * HOP + WINDOW  # audio samples that one patch reads
STRIDES = (2, *(1, 1), *(2, 1), *(1, 1), *(2, 1), *(1, 1), *(2, 1), *(1, 1) * 5, *(2, 1), *(1, 1))
BATCH = 32


class Yamnet:
    """The network with its front end. Raises WeightsUnavailable."""

    def __init__(self) -> None:
        stored = load_file(find(describe("yamnet_int8")))

        def layer(name: str) -> tuple[Tensor, Tensor]:
            weight, scale = stored[f"{name}.weight"], stored[f"{name}.scale"]
            whole = weight.astype(np.float32) * scale.reshape(-1, *[1] * (weight.ndim - 1))
            return torch.from_numpy(whole), torch.from_numpy(stored[f"{name}.bias"])

        self._layers = [layer(f"layers.{k}") for k in range(len(STRIDES))]
        self._head = layer("head")
        self._mel, self._offset = stored["mel.weight"].T.copy(), stored["mel.offset"]

    def log_mel(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Spectra (n, 64) of consecutive windows of mono sound at 16 kHz; 96 of them make a patch.

        What `librosa.feature.melspectrogram` (power 1, HTK mels of 125 to 7500 Hz, no norm, periodic Hann) gives,
        which is tested; importing librosa takes longer than hearing ten minutes of sound.
        """
        frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP]
        hann = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)
        magnitude = np.abs(scipy.fft.rfft(frames * hann, N_FFT, axis=1))
        return np.log(magnitude @ self._mel + self._offset)  # type: ignore[no-any-return]

    def scores(self, patches: NDArray[np.float32]) -> NDArray[np.float32]:
        """Log-mel patches (n, 96, 64) -> scores (n, 521) in [0, 1]."""
        with torch.inference_mode():
            parts = [self._forward(torch.from_numpy(patches[k : k + BATCH])) for k in range(0, len(patches), BATCH)]
            return torch.cat(parts).numpy() if parts else np.empty((0, len(self._head[1])), np.float32)

    def _forward(self, patches: Tensor) -> Tensor:
        x = patches[:, None]  # (n, 1, 96, 64)
        for (weight, bias), stride in zip(self._layers, STRIDES, strict=True):
            spatial, groups = weight.shape[-1] == 3, len(weight) if weight.shape[1] == 1 and x.shape[1] > 1 else 1
            if stride == 2:  # TensorFlow's SAME padding of even sides: only right and below
                x = functional.pad(x, (0, 1, 0, 1))
            padding = 1 if spatial and stride == 1 else 0
            x = functional.conv2d(x, weight, bias, stride=stride, padding=padding, groups=groups).clamp_(0, 6)
        weight, bias = self._head
        return torch.sigmoid(functional.linear(x.mean((2, 3)), weight, bias))
