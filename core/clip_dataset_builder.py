"""Labelled 5-7 s clips -> the clip dataset: 15 rows of 12 features for each label, by dynamic frame skip."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import PunchlineError, SeriesTooShort
from core.ledger import LabelEvent
from core.segment import Segment
from core.series import FEATURES, Sampling, TimeSeries, baseline, centred, resample
from core.storage import PersonSeries

N_ROWS = 15
MIN_DURATION, MAX_DURATION = 5.0, 7.0  # seconds of a clip
TOLERANCE = 0.005  # seconds: times are rounded to milliseconds on their way
MAX_FAILED_RATIO = 0.30
MIN_OBSERVED = 300.0  # seconds a person must be seen in a video for that video's own baseline
Floats = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class ClipDataset:
    """Clips in order of labelling.

    Attributes
    ----------
    features
        (n, 15, 12) float32, raw, NaN where missing.
    timestamps
        (n, 15) seconds, the time of the sample used.
    source
        (n, 15) uint8, a `core.series.Source` a row.
    baseline
        (n, 12) float32, what is usual for the person in the clip's video.
    labels
        (n,) int8, 0 not funny, 1 funny.
    events
        The labels in full, one a clip.
    failed_ratio
        (n,) share of rows whose face is interpolated or missing.
    left_out
        Labels without an array, each with the reason.
    """

    features: NDArray[np.float32]
    timestamps: Floats
    source: NDArray[np.uint8]
    baseline: NDArray[np.float32]
    labels: NDArray[np.int8]
    events: Sequence[LabelEvent]
    failed_ratio: Floats
    left_out: Sequence[tuple[LabelEvent, str]]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def usable(self) -> NDArray[np.bool_]:
        """(n,) clips that may be trained on: under the limit of failed rows."""
        fine: NDArray[np.bool_] = self.failed_ratio < MAX_FAILED_RATIO
        return fine

    @property
    def inputs(self) -> NDArray[np.float32]:
        """(n, 15, 12) what a classifier takes: centred on what is usual, NaN where missing."""
        return centred(self.features, self.baseline[:, None, :])

    @property
    def groups(self) -> NDArray[np.str_]:
        """(n,) the video each clip came from."""
        return np.array([event.video_id for event in self.events], dtype=str)


def series_digest(parameters: Mapping[str, Any]) -> str:
    """A short name for what decides the values of a series."""
    return hashlib.sha256(json.dumps(parameters, sort_keys=True).encode()).hexdigest()[:16]


def usual(own: TimeSeries, others: Iterable[TimeSeries] = ()) -> NDArray[np.float32]:
    """What is usual for a person in a video: its own baseline, or pooled where the person is seen too shortly in it."""
    if own.observed.sum() * own.sample_period >= MIN_OBSERVED:
        return baseline(own)
    return baseline(own, *others)


def check_clip(start: float, end: float, *, video_duration: float | None = None) -> str | None:
    """Why a clip cannot be used, or None."""
    if not MIN_DURATION - TOLERANCE <= end - start <= MAX_DURATION + TOLERANCE:
        return f"the clip is {end - start:.2f} s long, expected {MIN_DURATION:.0f} to {MAX_DURATION:.0f} s"
    if video_duration and end > video_duration + 0.5:
        return f"the clip ends at {end:.2f} s, the video at {video_duration:.2f} s"
    return None


def build_clips(
    events: Sequence[LabelEvent],
    series_of: Callable[[str, str], PersonSeries | None],
    *,
    others_of: Callable[[str, str], Iterable[TimeSeries]] | None = None,
    sampling: Sampling = "nearest",
) -> ClipDataset:
    """The arrays of every label whose video is analysed.

    Parameters
    ----------
    series_of
        Gives the series of (video id, person id), None where there is none; where it raises a PunchlineError, the
        labels are left out for that reason.
    others_of
        Gives the series of the person in all other videos, for a pooled baseline; those with labels if None.
    sampling
        As `core.series.resample`.
    """
    keys = list(dict.fromkeys((event.video_id, event.person_id) for event in events))
    found: dict[tuple[str, str], PersonSeries] = {}
    lacking: dict[tuple[str, str], str] = {}
    for key in keys:
        try:
            made = series_of(*key)
        except PunchlineError as error:
            lacking[key] = str(error)
            continue
        if made is None:
            lacking[key] = "the video is not analysed for this person"
        else:
            found[key] = made

    def labelled(video_id: str, person_id: str) -> Iterator[TimeSeries]:
        yield from (o.series for (v, p), o in found.items() if p == person_id and v != video_id)

    usual_of = {key: usual(made.series, (others_of or labelled)(*key)) for key, made in found.items()}
    clips, kept, left_out = [], [], []
    for event in events:
        key = event.video_id, event.person_id
        if key in lacking:
            left_out.append((event, lacking[key]))
            continue
        try:
            clips.append(resample(found[key].series, Segment(event.start, event.end), n_rows=N_ROWS, sampling=sampling))
            kept.append(event)
        except SeriesTooShort as error:
            left_out.append((event, str(error)))
    n = len(clips)
    return ClipDataset(
        features=np.array([clip.values for clip in clips], np.float32).reshape(n, N_ROWS, len(FEATURES)),
        timestamps=np.array([clip.sample_timestamps for clip in clips]).reshape(n, N_ROWS),
        source=np.array([clip.source for clip in clips], np.uint8).reshape(n, N_ROWS),
        baseline=np.array([usual_of[e.video_id, e.person_id] for e in kept], np.float32).reshape(n, len(FEATURES)),
        labels=np.array([event.label for event in kept], np.int8),
        events=kept,
        failed_ratio=np.array([clip.failed_ratio for clip in clips]),
        left_out=left_out,
    )
