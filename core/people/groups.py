"""The faces of a table grouped into people, so that one can be picked by a click."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import FaceNotFound, PunchlineError, VideoUnreadable
from core.faces.crop import Crop, cut
from core.faces.feature_file import Features
from core.faces.pose import turned
from core.faces.similarity import SMALL_FACE, SMALL_REACH, Similarity, similarity_of
from core.faces.table import FaceTable
from core.people.person import STRICT_PROBABILITY, Reference
from core.people.photos import reference_of
from core.video.frames import frame_at
from core.video.picture import Image

Rows = NDArray[np.intp]
Floats = NDArray[np.floating]

# Mean similarity from which two sets of tracks are one person. Among single faces of eight East Asian people of the
# development folds (docs/identity_model.md) 0.42 joins two people in one of 15 videos, 0.39 in one of 6; of eight other
# people it makes 8.9 groups, 0.48 makes 9.4.
SAME_PERSON = 0.42
# Faces of one time that are as alike as this are one person seen twice: a mirror, a replay, a face found twice. One of
# 2.4 million pairs of different people is, on the same pictures.
SEEN_TWICE = 0.8
LONGEST_TRACKS = 2000  # so many are clustered, the other ones join the nearest group
CHIP_BOX = 1.5  # side of a face's chip, in longer sides of its box
FORBIDDEN = -1e9  # stands for the similarity of two people: no mean over 2000 tracks comes near a real one again
BLOCK = 1000  # tracks compared with the longest ones at once
N_CHOICE = 400  # representative faces are chosen among so many of a group's best


@dataclass(frozen=True, eq=False)
class FaceGroup:
    """The faces of one person, as far as can be told without a reference.

    Attributes
    ----------
    rows
        (n,) rows of the face table, increasing.
    best
        (k,) rows that show the person best, the most typical first: large, frontal, surely faces, unlike each other.
    seconds
        Number of frames with the person times the sample period.
    n_tracks
        Number of tracks; a face without a track is one of its own.
    """

    rows: Rows
    best: Rows
    seconds: float
    n_tracks: int


@dataclass(frozen=True, eq=False)
class FaceGroups:
    """The people of a video, the one seen longest first, and how many faces belong to none of them."""

    groups: tuple[FaceGroup, ...]
    n_rest: int


def group(features: Features, *, n_best: int = 6, same_person: float = SAME_PERSON) -> FaceGroups:
    """Join the tracks of a face table into people.

    The 2000 longest tracks are clustered by average linkage (Sokal and Michener 1958) of the similarities of their
    mean embeddings; every other one joins the most similar group, or none. Tracks that are seen in one frame are kept
    apart, unless they are so alike that it is one face seen twice. A small face is not like one of more than twice its
    size.

    Parameters
    ----------
    features
        A video's analysis; its faces may lack tracks.
    n_best
        Representative faces of a group at most.
    same_person
        Mean similarity from which tracks are one person.

    Returns
    -------
    FaceGroups
        Left to its rest are faces without an embedding (NaN), the faces of tracks that are neither among the longest
        nor like any group, and single faces with a detection probability below 0.9.
    """
    faces = features.faces
    known = np.flatnonzero(np.isfinite(faces.embedding).all(axis=1))
    if len(known) == 0:
        return FaceGroups((), len(faces))
    similarity = similarity_of(features.info.models["embedder"]["name"])
    track, n_tracks = _numbered(faces.track[known])
    means = _means(faces, known, track, n_tracks)
    together = _together(track, faces.frame[known], n_tracks)
    alike = partial(_likeness, means, _sides(faces, known, track), together, similarity)
    person = _people(alike, np.bincount(track), together, same_person)[track]  # (n_known,), -1: the rest
    found = []
    for rows, n_own in _split(person, known, track):
        if len(rows) > 1 or faces.probability[rows[0]] >= STRICT_PROBABILITY:
            seconds = len(np.unique(faces.frame[rows])) / features.info.sample_rate
            best = representatives(features, rows, k=n_best)
            found.append(FaceGroup(rows, best, seconds, n_own))
    found.sort(key=lambda one: (-one.seconds, -len(one.rows), int(one.rows[0])))
    return FaceGroups(tuple(found), len(faces) - sum(len(one.rows) for one in found))


def _numbered(track: NDArray[np.int32]) -> tuple[Rows, int]:
    """Tracks as 0, 1, ...; every face without one gets a number of its own."""
    alone = track < 0
    wide = track.astype(np.int64)
    wide[alone] = wide.max() + 1 + np.arange(alone.sum())
    unique, number = np.unique(wide, return_inverse=True)
    return number, len(unique)


def _means(faces: FaceTable, rows: Rows, track: Rows, n_tracks: int) -> NDArray[np.float64]:
    """Mean embedding (n_tracks, d) of every track's sure faces, of all where none is sure."""
    weight = np.where(faces.probability[rows] >= STRICT_PROBABILITY, 1.0, 1e-6)
    order = np.argsort(track, kind="stable")
    starts = np.searchsorted(track[order], np.arange(n_tracks))
    weighted = faces.embedding[rows[order]].astype(np.float64) * weight[order, None]
    means: NDArray[np.float64] = np.add.reduceat(weighted, starts) / np.bincount(track, weight, n_tracks)[:, None]
    return means


