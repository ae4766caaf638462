"""Make the sample video that ships with Punchline: two free portraits, brought to life, before a made-up game.

    python tools/make_sample.py [--out assets/sample.mp4] [--seconds 192] [--seed 258]

writes the video and, beside it, `sample_moments.csv` (start, end, kind): what really happens when, and labels to learn
from in `sample_labels.csv`. Grace sits in the facecam and laughs at twelve moments; other stretches only look or sound
like that. Everything is drawn and sounded here but the two portraits of tests/fixtures. Equal arguments give equal
pictures, sound and moments.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from scipy.signal import lfilter

ROOT = Path(__file__).resolve().parent.parent
FPS, WIDTH, HEIGHT = 25, 640, 360
AUDIO_RATE = 32_000
FADE = 0.3  # seconds from one expression to another
Array = np.ndarray

# ---------------------------------------------------------------- the course of events

COUNTS = {"funny": 12, "silent_smile": 3, "loud_calm": 3, "other_laughs": 3, "away": 2}
DURATIONS = {
    "funny": (5.0, 6.4),
    "silent_smile": (4.5, 5.5),
    "loud_calm": (4.0, 5.0),
    "other_laughs": (5.0, 6.0),
    "away": (4.4, 5.6),
}


@dataclass(frozen=True)
class Moment:
    """A stretch [start, end) in seconds in which something happens; between moments Grace plays and talks."""

    start: float
    end: float
    kind: str
    guest: bool  # Eileen's picture is shown
    grace: bool  # Grace sits in her chair


def plan(rng: np.random.Generator, seconds: float) -> list[Moment]:
    """Moments in random order with pauses of unequal length between them."""
    kinds = [kind for kind, n in COUNTS.items() for _ in range(n)]
    rng.shuffle(kinds)
    durations = np.array([rng.uniform(*DURATIONS[kind]) for kind in kinds])
    spare = seconds - durations.sum() - 1.5 * (len(kinds) + 1)
    if spare < 0:
        raise ValueError(f"{seconds} s are too short for {len(kinds)} moments; give {seconds - spare:.0f} s or more")
    pauses = 1.5 + rng.dirichlet(np.full(len(kinds) + 1, 0.8)) * spare
    moments, time, laughs_alone = [], 0.0, 0
    for kind, duration, pause in zip(kinds, durations, pauses):
        time += pause
        laughs_alone += kind == "other_laughs"
        moments.append(
            Moment(
                start=round(time, 2),
                end=round(time + duration, 2),
                kind=kind,
                guest=kind == "other_laughs" or (kind != "away" and rng.random() < 0.25),
                grace=kind != "away" and not (kind == "other_laughs" and laughs_alone == 2),
            )
        )
        time += duration
    return moments


def envelope(time: Array, spans: list[tuple[float, float]], fade: float = FADE) -> Array:
    """1 inside the spans and 0 outside, with smooth edges of `fade` seconds that lie inside them."""
    level = np.zeros_like(time)
    for start, end in spans:
        x = np.clip(np.minimum(time - start, end - time) / fade, 0, 1)
        level = np.maximum(level, x * x * (3 - 2 * x))
    return level


# ---------------------------------------------------------------- sound


def voice(f0: Array, formants: Array, level: Array, rng: np.random.Generator, breath: float) -> Array:
    """A pulse train of frequency `f0` (n,) Hz and some breath, through three resonances `formants` (k, 3) Hz.

    The formants are spread evenly over the sound; each of the k settings lasts equally long. `level` is (n,).
    """
    phase = np.cumsum(f0) / AUDIO_RATE
    source = np.diff(np.floor(phase), prepend=0.0) + breath * rng.normal(size=len(f0))
    source = lfilter([1], [1, -0.9], source) * level
    out = np.zeros_like(source)
    edges = np.linspace(0, len(source), len(formants) + 1).astype(int)
    states = [np.zeros(2) for _ in range(3)]
    for setting, a, b in zip(formants, edges, edges[1:]):
        part = source[a:b]
        for k, frequency in enumerate(setting):
            radius = np.exp(-np.pi * (80 + 40 * k) / AUDIO_RATE)
            turn = 2 * np.pi * frequency / AUDIO_RATE
            part, states[k] = lfilter([1 - radius], [1, -2 * radius * np.cos(turn), radius**2], part, zi=states[k])
        out[a:b] = part
    return out / (np.abs(out).max() + 1e-9)


VOWELS = np.array([(750, 1300, 2600), (450, 1900, 2600), (320, 2300, 3000), (500, 950, 2500), (350, 800, 2400)], float)


def speech(rng: np.random.Generator, seconds: float, pitch: float) -> tuple[Array, Array]:
    """Speech-like syllables in phrases: samples and how far the mouth is open, both (n,) at `AUDIO_RATE`."""
    n = int(seconds * AUDIO_RATE)
    level, f0 = np.zeros(n), np.full(n, pitch)
    time = np.arange(n) / AUDIO_RATE
    start = 0.1
    while start < seconds:
        for k in range(rng.integers(4, 11)):
            length = rng.uniform(0.13, 0.24)
            a, b = int(start * AUDIO_RATE), min(int((start + length) * AUDIO_RATE), n)
            level[a:b] = np.sin(np.linspace(0, np.pi, max(b - a, 0))) ** 0.6 * rng.uniform(0.5, 1)
            f0[a:b] = pitch * (1.15 - 0.03 * k + rng.normal(0, 0.04))
            start += length
        start += rng.uniform(0.25, 0.8)
    formants = VOWELS[rng.integers(0, len(VOWELS), max(1, int(seconds * 6)))]
    f0 = f0 * (1 + 0.01 * np.sin(2 * np.pi * 5 * time))
    return voice(f0, formants, level, rng, 0.02), level


def laughter(rng: np.random.Generator, seconds: float, pitch: float) -> tuple[Array, Array]:
    """Bouts of breathy voiced bursts, about five a second, falling in pitch: samples and bursts, both (n,)."""
    n = int(seconds * AUDIO_RATE)
    time = np.arange(n) / AUDIO_RATE
    bout = rng.uniform(1.5, 1.9)
    within = time % bout
    rate = rng.uniform(4.7, 5.4)
    bursts = np.clip(np.sin(2 * np.pi * rate * within), 0, 1) ** 0.6 * (within < bout - 0.2) * (1 - 0.3 * within / bout)
    f0 = pitch * (1.25 - 0.3 * within / bout) * (1 + 0.06 * np.sin(2 * np.pi * rate * within))
    formants = np.tile([(820.0, 1400.0, 2700.0)], (8, 1))
    return voice(f0, formants, bursts * envelope(time, [(0, seconds)], 0.1), rng, 0.04), bursts


def bang(rng: np.random.Generator, seconds: float) -> Array:
    """Explosions and an alarm, as loud as laughter."""
    time = np.arange(int(seconds * AUDIO_RATE)) / AUDIO_RATE
    noise = lfilter([0.25], [1, -0.75], rng.normal(size=len(time))) * np.exp(-(time % 0.9) * 4)
    alarm = np.sign(np.sin(2 * np.pi * np.where(time % 0.6 < 0.3, 620, 470) * time)) * 0.12
    return np.clip(noise * 0.9 + alarm, -1, 1)


@dataclass
class Sound:
    """The mix (n,) and the mouths of both people (n,), 1 where a syllable or burst is loudest."""

    mix: Array
    grace: Array
    eileen: Array


def sound(rng: np.random.Generator, moments: list[Moment], seconds: float) -> Sound:
    n = int(seconds * AUDIO_RATE)
    engine = lfilter([0.1], [1, -0.9], rng.normal(0, 0.012, n))  # of the rocket, soft
    out = Sound(engine, np.zeros(n), np.zeros(n))

    def add(start: float, samples: Array, gain: float, mouth: Array | None = None, who: Array | None = None) -> None:
        a = int(start * AUDIO_RATE)
        b = min(a + len(samples), n)
        out.mix[a:b] += gain * samples[: b - a]
        if mouth is not None and who is not None:
            who[a:b] = np.maximum(who[a:b], mouth[: b - a])

    ends = [0.0, *(m.end for m in moments)]
    starts = [*(m.start for m in moments), seconds]
    for start, end in zip(ends, starts):
        samples, mouth = speech(rng, end - start - 0.15, 205)
        add(start + 0.05, samples, 0.13, mouth, out.grace)
    for moment in moments:
        length = moment.end - moment.start
        if moment.kind == "funny":
            samples, mouth = laughter(rng, length, rng.uniform(300, 360))
            add(moment.start, samples, 0.5, mouth, out.grace)
            add(moment.start - 0.15, boing(), 0.12)
        elif moment.kind == "other_laughs":
            samples, mouth = laughter(rng, length, rng.uniform(225, 265))
            add(moment.start, samples, 0.5, mouth, out.eileen)
        elif moment.kind == "loud_calm":
            add(moment.start, bang(rng, length), 0.5)
    out.mix = np.clip(out.mix, -0.98, 0.98).astype(np.float32)
    return out


def boing() -> Array:
    """A spring, falling and trembling."""
    time = np.arange(int(0.4 * AUDIO_RATE)) / AUDIO_RATE
    return np.sin(2 * np.pi * 260 * time * (1 - 0.5 * time) + 3 * np.sin(2 * np.pi * 14 * time)) * np.exp(-6 * time)


# ---------------------------------------------------------------- faces


Outline = tuple[tuple[int, int], ...]


def outline(points: str) -> Outline:
    """Corners written as ``x,y x,y ...``."""
    return tuple((int(x), int(y)) for x, y in (point.split(",") for point in points.split()))


@dataclass(frozen=True)
class Portrait:
    """Where things are in a portrait, in its pixels; `unit` is the size of a face part against that of Collins.

    `upper` and `lower` are the inner edges of the lips from corner to corner, `teeth` the lower edge of the upper
    teeth; `eyes` are (x, upper lid, lower lid, half width). `smile` is the smile the portrait has: 1 a smile, 0 none.
    """

    file: str
    unit: float
    upper: tuple[tuple[float, float], ...]
    lower: tuple[tuple[float, float], ...]
    teeth: tuple[tuple[float, float], ...]
    eyes: tuple[tuple[float, float, float, float], ...]
    chin: tuple[float, float]
    smile: float
    figure: tuple[Outline, ...]  # parts that are surely person
    ground: tuple[Outline, ...]  # parts that are surely not
    frame: tuple[int, int, int, int]  # outside this box (x0, y0, x1, y1) there is surely no person
    corner_move: tuple[float, float] = (4.5, 5.5)  # outwards and up, units for one unit of smile
    draw_teeth: bool = False
    folds: tuple[tuple[float, float, float, float], ...] = ()  # lines that the smile draws (x0, y0, x1, y1)


COLLINS = Portrait(
    file="portrait_collins.jpg",
    unit=1.0,
    upper=((203, 140), (210, 142.3), (217, 143.6), (224, 144), (231, 143.6), (238, 142.5), (245, 140.5)),
    lower=((203, 140), (208, 146), (214, 149), (221, 150.2), (228, 150), (234, 147.5), (240, 144.3), (245, 140.5)),
    teeth=((203, 140), (208, 145.5), (214, 148.6), (221, 149.6), (228, 149.4), (234, 147), (240, 143.5), (245, 140.5)),
    eyes=((203, 97, 104, 12), (245, 99.5, 106, 12)),
    chin=(223, 170),
    smile=1.0,
    figure=(
        outline("178,40 278,40 278,100 258,160 245,186 192,172 178,100"),
        outline(
            "120,185 130,168 152,154 183,152 187,172 245,187 258,181 281,201 297,229 330,400 340,500 90,500 118,240"
        ),
    ),
    ground=(),
    frame=(20, 8, 365, 511),
    folds=((212, 121, 195, 137), (195, 137, 197, 147), (237, 122, 251, 138), (251, 138, 252, 148)),
    corner_move=(6.0, 7.8),
)
HOPPER = Portrait(
    file="portrait_hopper.jpg",
    unit=2.03,
    upper=((229, 281), (240, 279.5), (252, 279), (266, 279.5), (280, 278.5), (296, 277), (309, 280)),
    lower=((229, 281), (240, 279.8), (252, 279.4), (266, 280), (280, 279), (296, 277.4), (309, 280)),
    teeth=((229, 281), (240, 286), (252, 289), (266, 290), (280, 289), (296, 285), (309, 280)),
    eyes=((221, 183, 196, 22), (306, 178, 192, 22)),
    chin=(270, 335),
    smile=0.0,
    figure=(
        outline(
            "227,36 278,36 330,62 342,94 360,98 364,160 350,170 340,320 430,420 470,599 60,599 120,420 205,330 "
            "175,170 160,160 166,102 185,86 205,56"
        ),
    ),
    ground=(
        outline("0,0 216,0 216,36 197,41 175,68 174,82 152,92 152,300 188,303 194,314 150,335 60,360 0,380"),
        outline("511,0 278,0 292,26 320,38 346,52 358,76 368,84 378,120 380,330 511,340"),
    ),
    frame=(12, 18, 511, 599),
    draw_teeth=True,
)


@dataclass(frozen=True)
class Pose:
    """How a face looks in one picture: smile (0 none, 1 broad), jaw (0 shut, 1 wide open), blink (1 shut), and how
    the head is moved: right and down (portrait units), turn (radians, clockwise), nearer (share), slide (output px)."""

    smile: float = 0.0
    jaw: float = 0.0
    blink: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    turn: float = 0.0
    nearer: float = 0.0
    slide: float = 0.0


def bump(x: Array, y: Array, at: tuple[float, float], size: float) -> Array:
    return np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2 * size**2))


class Puppet:
    """A portrait that can be posed. The part above the mouth and the jaw are two layers, warped apart from each other,
    so that the mouth opens and shuts without stretched teeth."""

    def __init__(self, portrait: Portrait, size: tuple[int, int], scale: float, centre: tuple[float, float]) -> None:
        """`size` (w, h) of the picture in pixels, `scale` pixels a portrait pixel, `centre` in the portrait."""
        self.p, self.size, self.scale = portrait, size, scale
        image = cv2.imread(str(ROOT / "tests" / "fixtures" / portrait.file))
        alpha = cut_out(image, portrait)
        layers = [self._with_mouth(image), image]
        self.layers = [np.dstack([layer, alpha]) for layer in layers]
        self.calm_layers = [np.dstack([without_folds(layer, portrait), alpha]) for layer in layers]
        x, y = np.meshgrid(np.arange(0.5, size[0], 2), np.arange(0.5, size[1], 2))
        self.x = ((x - size[0] / 2) / scale + centre[0]).astype(np.float32)
        self.y = ((y - size[1] / 2) / scale + centre[1]).astype(np.float32)

    def _with_mouth(self, image: Array) -> Array:
        """The portrait with the dark of the mouth where the lower lip is; the jaw's layer covers what is not open."""
        p = self.p
        over = 4  # drawn larger, for soft edges
        points = [*p.upper, *reversed([(x, y + 14 * p.unit * belly(x, p)) for x, y in p.lower])]
        mouth = _polygon(image.shape, points, over)[..., None]
        out = image * (1 - mouth) + np.array((28, 20, 62)) * mouth
        teeth = _polygon(image.shape, [*p.upper, *reversed(p.teeth)], over)[..., None]
        white = np.array((178, 196, 208)) if p.draw_teeth else image
        out = out * (1 - teeth) + white * teeth
        return np.clip(out, 0, 255).astype(np.uint8)

    def _moved(self, x: Array, y: Array, pose: Pose, jaw: bool) -> tuple[Array, Array]:
        """How far the points (x, y) of the portrait move, in its pixels."""
        p, u = self.p, self.p.unit
        change = pose.smile - p.smile
        (lx, ly), (rx, ry) = p.upper[0], p.upper[-1]
        left, right = bump(x, y, (lx, ly), 8 * u), bump(x, y, (rx, ry), 8 * u)
        out, up = change * p.corner_move[0] * u, change * p.corner_move[1] * u
        cheeks = bump(x, y, (lx - 2 * u, ly - 17 * u), 9 * u) + bump(x, y, (rx + 2 * u, ry - 17 * u), 9 * u)
        dx = out * (right - left)
        dy = -up * (left + right) - change * 3 * u * cheeks
        upper = np.interp(x, *np.transpose(p.upper))
        lower = np.interp(x, *np.transpose(p.lower))
        shut = np.clip(1 - pose.smile, 0, 1) * (lower - upper)
        if jaw:
            below = np.maximum(y - lower, 0)
            dy -= 0.55 * shut * np.exp(-((below / (7 * u)) ** 2))
            t = below / (p.chin[1] - lower)
            wide = np.exp(-(((x - p.chin[0]) / (36 * u)) ** 2))
            drop = np.where(t < 1, (1 - t) * belly(x, p) + t * wide, wide * np.exp(-(((t - 1) * 1.1) ** 2)))
            dy += pose.jaw * 11 * u * drop
        else:
            above = np.maximum(upper - y, 0)
            dy += 0.45 * shut * np.exp(-((above / (6 * u)) ** 2))
            dy -= pose.jaw * 1.2 * u * belly(x, p) * np.exp(-((above / (6 * u)) ** 2))
        return dx, dy

    def render(self, pose: Pose) -> Array:
        """The posed portrait as BGRA uint8 (h, w, 4)."""
        p, u = self.p, self.p.unit
        x0, y0 = self.x - pose.slide / self.scale, self.y
        head = np.clip((p.chin[1] + 45 * u - y0) / (45 * u), 0.2, 1)
        pivot = (p.chin[0], p.chin[1] + 15 * u)
        cx, cy = x0 - pivot[0] - pose.shift[0] * u * head, y0 - pivot[1] - pose.shift[1] * u * head
        cos, sin = np.cos(pose.turn * head), np.sin(pose.turn * head)
        size = 1 + pose.nearer * head
        x, y = (cos * cx + sin * cy) / size + pivot[0], (cos * cy - sin * cx) / size + pivot[1]
        blink = np.zeros_like(y)
        for ex, top, bottom, half in p.eyes:
            across = np.clip(1 - ((x - ex) / (half * 1.15)) ** 2, 0, 1)
            high = np.clip((y - (top - 1.6 * (bottom - top))) / (2.6 * (bottom - top)), 0, 1)
            low = np.clip((bottom + 2.0 * u - y) / (2.0 * u), 0, 1)
            blink += (bottom - top) * across * np.minimum(high, low)
        layers, maps = [], []
        smiling = float(np.clip(pose.smile, 0, 1))
        for k, jaw in enumerate((False, True)):
            texture = self.layers[k]
            if self.p.folds and smiling < 1:
                texture = cv2.addWeighted(texture, smiling, self.calm_layers[k], 1 - smiling, 0)
            sx, sy = x, y
            for _ in range(2):  # the place that comes to lie at (x, y)
                dx, dy = self._moved(sx, sy, pose, jaw)
                sx, sy = x - dx, y - dy
            sy = sy - pose.blink * blink
            maps.append([cv2.resize(m.astype(np.float32), self.size) for m in (sx, sy)])
            layers.append(cv2.remap(texture, *maps[-1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT))
        sx, sy = maps[1]
        lower = np.interp(sx, *np.transpose(p.lower))
        on = np.clip((sy - lower) / u * 1.2 + 0.5, 0, 1)[..., None]
        return (layers[0] * (1 - on) + layers[1] * on).astype(np.uint8)


def without_folds(image: Array, portrait: Portrait) -> Array:
    """The portrait with the lines of its smile evened out."""
    mask = np.zeros(image.shape[:2], np.uint8)
    for x0, y0, x1, y1 in portrait.folds:
        cv2.line(mask, (int(x0), int(y0)), (int(x1), int(y1)), 255, 9)
    filled = cv2.GaussianBlur(cv2.inpaint(image, mask, 5, cv2.INPAINT_TELEA), (0, 0), 2.5)
    soft = cv2.GaussianBlur(mask, (0, 0), 2.0)[..., None] / 255.0
    return (image * (1 - soft) + filled * soft).astype(np.uint8)


def belly(x: Array | float, p: Portrait) -> Array:
    """1 in the middle of the mouth and 0 at and beyond its corners."""
    middle, half = (p.upper[0][0] + p.upper[-1][0]) / 2, (p.upper[-1][0] - p.upper[0][0]) / 2
    return np.sqrt(np.clip(1 - ((np.asarray(x) - middle) / half) ** 2, 0, 1))


def _polygon(shape: tuple[int, ...], points: list[tuple[float, float]], over: int) -> Array:
    mask = np.zeros((shape[0] * over, shape[1] * over), np.uint8)
    corners = np.round((np.array(points) + 0.5) * over - 0.5).astype(np.int32)
    cv2.fillPoly(mask, [corners], 255)
    return cv2.resize(mask, shape[1::-1], interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def cut_out(image: Array, portrait: Portrait) -> Array:
    """The person's opacity uint8 (h, w), by GrabCut (Rother et al. 2004, doi:10.1145/1015706.1015720)."""
    x0, y0, x1, y1 = portrait.frame
    mask = np.full(image.shape[:2], cv2.GC_BGD, np.uint8)
    mask[y0:y1, x0:x1] = cv2.GC_PR_BGD
    for outlines, kind in ((portrait.ground, cv2.GC_BGD), (portrait.figure, cv2.GC_FGD)):
        for outline in outlines:
            cv2.fillPoly(mask, [np.array(outline, np.int32)], kind)
    cv2.setRNGSeed(1)
    cv2.grabCut(image, mask, None, np.zeros((1, 65)), np.zeros((1, 65)), 5, cv2.GC_INIT_WITH_MASK)
    person = np.isin(mask, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    person = cv2.morphologyEx(person, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return cv2.GaussianBlur(person * 255, (0, 0), 1.2)


# ---------------------------------------------------------------- how people behave


@dataclass
class Course:
    """What every picture shows, one value a picture (n,)."""

    grace: list[Pose]
    eileen: list[Pose]
    guest: Array  # how far Eileen's picture is slid in, 0..1
    laugh: Array  # 0..1, Grace laughs
    alarm: Array  # 0..1, the game is loud
    hits: Array  # seconds since the rocket was last hit


def blinks(rng: np.random.Generator, time: Array) -> Array:
    """Eyes shut for a moment every few seconds: 0 open, 1 shut."""
    shut, at = np.zeros_like(time), rng.uniform(1, 3)
    while at < time[-1]:
        shut = np.maximum(shut, np.clip(1.3 - np.abs(time - at) / 0.09, 0, 1))
        at += rng.uniform(2.2, 5.0)
    return shut


def poses(
    rng: np.random.Generator, time: Array, *, smile: Array, laugh: Array, mouth: Array, slide: Array, wide: float = 1.0
) -> list[Pose]:
    """`smile` and `laugh` say what is felt, `mouth` what is heard (n,); a laugh opens the mouth `wide`."""
    shut = blinks(rng, time)
    a, b, c, d = rng.uniform(0, 6, 4)
    sway = 2.0 * np.sin(0.7 * time + a) + 1.2 * np.sin(1.9 * time + b)
    nod = 1.2 * np.sin(0.9 * time + c) + laugh * (1.5 - 4.0 * mouth)
    turn = 0.025 * np.sin(0.5 * time + d) + laugh * 0.05 * np.sin(3.1 * time)
    near = 0.012 * np.sin(0.4 * time + b) + laugh * 0.025 * np.sin(1.7 * time + a)
    jaw = np.where(laugh > 0, laugh * (0.15 + 0.55 * mouth) * wide, 0.12 * mouth)
    blink = np.maximum(shut, 0.4 * laugh)
    return [Pose(smile[k], jaw[k], blink[k], (sway[k], nod[k]), turn[k], near[k], slide[k]) for k in range(len(time))]


def direct(rng: np.random.Generator, moments: list[Moment], heard: Sound, seconds: float) -> Course:
    """Turn moments and sound into poses."""
    n = round(seconds * FPS)
    time = np.arange(n) / FPS

    def spans(*kinds: str) -> list[tuple[float, float]]:
        return [(m.start, m.end) for m in moments if m.kind in kinds]

    def mouth(level: Array) -> Array:
        return level[: n * AUDIO_RATE // FPS].reshape(n, -1).mean(axis=1)

    laugh, silent = envelope(time, spans("funny")), envelope(time, spans("silent_smile"))
    gone = envelope(time, [(m.start, m.end) for m in moments if not m.grace], 0.4)
    hers = envelope(time, spans("other_laughs"))
    beside = [(m.start - 1.3, m.end + 1.0) for m in moments if m.guest]
    hits = np.min([np.where(time >= a - 0.2, time - a + 0.2, np.inf) for a, _ in spans("funny")], axis=0)
    return Course(
        grace=poses(
            rng,
            time,
            smile=1.15 * np.maximum(laugh, silent),
            laugh=laugh,
            mouth=mouth(heard.grace),
            slide=300 * gone,
            wide=1.6,
        ),
        eileen=poses(rng, time, smile=hers, laugh=hers, mouth=mouth(heard.eileen), slide=np.zeros(n)),
        guest=envelope(time, beside, 0.4),
        laugh=laugh,
        alarm=envelope(time, spans("loud_calm"), 0.15),
        hits=hits,
    )


# ---------------------------------------------------------------- pictures

CAMERA = (388, 108, 240, 240)  # x, y, w, h of Grace's picture
GUEST = (12, 12, 196, 200)


def room(size: tuple[int, int], wall: tuple[int, int, int], chair: bool) -> Array:
    """A lit wall, with an empty chair if wanted."""
    w, h = size
    x, y = np.meshgrid(np.linspace(-1, 1, w), np.linspace(-1, 1, h))
    light = 1.04 - 0.16 * (x**2 + (y + 0.4) ** 2)
    picture = np.clip(light[..., None] * np.array(wall), 0, 255).astype(np.uint8)
    if chair:
        top, dark = round(0.66 * h), (60, 44, 52)
        cv2.rectangle(picture, (w // 2 - 70, top), (w // 2 + 70, h + 20), dark, -1, cv2.LINE_AA)
        cv2.ellipse(picture, (w // 2, top), (70, 20), 0, 180, 360, dark, -1, cv2.LINE_AA)
        for side in (-1, 1):
            cv2.line(picture, (w // 2 + side * 62, top), (w // 2 + side * 58, h), (80, 90, 200), 7, cv2.LINE_AA)
    return picture


class Game:
    """A rocket hunts moths over hills, for ever: the first computer bug was one."""

    def __init__(self, rng: np.random.Generator) -> None:
        blend = np.linspace(0, 1, HEIGHT)[:, None, None] * np.ones((1, WIDTH, 1))
        self.sky = (np.array((92, 44, 38)) * (1 - blend) + np.array((170, 120, 200)) * blend).astype(np.uint8)
        for x, y in zip(rng.integers(0, WIDTH, 40), rng.integers(0, 200, 40)):
            cv2.circle(self.sky, (int(x), int(y)), 1, (200, 200, 220), -1)
        self.moths = [(rng.uniform(0, 700), rng.uniform(60, 270), rng.uniform(0, 6)) for _ in range(4)]

    def draw(self, index: int, hit: float, alarm: float) -> Array:
        """The picture of this number; `hit` seconds since the rocket was hit, `alarm` 0..1."""
        time, out = index / FPS, self.sky.copy()
        for speed, base, high, colour in ((1, 270, 26, (110, 70, 96)), (2, 312, 20, (70, 96, 60))):
            x = np.arange(-8, WIDTH + 9, 8)
            at = (x + speed * index - speed * index % 8) / 90  # corners move with the ground
            y = base + high * np.sin(at) + high / 2 * np.sin(2.3 * at + speed)
            ground = np.column_stack([x - speed * index % 8, y])
            points = np.vstack([ground, [(WIDTH + 9, HEIGHT), (-17, HEIGHT)]])
            cv2.fillPoly(out, [np.round(points * 16).astype(np.int32)], colour, cv2.LINE_AA, 4)
        for x, y, phase in self.moths:
            moth(out, ((x - 3 * index) % 740) - 50, y + 14 * np.sin(2 * time + phase), time + phase)
        turn = 0.12 * np.sin(1.3 * time)
        if hit < 1.6:
            turn += 2 * np.pi * (1 - (1 - hit / 1.6) ** 2) * 2
        at = np.array((296 + 16 * np.sin(0.8 * time), 165 + 40 * np.sin(0.6 * time)))
        rocket(out, at, turn, index)
        if hit < 2.2:
            bump_stars(out, at, hit)
        if alarm > 0:
            for k in range(3):
                grown = (time * 1.1 + k / 3) % 1
                centre = (int(120 + 130 * ((k * 7 + int(time * 1.1 + k / 3)) % 3)), 150 + 50 * (k - 1))
                cv2.circle(
                    out, centre, int(8 + 40 * grown * alarm), (70, 170, 250), int(1 + 8 * (1 - grown)), cv2.LINE_AA
                )
            cv2.rectangle(out, (0, 0), (WIDTH - 1, HEIGHT - 1), (50, 50, 230), int(2 + 8 * alarm * (time % 0.6 < 0.3)))
        cv2.putText(out, f"BUG HUNT   {index // 60 * 10:05d}", (400, 30), 2, 0.6, (240, 240, 240), 1, cv2.LINE_AA)
        return out


def moth(out: Array, x: float, y: float, time: float) -> None:
    flap = 4 + 7 * abs(np.sin(9 * time))
    for side in (-1, 1):
        cv2.ellipse(
            out, (int(x + side * 7), int(y)), (8, int(flap)), side * 25, 0, 360, (150, 190, 214), -1, cv2.LINE_AA
        )
    cv2.ellipse(out, (int(x), int(y)), (3, 9), 0, 0, 360, (60, 80, 100), -1, cv2.LINE_AA)


def rocket(out: Array, at: Array, turn: float, index: int) -> None:
    cos, sin = np.cos(turn), np.sin(turn)

    def shape(points: list[tuple[float, float]], colour: tuple[int, int, int]) -> None:
        turned = np.array(points) @ np.array([[cos, sin], [-sin, cos]]) + at
        cv2.fillPoly(out, [np.round(turned * 16).astype(np.int32)], colour, cv2.LINE_AA, 4)

    shape([(-24, -6), (-40 - 5 * (index % 3), 0), (-24, 6)], (60, 160, 255))
    shape([(-26, -17), (-8, -8), (-8, 8), (-26, 17)], (60, 60, 200))
    shape([(-24, -9), (12, -10), (32, 0), (12, 10), (-24, 9)], (232, 232, 236))
    shape([(14, -9), (32, 0), (14, 9)], (60, 60, 200))
    centre = np.array([(2, 0)]) @ np.array([[cos, sin], [-sin, cos]]) + at
    cv2.circle(out, (int(centre[0, 0]), int(centre[0, 1])), 5, (190, 140, 60), -1, cv2.LINE_AA)


def bump_stars(out: Array, at: Array, hit: float) -> None:
    for k in range(7):
        angle = 2 * np.pi * k / 7 + hit
        x, y = at + (20 + 34 * min(hit, 1.0)) * np.array((np.cos(angle), np.sin(angle)))
        cv2.drawMarker(out, (int(x), int(y)), (90, 230, 255), cv2.MARKER_STAR, 12, 2, cv2.LINE_AA)
    cv2.putText(out, "BONK!", (int(at[0]) - 40, int(at[1]) - 62), 2, 0.9, (90, 230, 255), 2, cv2.LINE_AA)


def panel(out: Array, person: Array, back: Array, place: tuple[int, int, int, int], name: str) -> None:
    """Lay a person before a room into the picture; what is outside is cut off."""
    x, y, w, h = place
    alpha = person[..., 3:].astype(np.float32) / 255
    inner = (person[..., :3] * alpha + back * (1 - alpha)).astype(np.uint8)
    cv2.rectangle(inner, (0, 0), (w - 1, h - 1), (236, 226, 220), 3)
    cv2.rectangle(inner, (0, h - 22), (14 + 11 * len(name), h - 1), (70, 40, 60), -1)
    cv2.putText(inner, name, (8, h - 7), cv2.FONT_HERSHEY_DUPLEX, 0.45, (240, 240, 240), 1, cv2.LINE_AA)
    left = max(0, -x)
    if left < w:
        out[y : y + h, x + left : x + w] = inner[:, left:]


def pictures(rng: np.random.Generator, course: Course) -> Iterator[Array]:
    """Every picture, BGR uint8 (h, w, 3)."""
    game = Game(rng)
    grace = Puppet(HOPPER, CAMERA[2:], 0.62, (268, 196))
    eileen = Puppet(COLLINS, GUEST[2:], 1.02, (223, 108))
    chair = room(CAMERA[2:], (186, 198, 206), chair=True)
    blue = room(GUEST[2:], (196, 150, 92), chair=False)
    for k, guest in enumerate(course.guest):
        out = game.draw(k, course.hits[k], course.alarm[k])
        panel(out, grace.render(course.grace[k]), chair, CAMERA, "GRACE")
        if guest > 0:
            x, y, w, h = GUEST
            panel(out, eileen.render(course.eileen[k]), blue, (round(x - (w + x) * (1 - guest)), y, w, h), "EILEEN")
        if course.laugh[k] > 0.5:
            for j in range(3):  # laughter rises beside the face
                rise = (k / FPS * 0.5 + j / 3) % 1
                place = (346 - 34 * (j % 2), int(340 - 200 * rise))
                cv2.putText(out, "ha!", place, 2, 0.5 + 0.2 * (j % 2), (120, 240, 255), 1, cv2.LINE_AA)
        yield out


# ---------------------------------------------------------------- the file


def write(path: Path, images: Iterator[Array], samples: Array, crf: int) -> None:
    """H.264 and AAC in an mp4 whose index comes first; sound and pictures interleaved second by second."""
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        options = {"preset": "medium", "crf": str(crf), "g": str(2 * FPS), "sc_threshold": "0", "threads": "2"}
        video = container.add_stream("libx264", rate=FPS, options=options)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.codec_context.time_base = Fraction(1, FPS)
        audio = container.add_stream("aac", rate=AUDIO_RATE, layout="mono")
        audio.bit_rate = 48_000
        written = 0
        for index, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24")
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            container.mux(video.encode(frame))
            while written < min((index + 1) * AUDIO_RATE // FPS, len(samples)):
                block = av.AudioFrame.from_ndarray(
                    samples[None, written : written + 1024], format="fltp", layout="mono"
                )
                block.sample_rate, block.pts, block.time_base = AUDIO_RATE, written, Fraction(1, AUDIO_RATE)
                container.mux(audio.encode(block))
                written += 1024
        container.mux(video.encode(None))
        container.mux(audio.encode(None))


def make(out: Path, *, seconds: float, seed: int, crf: int) -> None:
    """Write the video and its moments."""
    moments = plan(np.random.default_rng(seed), seconds)
    heard = sound(np.random.default_rng(seed + 1), moments, seconds)
    course = direct(np.random.default_rng(seed + 2), moments, heard, seconds)
    write(out, pictures(np.random.default_rng(seed + 3), course), heard.mix, crf)
    with out.with_name(f"{out.stem}_moments.csv").open("w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("start", "end", "kind"))
        rows.writerows((f"{m.start:.2f}", f"{m.end:.2f}", m.kind) for m in moments)
    write_labels(out.with_name(f"{out.stem}_labels.csv"), out.name, labels_of(moments, seconds))


def labels_of(moments: list[Moment], seconds: float) -> list[tuple[float, float, int]]:
    """Clips of 5 to 6 s to learn from: around each moment, and between funny ones where there is room; 1 is funny."""
    funny = [moment for moment in moments if moment.kind == "funny"]
    labels = []
    for moment in moments:
        start = min(max(0.0, (moment.start + moment.end) / 2 - 3), seconds - 6)
        labels.append((round(start, 2), round(start + 6, 2), int(moment.kind == "funny")))
    for end, start in zip([0.0, *(m.end for m in funny)], [*(m.start for m in funny), seconds]):
        at = end
        while start - at >= 5:
            clip = (round(at, 2), round(min(at + 6, start), 2), 0)
            if all(min(clip[1], b) - max(clip[0], a) <= 2 for a, b, _label in labels):
                labels.append(clip)
            at += 3
    return sorted(labels)


def write_labels(path: Path, video: str, labels: list[tuple[float, float, int]]) -> None:
    """The labels as a file that `punchline labels import` takes."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("video", "start", "end", "label"))
        rows.writerows((video, f"{start:.2f}", f"{end:.2f}", label) for start, end, label in labels)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "assets" / "sample.mp4")
    parser.add_argument("--seconds", type=float, default=192.0)
    parser.add_argument("--seed", type=int, default=258)
    parser.add_argument("--crf", type=int, default=29, help="x264's quality; larger is smaller")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    make(args.out, seconds=args.seconds, seed=args.seed, crf=args.crf)


if __name__ == "__main__":
    main()
