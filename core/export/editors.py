"""Moments as timelines for editing programs: EDL, OpenTimelineIO, Final Cut Pro 7 XML, FCPXML.

Each holds the pieces of the video one after the other, picture and sound. All counts are whole frames of the video's
rational rate, so that nothing drifts. OpenTimelineIO writes its own format; the other three are written here, for its
adapters (cmx3600 1.0.0, fcp 1.0.0, fcpx-xml 1.0.0) leave out the FCM line of drop-frame timecode, the picture's size
and the link between a clip's picture and sound, and fail at 29.97, 59.94 and 23.976 frames a second, respectively.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from xml.etree import ElementTree as ET

from core.export.lists import one_line
from core.export.timecode import DROPPING, Media, Piece, nominal, timecode_of

EDL_EVENTS = 999
EDL_FASTEST = 99  # frames a second: a timecode has two digits for them


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
    made: list[Event] = []
    record = 0
    for number, piece in enumerate(pieces, 1):
        source, end = piece.frames(media)
        if made and made[-1].end - 1 == source < end - 1:  # two cuts that meet within a frame
            source += 1
        made.append(Event(number, piece, source, end, record))
        record += end - source
    return made


def edl_text(pieces: Sequence[Piece], media: Media, title: str) -> tuple[str, list[str]]:
    """A CMX 3600 edit decision list: the timecode's kind (FCM), and one cut an event with the clip's name.

    Returns
    -------
    The text, and sentences about what the format cannot hold.
    """
    said = []
    rate, drop, shift, per_frame = media.rate, media.drop, media.timecode, 1
    if nominal(rate) > EDL_FASTEST:
        per_frame = 2 if nominal(rate) <= 2 * EDL_FASTEST else 4
        rate, drop = rate / per_frame, rate / per_frame in DROPPING
        said.append(f"an EDL counts at most {EDL_FASTEST} frames a second; its timecode is at {float(rate):.3f}")
    if len(pieces) > EDL_EVENTS:
        said.append(f"{len(pieces)} events; some programs read only the first {EDL_EVENTS} of an EDL")
    track = "V" if not media.n_channels else "B" if media.n_channels == 1 else "AA/V"
    lines = [f"TITLE: {one_line(title)[:70]}", f"FCM: {'DROP FRAME' if drop else 'NON-DROP FRAME'}", ""]
    record = 0
    for event in events(pieces, media):
        first, last = event.source // per_frame, -(-event.end // per_frame)
        frames = (first + shift // per_frame, last + shift // per_frame, record, record + last - first)
        codes = " ".join(timecode_of(frame, rate, drop=drop) for frame in frames)
        record += last - first
        lines += [
            f"{event.number:03d}  AX       {track:<5} C        {codes}",
            f"* FROM CLIP NAME: {file_name(media)}",
            f"* COMMENT: {event.name} ({event.piece.score:.0%})",
            "",
        ]
    return "\n".join(lines), said


def otio_text(pieces: Sequence[Piece], media: Media, title: str) -> str:
    """An OpenTimelineIO timeline with a picture and a sound track; scores are in the clips' metadata."""
    import opentimelineio as otio  # type: ignore[import-untyped]

    rate = float(media.rate)
    time, span = otio.opentime.RationalTime, otio.opentime.TimeRange
    timeline = otio.schema.Timeline(name=one_line(title), global_start_time=time(0, rate))
    for kind in ("Video", "Audio") if media.n_channels else ("Video",):
        track = otio.schema.Track(name=kind, kind=kind)
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


def _add(parent: ET.Element, tag: str, text: object = None, **attributes: str) -> ET.Element:
    child = ET.SubElement(parent, tag, attributes)
    if text is not None:
        child.text = str(text)
    return child


def _document(root: ET.Element, doctype: str) -> str:
    ET.indent(root, " ")
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE {doctype}>\n{text}\n'


def fcp7_text(pieces: Sequence[Piece], media: Media, title: str) -> str:
    """Final Cut Pro 7 XML (xmeml 4), which Premiere Pro reads: picture and linked sound tracks.

    In- and out-points count from the file's first frame, also where its timecode does not begin at 0 (Apple, "Final
    Cut Pro XML Interchange Format").
    """
    root = ET.Element("xmeml", version="4")
    sequence = _add(root, "sequence", id="sequence-1")
    made = events(pieces, media)
    _add(sequence, "name", one_line(title))
    _add(sequence, "duration", sum(event.n_frames for event in made))
    _rate(sequence, media)
    _timecode(sequence, media, 0)
    tracks = _add(sequence, "media")
    video = _add(tracks, "video")
    _characteristics(_add(video, "format"), media)
    n_sounds = min(2, media.n_channels)
    track = _add(video, "track")
    for event in made:
        _clip_item(track, event, media, 0, n_sounds)
    if n_sounds:
        audio = _add(tracks, "audio")
        _add(audio, "numOutputChannels", n_sounds)
        for channel in range(1, n_sounds + 1):
            track = _add(audio, "track")
            for event in made:
                _clip_item(track, event, media, channel, n_sounds)
            _add(track, "outputchannelindex", channel)
    return _document(root, "xmeml")


