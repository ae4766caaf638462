"""Who is who: reference faces of a person, calibrated similarity, and which face of a table is the person's."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.errors import PunchlineError
from core.faces.pose import FRONTAL, turned
from core.faces.similarity import Similarity
from core.faces.table import NO_TRACK, FaceTable
from core.series import Source

Floats = NDArray[np.floating]

STRICT_PROBABILITY = 0.9
RELAXED_PROBABILITY = 0.7
# New looks after which a track without a sure match must be more like the person than not. Of the clips that show
# somebody else a third is told by it, and no row of the person is lost (docs/identity_model.md).
MANY_LOOKS = 4


@dataclass(frozen=True)
class Thresholds:
    """Similarities on the common scale from which a face is taken for the person's.

    Raises
    ------
    ValueError
        Unless ``relaxed <= strict <= 1``.
    """

    strict: float = 0.5
    relaxed: float = 0.3

    def __post_init__(self) -> None:
        if not self.relaxed <= self.strict <= 1.0:
            raise ValueError(
                f"thresholds must satisfy relaxed <= strict <= 1, got relaxed {self.relaxed} and strict {self.strict}"
            )


@dataclass(frozen=True, eq=False)
class Reference:
    """One face that the user chose.

    The picture around the face is kept, so that another embedder can be used later.

    Attributes
    ----------
    image
        RGB uint8 (h, w, 3), the face with a margin.
    box_xyxy, landmarks
        (4,) and (5, 2) float32, pixels of `image`.
    origin
        Where it comes from, in words: a file name, or a video and a time.
    embeddings
        Embedder digest -> (d,) float32.
    """

    image: NDArray[np.uint8]
    box_xyxy: Floats
    landmarks: Floats
    origin: str
    embeddings: Mapping[str, Floats]

    @property
    def face(self) -> NDArray[np.uint8]:
        """The square of the face alone, RGB uint8, from the picture around it."""
        left, top, right, bottom = self.box_xyxy
        height, width = self.image.shape[:2]
        side = min(max(8, int(max(right - left, bottom - top) * 1.2)), height, width)
        x = int(np.clip((left + right - side) / 2, 0, max(0, width - side)))
        y = int(np.clip((top + bottom - side) / 2, 0, max(0, height - side)))
        return self.image[y : y + side, x : x + side]


@dataclass(frozen=True, eq=False)
class Person:
    """A person with an id that never changes, a display name, reference faces, and thresholds.

    `overrides` maps a video id to the thresholds used for that video instead.
    """

    id: str
    name: str
    references: tuple[Reference, ...]
    thresholds: Thresholds = Thresholds()
    overrides: Mapping[str, Thresholds] = field(default_factory=dict)

    def thresholds_for(self, video_id: str) -> Thresholds:
        """The saved thresholds for this video."""
        return self.overrides.get(video_id, self.thresholds)

    def lacks(self, embedder_digest: str) -> bool:
        """Whether this embedder has not read all references."""
        return any(embedder_digest not in reference.embeddings for reference in self.references)

    def embeddings(self, embedder_digest: str) -> NDArray[np.float32]:
        """The references' embeddings (m, d) of one embedder, without those that could not be read (NaN).

        Raises
        ------
        PunchlineError
            If no reference has an embedding of this embedder.
        """
        return np.stack([r.embeddings[embedder_digest] for r in self.readable(embedder_digest)]).astype(np.float32)

    def readable(self, embedder_digest: str) -> list[Reference]:
        """The references that this embedder could read, at least one; raises as `embeddings`."""
        known = [r for r in self.references if np.isfinite(r.embeddings.get(embedder_digest, np.nan)).all()]
        if not known:
            if not self.references:
                raise PunchlineError("{name} has no reference face; add one from a video or a photo", name=self.name)
            raise PunchlineError(
                "{name}: none of {n} reference faces was read by the model that read this video (digest {digest}). "
                "If this goes on, extract the video again",
                name=self.name,
                n=len(self.references),
                digest=embedder_digest[:19],
            )
        return known


def clean_name(name: str) -> str:
    """A display name in Unicode NFC without surrounding space; any letters, dots and slashes are accepted.

    Raises
    ------
    PunchlineError
        If nothing is left, or it holds control characters.
    """
    clean = unicodedata.normalize("NFC", name).strip()
    if not clean or any(unicodedata.category(c) == "Cc" for c in clean):
        raise PunchlineError(
            "{name!r} is no name for a person; give one with at least one visible character", name=name
        )
    return clean


@dataclass(frozen=True, eq=False)
class Match:
    """The person's face in every frame of a table.

    Attributes
    ----------
    face
        (n_frames,) row of the face table, -1 where the person was not observed.
    source
        (n_frames,) `Source.DETECTED`, `RELAXED` or `MISSING`.
    similarity
        (n_frames,) float32, the best similarity of any face in the frame; NaN where no face was seen.
    """

    face: NDArray[np.intp]
    source: NDArray[np.uint8]
    similarity: NDArray[np.float32]


def similarity_to_any(
    table: FaceTable, references: Floats, similarity: Similarity, *, largest: Floats | float = np.inf
) -> NDArray[np.float32]:
    """The best similarity (n,) of each face over the references (m, d), m >= 1; NaN where no pair has one.

    `largest` (m,) is the side in pixels of the largest face with which each reference is compared.
    """
    side = (table.box_xyxy[:, 2:] - table.box_xyxy[:, :2]).max(axis=1, initial=0)
    alike = np.where(side[:, None] <= largest, similarity(table.embedding, references), np.float32(np.nan))
    closest: NDArray[np.float32] = np.fmax.reduce(alike, axis=1)
    return closest


def match_by(table: FaceTable, closest: NDArray[np.float32], thresholds: Thresholds) -> Match:
    """Find the person in a face table.

    Of several faces in a frame the most similar is the candidate. It is `DETECTED` with a detection probability of
    at least 0.9 and the strict similarity, and `RELAXED` with at least 0.7 and the relaxed similarity if its track is
    the person's: a track that holds one detected face or two consecutive relaxed candidates, which then counts in
    both directions of time. Faces that share one embedding (`core.faces.reading`) are one look, not two. A track of
    five looks or more, none of them detected, is somebody's who resembles the person if its candidates are on average
    nearer to the relaxed threshold than to the strict one. A face that is turned aside says little about who it is
    (docs/identity_model.md): in a frame without a candidate, one on a track with a detected face is `RELAXED` whatever
    its similarity.

    Parameters
    ----------
    table
        With tracks; a face without a track is judged alone.
    closest
        (n,) best similarity of each face; a face with NaN is passed over.
    """
    face = np.full(table.n_frames, -1, np.intp)
    source = np.full(table.n_frames, Source.MISSING, np.uint8)
    best_similarity = np.full(table.n_frames, np.nan, np.float32)
    if len(table) == 0:
        return Match(face, source, best_similarity)
    order = np.lexsort((-closest, table.frame))
    best = order[np.unique(table.frame[order], return_index=True)[1]]  # the most similar face of each frame with one
    best_similarity[table.frame[best]] = closest[best]

    candidate = np.zeros(len(table), bool)
    candidate[best] = (closest[best] >= thresholds.relaxed) & (table.probability[best] >= RELAXED_PROBABILITY)
    strict = candidate & (closest >= thresholds.strict) & (table.probability >= STRICT_PROBABILITY)
    owned = np.concatenate([table.track[strict], _relaxed_tracks(table, closest, candidate, thresholds)])
    relaxed = candidate & ~strict & np.isin(table.track, owned) & (table.track >= 0)
    aside = (np.abs(turned(table.landmarks)) > FRONTAL) & (table.probability >= RELAXED_PROBABILITY)
    aside &= np.isin(table.track, table.track[strict]) & (table.track >= 0) & np.isfinite(closest)
    aside &= ~np.isin(table.frame, table.frame[candidate])
    carried = order[::-1][aside[order[::-1]]]
    face[table.frame[carried]] = carried  # of several in a frame the most similar comes last
    source[table.frame[carried]] = Source.RELAXED
    for rows, kind in ((relaxed, Source.RELAXED), (strict, Source.DETECTED)):
        face[table.frame[rows]] = np.flatnonzero(rows)
        source[table.frame[rows]] = kind
    return Match(face, source, best_similarity)


def _relaxed_tracks(
    table: FaceTable, closest: NDArray[np.float32], candidate: NDArray[np.bool_], thresholds: Thresholds
) -> NDArray[np.int32]:
    """The tracks with two consecutive candidates of different looks, but for those that stay doubtful for long."""
    along = np.lexsort((table.frame, table.track))
    at = np.flatnonzero(candidate[along])
    place = table.track[along[at]] - NO_TRACK  # without a track: 0
    one, other = along[at[:-1]], along[at[1:]]
    new_look = (np.diff(place) == 0) & (table.embedding[one] != table.embedding[other]).any(axis=1)
    n_new_looks = np.bincount(place[1:], new_look, minlength=place.max(initial=0) + 1)
    mean = np.bincount(place, closest[along[at]]) / np.maximum(np.bincount(place), 1)
    doubtful = (n_new_looks >= MANY_LOOKS) & (mean < (thresholds.strict + thresholds.relaxed) / 2)
    seen_twice = np.unique(place[1:][new_look & (np.diff(at) == 1)])
    owned: NDArray[np.int32] = seen_twice[~doubtful[seen_twice]] + NO_TRACK
    return owned
