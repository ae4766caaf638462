"""MobileFaceNet, the built-in embedder: an aligned face chip -> a unit vector that says who it is.

Chen et al. 2018, doi:10.1007/978-3-319-97909-0_46, with 192 outputs and the weights of sirius-ai's MobileFaceNet_TF,
trained on a refined MS-Celeb-1M; docs/identity_model.md is its card. It is plain functions over tensors whose channels
lie side by side, with kernels laid out for oneDNN: half the time of torch's own way on processors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from core.errors import WeightsUnavailable
from core.faces.batches import batches, side_by_side
from core.faces.embedders import EMBEDDERS, digest_of
from core.faces.precision import computing
from core.storage.weights import Weights, describe, find

# Pictures at once: what fits into a processor's cache is a third faster. The first layers, whose pictures are large,
# see one at a time.
BATCH, GPU_BATCH = 8, 128
# The bottlenecks in runs: stride of the first layer, number. Those of stride 1 are added to their input.
BOTTLENECKS = ((2, 1), (1, 4), (2, 1), (1, 6), (2, 1), (1, 2))
N_HEAD, N_LAYERS = 3, 52
GLOBAL = 49  # the layer that weighs all places of the picture


@dataclass(frozen=True)
class Layer:
    """A convolution with the slope of its PReLU, where it has one."""

    weight: torch.Tensor
    bias: torch.Tensor
    slope: torch.Tensor | None
    stride: int
    padding: int
    groups: int

    def apply(self, x: torch.Tensor, added: torch.Tensor | None = None) -> torch.Tensor:
        """The output for x; where there is something to be added, it is changed to hold the sum.

        A method, not a call of the object: the interpreter then lets go of an `x` that nobody else holds as soon as it
        is convolved, and one picture's data less has to fit the cache.
        """
        place = [self.padding] * 2, [self.stride] * 2, [1, 1], self.groups
        if not self.weight.is_mkldnn:
            x = F.conv2d(x, self.weight, self.bias, self.stride, self.padding, groups=self.groups)
            x = x if added is None else added.add_(x)
        elif added is None:
            x = torch.ops.mkldnn._convolution_pointwise(x, self.weight, self.bias, *place, "none", [], "")
        else:
            x = torch.ops.mkldnn._convolution_pointwise_(
                added, x, self.weight, self.bias, *place, "add", 1.0, None, [], None
            )
        return x if self.slope is None else torch.prelu(x, self.slope)


def _strides() -> dict[int, int]:
    """The layers that halve the picture."""
    strides, layer = {0: 2}, N_HEAD
    for stride, n in BOTTLENECKS:
        strides[layer + 1] = stride
        layer += 3 * n
    return strides


def _layers(state: Mapping[str, torch.Tensor], device: str) -> Iterator[Layer]:
    """The layers with their weights turned by half a turn.

    TensorFlow pads the right and the lower edge where torch would pad the left and upper ones; on a picture that is
    turned, with kernels that are turned, torch's padding is TensorFlow's, and no layer needs a padded copy.
    """
    strides, by_onednn = _strides(), device == "cpu" and torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    for k in range(N_LAYERS):
        weight, bias = (state[f"layers.{k}.{part}"].float().to(device) for part in ("weight", "bias"))
        slope = state.get(f"layers.{k}.slope")
        slope = None if slope is None else slope.float().flatten().to(device)
        stride, groups = strides.get(k, 1), len(weight) if k and weight.shape[1] == 1 else 1
        padding = 0 if k == GLOBAL else weight.shape[-1] // 2
        weight = weight.flip(2, 3).contiguous(memory_format=torch.channels_last)
        if by_onednn:
            weight = torch._C._nn.mkldnn_reorder_conv2d_weight(weight.to_mkldnn(), [padding], [stride], [1], groups)
        yield Layer(weight, bias, slope, stride, padding, groups)


def _forward(layers: list[Layer], images: torch.Tensor) -> torch.Tensor:
    """Outputs (n, 192) of turned pictures (n, 3, 112, 112)."""
    parts = images[:, None] if images.device.type == "cpu" else [images]
    x = torch.cat([_large(layers, part) for part in parts])
    k = N_HEAD + 3
    for stride, n in BOTTLENECKS[1:]:
        for _ in range(n):
            x = _bottleneck(layers[k : k + 3], x, added=stride == 1)
            k += 3
    for layer in layers[k:]:
        x = layer.apply(x)  # at last (n, 192, 1, 1)
    return x.flatten(1)


def _large(layers: list[Layer], x: torch.Tensor) -> torch.Tensor:
    """The layers up to the first bottleneck, whose pictures are large."""
    for layer in layers[:N_HEAD]:
        x = layer.apply(x)
    return _bottleneck(layers[N_HEAD : N_HEAD + 3], x, added=False)  # (n, 64, 28, 28)


def _bottleneck(layers: list[Layer], x: torch.Tensor, *, added: bool) -> torch.Tensor:
    expand, depthwise, project = layers
    return project.apply(depthwise.apply(expand.apply(x)), added=x if added else None)


class MobileFaceNetEmbedder:
    """192-d of unit length."""

    name, dimension = "mobilefacenet", EMBEDDERS["mobilefacenet"].dimension
    crop = EMBEDDERS["mobilefacenet"].crop

    def __init__(self, weights: Weights | None = None, *, device: str = "cpu") -> None:
        weights = weights or describe(EMBEDDERS[self.name].weights)
        self.digest = digest_of(weights, self.crop)
        path = find(weights)
        try:
            self._layers = list(_layers(load_file(path), device))
        except KeyError as error:
            raise WeightsUnavailable("{path} lacks {key}: no weights of MobileFaceNet", path=path, key=error) from error
        self._device = device

    def embed(self, chips: np.ndarray) -> np.ndarray:
        """Embeddings float32 (n, 192) of length 1 from aligned chips RGB uint8 (n, 112, 112, 3)."""
        self.crop.check(chips, self.name)
        embeddings = np.empty((len(chips), self.dimension), np.float32)

        def embed(part: slice) -> None:
            turned = torch.from_numpy(np.ascontiguousarray(chips[part, ::-1, ::-1])).to(self._device)
            x = turned.permute(0, 3, 1, 2).float().sub_(127.5).div_(128)
            with computing(self._device):
                y = _forward(self._layers, x)
            embeddings[part] = F.normalize(y.float()).cpu().numpy()

        if self._device == "cpu":
            side_by_side(embed, batches(len(chips), BATCH))
        else:
            for part in batches(len(chips), GPU_BATCH):
                embed(part)
        return embeddings
