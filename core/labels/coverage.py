"""How much of a video is taken: seconds of clips that lie in it, and the stretches that are free."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from core.segment import Segment

Floats = NDArray[np.floating]


class Coverage:
    """The union of segments, asked for seconds in clips without going through all of them."""

    def __init__(self, segments: Iterable[Segment]) -> None:
        bounds = np.array(sorted((s.start, s.end) for s in segments), float).reshape(-1, 2)
        reach = np.maximum.accumulate(bounds[:, 1])
        begin = np.minimum(np.maximum(bounds[:, 0], np.concatenate([[-np.inf], reach])[:-1]), reach)
        before = np.concatenate([[0.0], np.cumsum(reach - begin)])  # what a segment adds to those before it
        self._stretches = np.stack([begin, reach], axis=1)
        self._times = np.append(self._stretches.ravel(), np.inf)
        self._seconds = np.append(np.stack([before[:-1], before[1:]], axis=1).ravel(), before[-1])

    def seconds(self, starts: Floats | float, ends: Floats | float) -> Floats:
        """Seconds (k,) of clips that are taken; their bounds (k,) in seconds."""
        at_start, at_end = (np.interp(bound, self._times, self._seconds) for bound in (starts, ends))
        return np.asarray(at_end - at_start)

    def free(self, length: float, *, shortest: float) -> list[Segment]:
        """The stretches of a video of so many seconds in which nothing is taken, but for those that are too short."""
        starts = [0.0, *self._stretches[:, 1].tolist()]
        ends = [*self._stretches[:, 0].tolist(), length]
        bounds = ((max(start, 0.0), min(end, length)) for start, end in zip(starts, ends, strict=True))
        return [Segment(start, end) for start, end in bounds if end - start >= shortest]
