"""Labelled 5-7 s clips -> the clip dataset: as many rows of 12 features for each label, by dynamic frame skip."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import PunchlineError, Sentence, SeriesTooShort
from core.labels.event import LabelEvent
from core.labels.rules import MAX_FAILED_RATIO, MIN_SAMPLE_RATE, ClipOptions, check_clip
from core.people.series_file import PersonSeries, series_digest
from core.series import FEATURES, LOUDNESS, TimeSeries, baseline, centred, failed_ratio, median, resample

OVERRULED = Sentence("a later label at the same place says the opposite")
MIN_OBSERVED = 300.0  # seconds a person must be seen in a video for that video's own baseline
Floats = NDArray[np.floating]
Key = tuple[str, str]  # video id, person id
SeriesOf = Callable[[str, str], PersonSeries | None]
OthersOf = Callable[[str, str], Iterable[TimeSeries]]


@dataclass(frozen=True, eq=False)
class ClipDataset:
    """Clips in order of labelling.

    Attributes
    ----------
    features
        (n, n_rows, 12) float32, raw, NaN where missing.
    timestamps
        (n, n_rows) seconds, the time of the sample used.
    source
        (n, n_rows) uint8, a `core.series.Source` a row.
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
    options
        How the rows were taken.
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
    options: ClipOptions = field(default_factory=ClipOptions)

    def __len__(self) -> int:
        return len(self.labels)

    def of(self, person_id: str) -> ClipDataset:
        """The clips of one person, and the labels without an array."""
        where = np.array([event.person_id == person_id for event in self.events], bool)
        columns = {f.name: getattr(self, f.name) for f in fields(self)}
        arrays = {name: column[where] for name, column in columns.items() if isinstance(column, np.ndarray)}
        return replace(
            self,
            **arrays,
            events=list(compress(self.events, where)),
            sampling=list(compress(self.sampling, where)),
            digests=list(compress(self.digests, where)),
            left_out=[(event, reason) for event, reason in self.left_out if event.person_id == person_id],
        )

    @property
    def usable(self) -> NDArray[np.bool_]:
        """(n,) clips that may be trained on: present, and under the limit of failed rows."""
        fine: NDArray[np.bool_] = (self.failed_ratio < self.max_failed_ratio) & ~self.stale
        return fine

    @property
    def inputs(self) -> NDArray[np.float32]:
        """(n, n_rows, 12) what a classifier takes: centred on what is usual, NaN where missing."""
        return centred(self.features, self.baseline[:, None, :])

    @property
    def groups(self) -> NDArray[np.str_]:
        """(n,) the video each clip came from."""
        return np.array([event.video_id for event in self.events], dtype=str)


def clip_digest(person_series: PersonSeries, options: ClipOptions) -> str:
    """A short name for what decides the rows of a clip besides its place.

    Those are the series' parameters (models, extraction, references, thresholds, gap policy, sample rate), the
    sampling, and how far the series goes: tracks, and with them the person, may change as an extraction goes on.
    """
    series = person_series.series
    more = {"sampling": options.sampling_of(series), "n_rows": options.n_rows, "n_frames": len(series)}
    return series_digest({**person_series.parameters, **more})


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
    """A series of which there are labels, with what its clips share."""

    series: TimeSeries
    options: ClipOptions
    digest: str
    usual: Floats

    def row(self, event: LabelEvent) -> _Row:
        """The clip of a label. Raises SeriesTooShort."""
        sampling = self.options.sampling_of(self.series)
        clip = resample(self.series, event.segment, n_rows=self.options.n_rows, sampling=sampling)
        first, last = np.searchsorted(self.series.timestamps, [event.start, event.end])
        arrays = clip.values, clip.sample_timestamps, clip.source, self.usual
        return _Row(event, *arrays, sampling, self.digest, int(last - first))


_Sources = dict[Key, _Series | str]  # the series of all labels, or why there is none


