"""How good moments are that were found: which of them meet a true one, and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.classifiers.metrics import ratio
from core.segment import Detection, LabeledSegment, tiou

TIOUS = (0.3, 0.5)


def matched(truth: Sequence[LabeledSegment], found: Sequence[Detection], *, min_tiou: float) -> NDArray[np.bool_]:
    """Which detections (n,) are right: in order of score, each with the best true moment that is still free."""
    funny = [segment for segment in truth if segment.label == 1]
    free = np.ones(len(funny), bool)
    right = np.zeros(len(found), bool)
    for k in sorted(range(len(found)), key=lambda k: (-found[k].score, found[k].start)):
        overlaps = np.array([tiou(found[k], segment) for segment in funny]) * free
        if len(funny) and overlaps.max() >= min_tiou:
            right[k] = True
            free[int(overlaps.argmax())] = False
    return right


def event_metrics(
    truth: Sequence[LabeledSegment], found: Sequence[Detection], *, duration: float, tious: Sequence[float] = TIOUS
) -> dict[str, dict[str, float]]:
    """How well detections meet the true moments, for each temporal IoU that counts as a hit.

    Parameters
    ----------
    truth
        Only segments labelled 1 count as moments.
    duration
        Seconds of video looked at.

    Returns
    -------
    For each ``"0.3"``: precision, recall, f1, average_precision, false_alarms_per_hour; NaN where there is nothing to
    divide by. Average precision is the area under the precision made monotone, as for ActivityNet (Caba Heilbron et al.
    2015, doi:10.1109/CVPR.2015.7298698).
    """
    if duration <= 0:
        raise ValueError(f"duration must be positive, got {duration}")
    n = sum(segment.label for segment in truth)
    order = sorted(range(len(found)), key=lambda k: (-found[k].score, found[k].start))
    out = {}
    for least in tious:
        right = matched(truth, found, min_tiou=least)
        hits = int(right.sum())
        ranked = right[order]
        precisions = np.cumsum(ranked) / np.arange(1, len(ranked) + 1)
        monotone = np.maximum.accumulate(precisions[::-1])[::-1]
        out[f"{least:g}"] = {
            "precision": ratio(hits, len(found)),
            "recall": ratio(hits, n),
            "f1": ratio(2 * hits, len(found) + n),
            "average_precision": ratio(float(monotone[ranked].sum()), n),
            "false_alarms_per_hour": (len(found) - hits) / (duration / 3600),
        }
    return out
