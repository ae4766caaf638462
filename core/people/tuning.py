"""What a person's thresholds keep of a video: computed once per person, then at once for every move of a slider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.faces.feature_file import Features
from core.faces.table import FaceTable
from core.people.borderline import Borderline, Rows, Similarities, borderline
from core.people.person import (
    RELAXED_PROBABILITY,
    STRICT_PROBABILITY,
    Match,
    Thresholds,
    match_by,
)
from core.series import Source

Reason = Literal["valley", "one_mode", "outside", "too_few_faces"]

BIN_WIDTH = 0.02
BIN_EDGES = np.round(np.linspace(-1.0, 1.0, 101), 2)  # (101,) similarities
LOWEST_CUT, HIGHEST_CUT = 0.2, 0.7  # a suggested cut lies in between
FEWEST_FACES = 30  # under which the histogram says nothing
SMOOTHING = 2.0  # bins: standard deviation of the Gaussian laid over the histogram before its modes are sought
VALLEY_DEPTH = 0.5  # a valley's floor is at most so high, as a share of the lower of the two modes
SMALLEST_MODE = 0.02  # share of the faces that must lie on either side of a cut
MARGIN = 0.1  # the strict threshold above and the relaxed one below a cut, where the modes leave room


@dataclass(frozen=True, eq=False)
class Histogram:
    """Counts of faces by similarity to the person, in bins of 0.02 from -1 to 1.

    Similarities below -1 count in the first bin, faces without one (NaN) nowhere.

    Attributes
    ----------
    edges
        (101,) similarities.
    best, others
        (100,) int64: the most similar face of each frame, and all other faces.
    """

    edges: NDArray[np.float64]
    best: NDArray[np.int64]
    others: NDArray[np.int64]


@dataclass(frozen=True)
class Suggestion:
    """Where the histogram of the best faces can be cut between the person and other people.

    Attributes
    ----------
    cut
        Similarity in [0.2, 0.7]; None where there is none.
    reason
        ``valley``: the cut lies in the valley between two modes. ``one_mode``: there are no two modes with a valley
        between them, so the video shows the person only, or never. ``outside``: there is a valley, but not in
        [0.2, 0.7]. ``too_few_faces``: under 30 faces.
    modes
        Similarities of the modes beside the valley, (lower, upper), or None.
    thresholds
        0.1 above and below the cut, or half-way to a mode that is nearer than 0.2; within [0.2, 0.7]. None without
        a cut.
    """

    cut: float | None
    reason: Reason
    modes: tuple[float, float] | None = None
    thresholds: Thresholds | None = None


@dataclass(frozen=True, eq=False)
class TuningResult:
    """What a pair of thresholds keeps.

    Attributes
    ----------
    match
        As `core.people.person.match_by`.
    kept, rejected
        Rows of the face table: the faces taken for the person's, and the best faces of the other frames.
    detected_seconds, relaxed_seconds, rejected_seconds, no_face_seconds
        Number of frames times the sample period: kept for either reason, with faces but none kept, without a face.
    strict, relaxed
        The faces on both sides of the two thresholds, among those that the threshold decides about: the best of
        their frames, with a detection probability of 0.9 and 0.7.
    """

    thresholds: Thresholds
    match: Match
    kept: Rows
    rejected: Rows
    detected_seconds: float
    relaxed_seconds: float
    rejected_seconds: float
    no_face_seconds: float
    strict: Borderline
    relaxed: Borderline

    @property
    def kept_seconds(self) -> float:
        """Seconds in which the person is observed."""
        return self.detected_seconds + self.relaxed_seconds


@dataclass(frozen=True, eq=False)
class Tuning:
    """A face table seen from one person: all that does not depend on the thresholds.

    Attributes
    ----------
    similarity
        (n,) float32, `core.people.normalisation.similarities`.
    candidates
        (m,) rows: the most similar face of each frame whose similarity is known, the least similar first.
    pictured
        Those of the candidates whose picture the feature file holds; all of them where it holds none.
    sample_period
        Seconds that a frame stands for.
    """

    faces: FaceTable
    similarity: Similarities
    sample_period: float
    candidates: Rows
    pictured: Rows
    histogram: Histogram
    suggestion: Suggestion


def tuning(features: Features, similarity: Similarities) -> Tuning:
    """Prepare a face table for any number of calls of `tune`.

    Parameters
    ----------
    similarity
        (n,) as `core.people.normalisation.similarities` gives it; NaN is allowed.

    Raises
    ------
    ValueError
        If there is not one similarity a face.
    """
    faces = features.faces
    similarity = np.asarray(similarity, np.float32)
    if similarity.shape != (len(faces),):
        raise ValueError(f"similarity must have shape ({len(faces)},), one a face, got {similarity.shape}")
    order = np.lexsort((-similarity, faces.frame))  # NaN comes last within its frame
    best = order[np.unique(faces.frame[order], return_index=True)[1]]
    best = best[np.isfinite(similarity[best])]
    candidates = best[np.argsort(similarity[best], kind="stable")]
    is_best = np.zeros(len(faces), bool)
    is_best[candidates] = True
    decided = candidates[faces.probability[candidates] >= RELAXED_PROBABILITY]
    return Tuning(
        faces=faces,
        similarity=similarity,
        sample_period=1 / features.info.sample_rate,
        candidates=candidates,
        pictured=candidates[np.isin(candidates, list(features.chips))] if features.chips else candidates,
        histogram=Histogram(BIN_EDGES, _counts(similarity[is_best]), _counts(similarity[~is_best])),
        suggestion=suggest(similarity[decided]),
    )


def tune(prepared: Tuning, thresholds: Thresholds, *, n_borderline: int = 6) -> TuningResult:
    """What these thresholds keep: the same match as `core.people.person.match_by` with the person's references.

    Parameters
    ----------
    n_borderline
        Faces on each side of a threshold at most.
    """
    faces, similarity = prepared.faces, prepared.similarity
    found = match_by(faces, similarity, thresholds)
    seen = found.face >= 0
    in_frame = np.zeros(faces.n_frames, bool)
    in_frame[faces.frame] = True
    candidates, pictured = prepared.candidates, prepared.pictured
    probability = faces.probability[pictured]
    strict, relaxed = (pictured[probability >= least] for least in (STRICT_PROBABILITY, RELAXED_PROBABILITY))

    def seconds(frames: NDArray[np.bool_]) -> float:
        return float(np.count_nonzero(frames)) * prepared.sample_period

    return TuningResult(
        thresholds=thresholds,
        match=found,
        kept=found.face[seen],
        rejected=np.sort(candidates[~seen[faces.frame[candidates]]]),
        detected_seconds=seconds(found.source == Source.DETECTED),
        relaxed_seconds=seconds(found.source == Source.RELAXED),
        rejected_seconds=seconds(in_frame & ~seen),
        no_face_seconds=seconds(~in_frame),
        strict=borderline(faces, similarity, strict, thresholds.strict, n_borderline),
        relaxed=borderline(faces, similarity, relaxed, thresholds.relaxed, n_borderline),
    )


def _counts(similarity: Similarities) -> NDArray[np.int64]:
    """Faces in each bin; the bins are half-open, the last one closed."""
    known = np.clip(similarity[np.isfinite(similarity)], -1.0, 1.0)
    return np.histogram(known, BIN_EDGES)[0].astype(np.int64)


def suggest(similarity: Similarities) -> Suggestion:
    """Find a cut between the person and other people in the similarities (n,) of the best faces; NaN are left out.

    The histogram, smoothed by a Gaussian of 0.04, is cut where it is lowest within [0.2, 0.7], in the middle of the
    floor (after the mode method of Prewitt and Mendelsohn 1966, doi:10.1111/j.1749-6632.1965.tb11715.x). That is a
    valley if it is at most half as high as the highest mode on either side, is not mere chance, and 2 % of the faces
    lie on either side.
    """
    known = similarity[np.isfinite(similarity)]
    if len(known) < FEWEST_FACES:
        return Suggestion(None, "too_few_faces")
    height = _smoothed(_counts(known))
    centre = (BIN_EDGES[1:] + BIN_EDGES[:-1]) / 2
    inside = (centre > LOWEST_CUT) & (centre < HIGHEST_CUT)
    valley = _valley(height, inside)
    if valley is None:
        return Suggestion(None, "one_mode" if _valley(height, ~inside) is None else "outside")
    cut, lower, upper = (round(float(centre[k]), 2) for k in valley)
    strict = min(cut + min(MARGIN, (upper - cut) / 2), HIGHEST_CUT)
    relaxed = max(cut - min(MARGIN, (cut - lower) / 2), LOWEST_CUT)
    return Suggestion(cut, "valley", (lower, upper), Thresholds(round(strict, 2), round(relaxed, 2)))


def _smoothed(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """The histogram (n_bins,) under a Gaussian whose sum is 1."""
    reach = np.arange(-round(5 * SMOOTHING), round(5 * SMOOTHING) + 1)
    kernel = np.exp(-0.5 * (reach / SMOOTHING) ** 2)
    height: NDArray[np.float64] = np.convolve(counts, kernel / kernel.sum(), mode="same")
    return height


def _valley(height: NDArray[np.float64], allowed: NDArray[np.bool_]) -> tuple[int, int, int] | None:
    """Bins of the lowest valley's floor among the `allowed` ones, and of the modes below and above it."""
    bins = np.arange(len(height))
    lower = np.maximum.accumulate(height)
    upper = np.maximum.accumulate(height[::-1])[::-1]
    mode = np.minimum(lower, upper)
    below = np.cumsum(height) / height.sum()
    # The smoothing adds up about 7 bins (2 sqrt(pi) sigma); counts there scatter by their root (Poisson).
    window = 2 * np.pi**0.5 * SMOOTHING
    valid = allowed & (height <= VALLEY_DEPTH * mode) & (window * (mode - height) >= 3 * np.sqrt(window * mode))
    valid &= (below >= SMALLEST_MODE) & (below <= 1 - SMALLEST_MODE)
    if not valid.any():
        return None
    lowest = int(bins[valid][np.argmin(height[valid])])
    level = valid & (height <= height[lowest] + 0.02 * mode[lowest])
    first = last = lowest
    while first > 0 and level[first - 1]:
        first -= 1
    while last + 1 < len(bins) and level[last + 1]:
        last += 1
    floor = (first + last) // 2
    return floor, int(np.argmax(height[:floor])), floor + int(np.argmax(height[floor:]))