def build_clips(
    events: Sequence[LabelEvent],
    series_of: SeriesOf,
    *,
    others_of: OthersOf | None = None,
    options: ClipOptions = ClipOptions(),
    cached: ClipDataset | None = None,
    max_failed_ratio: float = MAX_FAILED_RATIO,
    overruled: Container[str] = (),
) -> ClipDataset:
    """The arrays of every label that counts and whose video is analysed.

    Parameters
    ----------
    series_of
        Gives the series of (video id, person id), None where there is none; where it raises a PunchlineError, the
        labels are left out for that reason.
    others_of
        Gives the series of the person in all other videos, for a pooled baseline; those with labels if None.
    cached
        An older dataset of as many rows: its arrays are taken over where their digest is that of the present series,
        and kept as stale where there is no series.
    overruled
        Clip ids of labels that do not count, see `core.labels.contradictions`. They are left out, but for stale ones,
        whose arrays could not be made again if the label counts once more.
    """
    sources = _sources_of(events, series_of, others_of, options)
    old = {(event.clip_id, event.start, event.end): k for k, event in enumerate(cached.events)} if cached else {}
    rows: list[_Row] = []
    left_out: list[tuple[LabelEvent, str]] = []
    for event in events:
        k = old.get((event.clip_id, event.start, event.end))
        known = None if cached is None or k is None else _row_of(cached, k, event)
        row = _row(event, sources, known)
        if isinstance(row, _Row) and event.clip_id in overruled and not row.stale:
            left_out.append((event, OVERRULED))
        elif isinstance(row, _Row):
            rows.append(row)
        else:
            left_out.append((event, row))
    n, n_rows, d = len(rows), options.n_rows, len(FEATURES)
    source = _column(rows, "source", np.uint8, n, n_rows)
    return ClipDataset(
        features=_column(rows, "features", np.float32, n, n_rows, d),
        timestamps=_column(rows, "timestamps", np.float64, n, n_rows),
        source=source,
        baseline=_column(rows, "baseline", np.float32, n, d),
        labels=np.array([row.event.label for row in rows], np.int8),
        events=[row.event for row in rows],
        failed_ratio=failed_ratio(source),
        sampling=[row.sampling for row in rows],
        digests=[row.digest for row in rows],
        frame_count=_column(rows, "frame_count", np.int32, n),
        stale=_column(rows, "stale", bool, n),
        kept=_column(rows, "kept", bool, n),
        left_out=left_out,
        remarks=list(_remarks(rows, sources)),
        max_failed_ratio=max_failed_ratio,
        options=options,
    )


def _column(rows: Sequence[_Row], name: str, dtype: type, *shape: int) -> NDArray[Any]:
    return np.array([getattr(row, name) for row in rows], dtype).reshape(shape)


def _sources_of(
    events: Sequence[LabelEvent], series_of: SeriesOf, others_of: OthersOf | None, options: ClipOptions
) -> _Sources:
    present: dict[Key, PersonSeries] = {}
    sources: _Sources = {}
    for key in dict.fromkeys((event.video_id, event.person_id) for event in events):
        try:
            person_series = series_of(*key)
        except PunchlineError as error:
            sources[key] = Sentence.of(error)
            continue
        if person_series is None:
            sources[key] = Sentence("the video is not analysed for this person")
        else:
            present[key] = person_series

    def labelled(video_id: str, person_id: str) -> Iterator[TimeSeries]:
        yield from (o.series for (v, p), o in present.items() if p == person_id and v != video_id)

    for key, person_series in present.items():
        series = person_series.series
        pooled = usual(series, (others_of or labelled)(*key))
        sources[key] = _Series(series, options, clip_digest(person_series, options), pooled)
    return sources


def _row(event: LabelEvent, sources: _Sources, known: _Row | None) -> _Row | str:
    """The array of a label, or why there is none."""
    if reason := check_clip(event.start, event.end):
        return reason
    source = sources[event.video_id, event.person_id]
    if isinstance(source, str):
        return source if known is None else known
    if known is not None and known.digest == source.digest:
        return replace(known, baseline=source.usual, stale=False)
    try:
        return source.row(event)
    except SeriesTooShort as error:
        return Sentence.of(error) if known is None else known


def _row_of(clips: ClipDataset, k: int, event: LabelEvent) -> _Row:
    """A row of an older dataset with the label that holds now; stale until its series is found."""
    arrays = (clips.features[k], clips.timestamps[k], clips.source[k], clips.baseline[k])
    return _Row(event, *arrays, clips.sampling[k], clips.digests[k], int(clips.frame_count[k]), stale=True, kept=True)


def _remarks(rows: Sequence[_Row], sources: _Sources) -> Iterator[str]:
    n_rows = Counter((row.event.video_id, row.event.person_id) for row in rows)
    n_stale = Counter((row.event.video_id, row.event.person_id) for row in rows if row.stale)
    for key, n in n_rows.items():
        source = sources[key]
        if n_stale[key]:
            yield Sentence(
                "video {video_id}: {n_stale} clips are stale and left out of training: {why}",
                video_id=key[0],
                n_stale=n_stale[key],
                why=source if isinstance(source, str) else Sentence("the series does not reach them"),
            )
        rate = MIN_SAMPLE_RATE if isinstance(source, str) else source.series.sample_rate
        if rate < MIN_SAMPLE_RATE - 1e-9 and n_stale[key] < n:
            yield Sentence(
                "video {video_id}: sampled at {rate:g} Hz, so the rows of its clips are interpolated in time",
                video_id=key[0],
                rate=rate,
            )
