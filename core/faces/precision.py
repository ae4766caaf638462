"""How exactly networks compute: in single precision on processors, where half precision is slow, in half on a GPU."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def computing(device: str | torch.device) -> Iterator[None]:
    """Inference on a device; any but the plain ``cpu`` counts as a GPU, so that tests can stand one in (``cpu:0``)."""
    with torch.inference_mode(), torch.autocast(torch.device(device).type, torch.float16, enabled=str(device) != "cpu"):
        yield
