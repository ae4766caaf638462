"""How often is the lag of a chat found within a second, and how often does its doubt hold the truth?

    uv run python benchmarks/chat_lag.py [--seeds 4] [--first-seed 0] [--json]

Chats are made up as files, and read as files: viewers answer laughs of 1.5-6 s in six ways, in words of several
languages, among other messages; a fifth of the laughs is not heard, there is laughter of others, viewers laugh at what
they write themselves, and crowds write the same again and again. The lag lies between 4 and 12 seconds.
`clean` is the same without what is heard or written amiss.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from core.cues.chat_counts import counts_of
from core.cues.chat_lag import Lag, lag_of
from core.cues.chat_reading import read_chat
from core.cues.laughs import pattern

STREAMS = {  # seconds, laughs, answers to each
    "10 minutes": (600, 10, 12),
    "10 minutes, few messages": (600, 10, 5),
    "an hour": (3600, 40, 12),
    "5 hours": (18_000, 120, 12),
    "5 hours, large chat": (18_000, 120, 60),
}
Draw = Callable[[np.random.Generator, int, float], np.ndarray]
WAYS: dict[str, Draw] = {  # seconds after the lag at which viewers answer a laugh of so many seconds
    "all together": lambda rng, n, length: rng.normal(0, 0.5, n),
    "spread by 1 s": lambda rng, n, length: rng.normal(0, 1, n),
    "spread by 3 s": lambda rng, n, length: rng.normal(0, 3, n),
    "at once, then fewer": lambda rng, n, length: rng.exponential(2, n),
    "within three seconds": lambda rng, n, length: rng.uniform(0, 3, n),
    "as long as it lasts": lambda rng, n, length: rng.uniform(0, length, n),
}
LAUGHING = ("ㅋㅋㅋㅋ", "ㅎㅎㅎ", "lol", "LMAO", "草", "哈哈哈", "jajaja", "kkkk", "KEKW", "😂😂", "hahaha")
COPIED = "ㅋㅋㅋ 오늘 방송 레전드 그 자체 인정합니다"
OTHER = ("안녕하세요", "hello", "gg", "what", "초보네", "こんばんは", "hola", "nice one", "PogChamp")


def planted(rng: np.random.Generator, stream: str, way: str, lag: float, *, clean: bool) -> tuple[list, np.ndarray]:
    """Messages (time, user, text) and how surely laughter is heard at three times a second."""
    seconds, n, answers = STREAMS[stream]
    heard_at = np.arange(seconds * 3) / 3
    heard = np.zeros(len(heard_at)) if clean else rng.beta(1, 30, len(heard_at))
    starts, lengths = np.sort(rng.uniform(15, seconds - 40, n)), rng.uniform(1.5, 6, n)
    times = [
        start + lag + WAYS[way](rng, max(1, rng.poisson(answers)), length) for start, length in zip(starts, lengths)
    ]
    known = [pair for pair in zip(starts, lengths) if clean or rng.random() < 0.8]
    if not clean:
        known += list(zip(rng.uniform(0, seconds, n // 3), rng.uniform(0.5, 4, n // 3)))
        times += [start + rng.gamma(2, 1.5, rng.poisson(answers)) for start in rng.uniform(0, seconds, n // 3)]
    for start, length in known:
        within = (heard_at >= start) & (heard_at < start + length)
        heard[within] = 0.9 if clean else np.maximum(heard[within], rng.beta(6, 2, within.sum()))
    laughing = [*np.concatenate(times), *([] if clean else rng.uniform(0, seconds, int(seconds * answers / 250)))]
    other = rng.uniform(0, seconds, int(seconds * answers / 15))
    messages = [*zip(laughing, rng.choice(LAUGHING, len(laughing))), *zip(other, rng.choice(OTHER, len(other)))]
    if not clean:
        for start in rng.uniform(0, seconds, max(1, n // 15)):  # crowds with one text
            messages += [(t, COPIED) for t in start + rng.uniform(0, 15, 5 * answers)]
    messages.sort()
    users = rng.integers(5000, size=len(messages))
    return [(t, f"user{user}", text) for user, (t, text) in zip(users, messages)], heard


def found(messages: list, heard: np.ndarray) -> Lag | None:
    """The lag of a chat in a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "chat.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("time", "user", "message"), *((f"{t:.2f}", u, x) for t, u, x in messages)])
        return lag_of(counts_of(read_chat(path, pattern())), np.arange(len(heard)) / 3, heard)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures: dict[str, dict[str, float]] = {}
    for clean in (True, False):
        for stream in STREAMS:
            errors, doubts, started = [], [], time.process_time()
            for number, way in enumerate(WAYS):
                for seed in range(options.first_seed, options.first_seed + options.seeds):
                    rng = np.random.default_rng((number, seed, clean))
                    lag = float(rng.uniform(4, 12))
                    answer = found(*planted(rng, stream, way, lag, clean=clean))
                    errors.append(np.nan if answer is None else answer.seconds - lag)
                    doubts.append(np.nan if answer is None else answer.doubt)
            error = np.abs(errors)
            name = f"{stream}{', clean' if clean else ''}"
            figures[name] = {
                "within_1_s": float((error <= 1).mean()),
                "within_2_s": float((error <= 2).mean()),
                "unknown": float(np.isnan(error).mean()),
                "worst": float(np.nanmax(error)),
                "median": float(np.nanmedian(error)),
                "within_doubt": float((error <= doubts)[~np.isnan(error)].mean()),
                "doubt": float(np.nanmedian(doubts)),
                "doubt_over_1_s": float((np.array(doubts) > 1).mean()),
                "cpu_seconds_each": (time.process_time() - started) / len(errors),
            }
            if not options.json:
                print(
                    f"{name:34}" + "  ".join(f"{key} {value:.2f}" for key, value in figures[name].items()), flush=True
                )
    if options.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
