"""Moments as edit decision lists: cuts for any editing program (CMX 3600), and markers for DaVinci Resolve."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from core.errors import Sentence
from core.export.lists import one_line
from core.export.timecode import DROPPING, Media, Piece, nominal, timecode_of
from core.export.timeline import events, file_name

EDL_EVENTS = 999
EDL_FASTEST = 99  # frames a second: a timecode has two digits for them
FIRST_HOUR = 1  # at which a timeline of DaVinci Resolve begins, unless told otherwise


def edl_text(pieces: Sequence[Piece], media: Media, title: str) -> tuple[str, list[str]]:
    """A CMX 3600 edit decision list: the timecode's kind (FCM), and one cut an event with the clip's name.

    Returns
    -------
    The text, and sentences about what the format cannot hold.
    """
    per_frame = 1 if nominal(media.rate) <= EDL_FASTEST else 2 if nominal(media.rate) <= 2 * EDL_FASTEST else 4
    rate, shift = media.rate / per_frame, media.timecode // per_frame
    drop = media.drop if per_frame == 1 else rate in DROPPING
    track = "V" if not media.n_channels else "B" if media.n_channels == 1 else "AA/V"
    lines = _head(title, drop=drop)
    record = 0
    for event in events(pieces, media):
        first, last = event.source // per_frame, -(-event.end // per_frame)
        frames = (first + shift, last + shift, record, record + last - first)
        codes = " ".join(timecode_of(frame, rate, drop=drop) for frame in frames)
        record += last - first
        lines += [
            f"{event.number:03d}  AX       {track:<5} C        {codes}",
            f"* FROM CLIP NAME: {file_name(media)}",
            f"* COMMENT: {event.name} ({event.piece.score:.0%})",
            "",
        ]
    return "\n".join(lines), list(_warnings(len(pieces), media, rate))


def _head(title: str, *, drop: bool) -> list[str]:
    return [f"TITLE: {one_line(title)[:70]}", f"FCM: {'DROP FRAME' if drop else 'NON-DROP FRAME'}", ""]


def _warnings(n: int, media: Media, rate: Fraction) -> Iterator[str]:
    if rate != media.rate:
        yield Sentence("an EDL counts at most 99 frames a second; its timecode is at {rate:.3f}", rate=float(rate))
    if n > EDL_EVENTS:
        yield Sentence("{n} events; some programs read only the first {most} of an EDL", n=n, most=EDL_EVENTS)
    if (n := media.n_channels) > 2:
        yield Sentence("an EDL names two sound channels of the {n} in the file; FCPXML holds them all", n=n)


def markers_text(pieces: Sequence[Piece], media: Media, title: str) -> str:
    """Markers as DaVinci Resolve reads them ("Import timeline markers from EDL").

    They fit a timeline that begins at 01:00:00:00 and holds the whole video from there on. A marker lasts as long as
    its moment.
    """
    rate, drop = media.rate, media.drop
    hour = FIRST_HOUR * (round(3600 * rate) if drop else 3600 * nominal(rate))
    lines = _head(title, drop=drop)
    for number, piece in enumerate(pieces, 1):
        first, last = Piece(piece.name, piece.score, piece.moment, piece.moment).frames(media)
        codes = " ".join(2 * [timecode_of(frame + hour, rate, drop=drop) for frame in (first, first + 1)])
        name = one_line(piece.name).replace("|", "/")
        lines += [
            f"{number:03d}  001      V     C        {codes}  ",
            f" |C:ResolveColorBlue |M:{name} ({piece.score:.0%}) |D:{last - first}",
            "",
        ]
    return "\n".join(lines)
