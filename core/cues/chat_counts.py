"""Counts of a chat over time -> rows on the video's clock."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.cues.chat_reading import ReadChat

BIN = 0.25  # seconds
AROUND = 5.0  # seconds of chat that a row covers


@dataclass(frozen=True, eq=False)
class ChatCounts:
    """Messages, and laughing ones, (n, 2) of each quarter of a second of the chat's clock from `start` seconds on."""

    start: float
    counts: NDArray[np.int32]


def counts_of(chat: ReadChat) -> ChatCounts:
    """The counts of what was read; times in whole seconds, or minutes, are cut off: half of one is added."""
    times = chat.times + next((step / 2 for step in (60.0, 1.0) if not (chat.times % step).any()), 0.0)
    first = int(np.floor(times[0] / BIN))
    bins = np.floor(times / BIN).astype(np.int64) - first
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
