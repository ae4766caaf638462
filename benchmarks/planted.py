"""Trained on the labels of one planted stream: how well are clips and moments of others found?

    python benchmarks/planted.py --workspace WS --train stream1.mp4 stream2.mp4 stream3.mp4 ... [--json]

The workspace holds the extracted streams, the person, and as its only labels those of the first stream (`labels
import stream1_labels.csv`). Beside every stream lie STEM_labels.csv and STEM_moments.csv with the truth. Clip F1 is
pooled over the other streams, with a paired bootstrap over blocks of time against each trivial baseline; moments are
those of `detect --prior labels --max-per-hour none` and, for rare moments, the ten best at the defaults.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.actions.labels import import_labels
from core.classifiers.event_metrics import matched
from core.classifiers.intervals import difference, measured
from core.classifiers.metrics import Judged
from core.clip_dataset_builder import build_clips
from core.detection.detect import DetectionSettings, decide, score
from core.funny_moment_classifier import FunnyMomentClassifier
from core.segment import LabeledSegment
from core.training.baselines import BASELINES
from core.training.judging import LabelledClips, Split, baseline_predictions
from core.training.model_store import ModelStore
from core.training.train import TrainingSettings, labelled, train
from core.workspace.library import Library
from core.workspace.workspace import Workspace


def truth_of(video: Path) -> list[LabeledSegment]:
    """The planted funny moments."""
    with video.with_name(f"{video.stem}_moments.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    kind = "kind" if rows and "kind" in rows[0] else None
    return [LabeledSegment(float(r["start"]), float(r["end"]), 1) for r in rows if kind is None or r[kind] == "funny"]


def clips_of(library: Library, video: Path) -> LabelledClips:
    """The labelled clips of a stream."""
    library.workspace.register(video)
    labels = video.with_name(f"{video.stem}_labels.csv").read_bytes()
    imported = import_labels(library.workspace, labels, strict=True)
    if imported.faults:
        raise SystemExit(f"{video}: {imported.faults[:3]}")
    data = build_clips(imported.events, library.series, others_of=library.others_of)
    return labelled(data, np.flatnonzero(data.usable))


def joined(parts: list[LabelledClips]) -> LabelledClips:
    """Clips of several streams."""
    names = ("X", "timestamps", "y", "video", "start", "end", "origin")
    return LabelledClips(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("tests", type=Path, nargs="+")
    parser.add_argument("--model", default="auto")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    library = Library(Workspace(arguments.workspace))
    person = library.workspace.only_person()
    name = f"planted-{arguments.model}"
    known = {model.name: model.folder for model in ModelStore(library.workspace).all()}
    folder = known.get(name) or train(library, person, TrainingSettings(model=arguments.model), name=name)[0]
    fitted, card = FunnyMomentClassifier.load(folder)

    learned = clips_of(library, arguments.train)
    unseen = joined([clips_of(library, video) for video in arguments.tests])
    blocks = np.char.add(unseen.video.astype(str), (unseen.start // 60).astype(int).astype(str))
    funny = unseen.y == 1
    probability = fitted.predict_proba(unseen.X, unseen.timestamps)[:, 1]
    ours = Judged(funny, probability, probability >= fitted.threshold_, blocks)
    n = len(learned)
    both = joined([learned, unseen])
    parted = [Split(np.arange(n), np.arange(n, len(both)))]
    found: dict[str, object] = {"model": card.get("choice", name), "n_clips": len(unseen)}
    found["clips"] = measured(ours)
    for baseline in BASELINES:
        predictions = baseline_predictions(both, parted, baseline)
        other = Judged(funny, predictions.probability, predictions.predicted, blocks)
        found[f"f1_less_{baseline}"] = difference(ours, other, "f1")

    n_truth = n_found = n_hit = n_hit_half = 0
    seconds, top = 0.0, {}
    for video in arguments.tests:
        record = library.workspace.register(video)
        scored = score(library, record, person, model=folder.name)
        truth = truth_of(video)
        moments = list(decide(scored, DetectionSettings(prior="labels", max_per_hour=None)).moments)
        n_truth += len(truth)
        n_found += len(moments)
        n_hit += int(matched(truth, moments, min_tiou=0.3).sum())
        n_hit_half += int(matched(truth, moments, min_tiou=0.5).sum())
        seconds += library.series_of(record, person).series.timestamps[-1]
        best = decide(scored, DetectionSettings()).best(10)
        top[video.name] = (
            f"{int(matched(truth, best, min_tiou=0.3).sum())} of {len(truth)} in the {len(best)} best at the defaults"
        )
    found["moments"] = {
        "f1_at_0.3": 2 * n_hit / (n_truth + n_found),
        "f1_at_0.5": 2 * n_hit_half / (n_truth + n_found),
        "true": n_truth,
        "found": n_found,
        "false_alarms_per_hour": (n_found - n_hit) / seconds * 3600,
        "minutes": seconds / 60,
    }
    found["best"] = top
    print(json.dumps(found, default=float) if arguments.json else json.dumps(found, indent=1, default=float))


if __name__ == "__main__":
    main()
