"""Pictures of wide colour or high dynamic range as BT.709 ones: a table of colours, for FFmpeg's filter `lut3d`.

Light is decoded by Rec. ITU-R BT.2100 (PQ, HLG with a display of 1000 cd/m²), its highlights are compressed by the
electrical-electrical transfer function of Report BT.2390, annex 5, to reference white (203 cd/m², Report BT.2408), and
the primaries are converted by Report BT.2087.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import av
import numpy as np
from numpy.typing import NDArray

PEAK = 1000.0  # cd/m², of the display that HDR pictures are mastered for
WHITE = 203.0  # cd/m², reference white, which becomes white
HDR = {16: "pq", 18: "hlg"}  # by the transfer's number in ITU-T H.273
BT2020 = 9  # the number of its primaries there
SIZE = 33  # colours along each edge of the table
_M1, _M2 = 2610 / 16384, 2523 / 32
_C1, _C2, _C3 = 3424 / 4096, 2413 / 128, 2392 / 128
_LUMA = np.array([0.2627, 0.6780, 0.0593])
_TO_709 = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]])

Floats = NDArray[np.float64]


def _from_pq(signal: Floats) -> Floats:
    """Light in cd/m² of a PQ signal (BT.2100, table 4)."""
    power = signal ** (1 / _M2)
    return np.asarray(10_000 * (np.maximum(power - _C1, 0) / (_C2 - _C3 * power)) ** (1 / _M1))


def _to_pq(light: Floats) -> Floats:
    power = (light / 10_000) ** _M1
    return np.asarray(((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2)


def _from_hlg(signal: Floats) -> Floats:
    """Light in cd/m² of an HLG signal (n, 3) on a display of `PEAK` (BT.2100, table 5)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    return np.asarray(PEAK * scene * np.maximum(scene @ _LUMA, 1e-9)[:, None] ** 0.2)


def _compressed(light: Floats) -> Floats:
    """Colours (n, 3) in cd/m², none brighter than `WHITE`; the hue stays, for all three are scaled alike."""
    brightest = np.maximum(light.max(axis=1, keepdims=True), 1e-6)
    peak = _to_pq(np.array(PEAK))
    signal = np.minimum(_to_pq(brightest) / peak, 1)
    most = _to_pq(np.array(WHITE)) / peak
    knee = 1.5 * most - 0.5
    t = np.maximum(signal - knee, 0) / (1 - knee)
    curve = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (3 * t**2 - 2 * t**3) * most
    return np.asarray(light * _from_pq(np.where(signal < knee, signal, curve) * peak) / brightest)


_LIGHT: dict[str, Callable[[Floats], Floats]] = {
    "pq": lambda signal: _compressed(_from_pq(signal)),
    "hlg": lambda signal: _compressed(_from_hlg(signal)),
    "bt2020": lambda signal: WHITE * signal**2.4,
}


def table_of(frame: av.VideoFrame) -> str | None:
    """The kind of `colour_table` that a frame's colours need; None where a screen shows them as they are."""
    return HDR.get(frame.color_trc) or ("bt2020" if frame.color_primaries == BT2020 else None)


@lru_cache
def colour_table(kind: str) -> str:
    """A table of colours in Adobe's cube format, of BT.2020 colours coded as `kind`: pq, hlg or bt2020 (its own)."""
    steps = np.linspace(0.0, 1.0, SIZE)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")  # red changes fastest
    signal = np.stack([red.ravel(), green.ravel(), blue.ravel()], axis=1)  # (SIZE ** 3, 3)
    light = np.clip(_LIGHT[kind](signal) / WHITE @ _TO_709.T, 0, 1)
    coded = light ** (1 / 2.4)  # BT.1886
    return f"LUT_3D_SIZE {SIZE}\n" + "".join(f"{r:.5f} {g:.5f} {b:.5f}\n" for r, g, b in coded)