def _together(track: Rows, frame: NDArray[np.int32], n_tracks: int) -> Any:
    """Sparse bool (n_tracks, n_tracks): tracks that share a frame."""
    from scipy.sparse import csr_array  # slow to import

    seen = csr_array((np.ones(len(track), np.int32), (track, frame)), shape=(n_tracks, int(frame.max()) + 1))
    return (seen @ seen.T).astype(bool).tocsr()


def _sides(faces: FaceTable, rows: Rows, track: Rows) -> Floats:
    """Side in pixels (n_tracks,) of every track's largest face."""
    box = faces.box_xyxy[rows]
    order = np.argsort(track, kind="stable")
    side = (box[:, 2:] - box[:, :2]).max(axis=1)[order]
    largest: Floats = np.maximum.reduceat(side, np.flatnonzero(np.diff(track[order], prepend=-1)))
    return largest


def _people(
    alike: Callable[[Rows, Rows], NDArray[np.float64]], n_faces: Rows, together: Any, same_person: float
) -> Rows:
    """The person (n_tracks,) of every track, -1 for none; `alike` gives the similarities of tracks (a, b)."""
    by_length = np.argsort(-n_faces, kind="stable")
    longest, others = by_length[:LONGEST_TRACKS], by_length[LONGEST_TRACKS:]
    person = np.full(len(n_faces), -1, np.intp)
    person[longest] = _linked(alike(longest, longest), same_person)
    longest = longest[np.argsort(person[longest], kind="stable")]
    starts = np.flatnonzero(np.diff(person[longest], prepend=-1))
    likeness = np.full(len(n_faces), -np.inf)
    for part in (others[k : k + BLOCK] for k in range(0, len(others), BLOCK)):
        sums = np.add.reduceat(alike(part, longest), starts, axis=1)
        mean = sums / np.bincount(person[longest])  # (n_part, n_people)
        likeness[part] = mean.max(axis=1)
        person[part] = np.where(likeness[part] >= same_person, mean.argmax(axis=1), -1)
    for a, b in zip(*together[others][:, others].nonzero(), strict=True):  # two that came at one time: the better stays
        pair = others[[a, b]]
        if a < b and person[pair[0]] == person[pair[1]] >= 0 and alike(pair[:1], pair[1:])[0, 0] == FORBIDDEN:
            person[pair[np.argmin(likeness[pair])]] = -1
    return person


def _likeness(
    means: Floats, side: Floats, together: Any, similarity: Similarity, a: Rows, b: Rows
) -> NDArray[np.float64]:
    """Similarities (len(a), len(b)) of tracks; `FORBIDDEN` where two people are seen at one time."""
    likeness = similarity(means[a], means[b]).astype(np.float64)
    small, large = (pick(side[a][:, None], side[b]) for pick in (np.minimum, np.maximum))
    likeness[(small < SMALL_FACE) & (large > SMALL_REACH * small)] = 0
    likeness[together[a][:, b].toarray() & (likeness < SEEN_TWICE)] = FORBIDDEN
    return likeness


def _linked(likeness: NDArray[np.float64], same_person: float) -> Rows:
    """Cluster number (n,) from 0, of similarities (n, n)."""
    if len(likeness) == 1:
        return np.zeros(1, np.intp)
    from scipy.cluster.hierarchy import fcluster, linkage  # slow to import
    from scipy.spatial.distance import squareform

    distance = 1 - likeness
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform(distance, checks=False), "average")
    clusters: Rows = fcluster(tree, 1 - same_person, "distance").astype(np.intp) - 1
    return clusters


def _split(person: Rows, rows: Rows, track: Rows) -> Iterator[tuple[Rows, int]]:
    """The rows of every person, increasing, with their number of tracks."""
    order = np.argsort(person, kind="stable")
    order = order[person[order] >= 0]
    for part in np.split(order, np.flatnonzero(np.diff(person[order])) + 1) if len(order) else ():
        yield rows[part], len(np.unique(track[part]))


