"""Trained on one stream of real faces and real laughs: what do cues bring on streams of other people and sounds?

    uv run python benchmarks/real_streams.py --workspace WS --train A.mp4 B.mp4 --calm D.mp4 --test C.mp4 ... [--json]

tools/make_real_stream.py makes the streams, `punchline extract` reads them into the workspace; beside each lie
STEM_moments.csv and STEM_labels.csv. The person of a stream is the one in the lower right corner. On the labels of each
training stream alone two models are trained, with the cue `laughter` and without; both judge all tests at `--prior
labels --max-per-hour none`. Printed are, for each training stream, event F1 at a temporal IoU of 0.3, false moments an
hour and the gain in F1, each with a 95 % interval by a bootstrap over minutes, and the same of the mean of all
trainings; for each kind of decoy how many are taken for a moment; and the false moments an hour in the streams of music
and applause alone: of both models at their defaults, and of candidates by laughter alone.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import Counter
from collections.abc import Callable
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from core.actions.labels import import_labels
from core.classifiers.event_metrics import matched
from core.classifiers.intervals import interval
from core.cues.ranking import together
from core.detection.cue_moments import cue_moments
from core.detection.detect import DetectionSettings, decide, score
from core.people.person import Person, Reference
from core.segment import LabeledSegment, Segment
from core.training.model_store import ModelStore
from core.training.train import TrainingSettings, train
from core.workspace.library import Library
from core.workspace.registry import Video
from core.workspace.workspace import Workspace

N_REFERENCES = 5
MINUTE = 60.0
CUES = {"with": "laughter", "without": "none"}
LIKE_LABELS = DetectionSettings(prior="labels", max_per_hour=None)


def person_of(library: Library, video: Video) -> Person:
    """The person in the lower right corner of a stream, by faces from all over it."""
    workspace, name = library.workspace, Path(video.name).stem
    known = {person.name: person for person in workspace.people()}
    if name in known:
        return known[name]
    features = library.features(video.id)
    if features is None:
        raise SystemExit(f"{video.name}: extract it first")
    faces = features.faces
    middle = (faces.box_xyxy[:, :2] + faces.box_xyxy[:, 2:]) / 2
    own = np.flatnonzero((middle[:, 0] > features.info.width / 2) & (middle[:, 1] > features.info.height / 3))
    digest = features.info.models["embedder"]["digest"]
    references = []
    for row in own[np.linspace(0, len(own) - 1, N_REFERENCES).astype(int)]:
        picture, box = np.zeros((64, 64, 3), np.uint8), np.array([8, 8, 56, 56], np.float32)
        embeddings = {digest: faces.embedding[row]}
        references.append(Reference(picture, box, np.full((5, 2), 32, np.float32), video.name, embeddings))
    return workspace.add_references(name, tuple(references))


def spans_of(path: Path) -> list[tuple[Segment, str]]:
    """All spans of a stream with their kinds."""
    with path.with_name(f"{path.stem}_moments.csv").open(newline="") as file:
        return [(Segment(float(row["start"]), float(row["end"])), row["kind"]) for row in csv.DictReader(file)]


def trained(library: Library, path: Path) -> dict[str, str]:
    """The names of the models, which are trained on the labels of a stream where they are not there yet."""
    person = person_of(library, library.workspace.register(path))
    known = {model.name for model in ModelStore(library.workspace).all()}
    if not library.ledger.labels(person_id=person.id):
        labels = path.with_name(f"{path.stem}_labels.csv").read_bytes()
        import_labels(library.workspace, labels, person=person, strict=True)
    names = {way: f"{path.stem}-{way}" for way in CUES}
    for way, name in names.items():
        if name not in known:
            train(library, person, TrainingSettings(cues=CUES[way]), name=name)
    return names


def judged(library: Library, path: Path, model: str) -> tuple[np.ndarray, Counter[str]]:
    """Of each minute (n, 3) the moments that are true, found and right; false ones by kind."""
    video = library.workspace.register(path)
    spans = spans_of(path)
    truth = [LabeledSegment(span.start, span.end, 1) for span, kind in spans if kind == "funny"]
    found = decide(score(library, video, person_of(library, video), model=model), LIKE_LABELS).moments
    right = matched(truth, found, min_tiou=0.3)
    minutes = np.zeros((ceil(spans[-1][0].end / MINUTE), 3))
    for column, segments in enumerate((truth, found, [m for m, hit in zip(found, right) if hit])):
        np.add.at(minutes[:, column], [int(s.middle // MINUTE) for s in segments], 1)
    false = [m for m, hit in zip(found, right) if not hit]
    kinds = [max(spans, key=lambda s: min(m.end, s[0].end) - max(m.start, s[0].start))[1] for m in false]
    return minutes, Counter(kinds)


def false_in_calm(library: Library, path: Path, models: dict[str, str]) -> dict[str, int]:
    """How many moments each model, and laughter alone, finds where nothing is funny."""
    video = library.workspace.register(path)
    person, cues = person_of(library, video), library.cues(video.id)
    found = {way: len(decide(score(library, video, person, model=model)).moments) for way, model in models.items()}
    laughter = together({"laughter": cues.values["laughter"]})
    return found | {"laughter alone": len(cue_moments(cues.timestamps, laughter, duration=spans_of(path)[-1][0].end))}


def f1(minutes: np.ndarray) -> float:
    """Of the sums of minutes (n, 3)."""
    true, found, right = minutes.sum(axis=0)
    return float(2 * right / (true + found)) if true + found else float("nan")


def figures_of(library: Library, models: dict[str, str], tests: list[Path], calm: list[Path]) -> dict[str, Any]:
    """How both models of one training stream do on all tests, and in streams where nothing is funny."""
    spans = Counter(kind for path in tests for _, kind in spans_of(path))
    minutes, figures = {}, {}
    for way, model in models.items():
        each = [judged(library, path, model) for path in tests]
        minutes[way] = np.concatenate([part[0] for part in each])
        kinds = sum((part[1] for part in each), Counter[str]())
        figures[way] = {
            **{name: over_minutes(measure, [minutes[way]]) for name, measure in MEASURES.items()},
            "f1_of_each": {path.stem: f1(part[0]) for path, part in zip(tests, each)},
            "taken": {kind: kinds[kind] for kind in spans if kind != "funny"},
        }
    false = [false_in_calm(library, path, models) for path in calm]
    ways = false[0] if false else ()
    calm_figures = {way: sum(part[way] for part in false) / hours_of(calm) for way in ways}
    return {**figures, "minutes": minutes, "gain_of_cues": gain_of([minutes]), "calm_false_an_hour": calm_figures}


def false_an_hour(minutes: np.ndarray) -> float:
    """Of minutes (n, 3)."""
    _, found, right = minutes.sum(axis=0)
    return float((found - right) / len(minutes) * 60)


MEASURES = {"f1": f1, "false_an_hour": false_an_hour}


def over_minutes(measure: Callable[[np.ndarray], float], trainings: list[np.ndarray]) -> dict[str, float]:
    """The mean of a measure over some trainings, with its interval: bootstrap over the minutes of the tests."""

    def mean(of: Any) -> float:
        return float(np.mean([measure(minutes[of]) for minutes in trainings]))

    n = len(trainings[0])
    low, high = interval(np.array([mean(d) for d in np.random.default_rng(0).integers(n, size=(2000, n))]))
    return {"value": mean(slice(None)), "low": low, "high": high}


def gain_of(trainings: list[dict[str, np.ndarray]]) -> dict[str, float]:
    """By how much cues raise event F1, the mean of some trainings, with the interval of a paired bootstrap."""
    return over_minutes(
        lambda both: f1(both[:, :3]) - f1(both[:, 3:]), [np.hstack([each[way] for way in CUES]) for each in trainings]
    )


def hours_of(paths: list[Path]) -> float:
    """How long some streams are."""
    return sum(spans_of(path)[-1][0].end for path in paths) / 3600


def show(name: str, figures: dict[str, Any]) -> None:
    """Print the figures of one training stream."""
    print(f"\n{f'trained on {name}':32}{'with laughter':>28}{'without':>28}")
    for key in MEASURES:
        print(f"{key:32}" + "".join(f"{told(figures[way][key]):>28}" for way in CUES))
    for title, table in (("f1 on", "f1_of_each"), ("taken for a moment:", "taken")):
        for row in figures["with"][table]:
            print(f"{f'{title} {row}':32}" + "".join(f"{round(figures[way][table][row], 3):28}" for way in CUES))
    print(f"gain of cues {told(figures['gain_of_cues'])}")
    calm = ", ".join(f"{way} {n:.1f}" for way, n in figures["calm_false_an_hour"].items())
    print(f"music and applause alone, false an hour: {calm or '-'}", flush=True)


def told(figure: dict[str, float]) -> str:
    """A figure with its interval."""
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--train", type=Path, nargs="+", required=True)
    parser.add_argument("--test", type=Path, nargs="+", required=True)
    parser.add_argument("--calm", type=Path, nargs="*", default=[], help="streams in which nothing is funny")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    library = Library(Workspace(arguments.workspace))
    spans = Counter(kind for path in arguments.test for _, kind in spans_of(path))
    hours = {"hours": hours_of(arguments.test), "calm_hours": hours_of(arguments.calm)}
    answer: dict[str, Any] = {"spans": dict(spans), **hours, "trained_on": {}}
    if not arguments.json:
        print(f"{spans['funny']} moments in {hours['hours']:.2f} h; decoys: {dict(spans - Counter(funny=10**9))}")
    trainings = []
    for path in arguments.train:
        figures = figures_of(library, trained(library, path), arguments.test, arguments.calm)
        trainings.append(figures.pop("minutes"))
        answer["trained_on"][path.stem] = figures
        if not arguments.json:
            show(path.stem, figures)
    answer["gain_of_cues"] = gain_of(trainings)
    answer["mean"] = {
        way: {name: over_minutes(measure, [each[way] for each in trainings]) for name, measure in MEASURES.items()}
        for way in CUES
    }
    if not arguments.json:
        print(f"\nmean of {len(trainings)} trainings: gain of cues {told(answer['gain_of_cues'])}")
        for way, figures in answer["mean"].items():
            print(f"{way} laughter: " + ", ".join(f"{name} {told(figure)}" for name, figure in figures.items()))
    else:
        print(json.dumps(answer))


if __name__ == "__main__":
    main()
