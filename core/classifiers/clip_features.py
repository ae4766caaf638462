"""Numbers that describe a clip, learned without labels: summary statistics, intervals, random convolutions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.classifiers.inputs import Inputs

Floats = NDArray[np.floating]
Arrays = Mapping[str, NDArray[Any]]
CHUNK = 128  # clips at a time, for what a processor's cache holds
N_FOR_THRESHOLDS = 256  # clips that the thresholds of convolutions are taken from
N_POINTS = 32  # at most, of a clip stretched to its own length
N_BANDS = 8
N_MIXTURES = 512  # random mixtures of features for one dilation
KERNELS = tuple(combinations(range(9), 3))  # where the three large weights of a kernel lie (Dempster et al. 2021)
MAX_DILATIONS = 4


def _weights() -> NDArray[np.float32]:
    """Kernels (2 * 84, 9) that sum to 0 and see changes, then the same with sum 1, which see levels."""
    changes = np.full((len(KERNELS), 9), -1 / 3, np.float32)
    for row, chosen in enumerate(KERNELS):
        changes[row, list(chosen)] = 2 / 3
    return np.concatenate([changes, (changes + np.float32(1 / 3)) / 3])


WEIGHTS = _weights()


def stretched(inputs: Inputs, n_points: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Values (n, n_points, d) at equal steps over each clip's own present rows, linear between rows, and what is seen.

    A clip whose rows are all present and number `n_points` stays as it is.
    """
    present = inputs.present
    first = present.argmax(axis=1)
    count = np.maximum(present.sum(axis=1), 1)
    place = first[:, None] + np.clip((np.arange(n_points) + 0.5) * count[:, None] / n_points - 0.5, 0, None)
    place = np.minimum(place, (first + count - 1)[:, None])
    left = np.floor(place + 1e-9).astype(int)
    right = np.minimum(left + 1, (first + count - 1)[:, None])
    share = (place - left).clip(0, 1)[..., None]
    index = np.arange(len(inputs))[:, None]
    seen = inputs.seen
    weights = (1 - share) * seen[index, left], share * seen[index, right]
    total = weights[0] + weights[1]
    mixed = weights[0] * inputs.values[index, left] + weights[1] * inputs.values[index, right]
    return mixed / np.maximum(total, 1e-9), total > 1e-6


def moments_of(values: Floats, seen: NDArray[np.bool_]) -> list[Floats]:
    """Mean, deviation, least and greatest (n, d) over the seen rows of (n, rows, d); 0 where nothing is seen."""
    count = np.maximum(seen.sum(axis=1), 1)
    mean = np.where(seen, values, 0).sum(axis=1) / count
    deviation = np.sqrt((np.where(seen, values - mean[:, None], 0) ** 2).sum(axis=1) / count)
    nothing = ~seen.any(axis=1)
    least = np.where(nothing, 0, np.where(seen, values, np.inf).min(axis=1))
    greatest = np.where(nothing, 0, np.where(seen, values, -np.inf).max(axis=1))
    return [mean, deviation, least, greatest]


def steps_of(values: Floats, seen: NDArray[np.bool_]) -> tuple[Floats, NDArray[np.bool_]]:
    """Differences between neighbouring rows, 0 where either is missing, and where both are seen."""
    both = seen[:, 1:] & seen[:, :-1]
    return np.where(both, np.diff(values, axis=1), 0), both


def thirds(values: Floats, seen: NDArray[np.bool_]) -> list[Floats]:
    """Mean (n, d) of the first, the middle and the last third."""
    edges = np.linspace(0, values.shape[1], 4).round().astype(int)
    return [moments_of(values[:, a:b], seen[:, a:b])[0] for a, b in pairwise(edges.tolist())]


