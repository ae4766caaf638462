"""Which clips to label next: peaks of sound, face and cues, in order, at random, likely funny, or most uncertain."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import PunchlineError
from core.labels.csv import MARK_AFTER, MARK_BEFORE
from core.labels.event import clip_id_of
from core.labels.rules import MAX_FAILED_RATIO, MIN_DURATION
from core.segment import Segment
from core.series import FEATURES, Source, TimeSeries

Order = Literal["peaks", "in_order", "random", "likely", "uncertain", "laughter", "chat"]
CLIP_DURATION = MARK_BEFORE + MARK_AFTER  # seconds
MAX_OVERLAP = 0.5  # share of a clip that may be labelled already
RANDOM_EVERY = 5  # among the peaks, every fifth clip is a random one
CALM_AT = 2  # the third of each five is a calm one ...
CALM_AMONG = 20  # ... among so many first clips: a training needs both kinds
SMOOTHING = 2.0  # seconds over which a peak is a mean: a cough is no laugh
MAX_DEVIATION = 5.0  # a click in the sound counts no more than this many deviations
UNSEEN = 10 * MAX_DEVIATION  # taken off where the face is not seen
HALF_SURE = 0.5  # the score of which a classifier is least certain
Floats = NDArray[np.floating]


@dataclass(frozen=True)
class QueuedClip:
    """A clip to be labelled: its place in seconds, whose and where, and the queue it comes from."""

    video_id: str
    person_id: str
    start: float
    end: float
    origin: str

    @property
    def clip_id(self) -> str:
        """The same for the same place, whichever queue it comes from."""
        return clip_id_of(self.video_id, self.person_id, self.start, self.end)

    @property
    def segment(self) -> Segment:
        """Where it lies."""
        return Segment(self.start, self.end)


@dataclass(frozen=True, eq=False)
class LabelQueue:
    """The clips of one person in one video, in the order of a queue.

    Equal arguments give equal clips. A queue needs no state: what is labelled meanwhile is passed over when it is asked
    again.

    Parameters
    ----------
    duration
        Seconds of the video; where it is None, unknown, the series' end counts, and without a series there is no clip.
    series
        The person's series as far as it is there; None before the extraction.
    scores
        A detection's curve, (timestamps, scores), scores NaN where nothing was judged; None without a model.
    cues
        By cue, values (n,) on the series' times, as `core.cues.ranking.cue_values`; others are left out.
    taken
        What is labelled, skipped or shown already.
    overlapping
        True gives clips that overlap taken ones by more than half too.
    seed
        Decides the random clips.
    """

    video_id: str
    person_id: str
    duration: float | None
    series: TimeSeries | None = None
    scores: tuple[Floats, Floats] | None = None
    cues: Mapping[str, Floats] = field(default_factory=dict)
    taken: Collection[Segment] = ()
    overlapping: bool = False
    clip_duration: float = CLIP_DURATION
    seed: int = 0

    @property
    def _length(self) -> float | None:
        """Seconds in which clips may lie, None where unknown."""
        if self.duration is None and self.series is not None and len(self.series):
            return float(self.series.timestamps[-1]) + self.series.sample_period
        return self.duration

    def next_clips(self, order: Order = "peaks", *, n: int = 30, in_hand: Iterable[Segment] = ()) -> list[QueuedClip]:
        """The next `n` clips of a queue, fewer where there are no more.

        Parameters
        ----------
        order
            ``peaks`` of loudness, arousal and cues, every fifth clip a random one, all of them before the extraction,
            and among the first twenty of a video some calm ones, where little stands out;
            ``laughter`` that is heard, ``chat`` that laughs;
            ``in_order`` of time; ``random``; ``likely`` funny by the scores; ``uncertain``, nearest to half sure.
        in_hand
            Clips given out already; they count as taken, also where clips may overlap.

        Raises
        ------
        PunchlineError
            If the queue needs scores and there are none.
        """
        held = list(in_hand)
        kept: list[QueuedClip] = []
        if self._length is None or self._length < MIN_DURATION:
            return kept
        streams = self._streams(order)
        while len(kept) < n:
            free = (self._first_free(stream, held) for stream in self._in_turn(streams, len(held)))
            clip = next((clip for clip in free if clip is not None), None)
            if clip is None:
                break
            kept.append(clip)
            held.append(clip.segment)
        return kept

    def _in_turn(self, streams: list[Iterator[QueuedClip]], n_held: int) -> list[Iterator[QueuedClip]]:
        """The streams in the order in which the clip after `n_held` ones is looked for."""
        place = n_held % RANDOM_EVERY
        if place == RANDOM_EVERY - 1:
            return streams[::-1]
        if place == CALM_AT and len(self.taken) + n_held < CALM_AMONG:
            return streams[1:] + streams[:1]
        return streams[:1] + streams[-1:]

    def _streams(self, order: Order) -> list[Iterator[QueuedClip]]:
        """The clips of a queue, and of peaks the calm and the random ones that take their turn."""
        if order in ("in_order", "random"):
            return [self._tiles(order)]
        if order == "peaks":
            salience = self._salience()
            return [self._peaks(*salience, "peaks"), self._calm(*salience), self._tiles("random")]
        if order in ("laughter", "chat"):
            return [self._cue_peaks(order)]
        if self.scores is None:
            raise PunchlineError(
                "the queue {order!r} needs the scores of a trained model; train and detect first, or choose another",
                order=order,
            )
        times, scores = (np.asarray(part, np.float64) for part in self.scores)
        value = scores if order == "likely" else -np.abs(scores - HALF_SURE)
        return [self._peaks(times, value, order)]

    def _first_free(self, stream: Iterator[QueuedClip], held: list[Segment]) -> QueuedClip | None:
        for clip in stream:
            if any(abs(other.start - clip.start) < 1e-3 and abs(other.end - clip.end) < 1e-3 for other in held):
                continue
            limit = MAX_OVERLAP * (clip.end - clip.start) + 1e-6
            if self.overlapping or (
                self._covered(clip) <= limit
                and all(min(clip.end, h.end) - max(clip.start, h.start) <= limit for h in held)
            ):
                return clip
        return None

    def _clip(self, start: float, origin: str) -> QueuedClip:
        assert self._length is not None
        length = min(self.clip_duration, self._length)
        start = float(min(max(start, 0.0), self._length - length))
        return QueuedClip(self.video_id, self.person_id, round(start, 3), round(start + length, 3), origin)

    def _tiles(self, origin: str) -> Iterator[QueuedClip]:
        """Clips side by side over the whole video; at random they begin at any time, and the order is shuffled."""
        assert self._length is not None
        rng = np.random.default_rng([self.seed, *self.video_id.encode()])
        phase = rng.uniform(0, self.clip_duration) if origin == "random" else 0.0
        count = max(1, round((self._length - phase) / self.clip_duration))  # the last may overlap another by half
        places = rng.permutation(count) if origin == "random" else np.arange(count)
        for k in places:
            yield self._clip(phase + k * self.clip_duration, origin)

    def _peaks(self, times: Floats, value: Floats, origin: str) -> Iterator[QueuedClip]:
        """Clips around the greatest values (n,), none overlapping another; where the value is NaN there is none."""
        left = np.where(np.isnan(value), -np.inf, value)
        while len(left) and left[k := int(np.argmax(left))] > -np.inf:
            near = times[k] - self.clip_duration, times[k] + self.clip_duration
            left[np.searchsorted(times, near[0], side="right") : np.searchsorted(times, near[1])] = -np.inf
            yield self._clip(times[k] - self.clip_duration / 2, origin)

    def _calm(self, times: Floats, salience: Floats) -> Iterator[QueuedClip]:
        """Clips in which little stands out though the face is seen: hardly one is funny."""
        if self.series is None:
            return iter(())
        seen = np.where(salience > -UNSEEN / 2, salience, np.nan)
        return self._peaks(times, -_moving_mean(seen, self.series, self.clip_duration), "calm")

    def _cue_peaks(self, name: str) -> Iterator[QueuedClip]:
        value = self._cues.get(name)
        if value is None or self.series is None:
            return iter(())
        smooth = _moving_mean(value, self.series, SMOOTHING)
        return self._peaks(self.series.timestamps, np.where(smooth > 0, smooth, np.nan), name)

    @property
    def _cues(self) -> dict[str, Floats]:
        n = 0 if self.series is None else len(self.series)
        return {name: value for name, value in self.cues.items() if len(value) == n}

    def _salience(self) -> tuple[Floats, Floats]:
        """How far loudness, arousal and cues stand out, smoothed: times and values (n,).

        A place where the face fails in too many rows comes after all others, since its clip could not be trained on.
        """
        if self.series is None or len(self.series) == 0:
            return np.empty(0), np.empty(0)
        series = self.series
        features = [_deviation(series.values[:, FEATURES.index(name)]) for name in ("loudness", "arousal")]
        parts = np.stack([*features, *(MAX_DEVIATION * value for value in self._cues.values())])
        seen = ~np.isnan(parts)
        count = seen.sum(axis=0)
        value = np.where(seen, parts, 0).sum(axis=0) / np.maximum(count, 1)
        smooth = _moving_mean(np.where(count > 0, value, np.nan), series, SMOOTHING)
        failed = _moving_mean((series.source >= Source.INTERPOLATED).astype(float), series, self.clip_duration)
        return series.timestamps, smooth - np.where(failed >= MAX_FAILED_RATIO, UNSEEN, 0.0)

    def _covered(self, clip: QueuedClip) -> float:
        """Seconds of a clip that are taken."""
        times, seconds = self._coverage
        at_end, at_start = np.interp([clip.end, clip.start], times, seconds)
        return float(at_end - at_start)

    @cached_property
    def _coverage(self) -> tuple[Floats, Floats]:
        """Seconds taken before each of these times; the function is linear between them."""
        bounds = np.array(sorted((s.start, s.end) for s in self.taken), float).reshape(-1, 2)
        reach = np.maximum.accumulate(bounds[:, 1])
        begin = np.minimum(np.maximum(bounds[:, 0], np.concatenate([[-np.inf], reach])[:-1]), reach)
        before = np.concatenate([[0.0], np.cumsum(reach - begin)])  # what a segment adds to those before it
        times = np.stack([begin, reach], axis=1).ravel()
        return np.append(times, np.inf), np.append(np.stack([before[:-1], before[1:]], axis=1).ravel(), before[-1])


def marked_clip(time: float, video_duration: float | None = None, *, clip_duration: float = CLIP_DURATION) -> Segment:
    """The clip of a laugh that was marked while watching: it ends a second after the key, moved into the video.

    Parameters
    ----------
    time
        Seconds at which the key was pressed.
    video_duration
        Seconds, None where unknown.

    Raises
    ------
    PunchlineError
        If the video is shorter than a clip may be.
    """
    end = max(time + MARK_AFTER, clip_duration)
    if video_duration is not None:
        if video_duration < MIN_DURATION:
            raise PunchlineError(
                "the video is {video_duration:.2f} s long; a clip takes at least {shortest:.0f} s, so it has none",
                video_duration=video_duration,
                shortest=MIN_DURATION,
            )
        end = min(end, video_duration)
    return Segment(round(max(0.0, end - clip_duration), 3), round(end, 3))


def _deviation(column: Floats) -> Floats:
    """A feature in median absolute deviations from its median, at most `MAX_DEVIATION`; NaN stays."""
    column = column.astype(np.float64)
    seen = column[~np.isnan(column)]
    if len(seen) == 0:
        return column
    middle = np.median(seen)
    spread = 1.4826 * np.median(np.abs(seen - middle))  # that of a normal distribution is its standard deviation
    deviation: Floats = np.clip((column - middle) / max(spread, 1e-3), -MAX_DEVIATION, MAX_DEVIATION)
    return deviation


def _moving_mean(value: Floats, series: TimeSeries, width: float) -> Floats:
    """Mean over the samples within `width` / 2 seconds of each, without NaN; NaN where `value` itself is."""
    t = series.timestamps
    first, last = np.searchsorted(t, t - width / 2), np.searchsorted(t, t + width / 2, side="right")
    seen = ~np.isnan(value)
    total = np.concatenate([[0.0], np.cumsum(np.where(seen, value, 0.0))])
    count = np.concatenate([[0], np.cumsum(seen)])
    mean = (total[last] - total[first]) / np.maximum(count[last] - count[first], 1)
    return np.where(seen, mean, np.nan)
