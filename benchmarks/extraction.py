"""How long does an extraction take, against decoding alone and against the script that one would write instead?

    uv run python benchmarks/extraction.py [--json] [--video FILE] [--rounds 1] [--long 8] [--workers 1]

On the same video, one after the other in every round:
(a) all its pictures decoded with PyAV, its default number of threads: the limit. Its default kind of threads, one for
    each slice of a picture, and threads for several pictures are both tried; the faster counts;
(b) an extraction at three samples a second, whole, to the written file;
(b') the same without the cue `laughter`, and how much of (b)'s processor time is spent on hearing it;
(c) cv2, facenet_pytorch's MTCNN with its defaults on whole pictures, InceptionResnetV1 and EfficientNet-B0 on every
    face (random weights: the time is the same), at three samples a second;
(d) with --workers: (b) with so many processes, whose processor time is counted together.
Each runs in a process of its own. Figures are the slope between 2 and 8 minutes of video (1 and 2 for c), so that
start-up does not count; it is printed apart: from the start of the process to the first faces. Without --video a minute
of 1080p30 with one or two faces is made once and kept in the system's folder for temporary files.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
CACHE = Path(tempfile.gettempdir()) / "punchline-benchmark"
WIDTH, HEIGHT, FPS, SECONDS = 1920, 1080, 30, 60
BIT_RATE = 5_000_000
SAMPLE_RATE = 3.0


def make_video(path: Path) -> None:
    """A minute of one or two moving portraits before a moving texture, encoded as a stream is."""
    import av
    import cv2
    import numpy as np

    from tests.portraits import COLLINS, HOPPER, portrait

    rng = np.random.default_rng(0)
    height, width = HEIGHT + 400, WIDTH + 400
    texture = np.zeros((height, width, 3), np.float32)
    for size in (8, 16, 32, 64, 128):
        noise = rng.normal(size=(height // size + 2, width // size + 2, 3)).astype(np.float32)
        texture += cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC) * size**0.5
    texture = np.clip(texture / texture.std() * 38 + 110, 0, 255).astype(np.uint8)
    faces = portrait(COLLINS, 620), portrait(HOPPER, 520)
    rate = {"b": str(BIT_RATE), "maxrate": str(BIT_RATE), "bufsize": str(2 * BIT_RATE)}
    with av.open(str(path), "w", format="mp4") as container:
        video = container.add_stream("libx264", rate=FPS, options={"preset": "veryfast", "g": "60", "bf": "2", **rate})
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.thread_type = "FRAME"  # else every picture is cut into slices, which streams are not
        sound = container.add_stream("aac", rate=48_000, layout="stereo")
        for k in range(SECONDS * FPS):
            t = k / FPS
            x, y = int(200 + 150 * np.sin(0.31 * t)), int(200 + 150 * np.cos(0.23 * t))
            picture = texture[y : y + HEIGHT, x : x + WIDTH].copy()
            _put(picture, faces[0], 500 + 180 * np.sin(0.9 * t), 540 + 120 * np.sin(1.3 * t))
            if t % 20 < 12:
                _put(picture, faces[1], 1400 + 150 * np.sin(0.7 * t), 540 + 130 * np.cos(1.1 * t))
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = k, Fraction(1, FPS)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        times = np.arange(SECONDS * 48_000) / 48_000
        wave = 0.3 * np.sin(2 * np.pi * (180 + 40 * np.sin(2 * times)) * times) * (np.sin(3 * times) > 0)
        wave += rng.normal(size=len(times)) * 0.01
        for start in range(0, len(wave), 1024):
            samples = np.repeat(wave[None, start : start + 1024].astype(np.float32), 2, axis=0)
            block = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
            block.sample_rate, block.pts, block.time_base = 48_000, start, Fraction(1, 48_000)
            container.mux(sound.encode(block))
        container.mux(sound.encode(None))


def _put(picture: Any, face: Any, x: float, y: float) -> None:
    left, top = int(x - face.shape[1] / 2), max(0, int(y - face.shape[0] / 2))
    part = face[: HEIGHT - top]
    picture[top : top + len(part), left : left + face.shape[1]] = part


def looped(source: Path, minutes: float, path: Path) -> None:
    """The packets of a video again and again, for so many minutes."""
    import av

    with av.open(str(path), "w", format="mp4") as container:
        with av.open(str(source)) as template:
            streams = {
                s.index: container.add_stream_from_template(s)
                for s in (*template.streams.video[:1], *template.streams.audio[:1])
            }
            length = max(float((s.duration or 0) * s.time_base) for s in template.streams if s.index in streams)
            length = length or (template.duration or 0) / av.time_base
        last: dict[int, int] = {}
        offset = 0.0
        while offset < 60 * minutes:
            with av.open(str(source)) as once:
                for packet in once.demux([s for s in once.streams if s.index in streams]):
                    if packet.dts is None or packet.pts is None:
                        continue
                    index = packet.stream.index
                    shift = round(offset / packet.time_base)
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                    if packet.dts <= last.get(index, packet.dts - 1) or packet.pts * packet.time_base >= 60 * minutes:
                        continue
                    last[index] = packet.dts
                    packet.stream = streams[index]
                    container.mux(packet)
            offset += length


def decode(path: Path, thread_type: str = "SLICE") -> dict[str, float]:
    """(a)"""
    import av

    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = thread_type
        return {"frames": sum(1 for _ in container.decode(stream))}


def ours(path: Path, n_workers: int = 1) -> dict[str, float]:
    """(b), and (d) with several workers."""
    import psutil

    from core.actions.workers import reader_of
    from core.cues.laughter import LaughterReader
    from core.multimodal_processor import extract
    from core.video_feature_extractor import ExtractionSettings

    first: list[float] = []
    heard: list[float] = []  # processor seconds of each call; with fewer than eight cores one thread does it all
    rows = LaughterReader.rows

    def timed(self: LaughterReader, timestamps: Any) -> Any:
        started = time.thread_time()
        found = rows(self, timestamps)
        heard.append(time.thread_time() - started)
        return found

    LaughterReader.rows = timed  # type: ignore[method-assign]
    with tempfile.TemporaryDirectory() as folder, reader_of(n_workers) as reader:
        extract(
            path,
            Path(folder) / "v.h5",
            settings=ExtractionSettings(sample_rate=SAMPLE_RATE),
            on_progress=lambda done, total: first.append(time.time()) if not first else None,
            reader=reader,
        )
        workers = psutil.Process().children(recursive=True)
        times = [worker.cpu_times() for worker in workers]
        result = {"workers_cpu": sum(t.user + t.system for t in times)}
        result["workers_rss"] = sum(worker.memory_info().rss for worker in workers) / 1e6
    return result | {"first": first[0], "laughter": sum(heard)}


def unheard(path: Path) -> dict[str, float]:
    """(b')"""
    import numpy as np

    from core.cues.laughter import COLUMNS, LaughterReader

    LaughterReader.rows = lambda self, times: np.full((len(times), len(COLUMNS)), np.nan)  # type: ignore[method-assign]
    return ours(path)


def naive(path: Path) -> dict[str, float]:
    """(c)"""
    import cv2
    import numpy as np
    import torch
    from facenet_pytorch import MTCNN, InceptionResnetV1
    from PIL import Image
    from torchvision.models import efficientnet_b0

    mtcnn = MTCNN(keep_all=True, device="cpu")
    embedder, emotions = InceptionResnetV1(pretrained=None).eval(), efficientnet_b0(weights=None).eval()
    video = cv2.VideoCapture(str(path))
    every = max(1, round(video.get(cv2.CAP_PROP_FPS) / SAMPLE_RATE))
    k = 0
    with torch.inference_mode():
        while True:
            good, image = video.read()
            if not good:
                break
            if k % every == 0:
                picture = Image.fromarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
                boxes, _ = mtcnn.detect(picture)
                for box in boxes if boxes is not None else ():
                    face = picture.crop(tuple(box.tolist()))
                    for net, side in ((embedder, 160), (emotions, 224)):
                        chip = torch.from_numpy(np.array(face.resize((side, side))))
                        net((chip.permute(2, 0, 1)[None].float() - 127.5) / 128)
            k += 1
    return {"frames": k}


WAYS = {
    "slices": decode,
    "pictures": partial(decode, thread_type="AUTO"),
    "ours": ours,
    "unheard": unheard,
    "naive": naive,
    "shared": ours,
}


def measured(way: str, path: Path, n_workers: int) -> dict[str, float]:
    """One run in a process of its own: wall and processor seconds, MB of memory at most, seconds to the first faces."""
    started = time.time()
    command = [sys.executable, __file__, "--run", way, "--video", str(path), "--workers", str(n_workers)]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT, env=environment)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    result["startup"] = result.get("first", started) - started
    return result


