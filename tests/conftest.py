"""Two tests run at a time: each, and every process it starts, computes on one thread."""

import os
import sys
from collections.abc import Iterator

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(autouse=True)
def main_module() -> Iterator[None]:
    """A page that ran in a test stays the main module, which every process that is spawned later would run."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main
