"""Frame numbers and timecodes: a video's rational frame rate, its own timecode, and the pieces of it that are cut out.

Frame rates are fractions, for 29.97 frames a second are 30000/1001: a float rate drifts by a frame within hours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor, inf
from pathlib import Path
from typing import Any

from core.errors import PunchlineError, Sentence
from core.segment import Detection, Segment
from core.video.container import Source
from core.video.frame_rate import Rates, read_rates
from core.video.picture import Shape
from core.video.probe import VideoInfo, probe
from core.video.streams import AUTOMATIC, Tracks

DROPPING = {Fraction(30000, 1001), Fraction(60000, 1001)}  # rates that may leave out frame numbers (SMPTE ST 12-1)
# Those of a timecode by that standard; it counts the frames of any other rate alike.
_STANDARD = {Fraction(rate) for rate in (24, 25, 30, 48, 50, 60)} | {Fraction(24000, 1001)} | DROPPING
_TIMECODE = re.compile(r"(\d\d):(\d\d):(\d\d)([:;.])(\d\d)")


@dataclass(frozen=True)
class SoundFormat:
    """What a sound track holds: its channels, and samples a second."""

    n_channels: int
    rate: int


@dataclass(frozen=True)
class Media:
    """A video as an editing program counts it.

    `rate` is the timeline's frame rate, a standard one; `variable` says that the file keeps no constant rate.
    `timecode` is the frame number that the file gives its first frame (0 unless it says otherwise) and `drop` whether
    its timecode is drop-frame. `shape` is that of the upright picture, `sounds` are the tracks that can be read.
    `n_frames` is the length in frames of `rate`, 0 where the length is unknown. `warnings` are sentences for the user.
    """

    info: VideoInfo
    rate: Fraction
    shape: Shape
    variable: bool = False
    timecode: int = 0
    drop: bool = False
    sounds: tuple[SoundFormat, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def n_channels(self) -> int:
        """Channels of all sound tracks together."""
        return sum(sound.n_channels for sound in self.sounds)

    @property
    def n_frames(self) -> int:
        return round((self.info.duration or 0) * self.rate)


@dataclass(frozen=True)
class Piece:
    """A moment and what is cut out of the video for it: the moment with its margins."""

    name: str
    score: float
    moment: Segment
    cut: Segment

    def frames(self, media: Media) -> tuple[int, int]:
        """The first frame and the one after the last of the cut: it is covered whole, by at least one frame."""
        first = max(0, floor(self.cut.start * media.rate + 1e-6))
        last = ceil(self.cut.end * media.rate - 1e-6)
        if media.n_frames:
            last = min(last, media.n_frames)
            first = min(first, max(0, media.n_frames - 1))
        return first, max(last, first + 1)


def nominal(rate: Fraction) -> int:
    """The frame numbers in a timecode's second: 30 for 29.97."""
    return ceil(rate)


def timecode_of(frame: int, rate: Fraction, *, drop: bool) -> str:
    """A frame number as ``HH:MM:SS:FF``, or ``HH:MM:SS;FF`` where frame numbers are dropped; it wraps at 24 h."""
    if rate in _STANDARD:
        from opentimelineio import opentime  # type: ignore[import-untyped]

        return str(opentime.to_timecode(opentime.RationalTime(frame, float(rate)), float(rate), drop))
    seconds, frames = divmod(frame, nominal(rate))
    return f"{seconds // 3600 % 24:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}:{frames:02d}"


def frame_of(timecode: str, rate: Fraction) -> tuple[int, bool]:
    """The frame number of a timecode, and whether it is drop-frame.

    Raises
    ------
    ValueError
        If it is no timecode at this rate.
    """
    parts = _TIMECODE.fullmatch(timecode.strip())
    fps = nominal(rate)
    if not parts or int(parts[2]) > 59 or int(parts[3]) > 59 or int(parts[5]) >= fps:
        raise ValueError(f"expected a timecode such as 01:00:00:00 at {float(rate):.3f} fps, got {timecode!r}")
    hours, minutes, seconds, frames = (int(parts[k]) for k in (1, 2, 3, 5))
    drop = parts[4] in ";." and rate in DROPPING
    if rate in _STANDARD:
        from opentimelineio import opentime

        text = f"{hours:02d}:{minutes:02d}:{seconds:02d}{';' if drop else ':'}{frames:02d}"
        return round(opentime.from_timecode(text, float(rate)).value), drop
    return ((60 * hours + minutes) * 60 + seconds) * fps + frames, drop


def read_media(path: Path, *, tracks: Tracks = AUTOMATIC) -> Media:
    """Read a video's rational rate, timecode, shape and sound, and whether its rate is constant.

    Raises
    ------
    VideoUnreadable
        If the file is missing or no video.
    """
    info = probe(path, tracks=tracks)
    with Source(path, tracks=tracks) as source:
        stream = source.video
        rates = read_rates(source)
        late = 0.0 if stream.start_time is None else float(stream.start_time * (stream.time_base or 0)) - info.start
        media = Media(
            info=info,
            rate=rates.rate,
            shape=source.shape,
            variable=rates.variable,
            drop=rates.rate in DROPPING,
            sounds=tuple(
                SoundFormat(sound.codec_context.channels, sound.codec_context.sample_rate) for sound in source.sounds
            ),
        )
        text = _own_timecode(source)
    return _with_timecode(replace(media, warnings=tuple(_rate_warnings(media, rates, late))), text)


