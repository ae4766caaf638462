"""What does the fast extraction lose against the slow one, and how small may a face be?

    uv run python benchmarks/quality.py [VIDEO PHOTO...] [--together] [--json]

Without arguments a clip of the two portraits of the tests is made. The slow way searches every sampled picture whole,
at full size, and embeds every face (`punchline extract --exhaustive`). A row counts as found where the person is
observed, as false where the person is observed by the fast way alone; emotions are compared where both saw the face.
Each photo is a person unless several are given with --together.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

from core.faces.crop import square
from core.faces.detection import reduction
from core.faces.feature_file import Features
from core.multimodal_processor import extract, person_series
from core.people.person import Person
from core.people.photos import faces_in, read_photo
from core.series import N_FACE
from core.video_feature_extractor import ExtractionSettings, Models

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # where the tests' portraits are
FAST, SLOW = ExtractionSettings(device="cpu"), ExtractionSettings(device="cpu", exhaustive=True)
SIZES = (16, 20, 24, 32, 45, 64, 90, 128, 180)  # pixels: side of the face's box in a picture of 1080 rows


def persons(photos: list[Path], models: Models, *, together: bool) -> list[Person]:
    """A person a photo, or one of all."""
    references = []
    for path in photos:
        found = faces_in(read_photo(path), path.name, detector=models.detector, embedder=models.embedder)
        references.append((path.stem, found[0]))
    if together:
        return [Person("target", "target", tuple(face for _, face in references))]
    return [Person(name, name, (face,)) for name, face in references]


def compared(fast: Features, slow: Features, person: Person) -> dict[str, float]:
    """Rows found and false as shares of the slow way's, and the mean absolute difference of the ten face features."""
    a, b = (person_series(features, person).series for features in (fast, slow))
    if not np.array_equal(a.timestamps, b.timestamps):
        raise SystemExit("the two ways sampled other pictures")
    both = a.observed & b.observed
    off = np.abs(a.values[both, :N_FACE] - b.values[both, :N_FACE])
    return {
        "rows": len(a),
        "slow": int(b.observed.sum()),
        "found": float(both.sum() / max(b.observed.sum(), 1)),
        "false": float((a.observed & ~b.observed).sum() / max(len(a), 1)),
        "difference": float(off.mean()) if both.any() else float("nan"),
    }


def recall_by_size(models: Models, *, min_face: float = 1 / 12) -> dict[int, float]:
    """Share of planted faces that a whole search finds, by the side of their box in pixels, at 1920 x 1080."""
    rng = np.random.default_rng(0)
    texture = cv2.resize(rng.integers(40, 200, (68, 120, 3), np.uint8), (1920, 1080), interpolation=cv2.INTER_CUBIC)
    from tests.portraits import COLLINS, HOPPER, portrait

    cut_outs = []
    for path in (COLLINS, HOPPER):
        image = portrait(path, 512)
        x0, y0, x1, y1 = models.detector.detect([image])[0].box_xyxy[0]
        side = round(2 * max(x1 - x0, y1 - y0))
        cut_outs.append(square(image, round((x0 + x1 - side) / 2), round((y0 + y1 - side) / 2), side))
    found = {}
    for size in SIZES:
        hits = []
        for trial in range(16):
            face = cv2.resize(cut_outs[trial % 2], (2 * size, 2 * size), interpolation=cv2.INTER_AREA)
            x, y = rng.integers(0, 1920 - 2 * size), rng.integers(0, 1080 - 2 * size)
            picture = texture.copy()
            picture[y : y + 2 * size, x : x + 2 * size] = face
            share = reduction(1080, 1920, min_face)
            reduced = cv2.resize(picture, (round(1920 * share), round(1080 * share)), interpolation=cv2.INTER_AREA)
            (faces,) = models.detector.search([picture], [reduced])  # type: ignore[attr-defined]
            centre = (faces.box_xyxy[:, :2] + faces.box_xyxy[:, 2:]) / 2
            hits.append(bool((np.abs(centre - (x + size, y + size)) < size / 2).all(axis=1).any()))
        found[size] = float(np.mean(hits))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("video", type=Path, nargs="?")
    parser.add_argument("photos", type=Path, nargs="*")
    parser.add_argument("--together", action="store_true", help="all photos show one person")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    models = FAST.load_models()
    with tempfile.TemporaryDirectory() as folder:
        video, photos = chosen.video, chosen.photos
        if video is None:
            from tests.portraits import COLLINS, HOPPER, make_video

            shots = [(8.0, [COLLINS]), (8.0, [HOPPER, COLLINS]), (8.0, [HOPPER]), (4.0, [])]
            video, photos = make_video(Path(folder) / "v.mp4", shots, size=(960, 540)), [COLLINS, HOPPER]
        fast, slow = (
            extract(video, Path(folder) / f"{k}.h5", settings=settings, models=models)
            for k, settings in enumerate((FAST, SLOW))
        )
    people = persons(photos, models, together=chosen.together)
    result = {person.name: compared(fast, slow, person) for person in people}
    recall = recall_by_size(models)
    if chosen.json:
        print(json.dumps({"video": video.name, "persons": result, "recall_by_size": recall}))
        return
    print(f"{video.name}: against every picture searched whole, every face embedded")
    for name, row in result.items():
        print(
            f"  {name:28} {row['slow']:5} of {row['rows']} rows; found {row['found']:.2%}, false {row['false']:.2%}, "
            f"difference of the ten face features {row['difference']:.4f}"
        )
    print("share of faces found by the side of their box in a 1080-row picture, smallest wanted 90 pixels:")
    print("  " + "  ".join(f"{size}: {share:.0%}" for size, share in recall.items()))


if __name__ == "__main__":
    main()
