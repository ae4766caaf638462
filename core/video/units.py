"""Network abstraction layer units, which H.264 and H.265 streams are made of."""

from __future__ import annotations

from collections.abc import Iterator

HEAD = 512  # bytes of a unit that are looked at: parameters of a stream, the head of a slice
START = b"\0\0\1"


def length_size(codec: str, extradata: bytes | None) -> int:
    """Bytes of the length before each unit (ISO/IEC 14496-15); 0 where start codes stand there (annex B)."""
    if not extradata or extradata[0] != 1:
        return 0
    place = 4 if codec == "h264" else 21
    return (extradata[place] & 3) + 1 if len(extradata) > place else 4


def units(data: bytes, size: int) -> Iterator[bytes]:
    """The beginning of each unit of a packet, behind lengths of so many bytes or, for 0, behind start codes."""
    if not size:
        start = data.find(START)
        while start >= 0:
            following = data.find(START, start + 3)
            end = following if following >= 0 else len(data)
            yield data[start + 3 : min(start + 3 + HEAD, end)]
            start = following
        return
    start = 0
    while start + size < len(data):
        length = int.from_bytes(data[start : start + size], "big")
        start += size
        yield data[start : start + min(length, HEAD)]
        start += length


def configured(extradata: bytes | None) -> Iterator[bytes]:
    """The parameter sets of an H.264 stream's decoder configuration."""
    if not extradata or extradata[0] != 1:
        yield from units(extradata or b"", 0)
        return
    place = 5
    for mask in (0x1F, 0xFF):  # sequences, then pictures
        n = (extradata[place : place + 1] or b"\0")[0] & mask
        place += 1
        for _ in range(n):
            length = int.from_bytes(extradata[place : place + 2], "big")
            unit = extradata[place + 2 : place + 2 + length]
            place += 2 + length
            if unit:
                yield unit
