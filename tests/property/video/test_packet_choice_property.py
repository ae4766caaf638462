"""For any order of frames and any grid, the nearest frame to each time of the grid is decoded."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.video.packet_choice import Grid, chosen
from tests.unit.video.test_packet_choice import Packet


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.integers(1, 400), min_size=1, max_size=80),
    st.floats(0.01, 2.0),
    st.integers(0, 2000),
    st.integers(0, 4),
    st.randoms(use_true_random=False),
)
def test_the_nearest_frames_are_never_left_out(steps, period, origin, depth, random):
    shown = np.cumsum(steps)
    order = list(range(len(shown)))
    for start in range(0, len(order), depth + 1):  # frames are decoded in another order than shown, in small groups
        group = order[start : start + depth + 1]
        random.shuffle(group)
        order[start : start + depth + 1] = group
    decoding = np.minimum.accumulate(shown[order][::-1])[::-1]  # never after any frame that follows is shown
    packets = [Packet(int(shown[k]), int(d)) for k, d in zip(order, decoding, strict=True)]
    found = list(chosen(packets, Grid(period, origin / 1000), lambda ticks: ticks / 1000))
    assert [p for p, _ in found] == packets
    needed = {p.pts / 1000 for p, need in found if need}
    times = shown / 1000
    k = 0
    while (target := origin / 1000 + k * period) <= times[-1]:
        if target >= times[0]:
            nearest = np.abs(times - target).min()
            assert any(abs(abs(t - target) - nearest) < 1e-9 for t in needed)
        k += 1
