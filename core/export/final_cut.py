"""Moments as timelines in XML: Final Cut Pro 7, which Premiere Pro reads, and FCPXML."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from xml.etree import ElementTree as ET

from core.export.lists import one_line
from core.export.timecode import Media, Piece, nominal, timecode_of
from core.export.timeline import Event, address, events, file_name
from core.video.picture import Shape


def _add(parent: ET.Element, tag: str, text: object = None, **attributes: str) -> ET.Element:
    child = ET.SubElement(parent, tag, attributes)
    if text is not None:
        child.text = str(text)
    return child


def _fill(parent: ET.Element, texts: Mapping[str, object]) -> ET.Element:
    for tag, text in texts.items():
        _add(parent, tag, text)
    return parent


def _document(root: ET.Element, doctype: str) -> str:
    ET.indent(root, " ")
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE {doctype}>\n{text}\n'


def fcp7_text(pieces: Sequence[Piece], media: Media, title: str) -> str:
    """Final Cut Pro 7 XML (xmeml 4), which Premiere Pro reads: picture and linked sound, a track for each channel.

    In- and out-points count from the file's first frame, also where its timecode does not begin at 0 (Apple, "Final
    Cut Pro XML Interchange Format").
    """
    root = ET.Element("xmeml", version="4")
    sequence = _add(root, "sequence", id="sequence-1")
    placed = events(pieces, media)
    _fill(sequence, {"name": one_line(title), "duration": sum(event.n_frames for event in placed)})
    _rate(sequence, media)
    _timecode(sequence, media, 0)
    tracks = _add(sequence, "media")
    video = _add(tracks, "video")
    width, height = media.shape.square
    _characteristics(_add(video, "format"), media, Shape(width, height))
    track = _add(video, "track")
    for event in placed:
        _clip_item(track, event, media, 0)
    if media.n_channels:
        audio = _add(tracks, "audio")
        _add(audio, "numOutputChannels", media.n_channels)
        for channel in range(1, media.n_channels + 1):
            track = _add(audio, "track")
            for event in placed:
                _clip_item(track, event, media, channel)
            _add(track, "outputchannelindex", channel)
    return _document(root, "xmeml")


def _rate(parent: ET.Element, media: Media) -> None:
    ntsc = "TRUE" if media.rate.denominator != 1 else "FALSE"
    _fill(_add(parent, "rate"), {"timebase": nominal(media.rate), "ntsc": ntsc})


def _timecode(parent: ET.Element, media: Media, frame: int) -> None:
    timecode = _add(parent, "timecode")
    _rate(timecode, media)
    text = timecode_of(frame, media.rate, drop=media.drop)
    _fill(timecode, {"string": text, "frame": frame, "displayformat": "DF" if media.drop else "NDF"})


def _characteristics(parent: ET.Element, media: Media, shape: Shape) -> None:
    characteristics = _add(parent, "samplecharacteristics")
    _rate(characteristics, media)
    wide = "TRUE" if _is_wide(shape) else "FALSE"
    _fill(characteristics, {"width": shape.width, "height": shape.height, "anamorphic": wide})
    _fill(characteristics, {"pixelaspectratio": _pixel_aspect(shape), "fielddominance": "none"})


def _is_wide(shape: Shape) -> bool:
    """Whether a picture of standard definition is shown at 16:9."""
    width, height = shape.square
    return shape.width == 720 and width / height > 1.5


def _pixel_aspect(shape: Shape) -> str:
    """The name that the format gives to a shape of pixels; it has names for those of tape formats only."""
    if shape.pixel_aspect == 1:
        return "square"
    names = {(720, 480): "NTSC-601", (720, 486): "NTSC-601", (720, 576): "PAL-601", (1280, 1080): "HD-(1280x1080)"}
    names |= {(960, 720): "HD-(960x720)", (1440, 1080): "HD-(1440x1080)"}
    return names.get((shape.width, shape.height), "square")


def _item_id(event: Event, channel: int) -> str:
    return f"clipitem-{event.number}-{channel}"


def _clip_item(track: ET.Element, event: Event, media: Media, channel: int) -> None:
    """One event on the picture's track (channel 0) or a sound channel's."""
    item = _add(track, "clipitem", id=_item_id(event, channel))
    _fill(item, {"name": event.name, "enabled": "TRUE", "duration": max(media.n_frames, event.end)})
    _rate(item, media)
    _fill(item, {"start": event.record, "end": event.record + event.n_frames, "in": event.source, "out": event.end})
    file = _add(item, "file", id="file-1")
    if event.number == 1 and channel == 0:  # described once, named afterwards
        _file(file, event, media)
    if channel:
        _fill(_add(item, "sourcetrack"), {"mediatype": "audio", "trackindex": channel})
    for other in range(media.n_channels + 1) if media.n_channels else ():
        link = _fill(_add(item, "link"), {"linkclipref": _item_id(event, other)})
        _fill(link, {"mediatype": "audio" if other else "video", "trackindex": other or 1, "clipindex": event.number})
    _add(_add(item, "comments"), "mastercomment1", f"score {event.piece.score:.3f}")


def _file(file: ET.Element, event: Event, media: Media) -> None:
    _fill(file, {"name": file_name(media), "pathurl": address(media)})
    _rate(file, media)
    _add(file, "duration", max(media.n_frames, event.end))
    _timecode(file, media, media.timecode)
    contents = _add(file, "media")
    _characteristics(_add(contents, "video"), media, media.shape)
    channel = 0
    for sound in media.sounds:
        audio = _add(contents, "audio")
        _fill(_add(audio, "samplecharacteristics"), {"depth": 16, "samplerate": sound.rate})
        _add(audio, "channelcount", sound.n_channels)
        for _ in range(sound.n_channels):
            channel += 1
            _add(_add(audio, "audiochannel"), "sourcechannel", channel)


def fcpxml_text(pieces: Sequence[Piece], media: Media, title: str) -> str:
    """FCPXML 1.8, which Final Cut Pro and DaVinci Resolve read; every time is a fraction, a whole number of frames.

    The sequence has square pixels; the file is described by the pixels that it holds, upright.
    """

    def seconds(frames: int) -> str:
        time = frames / media.rate
        whole = time.denominator == 1
        return f"{time.numerator}s" if whole else f"{frames * media.rate.denominator}/{media.rate.numerator}s"

    placed = events(pieces, media)
    root = ET.Element("fcpxml", version="1.8")
    resources = _add(root, "resources")
    _resources(resources, media, seconds, max(media.n_frames, *(event.end for event in placed)))
    kind = "DF" if media.drop else "NDF"
    project = _add(_add(_add(root, "library"), "event", name=one_line(title)), "project", name=one_line(title))
    total = seconds(sum(event.n_frames for event in placed))
    sound = _sound_attributes(media)
    sequence = _add(project, "sequence", format="r1", duration=total, tcStart="0s", tcFormat=kind, **sound)
    spine = _add(sequence, "spine")
    for event in placed:
        clip = _add(
            spine,
            "asset-clip",
            ref="r2",
            name=event.name,
            offset=seconds(event.record),
            start=seconds(event.source + media.timecode),
            duration=seconds(event.n_frames),
            format="r3",
            tcFormat=kind,
        )
        _add(clip, "note", f"score {event.piece.score:.3f}")
    return _document(root, "fcpxml")


def _resources(resources: ET.Element, media: Media, seconds: Callable[[int], str], n_frames: int) -> None:
    """The sequence's format r1, the file r2 and its format r3."""
    frame = 1 / media.rate
    duration = f"{frame.numerator}/{frame.denominator}s"
    width, height = media.shape.square
    _add(resources, "format", id="r1", frameDuration=duration, width=str(width), height=str(height))
    shape = media.shape
    size = {"width": str(shape.width), "height": str(shape.height)}
    if shape.pixel_aspect != 1:
        size |= {"paspH": str(shape.pixel_aspect.numerator), "paspV": str(shape.pixel_aspect.denominator)}
    _add(resources, "format", id="r3", frameDuration=duration, **size)
    file = {"name": file_name(media), "src": address(media), "start": seconds(media.timecode), "format": "r3"}
    file |= {"duration": seconds(n_frames), "hasVideo": "1"}
    if media.sounds:
        channels = str(max(sound.n_channels for sound in media.sounds))
        file |= {"hasAudio": "1", "audioSources": str(len(media.sounds)), "audioChannels": channels}
        file["audioRate"] = str(media.sounds[0].rate)
    _add(resources, "asset", id="r2", **file)


def _sound_attributes(media: Media) -> dict[str, str]:
    rates = {32_000: "32k", 44_100: "44.1k", 88_200: "88.2k", 96_000: "96k", 176_400: "176.4k", 192_000: "192k"}
    if not media.sounds:
        return {}
    channels = max(sound.n_channels for sound in media.sounds)
    layout = "mono" if channels == 1 else "stereo" if channels == 2 else "surround"
    return {"audioLayout": layout, "audioRate": rates.get(media.sounds[0].rate, "48k")}
