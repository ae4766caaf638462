"""Whom the pictures of an H.264 stream refer to, as far as the heads of their slices say it for certain.

Section numbers are those of ITU-T H.264. What is not understood counts as referring to everything before.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from core.video.units import configured, length_size, units

SLICE, REFRESH, SEQUENCE, PICTURE = 1, 5, 7, 8  # types of units (table 7-1)
PREDICTED, BOTH_WAYS, INTRA = 0, 1, 2  # types of slices, modulo 5 (table 7-6)
HIGH = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135}  # profiles that state their chroma format
SMALL_LISTS = 6  # scaling lists of 4 x 4; the others are 8 x 8


class NotUnderstood(Exception):
    """A head that is cut short, or of a kind that is not followed here."""


class _Bits:
    """Numbers of a unit behind its first byte (7.2, 9.1)."""

    def __init__(self, unit: bytes) -> None:
        data = unit[1:].replace(b"\0\0\3", b"\0\0")
        self._value, self._left = int.from_bytes(data, "big"), 8 * len(data)

    def u(self, n: int) -> int:
        self._left -= n
        if self._left < 0:
            raise NotUnderstood
        return self._value >> self._left & (1 << n) - 1

    def ue(self) -> int:
        zeros = 0
        while not self.u(1):
            zeros += 1
        return (1 << zeros) - 1 + self.u(zeros)

    def se(self) -> int:
        k = self.ue()
        return (k + 1) // 2 if k % 2 else -k // 2

    def skip(self, kinds: str) -> None:
        """Pass over single bits (u) and numbers of any length (e)."""
        for kind in kinds:
            self.u(1) if kind == "u" else self.ue()


@dataclass(frozen=True)
class _Sequence:
    """As much of a sequence parameter set as is used (7.3.2.1.1)."""

    planes: int
    frame_num: int  # bits of it
    order: int | None  # bits of the order count; None where it is not of type 0
    deltas: bool
    n_references: int

    @classmethod
    def read(cls, bits: _Bits) -> tuple[int, _Sequence]:
        profile = bits.u(8)
        bits.u(16)
        id, planes = bits.ue(), 0
        if profile in HIGH:
            chroma = bits.ue()
            planes = bits.u(1) if chroma == 3 else 0
            bits.skip("eeu")
            for k in range((12 if chroma == 3 else 8) if bits.u(1) else 0):
                _skip_scaling_list(bits, 16 if k < SMALL_LISTS else 64)
        frame_num, kind = bits.ue() + 4, bits.ue()
        order, deltas = bits.ue() + 4 if kind == 0 else None, False
        if kind == 1:
            deltas = not bits.u(1)
            bits.skip("ee")
            bits.skip("e" * min(bits.ue(), 255))
        n_references = bits.ue()
        bits.skip("uee")
        if not bits.u(1):
            raise NotUnderstood  # fields
        return id, cls(planes, frame_num, order, deltas, max(1, n_references))


def _skip_scaling_list(bits: _Bits, n: int) -> None:
    """(7.3.2.1.1.1)"""
    last = following = 8
    for _ in range(n if bits.u(1) else 0):
        if following:
            following = (last + bits.se()) % 256
        last = following or last


@dataclass(frozen=True)
class _Parameters:
    """As much of a picture parameter set as is used (7.3.2.2)."""

    sequence: int
    delta: int
    n_active: int
    redundant: int

    @classmethod
    def read(cls, bits: _Bits) -> tuple[int, _Parameters]:
        id, sequence = bits.ue(), bits.ue()
        bits.u(1)
        delta = bits.u(1)
        if bits.ue():
            raise NotUnderstood  # groups of slices
        n_active = bits.ue() + 1
        bits.skip("euuueeeuu")
        return id, cls(sequence, delta, n_active, bits.u(1))


@dataclass(frozen=True)
class Coded:
    """A picture in its stream.

    Attributes
    ----------
    restarts
        Nothing from it on refers to what was before.
    is_reference
        Others may refer to it.
    only_b
        It is made of B slices alone, which a decoder can leave out.
    number
        That of the references before it; others name it by this.
    n_references
        So many of the latest references are there to be referred to.
    named
        Numbers of those that it names; None where it may refer to any.
    latest
        It may also refer to what follows the latest picture that is not of B slices alone, and to that one.
    """

    restarts: bool
    is_reference: bool
    only_b: bool
    number: int
    n_references: int
    named: frozenset[int] | None
    latest: bool


@dataclass
class References:
    """Reads the packets of one H.264 stream in their order."""

    extradata: bytes | None
    _sequences: dict[int, _Sequence] = field(default_factory=dict)
    _parameters: dict[int, _Parameters] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._size = length_size("h264", self.extradata)
        for unit in configured(self.extradata):
            self._learn(unit)

    def of(self, data: bytes) -> Coded | None:
        """The picture of a packet; None where not all of its slices are understood."""
        slices = []
        try:
            for unit in units(data, self._size):
                if unit and unit[0] & 0x1F in (SLICE, REFRESH):
                    slices.append(self._slice(unit))
                elif unit:
                    self._learn(unit)
        except (NotUnderstood, KeyError):
            return None
        if not slices:
            return None
        named: frozenset[int] | None = frozenset()
        for one in slices:
            named = None if named is None or one.named is None else named | one.named
        first = slices[0]
        return Coded(
            first.restarts,
            first.is_reference,
            all(one.only_b for one in slices),
            first.number,
            first.n_references,
            named,
            any(one.latest for one in slices),
        )

    def _learn(self, unit: bytes) -> None:
        try:
            if unit[0] & 0x1F == SEQUENCE:
                number, sequence = _Sequence.read(_Bits(unit))
                self._sequences[number] = sequence
            elif unit[0] & 0x1F == PICTURE:
                number, parameters = _Parameters.read(_Bits(unit))
                self._parameters[number] = parameters
        except NotUnderstood:
            self._sequences.clear()

    def _slice(self, unit: bytes) -> Coded:
        """(7.3.3)"""
        bits, restarts = _Bits(unit), unit[0] & 0x1F == REFRESH
        bits.ue()
        kind = bits.ue() % 5
        parameters = self._parameters[bits.ue()]
        sequence = self._sequences[parameters.sequence]
        bits.u(2 * sequence.planes)
        number = bits.u(sequence.frame_num)
        if restarts:
            bits.ue()
        if sequence.order is not None:
            bits.u(sequence.order)
            bits.skip("e" * parameters.delta)
        elif sequence.deltas:
            bits.skip("e" * (1 + parameters.delta))
        bits.skip("e" * parameters.redundant)
        named, latest = _referred(bits, kind, parameters.n_active, number, 1 << sequence.frame_num)
        return Coded(restarts, bool(unit[0] & 0x60), kind == BOTH_WAYS, number, sequence.n_references, named, latest)


def _referred(bits: _Bits, kind: int, n_active: int, number: int, n_numbers: int) -> tuple[frozenset[int] | None, bool]:
    """`Coded.named` and `Coded.latest` of a slice, from the numbers of its active references on (7.3.3.1, 8.2.4.3)."""
    if kind == INTRA:
        return frozenset(), False
    if kind != PREDICTED:
        return None, False
    if bits.u(1):
        n_active = bits.ue() + 1
    named, at, follows = [], number, bool(bits.u(1))
    while follows and (step := bits.ue()) != 3:
        if step > 1:
            return None, False  # long-term references
        at = (at + (2 * step - 1) * (bits.ue() + 1)) % n_numbers
        named.append(at)
    if named:
        return (frozenset(named), False) if len(named) >= n_active else (None, False)
    return (frozenset(), True) if n_active == 1 else (None, False)
