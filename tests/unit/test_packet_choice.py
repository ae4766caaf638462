"""Packets: kept in order, and none left out whose frame is the nearest to a time of the grid."""

from dataclasses import dataclass

from core.packet_choice import Grid, chosen


@dataclass(frozen=True)
class Packet:
    """In milliseconds."""

    pts: int | None
    dts: int | None


def choose(packets: list[Packet], grid: Grid) -> list[tuple[Packet, bool]]:
    return list(chosen(packets, grid, lambda ticks: ticks / 1000))


def test_the_frame_nearest_to_each_time_is_needed() -> None:
    packets = [Packet(100 * k, 100 * k) for k in range(31)]
    needed = [p.pts for p, need in choose(packets, Grid(1.0, 0.04)) if need]
    # 0.04: 0; 1.04: 1000; 2.04: 2000; the last is always decoded
    assert needed == [0, 1000, 2000, 3000]


def test_both_are_needed_where_two_are_equally_near() -> None:
    packets = [Packet(t, t) for t in (0, 400, 600, 1000, 1400)]
    needed = [p.pts for p, need in choose(packets, Grid(0.5, 0.0)) if need]
    assert {0, 400, 600, 1000} <= set(needed)


def test_until_the_origin_is_known_all_are_needed() -> None:
    grid = Grid(1.0)
    seen = []
    for packet, needed in chosen([Packet(100 * k, 100 * k) for k in range(30)], grid, lambda ticks: ticks / 1000):
        seen.append(needed)
        if packet.pts == 500:
            grid.origin = 0.0
    assert all(seen[:6])
    assert sum(seen[8:]) < 5


def test_packets_without_times_keep_their_order_and_are_needed() -> None:
    packets = [Packet(0, 0), Packet(None, 100), Packet(200, 200), Packet(None, None)]
    found = choose(packets, Grid(10.0, 0.0))
    assert [p for p, _ in found] == packets
    assert all(need for _, need in found)
