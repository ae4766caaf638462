"""Batches of few different sizes, and several of them side by side."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TypeVar

T = TypeVar("T")


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


def side_by_side(run: Callable[[slice], T], parts: Iterable[slice]) -> list[T]:
    """What a network of many small layers gives for each part, in order, on as many threads as torch has here.

    Each thread computes whole parts alone. Threads that share every layer wait for each other after each, which gains
    little on an idle machine and makes a layer several times slower where other work wants the processors too.
    """
    import torch

    n_threads = torch.get_num_threads()
    if n_threads == 1:
        return [run(part) for part in parts]
    return list(_threads(n_threads, os.getpid()).map(run, parts))


@lru_cache(maxsize=1)
def _threads(n: int, process: int) -> ThreadPoolExecutor:
    """Threads of one process: those of the process that forked it do not live on in it."""
    return ThreadPoolExecutor(n, "network", initializer=_compute_alone)


def _compute_alone() -> None:
    import torch
    from threadpoolctl import threadpool_limits

    torch.get_num_threads()  # sets the number of all of torch for this thread, once
    threadpool_limits(1, "openmp")
