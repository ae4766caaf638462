"""YAMNet: what is heard in 0.96 s of sound, as scores of 521 AudioSet classes.

M. Plakal and D. Ellis 2019, https://github.com/tensorflow/models/tree/master/research/audioset/yamnet: a MobileNet v1
on log-mel patches. The bundled weights are the int8 form that is distributed for TFLite, computed in single precision.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file
from torch import Tensor
from torch.nn import functional

from core.storage.weights import describe, find

WINDOW, HOP, N_FFT = 400, 160, 512  # audio samples at 16 kHz
MEL_OFFSET = 0.001
N_FRAMES = 96  # spectra in a patch
PATCH = (N_FRAMES - 1) * HOP + WINDOW  # audio samples that one patch reads
STRIDES = (2, *(1, 1), *(2, 1), *(1, 1), *(2, 1), *(1, 1), *(2, 1), *(1, 1) * 5, *(2, 1), *(1, 1))
BATCH = 16  # patches at once: more do not stay in a processor's cache


class Yamnet:
    """The network with its front end. Raises WeightsUnavailable."""

    def __init__(self) -> None:
        stored = load_file(find(describe("yamnet_int8")))

        def layer(name: str) -> tuple[Tensor, Tensor]:
            weight, scale = stored[f"{name}.weight"], stored[f"{name}.scale"]
            whole = weight.astype(np.float32) * scale.reshape(-1, *[1] * (weight.ndim - 1))
            return torch.from_numpy(whole), torch.from_numpy(stored[f"{name}.bias"])

        # TensorFlow pads below and to the right where torch pads above and to the left: patches and kernels are turned.
        self._layers = [_Layer.of(*layer(f"layers.{k}"), stride, k) for k, stride in enumerate(STRIDES)]
        self._head = layer("head")
        # Those of librosa.filters.mel within .005; they are stored because importing librosa's takes seconds.
        self._filters, self._hann = torch.from_numpy(stored["mel.weight"].T.copy()), torch.hann_window(WINDOW)

    def log_mel(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Spectra (n, 64) of consecutive windows of mono sound at 16 kHz; 96 of them make a patch.

        As `librosa.feature.melspectrogram` with a power of 1; without its padding to whole windows.
        """
        with torch.inference_mode():  # all of it: threads of NumPy would wait for those of torch
            frames = torch.from_numpy(samples).unfold(0, WINDOW, HOP) * self._hann
            return torch.log(torch.fft.rfft(frames, N_FFT).abs() @ self._filters + MEL_OFFSET).numpy()

    def scores(self, patches: NDArray[np.float32]) -> NDArray[np.float32]:
        """Log-mel patches (n, 96, 64) -> scores (n, 521) in [0, 1]."""
        with torch.inference_mode():
            parts = [self._forward(torch.from_numpy(patches[k : k + BATCH])) for k in range(0, len(patches), BATCH)]
            return torch.cat(parts).numpy() if parts else np.empty((0, len(self._head[1])), np.float32)

    def _forward(self, patches: Tensor) -> Tensor:
        x = patches.flip(1, 2)[:, None].contiguous()  # (n, 1, 96, 64)
        for layer in self._layers:
            x = layer.apply(x)
        weight, bias = self._head
        return torch.sigmoid(functional.linear(x.mean((2, 3)), weight, bias))


@dataclass(frozen=True)
class _Layer:
    """A convolution whose output is cut off at 0 and 6; its kernels are laid out for oneDNN, 2.6 times as fast."""

    weight: Tensor
    bias: Tensor
    stride: int
    padding: int
    groups: int

    @classmethod
    def of(cls, weight: Tensor, bias: Tensor, stride: int, number: int) -> Self:
        padding, groups = weight.shape[-1] // 2, len(weight) if number and weight.shape[1] == 1 else 1
        weight = weight.flip(2, 3).contiguous()
        if torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
            weight = torch._C._nn.mkldnn_reorder_conv2d_weight(weight.to_mkldnn(), [padding], [stride], [1], groups)
        return cls(weight, bias, stride, padding, groups)

    def apply(self, x: Tensor) -> Tensor:
        """The output (n, channels, height, width) for x."""
        if self.weight.is_mkldnn:
            place = [self.padding] * 2, [self.stride] * 2, [1, 1], self.groups
            cut: Tensor = torch.ops.mkldnn._convolution_pointwise(
                x, self.weight, self.bias, *place, "hardtanh", [0.0, 6.0], ""
            )
            return cut
        x = functional.conv2d(x, self.weight, self.bias, self.stride, self.padding, groups=self.groups)
        return x.clamp_(0, 6)