def summarise(inputs: Inputs) -> Floats:
    """Summary statistics (n, 9 (d + 1)) of clips and their gaps.

    Of every feature, without what is missing: mean, deviation, least, greatest, mean of the first, middle and last
    third of the clip's own length, mean absolute step between rows, share of rows seen.
    """
    inputs = inputs.with_gaps()
    values, seen = stretched(inputs, inputs.values.shape[1])
    steps, both = steps_of(inputs.values, inputs.seen)
    activity = np.abs(steps).sum(axis=1) / np.maximum(both.sum(axis=1), 1)
    parts = [*moments_of(inputs.values, inputs.seen), *thirds(values, seen), activity, inputs.seen.mean(axis=1)]
    return np.concatenate(parts, axis=1)


def intervals(n: int) -> list[tuple[int, int]]:
    """Halves, quarters and eighths of n points, each also shifted by half its length; at least three points long."""
    spans = [(0, n)]
    for parts in (2, 4, 8):
        width = n / parts
        if width < 3:
            break
        starts = np.arange(0, n - width + 1e-9, width / 2)
        spans += [(round(a), round(a + width)) for a in starts]
    return list(dict.fromkeys(spans))


def interval_features(inputs: Inputs) -> Floats:
    """What happens in parts of a clip (n, k), and how fast: after interval forests (Middlehurst et al. 2021).

    Of every feature and its steps, in each of `intervals` of the clip stretched to its own length: mean, deviation,
    least, greatest, slope; of the whole, the amplitude in `N_BANDS` bands of frequency, the correlation of every two
    features, and the share of rows seen. See doi:10.1007/s10994-021-06057-9.
    """
    rows = inputs.values.shape[1]
    inputs = inputs.with_gaps()
    points = min(rows, N_POINTS)
    values, seen = stretched(inputs, points)
    steps, both = steps_of(*stretched(inputs, rows))
    parts: list[Floats] = [inputs.seen.mean(axis=1)]
    for a, b in intervals(points):
        parts += moments_of(values[:, a:b], seen[:, a:b])
        time = np.arange(b - a) - (b - a - 1) / 2
        parts.append(np.einsum("t,ntd->nd", time / (time**2).sum(), values[:, a:b]))
        first, last = round(a * rows / points), round(b * rows / points)
        parts += moments_of(steps[:, first : last - 1], both[:, first : last - 1])[:2]
    centred = np.where(inputs.seen, inputs.values - parts[1][:, None], 0)
    spectrum = np.abs(np.fft.rfft(centred, axis=1))[:, 1:] / np.sqrt(rows)
    edges = np.unique(np.geomspace(1, spectrum.shape[1] + 1, N_BANDS + 1).round().astype(int)) - 1
    parts += [np.log1p(spectrum[:, a:b].mean(axis=1)) for a, b in pairwise(edges.tolist())]
    norm = np.sqrt((centred**2).sum(axis=1))
    scaled = centred / np.maximum(norm, 1e-6)[:, None]
    one, other = np.triu_indices(scaled.shape[2], 1)
    parts.append(np.einsum("ntd,nte->nde", scaled, scaled)[:, one, other])
    return np.concatenate(parts, axis=1)


