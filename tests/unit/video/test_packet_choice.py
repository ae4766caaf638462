"""Packets: kept in order, and none left out whose frame is the nearest to a time of the grid."""

from dataclasses import dataclass

import pytest

from core.video.packet_choice import Grid, Standing, chosen, decodable, restarts_decoding
from core.video.references import Coded


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


def picture(*, only_b: bool) -> Coded:
    return Coded(False, not only_b, only_b, 0, 1, None, False)


def test_b_pictures_stand_aside_for_others_near_them_but_not_the_first_that_is_shown():
    standing = Standing(0.05)
    shown = [(0.1, False), (0.06, True), (0.2, False), (0.14, True), (0.17, True), (0.5, False), (0.3, True)]
    found = [standing.aside(time, picture(only_b=b)) for time, b in shown]
    assert found == [False, False, False, True, True, False, False]
    assert not standing.aside(0.51, None)


def test_packets_that_stand_aside_keep_their_order_and_are_not_needed():
    packets = [Packet(0, 0), Packet(300, 10), Packet(100, 100), Packet(200, 200), Packet(400, 400), Packet(500, 500)]
    found = list(chosen(packets, Grid(0.2, 0.0), lambda ticks: ticks / 1000, lambda packet: packet.pts == 200))
    assert [p for p, _ in found] == packets
    assert [p.pts for p, need in found if need] == [0, 300, 100, 400, 500]


def decode(pts: list[int], needed: set[int], restarts: set[int]) -> list[tuple[int, bool]]:
    """Which of the packets shown at these times are decoded, in their order, where decoding starts anew at some."""
    packets = [(Packet(time, k), time in needed) for k, time in enumerate(pts)]
    return [(p.pts, need) for p, need in decodable(iter(packets), lambda p: p.pts in restarts)]


def test_what_is_shown_after_the_last_needed_frame_and_before_a_restart_is_left_out():
    found = decode(list(range(10)), needed={0, 3, 8}, restarts={0, 5})
    assert found == [
        (0, True),
        (1, False),
        (2, False),
        (3, True),
        (5, False),
        (6, False),
        (7, False),
        (8, True),
        (9, False),
    ]


def test_a_stretch_without_a_needed_frame_is_left_out_whole():
    found = decode(list(range(12)), needed={1, 10}, restarts={0, 3, 6, 9})
    assert [time for time, _ in found] == [0, 1, 9, 10, 11]


def test_nothing_is_left_out_before_a_restart_that_is_shown_before_packets_behind_it():
    # 5 is read after the restart 6, is shown before it, and may need what came before
    assert [time for time, _ in decode([0, 1, 2, 3, 4, 6, 5, 7], needed={0, 7}, restarts={6})] == [
        0,
        1,
        2,
        3,
        4,
        6,
        5,
        7,
    ]


def unit(first: int, size: int = 4, *, lengths: bool) -> bytes:
    body = bytes([first]) + bytes(range(1, 9))
    return (len(body).to_bytes(size, "big") if lengths else b"\0\0\1") + body


AVCC, AVCC_2, HVCC = bytes([1, 0, 0, 0, 0xFF]), bytes([1, 0, 0, 0, 0xFD]), bytes([1, *[0] * 20, 0xFF])


@pytest.mark.parametrize("lengths", [True, False])
def test_a_restart_is_an_instantaneous_refresh_behind_other_units(lengths):
    def packet(*heads: int) -> bytes:
        return b"".join(unit(head, lengths=lengths) for head in heads)

    h264, hevc = (AVCC, HVCC) if lengths else (b"\0\0\0\1", None)
    assert restarts_decoding(packet(0x67, 0x68, 0x06, 0x65), "h264", h264)
    assert not restarts_decoding(packet(0x67, 0x68, 0x06, 0x41), "h264", h264)  # a recovery point is none
    assert restarts_decoding(packet(0x40, 0x26), "hevc", hevc)
    assert not restarts_decoding(packet(0x40, 0x2A), "hevc", hevc)  # clean random access: leading pictures may follow
    assert not restarts_decoding(packet(0x65), "av1", h264)


def test_lengths_of_two_bytes_and_broken_ones():
    assert restarts_decoding(unit(0x06, 2, lengths=True) + unit(0x65, 2, lengths=True), "h264", AVCC_2)
    assert not restarts_decoding(b"", "h264", AVCC)
    assert not restarts_decoding(b"\xff\xff\xff\xff\x06", "h264", AVCC)
