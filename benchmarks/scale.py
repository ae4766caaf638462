"""A thousand channels of five hours a day: how many cores, how much storage, how long until the moments are there?

    uv run --extra cluster python benchmarks/scale.py [--json] [--cpu 10] [--channels 1000] [--hours 5] [--ray]

On paper: `--cpu` is the processor time of one minute of video (benchmarks/extraction.py prints it as `ours_cpu_s`).
Streams end over the day as people stream, most of them late in the evening; a queue gives each to a free worker of two
cores as it ends. With --ray, the same tasks wait for their time, many times faster, in processes that Ray keeps on this
machine: what Ray itself costs a task, and whether the queue behaves as on paper.
"""

from __future__ import annotations

import argparse
import heapq
import json
import os
import time

import numpy as np

CORES = 2  # of a worker
BYTES = 5e6 / 8  # of a second of recording at 5 Mbit/s
FEATURES = 3600 * 3 * 1.3 * 820  # bytes of an hour's feature file: rows a second, faces a row, bytes a face
PEAK, SPREAD, EVENING = 23.5, 1.8, 0.7  # o'clock around which this share of the streams ends, give or take
FASTER, SLOTS = 20_000, 16  # for Ray


def ends(n: int, seed: int = 0) -> np.ndarray:
    """Seconds of the day at which n streams end, in order; those after midnight count on."""
    rng = np.random.default_rng(seed)
    evening = rng.random(n) < EVENING
    hours = np.where(evening, rng.normal(PEAK, SPREAD, n), rng.uniform(0, 24, n))
    return np.sort(hours) * 3600


def waits(arrivals: np.ndarray, work: np.ndarray, n_workers: int) -> np.ndarray:
    """Seconds from each stream's end to its result, where it waits for the first worker that is free."""
    free = [0.0] * n_workers
    done = np.empty(len(arrivals))
    for k, (arrival, seconds) in enumerate(zip(arrivals, work)):
        done[k] = max(arrival, heapq.heappop(free)) + seconds
        heapq.heappush(free, done[k])
    taken: np.ndarray = done - arrivals
    return taken


def on_ray(work: np.ndarray) -> dict[str, float]:
    """The same tasks by Ray with `SLOTS` processes: their sum, the time they took, and Ray's own share of a task."""
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    import ray

    ray.init(address="local", num_cpus=SLOTS, include_dashboard=False, log_to_driver=False, object_store_memory=1 << 28)
    task = ray.remote(num_cpus=1)(time.sleep)
    ray.get([task.remote(0.5) for _ in range(SLOTS)])  # its processes are there now
    started = time.monotonic()
    ray.get([task.remote(float(seconds) / FASTER) for seconds in work])
    wall = time.monotonic() - started
    ray.shutdown()
    ideal = float(work.sum()) / FASTER / SLOTS
    return {"ideal_s": ideal, "wall_s": wall, "overhead_ms": 1000 * (wall - ideal) * SLOTS / len(work)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--cpu", type=float, default=10.0, help="processor seconds for a minute of video")
    parser.add_argument("--channels", type=int, default=1000)
    parser.add_argument("--hours", type=float, default=5.0)
    parser.add_argument("--ray", action="store_true", help="also by Ray on this machine")
    chosen = parser.parse_args()
    rng = np.random.default_rng(1)
    hours = np.clip(rng.normal(chosen.hours, 1.5, chosen.channels), 0.5, 12)
    work = hours * 60 * chosen.cpu / CORES  # seconds of a worker
    arrivals = ends(chosen.channels)
    busy = float(work.sum()) / 86400  # workers, if the work were spread evenly over the day
    result: dict[str, object] = {
        "video_hours": float(hours.sum()),
        "cores_if_even": busy * CORES,
        "recordings_tb_a_day": float(hours.sum()) * 3600 * BYTES / 1e12,
        "features_gb_a_day": float(hours.sum()) * FEATURES / 1e9,
        "read_gbit_s": busy * CORES / chosen.cpu * 60 * BYTES * 8 / 1e9,
        "waits": {},
    }
    for factor in (1.0, 1.25, 1.5, 2.0, 3.0):
        n = int(np.ceil(busy * factor))
        taken = waits(arrivals, work, n) / 3600
        result["waits"][n * CORES] = [float(np.median(taken)), float(np.quantile(taken, 0.95))]  # type: ignore[index]
    if chosen.ray:
        result["ray"] = on_ray(work)
    if chosen.json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        print(f"{name:22} {value:.1f}" if isinstance(value, float) else f"{name:22} {value}")


if __name__ == "__main__":
    main()