class Convolutions:
    """Random convolutions of a clip: how much of it lies above a threshold, after MiniRocket.

    A kernel has nine weights, three large and six small, and a dilation (Dempster et al. 2021,
    doi:10.1145/3447548.3467231); half of the kernels see changes only, half see the level too. It runs over a random
    mixture of a few features, each with a random sign; thresholds are quantiles of its output on training clips. Rows
    outside the clip's own length are left out of the share.
    """

    def __init__(self, arrays: Arrays) -> None:
        self.arrays = arrays

    @classmethod
    def fitted(cls, inputs: Inputs, rng: np.random.Generator) -> Convolutions:
        """Draw mixtures and kernels, and take thresholds from the training clips."""
        values = inputs.with_gaps().values
        rows, d = values.shape[1:]
        longest = max(1, (rows - 1) // 8)
        dilations = np.unique(np.geomspace(1, longest, min(MAX_DILATIONS, longest)).astype(int))
        n = N_MIXTURES * 4 // max(2, len(dilations) + 1)
        mixtures = np.zeros((len(dilations), d, n), np.float32)
        for k in range(len(dilations)):
            for j in range(n):
                size = int(2 ** rng.uniform(0, np.log2(min(d, 9) + 1)))
                columns = rng.choice(d, size, replace=False)
                mixtures[k, columns, j] = rng.choice([-1.0, 1.0], size) / np.sqrt(size)
        kernels = rng.integers(2 * len(KERNELS), size=(len(dilations), n))
        convolutions = cls({"dilations": dilations, "mixtures": mixtures, "kernels": kernels})
        quantile = (np.arange(n) * 0.6180339887498949) % 1  # low discrepancy, as in MiniRocket
        some = inputs[np.sort(rng.permutation(len(inputs))[:N_FOR_THRESHOLDS])]
        bias = np.zeros((2, 2, len(dilations), n), np.float32)
        for k, order, out, inside in convolutions._outputs(some):
            for half, shift in enumerate((0.0, 0.5)):
                q = (quantile + shift) % 1
                flat = out[inside]
                ranks = np.clip((q * len(flat)).astype(int), 0, len(flat) - 1)
                bias[half, order, k] = np.sort(flat, axis=0)[ranks, np.arange(n)]
        convolutions.arrays = {**convolutions.arrays, "bias": bias}
        return convolutions

    def _outputs(self, inputs: Inputs) -> Iterator[tuple[int, int, NDArray[np.float32], NDArray[np.bool_]]]:
        """For each dilation, of the values and of their steps: the output (n, rows, n_kernels), and what rows count."""
        values, present = inputs.with_gaps().values, inputs.present
        n, rows, d = values.shape
        # what lies outside a clip repeats its first or last row
        first, last = present.argmax(axis=1), rows - 1 - present[:, ::-1].argmax(axis=1)
        for k, dilation in enumerate(self.arrays["dilations"].tolist()):
            place = np.arange(rows)[None, :, None] + (np.arange(9) - 4) * dilation
            place = np.clip(place, first[:, None, None], last[:, None, None])  # (n, rows, 9)
            windows = values[np.arange(n)[:, None, None], place].reshape(n * rows, 9 * d)
            taps = WEIGHTS[self.arrays["kernels"][k]].T[:, None]  # (9, 1, n_kernels)
            matrix = (taps * self.arrays["mixtures"][k]).reshape(9 * d, -1)
            out = (windows @ matrix).reshape(n, rows, -1)  # (n, rows, n_kernels)
            yield k, 0, out, present
            yield k, 1, out[:, 1:] - out[:, :-1], present[:, 1:] & present[:, :-1]

    def __call__(self, inputs: Inputs) -> Floats:
        """Features (n, 4 n_kernels a dilation) in [0, 1]."""
        parts = []
        for start in range(0, len(inputs), CHUNK):
            part = inputs[start : start + CHUNK]
            features = []
            for k, order, out, inside in self._outputs(part):
                count = np.maximum(inside.sum(axis=1), 1)[:, None].astype(np.float32)
                biases = (self.arrays["bias"][half, order, k] for half in (0, 1))
                features += [_n_above(out, bias, inside) / count for bias in biases]
            parts.append(np.concatenate(features, axis=1))
        width = 4 * self.arrays["mixtures"].shape[0] * self.arrays["mixtures"].shape[2]
        return np.concatenate(parts) if parts else np.zeros((0, width), np.float32)


def _n_above(values: NDArray[np.float32], threshold: NDArray[np.float32], inside: NDArray[np.bool_]) -> Floats:
    """How many of the rows inside have values (n, rows, k) above the thresholds (k,): (n, k) float32.

    Row by row, which stays within the processor's cache; at most 65,535 rows.
    """
    n, rows, k = values.shape
    count = np.zeros((n, k), np.uint8 if rows < 256 else np.uint16)
    above = np.empty((n, k), bool)
    for row in range(rows):
        np.greater(values[:, row], threshold, out=above)
        if not inside[:, row].all():
            above &= inside[:, row, None]
        count += above.view(np.uint8)
    return count.astype(np.float32)
