"""States that last, told from uncertain evidence row by row: a hidden Markov chain read forwards and backwards.

Nothing is delayed, for later rows count too (Rabiner 1989, doi:10.1109/5.18626). From one row to the next a state stays
with probability ``exp(-seconds / dwell)``, and is drawn anew from the states' shares otherwise.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
MAX_GAP = 1.0  # seconds: what lies further apart says nothing about each other
BLOCK = 256  # rows that are filtered at once, after as many before them: by then it is forgotten how those began


def posterior(evidence: Floats, stays: Floats, shares: Floats, *, first: Floats) -> Floats:
    """Probabilities (n, k) of the states given the evidence of all rows; nothing is checked.

    Parameters
    ----------
    evidence
        (n, k): how probable what is seen in a row is in each state, up to a factor; above 0, without NaN.
    stays
        (n,): how probably a row has the state of the one before; NaN where that says nothing about it.
    shares
        (k,): how often each state is drawn; they sum to 1.
    first
        (k,): probabilities of the states in a row that nothing before says anything about.
    """
    forwards = _filtered(evidence, stays, shares, first=first)
    # The chain is reversible. Backwards it begins with the shares: their factor is in every row, and leaves again.
    backwards = _filtered(evidence[::-1], np.roll(stays[::-1], 1), shares, first=shares)[::-1]
    return _normalised(forwards * backwards / (shares * evidence))


def _filtered(evidence: Floats, stays: Floats, shares: Floats, *, first: Floats) -> Floats:
    """Probabilities (n, k) given the evidence of each row and of those before it; a run begins with `first`."""
    n, block = len(evidence), min(BLOCK, len(evidence))
    rows = np.arange(0, n, block)[:, None] + np.arange(-block, block)  # (n_blocks, 2 * block)
    state = np.tile(first, (len(rows), 1))  # (n_blocks, k)
    states = []
    for at in np.clip(rows, 0, n - 1).T:
        stay = stays[at, None]
        state = np.where(np.isnan(stay), first, stay * state + (1 - stay) * shares) * evidence[at]
        state = _normalised(state)
        states.append(state)
    return np.stack(states[block:], axis=1).reshape(-1, len(first))[:n]


def _normalised(rows: Floats) -> Floats:
    shares: Floats = rows / rows.sum(axis=-1, keepdims=True)
    return shares
