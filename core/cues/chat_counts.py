"""Counts of a chat over time -> rows on the video's clock, and by how much the chat lags behind the video."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from core.cues.chat import ReadChat

Floats = NDArray[np.floating]
BIN = 0.25  # seconds
AROUND = 5.0  # seconds of chat that a row covers
LAGS, LAG_STEP = (-2.0, 20.0), 0.1  # seconds
BLUR = 0.8  # seconds by which both sides are smoothed before they are compared
LEAD = 0.4  # seconds: where all write at once, the smoothed spike rises fastest about so long before they do
GAP = 2.0  # seconds: for longer than this, what is not known to be funny is taken for calm
MIN_CORRELATION = 0.05  # below which no lag is believed


@dataclass(frozen=True, eq=False)
class ChatCounts:
    """Messages, and laughing ones, (n, 2) of each quarter of a second of the chat's clock from `start` seconds on."""

    start: float
    counts: NDArray[np.int32]


def counts_of(chat: ReadChat) -> ChatCounts:
    """The counts of what was read."""
    first = int(np.floor(chat.times[0] / BIN))
    bins = np.floor(chat.times / BIN).astype(np.int64) - first
    counts = [np.bincount(bins, weights=w, minlength=int(bins[-1]) + 1) for w in (None, chat.laughing)]
    return ChatCounts(first * BIN, np.stack(counts, axis=1).astype(np.int32))


def chat_rows(chat: ChatCounts, timestamps: NDArray[np.float64], *, offset: float) -> NDArray[np.float32]:
    """Messages a second, and the share that laughs, (n, 2) in the five seconds around each timestamp.

    Parameters
    ----------
    offset
        Seconds to add to the chat's times to have those of the video.

    Returns
    -------
    NaN before the chat begins and after it ends; the share is NaN where nobody writes.
    """
    total = np.concatenate([np.zeros((1, 2)), np.cumsum(chat.counts, axis=0)])
    place = (timestamps - offset - chat.start) / BIN
    n = len(chat.counts)
    low, high = (np.clip(np.round(place + side * AROUND / 2 / BIN), 0, n).astype(np.int64) for side in (-1, 1))
    within = total[high] - total[low]
    out = np.full((len(timestamps), 2), np.nan, np.float32)
    there = (place > -AROUND / BIN) & (place < n + AROUND / BIN)
    out[there, 0] = within[there, 0] / AROUND
    written = there & (within[:, 0] > 0)
    out[written, 1] = within[written, 1] / within[written, 0]
    return out


def lag_of(chat: ChatCounts, timestamps: NDArray[np.float64], evidence: NDArray[np.floating]) -> float | None:
    """Seconds by which the chat's laughter comes after the video's: the lag at which their beginnings fit best.

    Beginnings, for a chat that answers a long laugh at once would seem too early beside all of it.

    Parameters
    ----------
    timestamps, evidence
        (n,) times in seconds and how funny the video is there: laughter that is heard, labels; NaN where unknown.

    Returns
    -------
    None where nothing fits.
    """
    end = chat.start + len(chat.counts) * BIN
    grid = np.arange(max(0.0, chat.start - LAGS[1]), min(float(timestamps[-1]), end), BIN)
    known = np.isfinite(evidence)
    if len(grid) < 60 / BIN or known.sum() < 2:
        return None
    at = np.arange(len(chat.counts)) * BIN + chat.start
    lags = np.arange(*LAGS, LAG_STEP)
    funny = _rising(_filled(grid, timestamps[known], evidence[known]))
    laughing = _rising(np.log1p(chat.counts[:, 1].astype(float)))
    answers = np.stack([np.interp(grid + lag - LEAD, at, laughing, left=0, right=0) for lag in lags])
    funny -= funny.mean()
    answers -= answers.mean(axis=1, keepdims=True)
    norm = np.linalg.norm(funny) * np.linalg.norm(answers, axis=1)
    if not norm.all():
        return None
    correlation = answers @ funny / norm
    best = int(correlation.argmax())
    return round(float(lags[best]), 1) if correlation[best] >= MIN_CORRELATION else None


def _rising(values: Floats) -> Floats:
    """How fast smoothed values rise, 0 where they fall."""
    rising: Floats = np.maximum(np.gradient(gaussian_filter1d(values, BLUR / BIN)), 0)
    return rising


def _filled(grid: Floats, times: Floats, values: Floats) -> Floats:
    """Values on a grid: linear over short gaps between times, the least of all in long ones."""
    after = np.clip(np.searchsorted(times, grid), 1, len(times) - 1)
    long = (times[after] - times[after - 1] > GAP) & (grid > times[after - 1]) & (grid < times[after])
    return np.where(long, values.min(), np.interp(grid, times, values))
