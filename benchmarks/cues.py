"""How well does the cue `laughter` tell laughter from other sounds?

    uv run python benchmarks/cues.py --manifest FILE.csv [--json]

The manifest names sound or video files: columns file (beside the manifest, or in a folder `audio` there), laughter
(0 or 1), and MAY have start and end in seconds; where both are empty the whole file counts. The score of a stretch is
the highest of its rows. Prints the area under the ROC curve, the average precision, and how many stretches without
laughter would be reported for each hour of them at the threshold that finds 90 % of those with laughter. A trivial
answer, loudness alone, stands beside it.
"""

from __future__ import annotations

import argparse
import csv
import json
from itertools import tee
from pathlib import Path

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from core.audio_feature_extractor import AudioFeatureExtractor
from core.cues.laughter import LaughterReader
from core.cues.yamnet import Yamnet
from core.video.sound import sound_blocks

STEP = 0.48  # seconds between rows
MARGIN = 1.0  # seconds heard before and after a stretch, where rows would lack sound


def heard(path: Path, network: Yamnet, start: float | None, end: float | None) -> tuple[float, float, float]:
    """Highest laughter and loudness of a stretch, and its seconds."""
    for_length, for_laughter, for_loudness = tee(sound_blocks(path), 3)
    length = max((block.start + len(block.samples) for block in for_length), default=0) / 16_000
    start, end = start or 0.0, length if end is None else end
    times = np.arange(start, max(end, start + STEP), STEP)
    laughter = LaughterReader(for_laughter, network).rows(times)[:, 0]
    loudness = AudioFeatureExtractor(for_loudness).features(times, sample_period=STEP)[:, 0]
    return float(np.nanmax(laughter, initial=0.0)), float(np.nanmax(loudness, initial=-80.0)), end - start


def measured(manifest: Path) -> dict[str, object]:
    """The figures of one manifest."""
    network = Yamnet()
    rows = list(csv.DictReader(manifest.open(encoding="utf-8-sig", newline="")))
    found = []
    for row in rows:
        paths = [folder / row["file"] for folder in (manifest.parent, manifest.parent / "audio")]
        path = next((path for path in paths if path.exists()), paths[0])
        times = (float(row[key]) if row.get(key) else None for key in ("start", "end"))
        found.append(heard(path, network, *times))
    score, loudness, seconds = np.array(found).T
    laughs = np.array([int(row["laughter"]) for row in rows], bool)
    threshold = np.quantile(score[laughs], 0.1, method="lower")
    false = int((score[~laughs] >= threshold).sum())
    return {
        "auc": float(roc_auc_score(laughs, score)),
        "average_precision": float(average_precision_score(laughs, score)),
        "false_an_hour_at_90_recall": false / (seconds[~laughs].sum() / 3600),
        "auc_of_loudness": float(roc_auc_score(laughs, loudness)),
        "n": len(rows),
        "n_laughter": int(laughs.sum()),
        "hours": float(seconds.sum() / 3600),
        "threshold": float(threshold),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = measured(options.manifest)
    if options.json:
        print(json.dumps(figures))
    else:
        print("\n".join(f"{name}: {value:.3f}" for name, value in figures.items()))


if __name__ == "__main__":
    main()
