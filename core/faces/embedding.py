"""Embedders: a face chip -> a vector that says who it is."""

from __future__ import annotations

import pickle
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn

from core.errors import PunchlineError, WeightsUnavailable
from core.faces.batches import batches
from core.faces.crop import Crop
from core.faces.similarity import similarity_of
from core.storage.weights import Weights, describe, find

BATCH, GPU_BATCH = 16, 128
# Input of dlib's network: mean red, green and blue, then a common divisor (dlib/dnn/input.h).
RESNET_MEAN = (122.782, 117.001, 104.298)
RESNET_DIVISOR = 256.0
# Where the five landmarks lie in the 150-pixel chip, so that chips look like those of dlib's own alignment.
RESNET_LANDMARKS = (
    (47.98, 46.16),
    (102.29, 46.14),
    (74.83, 77.65),
    (51.30, 105.17),
    (98.08, 105.63),
)


class Embedder(Protocol):
    """Turns face chips into vectors and says how alike two vectors are.

    ``digest`` is that of the weights: vectors of different digests must not be compared.
    """

    @property
    def name(self) -> str: ...

    @property
    def digest(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    @property
    def crop(self) -> Crop: ...

    def embed(self, chips: np.ndarray) -> np.ndarray:
        """Embeddings float32 (n, dimension) of chips RGB uint8 (n, side, side, 3); n may be 0."""
        ...

    def similarity(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Similarity float32 (n, m) of embeddings (n, dimension) and (m, dimension), on the common scale.

        1 is the same vector, 0.5 the strict and 0.3 the relaxed threshold for the same person. A NaN embedding has
        similarity NaN with everything.
        """
        ...


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside the input, or its 2x2 mean when the block halves the picture."""

    def __init__(self, n_in: int, n_out: int, down: bool) -> None:
        super().__init__()
        self.c1 = nn.Conv2d(n_in, n_out, 3, stride=2 if down else 1, padding=0 if down else 1)
        self.c2 = nn.Conv2d(n_out, n_out, 3, padding=1)
        self.down = down

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.c2(torch.relu_(self.c1(x)))
        if self.down:
            x = F.avg_pool2d(x, 2, 2)
            # dlib adds tensors of unequal shape by extending both with zeros to the larger.
            shape = [max(sizes) for sizes in zip(x.shape[1:], y.shape[1:], strict=True)]
            x, y = _extend(x, shape), _extend(y, shape)
        return torch.relu_(x + y)


def _extend(x: torch.Tensor, shape: list[int]) -> torch.Tensor:
    channels, rows, columns = (wanted - size for wanted, size in zip(shape, x.shape[1:], strict=True))
    return F.pad(x, (0, columns, 0, rows, 0, channels)) if channels or rows or columns else x


class ResNet29(nn.Module):
    """The face descriptor network of dlib (D. King 2017) with its normalisation folded into the convolutions."""

    #: (channels out, halves the picture) of each block.
    BLOCKS = (
        *((32, False),) * 3,
        *((64, True), (64, False), (64, False), (64, False)),
        *((128, True), (128, False), (128, False)),
        *((256, True), (256, False), (256, False), (256, True)),
    )

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 32, 7, stride=2)
        inputs = (32, *(n_out for n_out, _ in self.BLOCKS))
        blocks = [ResidualBlock(n_in, *block) for n_in, block in zip(inputs, self.BLOCKS, strict=False)]
        self.blocks = nn.Sequential(*blocks)
        self.fc = nn.Linear(256, 128, bias=False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Descriptors (n, 128) from RGB images (n, 3, 150, 150), standardised as dlib does."""
        x = F.max_pool2d(torch.relu_(self.stem(images)), 3, 2)  # (n, 32, 35, 35)
        x = self.blocks(x)  # (n, 256, 3, 3)
        descriptors: torch.Tensor = self.fc(x.mean(dim=(2, 3)))  # (n, 128)
        return descriptors


class ResNet29Embedder:
    """The built-in embedder: dlib's ResNet-29, 128-d, not normalised.

    Similarity is ``1 - (d / 0.72)^2``, d the Euclidean distance of the raw descriptors. Measured on 2785 pairs of
    different and 2783 pairs of the same person: 0.5 accepts 81 % of the same and 0.04 % of the different pairs, 0.3
    accepts 97.5 % and 1.0 %, so the common thresholds mean what they should. dlib's own advice, d < 0.6, is a
    similarity of 0.31. Accuracy on Labeled Faces in the Wild, ten folds of grey tight crops: 0.983.
    """

    name = "resnet29"
    dimension = 128
    crop = Crop(side=150, landmarks=RESNET_LANDMARKS)

    def __init__(self, weights: Weights | None = None, *, device: str | torch.device = "cpu") -> None:
        weights = weights or describe("face_resnet29")
        self.digest = weights.digest
        net = ResNet29()
        net.load_state_dict(load_file(find(weights)))
        self._net = net.float().eval().to(device).to(memory_format=torch.channels_last)
        self._mean = torch.tensor(RESNET_MEAN, device=device)
        self._device = device

    def embed(self, chips: np.ndarray) -> np.ndarray:
        """Descriptors float32 (n, 128) of aligned chips RGB uint8 (n, 150, 150, 3)."""
        return _embed(self, self._net, chips, (self._mean, RESNET_DIVISOR), self._device)

    def similarity(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Similarity float32 (n, m) of descriptors (n, 128) and (m, 128); NaN where either is NaN."""
        return similarity_of(self.name)(a, b)


class FacenetEmbedder:
    """InceptionResnetV1 of facenet-pytorch trained on VGGFace2, 512-d of unit length; its weights are a download.

    The chip is the square around the box without margin (the package's default), not aligned.

    Similarity is ``1 - d^2 / 2.2``, which is ``(cosine + 0.1) / 1.1``: 0.5 lies at a squared distance of 1.1 (cosine
    0.45), the threshold in figure 1 of the FaceNet paper (Schroff et al. 2015, doi:10.1109/CVPR.2015.7298682), and 0.3
    at a cosine of 0.23. Unlike the built-in embedder's, this mapping was not measured on these weights, and users
    report that the best threshold for Asian faces differs much: set the thresholds per video from its histogram.
    """

    name = "facenet"
    dimension = 512
    crop = Crop(side=160)

    def __init__(self, weights: Weights | None = None, *, device: str | torch.device = "cpu") -> None:
        from facenet_pytorch import InceptionResnetV1  # slow to import, seldom wanted

        weights = weights or describe("facenet_vggface2")
        self.digest = weights.digest
        path = find(weights)
        try:
            state = torch.load(path, weights_only=True, map_location="cpu")
            net = InceptionResnetV1(pretrained=None)
            net.load_state_dict({k: v for k, v in state.items() if not k.startswith("logits.")})
        except (pickle.UnpicklingError, RuntimeError, AttributeError, EOFError) as error:
            raise WeightsUnavailable(
                f"{path} is no state dict of InceptionResnetV1 ({error}). Delete it and download {weights.name} again."
            ) from error
        self._net = net.eval().to(device).to(memory_format=torch.channels_last)
        self._device = device

    def embed(self, chips: np.ndarray) -> np.ndarray:
        """Embeddings float32 (n, 512) of length 1 from chips RGB uint8 (n, 160, 160, 3)."""
        return _embed(self, self._net, chips, (127.5, 128.0), self._device)

    def similarity(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Similarity float32 (n, m) of embeddings (n, 512) and (m, 512); NaN where either is NaN."""
        return similarity_of(self.name)(a, b)


@torch.inference_mode()
def _embed(
    owner: Embedder,
    net: nn.Module,
    chips: np.ndarray,
    standard: tuple[torch.Tensor | float, float],
    device: str | torch.device,
) -> np.ndarray:
    """Run the network over standardised chips, a few at a time."""
    side = owner.crop.side
    if chips.dtype != np.uint8 or chips.shape[1:] != (side, side, 3):
        raise ValueError(f"{owner.name}: chips are {chips.dtype} {chips.shape}, expected uint8 (n, {side}, {side}, 3)")
    mean, divisor = standard
    embeddings = np.empty((len(chips), owner.dimension), np.float32)
    for part in batches(len(chips), BATCH if str(device) == "cpu" else GPU_BATCH):
        batch = torch.from_numpy(np.ascontiguousarray(chips[part])).to(device)
        x = ((batch.float() - mean) / divisor).permute(0, 3, 1, 2)  # (batch, 3, side, side), channels last in memory
        embeddings[part] = net(x).float().cpu().numpy()
    return embeddings


def embed_both_ways(model: Embedder, chips: np.ndarray) -> np.ndarray:
    """Embeddings float32 (n, dimension) of chips, each the mean of the face's and of its mirror image's.

    Means keep the mean length of the two, so unit vectors stay so. On 1682 pairs of Labeled Faces in the Wild (grey,
    tight crops) this brought the built-in embedder's accuracy from 0.977 to 0.982, at twice the time.
    """
    straight, mirrored = model.embed(chips), model.embed(np.ascontiguousarray(chips[:, :, ::-1]))
    mean = (straight + mirrored) / 2
    lengths = [np.linalg.norm(x, axis=1, keepdims=True) for x in (straight, mirrored, mean)]
    both: np.ndarray = (mean * ((lengths[0] + lengths[1]) / np.maximum(2 * lengths[2], 1e-9))).astype(np.float32)
    return both


def embedder(name: str = "resnet29", device: str | torch.device = "cpu") -> Embedder:
    """The embedder of that name, ``resnet29`` (bundled) or ``facenet`` (its weights downloaded before).

    Raises
    ------
    PunchlineError
        If the name is unknown; `WeightsUnavailable` if the weights are missing or damaged.
    """
    if name == "resnet29":
        return ResNet29Embedder(device=device)
    if name == "facenet":
        return FacenetEmbedder(device=device)
    raise PunchlineError(f"No embedder is called {name!r}; there are resnet29 and facenet.")
