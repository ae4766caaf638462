"""Stages in threads: same order, bounded, errors arrive, closing stops the whole chain."""

import threading
from collections.abc import Iterator

import cv2
import pytest
import torch

from core.video.ahead import Ahead, n_cores, threads_for_stages


def test_items_come_in_order() -> None:
    assert list(Ahead(iter(range(100)), limit=3)) == list(range(100))


def test_no_more_is_made_than_the_limit_allows() -> None:
    made: list[int] = []
    full = threading.Event()

    def items() -> Iterator[int]:
        for k in range(50):
            made.append(k)
            if k == 4:
                full.set()
            yield k

    ahead = Ahead(items(), limit=40.0, weight=lambda item: 10.0)
    assert full.wait(10)  # four are held, the fifth waits for room
    assert len(made) == 5
    assert next(ahead) == 0
    assert list(ahead) == list(range(1, 50))


def test_an_error_comes_where_the_item_would_have_come() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise OSError("broken")

    ahead = Ahead(items(), limit=5)
    assert next(ahead) == 1
    with pytest.raises(OSError, match="broken"):
        next(ahead)
    with pytest.raises(StopIteration):
        next(ahead)


def test_closing_the_last_stage_stops_and_closes_those_before() -> None:
    closed: list[str] = []

    def endless() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.append("source")

    def doubled(source: Ahead[int]) -> Iterator[int]:
        try:
            for item in source:
                yield 2 * item
        finally:
            source.close()
            closed.append("stage")

    before = threading.active_count()
    last = Ahead(doubled(Ahead(endless(), limit=2)), limit=2)
    assert next(last) == 2
    last.close()
    assert closed == ["source", "stage"]
    assert threading.active_count() == before


def test_threads_are_set_back() -> None:
    before = torch.get_num_threads(), cv2.getNumThreads()
    with threads_for_stages():
        assert 1 <= torch.get_num_threads() <= max(1, n_cores() // 4)
    assert (torch.get_num_threads(), cv2.getNumThreads()) == before
