"""By how much a chat lags behind its video: where its laughter fits best to what is funny there.

Some viewers answer at once, some while a laugh lasts, some spread over seconds, and each way moves the peak of a plain
correlation. So many ways are tried at every lag, by least squares, and each lag counts as far as the fits speak for it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.cues.chat_counts import BIN, ChatCounts

Floats = NDArray[np.floating]
LAGS = (-2.0, 20.0)  # seconds
REACH = 12.0  # seconds, to both sides, over which answers may be spread
TREND = 30.0  # seconds over which chats grow livelier and calmer for reasons of their own
BLUR = 0.4  # seconds by which evidence is smoothed before laughs are told apart
GAP = 5.0  # seconds: for longer than this, what is not known to be funny is taken for calm
BREATH = 1.0  # seconds without laughter that do not end a laugh
LIKE_ONE = 12.0  # bins that are taken to say as much as an independent one, for messages come in bursts
NEAR = 3.0  # seconds around the best lag over which lags are averaged
MIN_GAIN = 2.5  # log-likelihood over that of no answer at all, below which no lag is believed; of pure chance 1 in 10
SURE = 0.9  # of the weight lies within the doubt
LEAST_DOUBT = 0.5  # seconds, for no way of answering that is tried is quite that of these viewers


class Lag(NamedTuple):
    """Seconds by which a chat comes after its video, give or take `doubt` in nine of ten chats."""

    seconds: float
    doubt: float


def lag_of(chat: ChatCounts, timestamps: NDArray[np.float64], evidence: NDArray[np.floating]) -> Lag | None:
    """Seconds by which the chat's laughter comes after the video's.

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
    at = np.arange(len(chat.counts)) * BIN + chat.start + BIN / 2
    over = np.arange(grid[0] + min(0, LAGS[0]), grid[-1] + LAGS[1], BIN)
    laughing = np.interp(over, at, np.log1p(chat.counts[:, 1]), left=0, right=0)
    funny = np.interp(over, grid, _filled(grid, timestamps[known], evidence[known]), left=0, right=0)
    lags, gain = _gains(laughing, _laughs(funny))
    if gain.max() < MIN_GAIN:
        return None
    weight = np.exp(gain - gain.max()).sum(axis=0)
    near = np.where(np.abs(lags - lags[gain.max(axis=0).argmax()]) > NEAR, 0, weight)
    lag = float(lags @ near / near.sum())
    away = np.abs(lags - lag)
    nearest = away.argsort()
    doubt = away[nearest][np.searchsorted(np.cumsum(weight[nearest]), SURE * weight.sum())]
    return Lag(round(lag, 1), max(float(round(doubt, 2)), LEAST_DOUBT))


def _gains(laughing: Floats, laughs: dict[str, Floats]) -> tuple[Floats, Floats]:
    """Lags (k,) in seconds and how much better each way (n, k) explains what is written at them than no answer."""
    from scipy.signal import correlate  # slow to import, and hardly ever wanted

    reach = round((REACH + LAGS[1]) / BIN)
    tau = np.arange(-reach, reach + 1)
    within = (tau * BIN >= LAGS[0]) & (tau * BIN <= LAGS[1])
    laughing = _without_trend(laughing)
    rows = []
    for place, ways in _ways().items():
        events = _without_trend(laughs[place])
        answers, own = (
            correlate(x, events, method="fft")[len(events) - 1 + tau] for x in (laughing, events)
        )  # at each lag, in bins
        for way in ways:
            both, half = np.correlate(way, way, "full"), len(way) - 1
            norm = np.sqrt(max(both @ own[reach - half : reach + half + 1], 0.0)) * np.linalg.norm(laughing)
            rows.append(np.correlate(answers, way, "same")[within] / norm if norm else np.zeros(within.sum()))
    fit = np.clip(rows, 0, 0.999)
    return tau[within] * BIN, -len(laughing) / LIKE_ONE / 2 * np.log1p(-(fit**2))


def _ways() -> dict[str, list[Floats]]:
    """How answers are spread over time, each summing to 1: after the start of a laugh, or all of it."""
    from scipy.special import gammainc, ndtr

    edge = np.arange(-REACH - BIN / 2, REACH + BIN, BIN)
    late = np.maximum(edge, 0)
    grown = {
        "start": [
            *(gammainc(1, late / scale) for scale in (0.7, 1.5, 3)),  # at once, then fewer
            *(gammainc(2, late / scale) for scale in (0.7, 1.2)),  # after a moment
            *(ndtr(edge / spread) for spread in (0.35, 0.5, 0.7, 1, 1.4, 2, 3)),  # around a delay that is usual
            *(np.clip(edge / width, 0, 1) for width in (2, 3, 4, 5)),  # evenly over some seconds
            *(np.clip(edge / width + 0.5, 0, 1) for width in (2, 3)),
        ],
        "whole": [ndtr(edge / 0.3), ndtr(edge), gammainc(1, late)],
    }
    return {place: [np.diff(way) for way in ways] for place, ways in grown.items()}


def _laughs(funny: Floats) -> dict[str, Floats]:
    """Laughs on a grid: as an impulse at the start, and spread over the whole of each."""
    smooth = _blurred(funny, BLUR)
    loud = smooth >= min(0.5, smooth.max() / 2) if smooth.any() else np.zeros(len(funny), bool)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], loud, [False]]).astype(int))).reshape(-1, 2)
    apart = edges[1:, 0] - edges[:-1, 1] >= BREATH / BIN
    starts, ends = edges[np.append(True, apart)[: len(edges)], 0], edges[np.append(apart, True)[: len(edges)], 1]
    laughs: dict[str, Floats] = {place: np.zeros(len(funny)) for place in ("start", "whole")}
    for a, b in zip(starts, ends, strict=True):
        sure = float(funny[a:b].mean()) * min(1.0, (b - a) * BIN)
        laughs["start"][a] = sure
        laughs["whole"][a:b] = sure / (b - a)
    return laughs


def _without_trend(values: Floats) -> Floats:
    """Values less their mean over a minute or so."""
    return values - _blurred(values, TREND)


def _blurred(values: Floats, seconds: float) -> Floats:
    """Values smoothed by a bell curve so wide."""
    from scipy.ndimage import gaussian_filter1d

    blurred: Floats = gaussian_filter1d(values, seconds / BIN)
    return blurred


def _filled(grid: Floats, times: Floats, values: Floats) -> Floats:
    """Values on a grid: linear over short gaps between times, the least of all in long ones."""
    after = np.clip(np.searchsorted(times, grid), 1, len(times) - 1)
    long = (times[after] - times[after - 1] > GAP) & (grid > times[after - 1]) & (grid < times[after])
    return np.where(long, values.min(), np.interp(grid, times, values))
