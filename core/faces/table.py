"""Every face seen at every sampled time of one video: what later questions about any person are answered from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from core.series import N_FACE

NO_TRACK = -1


@dataclass(frozen=True, eq=False)
class FaceTable:
    """One row a face, sorted by frame; a frame may have none.

    Attributes
    ----------
    timestamps
        (n_frames,) float64 seconds, strictly increasing: all sampled times, also those without a face.
    scene_change
        (n_frames,) float32 in [0, 1]: how much the picture differs from the sample before it; 0 for the first.
    frame
        (n,) int32 index into `timestamps`, non-decreasing.
    box_xyxy, landmarks, probability
        (n, 4), (n, 5, 2) pixels of the upright picture, (n,) detection probability; float32.
    embedding
        (n, d) float32 as the embedder's similarity defines it (files hold half precision).
    emotion
        (n, 10) float32: eight emotion probabilities, valence, arousal.
    track
        (n,) int32, `NO_TRACK` where tracks were not computed yet.
    """

    timestamps: NDArray[np.float64]
    scene_change: NDArray[np.float32]
    frame: NDArray[np.int32]
    box_xyxy: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    probability: NDArray[np.float32]
    embedding: NDArray[np.float32]
    emotion: NDArray[np.float32]
    track: NDArray[np.int32]

    def __post_init__(self) -> None:
        n, n_frames = len(self.frame), len(self.timestamps)
        shapes = {
            "scene_change": (n_frames,),
            "box_xyxy": (n, 4),
            "landmarks": (n, 5, 2),
            "probability": (n,),
            "embedding": (n, self.embedding.shape[-1]),
            "emotion": (n, N_FACE),
            "track": (n,),
        }
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} must have shape {shape}, got {getattr(self, name).shape}")
        if not np.isfinite(self.timestamps).all() or (np.diff(self.timestamps) <= 0).any():
            raise ValueError("timestamps must be finite and strictly increasing")
        if n and ((np.diff(self.frame) < 0).any() or self.frame[0] < 0 or self.frame[-1] >= n_frames):
            raise ValueError(f"frame must be sorted indices below {n_frames}")

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def n_frames(self) -> int:
        """Number of sampled times."""
        return len(self.timestamps)

    def with_tracks(self, track: NDArray[np.int32]) -> FaceTable:
        """The same table with these track ids (n,)."""
        return replace(self, track=track.astype(np.int32))

    @staticmethod
    def empty(dimension: int) -> FaceTable:
        """A table without frames for embeddings of `dimension` values."""
        return FaceTable(
            timestamps=np.empty(0),
            scene_change=np.empty(0, np.float32),
            frame=np.empty(0, np.int32),
            box_xyxy=np.empty((0, 4), np.float32),
            landmarks=np.empty((0, 5, 2), np.float32),
            probability=np.empty(0, np.float32),
            embedding=np.empty((0, dimension), np.float32),
            emotion=np.empty((0, N_FACE), np.float32),
            track=np.empty(0, np.int32),
        )


def concatenate(tables: Sequence[FaceTable]) -> FaceTable:
    """Tables that follow each other in time as one. At least one is needed."""
    offsets = np.cumsum([0, *(table.n_frames for table in tables)])
    columns = {f.name: np.concatenate([getattr(table, f.name) for table in tables]) for f in fields(FaceTable)}
    columns["frame"] = np.concatenate(
        [table.frame + np.int32(offset) for table, offset in zip(tables, offsets, strict=False)]
    )
    return FaceTable(**columns)
