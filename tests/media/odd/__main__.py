"""Prints the table of odd files: kind, expected, got. Words name the kinds that are wanted, ``part=1/4`` a quarter."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.media import odd
from tests.media.odd import sample

PART = "part="
Row = tuple[str, object, object, list[str]]


def wanted(kinds: Iterable[str]) -> list[str]:
    """The kinds that all words are part of."""
    words = [word for word in sys.argv[1:] if not word.startswith(PART)]
    part = next((word.removeprefix(PART) for word in sys.argv[1:] if word not in words), "1/1")
    first, step = (int(number) for number in part.split("/"))
    return [kind for kind in kinds if all(word in kind for word in words)][first - 1 :: step]


def rows() -> Iterator[Row]:
    """Kind, what is expected of it, what is got, and what is wrong."""
    for kind in wanted(odd.KINDS):
        got = odd.got(kind)
        yield kind, odd.KINDS[kind].expected, got, [*odd.differences(kind, got), *odd.handed_on_faults(kind)]
    if wanted(sample.KINDS):
        with TemporaryDirectory() as folder:
            reader = sample.Reader(Path(folder))
            for kind in wanted(sample.KINDS):
                felt = reader.read(kind)
                yield kind, reader.plain, felt, reader.plain.differences(felt, sample.KINDS[kind].off)


n_rows = n_wrong = 0
for kind, expected, got, wrong in rows():
    n_rows, n_wrong = n_rows + 1, n_wrong + bool(wrong)
    print(f"{'WRONG' if wrong else 'ok   '} {kind:44} | {expected} | {got} | {'; '.join(wrong)}", flush=True)
print(f"{n_rows} of {len(odd.KINDS) + len(sample.KINDS)} kinds, {n_wrong} wrong")
sys.exit(bool(n_wrong))
