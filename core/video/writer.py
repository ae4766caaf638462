"""Writes MP4 files: pictures as H.264 and sound as AAC, or the packets of another file as they are."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av

from core.errors import PunchlineError
from core.video.container import Source
from core.video.picture import BT709, Converter
from core.video.sound_track import MOST_CHANNELS, SoundTrack, kept_roles, kept_tags

TICK = Fraction(1, 90_000)  # seconds; the times of pictures that keep no constant rate
BACK = 1  # second by which no clock goes back but one that starts again
LIMITED = 1  # the range of 8 bit video, 16 to 235, by its number in FFmpeg


@dataclass(frozen=True)
class Recipe:
    """How pictures are encoded: size in pixels (even), x264's crf and preset, and the most bits per second or None.

    `rate` makes the frame rate constant, by repeating and leaving out pictures; None keeps every picture's own time.
    """

    width: int
    height: int
    rate: Fraction | None = None
    crf: int = 18
    preset: str = "veryfast"
    max_bit_rate: int | None = None


class Writer:
    """An MP4 file that is written.

    Parameters
    ----------
    recipe
        How pictures are encoded; None copies them.
    sounds
        The tracks of the source that are written, in order.
    copied_sounds
        Codecs of which packets are copied; sound of any other becomes AAC.
    most_channels
        Of a track that is encoded.

    Attributes
    ----------
    tracks
        The sound tracks that are encoded, by the index of the source's stream.
    """

    def __init__(
        self,
        path: Path,
        source: Source,
        *,
        recipe: Recipe | None,
        sounds: Collection[Any] | None = None,
        copied_sounds: Collection[str] = (),
        most_channels: int = MOST_CHANNELS,
    ) -> None:
        # The index goes to the file's head, so that a player can start before it has all.
        self.container = av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"})
        self.recipe, self._damage, self._video_name = recipe, source.damage, source.path.name
        self._fps = source.video.average_rate or source.video.guessed_rate or Fraction(30)
        self._converter = Converter(lambda _: (recipe.width, recipe.height)) if recipe else None
        self.video = self._encoder(recipe) if recipe else self._copied(source.video)
        self._copies: dict[int, Any] = {} if recipe else {source.video.index: self.video}
        self.tracks: dict[int, SoundTrack] = {}
        for sound in source.sounds if sounds is None else sounds:
            is_heard = source.sound is not None and sound.index == source.sound.index
            if sound.codec_context.name in copied_sounds:
                self._copies[sound.index] = self._copied(sound)
                self._copies[sound.index].disposition = kept_roles(sound, is_heard=is_heard)
            else:
                self.tracks[sound.index] = SoundTrack(
                    self.container, sound, most_channels=most_channels, is_heard=is_heard
                )
        self.n_pictures = 0
        self._last_dts: dict[int, int] = {}
        self._behind = set[int]()  # streams whose packets lie before those that are written

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            self._close()

    def _close(self) -> None:
        try:
            self.container.close()
        except av.error.FFmpegError as fault:
            if isinstance(fault, OSError):
                raise
            raise PunchlineError(
                "{video}: damaged parts of it cannot be written as MP4 ({cause}); repair or convert the file first",
                video=self._video_name,
                cause=fault.strerror,
            ) from fault

    def _copied(self, stream: Any) -> Any:
        copied = self.container.add_stream_from_template(stream)
        # The container's own tag, for a transport stream's means nothing here; Apple's players want HEVC as hvc1.
        copied.codec_context.codec_tag = "hvc1" if stream.codec_context.name == "hevc" else "\0\0\0\0"
        copied.metadata.update(kept_tags(stream))
        return copied

    def _encoder(self, recipe: Recipe) -> Any:
        rate = recipe.rate or self._fps
        options = {"preset": recipe.preset, "crf": str(recipe.crf)}
        if recipe.rate is None:
            options["bf"] = "0"  # with reordered pictures the file's length is wrong where the rate varies
        if recipe.max_bit_rate:
            options |= {"maxrate": str(recipe.max_bit_rate), "bufsize": str(2 * recipe.max_bit_rate)}
        stream = self.container.add_stream("libx264", rate=rate, options=options)
        stream.width, stream.height, stream.pix_fmt = recipe.width, recipe.height, "yuv420p"
        context = stream.codec_context
        context.time_base = 1 / recipe.rate if recipe.rate else TICK
        context.gop_size = max(1, round(2 * rate))  # a keyframe each 2 s: quick to seek in
        context.thread_type = "AUTO"
        context.colorspace = context.color_primaries = context.color_trc = BT709
        context.color_range = LIMITED
        return stream

    def copies(self, stream: Any) -> bool:
        """Whether packets of a stream of the source are copied."""
        return stream.index in self._copies

    def copy(self, packet: Any, shift: Fraction) -> None:
        """Write a packet of the source `shift` seconds earlier; its decoding times are kept increasing.

        Where the source's clock goes back, what follows is left out up to a keyframe behind the last packet.
        """
        stream = self._copies[packet.stream.index]
        ticks = round(shift / packet.time_base)
        dts = (packet.dts if packet.dts is not None else packet.pts) - ticks
        pts = (packet.pts if packet.pts is not None else packet.dts) - ticks
        last = self._last_dts.get(stream.index, dts - 1)
        if dts < last - BACK / packet.time_base:
            self._behind.add(stream.index)
        elif packet.is_keyframe and dts > last:
            self._behind.discard(stream.index)
        if stream.index in self._behind:
            self._damage.bad_packets += 1
            return
        dts = max(dts, last + 1)
        self._last_dts[stream.index] = dts
        packet.dts, packet.pts = dts, max(pts, dts)
        if not packet.duration and stream is self.video:  # without one, the last picture lies after the file's end
            packet.duration = round(1 / (self._fps * packet.time_base))
        packet.stream = stream
        try:
            self.container.mux_one(packet)
        except av.error.FFmpegError as error:
            if isinstance(error, OSError):  # the disk's fault, not the packet's
                raise
            self._damage.bad_packets += 1  # the pictures around it stay
            return
        self.n_pictures += stream is self.video

    def convert(self, frame: Any) -> Any:
        """A decoded frame as it is encoded: upright, of the recipe's size, BT.709."""
        assert self._converter is not None
        return self._converter(frame)

    def picture(self, frame: Any, ticks: int) -> None:
        """Encode a converted frame at `ticks` of the encoder's time base, increasing from call to call."""
        frame.pts, frame.time_base = ticks, self.video.codec_context.time_base
        frame.pict_type = av.video.frame.PictureType.NONE  # else the source's keyframes are forced on the encoder
        self.n_pictures += 1
        self.container.mux(self.video.encode(frame))

    def _finish(self) -> None:
        if self.recipe is not None:
            self.container.mux(self.video.encode(None))
        for track in self.tracks.values():
            track.finish()
