"""Stages of an extraction at work at the same time, and the threads that a machine has for them."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")
SWITCH_INTERVAL = 0.0005  # seconds; Python's own is ten times as long
# Of glibc's mallopt(3): trim threshold, mmap threshold and arenas at most, with their numbers.
KEPT_MEMORY = {-1: 32 << 20, -3: 32 << 20, -8: 1}


class Ahead(Generic[T]):
    """An iterator over `items` that a thread of its own produces ahead of their use, in the same order.

    What `items` raises is raised where the item would have come. Closing it stops the thread and closes `items`, so
    stages that feed each other are stopped by closing the last.

    Parameters
    ----------
    items
        Used by the thread alone from here on.
    limit, weight
        The thread waits while the items that were not yet taken weigh so much together.
    """

    def __init__(self, items: Iterator[T], *, limit: float, weight: Callable[[T], float] = lambda item: 1.0) -> None:
        self._items, self._limit, self._weight = items, limit, weight
        self._ready: deque[T] = deque()
        self._held = 0.0
        self._changed = threading.Condition()
        self._stopped = self._ended = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._produce, daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._ended)
            if not self._ready:
                if self._error is not None:
                    error, self._error = self._error, None
                    raise error
                raise StopIteration
            item = self._ready.popleft()
            self._held -= self._weight(item)
            self._changed.notify_all()
            return item

    def close(self) -> None:
        """Stop as soon as the item in work is finished; nothing more comes."""
        with self._changed:
            self._stopped = True
            self._ready.clear()
            self._changed.notify_all()
        self._thread.join()

    def _produce(self) -> None:
        try:
            for item in self._items:
                if not self._offer(item):
                    break
                del item  # else it would be held while the next one is made
        except BaseException as error:  # it belongs to the thread that takes the items
            self._error = error
        finally:
            close = getattr(self._items, "close", None)
            if close is not None:
                close()
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _offer(self, item: T) -> bool:
        """Hand an item over once there is room; False where nobody wants it any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._held < self._limit or self._stopped)
            if self._stopped:
                return False
            self._ready.append(item)
            self._held += self._weight(item)
            self._changed.notify_all()
            return True


def keep_freed_memory() -> None:
    """Let this process use freed memory again at once instead of giving it back and having it cleared anew.

    Pictures and networks' data are just as large as what glibc gives back each time, which took a tenth of the
    processor time of an extraction. Other C libraries are left as they are.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        for number, value in KEPT_MEMORY.items():
            mallopt(number, value)


def n_cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads_for_decoding(n_processes: int = 1) -> int:
    """Half of the processors that each of n processes has: with more, the decoder and the networks drive each other's
    data out of their caches."""
    return max(1, n_cores() // n_processes // 2)


@contextmanager
def threads_for_stages(n_processes: int = 1) -> Iterator[None]:
    """As many threads for each network as leave some for the other stages and processes, until the end.

    With fewer than eight processors it is one: the decoder and several stages keep them busy already, and threads that
    share each small layer wait for each other, many times as long where others want the processors. Threads that run
    Python take turns every half millisecond, so that none waits long to hand its work over.
    """
    import cv2
    import torch

    before = torch.get_num_threads(), cv2.getNumThreads(), sys.getswitchinterval()
    wanted = min(before[0], max(1, n_cores() // n_processes // 4))
    torch.set_num_threads(wanted)
    cv2.setNumThreads(1)
    sys.setswitchinterval(SWITCH_INTERVAL)
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        cv2.setNumThreads(before[1])
        sys.setswitchinterval(before[2])
