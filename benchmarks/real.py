"""How well the built-in emotion model reads real faces, against an independent measure of smiling.

    uv run python benchmarks/real.py --clips DIR --truth FILE.csv [--json]

FILE.csv has a row for each sampled time: clip, t (s), faces, smile, jawOpen (both 0 to 1), face_h (pixels), such as
MediaPipe's blend shapes. Rows with one face are judged, by the largest face that the extraction finds within half
a sample period: smiling is a measure of .5 and more, a neutral mouth one of under .3; what lies between is left out.
Where somebody looked and the measure is wrong (`tests/shared/smile_by_eye.csv`: clip, start, end, smile 0 or 1, or
empty to leave it out), what was seen holds; figures that end in `_as_measured` are without that. A clip counts within
clips where it holds both. A flip is a change of the strongest emotion from one sample to the next, counted where nobody
smiles and the jaw moves (speech). Emotions are those of a series, filtered over time; figures that end in `_raw` are of
single pictures, those in `_half_0` and `_half_1` of the clips whose name has an even or odd CRC-32.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from core.errors import PunchlineError
from core.faces.feature_file import Features
from core.faces.smoothing import smoothed
from core.faces.tracks import cuts_of
from core.multimodal_processor import extract
from core.series import EMOTIONS, N_FACE
from core.video_feature_extractor import ExtractionSettings

SMILE, NO_SMILE = 0.5, 0.3
RAW = "_raw"  # ends the columns, and figures, of single pictures without the filter over time
OPEN_MOUTH = 0.25  # jawOpen from which a mouth counts as open
COMPARED = ("smile_auc", "smile_auc_within", "smile_auc_open_mouth", "flips_per_minute")
BY_EYE = Path(__file__).parents[1] / "tests" / "shared" / "smile_by_eye.csv"


def clip_path(folder: Path, name: str) -> Path:
    """A clip in the folder, or in its folder `clips`."""
    return next((path for path in (folder / name, folder / "clips" / name) if path.exists()), folder / name)


def largest_faces(features: Features) -> pd.DataFrame:
    """The largest face of every sampled time: t, height in pixels, the eight emotions by name, filtered and `RAW`."""
    faces = features.faces
    height = faces.box_xyxy[:, 3] - faces.box_xyxy[:, 1]
    face = np.full(faces.n_frames, -1)
    order = np.argsort(height, kind="stable")  # the largest of a picture is written last
    face[faces.frame[order]] = order
    seen = face >= 0
    values = np.full((faces.n_frames, N_FACE), np.nan, np.float32)
    values[seen] = faces.emotion[face[seen]]
    steady = smoothed(values, faces.timestamps, cut_before=cuts_of(faces, face))
    table = pd.DataFrame({"t": faces.timestamps})
    table.loc[seen, "height"] = height[face[seen]]
    for suffix, read in (("", steady), (RAW, values)):
        table[[name + suffix for name in EMOTIONS]] = read[:, : len(EMOTIONS)]
    return table.dropna().reset_index(drop=True)


def read_clip(path: Path, truth: pd.DataFrame, settings: ExtractionSettings, models: object) -> pd.DataFrame:
    """The truth of a clip beside what was read at its times; NaN where no face was found."""
    with tempfile.TemporaryDirectory() as folder:
        seen = extract(path, Path(folder) / "f.h5", settings=settings, models=models)  # type: ignore[arg-type]
    rows = truth.assign(t=truth.t + float(seen.faces.timestamps[0])).sort_values("t")
    half = 0.5 / settings.sample_rate + 1e-3
    return pd.merge_asof(rows, largest_faces(seen), on="t", direction="nearest", tolerance=half)


def corrected(rows: pd.DataFrame, by_eye: pd.DataFrame) -> pd.DataFrame:
    """The rows with smiling as it was seen where the measure is wrong; NaN where it cannot be told."""
    rows = rows.copy()
    for seen in by_eye.itertuples():
        rows.loc[(rows["clip"] == seen.clip) & rows.t.between(seen.start, seen.end), "smile"] = seen.smile
    return rows


def auc(rows: pd.DataFrame) -> float:
    """Area under the curve of happiness against smiling; NaN where one of the two is missing."""
    smiling = rows.smile >= SMILE
    return float(roc_auc_score(smiling, rows.happiness)) if 0 < smiling.sum() < len(rows) else float("nan")


def flips_per_minute(rows: pd.DataFrame) -> float:
    """Changes of the strongest emotion a minute, over pairs of neighbouring samples of speech; all rows are read."""
    changes, seconds = 0, 0.0
    for _, clip in rows.groupby("clip"):
        strongest = clip[list(EMOTIONS)].idxmax(axis=1)
        speech = (clip.smile < NO_SMILE) & (clip.jawOpen.rolling(5, center=True, min_periods=2).std() > 0.02)
        pair = speech & speech.shift(-1, fill_value=False)
        changes += int((pair & (strongest != strongest.shift(-1))).sum())
        seconds += float((clip.t.shift(-1) - clip.t)[pair].sum())
    return 60 * changes / seconds if seconds else float("nan")


def figures(rows: pd.DataFrame) -> dict[str, float]:
    """All figures of the clips' rows."""
    single = rows[rows.faces == 1]
    read = single[single.happiness.notna()]
    clear = read[(read.smile >= SMILE) | (read.smile < NO_SMILE)]
    within: NDArray[np.float64] = np.array([auc(clip) for _, clip in clear.groupby("clip")])
    heights = pd.cut(clear.face_h, [0, 64, 128, 1e4], labels=["to_64", "to_128", "above_128"])
    smiling = clear.smile >= SMILE
    return {
        "clips": int(rows["clip"].nunique()),
        "rows": len(single),
        "rows_found": float(single.happiness.notna().mean()),
        "smile_auc": auc(clear),
        "smile_auc_within": float(np.nanmean(within)),
        "clips_within": int(np.isfinite(within).sum()),
        "smile_auc_open_mouth": auc(clear[clear.jawOpen >= OPEN_MOUTH]),
        "recall_at_half": float((clear.happiness[smiling] >= 0.5).mean()),
        "false_at_half": float((clear.happiness[~smiling] >= 0.5).mean()),
        "flips_per_minute": flips_per_minute(read),
        **{f"smile_auc_height_{name}": auc(part) for name, part in clear.groupby(heights, observed=True)},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=Path, required=True)
    parser.add_argument("--truth", type=Path, required=True)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rows", type=Path, help="also write every judged row to this CSV")
    args = parser.parse_args()
    truth = pd.read_csv(args.truth)
    settings = ExtractionSettings(device="cpu")
    models, tables, started = settings.load_models(), [], time.monotonic()
    for name, part in truth.groupby("clip"):
        try:
            tables.append(read_clip(clip_path(args.clips, str(name)), part, settings, models))
        except PunchlineError as error:
            print(f"{name}: left out, {error}", flush=True)
    measured = pd.concat(tables, ignore_index=True)
    rows = corrected(measured, pd.read_csv(BY_EYE))
    if args.rows:
        rows.to_csv(args.rows, index=False)
    half = rows["clip"].map(lambda name: zlib.crc32(name.encode()) % 2)
    variants = {
        RAW: rows.drop(columns=list(EMOTIONS)).rename(columns=lambda name: name.removesuffix(RAW)),
        "_as_measured": measured,
        "_half_0": rows[half == 0],
        "_half_1": rows[half == 1],
    }
    result = figures(rows)
    for suffix, part in variants.items():
        of_part = figures(part)
        result |= {name + suffix: of_part[name] for name in COMPARED}
    result["seconds"] = time.monotonic() - started
    if args.json:
        print(json.dumps(result))
        return
    for key, value in result.items():
        print(f"{key:26} {value:.4f}" if isinstance(value, float) else f"{key:26} {value}")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
