"""How long does the page wait: for a slider of the threshold tuning, for a person, for the groups of faces?

    uv run python benchmarks/tuning.py [--json] [--hours 1]

The table is made up: three samples a second, two of three people in every frame, whose tracks end every few seconds.
The last line groups 10,000 tracks of 500 people.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections.abc import Callable, Iterator
from statistics import median

import numpy as np

from core.faces.feature_file import Features, FeaturesInfo
from core.faces.table import FaceTable
from core.people.groups import group
from core.people.normalisation import similarities
from core.people.person import Person, Reference, Thresholds
from core.people.tuning import tune, tuning

SAMPLE_RATE = 3.0
TRACK_LENGTH = 20  # samples
DIMENSION = 128
MODELS = {role: {"name": name, "digest": role} for role, name in (("detector", "mtcnn"), ("embedder", "mobilefacenet"))}


def made_up(n_frames: int, *, n_people: int = 3, track_length: int = TRACK_LENGTH) -> tuple[Features, np.ndarray]:
    """A table with two people in every frame, and the embeddings (n_people, 128) of all of them.

    After every track the next two are seen.
    """
    rng = np.random.default_rng(0)
    people = rng.normal(0, 0.05, (n_people, DIMENSION))  # at a similarity of about -0.2 to each other
    frame = np.repeat(np.arange(n_frames, dtype=np.int32), 2)
    place = np.tile([0, 1], n_frames)
    stretch = frame // track_length
    who = (2 * stretch + place) % n_people
    spread = np.where(rng.random(2 * n_frames) < 0.15, 0.035, 0.02)  # now and then a blurred face
    faces = FaceTable(
        timestamps=np.arange(n_frames) / SAMPLE_RATE,
        scene_change=np.zeros(n_frames, np.float32),
        frame=frame,
        box_xyxy=(np.array([0, 0, 100, 120]) + 200 * place[:, None] + rng.normal(0, 3, (2 * n_frames, 4))).astype("f4"),
        landmarks=rng.normal(50, 20, (2 * n_frames, 5, 2)).astype(np.float32),
        probability=rng.uniform(0.85, 1, 2 * n_frames).astype(np.float32),
        embedding=(people[who] + rng.normal(size=(2 * n_frames, DIMENSION)) * spread[:, None]).astype(np.float32),
        emotion=np.zeros((2 * n_frames, 10), np.float32),
        track=(2 * stretch + place).astype(np.int32),
    )
    info = FeaturesInfo("made up", "0" * 16, n_frames / SAMPLE_RATE, 1280, 720, 30.0, SAMPLE_RATE, MODELS, {})
    return Features(info, faces, np.zeros((n_frames, 2), np.float32)), people


def seconds(action: Callable[[], object], n_runs: int = 9) -> dict[str, float]:
    """Median and longest wall time of a call."""
    times = []
    for _ in range(n_runs):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return {"median_s": median(times), "longest_s": max(times)}


def slider() -> Iterator[Thresholds]:
    """Positions of the slider, a new one at each move."""
    return itertools.cycle(Thresholds(0.4 + k / 50, 0.2 + k / 50) for k in range(10))


def measured(hours: float) -> dict:
    """All figures on a table of this length."""
    features, people = made_up(round(hours * 3600 * SAMPLE_RATE))
    references = tuple(
        Reference(np.zeros((8, 8, 3), np.uint8), np.zeros(4), np.zeros((5, 2)), "made up", {"embedder": x})
        for x in people[0] + np.random.default_rng(1).normal(0, 0.01, (3, DIMENSION)).astype(np.float32)
    )
    person = Person("a", "made up", references)
    known = similarities(features, person)
    prepared = tuning(features, known)
    positions = slider()
    crowd, _ = made_up(50_000, n_people=500, track_length=10)
    group(crowd)  # what it imports is loaded once
    one = tune(prepared, Thresholds())
    return {
        "hours": hours,
        "n_faces": len(features.faces),
        "n_tracks": int(features.faces.track.max()) + 1,
        "kept_seconds": one.kept_seconds,
        "suggested_cut": prepared.suggestion.cut,
        "slider_move": seconds(lambda: tune(prepared, next(positions))),
        "similarities": seconds(lambda: similarities(features, person)),
        "histogram_and_suggestion": seconds(lambda: tuning(features, known)),
        "grouping": seconds(lambda: group(features)),
        "n_groups": len(group(features).groups),
        "crowd": {
            "n_tracks": int(crowd.faces.track.max()) + 1,
            "n_groups": len(group(crowd).groups),
            "grouping": seconds(lambda: group(crowd), 3),
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    report = measured(arguments.hours)
    if arguments.json:
        print(json.dumps(report))
        return
    print(f"{report['n_faces']} faces in {report['n_tracks']} tracks, {report['hours']:g} h; median (longest) in ms")
    for name in ("slider_move", "similarities", "histogram_and_suggestion", "grouping"):
        times = report[name]
        print(f"{name.replace('_', ' '):26} {1e3 * times['median_s']:8.1f} ({1e3 * times['longest_s']:.1f})")
    crowd, times = report["crowd"], report["crowd"]["grouping"]
    name = f"grouping {crowd['n_tracks']} tracks"
    print(f"{name:26} {1e3 * times['median_s']:8.1f} ({1e3 * times['longest_s']:.1f}): {crowd['n_groups']} groups")


if __name__ == "__main__":
    main()
