"""How long does it take to read a chat of 200,000 messages in each format, and how much memory?

    uv run python benchmarks/chat.py [--json]

The chats are made up, each message as its format has it. Memory is what the process needs beyond what it has before.
The peer, beside the first format, is `json.load` of the whole file, which does no more than that.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import tempfile
import time
from pathlib import Path

from core.cues.chat_reading import read_chat
from core.cues.laughs import pattern

N = 200_000


def messages() -> list[tuple[float, str, str]]:
    """Messages of five hours."""
    texts = ("ㅋㅋㅋㅋㅋ", "안녕하세요 오늘도 왔어요", "lol", "what was that", "KEKW KEKW")
    return [(k * 18_000 / N, f"user{k % 5000}", f"{texts[k % 5]} {k % 977}") for k in range(N)]


def twitch(k: int, time: float, user: str, text: str) -> str:
    """As TwitchDownloader writes it, with what nobody needs here."""
    person = {
        "display_name": user,
        "_id": str(k % 5000),
        "name": user,
        "bio": "b" * 80,
        "logo": "https://x/" + "l" * 90,
    }
    fragments = [{"text": text, "emoticon": None}]
    badges = [{"_id": "subscriber", "version": "12"}]
    body = {"body": text, "bits_spent": 0, "fragments": fragments, "user_badges": badges, "user_color": "#FF0000"}
    comment = {"_id": f"{k:036d}", "created_at": "2024-01-01T00:00:00Z", "channel_id": "1", "content_id": "2"}
    return json.dumps({**comment, "content_offset_seconds": time, "commenter": person, "message": body})


def youtube(k: int, time: float, user: str, text: str) -> str:
    """As yt-dlp keeps it."""
    badge = {"liveChatAuthorBadgeRenderer": {"tooltip": "member", "customThumbnail": "t" * 200}}
    renderer = {"message": {"runs": [{"text": text}]}, "authorExternalChannelId": user, "authorBadges": [badge]}
    action = {"addChatItemAction": {"item": {"liveChatTextMessageRenderer": renderer}, "clientId": f"{k:040d}"}}
    return json.dumps({"replayChatItemAction": {"actions": [action], "videoOffsetTimeMsec": str(int(time * 1000))}})


def chzzk(k: int, time: float, user: str, text: str) -> str:
    """As Chzzk answers."""
    chat = {"userIdHash": user, "content": text, "playerMessageTime": int(time * 1000), "messageTypeCode": 1}
    return json.dumps({**chat, "profile": json.dumps({"nickname": user, "badge": "b" * 120}), "extras": "{}"})


def write_all(folder: Path) -> list[Path]:
    """A chat in each format."""
    rows = messages()
    lists = {
        "twitch.json": ('{"comments": [', "]}", twitch),
        "chzzk.json": ('{"content": {"videoChats": [', "]}}", chzzk),
    }
    for name, (head, tail, made) in lists.items():
        (folder / name).write_text(head + ",".join(made(k, *row) for k, row in enumerate(rows)) + tail, "utf-8")
    (folder / "live_chat.json").write_text("\n".join(youtube(k, *row) for k, row in enumerate(rows)), "utf-8")
    (folder / "chat.csv").write_text("time,user,message\n" + "\n".join(f"{t},{u},{x}" for t, u, x in rows), "utf-8")
    clock = [f"[{int(t) // 3600}:{int(t) // 60 % 60:02d}:{int(t) % 60:02d}] {u}: {x}" for t, u, x in rows]
    (folder / "chat.log").write_text("\n".join(clock), "utf-8")
    irc = [f"{int(t) // 3600 + 10}:{int(t) // 60 % 60:02d} <{u}> {x}" for t, u, x in rows]
    (folder / "irc.log").write_text("\n".join(irc), "utf-8")
    return sorted(folder.iterdir())


def measured(path: Path, answer: multiprocessing.Queue) -> None:  # type: ignore[type-arg]
    """Read one file in this process, which does nothing else."""
    before = peak_kb()
    started = time.process_time()
    n = (
        len(json.loads(path.read_text())["comments"])
        if path.suffix == ".peer"
        else len(read_chat(path, pattern()).times)
    )
    seconds = time.process_time() - started
    peak = peak_kb()
    answer.put({"n": n, "cpu_seconds": seconds, "extra_mb": (peak - before) / 1024, "peak_mb": peak / 1024})


def peak_kb() -> int:
    """The most memory that this process has had (Linux)."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    processes = multiprocessing.get_context("spawn")
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        paths = write_all(Path(folder))
        peer = Path(folder) / "twitch.peer"
        peer.hardlink_to(Path(folder) / "twitch.json")
        for path in [*paths, peer]:
            answer = processes.Queue()
            process = processes.Process(target=measured, args=(path, answer))
            process.start()
            figures[path.name] = {"mb": path.stat().st_size / 1e6, **answer.get()}
            process.join()
    if options.json:
        json.dump(figures, sys.stdout)
    else:
        for name, row in figures.items():
            print(name, ", ".join(f"{key} {value:.1f}" for key, value in row.items()))


if __name__ == "__main__":
    main()
