"""Tracks: one face seen at successive times."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from core.faces.similarity import similarity_of
from core.faces.table import FaceTable

SCENE_CUT = 0.12  # share of the value range by which the pictures on both sides of a cut differ at least, on average
MAX_GAP = 1.5  # seconds for which a face may be lost: who leaves the picture's edge and comes back is the same


def tracks(
    frame: np.ndarray,
    box_xyxy: np.ndarray,
    link_similarity: Callable[[np.ndarray, np.ndarray], np.ndarray],
    timestamps: np.ndarray,
    cut_before: np.ndarray,
    *,
    max_gap: float = MAX_GAP,
    min_iou: float = 0.2,
    min_similarity: float = 0.1,
    strict_similarity: float = 0.5,
) -> np.ndarray:
    """Link the faces of a face table into tracks: one face seen at successive times.

    A face continues the track whose last face overlaps it and does not look like somebody else (within a shot), or
    whose last face is strictly similar (anywhere, also across a scene cut). Of all assignments of a frame's faces to
    open tracks the one with the greatest sum of similarity and overlap is taken (Kuhn 1955,
    doi:10.1002/nav.3800020109).

    Parameters
    ----------
    frame
        Index (n,) of each face's frame, non-decreasing.
    box_xyxy
        Boxes (n, 4) in pixels.
    link_similarity
        Takes row numbers a and b, gives the similarities (len(a), len(b)) on the common scale; NaN never links.
    timestamps
        Seconds (n_frames,), strictly increasing.
    cut_before
        bool (n_frames,): a scene cut lies between this frame and the one before it.
    max_gap
        A track stays open for so many seconds, and half a sample period, after its last face.
    min_iou, min_similarity
        What a link within a shot needs, both.
    strict_similarity
        What any other link needs.

    Returns
    -------
    np.ndarray
        int32 (n,) track numbers 0, 1, ... by first appearance; faces of one frame never share one.

    Raises
    ------
    ValueError
        If the lengths do not fit together or ``frame`` is not sorted or outside ``timestamps``.
    """
    from scipy.optimize import linear_sum_assignment  # slow to import, wanted when a video's faces are all there

    _check_table(frame, box_xyxy, timestamps, cut_before)
    reach = max_gap + (float(np.median(np.diff(timestamps))) / 2 if len(timestamps) > 1 else 0.0) + 1e-6
    shot = np.cumsum(cut_before)[frame] if len(frame) else np.empty(0, np.int64)
    times = np.asarray(timestamps, dtype=np.float64)[frame] if len(frame) else np.empty(0)
    track = np.full(len(frame), -1, np.int32)
    starts = np.flatnonzero(np.diff(frame, prepend=-1)).tolist()
    last = np.empty(0, np.int64)  # the last row of every open track
    n_tracks = 0
    for start, stop in itertools.pairwise([*starts, len(frame)]):
        rows = np.arange(start, stop)
        last = last[times[start] - times[last] <= reach]
        if len(last):
            similarity = np.asarray(link_similarity(last, rows), dtype=np.float64)  # (n_open, n_faces)
            overlap = np.where((shot[last] == shot[start])[:, None], _iou(box_xyxy[last], box_xyxy[rows]), 0.0)
            within = (overlap >= min_iou) & (similarity >= min_similarity)
            strict = similarity >= strict_similarity
            gain = np.where(within | strict, similarity + overlap, 0.0)
            old, new = linear_sum_assignment(gain, maximize=True)
            linked = (within | strict)[old, new]
            track[rows[new[linked]]] = track[last[old[linked]]]
            last = np.delete(last, old[linked])
        fresh = rows[track[rows] < 0]
        track[fresh] = np.arange(n_tracks, n_tracks + len(fresh))
        n_tracks += len(fresh)
        last = np.concatenate([last, rows])
    return track


def _check_table(frame: np.ndarray, box_xyxy: np.ndarray, timestamps: np.ndarray, cut_before: np.ndarray) -> None:
    if len(box_xyxy) != len(frame) or len(cut_before) != len(timestamps):
        raise ValueError(
            f"tracks: got {len(frame)} frame numbers for {len(box_xyxy)} boxes, "
            f"{len(cut_before)} scene cuts for {len(timestamps)} timestamps; expected equal lengths."
        )
    if len(frame) and (np.any(np.diff(frame) < 0) or frame[0] < 0 or frame[-1] >= len(timestamps)):
        raise ValueError(f"tracks: frame numbers must be sorted and lie in [0, {len(timestamps)}).")


def _iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union (m, n) of boxes (m, 4) and (n, 4)."""
    size = np.minimum(a[:, None, 2:], b[:, 2:]) - np.maximum(a[:, None, :2], b[:, :2])
    common = np.maximum(size, 0).prod(axis=2)
    area_a, area_b = ((x[:, 2:] - x[:, :2]).prod(axis=1) for x in (a, b))
    iou: np.ndarray = common / np.maximum(area_a[:, None] + area_b - common, 1e-9)
    return iou


def with_tracks(faces: FaceTable, embedder_name: str) -> FaceTable:
    """A table whose faces are linked into tracks over the whole video."""
    similarity = similarity_of(embedder_name)
    embedding = faces.embedding.astype(np.float16).astype(np.float32)  # as a reader of the file will see it
    track = tracks(
        faces.frame,
        faces.box_xyxy,
        lambda a, b: similarity(embedding[a], embedding[b]),
        faces.timestamps,
        faces.scene_change >= SCENE_CUT,
    )
    return replace(faces, embedding=embedding, track=track)


def cuts_of(faces: FaceTable, face: np.ndarray) -> np.ndarray:
    """Frames, bool (n_frames,), in which somebody's face goes on elsewhere after a scene cut.

    A game that moves changes a picture as much as a cut does, all the time; a face that keeps its place was not cut.

    Parameters
    ----------
    face
        Row (n_frames,) of the face in each frame, -1 where it is not seen.
    """
    cuts = np.zeros(faces.n_frames, bool)
    seen = np.flatnonzero(face >= 0)
    corner, opposite = np.split(faces.box_xyxy[face[seen]], 2, axis=1)
    moved = np.abs(np.diff((corner + opposite) / 2, axis=0)).max(axis=1) > (opposite - corner)[1:].min(axis=1) / 2
    shot = np.cumsum(faces.scene_change >= SCENE_CUT)[seen]
    cuts[seen[1:]] = moved & (np.diff(shot) > 0)
    return cuts
