"""Reference faces out of photos and of moments in a video."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageOps

from core.errors import FaceNotFound
from core.faces.crop import cut
from core.people.person import STRICT_PROBABILITY, Person, Reference
from core.video.picture import Image

if TYPE_CHECKING:  # torch is loaded by who embeds a photo, not by who takes a face out of a table
    from core.faces.detection import FaceDetector
    from core.faces.embedders import Embedder

LARGEST_SIDE = 1600  # pixels: larger photos are scaled down before the search
MARGIN = 0.5  # of the box's side, kept around a reference face on every side
N_VIEWS = 16
JITTER = 0.03  # of the distance between the eyes
CHIP_SIDE = 400  # pixels: a kept reference picture is not larger


def read_photo(path: Path) -> Image:
    """A photo as upright RGB uint8 (h, w, 3), at most 1600 pixels wide and high.

    Grey, palette and 16-bit pictures are converted, transparency is laid over white, the camera's rotation is
    applied.

    Raises
    ------
    FaceNotFound
        If the file is missing or no picture.
    """
    try:
        with Pillow.open(path) as photo:
            photo.draft("RGB", (2 * LARGEST_SIDE, 2 * LARGEST_SIDE))
            upright = ImageOps.exif_transpose(photo)
            if upright.mode.startswith("I;16"):
                upright = Pillow.fromarray((np.asarray(upright) >> 8).astype(np.uint8))
            if upright.has_transparency_data:
                ground = Pillow.new("RGBA", upright.size, "white")
                upright = Pillow.alpha_composite(ground, upright.convert("RGBA"))
            upright = upright.convert("RGB")
            upright.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
            return np.array(upright)
    except (OSError, ValueError, Pillow.DecompressionBombError) as error:
        raise FaceNotFound(
            "{path}: not a readable photo ({cause}); expected JPEG, PNG, WebP or the like", path=path, cause=error
        ) from error


def faces_in(
    image: Image, origin: str, *, detector: FaceDetector, embedder: Embedder, others: Sequence[Embedder] = ()
) -> list[Reference]:
    """All sure faces of a picture as references, the largest first; unsure ones only where there is no other.

    Parameters
    ----------
    image
        RGB uint8 (h, w, 3).
    origin
        Where the picture comes from, in words.
    embedder, others
        By which each face is embedded.

    Raises
    ------
    FaceNotFound
        If there is no face.
    """
    (faces,) = detector.detect([image])
    if len(faces) == 0:
        raise FaceNotFound(
            "{origin}: no face was found in this picture of {width} x {height} pixels; choose one that "
            "shows the face from the front, at least 40 pixels wide",
            origin=origin,
            width=image.shape[1],
            height=image.shape[0],
        )
    side = np.maximum(*(faces.box_xyxy[:, k + 2] - faces.box_xyxy[:, k] for k in (0, 1)))
    sure = faces.probability >= STRICT_PROBABILITY
    order = [k for k in np.argsort(-side, kind="stable") if sure[k] or not sure.any()]
    return [
        reference_of(
            image,
            faces.box_xyxy[k],
            faces.landmarks[k],
            origin,
            {e.digest: embed_reference(image, faces.box_xyxy[k], faces.landmarks[k], e) for e in (embedder, *others)},
        )
        for k in order
    ]


def embed_reference(image: Image, box: np.ndarray, landmarks: np.ndarray, embedder: Embedder) -> NDArray[np.float32]:
    """Embedding (d,) of a reference face.

    It is along the mean over 16 views, every other one mirrored, whose landmarks are moved by a normal error of 3 % of
    the distance between the eyes: a reference is embedded once and compared often, and the mean is closer to other
    pictures of the person than one view is. An embedder that does not align by landmarks gets the face and its mirror
    image.
    """
    error = JITTER * np.linalg.norm(landmarks[1] - landmarks[0])
    n_views = 2 if embedder.crop.landmarks is None else N_VIEWS
    shifts = np.random.default_rng(0).normal(0, error, (n_views, 5, 2))
    views = [cut(image, box, (landmarks + shift).astype(np.float32), embedder.crop) for shift in shifts]
    views[1::2] = [view[:, ::-1] for view in views[1::2]]
    mean = embedder.embed(np.stack(views)).mean(axis=0)
    unit: NDArray[np.float32] = mean / np.linalg.norm(mean)
    return unit


def read_by(person: Person, embedder: Embedder) -> Person:
    """The person with every reference embedded by this embedder, from the pictures that are kept of them.

    NaN where a kept picture shows no face that could be cut out.
    """
    references = []
    for r in person.references:
        if embedder.digest not in r.embeddings:
            try:
                embedding = embed_reference(r.image, r.box_xyxy, r.landmarks, embedder)
            except FaceNotFound:
                embedding = np.full(embedder.dimension, np.nan, np.float32)
            r = replace(r, embeddings={**r.embeddings, embedder.digest: embedding})
        references.append(r)
    return replace(person, references=tuple(references))


def reference_of(
    image: Image, box: np.ndarray, landmarks: np.ndarray, origin: str, embeddings: dict[str, np.ndarray]
) -> Reference:
    """A face with its surroundings, scaled down where it is large, and the embeddings that are known of it."""
    margin = MARGIN * max(box[2] - box[0], box[3] - box[1])
    height, width = image.shape[:2]
    left, top = max(0, int(box[0] - margin)), max(0, int(box[1] - margin))
    right, bottom = min(width, int(np.ceil(box[2] + margin))), min(height, int(np.ceil(box[3] + margin)))
    part = Pillow.fromarray(image[top:bottom, left:right])
    scale = min(1.0, CHIP_SIDE / max(part.size))
    small = part.resize((max(1, round(part.width * scale)), max(1, round(part.height * scale))))
    shift = np.array([left, top], np.float32)
    return Reference(
        image=np.array(small),
        box_xyxy=((box.reshape(2, 2) - shift) * scale).reshape(4).astype(np.float32),
        landmarks=((landmarks - shift) * scale).astype(np.float32),
        origin=origin,
        embeddings=embeddings,
    )
