"""A highlight reel: the moments one after the other in one MP4 file, with captions and cross-fades if wanted.

The pieces are first cut out and joined on one clock, at a constant frame rate and with sound at its true time, for
moviepy takes the first picture and the first sample of a file as simultaneous. It then reads that one file, so the
number of moments does not count for memory.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import proglog  # type: ignore[import-untyped]
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from core.export.lists import one_line
from core.export.timecode import Media, Piece
from core.storage.files import writing
from core.video.packets import Source
from core.video.transcode import OnProgress, encode
from core.video.writer import Recipe, Writer, even_size

HEIGHT = 1080  # pixels at most
ASSEMBLY_SHARE = 0.3  # of the work that cutting and joining takes
# Fonts with Korean letters, best first: Windows, macOS, Linux.
FONTS = (
    "malgunbd.ttf",
    "malgun.ttf",
    "AppleSDGothicNeo.ttc",
    "NotoSansCJK-Bold.ttc",
    "NotoSansCJK-Regular.ttc",
    "NotoSansKR-Bold.otf",
    "NanumGothicBold.ttf",
    "NanumGothic.ttf",
    "NotoSerifCJK-Bold.ttc",
)
_FONT_FOLDERS = {
    "win32": ("C:/Windows/Fonts",),
    "darwin": ("/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts"),
}
_LINUX_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")


def caption_font() -> Path | None:
    """A font of this computer that has Korean letters, or None."""
    folders = [Path(name).expanduser() for name in _FONT_FOLDERS.get(sys.platform, _LINUX_FOLDERS)]
    files = {path.name: path for folder in folders if folder.is_dir() for path in folder.rglob("*.[ot]t[fc]")}
    return next((files[name] for name in FONTS if name in files), None)


def caption_image(text: str, width: int, height: int, font: Path | None) -> NDArray[np.uint8]:
    """A line of text as it lies over the lower left of a picture, RGBA (h, w, 4); a long one is cut."""
    size = max(10, round(height / 18))
    face: Any = ImageFont.truetype(str(font), size) if font else ImageFont.load_default(size)
    pen = ImageDraw.Draw(Image.new("RGBA", (1, 1)))
    text = one_line(text)
    margin = size // 2
    if pen.textlength(text, font=face) > width - 4 * margin:
        while text and pen.textlength(text + "…", font=face) > width - 4 * margin:
            text = text[:-1]
        text += "…"
    left, top, right, bottom = pen.textbbox((0, 0), text or " ", font=face)
    image = Image.new("RGBA", (int(right - left) + 2 * margin, int(bottom - top) + margin), (0, 0, 0, 150))
    ImageDraw.Draw(image).text((margin - left, margin // 2 - top), text, font=face, fill=(255, 255, 255, 255))
    return np.asarray(image, np.uint8)


class _Logger(proglog.ProgressBarLogger):  # type: ignore[misc]
    """Passes moviepy's count of frames on; what the receiver raises ends the writing."""

    def __init__(self, on_frame: Callable[[float], None]) -> None:
        super().__init__()
        self._on_frame = on_frame

    def bars_callback(self, bar: str, attr: str, value: Any, old_value: Any = None) -> None:
        total = self.bars[bar].get("total") or 0
        if attr == "index":
            self._on_frame(value / total if total and bar == "frame_index" else 0.0)


def _assemble(
    path: Path, pieces: Sequence[Piece], media: Media, height: int, on_progress: OnProgress
) -> list[tuple[float, float]]:
    """Join the pieces in one file; gives each one's start and end in it, in seconds."""
    spans: list[tuple[float, float]] = []
    bounds = [piece.frames(media) for piece in pieces]
    total = float(sum(last - first for first, last in bounds) / media.rate)
    with Source(media.info.path) as source:
        width, high = even_size(source, media.info, height=height)
        recipe = Recipe(width, high, rate=media.rate, crf=14, preset="ultrafast")
        with Writer(path, source, recipe=recipe) as writer:
            n_frames = 0
            for first, last in bounds:
                at = n_frames / media.rate
                n_frames += last - first
                spans.append((float(at), float(n_frames / media.rate)))
                start, end = float(first / media.rate), float(last / media.rate)
                told = spans[-1][0]

                def tell(completed: float, _: float, told: float = told) -> None:
                    on_progress(told + completed, total)

                encode(source, writer, start, end, at=float(at), pad=True, on_progress=tell)
                on_progress(spans[-1][1], total)
    return spans


