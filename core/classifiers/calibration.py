"""Scores -> probabilities that hold for the shares of the labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
TINY = 1e-6  # no probability is less: scores of so few clips cannot say more
STRENGTH = 0.05  # of the pull towards no shift of a class, per class


def limited(probabilities: Floats) -> Floats:
    """Probabilities (n, n_classes) of at least `TINY` that sum to 1."""
    kept = np.clip(probabilities, TINY, 1)
    out: Floats = kept / kept.sum(axis=1, keepdims=True)
    return out


@dataclass(frozen=True, eq=False)
class Calibration:
    """Probabilities are the softmax of ``scale * scores + shift``, after Platt (1999) with any number of classes.

    `shift` (n_classes,) holds the logarithm of the classes' shares among the labels, and what held-out clips added.
    """

    scale: float
    shift: Floats

    @classmethod
    def fitted(cls, scores: Floats, y: NDArray[np.integer], weight: Floats, prior: Floats) -> Calibration:
        """From scores (n, n_classes) of clips that their model did not learn from, classes y from 0 and weights.

        The scores are those of balanced classes, so the logarithm of `prior` (n_classes,) is where the shift begins.
        """
        from scipy.optimize import minimize  # slow to import
        from scipy.special import log_softmax

        n_classes = scores.shape[1]
        start = np.log(np.clip(prior, TINY, 1))
        spread = max(float(scores.std()), 1e-6)
        share = weight / weight.sum()
        truth = np.eye(n_classes)[y]
        # With few clips the best scale would be without end: each class gets as much doubt as two more clips would give
        truth = (truth * len(y) + 2 * np.asarray(prior)) / (len(y) + 2)

        def loss(x: Floats) -> tuple[float, Floats]:
            scale = np.exp(x[0])
            logp = log_softmax(scale * scores / spread + start + x[1:], axis=1)
            wrong = share[:, None] * (np.exp(logp) - truth)
            gradient = np.concatenate([[scale * (wrong * scores / spread).sum()], wrong.sum(axis=0)])
            pull = STRENGTH / len(y) * np.concatenate([[x[0]], x[1:]])
            value = -(share[:, None] * truth * logp).sum() + 0.5 * (pull * x).sum()
            return float(value), gradient + pull

        optimum = minimize(
            loss, np.zeros(1 + n_classes), jac=True, method="L-BFGS-B", bounds=[(-6, 6)] * (1 + n_classes)
        )
        return cls(float(np.exp(optimum.x[0]) / spread), start + optimum.x[1:])

    def __call__(self, scores: Floats) -> Floats:
        """Probabilities (n, n_classes)."""
        from scipy.special import log_softmax

        return limited(np.exp(log_softmax(self.scale * scores + self.shift, axis=1)))
