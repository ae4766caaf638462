"""Which clips to label next: peaks of sound, face and cues, in order, at random, likely funny, or most uncertain."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import count, islice
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import PunchlineError
from core.labels.coverage import Coverage
from core.labels.csv import MARK_AFTER, MARK_BEFORE
from core.labels.event import clip_id_of
from core.labels.goal import LEAST_OF_A_KIND
from core.labels.rules import MAX_DURATION, MIN_DURATION, TOLERANCE
from core.labels.salience import UNSEEN, Salience
from core.segment import LabeledSegment, Segment
from core.series import TimeSeries

Order = Literal["peaks", "in_order", "random", "likely", "uncertain", "laughter", "chat"]
CLIP_DURATION = MARK_BEFORE + MARK_AFTER  # seconds
SHARED = 0.75  # seconds at either end of a clip that may be taken: where 5 s are free, one of places 0.5 s apart fits
RANDOM_EVERY = 5  # among the peaks, every fifth clip is a random one
HALF_SURE = 0.5  # the score of which a classifier is least certain
Floats = NDArray[np.floating]


@dataclass(frozen=True)
class QueuedClip:
    """A clip to be labelled: its place in seconds, whose and where, the queue it comes from, and why it is offered.

    `reason` is what `core.labels.salience.Salience.reason` says of it where the queue goes by that, else the origin.
    """

    video_id: str
    person_id: str
    start: float
    end: float
    origin: str
    reason: str

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

    Equal arguments give equal clips. A queue offers what is new: at most `SHARED` seconds at either end of a clip are
    taken, and every stretch that is free for as long as the shortest clip is offered. It needs no state: what is
    labelled meanwhile is passed over when it is asked again, and what comes next is decided by all that is taken or in
    hand, so that clips come in the same order one by one and in lots. Where labels are other than expected, the queue
    turns to the kind that is lacking.

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
        What is labelled (as labelled segments: then their kinds count), skipped or shown already; never given again.
    overlapping
        True gives other clips that overlap taken ones too.
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
            and calm ones, where little stands out, while fewer clips of the video are not funny than are funny and
            than a training takes;
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
        streams, given = self._streams(order, held), {_bounds(segment) for segment in (*self.taken, *held)}
        for kind in islice(self._kinds(), len(held), len(held) + n):
            turns = sorted(streams, key=lambda name: name != kind)  # the others where there is none of that kind
            free = (self._first_free(streams[name], held, given) for name in turns)
            clip = next((clip for clip in free if clip is not None), None)
            if clip is None:
                break
            kept.append(self._with_reason(clip))
            held.append(clip.segment)
            given.add(_bounds(clip))
        return kept

    def _with_reason(self, clip: QueuedClip) -> QueuedClip:
        if clip.origin not in ("peaks", "calm") or self._salience is None:
            return clip
        return replace(clip, reason=self._salience.reason(clip.segment))

    def _kinds(self) -> Iterator[str]:
        """Whether each clip after those that are taken is to be a peak, a calm or a random one.

        What has no label yet is expected to be funny if it is a peak, else not.
        """
        labels = [segment.label for segment in self.taken if isinstance(segment, LabeledSegment)]
        n_funny, n_other = sum(labels), len(labels) - sum(labels)
        for place in count(len(labels)):
            calm = n_other < min(n_funny, LEAST_OF_A_KIND)
            kind = "random" if place % RANDOM_EVERY == RANDOM_EVERY - 1 else "calm" if calm else "peaks"
            if place >= len(self.taken):
                yield kind
            n_funny, n_other = n_funny + (kind == "peaks"), n_other + (kind != "peaks")

    def _streams(self, order: Order, held: list[Segment]) -> dict[str, Iterator[QueuedClip]]:
        """The clips of a queue, and of peaks the random and the calm ones that take their turn.

        What is `held` grows as clips are given out.
        """
        if order in ("in_order", "random"):
            return {order: self._tiles(order, held)}
        if order == "peaks":
            peaks, calm = self._standing_out(held), self._calm(held)
            return {"peaks": peaks, "random": self._tiles("random", held), "calm": calm}
        if order in ("laughter", "chat"):
            return {order: self._cue_peaks(order, held)}
        if self.scores is None:
            raise PunchlineError(
                "the queue {order!r} needs the scores of a trained model; train and detect first, or choose another",
                order=order,
            )
        times, scores = (np.asarray(part, np.float64) for part in self.scores)
        value = scores if order == "likely" else -np.abs(scores - HALF_SURE)
        return {order: self._peaks(times, value, order, held)}

    def _first_free(
        self, stream: Iterator[QueuedClip], held: list[Segment], given: set[tuple[float, float]]
    ) -> QueuedClip | None:
        """The first clip of a stream that is not among the `given` ones and is new."""
        return next((clip for clip in stream if _bounds(clip) not in given and self._new(clip, held)), None)

    def _new(self, clip: QueuedClip, held: Iterable[Segment]) -> bool:
        """Whether a clip overlaps what is taken or held by no more than it may."""
        if self.overlapping:
            return True
        middle, near = clip.segment.middle, [s for s in held if s.end > clip.start and s.start < clip.end]
        halves = (clip.start, middle), (middle, clip.end)
        return all(self._covered(start, end, near) <= SHARED + TOLERANCE for start, end in halves)

    def _clip(self, middle: float, origin: str, *, longest: float = MAX_DURATION) -> QueuedClip:
        assert self._length is not None
        length = min(self.clip_duration, self._length, longest)
        start = float(min(max(middle - length / 2, 0.0), self._length - length))
        return QueuedClip(self.video_id, self.person_id, round(start, 3), round(start + length, 3), origin, origin)

    def _tiles(self, origin: str, held: list[Segment]) -> Iterator[QueuedClip]:
        """Clips side by side over the whole video; at random they begin at any time, and the order is shuffled.

        Then one in the middle of each stretch that is still free, in which none of them had room: it may be shorter.
        """
        assert self._length is not None
        rng = np.random.default_rng([self.seed, *self.video_id.encode()])
        phase = rng.uniform(0, self.clip_duration) if origin == "random" else 0.0
        n_tiles = max(1, round((self._length - phase) / self.clip_duration))
        places = rng.permutation(n_tiles) if origin == "random" else np.arange(n_tiles)
        for k in places:
            yield self._clip(phase + (k + 0.5) * self.clip_duration, origin)
        for stretch in Coverage([*self.taken, *held]).free(self._length, shortest=MIN_DURATION - TOLERANCE):
            yield self._clip(stretch.middle, origin, longest=max(MIN_DURATION, stretch.duration))

    def _peaks(self, times: Floats, value: Floats, origin: str, held: list[Segment]) -> Iterator[QueuedClip]:
        """New clips around the greatest values (n,); where the value is NaN there is none."""
        starts, ends = self._places(times)
        middles, apart = (starts + ends) / 2, self.clip_duration - SHARED - 2 * TOLERANCE
        left = np.where(np.isnan(value), -np.inf, value)
        if not self.overlapping:
            for half in ((starts, middles), (middles, ends)):
                left[self._coverage.seconds(*half) > SHARED + 2 * TOLERANCE] = -np.inf
        while len(left) and left[k := int(np.argmax(left))] > -np.inf:
            clip = self._clip(float(middles[k]), origin)
            if not self._new(clip, held):
                left[k] = -np.inf  # its neighbours may be new
                continue
            near = middles[k] - apart, middles[k] + apart
            left[np.searchsorted(middles, near[0], side="right") : np.searchsorted(middles, near[1])] = -np.inf
            yield clip

    def _places(self, times: Floats) -> tuple[Floats, Floats]:
        """Where clips around times (n,) begin and end, moved into the video."""
        assert self._length is not None
        length = min(self.clip_duration, self._length)
        starts = np.clip(times - length / 2, 0.0, self._length - length)
        return starts, starts + length

    @cached_property
    def _salience(self) -> Salience | None:
        if self.series is None or len(self.series) == 0:
            return None
        n = len(self.series)
        return Salience(self.series, {name: value for name, value in self.cues.items() if len(value) == n})

    def _standing_out(self, held: list[Segment]) -> Iterator[QueuedClip]:
        """Clips around what stands out; those in which the face fails too often to train on come after all others."""
        if self._salience is None:
            return
        times = self._salience.series.timestamps
        value = self._salience.smooth - np.where(self._salience.unseen(*self._places(times)), UNSEEN, 0.0)
        yield from self._peaks(times, value, "peaks", held)

    def _calm(self, held: list[Segment]) -> Iterator[QueuedClip]:
        """Clips in which little stands out though the face is seen: hardly one is funny."""
        if self._salience is None:
            return
        times = self._salience.series.timestamps
        places = self._places(times)
        known = ~np.isnan(self._salience.smooth) & ~self._salience.unseen(*places)
        yield from self._peaks(times, np.where(known, -self._salience.height(*places), np.nan), "calm", held)

    def _cue_peaks(self, name: str, held: list[Segment]) -> Iterator[QueuedClip]:
        if self._salience is None or name not in self._salience.cues:
            return iter(())
        smooth = self._salience.smoothed(self._salience.cues[name])
        return self._peaks(self._salience.series.timestamps, np.where(smooth > 0, smooth, np.nan), name, held)

    def _covered(self, start: float, end: float, held: Iterable[Segment]) -> float:
        """Seconds from start to end that are taken or in hand."""
        seconds, reach = self._coverage.seconds(start, end), start
        for other in sorted(other for other in held if other.end > start and other.start < end):
            first, last = max(other.start, reach), min(other.end, end)
            if last > first:
                seconds, reach = seconds + last - first - self._coverage.seconds(first, last), last
        return float(seconds)

    @cached_property
    def _coverage(self) -> Coverage:
        return Coverage(self.taken)


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


def _bounds(clip: Segment | QueuedClip) -> tuple[float, float]:
    """What makes two clips of a video one: where they begin and end, to a millisecond."""
    return round(clip.start, 3), round(clip.end, 3)
