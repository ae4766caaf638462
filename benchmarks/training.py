"""How long training takes, and how quickly a model judges windows.

    python benchmarks/training.py [--json] [--threads 2] [--models auto,conv1d,...]

Clips are noise in which happiness and loudness rise together or apart, 15 rows of 12 features, in ten videos. `auto` is
fitted on 300 clips, with its choice and calibration; each other model on 2,000 clips, which is one fit for each of five
folds and one on all. Importing torch and scikit-learn is timed apart. Windows are judged by the models of 300 clips;
five hours hold 107,900 windows of 5, 6 and 7 s.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

N_AUTO, N_MANY, N_WINDOWS = 300, 2000, 107_900
ALL = "auto,logistic,forest,intervals,rocket,ensemble,conv1d"


def clips(n: int, *, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Clips (n, 15, 12), labels, videos and timestamps; a quarter is funny."""
    rng = np.random.default_rng(seed)
    case = rng.integers(0, 4, n)
    X = rng.normal(0, 0.7, (n, 15, 12))
    X[:, :, 4] += np.isin(case, [1, 3])[:, None] * rng.uniform(0.2, 1, (n, 1))
    X[:, :, 10] += np.isin(case, [2, 3])[:, None] * rng.uniform(0.2, 1, (n, 1))
    X[rng.random((n, 15)) < 0.1] = np.nan
    timestamps = np.cumsum(rng.uniform(0.3, 0.5, (n, 15)), axis=1)
    return X, (case == 3).astype(int), np.arange(n) % 10, timestamps


def seconds_of(act: Callable[[], object]) -> float:
    """How long a call takes."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def measure(names: list[str]) -> dict[str, object]:
    """All times in seconds, by model."""
    from core.funny_moment_classifier import FunnyMomentClassifier

    def imports() -> None:
        import torch._dynamo  # noqa: F401  (the first optimiser loads it)

    out: dict[str, object] = {"imports_s": seconds_of(imports)}
    test = clips(1000, seed=9)
    windows = np.resize(test[0], (N_WINDOWS // 10, 15, 12))
    stamps = np.resize(test[3], windows.shape[:2])
    for name in names:
        X, y, video, timestamps = clips(N_AUTO if name == "auto" else N_MANY, seed=1)
        made = FunnyMomentClassifier(name)
        row: dict[str, object] = {"n_clips": len(X)}
        row["fit_s"] = seconds_of(lambda: made.fit(X, y, video, timestamps=timestamps))  # noqa: B023
        row["chosen"] = made.model_
        row["accuracy"] = made.score(test[0], test[1], timestamps=test[3])
        if name != "auto":
            X, y, video, timestamps = clips(N_AUTO, seed=1)
            made = FunnyMomentClassifier(name)
            row["fit_300_s"] = seconds_of(lambda: made.fit(X, y, video, timestamps=timestamps))  # noqa: B023
        row["five_hours_s"] = 10 * seconds_of(lambda: made.predict_proba(windows, stamps))  # noqa: B023
        out[name] = row
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--models", default=ALL)
    given = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(given.threads)
    if "numpy" in sys.modules and os.environ.get("PUNCHLINE_BENCHMARK") is None:
        # numpy has read its number of threads already: begin again with the one asked for
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "PUNCHLINE_BENCHMARK": "1"})
    found = {"threads": given.threads, **measure(given.models.split(","))}
    if given.json:
        print(json.dumps(found))
        return
    print(f"{given.threads} threads; imports {found['imports_s']:.1f} s")
    for name, row in found.items():
        if isinstance(row, dict):
            print(name, ", ".join(f"{k} {v:.3g}" if isinstance(v, float) else f"{k} {v}" for k, v in row.items()))


if __name__ == "__main__":
    main()
