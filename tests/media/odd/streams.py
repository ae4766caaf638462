"""Kinds of streams, tags, names and damage."""

from __future__ import annotations

import unicodedata
from fractions import Fraction

from av.stream import Disposition

from core.video.streams import MIX, Tracks
from tests.media import Sound, corrupted, cut_short, tone, write_with_cover
from tests.media.odd.alterations import linked, marked, named_by_bytes, two_films, two_programmes
from tests.media.odd.answer import LOUD, Answer
from tests.media.odd.kind import Kind
from tests.media.odd.recipes import (
    changed,
    of_bytes,
    packets_of_204,
    remuxed,
    renamed,
    sound,
    tagged,
    titled,
    tracks,
    unknown_picture,
    unknown_sound,
    with_data,
    with_first,
    with_texts,
    written,
)

MUTED, LOW = sound(gains=(0,)), sound(gains=(0.1,))
HUM = Sound(tone(50, 2, amplitude=0.006), codec="pcm_s16le")
NONE = Disposition(0)
LONG = "긴 이름 " * 20

STREAMS: dict[str, Kind] = {
    **{
        f"title in {c}, {s}": Kind(titled(f"v.{s}", c))
        for c in ("cp949", "shift-jis", "big5", "nothing")
        for s in ("mp4", "mkv")
    },
    "title in cp949, avi": Kind(titled("v.flv", "cp949")),
    "title of 100,000 letters": Kind(tagged("v.mkv", {"title": "하" * 100_000})),
    "tags of lines and nulls": Kind(tagged("v.mkv", {"comment": "a\r\nb\tc", "TIMECODE": "01:00:00:00"})),
    "an empty title": Kind(tagged("v.mp4", {"title": ""})),
    **{f"a still first, {s}": Kind(with_first(f"v.{s}", "mjpeg")) for s in ("mp4", "mkv", "mov", "avi", "ts")},
    "two slides first": Kind(with_first("v.mkv", "mjpeg", n=2)),
    "a png first": Kind(with_first("v.mov", "png")),
    "a cover first, mp4": Kind(with_first("v.mp4", "mjpeg", cover=True)),
    "a cover first, mkv": Kind(with_first("v.mkv", "mjpeg", cover=True)),
    "a small still of h264 first": Kind(with_first("v.mkv", "libx264", size=(64, 48))),
    "a film of the same size first, not the default": Kind(two_films("v.mkv", (160, 120), NONE, Disposition.default)),
    "a larger film first, not the default": Kind(two_films("v.mkv", (320, 240), NONE, Disposition.default)),
    "a smaller film first": Kind(two_films("v.mp4", (80, 60), Disposition.default, Disposition.default)),
    "two programmes": Kind(two_programmes("v.ts", LOW, sound()), Answer(shape=(240, 320))),
    **{
        f"two programmes, their clocks {s} s apart": Kind(
            two_programmes("v.ts", LOW, sound(), apart=s), Answer(shape=(240, 320))
        )
        for s in (3, 3600)
    },
    "two programmes, the first louder": Kind(
        two_programmes("v.ts", sound(), LOW), Answer(shape=(240, 320), level=-29.03)
    ),
    "a picture of no known codec": Kind(unknown_picture(written("known.mp4")), "no decoder knows"),
    "first picture of no known codec": Kind(unknown_picture(with_first("w.mp4", "libx264", size=(640, 480), n=2))),
    "sound before picture": Kind(remuxed(written("w.mp4"), "v.mp4", backwards=True)),
    "a cover last": Kind(remuxed(with_first("w.mp4", "mjpeg", cover=True), "v.mp4", backwards=True)),
    "data first": Kind(with_data("v.ts")),
    "ts of 204 bytes": Kind(changed(written("w.ts"), "v.ts", packets_of_204)),
    **{f"a muted track first, {s}": Kind(tracks(f"v.{s}", MUTED, sound())) for s in ("mp4", "mkv", "mov")},
    "a muted track first, ts": Kind(tracks("v.ts", MUTED, sound()), Answer(first=0.046)),
    "a low track first": Kind(tracks("v.mkv", LOW, sound()), Answer(level=-29.03)),
    **{
        f"a track first that is {what}": Kind(marked(tracks("w.mkv", LOW, sound()), "v.mkv", role, NONE))
        for what, role in (
            ("a commentary", Disposition.comment),
            ("for the blind", Disposition.visual_impaired),
            ("for the deaf", Disposition.hearing_impaired),
        )
    },
    "a track first that is not the default": Kind(
        marked(tracks("w.mkv", LOW, sound()), "v.mkv", NONE, Disposition.default)
    ),
    "a track first that hums": Kind(tracks("v.mkv", HUM, sound("pcm_s16le"))),
    "second of three tracks": Kind(tracks("v.mkv", MUTED, LOW, sound()), tracks=Tracks(audio=3)),
    "muted track asked for": Kind(tracks("v.mp4", MUTED, sound()), Answer(level=-80), tracks=Tracks(audio=1)),
    "two tracks mixed": Kind(tracks("v.mkv", sound(), sound()), Answer(level=LOUD + 3), tracks=Tracks(audio=MIX)),
    "a muted track mixed": Kind(tracks("v.mp4", MUTED, sound()), tracks=Tracks(audio=MIX)),
    "unknown sound mixed": Kind(unknown_sound(sound()), tracks=Tracks(audio=MIX)),
    "a track that is not there": Kind(written("v.mp4"), "sound track 3 cannot be read", tracks=Tracks(audio=3)),
    "only sound of no known codec": Kind(unknown_sound(), Answer(level=None)),
    "first sound of no known codec": Kind(unknown_sound(sound())),
    "subtitles in mkv": Kind(with_texts("v.mkv")),
    "timecode track": Kind(written("v.mov", timecode="01:00:00:00")),
    **{
        f"name {what}": Kind(renamed(name))
        for what, name in {
            "in Korean": "웃긴 장면.mp4",
            "in Korean of macOS": unicodedata.normalize("NFD", "웃긴 장면.mp4"),
            "with an emoji": "😂 stream.mp4",
            "with a percent sign": "clip %03d 100%.mp4",
            "in cp949": named_by_bytes("웃긴 장면.mp4", "cp949"),
            "with a backslash": "a\\b.mp4",
            "like a protocol": "subfile,,start,0,end,0,,:v.mp4",
            "of another container": "v.ts",
            "with a space behind": "v.mp4 ",
            "with a colon": "12:30 stream.mp4",
            "like an address": "http:stream?a=1&b.mp4",
            "with quotes": 'it\'s "live".mp4',
            "with a hash": "#1 [a] {b} *.mp4",
            "with a dash": "-i.mp4",
            "with a newline": "a\nb.mp4",
            "of 240 bytes": LONG[:78] + ".mp4",
            "without suffix": "recording",
            "of another suffix": "v.avi",
            "in capitals": "V.MP4",
            "in a folder with spaces": "a b/c d/v.mp4",
        }.items()
    },
    "a link": Kind(linked("l.mp4", written("v.mp4"))),
    "fragmented": Kind(written("v.mp4", flags={"movflags": "frag_keyframe+empty_moov"})),
    "fragmented, each picture": Kind(written("v.mp4", flags={"movflags": "frag_every_frame+empty_moov"})),
    "fragmented, of dash": Kind(written("v.mp4", flags={"movflags": "dash+global_sidx"})),
    "index at the head": Kind(written("v.mp4", flags={"movflags": "faststart"})),
    "index of mkv at the head": Kind(written("v.mkv", flags={"cues_to_front": "1"})),
    **{
        f"the first 60 % of {s}": Kind(
            lambda folder, s=s: cut_short(written(f"w.{s}")(folder), folder / f"v.{s}"),
            Answer(duration=(0.8, 2), n_pictures=(15, 40)),
        )
        for s in ("mkv", "ts", "flv", "nut")
    },
    "the first 60 % of avi": Kind(
        lambda folder: cut_short(written("w.avi", sound("pcm_s16le"), tick=Fraction(1, 25))(folder), folder / "v.avi"),
        Answer(duration=(0.8, 2), n_pictures=(15, 40)),
    ),
    "the first 60 % of a fragmented mp4": Kind(
        lambda folder: cut_short(
            written("w.mp4", flags={"movflags": "frag_keyframe+empty_moov"})(folder), folder / "v.mp4"
        ),
        Answer(duration=(0.8, 2), n_pictures=(15, 40)),
    ),
    "the first 60 % of mp4, index at the head": Kind(
        lambda folder: cut_short(written("w.mp4", flags={"movflags": "faststart"})(folder), folder / "v.mp4"),
        Answer(n_pictures=(15, 40)),
    ),
    "the first 60 % of mp4": Kind(
        lambda folder: cut_short(written("w.mp4")(folder), folder / "v.mp4"), "has lost its index"
    ),
    **{
        f"noise in {s}": Kind(
            lambda folder, s=s: corrupted(written(f"w.{s}")(folder), folder / f"v.{s}"),
            Answer(n_pictures=(20, 50), level=level, counted=None),
        )
        for s, level in (("mp4", None), ("mkv", None), ("ts", LOUD), ("flv", LOUD))
    },
    "noise behind the end": Kind(changed(written("w.mp4"), "v.mp4", lambda data: data + bytes(range(256)) * 400)),
    "zeros behind the end": Kind(changed(written("w.mkv"), "v.mkv", lambda data: data + bytes(100_000))),
    "noise before a ts": Kind(changed(written("w.ts"), "v.ts", lambda data: bytes(range(256)) * 3 + data)),
    "a ts from its middle": Kind(
        changed(written("w.ts"), "v.ts", lambda data: data[len(data) // 3 + 7 :]),
        Answer(duration=(1, 2), n_pictures=(12, 40), first=0.333),
    ),
    "empty": Kind(of_bytes("v.mp4", b""), "the file is empty"),
    "a text": Kind(of_bytes("v.mp4", b"hello, world\n" * 100), "no readable video"),
    "zeros": Kind(of_bytes("v.mkv", bytes(100_000)), "no readable video"),
    "a web page": Kind(of_bytes("v.mp4", b"<!DOCTYPE html><html><body>404</body></html>"), "no readable video"),
    "a playlist": Kind(
        of_bytes("v.mp4", b"#EXTM3U\n#EXTINF:2,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n"), "no readable video"
    ),
    "a list of files": Kind(of_bytes("v.mkv", b"ffconcat version 1.0\nfile v.mp4\n"), "no readable video"),
    "only sound": Kind(lambda folder: write_with_cover(folder / "v.mp4", sound()), "only sound"),
    "a folder": Kind(lambda folder: folder, "no such file"),
}
