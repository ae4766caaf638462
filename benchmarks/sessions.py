"""Do eight browsers at once label, play and analyse for five minutes while a video is extracted?

    uv run python benchmarks/sessions.py [--json] [--sessions 8] [--minutes 5]

Half of the sessions label, a quarter plays and seeks, a quarter changes between Analyse and Label; each has a video of
its own, made of the sample, comes a few seconds after the one before, and pauses a second or two between two
interactions, as people do. The browsers run on the same machine and share its cores with the server and the extraction.
Elsewhere they would have cores of their own, and a GPU that draws: so their windows are small, their videos have small
pictures, five a second, and what a page shows is looked at ten times a second. An interaction is timed in the browser:
a label until it is shown as saved, a seek until the picture is there, a page until its player is ready. Lost is a label
that was shown as saved and is not in the ledger. Errors are what the pages show as such and what the server writes as a
traceback.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import struct
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from statistics import median

import av
import numpy as np
from playwright.async_api import Page, ViewportSize, async_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.label_latency import SAMPLE, somebody
from core.faces.feature_file import Features, write_features
from core.labels.ledger import Ledger
from core.playback.facts import about
from core.workspace.jobs import Jobs
from core.workspace.workspace import Workspace
from tests.browser.conftest import FLAGS, ROOT, chromium, served
from tests.tables import Planted, direction, features_info, planted_table

PATIENCE = 60.0  # seconds
RAISED = re.compile(r"Traceback \(most recent call last\):\n(?:[ \t].*\n)+(.*)")  # what a traceback ends with
APART = 5.0  # seconds from one session to the next
WINDOW = ViewportSize(width=640, height=480)
LONG = 20  # times the sample: half an hour
SMALL = 160, 90  # pixels of a picture that a browser decodes and draws
PICTURES = 5  # of them a second
LOOK = 100  # ms between two looks at what a page shows
PLAYER = """() => [...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')]
  .map((host) => host.shadowRoot).find((root) => root?.querySelector('video.front'))"""
READY = f"() => ({PLAYER})()?.querySelector('video.front').readyState >= 2"
STATE = f"() => ({PLAYER})()?.querySelector('.saved')?.dataset.state"
CLIP = f"() => ({PLAYER})()?.querySelector('video.front')?.dataset.clip"
SEEK = f"""async (share) => {{
  const video = ({PLAYER})().querySelector('video.front');
  const there = new Promise((done) => video.addEventListener('seeked', done, {{ once: true }}));
  video.currentTime = share * video.duration;
  await there;
}}"""
FAULTS = "() => [...document.querySelectorAll('[data-testid=stAlertContentError]')].map((e) => e.innerText)"


def smaller(source: Path, target: Path) -> Path:
    """A video with the same sound and small pictures, a few a second."""
    with av.open(source) as container, av.open(target, "w") as out:
        pictures, sound = container.streams.video[0], container.streams.audio[0]
        video = out.add_stream("libx264", rate=PICTURES, options={"g": str(2 * PICTURES)})
        video.width, video.height, video.pix_fmt = *SMALL, "yuv420p"
        copied, n = out.add_stream_from_template(sound), 0
        for packet in container.demux(pictures, sound):
            if packet.stream is sound and packet.dts is not None:
                packet.stream = copied
                out.mux(packet)
            for frame in packet.decode() if packet.stream is pictures else ():
                while frame.time >= n / PICTURES:
                    small = frame.reformat(*SMALL, "yuv420p")
                    small.pts, small.time_base = n, Fraction(1, PICTURES)
                    out.mux(video.encode(small))
                    n += 1
        out.mux(video.encode())
    return target


def repeated(source: Path, target: Path, times: int, number: int) -> None:
    """A video several times in a row, without encoding; an unused box at its end makes its bytes its own."""
    with av.open(target, "w", options={"movflags": "faststart"}) as out:
        with av.open(source) as container:
            streams = [out.add_stream_from_template(s) for s in (*container.streams.video, *container.streams.audio)]
        start = 0.0
        for _ in range(times):
            with av.open(source) as container:
                end = 0.0
                for packet in container.demux():
                    if packet.dts is None:
                        continue
                    end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
                    shift = round(start / packet.time_base)
                    packet.pts, packet.dts, packet.stream = (
                        packet.pts + shift,
                        packet.dts + shift,
                        streams[packet.stream.index],
                    )
                    out.mux(packet)
                start += end + 0.5  # decoding times begin before the first picture
    with target.open("ab") as file:
        file.write(struct.pack(">I4sI", 12, b"free", number))


def prepare(folder: Path, n_sessions: int) -> Workspace:
    """A workspace with a person, a video for each session with a made face table, and one that is extracted."""
    space = Workspace(folder / "space")
    face, small = direction(1), smaller(SAMPLE, folder / "small.mp4")
    space.add_references("Nobody", (replace(somebody(), embeddings={"e1": face}),))
    for k in range(n_sessions + 1):
        path = folder / f"stream {k}.mp4"
        repeated(small if k < n_sessions else SAMPLE, path, LONG, k)
        video = space.register(path)
        about(space, [video])  # learnt when a video is added
        if k == n_sessions:
            Jobs(space).submit("extract", video.id, video.name)
            continue
        n = 1500 * 3
        faces = planted_table([Planted(row, 1.0) for row in range(n)], n_frames=n, person=face)
        info = features_info(duration=n / 3, fingerprint=video.id, video_name=video.name, warnings=())
        audio = np.random.default_rng(k).normal(-40, 5, (n, 2)).astype(np.float32)
        write_features(space.features_path(video.id), Features(info, faces, audio))
    return space


class Session:
    """One browser window, its video, and what was timed in it."""

    def __init__(self, page: Page, address: str, video_id: str, minutes: float, number: int) -> None:
        self.page, self.address, self.video_id, self.minutes = page, address, video_id, minutes
        self.number, self.rng = number, random.Random(number)
        self.times: dict[str, list[float]] = {}
        self.faults: list[str] = []
        self.n_saved = 0

    async def timed(self, kind: str, action: Awaitable[object]) -> None:
        """Wait for it and note its seconds."""
        began = time.perf_counter()
        await asyncio.wait_for(action, PATIENCE)
        self.times.setdefault(kind, []).append(time.perf_counter() - began)
        self.faults += await self.page.evaluate(FAULTS)

    async def run(self, step: Callable[[], Awaitable[None]]) -> None:
        """Open the video and go on with a kind of interaction until the time is over."""
        await self.page.wait_for_timeout(1000 * APART * self.number)
        await self.open("label")
        until = time.monotonic() + 60 * self.minutes
        while time.monotonic() < until:
            await self.page.wait_for_timeout(self.rng.uniform(1000, 2000))
            try:
                await step()
            except Exception as error:
                self.faults.append(f"{step.__name__}: {error!r}")

    async def open(self, name: str) -> None:
        """A page with the session's video."""
        await self.page.goto(f"{self.address}/{name}?video={self.video_id}")
        await self.page.wait_for_function(READY, polling=LOOK)

    async def label(self) -> None:
        """Press the key of a label; done when it is shown as saved."""
        clip = await self.page.evaluate(CLIP)

        async def saved() -> None:
            await self.page.keyboard.press(self.rng.choice("fn"))
            await self.page.wait_for_function(
                f"(clip) => ({CLIP})() !== clip && ({STATE})() === 'saved'", arg=clip, polling=LOOK
            )

        await self.timed("label", saved())
        self.n_saved += 1

    async def play(self) -> None:
        """Seek somewhere."""
        await self.page.wait_for_function(READY, polling=LOOK)
        await self.timed("seek", self.page.evaluate(SEEK, self.rng.random() * 0.9))

    async def analyse(self) -> None:
        """Change between two pages."""
        name = "analyse" if "/label" in self.page.url else "label"
        await self.timed(f"page {name}", self.open(name))


async def run(address: str, space: Workspace, n: int, minutes: float) -> list[Session]:
    """All sessions at once."""
    videos = [video for video in space.videos() if space.features_path(video.id).exists()]
    assert len(videos) == n, "videos of the same bytes count as one"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        sessions = []
        for k, video in enumerate(videos):
            context = await browser.new_context(viewport=WINDOW)
            page = await context.new_page()
            page.set_default_timeout(60_000)
            sessions.append(Session(page, address, video.id, minutes, k))
        kinds = [(s.label, s.play, s.label, s.analyse)[k % 4] for k, s in enumerate(sessions)]
        await asyncio.gather(*(session.run(step) for session, step in zip(sessions, kinds, strict=True)))
        await browser.close()
    return sessions


def figures(folder: Path, n_sessions: int, minutes: float) -> dict[str, object]:
    """Every figure by name."""
    space = prepare(folder, n_sessions)
    log = folder / "server.log"
    with served(ROOT / "app.py", {"PUNCHLINE_WORKSPACE": str(space.root)}, log=log) as (address, _):
        sessions = asyncio.run(run(address, space, n_sessions, minutes))
        extraction = next(job for job in Jobs(space).all() if job.kind == "extract")
        for job in Jobs(space).all():
            Jobs(space).cancel(job.id)
        while any(job.live for job in Jobs(space).all()):
            time.sleep(0.5)
    times = {kind: sorted(t for s in sessions for t in s.times.get(kind, [])) for kind in all_kinds(sessions)}
    together = sorted(t for several in times.values() for t in several)
    n_saved = sum(session.n_saved for session in sessions)
    raised = RAISED.findall(log.read_text(encoding="utf-8", errors="replace"))
    n_kept = Ledger(space.root / "labels.sqlite").last_seq()
    return {
        "n_interactions": len(together),
        "median_s": median(together),
        "p95_s": float(np.percentile(together, 95)),
        **{f"{kind}_p95_s": float(np.percentile(several, 95)) for kind, several in times.items()},
        "n_labels": n_saved,
        "n_lost": max(0, n_saved - n_kept),
        "n_errors": sum(len(session.faults) for session in sessions),
        "n_tracebacks": len(raised),
        "tracebacks": [text[-400:] for text in raised][:5],
        "extracted_share": extraction.share,
        "extraction_failed": extraction.status == "failed",
        "n_cores": os.cpu_count() or 1,
        "errors": [fault[:200] for session in sessions for fault in session.faults][:5],
    }


def all_kinds(sessions: list[Session]) -> list[str]:
    """The kinds of interaction that were timed."""
    return sorted({kind for session in sessions for kind in session.times})


def main() -> None:
    """Print a line a figure, or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--sessions", type=int, default=8)
    parser.add_argument("--minutes", type=float, default=5.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        result = figures(Path(folder), arguments.sessions, arguments.minutes)
    if arguments.json:
        print(json.dumps(result))
    else:
        print("\n".join(f"{name:>18} {value}" for name, value in result.items()))


if __name__ == "__main__":
    main()
