"""Moments as lists, with their own times: CSV, JSON, SRT, chapters, LosslessCut projects, Label Studio tasks."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from math import inf

from core.errors import PunchlineError, Sentence
from core.export.timecode import Media, Piece, timecode_of
from core.storage.files import storable

# YouTube Help, "Video chapters": the first at 0:00, at least three in ascending order, none shorter than 10 seconds.
FEWEST_CHAPTERS = 3
SHORTEST_CHAPTER = 10  # seconds
LONGEST_DESCRIPTION = 5000  # characters of a YouTube description
COLUMNS = ("video", "start", "end", "duration", "score", "name")


def clock(seconds: float, mark: str = ".") -> str:
    """``HH:MM:SS.mmm``, of as many hours as there are."""
    total = round(seconds * 1000)
    return f"{total // 3_600_000:02d}:{total // 60_000 % 60:02d}:{total // 1000 % 60:02d}{mark}{total % 1000:03d}"


def one_line(text: str) -> str:
    """A name without line breaks, control characters, and the bytes of a file name that are no text."""
    text = text.encode(errors="replace").decode()
    return re.sub(r"[\s\x00-\x1f\x7f\ufffe\uffff]+", " ", text).strip()


def csv_text(pieces: Sequence[Piece], media: Media) -> str:
    """A table with the columns video, start, end, duration (seconds), score, name (RFC 4180)."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(COLUMNS)
    for piece in pieces:
        moment = piece.moment
        times = (f"{value:.3f}" for value in (moment.start, moment.end, moment.duration))
        table.writerow([media.info.path.name, *times, f"{piece.score:.4f}", one_line(piece.name)])
    return text.getvalue()


def json_text(pieces: Sequence[Piece], media: Media) -> str:
    """The video, its frame rate, and each moment with its cut; times in seconds and as frames of `frame_rate`."""
    info, rate = media.info, media.rate
    moments = []
    for piece in pieces:
        first, last = piece.frames(media)
        moments.append(
            {
                "name": piece.name,
                "start": round(piece.moment.start, 6),
                "end": round(piece.moment.end, 6),
                "score": round(piece.score, 6),
                "cut_start": round(piece.cut.start, 6),
                "cut_end": round(piece.cut.end, 6),
                "first_frame": first,
                "end_frame": last,
            }
        )
    video = {
        "name": info.path.name,
        "path": str(info.path),
        "duration": info.duration,
        "width": info.width,
        "height": info.height,
        "frame_rate": [rate.numerator, rate.denominator],
        "variable_frame_rate": media.variable,
        "start_timecode": timecode_of(media.timecode, rate, drop=media.drop),
    }
    content = {"format": "punchline-moments", "format_version": 1, "video": video, "moments": moments}
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def srt_text(pieces: Sequence[Piece], media: Media) -> str:
    """SubRip subtitles that show a moment's name and score while it lasts."""
    blocks = []
    for number, piece in enumerate(pieces, 1):
        name = one_line(piece.name).replace("-->", "→")
        times = f"{clock(piece.moment.start, ',')} --> {clock(piece.moment.end, ',')}"
        blocks.append(f"{number}\n{times}\n{name} ({piece.score:.0%})\n")
    return "\n".join(blocks)