def representatives(features: Features, rows: Rows, *, k: int = 6) -> Rows:
    """Up to `k` of these faces of one person that show them best and in their variety.

    The first is typical and good to see. Each next one is the farthest from those before (Gonzalez 1985,
    doi:10.1016/0304-3975(85)90224-5) in looks and in time, weighed by how good it is to see: large, frontal by its
    landmarks, surely a face. The faces least like the others are left out.

    Parameters
    ----------
    rows
        (n,) rows of the face table; those without an embedding (NaN) are passed over.
    """
    faces = features.faces
    rows = rows[np.isfinite(faces.embedding[rows]).all(axis=1)]
    pictured = rows[np.isin(rows, list(features.chips))] if features.chips else rows
    rows = pictured if len(pictured) >= k else rows  # those whose picture is at hand
    if len(rows) <= 1 or k < 1:
        return rows[: max(k, 0)]
    similarity = similarity_of(features.info.models["embedder"]["name"])
    centre = faces.embedding[rows].mean(axis=0, dtype=np.float64)
    typical = similarity(faces.embedding[rows], centre[None])[:, 0]
    quality = _quality(faces, rows)
    fit = np.flatnonzero(typical >= min(SAME_PERSON, float(np.median(typical))))
    fit = fit[np.argsort(-quality[fit], kind="stable")[:N_CHOICE]]
    rows, quality, typical = rows[fit], quality[fit], typical[fit]
    time = faces.timestamps[faces.frame[rows]]
    span = max(float(np.ptp(time)), 1e-9)
    chosen = [int(np.argmax(quality * np.maximum(typical, 0.05)))]
    novelty = np.full(len(rows), np.inf)
    while len(chosen) < min(k, len(rows)):
        latest = chosen[-1]
        looks = 1 - similarity(faces.embedding[rows], faces.embedding[rows[latest]][None])[:, 0]
        novelty = np.minimum(novelty, np.clip(looks, 0, 1) + 0.5 * np.abs(time - time[latest]) / span)
        novelty[chosen] = -1.0
        chosen.append(int(np.argmax(quality * novelty)))
    return rows[chosen]


def _quality(faces: FaceTable, rows: Rows) -> NDArray[np.float64]:
    """How good faces are to see (n,), above 0: probability x size x frontality.

    Size is the shorter side against the largest of these faces. In a frontal face the nose lies midway between the
    eyes, measured along the line of the eyes, and the eyes are not close together for the width of the box.
    """
    box = faces.box_xyxy[rows].astype(np.float64)
    size = np.maximum(box[:, 2:] - box[:, :2], 1e-6)
    length = np.linalg.norm(faces.landmarks[rows, 1] - faces.landmarks[rows, 0], axis=1)
    wide = np.clip(length / size[:, 0] / 0.4, 0.1, 1)  # frontal faces of MTCNN: 0.4 and more
    frontal = np.clip(1 - 2 * np.abs(turned(faces.landmarks[rows])), 0.1, 1) * wide
    share = size.min(axis=1) / size.min(axis=1).max()
    quality: NDArray[np.float64] = faces.probability[rows] * np.sqrt(share) * frontal
    return np.maximum(quality, 1e-6)


def chips(path: Path, features: Features, rows: Iterable[int], *, side: int = 96) -> dict[int, Image]:
    """Square pictures (side, side, 3) of faces, read from the video in order of time.

    Parameters
    ----------
    rows
        Rows of the face table; a frame with several of them is read once.

    Returns
    -------
    dict
        Row -> RGB uint8; a row is left out if its picture cannot be read.

    Raises
    ------
    VideoUnreadable
        If not one of the pictures can be read.
    """
    faces = features.faces
    crop = Crop(side, box_scale=CHIP_BOX)
    found: dict[int, Image] = {}
    fault: PunchlineError | None = None
    by_frame: dict[int, list[int]] = {}
    for row in sorted({int(row) for row in rows}):  # the table is sorted by frame
        by_frame.setdefault(int(faces.frame[row]), []).append(row)
    for frame, in_frame in by_frame.items():
        try:
            image = frame_at(path, float(faces.timestamps[frame]), tracks=features.info.tracks).image
            found |= {row: cut(image, faces.box_xyxy[row], faces.landmarks[row], crop) for row in in_frame}
        except (VideoUnreadable, FaceNotFound) as error:
            fault = error
    if fault is not None and not found:
        raise fault
    return found


def as_reference(features: Features, row: int, image: Image) -> Reference:
    """A face of the table as a reference, with the embedding that the table holds; no network is needed.

    Parameters
    ----------
    image
        RGB uint8 (h, w, 3), the whole picture of the face's frame.

    Raises
    ------
    FaceNotFound
        If the face has no embedding (NaN), or lies outside the picture, which is then another one.
    """
    faces, info = features.faces, features.info
    time = float(faces.timestamps[faces.frame[row]])
    origin = f"{info.video_name} at {time:.2f} s"
    if not np.isfinite(faces.embedding[row]).all():
        raise FaceNotFound(
            "{origin}: this face could not be embedded; choose another face of the person", origin=origin
        )
    x, y = faces.box_xyxy[row].reshape(2, 2).mean(axis=0)
    if not (0 <= x < image.shape[1] and 0 <= y < image.shape[0]):
        raise FaceNotFound(
            "{origin}: the face lies at ({x:.0f}, {y:.0f}), outside this picture of {width} x {height} "
            "pixels; choose the video that was analysed, or extract this one again",
            origin=origin,
            x=x,
            y=y,
            width=image.shape[1],
            height=image.shape[0],
        )
    embedding = faces.embedding[row].astype(np.float32)
    digest = info.models["embedder"]["digest"]
    return reference_of(image, faces.box_xyxy[row], faces.landmarks[row], origin, {digest: embedding})


def reference_at(path: Path, features: Features, row: int) -> Reference:
    """`as_reference` of a face whose picture is read from the video. Raises VideoUnreadable and FaceNotFound."""
    faces = features.faces
    time = float(faces.timestamps[faces.frame[row]])
    return as_reference(features, row, frame_at(path, time, tracks=features.info.tracks).image)
