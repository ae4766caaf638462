"""Clip datasets whose values are known beforehand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from core.clip_dataset_builder import ClipDataset
from core.labels.event import LabelEvent
from core.people.series_file import PersonSeries
from core.series import FEATURES, TimeSeries, baseline, failed_ratio

TEXTS = ("", "웃음; \"ha\", 'ho'", "two\nlines", "emoji 😀")


def label(video: str = "a", start: float = 10.0, *, label: int = 1, **changes: object) -> LabelEvent:
    """A label of six seconds of person ``p``."""
    values = {"origin": "marked", "person_id": "p", **changes}
    return LabelEvent(video_id=video, start=start, end=start + 6.0, label=label, **values)  # type: ignore[arg-type]


def random_clips(seed: int, n: int) -> ClipDataset:
    """Any valid dataset."""
    rng = np.random.default_rng(seed)
    source = rng.integers(0, 4, (n, 15)).astype(np.uint8)
    features = rng.normal(size=(n, 15, len(FEATURES))).astype(np.float32)
    features[source == 3, :10] = np.nan
    events = [
        label(f"video {k % 3}", round(float(7 * k), 3), label=int(rng.integers(2)), note=TEXTS[k % 4], labeller="지은")
        for k in range(n)
    ]
    return ClipDataset(
        features=features,
        timestamps=np.sort(rng.uniform(0, 7, (n, 15)), axis=1),
        source=source,
        baseline=rng.normal(size=(n, len(FEATURES))).astype(np.float32),
        labels=np.array([event.label for event in events], np.int8),
        events=events,
        failed_ratio=failed_ratio(source),
        sampling=["nearest"] * n,
        digests=[f"{k:016x}" for k in range(n)],
        frame_count=rng.integers(15, 22, n).astype(np.int32),
        stale=rng.random(n) < 0.2,
        kept=np.ones(n, bool),
        remarks=["하나", "two"],
    )


def steady(level: float, *, seconds: float = 60.0, **parameters: object) -> PersonSeries:
    """A series at 3 Hz that has this value in all columns."""
    n = round(seconds * 3)
    series = TimeSeries(np.full((n, len(FEATURES)), level), np.arange(n) / 3, np.zeros(n), 3.0)
    return PersonSeries(series, np.ones(n, np.float32), baseline(series), parameters)


def of(**series: PersonSeries) -> Callable[[str, str], PersonSeries | None]:
    """These series by video id, for everyone."""
    return lambda video_id, person_id: series.get(video_id)
