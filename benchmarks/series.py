"""How long does it take to build a person's series from a face table of one and of five hours?

    uv run python benchmarks/series.py [--json]

The tables are made up: three samples a second, two faces in each. The peer, measured in the same run, is reading the
same file's arrays with plain h5py and nothing more.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import h5py
import numpy as np

from core.faces.feature_file import Features, FeaturesInfo, read_features, write_features
from core.faces.table import FaceTable
from core.multimodal_processor import person_series
from core.people.person import Person, Reference, Thresholds

SAMPLE_RATE = 3.0
MODELS = {role: {"name": name, "digest": role} for role, name in (("detector", "mtcnn"), ("embedder", "mobilefacenet"))}


def made_up(hours: float, people: np.ndarray) -> Features:
    """A table with the two people in every frame, now and then unlike themselves."""
    rng = np.random.default_rng(0)
    n_frames = round(hours * 3600 * SAMPLE_RATE)
    who = np.tile([0, 1], n_frames)
    embedding = people[who] + rng.normal(0, 0.03, (2 * n_frames, 128))
    faces = FaceTable(
        timestamps=np.arange(n_frames) / SAMPLE_RATE,
        scene_change=np.zeros(n_frames, np.float32),
        frame=np.repeat(np.arange(n_frames, dtype=np.int32), 2),
        box_xyxy=np.zeros((2 * n_frames, 4), np.float32),
        landmarks=np.zeros((2 * n_frames, 5, 2), np.float32),
        probability=rng.uniform(0.7, 1, 2 * n_frames).astype(np.float32),
        embedding=embedding.astype(np.float32),
        emotion=rng.dirichlet(np.ones(10), 2 * n_frames).astype(np.float32),
        track=who.astype(np.int32),
    )
    info = FeaturesInfo("made up", "0" * 16, hours * 3600, 1920, 1080, 30.0, SAMPLE_RATE, MODELS, {})
    return Features(info, faces, rng.normal(size=(n_frames, 2)).astype(np.float32))


def seconds(action: Callable[[], object], n_runs: int = 7) -> float:
    """Median wall time of a call."""
    times = []
    for _ in range(n_runs):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return median(times)


def read_plainly(path: Path) -> None:
    with h5py.File(path) as file:
        names: list[str] = []
        file.visit(names.append)
        for name in names:
            if isinstance(file[name], h5py.Dataset):
                file[name][:]


def measure(hours: float, folder: Path) -> dict[str, float]:
    people = np.random.default_rng(1).normal(0, 0.1, (2, 128)).astype(np.float32)
    path = folder / f"{hours}.h5"
    write_features(path, made_up(hours, people))
    face = np.zeros((9, 9, 3), np.uint8)
    reference = Reference(face, np.zeros(4), np.zeros((5, 2)), "made up", {"embedder": people[0]})
    person = Person("abc", "A", (reference,))
    features = read_features(path)
    changed = Thresholds(strict=0.6, relaxed=0.4)
    return {
        "read_and_build_s": seconds(lambda: person_series(read_features(path), person, thresholds=changed)),
        "build_s": seconds(lambda: person_series(features, person, thresholds=changed)),
        "plain_read_s": seconds(lambda: read_plainly(path)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = {f"{hours}_h": measure(hours, Path(folder)) for hours in (1, 5)}
    if args.json:
        print(json.dumps(found))
        return
    for name, row in found.items():
        print(name, "  ".join(f"{key} {value:.3f}" for key, value in row.items()))


if __name__ == "__main__":
    main()
