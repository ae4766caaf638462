"""Damaged files, each read and made a proxy of, within limits of time and memory.

``python -m tests.media.fuzz FIRST LAST`` ends with 0 where each of these seeds gave pictures or an error of ours.
"""

from __future__ import annotations

import resource
import signal
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from core.errors import PunchlineError
from core.playback.proxy import make_proxy
from tests.media import odd

N_FILES = 500
SECONDS, BYTES = 60, 1_500_000_000
KINDS = ("h264 in mp4", "B-frames in mkv", "h264 in ts", "h264 in flv", "h264 with B-frames in avi", "vp9")


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """A file with some bits flipped, cut off, or partly overwritten by noise."""
    content = np.frombuffer(data, np.uint8).copy()
    match rng.integers(3):
        case 0:
            places = rng.integers(0, len(content), rng.integers(1, 200))
            content[places] ^= (1 << rng.integers(0, 8, len(places))).astype(np.uint8)
        case 1:
            content = content[: rng.integers(1, len(content))]
        case _:
            begin = rng.integers(0, len(content))
            part = content[begin : begin + rng.integers(1, 5000)]
            part[:] = rng.integers(0, 256, len(part))
    return content.tobytes()


def read(path: Path) -> str:
    """What comes of a damaged file: how many pictures, or the error."""
    try:
        answer = odd.answer_of(path)
        assert isinstance(answer.n_pictures, int)
        assert answer.n_pictures <= 2 * odd.N
        make_proxy(path, path.with_name("proxy.mp4"))
    except PunchlineError as error:
        return str(error)
    return f"{answer.n_pictures} pictures"


def peak_memory() -> int:
    """The most bytes that this process held at once; `ru_maxrss` would count what its parent held when it began it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024 * int(status.split("VmHWM:")[1].split()[0])


def main(first: int, last: int) -> None:
    """Read the damaged files of these seeds; a hang ends the process."""
    resource.setrlimit(resource.RLIMIT_DATA, (4 * BYTES, 4 * BYTES))
    with TemporaryDirectory() as folder:
        sources = [odd.KINDS[kind].make(Path(folder)) for kind in KINDS]
        contents = [source.read_bytes() for source in sources]
        for seed in range(first, last):
            path = sources[seed % len(sources)].with_stem("damaged")
            path.write_bytes(damaged(contents[seed % len(sources)], np.random.default_rng(seed)))
            signal.alarm(SECONDS)
            started = time.monotonic()
            said = read(path)
            signal.alarm(0)
            most = peak_memory()
            assert most < BYTES, f"{most / 1e9:.1f} GB"
            print(f"ok {seed} {time.monotonic() - started:.1f} s, {said}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
