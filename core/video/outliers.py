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
    latest: dict[int, tuple[int, int]] = {}  # decoding time of each stream's packet before, and from there to showing
    for packet in packets:
        index = packet.stream.index
        if (before := held.pop(index, None)) is not None:
            damage.bad_packets += index in latest and _mend(before, *latest[index], packet.dts)
            latest[index] = before.dts, (before.dts if before.pts is None else before.pts) - before.dts
            yield before
        if packet.dts is None:
            yield packet
        else:
            held[index] = packet
    yield from held.values()


def _mend(packet: Any, before: int, delay: int, following: int | None) -> bool:
    """Give a packet the times that those around it ask for; whether it had others."""
    far = FAR / packet.time_base
    moved = following is not None and before <= following < packet.dts - far
    if moved and following is not None:
        packet.dts = (before + following) // 2
    rate = getattr(packet.stream, "average_rate", None)
    late = packet.pts is not None and packet.pts - packet.dts > max(far, DEPTH / (rate or DEPTH) / packet.time_base)
    if packet.pts is not None and (moved or late):
        packet.pts = packet.dts + delay
    return moved or late
