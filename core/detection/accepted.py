"""Moments that were accepted stay, whatever the settings find."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from core.detection.detect import Found
from core.detection.moments import Moment
from core.segment import Segment


def with_accepted(found: Found, accepted: Iterable[Segment]) -> Found:
    """What was found, and the accepted places that no moment of it touches, each as a moment of its own.

    Parameters
    ----------
    accepted
        Places that were accepted as funny, in seconds. Such a moment scores what the curve reaches in it, 0 where
        nothing was judged (NaN).
    """
    moments = list(found.moments)
    for place in sorted(accepted, key=lambda segment: (segment.start, segment.end)):
        if not any(moment.start < place.end and place.start < moment.end for moment in moments):
            moments.append(_moment(found, place))
    moments.sort(key=lambda moment: moment.start)
    return replace(found, moments=tuple(moments))


def _moment(found: Found, place: Segment) -> Moment:
    times = found.curve.timestamps
    scores = found.curve.scores[(times >= place.start) & (times <= place.end)]
    score = float(np.nanmax(scores, initial=0.0)) if len(scores) else 0.0
    return Moment(place.start, place.end, score, Segment(place.start, place.end), score)
