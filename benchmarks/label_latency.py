"""How long from the key that labels a clip until "saved" is shown and the next clip plays?

    uv run python benchmarks/label_latency.py [--video FILE] [--labels 25] [--json]

The app's own page Label in a real Chromium, a real server on the same machine, the real ledger; by default on the
sample. Each label is pressed 0.8 to 1.3 s after the one before, so the next clip had as long to load as a quick user
gives it. Times are taken in the page: from the key event to the mark "saved", and to the first change of the next
clip's playing time.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from core.labels.ledger import Ledger
from core.people.person import Reference
from core.workspace.workspace import Workspace
from tests.browser.conftest import FLAGS, ROOT, chromium, serve

SAMPLE = ROOT / "assets" / "sample.mp4"
N_WARM = 3  # labels before the counted ones
# Watches the player from inside; one entry a label in `times`.
WATCH = """
() => {
  const hosts = [...document.querySelectorAll("[data-testid=stBidiComponentIsolated]")];
  const host = hosts.find((host) => host.shadowRoot.querySelector("video"));
  const root = host.shadowRoot;
  const saved = root.querySelector('.saved');
  window.times = [];
  let one = null;
  const poll = () => {
    if (one && one.saved !== null && one.playing !== null) { times.push(one); one = null; }
    if (!one) return;
    const video = root.querySelector('video.front');
    if (video.dataset.clip !== one.clip && one.playing === null) {
      if (one.from === undefined) one.from = [video, video.currentTime, video.seeking];
      const moved = one.from[0] === video && !video.seeking && !video.paused && video.currentTime !== one.from[1];
      if (one.from[2] && !video.seeking) one.from = [video, video.currentTime, false];
      else if (moved) one.playing = performance.now() - one.key;
    }
    requestAnimationFrame(poll);
  };
  new MutationObserver(() => {
    if (one && one.saved === null && saved.dataset.state === 'saved') one.saved = performance.now() - one.key;
  }).observe(saved, { attributes: true });
  window.addEventListener('keydown', (event) => {
    if (event.key !== 'f' && event.key !== 'n') return;
    one = { key: performance.now(), clip: root.querySelector('video.front').dataset.clip, saved: null, playing: null };
    requestAnimationFrame(poll);
  }, true);
}
"""


def somebody() -> Reference:
    """A reference face of nobody: labels need a person, not a face."""
    picture = np.zeros((64, 64, 3), np.uint8)
    box, marks = np.array([8, 8, 56, 56], np.float32), np.zeros((5, 2), np.float32)
    return Reference(picture, box, marks, "nobody", {"none": np.ones(4, np.float32)})


def measure(video: Path, n_labels: int, folder: Path) -> list[dict[str, float]]:
    """Milliseconds of each label on page Label: ``saved``, ``playing``, and ``both``, the later of the two."""
    workspace = Workspace(folder)
    workspace.register(video)
    workspace.add_references("Nobody", (somebody(),))
    env = {"PUNCHLINE_WORKSPACE": str(folder)}
    rng = random.Random(0)
    with serve(ROOT / "app.py", env) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.goto(f"{address}/label")
        page.wait_for_function(
            "() => [...document.querySelectorAll('[data-testid=\"stBidiComponentIsolated\"]')]"
            ".some((host) => host.shadowRoot?.querySelector('video.front')?.readyState >= 3)"
        )
        page.evaluate(WATCH)
        for k in range(n_labels + N_WARM):
            page.wait_for_timeout(rng.uniform(800, 1300))
            page.keyboard.press(rng.choice("fn"))
            page.wait_for_function("(n) => times.length === n", arg=k + 1)
        times = page.evaluate("() => times")[N_WARM:]
        browser.close()
    n_saved = len(Ledger(folder / "labels.sqlite").labels())
    if n_saved != n_labels + N_WARM:
        raise RuntimeError(f"{n_saved} labels in the ledger, {n_labels + N_WARM} were pressed")
    return [{**{name: t[name] for name in ("saved", "playing")}, "both": max(t["saved"], t["playing"])} for t in times]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--video", type=Path, default=SAMPLE)
    parser.add_argument("--labels", type=int, default=25, help="the sample has clips for 25")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        times = measure(args.video, args.labels, Path(folder))
    found = {
        f"{name}_{what}_ms": round(float(np.percentile([t[name] for t in times], share)), 1)
        for name in ("both", "saved", "playing")
        for what, share in (("median", 50), ("p95", 95), ("max", 100))
    }
    found |= {"n_labels": len(times), "load_average": round(os.getloadavg()[0], 1), "n_cores": os.cpu_count() or 1}
    if args.json:
        print(json.dumps(found))
        return
    for name in ("both", "saved", "playing"):
        print(f"{name:8} median {found[f'{name}_median_ms']:6.0f} ms   p95 {found[f'{name}_p95_ms']:6.0f} ms")


if __name__ == "__main__":
    main()
