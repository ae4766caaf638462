"""Make a long test stream from real clips: a person in a face-cam over a moving game, real laughs among other sounds.

    uv run python tools/make_real_stream.py --clips CLIPS --smiles smile_series.csv --sounds AUDIO --kinds audio.csv \\
        --person NAME.mp4 --guest OTHER.mp4 --music MUSIC.mp4 --speech TALK.mp4 --half 0 --minutes 8 --out stream.mp4

A funny moment is 5-7 s in which the person laughs with face and sound. The rest is made to look or sound like it: a
silent smile, a smile while somebody shouts, claps or plays music, the laughter of a guest, applause and shouts beside a
calm face, nobody in the picture. All loud sounds have the same level, so that loudness tells nothing. Whatever happens,
a face-cam is dark or overexposed now and then, and a hand goes before the mouth for a second.

`--smiles` gives the times at which a face smiles (columns clip, t, faces, smile); `--kinds` names the files in --sounds
that are `laughing` and `screaming` (columns file, kind), of which a stream takes one half. Writes stream.mp4 (H.264 at
6 Mbit/s with a key frame each 2 s and B-frames, AAC), stream_moments.csv (start, end, kind: the truth to the frame) and
stream_labels.csv (video, start, end, label: clips of 5-7 s). `--calm` makes a stream of music and applause alone.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

RATE, FPS = 48_000, 25
WIDTH, HEIGHT = 640, 360
LOUD, QUIET = 0.12, 0.03  # RMS of what stands out, and of what goes on below it
KINDS = {"funny": 40, "silent_smile": 12, "noisy_smile": 16, "guest_laughs": 12, "applause": 8, "shout": 8, "away": 4}
ABOVE = {
    "funny": "laughing",
    "guest_laughs": "laughing",
    "shout": "screaming",
    "applause": "applause",
    "music": "music",
}
SMILES = ("funny", "silent_smile", "noisy_smile")
LIGHT = {1.0: 0.8, 0.3: 0.1, 2.0: 0.1}  # gain of a face-cam's picture, and its share of the spans
HAND = 0.2  # share of the spans in which a hand goes before the mouth
SKIN = 205, 160, 135
Array = np.ndarray


def sound_of(path: Path) -> Array:
    """A file's sound (n,) at `RATE`, scaled to an RMS of 1; empty where there is none."""
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return np.empty(0, np.float32)
        resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
        frames = [r for frame in container.decode(audio=0) for r in resampler.resample(frame)]
    samples = np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames])
    return samples / max(float(np.sqrt(np.mean(samples**2))), 1e-6)


