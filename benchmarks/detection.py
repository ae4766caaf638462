"""How long do scoring and deciding take on a five-hour stream, and how many of the planted moments are found?

    uv run python benchmarks/detection.py [--json] [--seeds 6]

The series are made up, three samples a second: a calm face that changes its look about once a second, with 5-7 s events
after 6-14 s of calm. A funny moment is a smile while it is loud; silent smiles, loud calm, and faces that are away are
planted beside them. `noise` scales all that is random. The light model is a logistic regression on a summary of each
clip, calibrated on the streams that it was not fitted on; training and test streams are different ones.

Time is CPU time of one thread, and memory the largest allocation by numpy at once above what was there before.
"""

from __future__ import annotations

import argparse
import json
import time
import tracemalloc
from collections.abc import Callable, Sequence
from statistics import mean, median
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from core.detection.detect import DetectionSettings, Scored, decide
from core.detection.explanation import clip_summary
from core.labels.rules import MAX_FAILED_RATIO
from core.segment import Segment, tiou
from core.series import EMOTIONS, FEATURES, N_FACE, TimeSeries, baseline, centred, fill_gaps, resample
from core.sliding_window_processor import score_windows, sliding_windows

SAMPLE_RATE = 3.0
EVENTS = ("funny", "loud_calm", "silent_smile", "other_laughs", "away")
FUNNY = 0.45  # share of events: about a hundred an hour
MIN_TIOU = 0.3

Span = tuple[float, float, str]


def plan(rng: np.random.Generator, seconds: float, funny: float = FUNNY) -> list[Span]:
    """Calm and events in turns, to the end: (start, end, kind)."""
    shares = np.array([funny, *((1 - funny) * np.array([0.27, 0.27, 0.27, 0.19]))])
    spans, at = [], 3.0
    while at < seconds - 25:
        calm, length = rng.uniform(6, 14), rng.uniform(5, 7)
        kind = EVENTS[rng.choice(len(EVENTS), p=shares)]
        spans += [(at, at + calm, "calm"), (at + calm, at + calm + length, kind)]
        at += calm + length
    return spans


