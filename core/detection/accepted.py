"""Places that people call funny, whatever the settings find: accepted ones stay, labelled ones can be added."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from core.detection.detect import Found
from core.detection.moments import Moment
from core.segment import Segment, mostly_shared


def with_accepted(found: Found, accepted: Iterable[Segment], added: Iterable[Segment] = ()) -> Found:
    """What was found, and the accepted and the added places that no moment of it covers, each as a moment of its own.

    Parameters
    ----------
    accepted
        Places that were accepted as funny, in seconds.
    added
        Clips labelled funny that somebody added; their moments are marked as labelled.
    """
    found = _joined(found, not_found(found, accepted))
    return _joined(found, [replace(moment, labelled=True) for moment in not_found(found, added)])


def not_found(found: Found, places: Iterable[Segment]) -> list[Moment]:
    """The places that no moment covers, as moments, in order of time; of several at one place the first.

    A moment covers a place if both share more than half of the shorter one, as labels of one place do. The score is
    what the curve reaches in the place, 0 where nothing was judged (NaN).
    """
    left: list[Moment] = []
    for place in sorted(places, key=lambda segment: (segment.start, segment.end)):
        if not any(mostly_shared(moment, place) for moment in (*found.moments, *left)):
            left.append(_moment(found, place))
    return left


def _joined(found: Found, more: Iterable[Moment]) -> Found:
    return replace(found, moments=tuple(sorted((*found.moments, *more), key=lambda moment: moment.start)))


def _moment(found: Found, place: Segment) -> Moment:
    times = found.curve.timestamps
    scores = found.curve.scores[(times >= place.start) & (times <= place.end)]
    score = float(np.nanmax(scores, initial=0.0)) if len(scores) else 0.0
    return Moment(place.start, place.end, score, Segment(place.start, place.end), score)