def filled(rng: np.random.Generator, sounds: list[Array], n: int) -> Array:
    """Sounds one after another (n,), in random order, with short fades."""
    parts, length = [], 0
    while length < n:
        part = sounds[rng.integers(len(sounds))].copy()
        fade = min(len(part) // 2, RATE // 50)
        ramp = np.linspace(0, 1, fade)
        part[:fade] *= ramp
        part[len(part) - fade :] *= ramp[::-1]
        parts.append(part)
        length += len(part)
    return np.concatenate(parts)[:n]


def applause(rng: np.random.Generator, n: int) -> Array:
    """Many hands: claps at random times, each a short burst of noise with its own colour; RMS 1."""
    out = np.zeros(n + RATE)
    clap = np.exp(-np.arange(RATE // 50) / (RATE * 0.003))
    for start in rng.integers(0, n, int(n / RATE * 250)):
        colour = np.sin(2 * np.pi * rng.uniform(700, 2500) * np.arange(len(clap)) / RATE)
        out[start : start + len(clap)] += rng.exponential() * clap * (rng.normal(size=len(clap)) + 2 * colour)
    return out[:n] / np.sqrt(np.mean(out[:n] ** 2))


class Cast:
    """One person's clip as square pictures (n, side, side, 3), and which of them laugh and which are calm."""

    def __init__(self, path: Path, smiles: Path, side: int) -> None:
        with smiles.open(newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["clip"] == path.name and int(row["faces"])]
        if not rows:
            raise SystemExit(f"{smiles}: no face in {path.name}")
        times, values = (np.array([float(row[name]) for row in rows]) for name in ("t", "smile"))
        pictures, smile = [], []
        with av.open(str(path)) as container:
            for frame in container.decode(video=0):
                nearest = int(np.abs(times - frame.time).argmin())
                if abs(times[nearest] - frame.time) < 0.5:
                    pictures.append(square(frame.to_ndarray(format="rgb24"), side))
                    smile.append(values[nearest])
        self.pictures, level = np.array(pictures), np.array(smile)
        self.runs = {True: runs_of(level >= 0.5), False: runs_of(level <= 0.15)}
        if not self.runs[True] or not self.runs[False]:
            raise SystemExit(f"{path.name}: it has no stretch of smiling and of calm")

    def shown(self, rng: np.random.Generator, n: int, *, laughs: bool) -> Iterator[Array]:
        """So many pictures: stretches of one kind, back and forth and at a changing pace."""
        left = n
        while left > 0:
            first, last = self.runs[laughs][rng.integers(len(self.runs[laughs]))]
            whole = np.concatenate([np.arange(first, last), np.arange(last - 1, first - 1, -1)])
            steps = (np.arange(left) * rng.uniform(0.8, 1.3)).astype(int)
            for place in whole[steps[steps < len(whole)]]:
                yield self.pictures[place]
                left -= 1


def square(image: Array, side: int) -> Array:
    """The middle of a picture, a little above the middle of a high one."""
    height, width = image.shape[:2]
    size = min(height, width)
    top, left = int(0.4 * (height - size)), (width - size) // 2
    return cv2.resize(image[top : top + size, left : left + size], (side, side), interpolation=cv2.INTER_AREA)


def with_hand(image: Array, place: float) -> Array:
    """The picture with a hand before its lower half, so far to the right of its middle (in sides)."""
    image, side = image.copy(), len(image)
    middle = int((0.5 + place) * side), int(0.72 * side)
    cv2.ellipse(image, middle, (side // 6, side // 8), 0, 0, 360, SKIN, -1)
    for finger in range(4):
        x, y = middle[0] + int((finger - 1.5) * side / 13), middle[1] - side // 5
        cv2.line(image, (x, middle[1]), (x, y), SKIN, max(3, side // 18), cv2.LINE_AA)
    return image


def filmed(rng: np.random.Generator, images: Iterator[Array], n: int) -> Iterator[Array]:
    """A span's pictures as a face-cam shows them: in its light, at times with a hand that comes and goes."""
    gain = float(rng.choice(list(LIGHT), p=list(LIGHT.values())))
    first = rng.integers(0, max(1, n - FPS)) if rng.random() < HAND else n
    for k, image in enumerate(images):
        shown = with_hand(image, abs(k - first - FPS / 2) / FPS - 0.1) if first <= k < first + FPS else image
        yield cv2.convertScaleAbs(shown, alpha=gain)


def runs_of(mask: Array) -> list[tuple[int, int]]:
    """Stretches of at least half a second."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(int)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2) if b - a >= 12]


def plan(rng: np.random.Generator, seconds: float, kinds: dict[str, int]) -> list[tuple[float, float, str]]:
    """The spans of a stream (start, end, kind), on the clock of its frames."""
    shares = np.array(list(kinds.values()), float)
    spans: list[tuple[float, float, str]] = []
    at = 0.0
    while at < seconds - 25:
        for kind, low, high in (("calm", 6, 14), (str(rng.choice(list(kinds), p=shares / shares.sum())), 5, 7)):
            end = at + round(rng.uniform(low, high) * FPS) / FPS
            spans.append((at, end, kind))
            at = end
    return [*spans, (at, seconds, "calm")]


def mixed(rng: np.random.Generator, spans: list[tuple[float, float, str]], sounds: dict[str, list[Array]]) -> Array:
    """The sound of a stream (n,): speech and music below, and what stands out in each span."""
    n = round(spans[-1][1] * RATE)
    out = rng.normal(size=n) * 0.002
    for start, end, kind in spans:
        a, b = round(start * RATE), round(end * RATE)
        if (below := rng.choice(["speech", "music", "both", "none"])) != "none":
            for name in ("speech", "music") if below == "both" else (below,):
                if sounds[name]:
                    out[a:b] += QUIET * rng.uniform(0.5, 1.5) * filled(rng, sounds[name], b - a)
        above = ABOVE.get(kind)
        if kind == "noisy_smile" or (kind == "calm" and rng.random() < 0.1):
            above = str(rng.choice(["screaming", "applause", "music"]))
        if above is not None and (above == "applause" or sounds[above]):
            loud = applause(rng, b - a) if above == "applause" else filled(rng, sounds[above], b - a)
            out[a:b] += LOUD * rng.uniform(0.6, 1.5) * loud
    return np.clip(out, -1, 1).astype(np.float32)


class Game:
    """A game that moves: a wide textured ground that is scrolled over, and figures on it."""

    def __init__(self, rng: np.random.Generator, width: int = WIDTH, height: int = HEIGHT) -> None:
        self.width, self.height = width, height
        coarse = rng.integers(30, 220, (40, 60, 3)).astype(np.uint8)
        size = width + 1760, height + 1240
        ground = cv2.resize(coarse, size, interpolation=cv2.INTER_NEAREST).astype(np.int16)
        noise = rng.integers(-12, 12, (*ground.shape[:2], 1))
        self.ground = np.clip(ground + noise, 0, 255).astype(np.uint8)
        self.figures = rng.uniform(0, 6, (12, 3))

    def picture(self, t: float) -> Array:
        """The scene (height, width, 3) at a time."""
        height, width = self.height, self.width
        x = int((np.sin(t * 0.23) + 1) / 2 * (self.ground.shape[1] - width))
        y = int((np.sin(t * 0.31 + 1) + 1) / 2 * (self.ground.shape[0] - height))
        scene = self.ground[y : y + height, x : x + width].copy()
        for a, b, c in self.figures:
            centre = int((np.sin(t * (0.4 + a / 9) + b) + 1) / 2 * width), int((np.cos(t * 0.6 + c) + 1) / 2 * height)
            cv2.circle(scene, centre, 8 + int(a * 4), (int(a * 40), int(b * 40), int(c * 40)), -1)
        return scene


def pictures(
    rng: np.random.Generator, spans: list[tuple[float, float, str]], person: Cast, guest: Cast
) -> Iterator[Array]:
    """The pictures of a stream."""
    game, side, index = Game(rng), person.pictures.shape[1], 0
    for start, end, kind in spans:
        n = round(end * FPS) - round(start * FPS)
        own = filmed(rng, person.shown(rng, n, laughs=kind in SMILES), n)
        with_guest = kind == "guest_laughs" or rng.random() < 0.2
        other = guest.shown(rng, n, laughs=kind == "guest_laughs")
        for _ in range(n):
            scene = game.picture(index / FPS)
            if kind != "away":
                scene[HEIGHT - side :, WIDTH - side :] = next(own)
            if with_guest:
                scene[:side, :side] = next(other)
            yield scene
            index += 1


def write(path: Path, scenes: Iterator[Array], samples: Array, *, width: int = WIDTH, height: int = HEIGHT) -> None:
    """Encode as streams are."""
    with av.open(str(path), "w") as container:
        options = {"preset": "superfast", "bf": "2", "g": str(2 * FPS), "maxrate": "6M", "bufsize": "12M"}
        video = container.add_stream("libx264", rate=FPS, options=options)
        video.width, video.height, video.pix_fmt, video.bit_rate = width, height, "yuv420p", 6_000_000
        audio = container.add_stream("aac", rate=RATE, layout="mono")
        for index, scene in enumerate(scenes):
            frame = av.VideoFrame.from_ndarray(scene, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        for start in range(0, len(samples), 1024):
            block = av.AudioFrame.from_ndarray(samples[None, start : start + 1024], format="fltp", layout="mono")
            block.sample_rate, block.pts, block.time_base = RATE, start, Fraction(1, RATE)
            container.mux(audio.encode(block))
        container.mux(audio.encode(None))


def write_truth(rng: np.random.Generator, out: Path, spans: list[tuple[float, float, str]]) -> None:
    """Every span with its kind, and a clip of 5-7 s with its label in each."""
    with out.with_name(f"{out.stem}_moments.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("start", "end", "kind"), *((f"{a:.3f}", f"{b:.3f}", k) for a, b, k in spans)])
    with out.with_name(f"{out.stem}_labels.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("video", "start", "end", "label"))
        for start, end, kind in spans:
            length = min(end - start, rng.uniform(5, 7))
            begin = start + rng.uniform(0, end - start - length) if kind == "calm" else start
            rows.writerow((out.name, f"{begin:.3f}", f"{begin + length:.3f}", int(kind == "funny")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--clips", "--smiles", "--sounds", "--kinds", "--out"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--person", required=True, help="a file in --clips")
    parser.add_argument("--guest", required=True)
    parser.add_argument("--music", nargs="*", default=[])
    parser.add_argument("--speech", nargs="*", default=[])
    parser.add_argument("--half", type=int, choices=(0, 1), default=0, help="which half of the laughs and shouts")
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--side", type=int, default=160, help="of the face-cam in pixels, 90-300")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--calm", action="store_true")
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    sounds = {kind: [sound_of(args.clips / name) for name in getattr(args, kind)] for kind in ("music", "speech")}
    with args.kinds.open(encoding="utf-8-sig", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["file"])
    for kind in ("laughing", "screaming"):
        names = [row["file"] for row in rows if row["kind"] == kind][args.half :: 2]
        sounds[kind] = [sound_of(args.sounds / name) for name in names]
    kinds = {"applause": 1, "music": 1} if args.calm else KINDS
    if args.calm:
        sounds["speech"], sounds["screaming"] = [], []
    spans = plan(rng, args.minutes * 60, kinds)
    samples = mixed(rng, spans, sounds)
    person, guest = (Cast(args.clips / name, args.smiles, args.side) for name in (args.person, args.guest))
    write(args.out, pictures(rng, spans, person, guest), samples)
    write_truth(rng, args.out, spans)


if __name__ == "__main__":
    main()
