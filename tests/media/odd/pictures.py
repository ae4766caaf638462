"""Kinds of pictures: containers, codecs, formats of pixels, shapes, turns, colours."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from tests.media import interlaced
from tests.media.odd.alterations import encoded, photos
from tests.media.odd.answer import FPS, Answer
from tests.media.odd.kind import Kind
from tests.media.odd.recipes import coded, late, plain, sound, turned, written

B_FRAMES = {"bf": "3", "b-adapt": "0"}
RATE = Fraction(1, FPS)
MP3, PCM = sound("libmp3lame"), sound("pcm_s16le")
WMA = sound("wmav2", layout="stereo", gains=(1, 1))
PLAIN = Answer(level=None, look="other", counted=False)
CONTAINERS = ("mp4", "mov", "m4v", "3gp", "mkv", "ts", "flv", "nut", "f4v")

PICTURES: dict[str, Kind] = {
    **{f"h264 in {s}": Kind(written(f"v.{s}")) for s in CONTAINERS},
    **{f"B-frames in {s}": Kind(written(f"v.{s}", options=B_FRAMES)) for s in CONTAINERS},
    "h264 in avi": Kind(written("v.avi", PCM, tick=RATE)),
    "h264 with B-frames in avi": Kind(written("v.avi", MP3, tick=RATE, options=B_FRAMES)),
    "h264 in m2ts": Kind(written("v.m2ts", sound("ac3", 48_000), flags={"mpegts_m2ts_mode": "1"})),
    "h264 in wmv": Kind(written("v.wmv", WMA, tick=Fraction(1, 1000)), Answer(first=0.046)),
    "open groups": Kind(written("v.mkv", options=B_FRAMES | {"x264-params": "open-gop=1:keyint=12"})),
    "pyramid of B-frames": Kind(written("v.mp4", options={"bf": "8", "b-adapt": "0", "b-pyramid": "normal"})),
    "one keyframe": Kind(written("v.mp4", options={"g": "9999", "x264-params": "scenecut=0"})),
    "only keyframes": Kind(written("v.mp4", options={"g": "1"})),
    "intra refresh, no keyframes": Kind(written("v.mkv", options={"intra-refresh": "1", "g": "25"})),
    "hevc": Kind(written("v.mp4", codec="libx265")),
    "hevc in ts": Kind(written("v.ts", codec="libx265")),
    "hevc of phones": Kind(
        written("v.mov", late(0.02), codec="libx265", rotation=90, tick=Fraction(1, 600), options={"bf": "3"})
    ),
    "hevc in flv": Kind(written("v.flv", codec="libx265")),
    "hevc of cameras": Kind(written("v.mp4", codec="libx265", pixel_format="yuv422p10le")),
    "hevc, 10 bit": Kind(written("v.mkv", codec="libx265", pixel_format="yuv420p10le")),
    "h264, 10 bit": Kind(written("v.mkv", pixel_format="yuv420p10le")),
    "h264, 4:2:2": Kind(written("v.mov", pixel_format="yuv422p")),
    "h264, 4:4:4": Kind(written("v.mp4", pixel_format="yuv444p")),
    "h264, lossless rgb": Kind(written("v.mkv", codec="libx264rgb", pixel_format="rgb24")),
    "h264, grey": Kind(written("v.mkv", pixel_format="gray"), Answer(look="other", counted=False)),
    "hevc, 12 bit": Kind(written("v.mp4", codec="libx265", pixel_format="yuv420p12le")),
    "hevc, 12 bit 4:4:4": Kind(written("v.mkv", codec="libx265", pixel_format="yuv444p12le")),
    "h264, 10 bit 4:2:2 in mxf": Kind(
        written("v.mxf", sound("pcm_s16le", 48_000), pixel_format="yuv422p10le", tick=RATE)
    ),
    "vp9, rgb": Kind(written("v.webm", sound("libopus", 48_000), codec="libvpx-vp9", pixel_format="gbrp")),
    "vp8 in ogg": Kind(encoded("v.ogv", "libvpx", form="ogg", audio=sound("libopus", 48_000))),
    "vp8": Kind(written("v.webm", sound("libopus", 48_000), codec="libvpx")),
    "vp9": Kind(written("v.webm", sound("libopus", 48_000), codec="libvpx-vp9")),
    "vp9, alpha": Kind(written("v.webm", sound("libopus", 48_000), codec="libvpx-vp9", pixel_format="yuva420p")),
    "vp9 in mp4": Kind(written("v.mp4", codec="libvpx-vp9")),
    "av1": Kind(written("v.mkv", codec="libsvtav1", options={"preset": "8", "crf": "10"})),
    "av1 in webm": Kind(
        written("v.webm", sound("libopus", 48_000), codec="libsvtav1", options={"preset": "8", "crf": "10"})
    ),
    "av1 in mp4": Kind(written("v.mp4", codec="libsvtav1", options={"preset": "8", "crf": "10"})),
    "av1, 10 bit": Kind(
        written("v.mp4", codec="libsvtav1", pixel_format="yuv420p10le", options={"preset": "8", "crf": "10"})
    ),
    "av1 without container": Kind(
        encoded("v.obu", "libsvtav1", form="obu", options={"preset": "8", "crf": "10"}),
        Answer(duration=None, level=None),
    ),
    "jpegs one after the other": Kind(photos("v.mjpg"), Answer(duration=None, level=None)),
    "jpegs of a camera that was turned": Kind(
        photos("v.mjpg", turn=6), Answer(duration=None, level=None, shape=(160, 120), look="turned clockwise")
    ),
    "jpegs of no name's suffix": Kind(photos("v"), Answer(duration=None, level=None)),
    "a photo called mp4": Kind(photos("v.mp4", n=1), Answer(duration=None, level=None, n_pictures=1)),
    "tiff in mov": Kind(coded("tiff", "v.mov", "rgb24")),
    "yuv4mpeg": Kind(encoded("v.y4m", "wrapped_avframe", form="yuv4mpegpipe"), Answer(level=None)),
    "screen video": Kind(written("v.flv", MP3, codec="flashsv", pixel_format="bgr24", tick=RATE)),
    "zmbv": Kind(coded("zmbv", "v.avi", "bgr0")),
    "cinepak": Kind(coded("cinepak", "v.avi", "rgb24")),
    "sorenson video 1": Kind(coded("svq1", "v.mov", "yuv410p")),
    "mjpeg": Kind(coded("mjpeg", "v.avi", "yuvj420p")),
    "mjpeg in mov": Kind(coded("mjpeg", "v.mov", "yuvj422p")),
    "mpeg1": Kind(written("v.mpg", sound("mp2"), codec="mpeg1video", tick=RATE)),
    "mpeg2 in ts": Kind(written("v.ts", sound("mp2"), codec="mpeg2video", tick=RATE)),
    "mpeg2 in vob": Kind(written("v.vob", sound("ac3", 48_000), codec="mpeg2video", tick=RATE)),
    "mpeg2 with B-frames": Kind(written("v.mpg", sound("mp2"), codec="mpeg2video", tick=RATE, options={"bf": "2"})),
    "mpeg4 in avi": Kind(written("v.avi", PCM, codec="mpeg4", tick=RATE)),
    "mpeg4 with packed B-frames": Kind(written("v.avi", MP3, codec="mpeg4", tick=RATE, options={"bf": "2"})),
    "mpeg4 in mp4": Kind(written("v.mp4", codec="mpeg4", tick=RATE)),
    "divx 3": Kind(written("v.avi", PCM, codec="msmpeg4", tick=RATE)),
    "wmv1": Kind(written("v.asf", WMA, codec="wmv1", tick=Fraction(1, 1000)), Answer(first=0.046)),
    "wmv2": Kind(written("v.wmv", WMA, codec="wmv2", tick=Fraction(1, 1000)), Answer(first=0.046)),
    "sorenson h263 in flv": Kind(written("v.flv", MP3, codec="flv", tick=RATE)),
    "h263 of phones": Kind(
        written("v.3gp", sound("libopencore_amrnb", 8000), codec="h263", width=176, height=144, tick=RATE),
        Answer(shape=(144, 192), level=-11.4),
    ),
    "real video": Kind(
        written("v.rm", sound("ac3", 48_000), codec="rv20", width=176, height=144, tick=RATE), Answer(shape=(144, 176))
    ),
    **{f"prores {f}": Kind(coded("prores_ks", "v.mov", f)) for f in ("yuv422p10le", "yuv444p10le", "yuva444p10le")},
    "dnxhr": Kind(
        coded("dnxhd", "v.mov", "yuv422p", width=320, height=240, options={"profile": "dnxhr_hq"}),
        Answer(shape=(240, 320), look="other", counted=False),
    ),
    "cineform": Kind(coded("cfhd", "v.mov", "yuv422p10le")),
    "jpeg 2000": Kind(coded("jpeg2000", "v.mov", "yuv420p")),
    "dv in avi": Kind(coded("dvvideo", "v.avi", width=720, height=576), Answer(shape=(576, 768))),
    "dv without container": Kind(encoded("v.dv", "dvvideo", size=(720, 576)), Answer(level=None, shape=(576, 768))),
    "dv in mov": Kind(coded("dvvideo", "v.mov", width=720, height=576), Answer(shape=(576, 768))),
    "png in mov": Kind(coded("png", "v.mov", "rgb24")),
    "animation with alpha": Kind(coded("qtrle", "v.mov", "argb")),
    "huffyuv": Kind(coded("huffyuv", "v.avi", "yuv422p")),
    "utvideo": Kind(coded("utvideo", "v.avi", "gbrp")),
    "magicyuv": Kind(coded("magicyuv", "v.avi", "yuv444p")),
    "uncompressed yuv": Kind(coded("rawvideo", "v.avi", "yuv420p")),
    "uncompressed rgb": Kind(coded("rawvideo", "v.avi", "bgr24")),
    "v210": Kind(coded("v210", "v.mov", "yuv422p10le")),
    "gif": Kind(written("v.gif", mute=True, codec="gif", pixel_format="rgb8", tick=RATE), Answer(level=None)),
    "animated png": Kind(
        written("v.apng", mute=True, codec="apng", pixel_format="rgb24", tick=RATE), Answer(duration=None, level=None)
    ),
    "animated webp": Kind(written("v.webp", mute=True, codec="libwebp_anim", tick=RATE), "not one picture"),
    **{
        f"ffv1, {f}": Kind(coded("ffv1", "v.mkv", f))
        for f in ("yuv444p", "yuv422p", "yuv440p", "yuv411p", "yuv410p", "yuv420p10le", "yuv444p12le", "gbrp16le")
    },
    "ffv1, grey of 16 bit": Kind(coded("ffv1", "v.mkv", "gray16le"), Answer(look="other", counted=False)),
    "full range": Kind(written("v.mkv", pixel_format="yuvj420p")),
    "full range, only tagged": Kind(plain(255, color_range=2), replace(PLAIN, mean=255)),
    "limited range white": Kind(plain(235, color_range=1), replace(PLAIN, mean=255)),
    "untagged white": Kind(plain(235), replace(PLAIN, mean=255)),
    "grey of BT.709": Kind(plain(126, colorspace=1, color_primaries=1, color_trc=1), replace(PLAIN, mean=128)),
    "grey of BT.2020": Kind(plain(126, colorspace=9, color_primaries=9, color_trc=14), replace(PLAIN, mean=128)),
    "odd size": Kind(coded("ffv1", width=161, height=121), Answer(shape=(121, 161))),
    "odd size, vp9": Kind(
        written("v.webm", sound("libopus", 48_000), codec="libvpx-vp9", width=853, height=479), Answer(shape=(479, 853))
    ),
    "odd size, h264": Kind(written("v.mp4", pixel_format="yuv444p", width=161, height=121), Answer(shape=(121, 161))),
    **{
        f"641 x 359, {what}": Kind(recipe, Answer(shape=(359, 641)))
        for what, recipe in {
            "h264": written("v.mp4", pixel_format="yuv444p", width=641, height=359),
            "hevc": written("v.mkv", codec="libx265", pixel_format="yuv444p", width=641, height=359),
            "mjpeg": coded("mjpeg", "v.avi", "yuvj420p", width=641, height=359),
            "turned": written("v.mp4", pixel_format="yuv444p", width=641, height=359, rotation=90),
        }.items()
    },
    "16 x 16": Kind(written("v.mp4", width=16, height=16), Answer(shape=(16, 16), counted=None)),
    "higher than wide": Kind(written("v.mp4", width=90, height=160), Answer(shape=(160, 90))),
    "very wide": Kind(written("v.mp4", width=640, height=60), Answer(shape=(60, 640))),
    "tiny": Kind(coded("ffv1", width=32, height=24), Answer(shape=(24, 32))),
    **{f"turned by {r}": Kind(written("v.mp4", rotation=r)) for r in (90, 180, 270)},
    **{f"turned by {r}, mov": Kind(written("v.mov", rotation=r)) for r in (90, 270)},
    "mirrored twice": Kind(turned(-1, 0, 0, -1), Answer(look="turned by 180")),
    "upside down": Kind(turned(1, 0, 0, -1), Answer(look="upside down")),
    "mirrored": Kind(turned(-1, 0, 0, 1), Answer(look="mirrored")),
    "quarter turn": Kind(turned(0, 1, -1, 0), Answer(shape=(160, 120), look="turned clockwise")),
    "three quarters": Kind(turned(0, -1, 1, 0), Answer(shape=(160, 120), look="turned anticlockwise")),
    "empty matrix": Kind(turned(0, 0, 0, 0)),
    **{
        f"pixels of {a}": Kind(
            written("v.mkv", context={"sample_aspect_ratio": Fraction(a)}),
            Answer(shape=(120, round(160 * Fraction(a)))),
        )
        for a in ("4/3", "2/1", "16/15", "1/2")
    },
    **{
        f"pixels of 4/3, turned by {turn}, {name}": Kind(
            written(name, rotation=turn, context={"sample_aspect_ratio": Fraction(4, 3)}, codec=codec),
            Answer(shape=(120, 120)),
        )
        for turn, name, codec in ((90, "v.mp4", "libx264"), (270, "v.mkv", "libx264"), (270, "v.mov", "libx265"))
    },
    "pixels of 2/1, turned": Kind(
        written("v.mp4", rotation=90, context={"sample_aspect_ratio": Fraction(2)}), Answer(shape=(120, 80))
    ),
    "interlaced, 4:3 pixels": Kind(
        lambda folder: interlaced(folder / "v.mpg", aspect=Fraction(4, 3)),
        Answer(duration=1.0, n_pictures=25, level=None, shape=(120, 213), look="other", counted=False),
    ),
    "interlaced h264": Kind(
        lambda folder: interlaced(folder / "v.mp4", codec="libx264"),
        Answer(duration=1.0, n_pictures=25, level=None, look="other", counted=False),
    ),
}
