"""Is the desk quick with a five-hour video and 500 moments? First pictures, and pictures a second while zooming.

    uv run python benchmarks/desk.py [--hours 5] [--moments 500] [--keep FOLDER] [--json]

The app in a real Chromium at 1400x900 on a made-up workspace: a small video of that length, a feature file with sound
and laughter, labels, a light model and its result. Seconds are until there is the picture of the video, its lanes and,
on Detect, all moments: `cold` by the first address on a server that has just started, in a browser that knows nothing
of the app; `opened` by address in another tab; `clicked` from page Home. `pictures a second` count
requestAnimationFrame while the wheel turns over the timeline or the list, every 16 ms; `slowest` is the 95th percentile
between two of them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from core.actions.moments import detect
from core.dataset.upkeep import up_to_date
from core.detection.detect import DetectionSettings
from core.faces.embedders import DEFAULT_EMBEDDER, EMBEDDERS
from core.faces.feature_file import Features, write_features
from core.funny_moment_classifier import FunnyMomentClassifier
from core.labels.event import LabelEvent
from core.people.person import Reference
from core.playback.facts import about
from core.series import EMOTIONS, N_FACE
from core.training.card import series_card
from core.training.model_store import ModelStore
from core.workspace.library import Library
from core.workspace.registry import Video
from core.workspace.workspace import Workspace
from tests.browser.conftest import FLAGS, ROOT, chromium, serve
from tests.tables import Planted, direction, features_info, planted_table

FPS, SECONDS, RATE = 5, 10, 3
EVERY = 30.0  # seconds between two laughs
PLAYERS = {"detect": "detect-player", "label": "label-player", "analyse": "analyse-player"}
WHEEL_TIMES, TIMES = 90, 3
# The picture is there, and lanes are drawn.
READY = """([key, n]) => { for (const element of document.querySelectorAll(`.st-key-${key} *`)) {
  const root = element.shadowRoot, video = root?.querySelector("video.front");
  if (!video || video.readyState < 2 || root.querySelector("canvas.lanes").height < 80) continue;
  if (!n) return true;
  for (const other of document.querySelectorAll(".st-key-detect-moments *"))
    if (other.shadowRoot?.querySelectorAll(".row").length >= n) return true; }
  return false; }"""
COUNT = """() => { window.times = [];
  const tick = (t) => { times.push(t); window.ticket = requestAnimationFrame(tick) };
  window.ticket = requestAnimationFrame(tick); }"""


def make_video(path: Path, hours: float) -> None:
    """Ten seconds of a moving pattern, repeated: a key picture every two seconds."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "g": str(2 * FPS), "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        packets = []
        for k in range(FPS * SECONDS):
            picture = np.roll(np.indices((360, 640)).sum(0) % 256, 12 * k, axis=1).astype(np.uint8)
            packets += stream.encode(av.VideoFrame.from_ndarray(np.stack([picture] * 3, -1), format="rgb24"))
        packets += stream.encode(None)
        tick = packets[0].time_base
        length = round(Fraction(SECONDS) / tick)
        held = [(bytes(packet), packet.pts, packet.is_keyframe) for packet in packets]
        for k in range(round(hours * 3600 / SECONDS)):
            for data, pts, key in held:
                packet = av.Packet(data)
                packet.pts = packet.dts = pts + k * length
                packet.time_base, packet.is_keyframe, packet.stream = tick, key, stream
                out.mux(packet)


