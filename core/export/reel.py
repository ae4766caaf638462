"""A highlight reel: the moments one after the other in one MP4 file, with captions and cross-fades if wanted.

Each picture is decoded, laid on the clock of the reel and encoded once. moviepy composes the two of a cross-fade.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from core.export.captions import Caption, caption_font
from core.export.lists import one_line
from core.export.timecode import Media, Piece
from core.storage.files import writing
from core.video.container import Source
from core.video.picture import Converter
from core.video.sound_track import Floats, SoundTrack, n_channels
from core.video.streams import Tracks
from core.video.transcode import OnProgress, check_pictures, pictures_at, sound_into
from core.video.writer import Recipe, Writer


@dataclass(frozen=True)
class ReelOptions:
    """How a reel looks and sounds.

    `captions` shows each piece's name over the picture, in `font` (one with Korean letters is looked for by default).
    `cross_fade` is in seconds, at most half of the shortest piece. `height` is the most, in pixels. `audio_track` is
    the number of the sound track that is kept; None keeps all.
    """

    captions: bool = False
    cross_fade: float = 0.0
    height: int = 1080
    font: Path | None = None
    audio_track: int | None = None


def write_reel(
    path: Path,
    pieces: Sequence[Piece],
    media: Media,
    options: ReelOptions = ReelOptions(),
    *,
    on_progress: OnProgress | None = None,
) -> list[str]:
    """Write the reel as MP4 (H.264, AAC) at the rate of `media`; whole or not at all.

    Parameters
    ----------
    on_progress
        Called with seconds of the reel done and in all; what it raises stops the work and leaves nothing behind.

    Returns
    -------
    Sentences for the user.

    Raises
    ------
    PunchlineError
        If the video holds no picture of a piece.
    VideoUnreadable
        If it has no such sound track.
    StorageFault
        If the file cannot be written.
    """
    warnings = []
    font = options.font or caption_font() if options.captions else None
    if options.captions and font is None and any(ord(letter) > 255 for piece in pieces for letter in piece.name):
        warnings.append("no font with Korean letters was found; captions lack them. Install one, such as Noto Sans CJK")
    with ExitStack() as files:
        heard = media.info.audio_track if options.audio_track is None else options.audio_track
        source = files.enter_context(Source(media.info.path, tracks=Tracks(media.info.video_track, heard)))
        partial = files.enter_context(writing(path))
        recipe = Recipe(*source.shape.even(options.height), rate=media.rate)
        sounds = source.sounds if options.audio_track is None else (source.sound,)
        writer = files.enter_context(Writer(partial, source, recipe=recipe, sounds=sounds))
        cuts = _laid_out(pieces, media, options)
        parts = [files.enter_context(closing(_Part(cut, media, writer, font))) for cut in cuts]
        _write(parts, source, writer, on_progress)
    return warnings


@dataclass(frozen=True)
class _Cut:
    """A piece on the reel's clock, in frames: `fade_in` and `fade_out` are shared with the pieces around it."""

    record: int
    first: int
    n_frames: int
    fade_in: int
    fade_out: int
    caption: str


