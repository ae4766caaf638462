"""Prints the table of odd files: kind, expected, got."""

import sys

from tests.media import odd

wrong = 0
for kind in [name for name in odd.KINDS if all(word in name for word in sys.argv[1:])]:
    there = list(odd.faults(kind))
    wrong += bool(there)
    print(f"{'WRONG' if there else 'ok   '} {kind:44} {'; '.join(there) or odd.KINDS[kind].expected}", flush=True)
print(f"{len(odd.KINDS)} kinds, {wrong} wrong")
sys.exit(bool(wrong))