def features(video: Video, seconds: float) -> Features:
    """Somebody who laughs every half minute, louder or softer."""
    rng = np.random.default_rng(0)
    n = round(seconds * RATE)
    t = np.arange(n) / RATE
    laughing = t % EVERY < 6
    strength = np.where(laughing, np.repeat(rng.uniform(0.3, 1, n // 90 + 1), 90)[:n], 0)
    emotion = np.abs(rng.normal(0, 0.04, (n, N_FACE)))
    emotion[:, EMOTIONS.index("neutral")] += 1 - strength
    emotion[:, EMOTIONS.index("happiness")] += strength
    emotion[:, :8] /= emotion[:, :8].sum(axis=1, keepdims=True)
    emotion[:, 8:] = rng.normal(0, 0.1, (n, 2)) + 0.5 * strength[:, None]
    audio = np.stack([rng.normal(-40, 3, n) + 20 * strength, np.where(laughing, 24.0, 0.0)], axis=1).astype(np.float32)
    faces = planted_table([Planted(k, 1.0) for k in range(0, n, 1)], n_frames=n, person=direction(1))
    models = {
        name: {"name": called, "digest": digest}
        for name, called, digest in (
            ("detector", "mtcnn", "d1"),
            ("embedder", "mobilefacenet", "e1"),
            ("recogniser", "ferplus", "r1"),
        )
    }
    cues = {"laughter": np.clip(rng.normal(0.05, 0.03, (n, 4)) + 0.8 * strength[:, None], 0, 1).astype(np.float32)}
    info = features_info(duration=seconds, fps=float(FPS), fingerprint=video.id, video_name=video.name, models=models)
    waveform = rng.integers(-90, 91, (n, 16, 2)).astype(np.int8)
    return Features(info, replace(faces, emotion=emotion.astype(np.float32)), audio, cues=cues, waveform=waveform)


def make_workspace(root: Path, hours: float, n_moments: int) -> Workspace:
    """A workspace in which everything is done for one video."""
    space = Workspace(root / "workspace")
    path = root / "stream.mp4"
    make_video(path, hours)
    video = space.register(path)
    write_features(space.features_path(video.id), features(video, hours * 3600))
    nothing = np.zeros((8, 8, 3), np.uint8), np.zeros(4, np.float32), np.zeros((5, 2), np.float32)
    embeddings = {"e1": direction(1), EMBEDDERS[DEFAULT_EMBEDDER].digest: np.ones(192, np.float32)}
    person = space.add_references("Somebody", (Reference(*nothing, "made up", embeddings),))
    library = Library(space)
    places = [(k * EVERY, 1) for k in range(20, 60)] + [(k * EVERY + 12, 0) for k in range(20, 100)]
    events = [
        LabelEvent(video.id, person.id, t, t + 6, label, "random" if not label else "peaks") for t, label in places
    ]
    library.ledger.record(events)
    clips = up_to_date(library).clips
    fitted = FunnyMomentClassifier("logistic", n_folds=3).fit(clips.inputs[clips.usable], clips.labels[clips.usable])
    card = {
        "person_id": person.id,
        "person": person.name,
        "created": datetime.now(UTC).isoformat(),
        "n_clips": len(clips.labels),
        **series_card([library.series_of(video, person).parameters]),
    }
    fitted.save(ModelStore(space).new_folder("light"), card)
    detect(space, video, person, DetectionSettings(max_per_hour=None, top_n=n_moments))
    about(space, [video])
    return space


def until_there(page: Page, name: str, n_moments: int, begin: Callable[[], object]) -> float:
    """Seconds from what begins it until a page is there."""
    begun = time.monotonic()
    begin()
    page.wait_for_function(READY, arg=[PLAYERS[name], n_moments if name == "detect" else 0], timeout=60_000)
    return time.monotonic() - begun


def wheel(page: Page, place: str, key: str | None, steps: tuple[float, float]) -> dict[str, float]:
    """Pictures a second while the wheel turns over the middle of an element, first one way, then back."""
    box = page.locator(place).first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.5 * box["height"])
    if key:
        page.keyboard.down(key)
    page.evaluate(COUNT)
    for k in range(WHEEL_TIMES):
        page.mouse.wheel(*(step * (1 if k < WHEEL_TIMES / 2 else -1) for step in steps))
        page.wait_for_timeout(16)
    times = np.diff(page.evaluate("() => { cancelAnimationFrame(ticket); return times }"))
    if key:
        page.keyboard.up(key)
    return {
        "pictures_a_second": round(1000 / float(times.mean()), 1),
        "slowest_ms": round(float(np.percentile(times, 95)), 1),
    }


def measure(space: Workspace, n_moments: int) -> dict[str, object]:
    """Everything, of one server."""
    found: dict[str, object] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        for name in PLAYERS:
            with serve(ROOT / "app.py", {"PUNCHLINE_WORKSPACE": str(space.root)}) as address:
                found[name] = _page(browser, address, name, n_moments)
        browser.close()
    return found


def _page(browser: Browser, address: str, name: str, n_moments: int) -> dict[str, object]:
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    opened, clicked = [], []
    for _ in range(1 + TIMES):
        page = context.new_page()
        opened.append(until_there(page, name, n_moments, partial(page.goto, f"{address}/{name}")))
        page.close()
    for _ in range(TIMES):
        page = context.new_page()
        page.goto(address)
        link = page.get_by_test_id("stSidebar").get_by_role("link").filter(has_text=name.title()).first
        link.wait_for()
        page.wait_for_timeout(1500)
        clicked.append(until_there(page, name, n_moments, link.click))
    found: dict[str, object] = {
        "cold_s": round(opened[0], 2),
        "opened_s": round(statistics.median(opened[1:]), 2),
        "clicked_s": round(statistics.median(clicked), 2),
    }
    page.wait_for_timeout(2000)
    lanes = f".st-key-{PLAYERS[name]} canvas.lanes"
    page.locator(lanes).scroll_into_view_if_needed()
    found["zoom"] = wheel(page, lanes, "Control", (0, -60))
    page.mouse.wheel(0, 0)
    found["pan"] = wheel(page, lanes, "Shift", (0, 40))
    if name == "detect":
        found["list"] = wheel(page, ".st-key-detect-moments .rows", None, (0, 200))
        found["n_rows"] = page.locator(".st-key-detect-moments .row").count()
    context.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=5.0)
    parser.add_argument("--moments", type=int, default=500)
    parser.add_argument("--keep", type=Path, help="make the workspace here, or use the one that is here")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = args.keep or Path(folder)
        made = (root / "workspace").exists()
        space = Workspace(root / "workspace") if made else make_workspace(root, args.hours, args.moments)
        found = measure(space, args.moments)
    found |= {"load_average": round(os.getloadavg()[0], 1), "n_cores": os.cpu_count() or 1}
    if args.json:
        print(json.dumps(found))
        return
    for name, figures in found.items():
        print(f"{name:13} {figures}")


if __name__ == "__main__":
    main()
