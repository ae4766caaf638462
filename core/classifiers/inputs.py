"""What every model of a clip takes: scaled values without gaps, what was seen, and when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelFault
from core.labels.rules import MIN_ROWS

Floats = NDArray[np.floating]


class ClipFault(ModelFault, ValueError):
    """Arrays that no classifier can take; a ValueError too, as scikit-learn expects it."""


@dataclass(frozen=True, eq=False)
class Inputs:
    """Clips as models take them.

    Attributes
    ----------
    values
        (n, rows, d) float32, scaled, 0 where missing.
    seen
        (n, rows, d) bool, false where missing.
    timestamps
        (n, rows) float32 from a clip's first row, in units of the usual step between rows.
    gaps
        (n, rows) float32, time since the last observed row before this one, in the same units; 0 for the first row. A
        row is observed if at least half of its values are there (Che et al. 2018, doi:10.1038/s41598-018-24271-9).
    """

    values: NDArray[np.float32]
    seen: NDArray[np.bool_]
    timestamps: NDArray[np.float32]
    gaps: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, chosen: slice | NDArray[np.integer] | NDArray[np.bool_]) -> Inputs:
        return Inputs(self.values[chosen], self.seen[chosen], self.timestamps[chosen], self.gaps[chosen])

    @property
    def present(self) -> NDArray[np.bool_]:
        """(n, rows) true from the first to the last row that holds any value: what lies outside is padding."""
        some: NDArray[np.bool_] = np.any(self.seen, axis=2)
        begun = np.maximum.accumulate(some, axis=1)
        not_over = np.maximum.accumulate(some[:, ::-1], axis=1)[:, ::-1]
        inside: NDArray[np.bool_] = begun & not_over
        return inside

    def with_gaps(self) -> Inputs:
        """The same clips with the gaps as one more feature, for models that do not look at the time themselves."""
        return Inputs(
            np.concatenate([self.values, self.gaps[..., None]], axis=2),
            np.concatenate([self.seen, self.present[..., None]], axis=2),
            self.timestamps,
            self.gaps,
        )


def check_clips(X: Floats, timestamps: Floats | None = None) -> tuple[Floats, Floats | None]:
    """Clips and timestamps as arrays of floats, if they are such. Raises ClipFault."""
    X = np.asarray(X)
    if X.ndim != 3 or X.shape[1] < MIN_ROWS or X.shape[2] < 1:
        raise ClipFault(
            "clips have shape {shape}, expected (n, rows, features) with at least {min_rows} rows",
            shape=X.shape,
            min_rows=MIN_ROWS,
        )
    if not (np.issubdtype(X.dtype, np.number) or X.dtype == bool) or np.iscomplexobj(X):
        raise ClipFault("clips are of type {dtype}, expected real numbers with NaN where missing", dtype=X.dtype)
    X = X.astype(np.float64)
    if np.isinf(X).any():
        raise ClipFault("clips hold infinite values; expected finite numbers, and NaN where missing")
    if timestamps is None:
        return X, None
    timestamps = np.asarray(timestamps, np.float64)
    if timestamps.shape != X.shape[:2]:
        raise ClipFault(
            "timestamps have shape {shape}, expected {expected}: one for each row",
            shape=timestamps.shape,
            expected=X.shape[:2],
        )
    if not np.isfinite(timestamps).all() or (np.diff(timestamps, axis=1) < 0).any():
        raise ClipFault("timestamps must be finite and must not decrease inside a clip; give seconds")
    return X, timestamps


@dataclass(frozen=True, eq=False)
class Scaler:
    """Centre and scale of every feature (d,), and the usual step between rows; learned on training clips only."""

    centre: Floats
    scale: Floats
    step: float

    @classmethod
    def fitted(cls, X: Floats, timestamps: Floats | None, *, centre: bool = True) -> Scaler:
        """Learn from clips X (n, rows, d) with NaN where missing; a feature that is never seen or never changes gets 1.

        Raises
        ------
        ModelFault
            If X holds no value at all.
        """
        seen = ~np.isnan(X)
        if not seen.any():
            raise ClipFault("the clips hold no value at all, only NaN; extract the videos again, or check the person")
        count = np.maximum(seen.sum(axis=(0, 1)), 1)
        mean = np.where(seen, X, 0).sum(axis=(0, 1)) / count
        scale = np.sqrt((np.where(seen, X - mean, 0) ** 2).sum(axis=(0, 1)) / count)
        steps = np.diff(timestamps, axis=1) if timestamps is not None else np.ones(1)
        step = float(np.median(steps[steps > 0])) if (steps > 0).any() else 1.0
        tiny = 1e-7 * np.maximum(np.abs(mean), 1e-3)
        return cls(mean if centre else np.zeros_like(mean), np.where(scale > tiny, scale, 1.0), step)

    def __call__(self, X: Floats, timestamps: Floats | None = None) -> Inputs:
        """Clips (n, rows, d) as models take them; rows count as one step apart where no timestamps are given."""
        seen = ~np.isnan(X)
        values = np.where(seen, (X - self.centre) / self.scale, 0)
        if timestamps is None:
            timestamps = np.broadcast_to(np.arange(X.shape[1]) * self.step, X.shape[:2])
        times = (timestamps - timestamps[:, :1]) / self.step
        observed = seen.mean(axis=2) >= 0.5
        last = np.maximum.accumulate(np.where(observed, times, 0), axis=1)
        gaps = np.diff(times, axis=1, prepend=0)
        gaps[:, 1:] = times[:, 1:] - last[:, :-1]
        return Inputs(
            np.clip(values, -50, 50).astype(np.float32), seen, times.astype(np.float32), gaps.astype(np.float32)
        )
