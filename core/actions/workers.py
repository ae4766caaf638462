"""Several processes that read videos together: each takes some minutes, and those of a lost one are read again."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import lru_cache
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

import psutil

from core.actions.ranges import Range, Reading, read_in_ranges
from core.errors import PunchlineError
from core.video.ahead import keep_freed_memory, n_cores, threads_for_stages
from core.video.damage import Damage
from core.video_feature_extractor import Minute, MinuteReader, Models, OnSeen, Seen, Stretch, minutes_between

MEMORY = 1.2e9  # bytes that a worker needs at most (benchmarks/extraction.py)
CORES = 2  # that keep one worker busy: one decodes, one runs the networks
ATTEMPTS = 3  # at some minutes until the deaths of their workers are taken for their fault
SHOW_EVERY = 1.0  # seconds between two pictures that a worker shows


class WorkersLost(PunchlineError):
    """Worker processes died again and again over the same minutes."""


def most_workers() -> int:
    """How many workers the processors and the free memory of this machine keep busy."""
    return max(1, min(n_cores() // CORES, int(psutil.virtual_memory().available // MEMORY)))


class Workers:
    """`n` processes, each started when it is needed, that read ranges in the order in which they are asked for.

    Several extractions in threads of their own may ask; as each asks for a few ranges ahead, they take turns.
    """

    def __init__(self, n: int) -> None:
        self.n = n
        self._threads = ThreadPoolExecutor(n, "reading")  # one a process, which waits for it
        self._own = threading.local()
        self._all: list[_Worker] = []
        self._changing, self._closed = threading.Lock(), False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all processes at once."""
        with self._changing:
            self._closed = True
            for worker in self._all:
                worker.process.kill()
        for worker in self._all:
            worker.process.join()
        self._threads.shutdown(cancel_futures=True)

    def minutes(
        self, stretch: Stretch, damage: Damage, on_progress: Callable[[float], None], on_seen: OnSeen
    ) -> Generator[Minute]:
        """A `core.video_feature_extractor.MinuteReader`."""
        return read_in_ranges(self._submit, self.n, stretch, damage, on_progress, on_seen)

    def _submit(self, part: Range, on_seen: OnSeen) -> Reading:
        return self._threads.submit(self._read, part, on_seen)

    def _read(self, part: Range, on_seen: OnSeen) -> tuple[list[Minute], Damage]:
        code = None
        for _ in range(ATTEMPTS):
            worker = self._worker()
            with suppress(EOFError, OSError):
                return worker.read(part, on_seen)
            self._own.worker = None
            worker.process.join()
            code = worker.process.exitcode
        raise WorkersLost(
            "{n} worker processes died while they read the minutes from {start:.0f} s on (exit code {code}); "
            "try fewer with --workers, there may be too little memory",
            n=ATTEMPTS,
            start=part.start,
            code=code,
        )

    def _worker(self) -> _Worker:
        """The process of this thread."""
        worker: _Worker | None = getattr(self._own, "worker", None)
        if worker is None:
            with self._changing:
                if self._closed:
                    raise CancelledError
                worker = self._own.worker = _Worker(self.n)
                self._all.append(worker)
        return worker


@contextmanager
def reader_of(n: int) -> Iterator[MinuteReader | None]:
    """What reads with n processes, which end with it; None where one is enough: the own one."""
    if n == 1:
        yield None
    else:
        with Workers(n) as workers:
            yield workers.minutes


class _Worker:
    """A process that reads one range at a time, told and heard through a pipe."""

    def __init__(self, n: int) -> None:
        context = _context()
        self._connection, theirs = context.Pipe()
        self.process = context.Process(target=work, args=(theirs, n), daemon=True)
        self.process.start()
        theirs.close()  # else the end of the process would not be heard

    def read(self, part: Range, on_seen: OnSeen) -> tuple[list[Minute], Damage]:
        """Raises EOFError or OSError where the process dies."""
        self._connection.send(part)
        while True:
            kind, value = self._connection.recv()
            if kind == "at":
                part.at = max(part.at, min(value, part.end))
            elif kind == "seen":
                on_seen(value)
            elif kind == "failed":
                raise value
            else:
                minutes, damage = value
                return minutes, damage


@lru_cache(maxsize=1)
def _context() -> Any:
    """On Linux processes split off from one that has loaded torch; elsewhere each loads it itself."""
    context: Any = multiprocessing.get_context("forkserver" if sys.platform == "linux" else "spawn")
    if sys.platform == "linux":
        context.set_forkserver_preload(["core.faces.emotion", "core.actions.workers"])
    return context


def work(connection: Connection, n: int) -> None:
    """The life of one of n workers: one range after the other, until nobody is there any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it ends it
    keep_freed_memory()
    settings, models = None, None
    with threads_for_stages(n), suppress(EOFError, BrokenPipeError):
        while True:
            part: Range = connection.recv()
            try:
                if models is None or settings != part.stretch.settings:
                    settings, models = part.stretch.settings, part.stretch.settings.load_models()
                connection.send(("read", _read(connection, part, models, n)))
            except PunchlineError as error:
                connection.send(("failed", error))


def _read(connection: Connection, part: Range, models: Models, n: int) -> tuple[list[Minute], Damage]:
    """The minutes of a range, telling how far they are; of the pictures seen, one a second is shown."""
    damage, shown = Damage(), 0.0

    def show(seen: Seen) -> None:
        nonlocal shown
        due = time.monotonic() - shown >= SHOW_EVERY
        shown = time.monotonic() if due else shown
        connection.send(("seen", seen if due else replace(seen, image=seen.image[:0, :0])))

    minutes = minutes_between(
        part.stretch, part.start, part.end, models, damage, lambda time: connection.send(("at", time)), show, n
    )
    return minutes, damage
