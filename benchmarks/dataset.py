"""How fast, and in how much memory, are clips read, written and queued, and labels imported and recorded?

    uv run python benchmarks/dataset.py [--json] [--clips 20000]

The clips are made up. Times are medians of seven runs in one process, files opened anew in each, from a warm page
cache. Memory is how far one read raises the peak of the resident set of a fresh process (Linux). The peer is NumPy's
NPZ with the same arrays.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import h5py
import numpy as np

from core.clip_dataset_builder import ClipDataset
from core.dataset.dataset_file import read_dataset, write_dataset
from core.dataset.upkeep import refresh
from core.labels.contradictions import counting
from core.labels.csv import read_labels
from core.labels.event import LabelEvent
from core.labels.ledger import Ledger
from core.labels.queue import LabelQueue
from core.people.series_file import PersonSeries
from core.segment import Segment
from core.series import FEATURES, TimeSeries, failed_ratio

READS = {
    "hdf5": "import h5py\nwith h5py.File(path) as dataset: part = dataset['clip_features'][100:200]",
    "npz": "import numpy\nwith numpy.load(path) as dataset: part = dataset['clip_features'][100:200]",
    "npz_compressed": "import numpy\nwith numpy.load(path) as dataset: part = dataset['clip_features'][100:200]",
}
# A read of a tiny file first: what the libraries load and keep once is not the cost of a read.
MEMORY = """
import sys
def kilobytes(key):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(key))
path = sys.argv[2]
{read}
path = sys.argv[1]
del part
open("/proc/self/clear_refs", "w").write("5")
before = kilobytes("VmRSS")
{read}
assert part.shape == (100, 15, 12)
print((kilobytes("VmHWM") - before) / 1024)
"""


def made_up(n: int) -> ClipDataset:
    """A dataset with a tenth of its rows missing."""
    rng = np.random.default_rng(0)
    source = rng.choice(4, (n, 15), p=[0.8, 0.05, 0.05, 0.1]).astype(np.uint8)
    features = rng.normal(size=(n, 15, len(FEATURES))).astype(np.float32)
    features[source == 3, :10] = np.nan
    start = 7.0 * np.arange(n)
    return ClipDataset(
        features=features,
        timestamps=start[:, None] + np.arange(15) * 0.4,
        source=source,
        baseline=rng.normal(size=(n, len(FEATURES))).astype(np.float32),
        labels=(np.arange(n) % 2).astype(np.int8),
        events=[
            LabelEvent(f"video {k // 500}", "p", 7.0 * (k % 500), 7.0 * (k % 500) + 6, k % 2, "peaks", note="ha")
            for k in range(n)
        ],
        failed_ratio=failed_ratio(source),
        sampling=["nearest"] * n,
        digests=["0123456789abcdef"] * n,
        frame_count=np.full(n, 18, np.int32),
        stale=np.zeros(n, bool),
        kept=np.ones(n, bool),
    )


def seconds(action: Callable[[], object], n_runs: int = 7) -> float:
    """Median wall time of a call."""
    times = []
    for _ in range(n_runs):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return median(times)


def reading(folder: Path, clips: ClipDataset) -> dict[str, dict[str, float]]:
    """Milliseconds and megabytes of reading 100 clips, and the size of the file, by format."""
    for name, some in (("all", slice(None)), ("few", slice(0, 200))):
        arrays = {
            "clip_features": clips.features[some],
            "clip_timestamps": clips.timestamps[some],
            "clip_source": clips.source[some],
            "clip_baseline": clips.baseline[some],
            "labels": clips.labels[some],
        }
        np.savez(folder / f"{name}.npz", **arrays)
        np.savez_compressed(folder / f"{name}.npz_compressed", **arrays)
        (folder / f"{name}.npz_compressed.npz").rename(folder / f"{name}.npz_compressed")
        with h5py.File(folder / f"{name}.plain", "w") as file:
            for key, array in arrays.items():
                file[key] = array
    write_dataset(folder / "all.hdf5", clips)
    write_dataset(folder / "few.hdf5", made_up(200))
    found = {}
    for form, read in READS.items():
        path, few = folder / f"all.{form}", folder / f"few.{form}"
        code = compile(read, form, "exec")
        took = seconds(lambda code=code, path=path: exec(code, {"path": path}))  # type: ignore[misc]
        command = [sys.executable, "-c", MEMORY.format(read=read), str(path), str(few)]
        peaks = [float(subprocess.run(command, capture_output=True, text=True, check=True).stdout) for _ in range(3)]
        found[form] = {"ms": 1e3 * took, "peak_mb": median(peaks), "file_mb": path.stat().st_size / 1e6}
    return found


def series_of(video_id: str) -> PersonSeries:
    """An hour at 3 Hz in which all is as usual."""
    n = 3600 * 3
    values, times = np.zeros((n, len(FEATURES)), np.float32), np.arange(n) / 3
    series = TimeSeries(values, times, np.zeros(n, np.uint8), 3.0)
    return PersonSeries(series, np.ones(n, np.float32), values[0], {"of": video_id})


def dataset(folder: Path, clips: ClipDataset) -> dict[str, float]:
    path = folder / "all.hdf5"
    ledger = Ledger(folder / "refreshed.sqlite")
    ledger.record(list(clips.events))
    steady = {event.video_id: series_of(event.video_id) for event in clips.events}
    again = folder / "refreshed.h5"

    def bring_up() -> object:
        return refresh(again, ledger, lambda video_id, person_id: steady[video_id], sources="the same")

    built = seconds(bring_up, 1)
    return {
        "build_s": built,
        "refresh_unchanged_s": seconds(bring_up, 3),
        "write_s": seconds(lambda: write_dataset(folder / "again.h5", clips), 3),
        "read_all_s": seconds(lambda: read_dataset(path), 3),
    }


def labels(folder: Path) -> dict[str, float]:
    lines = [f"stream.mp4,{k // 360}:{k // 6 % 60:02d}:{k % 6 * 10:02d},{k % 2},note" for k in range(100_000)]
    content = ("video,time,label,note\n" + "\n".join(lines)).encode("utf-8-sig")
    ledger = Ledger(folder / "labels.sqlite")
    events = [LabelEvent("v", "p", 7.0 * k, 7.0 * k + 6, k % 2, "imported") for k in range(100_000)]
    found = {"csv_100000_s": seconds(lambda: read_labels(content), 3)}
    found["record_100000_s"] = seconds(lambda: ledger.record(events), 1)
    one = [LabelEvent("v", "p", -7.0 * k - 7, -7.0 * k - 1, 1, "peaks") for k in range(20)]
    found["record_one_ms"] = 1e3 * seconds(lambda: ledger.record([one.pop()]), 15)
    (last,) = ledger.record([LabelEvent("v", "p", -7.0, -1.0, 0, "peaks")])
    found["undo_ms"] = 1e3 * seconds(lambda: ledger.undo(last), 1)
    found["labels_100000_s"] = seconds(ledger.labels, 3)
    found["counting_100000_s"] = seconds(lambda: counting(ledger), 3)
    return found


def queue() -> dict[str, float]:
    """Milliseconds until the next 30 clips of five hours, with 500 labelled."""
    rng = np.random.default_rng(0)
    n = 5 * 3600 * 3
    values = rng.normal(size=(n, len(FEATURES)))
    series = TimeSeries(values, np.arange(n) / 3, rng.choice(4, n, p=[0.6, 0.1, 0.1, 0.2]), 3.0)
    scores = np.arange(0, n / 3, 0.5), rng.random(n * 2 // 3)
    taken = [Segment(20.0 * k, 20.0 * k + 6) for k in range(500)]

    def ask(order: str) -> object:
        return LabelQueue("v", "p", n / 3, series=series, scores=scores, taken=taken).next_clips(order)  # type: ignore[arg-type]

    orders = ("peaks", "in_order", "random", "likely", "uncertain")
    return {f"{order}_ms": 1e3 * seconds(lambda order=order: ask(order)) for order in orders}  # type: ignore[misc]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--clips", type=int, default=20_000)
    args = parser.parse_args()
    clips = made_up(args.clips)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found: dict[str, dict[str, float]] = {f"100 clips, {k}": v for k, v in reading(folder, clips).items()}
        found |= {"dataset": dataset(folder, clips), "labels": labels(folder), "queue, 5 h": queue()}
    if args.json:
        print(json.dumps(found))
        return
    for name, row in found.items():
        print(f"{name:26s}", "  ".join(f"{key} {value:.3f}" for key, value in row.items()))


if __name__ == "__main__":
    main()
