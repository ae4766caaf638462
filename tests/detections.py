"""A library without files, and a model whose answer is known, for tests of detection."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.clip_dataset_builder import usual
from core.labels.event import LabelEvent
from core.labels.ledger import Ledger
from core.people.person import Person
from core.people.series_file import PersonSeries
from core.segment import Segment
from core.series import FEATURES, N_FACE, TimeSeries, baseline
from core.workspace.registry import Video
from core.workspace.workspace import Workspace

HAPPINESS, LOUDNESS = FEATURES.index("happiness"), FEATURES.index("loudness")
VIDEO, PERSON = Video("v1", (Path("방송.mp4"),)), Person("p1", "지은", ())
PARAMETERS: dict[str, Any] = {
    "models": {
        "embedder": {"name": "mobilefacenet", "digest": "e1"},
        "recogniser": {"name": "ferplus", "digest": "r1"},
    },
    "extraction": {"min_face": 0.08, "audio": {"audio_rate": 16000, "f0_min": 65.0}},
    "sample_rate": 3.0,
    "references": ["ab"],
    "thresholds": {"strict": 0.5, "relaxed": 0.3},
    "fill": "linear",
    "max_gap": 1.0,
}


def stream(
    seconds: float, *laughs: Segment, away: Segment | None = None, noise: float = 0.0, seed: int = 0
) -> TimeSeries:
    """A calm face that is happy and loud in its laughs, and not seen while it is away."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * 3)) / 3
    laughing = np.any([(t >= laugh.start) & (t < laugh.end) for laugh in laughs] or [np.zeros(len(t), bool)], axis=0)
    values = np.zeros((len(t), len(FEATURES)))
    values[:, HAPPINESS] = np.where(laughing, 0.8, 0.1) + rng.normal(0, noise, len(t))
    values[:, FEATURES.index("neutral")] = np.where(laughing, 0.2, 0.9)
    values[:, LOUDNESS] = np.where(laughing, -20.0, -40.0) + rng.normal(0, 20 * noise, len(t))
    source = np.zeros(len(t), np.uint8)
    if away is not None:
        gone = (t >= away.start) & (t < away.end)
        values[gone, :N_FACE] = np.nan
        source[gone] = 3
    return TimeSeries(values, t, source, 3.0)


class SmileModel:
    """Says by the share of rows with a smile and of loud ones, of clips that are centred: half is the boundary."""

    def predict_proba(self, X: NDArray[np.floating]) -> NDArray[np.floating]:
        happy, loud = X[..., HAPPINESS] > 0.35, X[..., LOUDNESS] > 10
        log_odds = 10 * (happy.mean(axis=1) + loud.mean(axis=1)) - 12
        p = 1 / (1 + np.exp(-log_odds))
        return np.stack([1 - p, p], axis=1)


class FakeLibrary:
    """One person's series in one video, kept in memory; labels and detections in a folder."""

    def __init__(self, root: Path, series: TimeSeries, *, parameters: dict[str, Any] | None = None) -> None:
        self.workspace = Workspace(root)
        self.ledger = Ledger(self.workspace.root / "labels.sqlite")
        self.card = {"person_id": PERSON.id, "labelled_share": 0.5, "series_parameters": [PARAMETERS], "created": "t1"}
        self.model("newest")
        self.made = PersonSeries(
            series, np.ones(len(series), np.float32), baseline(series), PARAMETERS if parameters is None else parameters
        )

    def series_of(self, video: Video, person: Person) -> PersonSeries:
        return self.made

    def usual_for(self, video: Video, person: Person) -> NDArray[np.float32]:
        return usual(self.made.series)

    def model(self, name: str) -> Path:
        folder = self.workspace.root / "models" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "card.json").write_text(json.dumps(self.card), encoding="utf-8")
        return folder

    def load(self, folder: Path) -> tuple[SmileModel, dict[str, Any]]:
        return SmileModel(), json.loads((folder / "card.json").read_text(encoding="utf-8"))


def label(k: int, funny: int, origin: str = "random") -> LabelEvent:
    return LabelEvent(VIDEO.id, PERSON.id, 10.0 * k, 10.0 * k + 6, funny, origin)
