"""The classifier of funny moments: clips (n, rows, d) -> probabilities, after scikit-learn's conventions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core import storage
from core.errors import ModelFault
from core.series import FEATURES

CARD_FORMAT, CARD_VERSION = "punchline-model", 1
MIN_ROWS = 9
N_STATISTICS = 7  # of each feature, see `summarise`
MIN_OF_A_CLASS = 10
Floats = NDArray[np.floating]


def summarise(X: Floats) -> NDArray[np.float64]:
    """Summary statistics of clips, without what is missing: (n, rows, d) -> (n, 7 d).

    Of every feature: mean, deviation, least, greatest, mean of the first, the middle and the last third; 0, the usual
    value, where nothing was seen.
    """
    X = np.asarray(X, np.float64)
    seen = ~np.isnan(X)

    def mean(part: slice) -> Floats:
        count = seen[:, part].sum(axis=1)
        means: Floats = np.where(seen[:, part], X[:, part], 0).sum(axis=1) / np.maximum(count, 1)
        return means

    whole = slice(None)
    thirds = np.linspace(0, X.shape[1], 4).round().astype(int)
    centre = mean(whole)
    spread = np.sqrt((np.where(seen, X - centre[:, None], 0) ** 2).sum(axis=1) / np.maximum(seen.sum(axis=1), 1))
    nothing = ~seen.any(axis=1)
    least = np.where(nothing, 0, np.where(seen, X, np.inf).min(axis=1))
    greatest = np.where(nothing, 0, np.where(seen, X, -np.inf).max(axis=1))
    parts = [mean(slice(a, b)) for a, b in pairwise(thirds)]
    return np.concatenate([centre, spread, least, greatest, *parts], axis=1)


class FunnyMomentClassifier:
    """Logistic regression on the summary statistics of a clip.

    Parameters
    ----------
    C
        Inverse strength of the L2 penalty.

    Notes
    -----
    Input is (n, rows, d) with any d and at least 9 rows, NaN where missing, centred on what is usual for the person
    (`core.series.centred`). Classes are weighted inversely to their share.
    """

    def __init__(self, model: str = "auto", *, C: float = 0.1) -> None:
        self.model = model
        self.C = C

    def fit(self, X: Floats, y: NDArray[np.integer]) -> FunnyMomentClassifier:
        """Learn from clips X (n, rows, d) and labels y (n,).

        Raises
        ------
        ModelFault
            If there is too little to learn from, or X is no stack of clips.
        """
        from sklearn.linear_model import LogisticRegression

        X = self._checked(X)
        self.classes_, counts = np.unique(y, return_counts=True)
        if len(X) != len(y):
            raise ModelFault(f"got {len(X)} clips and {len(y)} labels; expected one label a clip")
        if len(self.classes_) != 2 or counts.min() < MIN_OF_A_CLASS:
            found = (
                ", ".join(f"{n} labelled {c}" for c, n in zip(self.classes_.tolist(), counts, strict=True)) or "none"
            )
            raise ModelFault(
                f"too few labels to train on: {found}; expected two kinds with at least {MIN_OF_A_CLASS} each. "
                "Label more clips of the rarer kind"
            )
        self.n_features_in_ = X.shape[2]
        summary = summarise(X)
        self.mean_ = summary.mean(axis=0)
        self.scale_ = np.maximum(summary.std(axis=0), 1e-6)
        fitted = LogisticRegression(C=self.C, class_weight="balanced", max_iter=1000)
        fitted.fit((summary - self.mean_) / self.scale_, y)
        self.coef_ = np.asarray(fitted.coef_, np.float64)
        self.intercept_ = np.asarray(fitted.intercept_, np.float64)
        return self

    def decision_function(self, X: Floats) -> Floats:
        """Log-odds (n,) of the second class, at equal shares of both. Raises ModelFault for another feature count."""
        X = self._checked(X)
        if X.shape[2] != self.n_features_in_:
            raise ModelFault(f"clips have {X.shape[2]} features, the model was trained on {self.n_features_in_}")
        z: Floats = (summarise(X) - self.mean_) / self.scale_ @ self.coef_[0] + self.intercept_[0]
        return z

    def predict_proba(self, X: Floats, *, prior: float = 0.5) -> Floats:
        """Probabilities (n, 2) of both classes where `prior` is the share of the second one."""
        z = self.decision_function(X) + np.log(prior / (1 - prior))
        p = 1 / (1 + np.exp(-np.clip(z, -50, 50)))
        return np.stack([1 - p, p], axis=1)

    def predict(self, X: Floats) -> NDArray[Any]:
        """The likelier class (n,) at equal shares."""
        chosen: NDArray[Any] = self.classes_[(self.decision_function(X) >= 0).astype(int)]
        return chosen

    def save(self, folder: Path, card: Mapping[str, Any]) -> None:
        """Write weights (safetensors) and card (JSON) into a folder. Raises StorageFault."""
        from safetensors.numpy import save

        arrays = {
            name: np.ascontiguousarray(getattr(self, f"{name}_")) for name in ("mean", "scale", "coef", "intercept")
        }
        head = {"format": CARD_FORMAT, "format_version": CARD_VERSION, "model": "summary", "features": list(FEATURES)}
        head |= {"C": self.C, "classes": self.classes_.tolist(), "program_version": storage.program_version()}
        storage.write_bytes(folder / "weights.safetensors", save(arrays))
        storage.write_json(folder / "card.json", {**head, **card})

    @classmethod
    def load(cls, folder: Path) -> tuple[FunnyMomentClassifier, dict[str, Any]]:
        """A saved model and its card.

        Raises
        ------
        ModelFault
            If it is missing, damaged, of another version, or made for other features; names them.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        try:
            card: dict[str, Any] = json.loads((folder / "card.json").read_text(encoding="utf-8"))
            if not isinstance(card, dict):
                raise ValueError("its card is no JSON object")
            if card.get("format") != CARD_FORMAT or card.get("format_version") != CARD_VERSION:
                raise ModelFault(
                    f"{folder}: {card.get('format')!r} version {card.get('format_version')!r}, "
                    f"expected {CARD_FORMAT!r} version {CARD_VERSION}; train it again"
                )
            if tuple(card["features"]) != FEATURES:
                raise ModelFault(f"{folder}: made for the features {', '.join(card['features'])}; train it again")
            arrays = load_file(folder / "weights.safetensors")
            made = cls(C=card["C"])
            made.classes_ = np.array(card["classes"])
            made.mean_, made.scale_, made.coef_, made.intercept_ = (
                arrays[name] for name in ("mean", "scale", "coef", "intercept")
            )
            width = N_STATISTICS * len(FEATURES)
            shapes = [made.mean_.shape, made.scale_.shape, made.coef_.shape, made.intercept_.shape]
            if shapes != [(width,), (width,), (1, width), (1,)] or made.classes_.shape != (2,):
                raise ValueError(f"its weights have shapes {shapes}, expected those of {len(FEATURES)} features")
        except (OSError, ValueError, TypeError, KeyError, SafetensorError) as error:
            raise ModelFault(f"{folder}: no readable model ({error}); train one with `punchline train`") from error
        made.n_features_in_ = len(FEATURES)
        return made, card

    @staticmethod
    def _checked(X: Floats) -> Floats:
        X = np.asarray(X)
        if X.ndim != 3 or X.shape[1] < MIN_ROWS:
            raise ModelFault(f"clips have shape {X.shape}, expected (n, rows, features) with at least {MIN_ROWS} rows")
        return X
