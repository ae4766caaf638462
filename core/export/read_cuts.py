"""What an editor cut, read back: the parts of source videos that an EDL, an OpenTimelineIO timeline or a CSV holds."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import PurePath
from urllib.parse import unquote

from core.errors import PunchlineError
from core.export.timecode import Media, frame_of
from core.labels.csv import seconds_of
from core.segment import Segment

SUFFIXES = (".edl", ".otio", ".csv", ".txt", ".tsv")
_EVENT = re.compile(r"\d{1,6}\s+\S+\s+(\S+)\s+(?:C|D|W\S*|K\S*)\s+(?:\d+\s+)?(\S+)\s+(\S+)\s+\S+\s+\S+")
_CLIP_NAME = re.compile(r"\*\s*(?:FROM CLIP NAME|SOURCE FILE):\s*(.+)", re.IGNORECASE)
_COLUMNS = {"start": ("start", "source in", "in"), "end": ("end", "source out", "out"), "source": ("video", "source")}


@dataclass(frozen=True)
class CutEvent:
    """A part of a source that a cut holds, in seconds of the source; `source` is its file name, empty if not told."""

    source: str
    segment: Segment


def read_cut(content: bytes, name: str, media: Media) -> list[CutEvent]:
    """The events of a cut list, in order of the source's time, the same part once.

    Parameters
    ----------
    name
        The file's name: its suffix, one of `SUFFIXES`, tells the kind.
    media
        The source: timecodes are of its rate, and count from its own first one.

    Raises
    ------
    PunchlineError
        If the kind is another, the file cannot be read, or nothing in it is a cut.
    """
    suffix = PurePath(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise PunchlineError(
            "{name}: unknown kind of cut list; expected one of {suffixes}", name=name, suffixes=", ".join(SUFFIXES)
        )
    text = content.decode("utf-8-sig", errors="replace")
    try:
        read = _edl if suffix == ".edl" else _otio if suffix == ".otio" else _csv
        events = set(read(text, media))
    except ValueError as error:
        raise PunchlineError("{name}: this cut list cannot be read ({cause})", name=name, cause=error) from error
    if not events:
        raise PunchlineError("{name}: no cut is in it; expected events with a start and an end in the video", name=name)
    return sorted(events, key=lambda event: (event.segment.start, event.segment.end))


def of_source(events: Sequence[CutEvent], media: Media, *, name: str | None = None) -> list[Segment]:
    """The parts of one source, inside of it, in order of time; parts that touch are one.

    Parameters
    ----------
    name
        What the cut calls the source; the video's own name, with or without suffix, if None. A cut that names no
        source at all is all of this one.

    Raises
    ------
    PunchlineError
        If the cut names other sources only; tells their names.
    """
    named = {event.source for event in events if event.source}
    wanted = _key(media.info.path.name if name is None else name)
    mine = [event.segment for event in events if _key(event.source) == wanted or not named]
    if not mine:
        raise PunchlineError(
            "the cut holds nothing of {video}; it names {names}. Say which of them is this video",
            video=media.info.path.name,
            names=", ".join(sorted(named)),
        )
    joined: list[Segment] = []
    for part in mine:
        end = part.end if media.info.duration is None else min(part.end, media.info.duration)
        if end <= part.start:
            continue
        if joined and part.start <= joined[-1].end + 1 / float(media.rate):
            joined[-1] = Segment(joined[-1].start, max(joined[-1].end, end))
        else:
            joined.append(Segment(part.start, end))
    return joined


def _key(name: str) -> str:
    """A file's name without folders, suffix and case."""
    return PurePath(name.replace("\\", "/")).stem.casefold()


def _edl(text: str, media: Media) -> Iterator[CutEvent]:
    """CMX 3600: what a picture event takes from the source; the comments after it name the source."""
    events: list[CutEvent | None] = []  # None for one that takes no picture of this source's time
    for line in text.splitlines():
        if event := _EVENT.fullmatch(line.strip()):
            is_picture = "V" in event[1].upper() or event[1].upper() == "B"
            first, last = (frame_of(code, media.rate)[0] - media.timecode for code in (event[2], event[3]))
            inside = is_picture and 0 <= first < last
            events.append(
                CutEvent("", Segment(float(first / media.rate), float(last / media.rate))) if inside else None
            )
        elif (named := _CLIP_NAME.match(line.strip())) and events and events[-1]:
            events[-1] = replace(events[-1], source=named[1].strip())
    return (event for event in events if event is not None)


def _otio(text: str, media: Media) -> Iterator[CutEvent]:
    import opentimelineio as otio  # type: ignore[import-untyped]

    try:
        read = otio.adapters.read_from_string(text, "otio_json")
    except Exception as error:  # the library raises many kinds, some of them of its C++ part
        raise ValueError(error) from error
    tracks = read.video_tracks() if isinstance(read, otio.schema.Timeline) else [read]
    for clip in (clip for track in tracks for clip in track.find_clips()):
        reference = clip.media_reference
        address = unquote(str(getattr(reference, "target_url", "") or ""))
        span = clip.trimmed_range()
        begin = media.timecode / float(media.rate)
        with suppress(otio.exceptions.OTIOError):
            begin = clip.available_range().start_time.to_seconds()
        start = span.start_time.to_seconds() - begin
        if start > -1e-6 and span.duration.to_seconds() > 0:
            name = PurePath(address).name or str(reference.name or clip.name if reference else clip.name)
            yield CutEvent(name, Segment(max(0.0, start), start + span.duration.to_seconds()))


def _csv(text: str, media: Media) -> Iterator[CutEvent]:
    """A table with columns for start and end, and perhaps the source; without a header, start and end come first."""
    delimiter = max(";\t,", key=text.partition("\n")[0].count)
    rows = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text), delimiter=delimiter) if any(row)]
    if not rows:
        return
    header = [cell.lower() for cell in rows[0]]
    at = {name: next((header.index(h) for h in known if h in header), None) for name, known in _COLUMNS.items()}
    start, end, source = at["start"], at["end"], at["source"]
    if start is None or end is None:
        start, end, source, header = 0, 1, None, []
    for row in rows[1:] if header else rows:
        if len(row) > max(start, end) and row[start] and row[end]:
            first, last = (_time(row[k], media) for k in (start, end))
            if 0 <= first < last:
                yield CutEvent(row[source] if source is not None and source < len(row) else "", Segment(first, last))


def _time(text: str, media: Media) -> float:
    """Seconds of a timecode of the source, or of a time. Raises ValueError."""
    with suppress(ValueError):
        return float((frame_of(text, media.rate)[0] - media.timecode) / media.rate)
    return seconds_of(text)
