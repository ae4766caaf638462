"""Labelled 5-7 s clips -> the clip dataset: 15 rows of 12 features for each label, by dynamic frame skip."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from core.errors import PunchlineError, Sentence, SeriesTooShort
from core.labels.ledger import LabelEvent
from core.labels.rules import MAX_FAILED_RATIO, N_ROWS, check_clip
from core.people.series_file import PersonSeries, series_digest
from core.segment import Segment
from core.series import FEATURES, LOUDNESS, Sampling, TimeSeries, baseline, centred, failed_ratio, median, resample

MIN_OBSERVED = 300.0  # seconds a person must be seen in a video for that video's own baseline
MIN_SAMPLE_RATE = 3.0  # Hz: from here on a 5 s clip has a sample for each of its rows
Floats = NDArray[np.floating]
Key = tuple[str, str]  # video id, person id


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
    sampling
        How the rows of each clip were taken, ``nearest`` or ``linear``.
    digests
        What decided the values of each clip, see `clip_digest`.
    frame_count
        (n,) int32, samples of the series inside each clip.
    stale
        (n,) arrays whose series is gone: they are as they were once, and not trained on.
    kept
        (n,) arrays taken over from an older dataset, since nothing that decides them has changed, or they are stale.
    left_out
        Labels without an array, each with the reason.
    remarks
        What a user should know of the clips that are there.
    max_failed_ratio
        From this share of failed rows on a clip is not trained on.
    """

    features: NDArray[np.float32]
    timestamps: Floats
    source: NDArray[np.uint8]
    baseline: NDArray[np.float32]
    labels: NDArray[np.int8]
    events: Sequence[LabelEvent]
    failed_ratio: Floats
    sampling: Sequence[str]
    digests: Sequence[str]
    frame_count: NDArray[np.int32]
    stale: NDArray[np.bool_]
    kept: NDArray[np.bool_]
    left_out: Sequence[tuple[LabelEvent, str]] = ()
    remarks: Sequence[str] = ()
    max_failed_ratio: float = MAX_FAILED_RATIO

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def usable(self) -> NDArray[np.bool_]:
        """(n,) clips that may be trained on: present, and under the limit of failed rows."""
        fine: NDArray[np.bool_] = (self.failed_ratio < self.max_failed_ratio) & ~self.stale
        return fine

    @property
    def inputs(self) -> NDArray[np.float32]:
        """(n, 15, 12) what a classifier takes: centred on what is usual, NaN where missing."""
        return centred(self.features, self.baseline[:, None, :])

    @property
    def groups(self) -> NDArray[np.str_]:
        """(n,) the video each clip came from."""
        return np.array([event.video_id for event in self.events], dtype=str)


def clip_digest(made: PersonSeries, sampling: Sampling) -> str:
    """A short name for what decides the rows of a clip besides its place.

    Those are the series' parameters (models, extraction, references, thresholds, gap policy, sample rate), the
    sampling, and how far the series goes: tracks, and with them the person, may change as an extraction goes on.
    """
    more = {"sampling": sampling, "n_rows": N_ROWS, "n_frames": len(made.series)}
    return series_digest({**made.parameters, **more})


def sampling_of(series: TimeSeries) -> Sampling:
    """How clips of this series are sampled: nearest, but linear where it has fewer samples than a clip has rows."""
    return "nearest" if series.sample_rate >= MIN_SAMPLE_RATE - 1e-9 else "linear"


def usual(own: TimeSeries, others: Iterable[TimeSeries] = ()) -> NDArray[np.float32]:
    """What is usual for a person in a video (12,): its own baseline, where the person is seen long enough in it.

    Else the face features are pooled over all the person's videos. Loudness never is, for each recording has its own
    level: it is the median over all rows of this video, since there is sound whether the face is seen or not.
    """
    if own.observed.sum() * own.sample_period >= MIN_OBSERVED:
        return baseline(own)
    pooled = baseline(own, *others)
    pooled[LOUDNESS] = median(own.values[:, LOUDNESS])
    return pooled


@dataclass(frozen=True, eq=False)
class _Row:
    """One clip of a dataset on its way; the names are those of `ClipDataset`."""

    event: LabelEvent
    features: Floats
    timestamps: Floats
    source: NDArray[np.uint8]
    baseline: Floats
    sampling: str
    digest: str
    frame_count: int
    stale: bool = False
    kept: bool = False


@dataclass(frozen=True, eq=False)
class _Series:
    """A series that was found, with what its clips share."""

    made: PersonSeries
    sampling: Sampling
    digest: str
    usual: Floats

    def row(self, event: LabelEvent) -> _Row:
        """The clip of a label. Raises SeriesTooShort."""
        series = self.made.series
        clip = resample(series, Segment(event.start, event.end), n_rows=N_ROWS, sampling=self.sampling)
        first, last = np.searchsorted(series.timestamps, [event.start, event.end])
        return _Row(
            event,
            clip.values,
            clip.sample_timestamps,
            clip.source,
            self.usual,
            self.sampling,
            self.digest,
            int(last - first),
        )


@dataclass(eq=False)
class _Found:
    """The series of all labels: those that are there, and why the others are not."""

    series: dict[Key, _Series] = field(default_factory=dict)
    lacking: dict[Key, str] = field(default_factory=dict)


