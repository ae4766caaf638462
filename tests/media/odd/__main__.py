"""Prints the table of odd files: kind, expected, got. Words name the kinds that are wanted."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.media import odd
from tests.media.odd import sample


def table(kinds: Iterable[str], expected: Callable[[str], object], faults: Callable[[str], Iterable[str]]) -> int:
    """Print a line for each kind; how many are wrong."""
    n_wrong = 0
    for kind in kinds:
        wrong = "; ".join(faults(kind))
        n_wrong += bool(wrong)
        print(f"{'WRONG' if wrong else 'ok   '} {kind:44} {wrong or expected(kind)}", flush=True)
    return n_wrong


def wanted(kinds: Iterable[str]) -> list[str]:
    """The kinds that all words are part of."""
    return [kind for kind in kinds if all(word in kind for word in sys.argv[1:])]


n_wrong = table(wanted(odd.KINDS), lambda kind: odd.KINDS[kind].expected, odd.faults)
if wanted(sample.KINDS):
    with TemporaryDirectory() as folder:
        reader = sample.Reader(Path(folder))
        n_wrong += table(wanted(sample.KINDS), lambda kind: reader.plain, reader.faults)
print(f"{len(odd.KINDS) + len(sample.KINDS)} kinds, {n_wrong} wrong")
sys.exit(bool(n_wrong))
