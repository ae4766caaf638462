"""How fast are a library of 2,000 videos and 20,000 labels over 200 extracted ones listed, imported and built?

    uv run python benchmarks/library.py [--json] [--videos 2000] [--extracted 200] [--labels 20000]

The library is made up: files that are only names with facts already known, face tables of twenty minutes with one face,
moments for the extracted ones. Each figure is one run in this process, from a warm page cache. Where a browser is
found, every page of the app on that library is opened four times, from the address to its first content: the first of
all in a browser that knows nothing of the app, the median of the last three of each in a tab of that browser; then the
server's memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from statistics import median

import numpy as np
import psutil
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.actions.labels import export_labels, import_labels
from core.actions.models import build_dataset
from core.actions.overview import overview
from core.faces.feature_file import Features, write_features
from core.people.person import Reference
from core.playback.proxy import Playback
from core.storage.files import write_bytes, write_json
from core.workspace.folders import add_path, refresh
from core.workspace.workspace import Workspace
from tests.browser.conftest import FLAGS, ROOT, chromium, served
from tests.tables import Planted, direction, features_info, planted_table

MINUTES = 20
PAGES = ("", "reference", "extract", "label", "analyse", "train", "detect")
# A heading and something below it that is neither a spinner nor a placeholder.
HAS_CONTENT = """() => {
  const main = document.querySelector('[data-testid=stMain]');
  const drawn = [...main?.querySelectorAll('[data-testid=stElementContainer]') ?? []].filter((e) => e.clientHeight > 0);
  const busy = main?.querySelector('[data-testid=stSpinner], [data-testid=stSkeleton]');
  return main?.querySelector('h1') && drawn.length >= 3 && !busy;
}"""
PLACES = (6.0, 12.0)  # seconds of a clip, and from one to the next
FACTS = {"duration": 60.0 * MINUTES, "width": 1280, "height": 720, "fps": 30.0, "codec": "h264", "has_audio": True}


def make_library(folder: Path, *, n_videos: int, n_extracted: int) -> tuple[Workspace, dict[str, float]]:
    """A workspace with one person, and what taking the videos in took."""
    for k in range(n_videos):
        write_bytes(folder / "videos" / f"stream {k:04d}.mp4", b"%08d" % k * 32)
    space = Workspace(folder / "space")
    seconds = {"take_in_s": timed(lambda: add_path(space, str(folder / "videos")))}
    videos = space.videos()
    known = {**FACTS, "likeness": None, "playback": asdict(Playback("direct", "browsers play h264", 0))}
    write_json(space.facts_path, {video.id: known for video in videos})
    face = direction(1)
    image, box, points = np.zeros((8, 8, 3), np.uint8), np.zeros(4, np.float32), np.zeros((5, 2), np.float32)
    space.add_references("Ada", (Reference(image, box, points, "a.jpg", {"e1": face}),))
    rng = np.random.default_rng(0)
    n = MINUTES * 180
    faces = planted_table([Planted(k, 1.0) for k in range(n)], n_frames=n, person=face)
    person = space.people()[0]
    for video in videos[:n_extracted]:
        info = features_info(duration=FACTS["duration"], fingerprint=video.id, video_name=video.name, warnings=())
        audio = rng.normal(-40, 5, (n, 2)).astype(np.float32)
        write_features(space.features_path(video.id), Features(info, faces, audio))
        write_json(space.detections_path(video.id, person.id), {"moments": [{"start": 1.0}] * 12})
    return space, seconds


def label_file(space: Workspace, *, n_labels: int, n_extracted: int) -> bytes:
    """As many labels of the extracted videos, by name."""
    length, apart = PLACES
    names = [video.name for video in space.videos()[:n_extracted]]
    lines = [
        f"{names[k % n_extracted]},{apart * (k // n_extracted):.1f},{apart * (k // n_extracted) + length:.1f},{k % 2}"
        for k in range(n_labels)
    ]
    return "\n".join(["video,start,end,label", *lines]).encode()


def timed(action: Callable[[], object]) -> float:
    """Seconds."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def figures(folder: Path, *, n_videos: int, n_extracted: int, n_labels: int) -> dict[str, float]:
    """Every figure by name."""
    space, result = make_library(folder, n_videos=n_videos, n_extracted=n_extracted)
    content = label_file(space, n_labels=n_labels, n_extracted=n_extracted)
    result["import_s"] = timed(lambda: import_labels(space, content, strict=True))
    result["overview_s"] = timed(lambda: overview(space))
    result["overview_again_s"] = timed(lambda: overview(space))
    result["folders_again_s"] = timed(lambda: refresh(space))
    result["export_s"] = timed(lambda: export_labels(space))
    result["build_s"] = timed(lambda: build_dataset(space))
    result["build_again_s"] = timed(lambda: build_dataset(space))
    if chromium() is not None:
        result |= first_contents(space)
    result["peak_memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return result


def first_contents(space: Workspace, *, rounds: int = 3) -> dict[str, float]:
    """Seconds to the first content of every page in a real browser, and the server's memory after."""
    result: dict[str, float] = {}
    environment = {"PUNCHLINE_WORKSPACE": str(space.root)}
    with served(ROOT / "app.py", environment) as (address, server), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        context = browser.new_context(viewport={"width": 1400, "height": 900})
        for name in PAGES:
            seconds = []
            for _ in range(rounds + 1):
                page = context.new_page()
                began = time.perf_counter()
                page.goto(f"{address}/{name}", wait_until="commit")
                page.wait_for_function(HAS_CONTENT)
                seconds.append(time.perf_counter() - began)
                page.close()
            result.setdefault("first_page_s", seconds[0])
            result[f"page_{name or 'home'}_s"] = median(seconds[1:])
        browser.close()
        result["server_memory_mb"] = psutil.Process(server.pid).memory_info().rss / 1e6
    return result


def main() -> None:
    """Print a line a figure, or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--videos", type=int, default=2000)
    parser.add_argument("--extracted", type=int, default=200)
    parser.add_argument("--labels", type=int, default=20_000)
    arguments = parser.parse_args()
    n_places = int(FACTS["duration"] / PLACES[1])
    if arguments.labels > arguments.extracted * n_places or arguments.extracted > arguments.videos:
        parser.error(f"at most {n_places} labels a video, and no more extracted videos than videos")
    with tempfile.TemporaryDirectory() as folder:
        result = figures(
            Path(folder), n_videos=arguments.videos, n_extracted=arguments.extracted, n_labels=arguments.labels
        )
    if arguments.json:
        print(json.dumps({"videos": arguments.videos, "labels": arguments.labels, **result}))
    else:
        print("\n".join(f"{name:>18} {value:10.2f}" for name, value in result.items()))


if __name__ == "__main__":
    main()