def write_reel(
    path: Path,
    pieces: Sequence[Piece],
    media: Media,
    *,
    captions: bool = False,
    cross_fade: float = 0.0,
    height: int = HEIGHT,
    font: Path | None = None,
    on_progress: OnProgress | None = None,
) -> list[str]:
    """Write the reel as MP4 (H.264, AAC); whole or not at all.

    Parameters
    ----------
    captions
        Show each piece's name over the picture.
    cross_fade
        Seconds for which two pieces fade into each other; at most half of the shortest one.
    height
        The most, in pixels.
    font
        For the captions; one with Korean letters is looked for by default.
    on_progress
        Called with seconds of the reel done and in all; what it raises stops the work and leaves nothing behind.

    Returns
    -------
    Sentences for the user.

    Raises
    ------
    StorageFault
        If the file cannot be written.
    """
    said = []
    if captions:
        font = font or caption_font()
        if font is None and any(ord(letter) > 255 for piece in pieces for letter in piece.name):
            said.append("no font with Korean letters was found; captions lack them. Install one, such as Noto Sans CJK")
    tell: OnProgress = on_progress if on_progress is not None else _ignore
    with writing(path) as partial, tempfile.TemporaryDirectory(dir=path.parent, prefix=".reel-") as folder:
        assembly = Path(folder) / "assembly.mp4"
        spans = _assemble(assembly, pieces, media, height, lambda done, all_: tell(ASSEMBLY_SHARE * done, all_))
        _compose(partial, assembly, pieces, media, (spans, captions, cross_fade, font), tell)
    return said


def _ignore(completed: float, total: float) -> None:
    """Nobody asked for progress."""


def _compose(
    partial: Path,
    assembly: Path,
    pieces: Sequence[Piece],
    media: Media,
    how: tuple[list[tuple[float, float]], bool, float, Path | None],
    tell: OnProgress,
) -> None:
    from moviepy import (  # type: ignore[import-untyped]
        CompositeVideoClip,
        VideoFileClip,
        concatenate_videoclips,
    )

    spans, captions, cross_fade, font = how
    shortest = min(end - start for start, end in spans)
    fade = min(cross_fade, shortest / 2) if len(spans) > 1 else 0.0
    total = spans[-1][1]
    # Two readers take turns, so that each reads forwards where two pieces are shown at once.
    readers = [VideoFileClip(str(assembly)) for _ in range(2 if fade else 1)]
    reel: Any = None
    try:
        clips = []
        for k, (start, end) in enumerate(spans):
            clip = readers[k % len(readers)].subclipped(start, min(end, readers[0].duration))
            if captions and one_line(pieces[k].name):
                clip = CompositeVideoClip([clip, _caption(pieces[k].name, clip, font)], use_bgclip=True)
            clips.append(clip.with_effects(list(_fades(k, len(spans), fade, sound=clip.audio is not None))))
        reel = concatenate_videoclips(clips, method="compose" if fade else "chain", padding=-fade)
        share = 1 - ASSEMBLY_SHARE
        reel.write_videofile(
            str(partial),
            fps=float(media.rate),
            codec="libx264",
            audio_codec="aac",
            audio_bitrate="160k",
            preset="veryfast",
            temp_audiofile=str(assembly.with_name("sound.m4a")),
            ffmpeg_params=["-f", "mp4", "-crf", "18", "-movflags", "+faststart"],
            pixel_format="yuv420p",
            logger=_Logger(lambda done: tell(total * (ASSEMBLY_SHARE + share * done), total)),
        )
    finally:
        for clip in (reel, *readers):
            if clip is not None:
                clip.close()


def _fades(k: int, n: int, fade: float, *, sound: bool) -> Iterator[Any]:
    from moviepy import afx, vfx

    if not fade:
        return
    if k > 0:
        yield vfx.CrossFadeIn(fade)
        if sound:
            yield afx.AudioFadeIn(fade)
    if k < n - 1 and sound:
        yield afx.AudioFadeOut(fade)


def _caption(text: str, clip: Any, font: Path | None) -> Any:
    from moviepy import ImageClip

    image = caption_image(text, clip.w, clip.h, font)
    margin = clip.h // 24
    place = (margin, max(0, clip.h - image.shape[0] - margin))
    return ImageClip(image, transparent=True).with_duration(clip.duration).with_position(place)
