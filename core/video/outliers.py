"""Packets whose times are damaged, told by those around them: else all that follows would lie before them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from core.video.damage import Damage

FAR = 2.0  # seconds by which no order of decoding goes back
DEPTH = 20  # pictures by which none is decoded earlier than it is shown


def in_order(packets: Iterable[Any], damage: Damage) -> Iterator[Any]:
    """The same packets; one that lies far behind the next of its stream, which follows the one before, comes between.

    Each waits for the next of its stream. A clock that starts again is left as it is.
    """
    held: dict[int, Any] = {}
    limits: dict[int, tuple[int, int]] = {}  # of each stream
    latest: dict[int, tuple[int, int]] = {}  # decoding time of each stream's packet before, and from there to showing
    for packet in packets:
        index = packet.stream.index
        if (before := held.pop(index, None)) is not None:
            damage.bad_packets += index in latest and _mend(before, *latest[index], packet.dts, *limits[index])
            latest[index] = before.dts, (before.dts if before.pts is None else before.pts) - before.dts
            yield before
        if packet.dts is None:
            yield packet
        else:
            if index not in limits:
                limits[index] = _limits(packet)
            held[index] = packet
    yield from held.values()


def _limits(packet: Any) -> tuple[int, int]:
    """Ticks of a packet's stream above which its time of decoding is far, and showing too long after decoding."""
    rate = getattr(packet.stream, "average_rate", None)
    late = max(FAR, DEPTH / rate) if rate else FAR
    return int(FAR / packet.time_base), int(late / packet.time_base)


def _mend(packet: Any, before: int, delay: int, following: int | None, far: int, longest: int) -> bool:
    """Give a packet the times that those around it ask for; whether it had others."""
    moved = following is not None and before <= following < packet.dts - far
    if moved and following is not None:
        packet.dts = (before + following) // 2
    late = packet.pts is not None and packet.pts - packet.dts > longest
    if packet.pts is not None and (moved or late):
        packet.pts = packet.dts + delay
    return moved or late
