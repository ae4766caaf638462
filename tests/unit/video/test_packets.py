"""Packets that lack a time of decoding get one that comes before the picture is shown, in the order of decoding."""

from dataclasses import dataclass
from itertools import pairwise

import pytest

from core.video.packets import with_decoding_times


@dataclass
class Packet:
    pts: int | None
    dts: int | None
    stream: str = "picture"


@pytest.mark.parametrize("known", [0, 2, 3, 5])
def test_missing_times_of_decoding_are_filled(known: int) -> None:
    shown = [120, 0, 80, 40, 240]  # a pyramid of reordered pictures, two of them ahead
    packets = [Packet(pts, 40 * k - 80 if k >= known else None) for k, pts in enumerate(shown)]
    sound = Packet(7, None, "sound")
    filled = list(with_decoding_times([*packets[:1], sound, *packets[1:]], "picture"))
    assert sound in filled
    assert sound.dts is None
    pictures = [packet for packet in filled if packet is not sound]
    assert [packet.pts for packet in pictures] == shown
    assert all(a.dts < b.dts for a, b in pairwise(pictures))
    assert all(packet.dts <= packet.pts for packet in pictures)
