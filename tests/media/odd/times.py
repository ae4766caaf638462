"""Kinds of times: rates, starts, holes, clocks that jump, unknown lengths."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from tests.media import Sound, tone
from tests.media.odd.alterations import X264, cut_out, encoded, of_sizes, one_after_the_other, trimmed
from tests.media.odd.answer import FPS, Answer, N
from tests.media.odd.kind import Kind
from tests.media.odd.recipes import TIMES, Recipe, joined, late, paced, remuxed, sound, written

MS = Fraction(1, 1000)
HOLE = np.concatenate([TIMES[:20], TIMES[20:] + 3])
NO_LENGTH = np.sort(np.concatenate([TIMES, TIMES[5:40:7] + 1 / 90_000]))
UNEVEN = np.cumsum(np.resize([0.02, 0.06, 0.033, 0.047], N))
UNEVEN = UNEVEN - UNEVEN[0]


def raw(codec: str, suffix: str, **how: object) -> Kind:
    """Pictures without a container, which has no clock."""
    return Kind(written(f"v.{suffix}", mute=True, codec=codec, tick=Fraction(1, FPS), **how), RAW)


RAW = Answer(duration=None, level=None)

TWICE = Answer(duration=4.0, n_pictures=2 * N, counted=None)  # the second begins where the first's sound ends
ONE_KEY = {"g": "999", "x264-params": "scenecut=0"}


def twice(name: str, codec: str, form: str | None = None, head: int = 0, audio: Sound | None = None) -> Recipe:
    """Two files in one, the clock of the second beginning as that of the first."""
    options = X264 if codec == "libx264" else {}
    how = {"form": form, "audio": audio, "options": options, "start": 1.0 if form is None else 0.0}
    return one_after_the_other(name, *(encoded(f"w-{name}", codec, first=n, **how) for n in (0, N)), head=head)


TIMED: dict[str, Kind] = {
    **{
        f"{rate} pictures a second": Kind(
            paced(rate), Answer(n_pictures=round(2 * Fraction(rate))), fps=float(Fraction(rate))
        )
        for rate in ("24000/1001", "24", "30000/1001", "30", "50", "60000/1001", "60", "120", "12", "5")
    },
    **{
        f"{rate} pictures a second, mkv": Kind(
            paced(rate, "v.mkv"), Answer(n_pictures=round(2 * Fraction(rate))), fps=float(Fraction(rate))
        )
        for rate in ("24000/1001", "30000/1001", "60000/1001", "15")
    },
    "1 picture a second": Kind(paced("1", seconds=5), Answer(duration=5, n_pictures=5), fps=1),
    "one picture": Kind(written("v.mp4", times=TIMES[:1]), Answer(n_pictures=1)),
    "uneven times": Kind(written("v.mkv", times=UNEVEN, tick=MS), Answer(counted=True), fps=25),
    "uneven times, mp4": Kind(written("v.mp4", times=UNEVEN), Answer(counted=True), fps=25),
    "no duration": Kind(written("v.mkv", flags={"live": "1"}), Answer(duration=None)),
    "no duration, webm": Kind(
        written("v.webm", sound("libopus", 48_000), codec="libvpx", flags={"live": "1"}), Answer(duration=None)
    ),
    "a hole in the pictures": Kind(written("v.mkv", times=HOLE, tick=MS), Answer(duration=5.0, counted=False)),
    "a hole in the pictures, mp4": Kind(written("v.mp4", times=HOLE), Answer(duration=5.0, counted=False)),
    "a hole in the sound": Kind(
        written("v.mkv", Sound(tone(220, 2, audio_rate=48_000), holes=((0.6, 1.4),))), Answer(level=None)
    ),
    **{
        f"begins at {start} s, {s}": Kind(written(f"v.{s}", late(start), times=TIMES + start), Answer())
        for start in (5, 100, 18_000)
        for s in ("mkv", "ts", "flv")
    },
    "begins at 5 s, mp4": Kind(written("v.mp4", late(5), times=TIMES + 5), Answer()),
    "begins at 5 s, pictures only": Kind(written("v.mkv", times=TIMES + 5, mute=True), Answer(level=None)),
    "pictures a second before the sound": Kind(written("v.ts", late(6), times=TIMES + 5), Answer(duration=3.0)),
    "sound a second before the pictures": Kind(
        written("v.ts", late(5), times=TIMES + 6), Answer(duration=3.0, first=1.0)
    ),
    "the clock of ts wraps around": Kind(written("v.ts", late(95_442.7), times=TIMES + 95_442.7)),
    "two recordings in one ts": Kind(joined("v.ts", 3, 3), Answer(duration=4.0, n_pictures=2 * N)),
    "three recordings in one ts": Kind(joined("v.ts", 9, 3, 700), Answer(duration=6.0, n_pictures=3 * N, counted=None)),
    "a jump of 10,000 s in ts": Kind(joined("v.ts", 1, 10_001), Answer(duration=4.0, n_pictures=2 * N)),
    "two recordings in one flv": Kind(twice("v.flv", "libx264", audio=sound(), head=13), TWICE),
    "two recordings in one mpg": Kind(twice("v.mpg", "mpeg2video", audio=sound("mp2")), TWICE),
    "two recordings in one h264": Kind(
        twice("v.h264", "libx264", "h264"), Answer(duration=None, n_pictures=2 * N, level=None)
    ),
    "two recordings in one mkv, of which players show one": Kind(
        one_after_the_other(
            "v.mkv", *(encoded("w.mkv", "libx264", first=n, audio=sound(), options=X264) for n in (0, N))
        )
    ),
    "two recordings in one mp4, of which players show one": Kind(
        one_after_the_other("v.mp4", written("w.mp4"), written("w.mp4"))
    ),
    **{
        f"sizes that change, {s}": Kind(
            of_sizes(f"v.{s}", sizes),
            Answer(duration=4.1, n_pictures=2 * N, counted=None, shape=(120 * sizes[0], 160 * sizes[0])),
        )
        for s, sizes in (("mp4", (1, 2)), ("mkv", (1, 2)), ("flv", (2, 1)), ("ts", (2, 1)))
    },
    "trimmed at a keyframe": Kind(trimmed(written("w.mp4"), 0.96, 1.04), Answer(n_pictures=26)),
    "trimmed between keyframes": Kind(trimmed(written("w.mp4"), 0.6, 1.4), Answer(n_pictures=35)),
    "trimmed behind the only keyframe": Kind(
        trimmed(written("w.mp4", options=ONE_KEY), 0.6, 1.4), Answer(n_pictures=35)
    ),
    "trimmed, with B-frames": Kind(
        trimmed(written("w.mp4", options=ONE_KEY | {"bf": "3", "b-adapt": "0"}), 0.6, 1.4), Answer(n_pictures=35)
    ),
    "trimmed at the end": Kind(trimmed(written("w.mp4"), 0, 1.0), Answer(n_pictures=25)),
    "cut in the middle": Kind(cut_out(written("w.mp4"), 0.8, 1.2), Answer(n_pictures=40, counted=None)),
    "cut in the middle, one keyframe": Kind(
        cut_out(written("w.mp4", options=ONE_KEY), 0.8, 1.2), Answer(n_pictures=40, counted=None)
    ),
    "begins before the clock, mp4": Kind(
        written("v.mp4", late(-0.4), times=TIMES - 0.4), Answer(duration=1.6, n_pictures=40)
    ),
    "begins before the clock, mkv": Kind(written("v.mkv", late(-0.4), times=TIMES - 0.4)),
    "two pictures": Kind(written("v.mp4", times=TIMES[:2]), Answer(n_pictures=2)),
    "one picture without sound": Kind(
        written("v.webm", mute=True, times=TIMES[:1], codec="libvpx"),
        Answer(duration=(0, 0.2), n_pictures=1, level=None),
    ),
    "240 pictures a second": Kind(paced("240", seconds=1), Answer(n_pictures=240), fps=240),
    "120 pictures a second, mkv": Kind(paced("120", "v.mkv"), Answer(n_pictures=240), fps=120),
    **{
        f"a picture each 10 s, {s}": Kind(paced("1/10", f"v.{s}", 40), Answer(duration=(30, 40), n_pictures=4), fps=0.1)
        for s in ("mp4", "mkv")
    },
    "sizes that change": Kind(joined("v.ts", 3, 5, size=(1, 2)), Answer(duration=4.0, n_pictures=2 * N)),
    "pictures of half the length": Kind(written("v.mp4", times=TIMES[:25]), Answer(n_pictures=25)),
    "pictures of no length": Kind(written("v.mp4", times=NO_LENGTH), Answer(n_pictures=N, counted=None)),
    "no edit list": Kind(
        written("v.mp4", flags={"use_editlist": "0"}, options={"bf": "3", "b-adapt": "0"}), Answer(first=0.08)
    ),
    "negative offsets": Kind(
        written("v.mp4", flags={"movflags": "negative_cts_offsets"}, options={"bf": "3", "b-adapt": "0"})
    ),
    "ticks of 1/25 s": Kind(written("v.mp4", tick=Fraction(1, 25))),
    "ticks of 1/1000 s": Kind(written("v.mp4", tick=MS)),
    "every fifth packet lost": Kind(
        remuxed(
            written("w.mkv", options={"g": "1"}), "v.mkv", packet=lambda p, k: p.stream.type == "audio" or k % 5 != 3
        ),
        Answer(n_pictures=40),
    ),
    "without the first keyframe": Kind(
        remuxed(written("w.ts"), "v.ts", packet=lambda p, k: p.stream.type == "audio" or k > 0),
        Answer(n_pictures=(37, 49), first=0.503),
    ),
    "h264 without container": raw("libx264", "h264"),
    "h264 with B-frames without container": raw("libx264", "h264", options={"bf": "3", "b-adapt": "0"}),
    "hevc without container": raw("libx265", "hevc"),
    "mpeg2 without container": raw("mpeg2video", "m2v"),
    "mjpeg without container": raw("mjpeg", "mjpeg", pixel_format="yuvj420p"),
    "vp9 in ivf": Kind(written("v.ivf", mute=True, codec="libvpx-vp9", tick=Fraction(1, FPS)), Answer(level=None)),
}
