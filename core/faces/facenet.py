"""InceptionResnetV1 of facenet-pytorch trained on VGGFace2: an embedder whose weights are a download."""

from __future__ import annotations

import pickle

import numpy as np
import torch

from core.errors import WeightsUnavailable
from core.faces.batches import batches
from core.faces.embedders import EMBEDDERS, digest_of
from core.faces.precision import computing
from core.storage.weights import Weights, describe, find

BATCH, GPU_BATCH = 16, 128


class FacenetEmbedder:
    """512-d of unit length; the chip is the square around the box without margin (the package's default), not aligned.

    Similarity is ``(cosine + 0.1) / 1.1``: 0.5 lies at a squared distance of 1.1 (cosine 0.45), the threshold in figure
    1 of the FaceNet paper (Schroff et al. 2015, doi:10.1109/CVPR.2015.7298682), and 0.3 at a cosine of 0.23. Unlike the
    built-in embedder's, this mapping was not measured on these weights, and users report that the best threshold for
    Asian faces differs much: set the thresholds per video from its histogram.
    """

    name, dimension, crop = "facenet", EMBEDDERS["facenet"].dimension, EMBEDDERS["facenet"].crop

    def __init__(self, weights: Weights | None = None, *, device: str = "cpu") -> None:
        weights = weights or describe(EMBEDDERS[self.name].weights)
        self.digest = digest_of(weights, self.crop)
        path = find(weights)
        try:
            from facenet_pytorch import InceptionResnetV1
        except ImportError as error:
            raise WeightsUnavailable(
                "The embedder facenet needs the package facenet-pytorch, which is not installed. Install the extra "
                "'facenet', or choose another embedder."
            ) from error
        try:
            state = torch.load(path, weights_only=True, map_location="cpu")
            net = InceptionResnetV1(pretrained=None)
            net.load_state_dict({k: v for k, v in state.items() if not k.startswith("logits.")})
        except (pickle.UnpicklingError, RuntimeError, AttributeError, EOFError) as error:
            raise WeightsUnavailable(
                "{path} is no state dict of InceptionResnetV1 ({error}). Delete it and download {name} again.",
                path=path,
                error=error,
                name=weights.name,
            ) from error
        self._net = net.eval().to(device).to(memory_format=torch.channels_last)
        self._device = device

    def embed(self, chips: np.ndarray) -> np.ndarray:
        """Embeddings float32 (n, 512) of length 1 from chips RGB uint8 (n, 160, 160, 3)."""
        self.crop.check(chips, self.name)
        embeddings = np.empty((len(chips), self.dimension), np.float32)
        for part in batches(len(chips), BATCH if self._device == "cpu" else GPU_BATCH):
            x = torch.from_numpy(np.ascontiguousarray(chips[part])).to(self._device).permute(0, 3, 1, 2)
            with computing(self._device):
                y = self._net((x.float() - 127.5) / 128)
            embeddings[part] = y.float().cpu().numpy()
        return embeddings
