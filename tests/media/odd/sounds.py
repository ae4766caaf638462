"""Kinds of sound: codecs, rates, channels, levels."""

from __future__ import annotations

from math import log10

import numpy as np

from tests.media import Sound, tone
from tests.media.odd.answer import FPS, LOUD, Answer
from tests.media.odd.kind import Kind
from tests.media.odd.recipes import TIMES, channels, heard, joined, late, sound, written

LONG = Sound(tone(220, 7, audio_rate=44_100), 44_100, codec="aac")


def quieter(share: float) -> Answer:
    """The level where so much of the channels' power is there."""
    return Answer(level=LOUD + 10 * log10(share))


SOUNDS: dict[str, Kind] = {
    **{
        f"sound of {codec} in {suffix}": Kind(heard(codec, f"v.{suffix}", layout="stereo"))
        for codec, suffix in (
            ("aac", "mp4"),
            ("ac3", "mp4"),
            ("eac3", "ts"),
            ("alac", "mov"),
            ("flac", "mkv"),
            ("libmp3lame", "mp4"),
            ("libopus", "mkv"),
            ("libopus", "mp4"),
            ("mp2", "ts"),
            ("tta", "mkv"),
            ("wavpack", "mkv"),
            ("pcm_s16be", "mov"),
            ("pcm_s24le", "mkv"),
            ("pcm_u8", "mkv"),
            ("pcm_f64le", "mkv"),
            ("pcm_mulaw", "mov"),
            ("pcm_alaw", "mov"),
            ("adpcm_ms", "avi"),
            ("adpcm_ima_wav", "avi"),
        )
    },
    **{f"sound of {r} Hz": Kind(heard("pcm_s16le", rate=r)) for r in (8000, 11_025, 22_050, 32_000, 96_000, 192_000)},
    **{f"aac of {r} Hz": Kind(heard("aac", "v.mp4", rate=r)) for r in (8000, 16_000, 96_000)},
    "aac of 7.1": Kind(written("v.mp4", sound("aac", 48_000, "7.1", (1,) * 8)), Answer(level=-9.6)),
    "sound of 22.2": Kind(channels("22.2", *[1.0] * 24)),
    **{
        f"sound of {codec} in {suffix}, mono": Kind(heard(codec, f"v.{suffix}"))
        for codec, suffix in (("flac", "mp4"), ("libopus", "ts"), ("libmp3lame", "ts"), ("pcm_s24le", "avi"))
    },
    "sound of blu-ray": Kind(written("v.m2ts", sound("pcm_bluray", 48_000, "stereo", (1, 1)))),
    "float sound of 96 kHz in mov": Kind(heard("pcm_f32le", "v.mov", rate=96_000)),
    "opus of 5.1 in webm": Kind(
        written("v.webm", sound("libopus", 48_000, "5.1", (1,) * 6), codec="libvpx-vp9"), quieter(5 / 6)
    ),
    "channels that change": Kind(
        joined("v.ts", 3, 5, audio=(sound("ac3", 48_000), sound("ac3", 48_000, "5.1", (1,) * 6))),
        Answer(duration=4.0, n_pictures=100),
    ),
    "a rate that changes": Kind(
        joined("v.ts", 3, 5, audio=(sound("aac", 44_100), sound("aac", 48_000))), Answer(duration=4.0, n_pictures=100)
    ),
    "mono that becomes stereo": Kind(
        joined("v.ts", 3, 5, audio=(sound(), sound(layout="stereo", gains=(1, 1)))),
        Answer(duration=4.0, n_pictures=100),
    ),
    "sound that begins before the clock": Kind(written("v.mkv", late(-0.1)), Answer(first=0.1)),
    "speech of phones": Kind(heard("libopencore_amrnb", "v.3gp", rate=8000), Answer(level=-11.4)),
    **{
        f"sound of {layout}": Kind(channels(layout, *[1.0] * n))
        for layout, n in (("2.1", 3), ("quad", 4), ("5.0", 5), ("5.1(side)", 6), ("6.1", 7), ("7.1", 8))
    },
    "left only": Kind(channels("stereo", 1, 0), quieter(1 / 2)),
    "right only": Kind(channels("stereo", 0, 1), quieter(1 / 2)),
    "opposite phase": Kind(channels("stereo", 1, -1)),
    "centre of 5.1": Kind(channels("5.1", 0, 0, 1, 0, 0, 0), quieter(1 / 6)),
    "bass of 5.1": Kind(channels("5.1", 0, 0, 0, 1, 0, 0), quieter(1 / 6)),
    "surrounds of 7.1": Kind(channels("7.1", 0, 0, 0, 0, 1, 1, 1, 1), quieter(1 / 2)),
    "one of 7.1": Kind(channels("7.1", 0, 0, 0, 0, 0, 0, 0, 1), quieter(1 / 8)),
    "quiet sound": Kind(channels("mono", 0.01), quieter(1e-4)),
    "silence": Kind(channels("stereo", 0, 0), Answer(level=-80)),
    "louder than full scale": Kind(
        written("v.mkv", sound("pcm_f32le", gains=(4,))), Answer(level=LOUD + 20 * log10(4))
    ),
    "no sound": Kind(written("v.mp4", mute=True), Answer(level=None)),
    "sound from 1.6 s on": Kind(written("v.mkv", late(1.6)), Answer(level=None, duration=3.6)),
    "sound from .5 s on": Kind(written("v.mp4", late(0.5)), Answer(duration=2.5)),
    **{
        f"sound from 5 s on, {s}": Kind(
            written(f"v.{s}", late(5 + begin), times=begin + np.arange(200) / FPS),
            Answer(duration=8.0, n_pictures=200, level=None),
        )
        for s, begin in (("mp4", 0), ("mkv", 0), ("ts", 1))
    },
    **{
        f"pictures from 5 s on, {s}": Kind(written(f"v.{s}", LONG, times=TIMES + 5), Answer(duration=7.0, first=5.0))
        for s in ("mp4", "mkv")
    },
    **{
        f"sound longer than the pictures by 5 s, {s}": Kind(written(f"v.{s}", LONG), Answer(duration=7.0))
        for s in ("mp4", "mkv")
    },
    "pictures from .5 s on": Kind(written("v.mp4", times=TIMES + 0.5), Answer(duration=2.5, first=0.5)),
    "sound of half the length": Kind(
        written("v.mp4", Sound(tone(220, 0.5, audio_rate=44_100), 44_100, codec="aac")), Answer(level=None)
    ),
}
