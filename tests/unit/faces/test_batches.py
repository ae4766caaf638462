"""Batches: every item once, in order, in sizes that are powers of two."""

import pytest

from core.faces.batches import batches


@pytest.mark.parametrize("largest", [1, 4, 16])
@pytest.mark.parametrize("n", [0, 1, 3, 16, 37])
def test_every_item_is_in_one_batch_of_few_sizes(n: int, largest: int) -> None:
    parts = list(batches(n, largest))
    assert [k for part in parts for k in range(part.start, part.stop)] == list(range(n))
    sizes = [part.stop - part.start for part in parts]
    assert all(size <= largest and size & (size - 1) == 0 for size in sizes)
    assert len(parts) <= n // largest + largest.bit_length()
