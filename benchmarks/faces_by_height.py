"""How well emotions are read from small faces in a stream: FER+ pictures in a moving game, encoded and extracted.

    uv run python benchmarks/faces_by_height.py --valid ferplus_valid.npz [--faces 600] [--heights 36,48,64] [--json]

FILE.npz is as `tools/train_emotion.py` reads it; pictures with a majority label count. A picture is what lies within
the emotion crop of a face of the wanted height (0.85 of it), with its border blurred beyond. The stream has 1920 x 1080
pixels, 6 Mbit/s, a key frame each 2 s and B-frames; each picture is shown for a second and read after half of it by the
extraction itself. Accuracy is that of the faces which were found, beside that of the same pictures themselves.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.faces.feature_file import Features
from core.multimodal_processor import extract
from core.video_feature_extractor import ExtractionSettings
from tools.make_real_stream import FPS, RATE, Game, write
from tools.train_emotion import majority

WIDTH, HEIGHT = 1920, 1080
BOX_SCALE = 0.85  # side of a FER+ picture, as a share of the height of the face's box
MARGIN = 0.4  # of a picture's side, on every side of it
SAMPLE_RATE = 2.0
Places = list[list[tuple[int, int, int]]]  # of every second the picture's index and its left upper corner


def patch_of(picture: np.ndarray, side: int) -> np.ndarray:
    """A grey picture with so many pixels a side within a blurred border, as RGB."""
    scaled = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA if side < 48 else cv2.INTER_CUBIC)
    margin = int(MARGIN * side)
    wide = cv2.copyMakeBorder(scaled, *(margin,) * 4, cv2.BORDER_REPLICATE)
    blurred = cv2.GaussianBlur(wide, (0, 0), side / 12)
    blurred[margin:-margin, margin:-margin] = scaled
    return np.repeat(blurred[:, :, None], 3, axis=2)


def places_of(rng: np.random.Generator, n: int, size: int) -> Places:
    """Where each of n patches lies and in which second: on a random half of a grid."""
    slots = [(x, y) for x in range(0, WIDTH - size, size + 8) for y in range(0, HEIGHT - size, size + 8)]
    places: Places = []
    for first in range(0, n, half := max(1, len(slots) // 2)):
        chosen = rng.permutation(len(slots))[: min(half, n - first)]
        places.append([(first + k, *slots[slot]) for k, slot in enumerate(chosen)])
    return places


def scenes(rng: np.random.Generator, patches: list[np.ndarray], places: Places) -> Iterator[np.ndarray]:
    """The pictures of the stream."""
    game = Game(rng, WIDTH, HEIGHT)
    for second, shown in enumerate(places):
        for frame in range(FPS):
            scene = game.picture(second + frame / FPS)
            for index, x, y in shown:
                side = len(patches[index])
                scene[y : y + side, x : x + side] = patches[index]
            yield scene


def read(features: Features, places: Places, size: int, n: int) -> np.ndarray:
    """The emotion said of each picture (n,), -1 where no face was found in its place."""
    faces = features.faces
    middle = (faces.box_xyxy[:, :2] + faces.box_xyxy[:, 2:]) / 2
    second = faces.timestamps[faces.frame] - 0.5
    said = np.full(n, -1)
    for number, shown in enumerate(places):
        here = np.flatnonzero(np.abs(second - number) < 0.1)
        for index, x, y in shown:
            off = np.abs(middle[here] - (x + size / 2, y + size / 2)).max(axis=1)
            if len(off) and off.min() < size / 4:
                said[index] = faces.emotion[here[off.argmin()], :8].argmax()
    return said


def measured(height: int, pictures: np.ndarray, labels: np.ndarray, clean: np.ndarray) -> dict[str, float]:
    """The share found and the accuracy at a height, beside the accuracy of the pictures themselves."""
    patches = [patch_of(picture, round(BOX_SCALE * height)) for picture in pictures]
    size, rng = len(patches[0]), np.random.default_rng(height)
    places = places_of(rng, len(patches), size)
    silence = np.zeros(len(places) * RATE, np.float32)
    settings = ExtractionSettings(sample_rate=SAMPLE_RATE, min_face=0.8 * height / HEIGHT, device="cpu")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stream.mp4"
        write(path, scenes(rng, patches, places), silence, width=WIDTH, height=HEIGHT)
        said = read(extract(path, path.with_suffix(".h5"), settings=settings), places, size, len(patches))
    found = said >= 0
    right, right_clean = said[found] == labels[found], clean[found] == labels[found]
    loss = right_clean.astype(float) - right
    return {
        "height": height,
        "found": float(found.mean()),
        "accuracy": float(right.mean()),
        "clean": float(right_clean.mean()),
        "loss": float(loss.mean()),
        "loss_error": float(loss.std() / np.sqrt(len(loss))),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--valid", type=Path, required=True)
    parser.add_argument("--faces", type=int, default=600)
    parser.add_argument("--heights", default="36,48,64,96,160")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    images, labels = (part.numpy() for part in majority(args.valid))
    chosen = np.random.default_rng(0).permutation(len(images))[: args.faces]
    pictures, labels = images[chosen, 0], labels[chosen]
    recogniser = ExtractionSettings(device="cpu").load_models().recogniser
    clean = recogniser.recognise(np.repeat(pictures[..., None], 3, axis=3))[:, :8].argmax(axis=1)
    rows = [measured(int(height), pictures, labels, clean) for height in args.heights.split(",")]
    if args.json:
        print(json.dumps(rows))
        return
    print("height   found  accuracy   clean    loss  (standard error)")
    for row in rows:
        print(
            f"{row['height']:6d}{row['found']:8.3f}{row['accuracy']:10.3f}{row['clean']:8.3f}{row['loss']:8.3f}"
            f"  ({row['loss_error']:.3f})"
        )


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