def made_up(rng: np.random.Generator, spans: Sequence[Span], seconds: float, noise: float) -> TimeSeries:
    """The series of such a stream."""
    n = round(seconds * SAMPLE_RATE)
    t = np.arange(n) / SAMPLE_RATE

    def during(*kinds: str) -> np.ndarray:
        mask = np.zeros(n, bool)
        for start, end, kind in spans:
            if kind in kinds:
                mask |= (t >= start) & (t < end)
        return mask

    smile, loud = during("funny", "silent_smile"), during("funny", "loud_calm", "other_laughs")
    look = np.repeat(rng.normal(0, 1.2 * noise, (n // 3 + 1, len(EMOTIONS))), 3, axis=0)[:n]
    logits = rng.normal(0, 0.8 * noise, (n, len(EMOTIONS))) + look
    logits[:, EMOTIONS.index("happiness")] += 2.5 * smile
    logits[:, EMOTIONS.index("neutral")] += 2.5 * ~smile
    p = np.exp(logits)
    p /= p.sum(axis=1, keepdims=True)
    happiness, surprise, sadness = (p[:, EMOTIONS.index(name)] for name in ("happiness", "surprise", "sadness"))
    valence = 0.8 * happiness - 0.5 * sadness + rng.normal(0, 0.1, n)
    arousal = 0.3 * happiness + 0.7 * surprise + rng.normal(0, 0.1, n)
    loudness = np.where(loud, -18, -42) + rng.normal(0, 5 * noise, n)
    voiced = rng.random(n) < np.where(loud, 0.6, 0.4)
    pitch = np.where(voiced, rng.normal(np.where(loud, 28, 14), 3), 0)
    values = np.column_stack([p, valence, arousal, loudness, pitch])
    source = np.where(during("away") | (rng.random(n) < 0.02), 3, 0).astype(np.uint8)
    values[source == 3, :N_FACE] = np.nan
    return fill_gaps(TimeSeries(values, t, source, SAMPLE_RATE))


class LightModel:
    """Calibrated logistic regression on a summary of each clip."""

    def __init__(self, seeds: Sequence[int], noise: float) -> None:
        streams = [self._labelled(np.random.default_rng(seed), noise) for seed in seeds]
        told, truth = [], []
        for k, (X, y) in enumerate(streams):
            others = [stream for j, stream in enumerate(streams) if j != k]
            told.append(self._fitted(others)(X))
            truth.append(y)
        labels = np.concatenate(truth)
        calibration = LogisticRegression().fit(np.concatenate(told)[:, None], labels)
        self._slope, self._shift = float(calibration.coef_[0, 0]), float(calibration.intercept_[0])
        self._raw = self._fitted(streams)
        self.share = float(labels.mean())

    def __call__(self, X: np.ndarray) -> np.ndarray:
        """Log-odds of clips (n, 15, 12) at the labelled mix."""
        return self._slope * self._raw(X) + self._shift

    @staticmethod
    def _labelled(rng: np.random.Generator, noise: float, seconds: float = 1200.0) -> tuple[np.ndarray, np.ndarray]:
        """Each event as a clip, and a piece of each calm."""
        spans = plan(rng, seconds)
        series = made_up(rng, spans, seconds, noise)
        usual, clips, labels = baseline(series), [], []
        for start, end, kind in spans:
            if kind == "calm":
                length = min(rng.uniform(5, 7), end - start)
                start = rng.uniform(start, end - length)
                end = start + length
            clip = resample(series, Segment(start, end))
            if clip.failed_ratio < MAX_FAILED_RATIO:
                clips.append(centred(clip.values, usual))
                labels.append(kind == "funny")
        return np.array(clips), np.array(labels)

    @staticmethod
    def _fitted(streams: Sequence[tuple[np.ndarray, np.ndarray]]) -> Callable[[np.ndarray], np.ndarray]:
        X, y = (np.concatenate([stream[k] for stream in streams]) for k in (0, 1))
        summary = clip_summary(X)
        middle, scale = summary.mean(axis=0), np.maximum(summary.std(axis=0), 1e-6)
        fitted = LogisticRegression(C=0.1, max_iter=2000).fit((summary - middle) / scale, y)
        return lambda clips: fitted.decision_function((clip_summary(clips) - middle) / scale)


def scored(series: TimeSeries, model: LightModel) -> Scored:
    """As `core.detection.detect.score`, without a workspace."""
    windows = sliding_windows(series)
    usual = baseline(series)
    scores = score_windows(
        series, windows, lambda values, timestamps: model(centred(values, usual)), max_failed_ratio=MAX_FAILED_RATIO
    )
    loudness = np.full(windows.n_steps, np.nan)
    return Scored("", "", "", "", "", scores, loudness, model.share, None, 0, usual, "")


def seconds_of(action: Callable[[], object], n_runs: int) -> float:
    """Median CPU time of a call."""
    times = []
    for _ in range(n_runs):
        started = time.process_time()
        action()
        times.append(time.process_time() - started)
    return median(times)


def peak_megabytes(action: Callable[[], object]) -> float:
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def speed(model: LightModel, hours: float = 5.0) -> dict[str, float]:
    rng = np.random.default_rng(100)
    seconds = hours * 3600
    series = made_up(rng, plan(rng, seconds), seconds, 1.0)
    made = scored(series, model)
    everything = DetectionSettings(prior="labels", max_per_hour=None)
    return {
        "n_rows": len(series),
        "n_windows": len(made.scores),
        "n_moments": len(decide(made, everything).moments),
        "windows_s": seconds_of(
            lambda: score_windows(
                series,
                sliding_windows(series),
                lambda values, timestamps: np.zeros(len(values)),
                max_failed_ratio=MAX_FAILED_RATIO,
            ),
            3,
        ),
        "windows_and_model_s": seconds_of(lambda: scored(series, model), 3),
        "peak_mb": peak_megabytes(lambda: scored(series, model)),
        "decide_s": seconds_of(lambda: decide(made, everything), 15),
        "decide_defaults_s": seconds_of(lambda: decide(made), 15),
    }


def f1(found: Sequence[Segment], truth: Sequence[Segment]) -> tuple[float, float, float]:
    """F1, precision and recall where each moment found may answer one true moment, the best overlaps first."""
    pairs = sorted(((tiou(a, b), i, j) for i, a in enumerate(found) for j, b in enumerate(truth)), reverse=True)
    used_found: set[int] = set()
    used_truth: set[int] = set()
    for overlap, i, j in pairs:
        if overlap >= MIN_TIOU and i not in used_found and j not in used_truth:
            used_found.add(i)
            used_truth.add(j)
    n = len(used_found)
    return 2 * n / max(1, len(found) + len(truth)), n / max(1, len(found)), n / max(1, len(truth))


def quality(noise: float, seeds: Sequence[int]) -> dict[str, Any]:
    """An hour with about a hundred moments at the labels' share, and an hour with five at the defaults."""
    model = LightModel([1, 2, 3, 4], noise)
    many, in_ten = [], []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        spans = plan(rng, 3600)
        made = scored(made_up(rng, spans, 3600, noise), model)
        truth = [Segment(a, b) for a, b, kind in spans if kind == "funny"]
        many.append(f1(decide(made, DetectionSettings(prior="labels", max_per_hour=None)).moments, truth))
        spans = five(rng, plan(rng, 3600, 0.2))
        made = scored(made_up(rng, spans, 3600, noise), model)
        truth = [Segment(a, b) for a, b, kind in spans if kind == "funny"]
        in_ten.append(f1(decide(made).best(10), truth)[2])
    names = ("f1", "precision", "recall")
    return {
        "noise": noise,
        **{name: mean(row[k] for row in many) for k, name in enumerate(names)},
        "least_f1": min(row[0] for row in many),
        "five_in_ten": mean(in_ten),
        "hours_with_all_five": sum(share == 1 for share in in_ten) / len(in_ten),
    }


def five(rng: np.random.Generator, spans: Sequence[Span]) -> list[Span]:
    """The same stream with five of its funny moments; the others are something else."""
    funny = [k for k, span in enumerate(spans) if span[2] == "funny"]
    kept = set(rng.choice(funny, 5, replace=False).tolist())
    return [
        (a, b, kind if kind != "funny" or k in kept else str(rng.choice(EVENTS[1:])))
        for k, (a, b, kind) in enumerate(spans)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seeds", type=int, default=6, help="streams of each kind")
    args = parser.parse_args()
    assert len(FEATURES) == 12
    found = {
        "speed_5_h": speed(LightModel([1, 2, 3, 4], 1.0)),
        "quality": [quality(noise, range(10, 10 + args.seeds)) for noise in (0.7, 1.0, 1.6)],
    }
    if args.json:
        print(json.dumps(found))
        return
    for row in (found["speed_5_h"], *found["quality"]):
        print("  ".join(f"{key} {value:.3f}" for key, value in row.items()))


if __name__ == "__main__":
    main()