def _laid_out(pieces: Sequence[Piece], media: Media, options: ReelOptions) -> list[_Cut]:
    bounds = [piece.frames(media) for piece in pieces]
    shortest = min(last - first for first, last in bounds)
    fade = min(round(options.cross_fade * media.rate), shortest // 2)
    cuts = []
    record = 0
    for k, (piece, (first, last)) in enumerate(zip(pieces, bounds)):
        fades = (fade if k else 0, fade if k < len(bounds) - 1 else 0)
        caption = one_line(piece.name) if options.captions else ""
        cuts.append(_Cut(record, first, last - first, *fades, caption))
        record += last - first - fades[1]
    return cuts


def _write(parts: Sequence[_Part], source: Source, writer: Writer, on_progress: OnProgress | None) -> None:
    rate = parts[0].rate
    total = parts[-1].cut.record + parts[-1].cut.n_frames
    tracks = {index: _FadedTrack(track) for index, track in writer.tracks.items()}
    done = 0
    for part, following in zip(parts, [*parts[1:], None]):
        for frame in _pictures(part, following):
            writer.picture(frame, done)
            done += 1
            if on_progress is not None and done % max(1, round(rate / 2)) == 0:
                on_progress(float(done / rate), float(total / rate))
        for track in tracks.values():
            track.begin(part.cut, rate)
        sound_into(source, tracks, float(part.start), float(part.start + part.cut.n_frames / rate))
        for track in tracks.values():
            track.end()
    if on_progress is not None:
        on_progress(float(done / rate), float(total / rate))


def _pictures(part: _Part, following: _Part | None) -> Iterator[av.VideoFrame]:
    """The pictures of a part that are not those of the fade into it, from there on as the fade into the next."""
    alone = part.cut.n_frames - part.cut.fade_out
    for tick in range(part.cut.fade_in, alone):
        yield part.picture(tick)
    if following is None or not part.cut.fade_out:
        return
    from moviepy import CompositeVideoClip, vfx  # type: ignore[import-untyped]

    fade = float(part.cut.fade_out / part.rate)
    above = following.clip().with_start(float(alone / part.rate)).with_effects([vfx.CrossFadeIn(fade)])
    both = CompositeVideoClip([part.clip(), above])
    for tick in range(alone, part.cut.n_frames):
        yield part.encodable(both.get_frame(float((tick + 0.5) / part.rate)))


class _Part:
    """A piece of the source that is read forwards, picture by picture of the reel."""

    def __init__(self, cut: _Cut, media: Media, writer: Writer, font: Path | None) -> None:
        self.cut, self.rate, self.start = cut, media.rate, Fraction(cut.first) / media.rate
        self._info, self._convert, self._font = media.info, writer.convert, font
        self._files = ExitStack()
        self._frames: Iterator[av.VideoFrame] | None = None
        self._tick = -1  # of the picture that was read last
        self._frame: av.VideoFrame | None = None
        self._caption: Caption | None = None
        self._to_rgb = Converter(_same_size, pixel_format="rgb24")
        self._from_rgb = Converter(_same_size)
        self.close = self._files.close

    def _open(self) -> Source:
        return Source(self._info.path, tracks=Tracks(self._info.video_track))

    def encodable(self, image: Any) -> av.VideoFrame:
        """An RGB image (h, w, 3) as a frame to encode."""
        return self._from_rgb(av.VideoFrame.from_ndarray(np.ascontiguousarray(image, np.uint8), format="rgb24"))

    def clip(self) -> Any:
        """The piece as a clip of moviepy; to be read forwards."""
        from moviepy import VideoClip

        clip = VideoClip(lambda time: self._to_rgb(self.picture(int(time * self.rate))).to_ndarray())
        return clip.with_duration(float(self.cut.n_frames / self.rate))

    def picture(self, tick: int) -> av.VideoFrame:
        """The picture at a tick of the piece, as it is encoded; ticks do not go back."""
        if self._frames is None:
            source = self._files.enter_context(self._open())
            self._frames = pictures_at(source, self.rate, float(self.start), self.cut.n_frames)
        decoded = None
        while self._tick < tick and (frame := next(self._frames, None)) is not None:
            decoded = frame
            self._tick += 1
        if decoded is not None:
            self._frame = self._captioned(self._convert(decoded))
        if self._tick >= self.cut.n_frames - 1:
            self._files.close()
        if self._frame is None:
            end = float(self.start + self.cut.n_frames / self.rate)
            with self._open() as source:
                check_pictures(source, 0, float(self.start), end)
        assert self._frame is not None
        return self._frame

    def _captioned(self, frame: av.VideoFrame) -> av.VideoFrame:
        if self.cut.caption:
            self._caption = self._caption or Caption(self.cut.caption, frame.width, frame.height, self._font)
            self._caption.lay_over(frame)
        return frame


def _same_size(frame: av.VideoFrame) -> tuple[int, int]:
    return frame.width, frame.height


class _FadedTrack:
    """A sound track on which each piece's end is heard together with the beginning of the next."""

    def __init__(self, track: SoundTrack) -> None:
        self._track = track
        self.rate, self.layout = track.rate, track.layout
        self.n_written = 0  # samples of the pieces, those that are heard together counted twice
        self._position = self._n_samples = self._n_in = self._n_out = 0  # of the piece, in samples
        self._before = self._held = self._none()

    def _none(self) -> Floats:
        return np.zeros((0, n_channels(self.layout)), np.float32)

    def begin(self, cut: _Cut, rate: Fraction) -> None:
        """The samples that follow are those of a piece."""
        samples: Callable[[int], int] = lambda n_frames: round(n_frames / rate * self.rate)  # noqa: E731
        missing = samples(cut.record) - self._track.n_written  # what rounding has cost
        if missing > 0:
            self._track.write(np.zeros((missing, n_channels(self.layout)), np.float32))
        self._position, self._n_samples = 0, samples(cut.n_frames)
        self._n_in, self._n_out = samples(cut.fade_in), samples(cut.fade_out)

    def write(self, samples: Floats) -> None:
        """Take samples (n, channels) of the piece that follow the ones before."""
        places = self._position + np.arange(len(samples)) + 0.5
        level = np.ones(len(samples))
        if self._n_in:
            level = np.minimum(level, places / self._n_in)
        if self._n_out:
            level = np.clip((self._n_samples - places) / self._n_out, 0, level)
        faded = (samples * level[:, None]).astype(np.float32)
        n_shared = min(len(self._before), len(faded))
        faded[:n_shared] += self._before[:n_shared]
        self._before = self._before[n_shared:]
        self._position += len(samples)
        self.n_written += len(samples)
        self._held = np.concatenate([self._held, faded])
        n_ready = max(0, len(self._held) - self._n_out)
        self._track.write(self._held[:n_ready])
        self._held = self._held[n_ready:]

    def end(self) -> None:
        """The piece is complete; its end waits for the next one."""
        self._before, self._held = self._held, self._none()
