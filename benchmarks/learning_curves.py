"""How much labels bring: models learn from 10 to 200 clips of some streams and judge streams of other people.

    uv run python benchmarks/learning_curves.py --workspace WS --train A.mp4 B.mp4 --test C.mp4 D.mp4
        [--models auto,logistic,...] [--sizes 10,20,50,100,200] [--cues laughter|none] [--repeats 3] [--json]

Streams are those of tools/make_real_stream.py, extracted into the workspace. Clips are taken in turn from the training
streams, as page Label gives them: by the usual queue or at random; each is funny where the person laughs in half of it.
Test clips lie side by side over the whole test streams. Printed is, by model, order and number of labels, the average
precision and the F1 at the model's own threshold, means over repeats with other random clips, and the share of funny
ones among the labels. `-` stands where labels hold fewer than two clips of a kind.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score, f1_score

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.real_streams import person_of, spans_of
from core.classifiers.choice import CHOICES
from core.classifiers.folds import FEW_VIDEOS, groups_of
from core.cues.cue import column_names
from core.cues.ranking import cue_values
from core.funny_moment_classifier import FunnyMomentClassifier
from core.labels.queue import LabelQueue, Order
from core.segment import Segment
from core.series import FEATURES, centred, resample
from core.training.cue_columns import cue_columns, together_of
from core.workspace.library import Library
from core.workspace.workspace import Workspace

ORDERS: tuple[Order, ...] = ("peaks", "random")  # the usual queue, and any clips
Clips = tuple[np.ndarray, np.ndarray, np.ndarray]  # inputs (n, 15, d), timestamps (n, 15), labels (n,)


class Stream:
    """One stream with its person: clips of any place, labelled by the truth."""

    def __init__(self, library: Library, path: Path, cues: tuple[str, ...]) -> None:
        self.video = library.workspace.register(path)
        self.person, self.names = person_of(library, self.video), cues
        self.series = library.series_of(self.video, self.person).series
        self.usual, self.cues = library.usual_for(self.video, self.person), library.cues(self.video.id)
        self.funny = [span for span, kind in spans_of(path) if kind == "funny"]

    def clips(self, segments: list[Segment]) -> Clips:
        """The clips of some places."""
        taken = [resample(self.series, segment) for segment in segments]
        stamps = np.array([clip.sample_timestamps for clip in taken])
        X = centred(np.array([clip.values for clip in taken]), self.usual)
        laughs = [sum(max(0.0, min(s.end, f.end) - max(s.start, f.start)) for f in self.funny) for s in segments]
        y = np.array([laugh >= s.duration / 2 for laugh, s in zip(laughs, segments, strict=True)])
        return np.concatenate([X, cue_columns(self.cues, self.names, stamps)], axis=2), stamps, y.astype(int)

    def queued(self, order: Order, n: int, seed: int) -> Clips:
        """The first clips of a queue."""
        values = cue_values({name: self.cues.cues[name] for name in self.names})
        queue = LabelQueue(self.video.id, self.person.id, None, self.series, cues=values, seed=seed)
        return self.clips([clip.segment for clip in queue.next_clips(order, n=n)])


def in_turn(streams: list[Stream], order: Order, n: int, seed: int) -> tuple[Clips, np.ndarray]:
    """The first `n` clips, taken from the streams in turn, and the stream of each (n,)."""
    parts = [s.queued(order, -(-n // len(streams)), seed) for s in streams]
    X, stamps, y = (np.concatenate(column) for column in zip(*parts, strict=True))
    group = np.repeat(np.arange(len(parts)), [len(part[2]) for part in parts])
    rank = np.concatenate([np.arange(len(part[2])) for part in parts])
    first = np.argsort(rank, kind="stable")[:n]
    return (X[first], stamps[first], y[first]), group[first]


def judged(
    model: str, learned: Clips, groups: np.ndarray, test: Clips, seed: int, cues: tuple[str, ...]
) -> tuple[float, float]:
    """Average precision and F1 on the test clips; NaN where there is nothing to learn."""
    if np.bincount(learned[2], minlength=2).min() < 2:
        return float("nan"), float("nan")
    columns = (*FEATURES, *column_names(cues))
    how: dict[str, Any] = {"centre": False, "together": together_of(columns), "random_state": seed}
    made = FunnyMomentClassifier(model, **how, few_videos=len(np.unique(groups)) < FEW_VIDEOS)
    made.fit(learned[0], learned[2], groups_of(groups, learned[1][:, 0]), timestamps=learned[1])
    probability = made.predict_proba(test[0], test[1])[:, 1]
    said = probability >= made.threshold_
    return float(average_precision_score(test[2], probability)), float(f1_score(test[2], said))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--train", type=Path, nargs="+", required=True)
    parser.add_argument("--test", type=Path, nargs="+", required=True)
    parser.add_argument("--models", default=",".join(CHOICES))
    parser.add_argument("--sizes", default="10,20,50,100,200")
    parser.add_argument("--cues", default="laughter")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    library = Library(Workspace(args.workspace))
    cues = () if args.cues == "none" else tuple(args.cues.split(","))
    learn, tests = ([Stream(library, path, cues) for path in paths] for paths in (args.train, args.test))
    parts = [stream.queued("in_order", 10**6, 0) for stream in tests]
    test: Clips = tuple(np.concatenate(column) for column in zip(*parts, strict=True))  # type: ignore[assignment]
    rows: list[dict[str, Any]] = []
    for model in args.models.split(","):
        for order in ORDERS:
            for size in map(int, args.sizes.split(",")):
                drawn = [in_turn(learn, order, size, seed) for seed in range(args.repeats)]
                found = [judged(model, *part, test, seed, cues) for seed, part in enumerate(drawn)]
                precision, f1 = (float(np.nanmean(column)) for column in zip(*found, strict=True))
                funny = float(np.mean([part[0][2].mean() for part in drawn]))
                row = {"model": model, "order": order, "n": size, "average_precision": precision, "f1": f1}
                rows.append({**row, "funny": funny})
                if not args.json:
                    said = ["    -" if np.isnan(v) else f"{v:.3f}" for v in (precision, f1)]
                    print(f"{model:12}{order:8}{size:5}  AP {said[0]}  F1 {said[1]}  funny {funny:.2f}", flush=True)
    if args.json:
        print(json.dumps({"n_test": len(test[2]), "n_funny": int(test[2].sum()), "rows": rows}))


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
