"""How well does the cue `laughter` tell laughs from other voices, with speech and music going on below?

    uv run python benchmarks/voices.py --clips CLIPS --sounds AUDIO --kinds audio.csv --music M.mp4 --speech S.mp4

Half an hour of sound for each of three groups of other voices, mixed as tools/make_real_stream.py mixes a stream:
screams, crying, and every third file of all other kinds. `--kinds` names the files in --sounds (columns file, kind); of
laughs and screams one half is taken, as there. The score of a span is the mean of its rows. Printed are the area under
the ROC curve of laughs against the spans in which these voices are loud, and the share of those spans that reach what
90 % of the laughs reach; the same for the spans of applause, music and quiet.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly
from sklearn.metrics import roc_auc_score

from core.cues.laughter import LaughterReader
from core.cues.yamnet import Yamnet
from core.video.sound import SoundBlock
from tools.make_real_stream import RATE, mixed, plan, sound_of

SECONDS, SAMPLE_RATE = 1800, 3
KINDS = {"funny": 20, "noisy_smile": 10, "applause": 4, "shout": 20, "silent_smile": 4}
VOICES = ("shout", "noisy_smile")
BLOCK = 160_000  # audio samples at 16 kHz
Sounds = dict[str, list[np.ndarray]]


def span_scores(sounds: Sounds, seed: int, network: Yamnet) -> list[tuple[str, float]]:
    """Kind and mean laughter of each span of a mixture."""
    rng = np.random.default_rng(seed)
    spans = plan(rng, SECONDS, KINDS)
    samples = resample_poly(mixed(rng, spans, sounds), 16_000, RATE).astype(np.float32)
    blocks = (SoundBlock(k, samples[k : k + BLOCK]) for k in range(0, len(samples), BLOCK))
    times = np.arange((SECONDS - 1) * SAMPLE_RATE) / SAMPLE_RATE
    laughter = LaughterReader(blocks, network).rows(times)[:, 0]
    rows = [(kind, laughter[(times >= start) & (times < end)]) for start, end, kind in spans]
    return [(kind, float(np.nanmean(row))) for kind, row in rows if np.isfinite(row).any()]


def groups_of(kinds: Path, half: int) -> dict[str, list[str]]:
    """Names of the files: laughs, and the three groups of other voices."""
    with kinds.open(encoding="utf-8-sig", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["file"])
    by: dict[str, list[str]] = {}
    for row in rows:
        by.setdefault(row["kind"], []).append(row["file"])
    laughs, screams, crying = (by.pop(kind) for kind in ("laughing", "screaming", "crying"))
    others = [name for names in by.values() for name in names[::3]]
    return {"laughing": laughs[half::2], "screaming": screams[half::2], "crying": crying, "others": others}


def measured(groups: dict[str, list[str]], folder: Path, below: Sounds) -> dict[str, dict[str, float]]:
    """The figures of each group of voices, and of all spans without them."""
    network, laughs, others = Yamnet(), [], {"rest": []}
    laughing = [sound_of(folder / name) for name in groups.pop("laughing")]
    for seed, (group, names) in enumerate(groups.items(), 1000):
        voices = [sound_of(folder / name) for name in names]
        for kind, score in span_scores(below | {"laughing": laughing, "screaming": voices}, seed, network):
            found = laughs if kind == "funny" else others.setdefault(group if kind in VOICES else "rest", [])
            found.append(score)
    threshold = np.quantile(laughs, 0.1)
    return {
        group: {
            "auc": float(roc_auc_score([1] * len(laughs) + [0] * len(scores), laughs + scores)),
            "taken_at_90_recall": float((np.array(scores) >= threshold).mean()),
            "n": len(scores),
        }
        for group, scores in others.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--clips", "--sounds", "--kinds"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--music", nargs="+", required=True, help="files in --clips")
    parser.add_argument("--speech", nargs="+", required=True)
    parser.add_argument("--half", type=int, choices=(0, 1), default=0, help="which half of the laughs and screams")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    below = {kind: [sound_of(options.clips / name) for name in getattr(options, kind)] for kind in ("music", "speech")}
    figures = measured(groups_of(options.kinds, options.half), options.sounds, below)
    if options.json:
        print(json.dumps(figures))
    else:
        for group, figure in figures.items():
            print(f"{group:10}" + "".join(f"  {name} {value:.3f}" for name, value in figure.items()))


if __name__ == "__main__":
    main()
