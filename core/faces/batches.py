"""Batches of few different sizes."""

from __future__ import annotations

from collections.abc import Iterator


def batches(n: int, largest: int) -> Iterator[slice]:
    """`n` items in batches of `largest`, a power of two, and the rest in smaller powers of two.

    A network prepares code and memory for every size of batch that it meets and keeps them: few sizes keep that
    small, and no item is computed for nothing.
    """
    start = 0
    while start < n:
        while largest > n - start:
            largest //= 2
        yield slice(start, start + largest)
        start += largest
