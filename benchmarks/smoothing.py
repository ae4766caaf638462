"""What the filter over time of the emotions brings, and what it costs: flips, separation of smiles, a laugh's onset.

    uv run python benchmarks/smoothing.py --clip FILE.mp4 --calm 1 5 --laugh 10 19 [--sample-rate 3] [--json]
    uv run python benchmarks/smoothing.py --workspace DIR --person NAME --moments stream1_moments.csv ... [--json]

A clip shows one person, calm in one stretch of seconds and laughing in another; it is extracted here. A CSV of moments
(``start,end,kind``) belongs to the analysed video of the workspace that its name begins with: the person smiles in
spans of `SMILES`, and is calm in those of `CALM`.

- flips: changes of the strongest emotion from one seen row to the next, a minute of calm.
- auc: how well happiness tells rows of smiles from calm rows, all of them, also those beside an edge.
- delay: seconds by which filtered happiness crosses half-way between its calm and its smiling level later than raw
  happiness does; interpolated between rows, negative where it crosses earlier. Median over onsets, the largest,
  and the share of those that moved by more than 0.2 s.
- rise: seconds from 10 to 90 % of the way, median over onsets; raw it is at least the time between two rows.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.cues.chain import MAX_GAP
from core.faces.feature_file import read_features
from core.faces.smoothing import smoothed
from core.faces.tracks import cuts_of
from core.multimodal_processor import extract, person_series
from core.people.normalisation import similarities
from core.people.person import match_by
from core.segment import Segment
from core.series import EMOTIONS, N_FACE
from core.video_feature_extractor import ExtractionSettings
from core.workspace.workspace import Workspace

SMILES = ("funny", "silent_smile", "noisy_smile")
CALM = ("calm", "loud_calm", "applause", "shout", "guest_laughs")
MOVED = 0.2  # seconds by which an onset may come earlier or later
HAPPINESS = EMOTIONS.index("happiness")
DWELLS = (0.0, 0.5, 1.0, 2.0)  # seconds; the first is raw


@dataclass(frozen=True)
class Watched:
    """The raw emotions (n, 10) of one person, NaN where not seen, with times, cuts, and what is known to happen."""

    values: np.ndarray
    timestamps: np.ndarray
    cut_before: np.ndarray
    smiles: list[Segment]
    calm: list[Segment]

    def rows(self, segments: list[Segment]) -> np.ndarray:
        """Seen rows (n,) inside any of the segments."""
        t = self.timestamps
        inside = np.zeros(len(t), bool)
        for segment in segments:
            inside |= (t >= segment.start) & (t < segment.end)
        return inside & ~np.isnan(self.values).any(axis=1)


def watch_clip(path: Path, calm: Segment, laugh: Segment, sample_rate: float) -> Watched:
    """The largest face of every sampled picture."""
    with tempfile.TemporaryDirectory() as folder:
        settings = ExtractionSettings(sample_rate=sample_rate, device="cpu")
        faces = extract(path, Path(folder) / "clip.h5", settings=settings).faces
    values = np.full((faces.n_frames, N_FACE), np.nan, np.float32)
    width, height = (faces.box_xyxy[:, 2:] - faces.box_xyxy[:, :2]).T
    by_size = np.argsort(width * height, kind="stable")
    face = np.full(faces.n_frames, -1)
    face[faces.frame[by_size]] = by_size  # the largest of a picture is written last
    values[face >= 0] = faces.emotion[face[face >= 0]]
    return Watched(values, faces.timestamps, cuts_of(faces, face), [laugh], [calm])


def watch_stream(workspace: Workspace, person: str, moments: Path) -> Watched:
    """The series of a person in the video that a CSV of moments is about."""
    stem = moments.stem.removesuffix("_moments")
    video = next((video for video in workspace.videos() if Path(video.name).stem == stem), None)
    if video is None:
        raise SystemExit(f"{moments}: no video called {stem} was analysed in {workspace.root}")
    features = read_features(workspace.features_path(video.id))
    subject = workspace.find_person(person)
    series = person_series(features, subject, fill="none", smoothing=0.0).series
    thresholds = subject.thresholds_for(features.info.fingerprint)
    face = match_by(features.faces, similarities(features, subject), thresholds).face
    with open(moments, newline="", encoding="utf-8") as file:
        spans = [(Segment(float(row["start"]), float(row["end"])), row["kind"]) for row in csv.DictReader(file)]
    return Watched(
        series.values[:, :N_FACE],
        series.timestamps,
        cuts_of(features.faces, face),
        [segment for segment, kind in spans if kind in SMILES],
        [segment for segment, kind in spans if kind in CALM],
    )


def n_flips(watched: Watched, values: np.ndarray) -> int:
    """Changes of the strongest emotion between successive seen rows of one calm stretch."""
    total = 0
    for stretch in watched.calm:
        rows = watched.rows([stretch])
        strongest = values[rows, : len(EMOTIONS)].argmax(axis=1)
        near = np.diff(watched.timestamps[rows]) <= MAX_GAP
        total += int(((np.diff(strongest) != 0) & near).sum())
    return total


def area_under_curve(positive: np.ndarray, negative: np.ndarray) -> float:
    """Chance that a positive value is greater than a negative one, ties half (Mann & Whitney 1947)."""
    ranked = np.sort(negative)
    below = np.searchsorted(ranked, positive, side="left") + np.searchsorted(ranked, positive, side="right")
    return float(below.mean() / 2 / len(ranked))


def onset(watched: Watched, values: np.ndarray, calm: Segment, smile: Segment) -> tuple[float, float] | None:
    """When happiness crosses half-way up (s), and how long it takes from 10 to 90 % (s); levels are the raw medians.

    None where the levels lie too close to each other, or the rise was not seen.
    """
    happiness = values[:, HAPPINESS]
    low, high = (float(np.median(watched.values[watched.rows([s]), HAPPINESS])) for s in (calm, smile))
    seen = watched.rows([Segment(calm.start, smile.end)])
    if high - low < 0.3 or not seen.any():
        return None
    t, share = watched.timestamps[seen], (happiness[seen] - low) / (high - low)
    # The last rise through half before the smile's middle: what flickers in the calm before is no onset.
    before = np.flatnonzero((share[:-1] < 0.5) & (share[1:] >= 0.5) & (t[1:] <= (smile.start + smile.end) / 2))
    if not len(before) or t[before[-1] + 1] - t[before[-1]] > MAX_GAP:
        return None
    k = int(before[-1])
    first = k
    while first > 0 and share[first] > 0.1:
        first -= 1
    last = k + 1
    while last < len(share) - 1 and share[last] < 0.9:
        last += 1

    def crossing(i: int, level: float) -> float:
        part = (level - share[i]) / (share[i + 1] - share[i])
        return float(t[i] + np.clip(part, 0, 1) * (t[i + 1] - t[i]))

    return crossing(k, 0.5), crossing(last - 1, 0.9) - crossing(first, 0.1)


def onsets(watched: Watched, values: np.ndarray) -> list[tuple[float, float] | None]:
    """Every smile's `onset`, after the calm stretch that is next before it and not more than 10 s away."""
    found = []
    for smile in watched.smiles:
        calm = max((c for c in watched.calm if c.end <= smile.start + 1e-6), key=lambda c: c.end)
        found.append(onset(watched, values, calm, smile) if smile.start - calm.end < 10 else None)
    return found