def run(way: str, path: Path, n_workers: int) -> None:
    """What `measured` starts; the wall time is that from here on."""
    import resource

    started = time.monotonic()
    result = ours(path, n_workers) if way == "shared" else WAYS[way](path)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    result["wall"] = time.monotonic() - started
    result["cpu"] = usage.ru_utime + usage.ru_stime + result.get("workers_cpu", 0)
    result["rss"] = usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3) + result.get("workers_rss", 0)
    print(json.dumps(result))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--video", type=Path)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--long", type=float, default=8.0, help="minutes of the longer video")
    parser.add_argument("--workers", type=int, default=1, help="processes that read one video")
    parser.add_argument("--run", choices=list(WAYS), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.run:
        run(chosen.run, chosen.video, chosen.workers)
        return
    CACHE.mkdir(exist_ok=True)
    source = chosen.video or CACHE / "portraits_1080p30.mp4"
    if not source.exists():
        make_video(source.with_suffix(".part"))
        source.with_suffix(".part").rename(source)
    spans = {
        "slices": (2.0, chosen.long),
        "pictures": (2.0, chosen.long),
        "ours": (2.0, chosen.long),
        "unheard": (2.0, chosen.long),
        "naive": (1.0, 2.0),
    }
    if chosen.workers > 1:
        spans["shared"] = (2.0, chosen.long)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        videos = {}
        for minutes in sorted({m for span in spans.values() for m in span}):
            videos[minutes] = Path(folder) / f"{minutes:g}.mp4"
            looped(source, minutes, videos[minutes])
        rounds = [
            {way: [measured(way, videos[minutes], chosen.workers) for minutes in span] for way, span in spans.items()}
            for _ in range(chosen.rounds)
        ]
    report(rounds, spans, as_json=chosen.json)


def report(rounds: list[dict[str, Any]], spans: dict[str, tuple[float, float]], *, as_json: bool) -> None:
    """Medians over the rounds."""

    def slope(way: str, what: str) -> float:
        short, long = spans[way]
        return median((r[way][1][what] - r[way][0][what]) / (long - short) for r in rounds)

    result = {f"{way}_s": slope(way, "wall") for way in spans} | {f"{way}_cpu_s": slope(way, "cpu") for way in spans}
    faster = min("slices", "pictures", key=lambda way: result[f"{way}_s"])
    result |= {"decode_s": result[f"{faster}_s"], "decode_cpu_s": result[f"{faster}_cpu_s"]}
    result |= {
        "ratio_to_decode": result["ours_s"] / result["decode_s"],
        "ratio_to_decode_cpu": result["ours_cpu_s"] / result["decode_cpu_s"],
        "speedup_over_naive": result["naive_s"] / result["ours_s"],
        "realtime_factor": 60 / result["ours_s"],
        # Of the whole of the longer run, start-up included.
        "laughter_share_cpu": median(r["ours"][1]["laughter"] / r["ours"][1]["cpu"] for r in rounds),
        "laughter_share_wall": median(r["ours"][1]["wall"] / r["unheard"][1]["wall"] - 1 for r in rounds),
        "startup_s": median(r["ours"][k]["startup"] for r in rounds for k in (0, 1)),
        "peak_rss_mb": max(r["ours"][k]["rss"] for r in rounds for k in (0, 1)),
        "peak_rss_short_mb": max(r["ours"][0]["rss"] for r in rounds),
    }
    if "shared" in spans:
        result["shared_cpu_ratio"] = result["shared_cpu_s"] / result["ours_cpu_s"]
    if as_json:
        print(json.dumps(result))
        return
    print("seconds a minute of video (processor seconds in brackets)")
    for way in ("decode", *list(spans)[2:]):
        print(f"  {way:8} {result[f'{way}_s']:7.2f}  ({result[f'{way}_cpu_s']:.2f})")
    print(f"extraction takes {result['ratio_to_decode']:.2f} times the decoding", end=", ")
    print(
        f"{result['speedup_over_naive']:.1f} times faster than the script, {result['realtime_factor']:.1f} x real time"
    )
    print(f"hearing laughter takes {result['laughter_share_cpu']:.1%} of its processor time", end=", ")
    print(f"{result['laughter_share_wall']:.1%} of its time by the clock")
    print(f"first faces after {result['startup_s']:.1f} s; memory {result['peak_rss_mb']:.0f} MB at most")


if __name__ == "__main__":
    main()
