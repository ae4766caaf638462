"""What every model of a clip takes: scaled values without gaps, what was seen, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelFault
from core.labels.rules import MIN_ROWS

Floats = NDArray[np.floating]
# Columns, each with the unit that it is divided by, and whether its steps from row to row are taken
Together = tuple[tuple[int, float, bool], ...]
LEAST_SCALE = 0.1  # of a probability: what changes less in one person's clips may change more in another's


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

    def __getitem__(self, rows: slice | NDArray[np.integer] | NDArray[np.bool_]) -> Inputs:
        return Inputs(self.values[rows], self.seen[rows], self.timestamps[rows], self.gaps[rows])

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


def check_labels(
    n_clips: int, y: NDArray[Any], groups: NDArray[Any] | None, sample_weight: Floats | None
) -> tuple[NDArray[Any], NDArray[np.int64], Floats, NDArray[Any] | None]:
    """The classes, and of each clip its class from 0, its weight, and its group if given. Raises ClipFault."""
    if y is None:
        raise ClipFault("fit requires y to be passed, but the target y is None")
    y = np.asarray(y)
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.shape != (n_clips,):
        raise ClipFault("got {n} clips and {n_labels} labels; expected one label a clip", n=n_clips, n_labels=y.shape)
    if np.issubdtype(y.dtype, np.floating) and not (np.isfinite(y).all() and (y == np.round(y)).all()):
        raise ClipFault("Unknown label type: continuous values; expected classes, without NaN")
    classes, index = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise ClipFault(
            "one class only ({found}), expected two or more; label clips of the other kind too", found=classes.tolist()
        )
    weight = np.ones(n_clips) if sample_weight is None else np.asarray(sample_weight, np.float64)
    groups = None if groups is None else np.asarray(groups)
    for name, given in (("groups", groups), ("sample_weight", weight)):
        if given is not None and given.shape != (n_clips,):
            raise ClipFault("{name} has shape {shape}, expected ({n},)", name=name, shape=given.shape, n=n_clips)
    if not np.isfinite(weight).all() or (weight < 0).any() or (np.bincount(index, weight) <= 0).any():
        raise ClipFault("sample_weight must be finite, not negative, and not zero for all clips of a class")
    return classes, index.astype(np.int64), weight, groups


def with_together(X: Floats, together: Together) -> Floats:
    """Clips (n, rows, d) with one more column: by how much some features are above usual, or change, at the same time.

    It is the root of the product of their positive parts, each in its unit and at most 1; NaN where one is missing.
    """
    if not together:
        return X
    parts = [(_steps(X[..., column]) if by_steps else X[..., column], unit) for column, unit, by_steps in together]
    product: Floats = np.prod([np.clip(values / unit, 0, 1) for values, unit in parts], axis=0)
    return np.concatenate([X, np.sqrt(product)[..., None]], axis=-1)


def _steps(values: Floats) -> Floats:
    """Mean size (n, rows) of the steps to the row before and the one after, or of the one that is known."""
    step = np.pad(np.abs(np.diff(values, axis=1)), ((0, 0), (1, 1)), constant_values=np.nan)
    before, after = step[:, :-1], step[:, 1:]
    return np.where(np.isnan(before), after, np.where(np.isnan(after), before, (before + after) / 2))


@dataclass(frozen=True, eq=False)
class Scaler:
    """Centre and scale of every feature (d,), and the usual step between rows; learned on training clips only.

    With `together` the column of `with_together` is one more feature.
    """

    centre: Floats
    scale: Floats
    step: float
    together: Together = ()

    @classmethod
    def fitted(cls, X: Floats, timestamps: Floats | None, *, centre: bool = True, together: Together = ()) -> Scaler:
        """Learn from clips X (n, rows, d) with NaN where missing; a feature that is never seen or never changes gets 1.

        No scale is less than `LEAST_SCALE`.

        Raises
        ------
        ModelFault
            If X holds no value at all.
        """
        X = with_together(X, together)
        seen = ~np.isnan(X)
        if not seen.any():
            raise ClipFault("the clips hold no value at all, only NaN; extract the videos again, or check the person")
        count = np.maximum(seen.sum(axis=(0, 1)), 1)
        mean = np.where(seen, X, 0).sum(axis=(0, 1)) / count
        scale = np.sqrt((np.where(seen, X - mean, 0) ** 2).sum(axis=(0, 1)) / count)
        steps = np.diff(timestamps, axis=1) if timestamps is not None else np.ones(1)
        step = float(np.median(steps[steps > 0])) if (steps > 0).any() else 1.0
        tiny = 1e-7 * np.maximum(np.abs(mean), 1e-3)
        scale = np.where(scale > tiny, np.maximum(scale, LEAST_SCALE), 1.0)
        return cls(mean if centre else np.zeros_like(mean), scale, step, together)

    def __call__(self, X: Floats, timestamps: Floats | None = None) -> Inputs:
        """Clips (n, rows, d) as models take them; rows count as one step apart where no timestamps are given."""
        X = with_together(X, self.together)
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
