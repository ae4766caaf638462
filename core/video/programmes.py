"""Which tracks of a transport stream belong together: those of one programme (ISO/IEC 13818-1, 2.4.4).

Recordings of a whole channel hold several, each with a picture and sounds of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

LOOK = 4 << 20  # bytes in which the tables are looked for
SYNC, SIZES = b"\x47", (188, 192, 204)  # each packet's first byte, and how far packets lie apart
N_SYNC = 20  # packets that prove it
PROGRAMMES = 0  # the packet number of the table of programmes


def programme_of(container: Any, index: int | None) -> set[int]:
    """The ids of the streams of the programme that a stream of a file belongs to; none where there are no others."""
    if container.format.name != "mpegts" or index is None:
        return set()
    with Path(container.name).open("rb") as file:
        programmes = list(_programmes(file.read(LOOK)))
    own = (ids for ids in programmes if container.streams[index].id in ids)
    return next(own, set()) if len(programmes) > 1 else set()


def _programmes(data: bytes) -> Iterator[set[int]]:
    """The packet numbers of each programme's streams."""
    table = next(_sections(data, PROGRAMMES), b"")
    entries = (table[place : place + 4] for place in range(8, len(table) - 4, 4))
    numbers = (_number(entry, 2) for entry in entries if entry[:2] != bytes(2))  # 0 is no programme
    for number in numbers:
        for section in _sections(data, number):
            yield set(_streams(section))
            break


def _streams(section: bytes) -> Iterator[int]:
    place = 12 + _size(section, 10)
    while place + 5 <= len(section) - 4:
        yield _number(section, place + 1)
        place += 5 + _size(section, place + 3)


def _sections(data: bytes, wanted: int) -> Iterator[bytes]:
    """Tables that lie in one packet of a number."""
    places = ((k, size) for size in SIZES for k in range(size) if data[k : k + N_SYNC * size : size] == N_SYNC * SYNC)
    begin, size = next(places, (len(data), 1))
    for place in range(begin, len(data) - 187, size):
        packet = data[place : place + 188]
        if packet[1] & 0x40 and _number(packet, 1) == wanted:
            padding = 1 + packet[4] if packet[3] & 0x20 else 0
            section = packet[5 + padding + packet[min(4 + padding, 187)] :]
            if len(section) > 12 and (end := 3 + _size(section, 1)) <= len(section):
                yield section[:end]


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "big") % 0x2000


def _size(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "big") % 0x1000