def chapters_text(pieces: Sequence[Piece], media: Media, *, opening: str = "Start") -> tuple[str, list[str]]:
    """YouTube chapters for a video's description, by YouTube's rules.

    A chapter begins, in whole seconds, where a moment's cut begins. One that begins less than 10 s after another is
    merged with it. Where fewer than three are left, what follows a moment becomes a chapter of its own.

    Returns
    -------
    The text, and sentences that say what was merged.

    Raises
    ------
    PunchlineError
        If three chapters of 10 s cannot be made.
    """
    end = inf if media.info.duration is None else media.info.duration
    starts = [(int(piece.cut.start), _title(piece.name)) for piece in pieces]
    chapters, merged = _merged(starts, end, opening)
    if len(chapters) < FEWEST_CHAPTERS:
        rests = [(max(int(piece.cut.end) + 1, int(piece.cut.start) + SHORTEST_CHAPTER), opening) for piece in pieces]
        rests = [rest for rest in rests if all(not 0 <= at - rest[0] < SHORTEST_CHAPTER for at, _ in starts)]
        chapters, merged = _merged(sorted(starts + rests, key=lambda start: start[0]), end, opening)
    if len(chapters) < FEWEST_CHAPTERS:
        raise PunchlineError(
            "got {n_moments} moments, which make {n_chapters} chapters; YouTube "
            "expects at least 3 of 10 s each. Choose more moments, or another format",
            n_moments=len(pieces),
            n_chapters=len(chapters),
        )
    hours = chapters[-1][0] >= 3600
    text = "".join(f"{_stamp(start, hours=hours)} {title}\n" for start, title in chapters)
    return text, list(_chapter_warnings(text, merged))


def _chapter_warnings(text: str, merged: Sequence[str]) -> Iterator[str]:
    if merged:
        names = ", ".join(merged)
        yield Sentence("{n} moments merged with the chapter before: {merged}", n=len(merged), merged=names)
    if (n := len(text)) > (most := LONGEST_DESCRIPTION):
        yield Sentence("the chapters have {n} characters; a YouTube description holds {most}", n=n, most=most)


def _merged(starts: Sequence[tuple[int, str]], end: float, opening: str) -> tuple[list[tuple[int, str]], list[str]]:
    chapters, merged = [(0, opening)], []
    for start, title in starts:
        if start - chapters[-1][0] >= SHORTEST_CHAPTER and end - start >= SHORTEST_CHAPTER:
            chapters.append((start, title))
            continue
        if len(chapters) == 1 and chapters[0][1] == opening and start < SHORTEST_CHAPTER:
            chapters[0] = (0, title)  # the video opens with this moment
        elif title != opening:
            merged.append(title)
    return chapters, merged


def _stamp(seconds: int, *, hours: bool) -> str:
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def _title(name: str) -> str:
    return one_line(name).replace("<", "‹").replace(">", "›") or "-"  # a description may not hold angle brackets


def losslesscut_text(pieces: Sequence[Piece], media: Media) -> str:
    """A project of LosslessCut (llc, version 1): the cuts, with names; it lies in the video's folder."""
    segments = [
        {"start": round(p.cut.start, 6), "end": round(p.cut.end, 6), "name": f"{one_line(p.name)} ({p.score:.0%})"}
        for p in pieces
    ]
    content = {"version": 1, "mediaFileName": storable(media.info.path.name), "cutSegments": segments}
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def labelstudio_text(pieces: Sequence[Piece], media: Media, *, label: str = "funny") -> str:
    """One Label Studio task with the moments as predictions of a `TimelineLabels` tag on a `Video` tag.

    Label Studio counts frames from 1, both ends included, at the rate that its `Video` tag is told: the task holds it
    as `framerate`, for ``<Video name="video" value="$video" frameRate="$framerate"/>`` and
    ``<TimelineLabels name="timelineLabels" toName="video">``.
    """
    results = []
    for number, piece in enumerate(pieces, 1):
        first, last = Piece(piece.name, piece.score, piece.moment, piece.moment).frames(media)
        results.append(
            {
                "id": f"moment{number}",
                "type": "timelinelabels",
                "from_name": "timelineLabels",
                "to_name": "video",
                "score": round(piece.score, 6),
                "value": {"ranges": [{"start": first + 1, "end": last}], "timelinelabels": [label]},
                "meta": {"text": [piece.name]},
            }
        )
    score = sum(piece.score for piece in pieces) / len(pieces)
    task = {
        "data": {"video": media.info.path.name, "framerate": float(media.rate)},
        "predictions": [{"model_version": "punchline", "score": round(score, 6), "result": results}],
    }
    return json.dumps([task], ensure_ascii=False, indent=1) + "\n"
