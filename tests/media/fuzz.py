"""Damaged files, each read and made a proxy of, within limits of time and memory.

``python -m tests.media.fuzz FIRST LAST`` ends with 0 where each of these seeds gave an error of ours, or pictures and
sound that lie in the undamaged file, and a proxy that a player can read.
"""

from __future__ import annotations

import resource
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from core.audio_feature_extractor import AudioFeatureExtractor
from core.errors import PunchlineError
from core.playback.proxy import make_proxy
from core.video.damage import Damage
from core.video.frames import sampled_frames
from core.video.probe import probe
from core.video.sound import sound_blocks
from tests.media import odd

N_FILES = 500
SECONDS, BYTES = 60, 1_500_000_000
KINDS = ("h264 in mp4", "B-frames in mkv", "h264 in ts", "h264 in flv", "h264 with B-frames in avi", "vp9")
NEAR = 0.03  # seconds: a damaged file may begin where the undamaged one does not
Times = np.ndarray[tuple[int], np.dtype[np.float64]]


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


def times_of(path: Path) -> tuple[Times, Damage]:
    """The times of all pictures."""
    damage = Damage()
    return np.array([frame.timestamp for frame in sampled_frames(path, 300, damage=damage)]), damage


def faults(path: Path, whole: Times) -> Iterator[str]:
    """What is wrong with what is read of a damaged file, the undamaged one's pictures having the times `whole`.

    Raises
    ------
    PunchlineError
        Where it cannot be read.
    """
    duration = probe(path).duration
    times, damage = times_of(path)
    if not len(times):
        return
    said = damage.warnings(duration)
    yield from _strange(times, whole, said, "")
    if duration is not None and duration > whole[-1] + 1 and not said:
        yield f"a length of {duration:.1f} s, without a word"
    rows = AudioFeatureExtractor(sound_blocks(path)).features(times, sample_period=1 / 3)
    loudness, pitch = (column[np.isfinite(column)] for column in rows.T)
    if np.isinf(rows).any() or not (((loudness >= -80) & (loudness < 20)).all() and (pitch >= 0).all()):
        yield f"loudness or pitch out of range: {loudness.max():.0f} dBFS, {pitch.min():.1f}"
    copied, damage = times_of(make_proxy(path, path.with_name("proxy.mp4")).path)
    yield from _strange(copied, whole, said, "the proxy: ")
    if len(copied) < min(len(times), 2) / 2:
        yield f"the proxy has {len(copied)} of {len(times)} pictures"


def _strange(times: Times, whole: Times, said: list[str], where: str) -> Iterator[str]:
    """More pictures than there are, times that do not rise, or, without a word, times at which there is none."""
    if len(times) > len(whole):
        yield f"{where}{len(times)} pictures of {len(whole)}"
    if not (np.diff(times) > 0).all():
        yield f"{where}times that do not rise"
    distances = np.abs(times[:, None] - whole).min(axis=1)
    if len(times) and distances.max() > NEAR and not said:
        strange = times[distances > NEAR]
        yield f"{where}{len(strange)} pictures where there is none, such as at {strange[0]:.2f} s"


def peak_memory() -> int:
    """The most bytes that this process held at once; `ru_maxrss` would count what its parent held when it began it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024 * int(status.split("VmHWM:")[1].split()[0])


def main(first: int, last: int) -> None:
    """Read the damaged files of these seeds; a hang ends the process."""
    resource.setrlimit(resource.RLIMIT_DATA, (4 * BYTES, 4 * BYTES))
    n_wrong = 0
    with TemporaryDirectory() as folder:
        sources = [odd.KINDS[kind].make(Path(folder)) for kind in KINDS]
        contents = [source.read_bytes() for source in sources]
        wholes = [times_of(source)[0] for source in sources]
        for seed in range(first, last):
            kind = seed % len(sources)
            path = sources[kind].with_stem("damaged")
            path.write_bytes(damaged(contents[kind], np.random.default_rng(seed)))
            signal.alarm(SECONDS)
            started = time.monotonic()
            try:
                wrong = "; ".join(faults(path, wholes[kind]))
                said = wrong or "pictures"
            except PunchlineError as error:
                wrong, said = "", str(error)
            signal.alarm(0)
            most = peak_memory()
            assert most < BYTES, f"{most / 1e9:.1f} GB"
            n_wrong += bool(wrong)
            print(f"{'WRONG' if wrong else 'ok'} {seed} {time.monotonic() - started:.1f} s, {said}", flush=True)
    assert not n_wrong, f"{n_wrong} files are read otherwise than they are"


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
