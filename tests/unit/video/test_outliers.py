"""Packets whose times are damaged."""

from dataclasses import dataclass, field
from fractions import Fraction
from types import SimpleNamespace

import pytest

from core.video.damage import Damage
from core.video.outliers import in_order

TICK = Fraction(1, 100)


@dataclass
class Packet:
    dts: int | None
    pts: int | None
    time_base: Fraction = TICK
    stream: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(index=0, average_rate=Fraction(25)))


def times(*dts: int | None, **later: int) -> tuple[list[tuple[int | None, int | None]], int]:
    """Times of decoding and of showing of packets shown 4 ticks later, or as `later` says of one (p2: the third)."""
    damage = Damage()
    packets = [Packet(d, None if d is None else d + later.get(f"p{k}", 4)) for k, d in enumerate(dts)]
    return [(packet.dts, packet.pts) for packet in in_order(packets, damage)], damage.bad_packets


def right(*dts: int | None) -> list[tuple[int | None, int | None]]:
    return [(d, None if d is None else d + 4) for d in dts]


@pytest.mark.parametrize(
    "dts", [(0, 4, 8, None), (0, 4, 8, 3, 7), (500, 504, 0, 4, 8), (0, 4, 9000, 9004, 9008), (9000, 0, 4)]
)
def test_what_runs_on_or_starts_again_stays(dts: tuple[int | None, ...]) -> None:
    assert times(*dts) == (right(*dts), 0)


def test_a_packet_that_alone_lies_far_behind_comes_between() -> None:
    assert times(0, 4, 60_000, 12, 16) == (right(0, 4, 8, 12, 16), 1)


def test_a_picture_shown_long_after_its_decoding_is_shown_as_those_around_it() -> None:
    assert times(0, 4, 8, 12, p2=9000) == (right(0, 4, 8, 12), 1)


def test_streams_do_not_wait_for_each_other_and_all_packets_come() -> None:
    sound = SimpleNamespace(index=1)
    packets = [Packet(0, 0), Packet(900, 900, stream=sound), Packet(4, 4), Packet(904, 904, stream=sound), Packet(8, 8)]
    found = list(in_order(packets, Damage()))
    assert sorted(map(id, found)) == sorted(map(id, packets))
    for index in (0, 1):
        one = [packet.dts for packet in found if packet.stream.index == index]
        assert one == sorted(one)