def measure(several: list[Watched]) -> list[dict]:
    """One row a dwell, the raw emotions first."""
    minutes = sum(segment.duration for w in several for segment in w.calm) / 60
    raw_onsets = [at for w in several for at in onsets(w, w.values)]
    table = []
    for dwell in DWELLS:
        found = [
            smoothed(w.values, w.timestamps, dwell, cut_before=w.cut_before) if dwell else w.values for w in several
        ]
        smiling = np.concatenate([v[w.rows(w.smiles), HAPPINESS] for w, v in zip(several, found, strict=True)])
        calm = np.concatenate([v[w.rows(w.calm), HAPPINESS] for w, v in zip(several, found, strict=True)])
        here = [at for w, v in zip(several, found, strict=True) for at in onsets(w, v)]
        pairs = [(a, b) for a, b in zip(raw_onsets, here, strict=True) if a is not None and b is not None]
        delays = np.array([b[0] - a[0] for a, b in pairs])
        flips = sum(n_flips(w, v) for w, v in zip(several, found, strict=True))
        table.append(
            {
                "dwell": dwell,
                "flips_per_minute": flips / minutes,
                "auc": area_under_curve(smiling, calm),
                "delay": float(np.median(delays)) if len(pairs) else None,
                "largest_delay": float(delays[np.abs(delays).argmax()]) if len(pairs) else None,
                "moved": float((np.abs(delays) > MOVED).mean()) if len(pairs) else None,
                "rise": float(np.median([b[1] for _, b in pairs])) if len(pairs) else None,
                "n_onsets": len(pairs),
            }
        )
    return table


def report(table: list[dict]) -> str:
    """The table as text for people."""
    lines = ["dwell s  flips/min  auc     delay s  largest    moved  rise s  onsets"]
    for row in table:
        times = "".join(
            f"{row[k]:9.2f}" if row[k] is not None else "        -" for k in ("delay", "largest_delay", "moved", "rise")
        )
        lines.append(f"{row['dwell']:7.1f}{row['flips_per_minute']:11.2f}{row['auc']:9.4f}{times}{row['n_onsets']:7d}")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clip", type=Path, metavar="FILE")
    parser.add_argument("--calm", type=float, nargs=2, metavar="S")
    parser.add_argument("--laugh", type=float, nargs=2, metavar="S")
    parser.add_argument("--sample-rate", type=float, default=3.0, help="samples per second of the clip")
    parser.add_argument("--workspace", type=Path, metavar="DIR")
    parser.add_argument("--person", metavar="NAME")
    parser.add_argument("--moments", type=Path, nargs="+", default=[], metavar="FILE.csv")
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    options = parser.parse_args(arguments)
    if options.clip and not (options.calm and options.laugh):
        parser.error("--clip needs --calm and --laugh")
    if options.moments and not (options.workspace and options.person):
        parser.error("--moments needs --workspace and --person")
    if not options.clip and not options.moments:
        parser.error("nothing to do: give --clip, or --moments")
    results = {}
    if options.clip:
        clip = watch_clip(options.clip, Segment(*options.calm), Segment(*options.laugh), options.sample_rate)
        results["clip"] = measure([clip])
    if options.moments:
        workspace = Workspace(options.workspace)
        results["streams"] = measure([watch_stream(workspace, options.person, path) for path in options.moments])
    if options.json:
        print(json.dumps(results, indent=2))
    else:
        print("\n\n".join(f"{name}\n{report(table)}" for name, table in results.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
