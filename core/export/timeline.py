"""Moments as a timeline: the pieces of the video one after the other, picture and sound, in whole frames of its rate.

OpenTimelineIO writes its own format; `edl` and `final_cut` write the others, for its adapters (cmx3600 1.0.0, fcp
1.0.0, fcpx-xml 1.0.0) leave out the FCM line of drop-frame timecode, the picture's size and the link between a clip's
picture and sound, and fail at 29.97, 59.94 and 23.976 frames a second, respectively.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.export.lists import one_line
from core.export.timecode import Media, Piece


@dataclass(frozen=True)
class Event:
    """A piece on the timeline, in frames: where it lies in the video and where it is put."""

    number: int
    piece: Piece
    source: int
    end: int
    record: int

    @property
    def n_frames(self) -> int:
        return self.end - self.source

    @property
    def name(self) -> str:
        return one_line(self.piece.name) or f"Moment {self.number}"


def events(pieces: Sequence[Piece], media: Media) -> list[Event]:
    """The pieces one after the other; none holds a frame of the one before, unless the pieces overlap by more."""
    placed: list[Event] = []
    record = 0
    for number, piece in enumerate(pieces, 1):
        source, end = piece.frames(media)
        if placed and placed[-1].end - 1 == source < end - 1:  # two cuts that meet within a frame
            source += 1
        placed.append(Event(number, piece, source, end, record))
        record += end - source
    return placed


def otio_text(pieces: Sequence[Piece], media: Media, title: str) -> str:
    """An OpenTimelineIO timeline with a track of pictures and one for each sound track of the source.

    Scores are in the clips' metadata.
    """
    import opentimelineio as otio  # type: ignore[import-untyped]

    rate = float(media.rate)
    time, span = otio.opentime.RationalTime, otio.opentime.TimeRange
    timeline = otio.schema.Timeline(name=one_line(title), global_start_time=time(0, rate))
    names = ["Video", *(f"Audio {number}" for number in range(1, len(media.sounds) + 1))]
    for name in names:
        track = otio.schema.Track(name=name, kind=name.split()[0])
        timeline.tracks.append(track)
        for event in events(pieces, media):
            file = otio.schema.ExternalReference(
                target_url=address(media),
                available_range=span(time(media.timecode, rate), time(max(media.n_frames, event.end), rate)),
            )
            file.name = file_name(media)
            cut = span(time(event.source + media.timecode, rate), time(event.n_frames, rate))
            scores = {"punchline": {"score": event.piece.score, "start": event.piece.moment.start}}
            track.append(otio.schema.Clip(name=event.name, media_reference=file, source_range=cut, metadata=scores))
    return str(timeline.to_json_string(indent=1)) + "\n"


def file_name(media: Media) -> str:
    """The video's file name as one line of text."""
    return one_line(media.info.path.name)


def address(media: Media) -> str:
    """The video's file as an address."""
    return media.info.path.absolute().as_uri()
