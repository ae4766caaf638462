"""Batches: every item once, in order, in sizes that are powers of two; parts side by side."""

import threading

import pytest
import torch

from core.faces.batches import batches, side_by_side


@pytest.mark.parametrize("largest", [1, 4, 16])
@pytest.mark.parametrize("n", [0, 1, 3, 16, 37])
def test_every_item_is_in_one_batch_of_few_sizes(n: int, largest: int) -> None:
    parts = list(batches(n, largest))
    assert [k for part in parts for k in range(part.start, part.stop)] == list(range(n))
    sizes = [part.stop - part.start for part in parts]
    assert all(size <= largest and size & (size - 1) == 0 for size in sizes)
    assert len(parts) <= n // largest + largest.bit_length()


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_parts_side_by_side_come_in_order_each_on_a_thread_that_computes_alone(two_threads) -> None:
    both = threading.Barrier(2, timeout=30)  # passed only where two threads are at work

    def run(part: slice) -> tuple[int, int]:
        both.wait()
        return part.start, torch.get_num_threads()

    assert side_by_side(run, batches(8, 2)) == [(0, 1), (2, 1), (4, 1), (6, 1)]
    assert torch.get_num_threads() == 2


def test_a_fault_of_a_part_is_that_of_all(two_threads) -> None:
    with pytest.raises(ZeroDivisionError):
        side_by_side(lambda part: 1 // part.start, batches(4, 2))


def test_with_one_thread_everything_is_done_in_it() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    assert set(side_by_side(lambda part: threading.get_ident(), batches(5, 2))) == {threading.get_ident()}
    torch.set_num_threads(before)