def _rate(parent: ET.Element, media: Media) -> None:
    rate = _add(parent, "rate")
    _add(rate, "timebase", nominal(media.rate))
    _add(rate, "ntsc", "TRUE" if media.rate.denominator != 1 else "FALSE")


def _timecode(parent: ET.Element, media: Media, frame: int) -> None:
    timecode = _add(parent, "timecode")
    _rate(timecode, media)
    _add(timecode, "string", timecode_of(frame, media.rate, drop=media.drop))
    _add(timecode, "frame", frame)
    _add(timecode, "displayformat", "DF" if media.drop else "NDF")


def _characteristics(parent: ET.Element, media: Media) -> None:
    found = _add(parent, "samplecharacteristics")
    _rate(found, media)
    _add(found, "width", media.info.width)
    _add(found, "height", media.info.height)
    _add(found, "pixelaspectratio", "square")
    _add(found, "fielddominance", "none")


def _item_id(event: Event, channel: int) -> str:
    return f"clipitem-{event.number}-{channel}"


def _clip_item(track: ET.Element, event: Event, media: Media, channel: int, n_sounds: int) -> None:
    """One event on the picture's track (channel 0) or a sound channel's."""
    item = _add(track, "clipitem", id=_item_id(event, channel))
    _add(item, "name", event.name)
    _add(item, "enabled", "TRUE")
    _add(item, "duration", max(media.n_frames, event.end))
    _rate(item, media)
    _add(item, "start", event.record)
    _add(item, "end", event.record + event.n_frames)
    _add(item, "in", event.source)
    _add(item, "out", event.end)
    file = _add(item, "file", id="file-1")
    if event.number == 1 and channel == 0:  # described once, named afterwards
        _file(file, event, media)
    if channel:
        source = _add(item, "sourcetrack")
        _add(source, "mediatype", "audio")
        _add(source, "trackindex", channel)
    for other in range(n_sounds + 1) if n_sounds else ():
        link = _add(item, "link")
        _add(link, "linkclipref", _item_id(event, other))
        _add(link, "mediatype", "audio" if other else "video")
        _add(link, "trackindex", other or 1)
        _add(link, "clipindex", event.number)
    _add(_add(item, "comments"), "mastercomment1", f"score {event.piece.score:.3f}")


def _file(file: ET.Element, event: Event, media: Media) -> None:
    _add(file, "name", file_name(media))
    _add(file, "pathurl", address(media))
    _rate(file, media)
    _add(file, "duration", max(media.n_frames, event.end))
    _timecode(file, media, media.timecode)
    held = _add(file, "media")
    _characteristics(_add(held, "video"), media)
    if media.n_channels:
        audio = _add(held, "audio")
        found = _add(audio, "samplecharacteristics")
        _add(found, "depth", 16)
        _add(found, "samplerate", media.audio_rate)
        _add(audio, "channelcount", media.n_channels)


def fcpxml_text(pieces: Sequence[Piece], media: Media, title: str) -> str:
    """FCPXML 1.8, which Final Cut Pro and DaVinci Resolve read; every time is a fraction, a whole number of frames."""

    def seconds(frames: int) -> str:
        time = frames / media.rate
        whole = time.denominator == 1
        return f"{time.numerator}s" if whole else f"{frames * media.rate.denominator}/{media.rate.numerator}s"

    made = events(pieces, media)
    root = ET.Element("fcpxml", version="1.8")
    resources = _add(root, "resources")
    size = {"width": str(media.info.width), "height": str(media.info.height)}
    _add(resources, "format", id="r1", frameDuration=_fraction(1 / media.rate), **size)
    file = {"name": file_name(media), "src": address(media), "start": seconds(media.timecode), "format": "r1"}
    file["duration"] = seconds(max(media.n_frames, *(event.end for event in made)))
    file["hasVideo"] = "1"
    if media.n_channels:
        file |= {"hasAudio": "1", "audioSources": "1", "audioChannels": str(media.n_channels)}
        file["audioRate"] = str(media.audio_rate)
    _add(resources, "asset", id="r2", **file)
    kind = "DF" if media.drop else "NDF"
    project = _add(_add(_add(root, "library"), "event", name=one_line(title)), "project", name=one_line(title))
    total = sum(event.n_frames for event in made)
    sequence = _add(
        project, "sequence", format="r1", duration=seconds(total), tcStart="0s", tcFormat=kind, **_sound_kind(media)
    )
    spine = _add(sequence, "spine")
    for event in made:
        clip = _add(
            spine,
            "asset-clip",
            ref="r2",
            name=event.name,
            offset=seconds(event.record),
            start=seconds(event.source + media.timecode),
            duration=seconds(event.n_frames),
            format="r1",
            tcFormat=kind,
        )
        _add(clip, "note", f"score {event.piece.score:.3f}")
    return _document(root, "fcpxml")


def _fraction(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}s"


def _sound_kind(media: Media) -> dict[str, str]:
    rates = {44_100: "44.1k", 48_000: "48k", 96_000: "96k"}
    if not media.n_channels:
        return {}
    layout = "mono" if media.n_channels == 1 else "stereo"
    return {"audioLayout": layout, "audioRate": rates.get(media.audio_rate, "48k")}
