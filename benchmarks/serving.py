"""The web app with a large video: its memory while a browser plays and seeks, how long seeks take, and the first page.

    python benchmarks/serving.py [--gigabytes 3] [--json]

A file of that size is made of noise once and kept in the system's temporary folder. Needs Chromium.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
FPS, SECONDS = 30, 8
SEEKS = (1800, 3500, 100, 42, 2500, 900, 3000, 5, 2000, 1200)  # of 3600


def make_video(path: Path, size: int) -> None:
    """Some seconds of noise, repeated until the file has about `size` bytes and is an hour long or longer."""
    rng = np.random.default_rng(0)
    options = {"preset": "ultrafast", "b": str(8 * size // 3600), "g": "60", "bf": "0"}
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=FPS, options=options)
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        packets = []
        for _ in range(FPS * SECONDS):
            small = rng.integers(0, 256, (180, 320, 3), np.uint8).repeat(4, 0).repeat(4, 1)
            packets += stream.encode(av.VideoFrame.from_ndarray(small, format="rgb24"))
        packets += stream.encode(None)
        tick = packets[0].time_base
        length = round(Fraction(SECONDS) / tick)
        held = [(bytes(packet), packet.pts, packet.dts, packet.is_keyframe) for packet in packets]
        once = sum(len(data) for data, *_ in held)
        for k in range(max(3600 // SECONDS, size // once)):
            for data, pts, dts, key in held:
                packet = av.Packet(data)
                packet.pts, packet.dts, packet.time_base = pts + k * length, dts + k * length, tick
                packet.is_keyframe, packet.stream = key, stream
                out.mux(packet)


def memory(process: psutil.Process) -> int:
    """Resident bytes of the server, without its workers."""
    return process.memory_info().rss


PLAY = """async (src) => {
  const v = document.createElement('video'); v.muted = true; v.src = src; v.preload = 'metadata';
  document.body.append(v); window.probe = v;
  await new Promise((ok, no) => { v.onloadeddata = ok; v.onerror = () => no(v.error.message); });
  await v.play(); return v.duration; }"""
SEEK = """async (t) => {
  const v = window.probe, begun = performance.now();
  await new Promise(ok => { v.onseeked = ok; v.currentTime = t; });
  return performance.now() - begun; }"""


def measure(video: Path, root: Path) -> dict[str, float]:
    """Start the real app on a workspace with this video, and look at it from a browser."""
    from playwright.sync_api import sync_playwright

    from core.playback.route import media_address
    from core.workspace.workspace import Workspace
    from tests.browser.conftest import FLAGS, chromium, free_port

    id = Workspace(root).register(video).id
    key = "0" * 64
    os.environ["PUNCHLINE_MEDIA_KEY"] = key
    port = free_port()
    environment = {**os.environ, "PUNCHLINE_WORKSPACE": str(root), "PYTHONPATH": str(ROOT)}
    begun = time.monotonic()
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), "--server.port", str(port)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    try:
        process = psutil.Process(server.pid)
        address = f"http://127.0.0.1:{port}"
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
            page = browser.new_page()
            while True:
                try:
                    page.goto(address)
                    break
                except Exception:
                    time.sleep(0.1)
            page.get_by_role("heading", name="Punchline").wait_for()
            up = time.monotonic() - begun
            first = []
            for _ in range(5):
                other = browser.new_page()
                start = time.monotonic()
                other.goto(address)
                other.get_by_role("heading", name="Punchline").wait_for()
                first.append(time.monotonic() - start)
                other.close()
            base = memory(process)
            highest = [base]
            over = threading.Event()

            def watch() -> None:
                while not over.wait(0.05):
                    highest[0] = max(highest[0], memory(process))

            watcher = threading.Thread(target=watch, daemon=True)
            watcher.start()
            length = page.evaluate(PLAY, media_address(id))
            seeks = []
            for place in SEEKS:
                seeks.append(page.evaluate(SEEK, place / 3600 * length))
                page.wait_for_timeout(1000)
            over.set()
            watcher.join()
            browser.close()
    finally:
        server.terminate()
        server.wait()
    return {
        "file_gb": video.stat().st_size / 1e9,
        "start_to_first_page_s": up,
        "first_page_s": statistics.median(first),
        "memory_before_mb": base / 1e6,
        "memory_growth_mb": (highest[0] - base) / 1e6,
        "seek_median_ms": statistics.median(seeks),
        "seek_longest_ms": max(seeks),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=3.0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    video = Path(tempfile.gettempdir()) / f"punchline-{arguments.gigabytes:g}gb.mp4"
    if not video.exists():
        partial = video.with_suffix(".part.mp4")
        make_video(partial, round(arguments.gigabytes * 1e9))
        partial.rename(video)
    with tempfile.TemporaryDirectory() as folder:
        found = measure(video, Path(folder) / "workspace")
    print(
        json.dumps(found) if arguments.json else "\n".join(f"{name:>24}  {value:.2f}" for name, value in found.items())
    )


if __name__ == "__main__":
    main()