def _own_timecode(source: Source) -> str | None:
    """What a file says of its first frame: in its picture's tags, its own, or those of a track of timecode."""
    container: Any = source.container
    holders = [source.video, container, *(stream for stream in container.streams if stream.type == "data")]
    tags = (tag for holder in holders for tag in holder.metadata.items())
    return next((text for name, text in tags if text and name.lower() == "timecode"), None)  # Matroska: in capitals


def _rate_warnings(media: Media, rates: Rates, late: float) -> Iterator[str]:
    rate = float(media.rate)
    if media.variable:
        yield Sentence(
            "{video} has a variable frame rate (mean {own_rate:.2f}); frames are counted at {rate:.3f} a "
            "second. Editing programs may place it differently: convert it to a constant rate first",
            video=media.info.path.name,
            own_rate=float(rates.own),
            rate=rate,
        )
    elif not rates.standard:
        yield Sentence(
            "{own_rate:.3f} frames a second is no standard rate; frames are counted at {rate:.3f} a second",
            own_rate=float(rates.own),
            rate=rate,
        )
    if late > 1.5 / rate:
        yield Sentence(
            "the picture starts {late:.2f} s after the sound; times count from the sound's start, as in "
            "a player. A program that counts from the first picture shows the moments that much early",
            late=late,
        )


def _with_timecode(media: Media, text: str | None) -> Media:
    if not text:
        return media
    try:
        frame, drop = frame_of(text, media.rate)
    except ValueError:
        return replace(
            media,
            warnings=(*media.warnings, Sentence("the file's timecode {text!r} cannot be read; 0 is used", text=text)),
        )
    return replace(media, timecode=frame, drop=drop)


def pieces(
    moments: Sequence[Detection],
    *,
    duration: float | None,
    before: float = 0.0,
    after: float = 0.0,
    names: Sequence[str] | None = None,
    apart: bool = False,
) -> tuple[list[Piece], list[str]]:
    """Moments in order of time with their margins, inside the video.

    Parameters
    ----------
    duration
        The video's length in seconds; None where unknown.
    before, after
        Margins in seconds, not negative.
    names
        One for each moment, in the order of `moments`; "Moment 1" and so on by default.
    apart
        No part of the video twice: overlapping moments become one, margins that meet are cut half-way.

    Returns
    -------
    The pieces, and sentences about what was left out or joined.

    Raises
    ------
    PunchlineError
        If no moment is left, a margin is negative or not finite, or the number of names differs.
    """
    _check_pieces(len(moments), before, after, names)
    n = len(moments)
    last = inf if duration is None else duration
    order = sorted(range(n), key=lambda k: (moments[k].start, moments[k].end))
    inside = [k for k in order if moments[k].start < last]
    if not inside:
        raise PunchlineError(
            "got {n_moments} moments, none inside the video; expected at least one. Lower the threshold, "
            "or detect again",
            n_moments=n,
        )
    warnings = [_late(n - len(inside), last)] if len(inside) < n else []
    cuts = []
    for number, k in enumerate(inside, 1):
        moment = Segment(max(0.0, moments[k].start), min(moments[k].end, last))
        cut = Segment(max(0.0, moment.start - before), min(moment.end + after, last))
        cuts.append(Piece(names[k] if names is not None else f"Moment {number}", moments[k].score, moment, cut))
    if not apart:
        return cuts, warnings
    kept = list(_apart(cuts))
    if n := len(cuts) - len(kept):
        warnings.append(Sentence("{n_joined} moments overlap another one and were joined with it", n_joined=n))
    return kept, warnings


def _check_pieces(n: int, before: float, after: float, names: Sequence[str] | None) -> None:
    if not (0 <= before < inf and 0 <= after < inf):
        raise PunchlineError(
            "the margins of a moment are {before} s and {after} s; expected 0 or more", before=before, after=after
        )
    if names is not None and len(names) != n:
        raise PunchlineError(
            "got {n_names} names for {n_moments} moments; give one to each moment, or none",
            n_names=len(names),
            n_moments=n,
        )


def _late(n: int, duration: float) -> str:
    return Sentence(
        "{n_left_out} moments lie after the video's end ({duration:.1f} s); left out", n_left_out=n, duration=duration
    )


def _apart(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Pieces that share no time: overlapping moments joined, margins that meet cut half-way."""
    joined: list[Piece] = []
    for piece in pieces:
        if joined and piece.moment.start < joined[-1].moment.end:
            other = joined[-1]
            best = max((other, piece), key=lambda p: p.score)
            moment, cut = (
                Segment(a.start, max(a.end, b.end)) for a, b in ((other.moment, piece.moment), (other.cut, piece.cut))
            )
            joined[-1] = replace(best, moment=moment, cut=cut)
        else:
            joined.append(piece)
    for k, piece in enumerate(joined):
        start, end = piece.cut.start, piece.cut.end
        if k and joined[k - 1].cut.end > start:
            start = max(start, (joined[k - 1].moment.end + piece.moment.start) / 2)
        if k + 1 < len(joined) and joined[k + 1].cut.start < end:
            end = min(end, (piece.moment.end + joined[k + 1].moment.start) / 2)
        yield replace(piece, cut=Segment(start, end))