def build_clips(
    events: Sequence[LabelEvent],
    series_of: Callable[[str, str], PersonSeries | None],
    *,
    others_of: Callable[[str, str], Iterable[TimeSeries]] | None = None,
    sampling: Sampling | None = None,
    cached: ClipDataset | None = None,
    max_failed_ratio: float = MAX_FAILED_RATIO,
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
        As `core.series.resample`; None is `sampling_of` each series.
    cached
        An older dataset: its arrays are taken over where their digest is that of the present series, and kept as stale
        where there is no series.
    """
    found = _find(events, series_of, others_of, sampling)
    old = {(event.clip_id, event.start, event.end): k for k, event in enumerate(cached.events)} if cached else {}
    rows: list[_Row] = []
    left_out: list[tuple[LabelEvent, str]] = []
    for event in events:
        k = old.get((event.clip_id, event.start, event.end))
        known = None if cached is None or k is None else _row_of(cached, k, event)
        row = _row(event, found, known)
        if isinstance(row, _Row):
            rows.append(row)
        else:
            left_out.append((event, row))
    return _dataset(rows, left_out, _remarks(rows, found), max_failed_ratio)


def _find(
    events: Sequence[LabelEvent],
    series_of: Callable[[str, str], PersonSeries | None],
    others_of: Callable[[str, str], Iterable[TimeSeries]] | None,
    sampling: Sampling | None,
) -> _Found:
    made: dict[Key, PersonSeries] = {}
    found = _Found()
    for key in dict.fromkeys((event.video_id, event.person_id) for event in events):
        try:
            one = series_of(*key)
        except PunchlineError as error:
            found.lacking[key] = Sentence.of(error)
            continue
        if one is None:
            found.lacking[key] = Sentence("the video is not analysed for this person")
        else:
            made[key] = one

    def labelled(video_id: str, person_id: str) -> Iterator[TimeSeries]:
        yield from (o.series for (v, p), o in made.items() if p == person_id and v != video_id)

    for key, one in made.items():
        how = sampling or sampling_of(one.series)
        pooled = usual(one.series, (others_of or labelled)(*key))
        found.series[key] = _Series(one, how, clip_digest(one, how), pooled)
    return found


def _row(event: LabelEvent, found: _Found, known: _Row | None) -> _Row | str:
    """The array of a label, or why there is none."""
    reason = check_clip(event.start, event.end)
    if reason:
        return reason
    key = event.video_id, event.person_id
    if key in found.lacking:
        return found.lacking[key] if known is None else known
    series = found.series[key]
    if known is not None and known.digest == series.digest:
        return replace(known, baseline=series.usual, stale=False)
    try:
        return series.row(event)
    except SeriesTooShort as error:
        return Sentence.of(error) if known is None else known


def _row_of(clips: ClipDataset, k: int, event: LabelEvent) -> _Row:
    """A row of an older dataset with the label that holds now; stale until its series is found."""
    return _Row(
        event,
        clips.features[k],
        clips.timestamps[k],
        clips.source[k],
        clips.baseline[k],
        clips.sampling[k],
        clips.digests[k],
        int(clips.frame_count[k]),
        stale=True,
        kept=True,
    )


def _remarks(rows: Sequence[_Row], found: _Found) -> list[str]:
    remarks: list[str] = []
    keys: dict[Key, list[_Row]] = {}
    for row in rows:
        keys.setdefault((row.event.video_id, row.event.person_id), []).append(row)
    for key, several in keys.items():
        n_stale = sum(row.stale for row in several)
        if n_stale:
            why = found.lacking.get(key, Sentence("the series does not reach them"))
            remarks.append(
                Sentence(
                    "video {video_id}: {n_stale} clips are stale and left out of training: {why}",
                    video_id=key[0],
                    n_stale=n_stale,
                    why=why,
                )
            )
        if key in found.series and found.series[key].sampling == "linear" and n_stale < len(several):
            rate = found.series[key].made.series.sample_rate
            remarks.append(
                Sentence(
                    "video {video_id}: sampled at {rate:g} Hz, so the rows of its clips are interpolated in time",
                    video_id=key[0],
                    rate=rate,
                )
            )
    return remarks


def _dataset(
    rows: Sequence[_Row], left_out: Sequence[tuple[LabelEvent, str]], remarks: Sequence[str], max_failed_ratio: float
) -> ClipDataset:
    n, d = len(rows), len(FEATURES)
    source = np.array([row.source for row in rows], np.uint8).reshape(n, N_ROWS)
    return ClipDataset(
        features=np.array([row.features for row in rows], np.float32).reshape(n, N_ROWS, d),
        timestamps=np.array([row.timestamps for row in rows], np.float64).reshape(n, N_ROWS),
        source=source,
        baseline=np.array([row.baseline for row in rows], np.float32).reshape(n, d),
        labels=np.array([row.event.label for row in rows], np.int8),
        events=[row.event for row in rows],
        failed_ratio=failed_ratio(source),
        sampling=[row.sampling for row in rows],
        digests=[row.digest for row in rows],
        frame_count=np.array([row.frame_count for row in rows], np.int32),
        stale=np.array([row.stale for row in rows], bool),
        kept=np.array([row.kept for row in rows], bool),
        left_out=left_out,
        remarks=remarks,
        max_failed_ratio=max_failed_ratio,
    )
