"""The embedders there are: one entry each, readable without loading a network."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

import numpy as np

from core.errors import PunchlineError
from core.faces.crop import Crop
from core.storage.weights import Weights, describe


class Embedder(Protocol):
    """Turns face chips into vectors; `core.faces.similarity` says how alike two of them are.

    ``digest`` is `digest_of` its weights and crop: vectors of different digests must not be compared.
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
        """Embeddings float32 (n, dimension) of unit length of chips RGB uint8 (n, side, side, 3); n may be 0."""
        ...


def digest_of(weights: Weights, crop: Crop) -> str:
    """What an embedding depends on: the weights, and how the face is cut out."""
    return f"sha256:{hashlib.sha256(f'{weights.digest} {crop}'.encode()).hexdigest()}"


@dataclass(frozen=True)
class EmbedderEntry:
    """What is known of an embedder before its network is loaded.

    Attributes
    ----------
    crop
        How its chips are cut.
    scale
        Points (cosine, similarity), both rising: a monotone mapping of the cosine of two embeddings to the common
        scale, linear in between. The embedder's module says how they were found.
    strangers
        Mean cosine of two people who have nothing to do with each other.
    weights
        Name of its weights in assets/weights.json.
    loader
        ``module:class`` of the network.
    """

    name: str
    dimension: int
    crop: Crop
    scale: tuple[tuple[float, float], ...]
    strangers: float
    weights: str
    loader: str

    @property
    def digest(self) -> str:
        """`digest_of` the weights and the crop: embeddings of different digests must not be compared."""
        return digest_of(describe(self.weights), self.crop)

    def load(self, device: str = "cpu") -> Embedder:
        """The network. Raises WeightsUnavailable."""
        module, _, name = self.loader.partition(":")
        loaded: Embedder = getattr(import_module(module), name)(device=device)
        return loaded


# Where the five landmarks lie in MobileFaceNet's chip: as its authors aligned their pictures, but 12 % larger around
# the middle and 1.5 pixels higher, which suits MTCNN's landmarks better (docs/identity_model.md).
_MOBILEFACENET_LANDMARKS = ((36.16, 49.68), (75.63, 49.46), (56.03, 72.13), (39.82, 95.23), (72.50, 95.04))

# The first is the default.
EMBEDDERS: dict[str, EmbedderEntry] = {
    entry.name: entry
    for entry in (
        EmbedderEntry(
            name="mobilefacenet",
            dimension=192,
            crop=Crop(side=112, landmarks=_MOBILEFACENET_LANDMARKS),
            scale=((-1.0, -2.03), (0.4, 0.3), (0.52, 0.5), (1.0, 1.0)),
            strangers=0.04,
            weights="mobilefacenet",
            loader="core.faces.mobilefacenet:MobileFaceNetEmbedder",
        ),
        EmbedderEntry(
            name="facenet",
            dimension=512,
            crop=Crop(side=160),
            scale=((-1.0, -0.9 / 1.1), (1.0, 1.0)),
            strangers=0.0,
            weights="facenet_vggface2",
            loader="core.faces.facenet:FacenetEmbedder",
        ),
    )
}
DEFAULT_EMBEDDER = next(iter(EMBEDDERS))


def embedder_entry(name: str) -> EmbedderEntry:
    """The entry of that name. Raises PunchlineError that names what there is, and what to do with older files."""
    if name not in EMBEDDERS:
        raise PunchlineError(
            "no embedder is called {name}; there are {names}. Extract the videos again that were read with it.",
            name=repr(name),
            names=", ".join(EMBEDDERS),
        )
    return EMBEDDERS[name]


def embedder(name: str = DEFAULT_EMBEDDER, device: str = "cpu") -> Embedder:
    """The embedder of that name with its network; weights that are a download must have been fetched before.

    Raises
    ------
    PunchlineError
        If the name is unknown; `WeightsUnavailable` if the weights are missing or damaged.
    """
    return embedder_entry(name).load(device)


def embed_both_ways(model: Embedder, chips: np.ndarray) -> np.ndarray:
    """Embeddings float32 (n, dimension) of unit length, each the mean of the face's and of its mirror image's."""
    both = model.embed(chips) + model.embed(np.ascontiguousarray(chips[:, :, ::-1]))
    unit: np.ndarray = both / np.maximum(np.linalg.norm(both, axis=1, keepdims=True), 1e-9)
    return unit.astype(np.float32)
