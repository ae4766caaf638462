"""Times of pictures that do not say when they are shown."""

from __future__ import annotations

from fractions import Fraction
from heapq import heappop, heappush
from typing import Any

# Codecs of which a decoder holds back at most one picture, for no picture refers to one that is shown two later.
HELD_BACK_BY_ONE = {"mpeg1video", "mpeg2video", "mpeg4", "vc1", "wmv3"}


class DueTimes:
    """Dates the decoded pictures of a stream: they come in the order of showing, one at each time of decoding.

    Streams without any time, as those of an encoder without a container, run at their rate.

    Parameters
    ----------
    stream
        Decoded by one thread a picture, if its codec is one of `HELD_BACK_BY_ONE`.
    has_clock
        Whether its container states times.
    """

    def __init__(self, stream: Any, *, has_clock: bool) -> None:
        self._stream, self._has_clock = stream, has_clock
        self._due: list[int] = []  # decoding times of packets whose pictures have not come
        self._latest: int | None = None  # of these times
        self._n_undated = 0

    def date(self, packet: Any, frames: list[Any]) -> None:
        """Give the frames their times, which are what a packet has brought forth."""
        due = packet.dts
        if due is None and packet.size and self._latest is not None:  # as the second one behind a seek in asf
            due = self._latest + round(1 / self._rate / packet.time_base)
        if due is not None:
            self._latest = due
            heappush(self._due, due)
            self._forget_missing(len(frames))
        for frame in frames:
            if self._due:
                frame.pts = heappop(self._due)
            elif packet.dts is None and not self._has_clock:
                frame.pts = round(self._n_undated / self._rate / packet.time_base)
                self._n_undated += 1

    @property
    def _rate(self) -> Fraction:
        return self._stream.average_rate or self._stream.guessed_rate or Fraction(25)

    def _forget_missing(self, n_frames: int) -> None:
        """Leave out the times of pictures that do not come: behind a seek, what they refer to is not there."""
        context = self._stream.codec_context
        if context.name in HELD_BACK_BY_ONE:
            while len(self._due) > n_frames + context.has_b_frames:
                heappop(self._due)

    def clear(self) -> None:
        """Begin anew, elsewhere in the file."""
        self._due.clear()
        self._latest = None
