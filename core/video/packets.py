"""Times of decoding of the packets of a stream whose container does not state them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

MOST_REORDERED = 32  # pictures whose order of decoding is another than that of showing


def with_decoding_times(packets: Iterable[Any], stream: Any) -> Iterator[Any]:
    """Packets, those of `stream` each with a time of decoding.

    Some containers state only when a picture is shown. FFmpeg then learns its time of decoding from those before, so
    the first ones after a seek lack it; they are held back until one has it, and get theirs before it.
    """
    waiting: list[Any] = []
    for packet in packets:
        if packet.stream is not stream:
            yield packet
            continue
        if packet.dts is None and packet.pts is not None and len(waiting) < MOST_REORDERED:
            waiting.append(packet)
            continue
        yield from _filled(waiting, packet.dts)
        waiting = []
        yield packet
    yield from _filled(waiting, None)


def _filled(packets: list[Any], following: int | None) -> list[Any]:
    """Packets without time of decoding, before one that is decoded at `following`; they are evenly apart."""
    shown = sorted(packet.pts for packet in packets)
    step = min((b - a for a, b in pairwise(shown) if b > a), default=1)
    if packets and following is None:  # none says: early enough for each
        following = min(packet.pts + (len(packets) - k) * step for k, packet in enumerate(packets))
    for k, packet in enumerate(packets):
        packet.dts = (following or 0) - (len(packets) - k) * step
    return packets
