import gzip
import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from core.cues.chat_reading import ChatUnreadable, ReadChat, read_chat
from core.cues.laughs import pattern

MESSAGES = [(1.5, "가", "안녕하세요"), (5.0, "b", "lol"), (65.25, "c", "ㅋㅋㅋㅋ"), (3723.0, "d", "gg wp")]
TIMES = [1.5, 5.0, 65.25, 3723.0]
LAUGHING = [False, True, True, False]


def read(path: Path) -> ReadChat:
    return read_chat(path, pattern())


def written(tmp_path: Path, content: str | bytes, name: str = "chat.txt") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


def clock(time: float) -> str:
    return f"{int(time) // 3600}:{int(time) % 3600 // 60:02d}:{int(time) % 60:02d}"


def twitch(messages=MESSAGES) -> str:
    comments = [
        {
            "_id": f"id{k}",
            "created_at": "2024-01-01T00:00:00Z",
            "content_offset_seconds": time,
            "commenter": {"display_name": user, "_id": user, "name": user},
            "message": {"body": text, "fragments": [{"text": text, "emoticon": None}], "user_badges": []},
        }
        for k, (time, user, text) in enumerate(messages)
    ]
    head = {"FileInfo": {"Version": {"Major": 1}}, "streamer": {"name": "x", "id": 1}, "video": {"title": "t"}}
    return json.dumps({**head, "comments": comments, "embeddedData": None})


def youtube(messages=MESSAGES) -> str:
    def item(text: str, user: str) -> dict[str, object]:
        runs = [{"text": text[:1]}, {"emoji": {"emojiId": "x", "shortcuts": [":smile:"]}}, {"text": text[1:]}]
        runs = runs if len(text) > 4 else [{"text": text}]
        return {"liveChatTextMessageRenderer": {"message": {"runs": runs}, "authorExternalChannelId": user}}

    lines = [
        {
            "clickTrackingParams": "x",
            "replayChatItemAction": {
                "actions": [{"addChatItemAction": {"item": item(text, user)}}],
                "videoOffsetTimeMsec": str(round(time * 1000)),
            },
        }
        for time, user, text in messages
    ]
    banner = {"replayChatItemAction": {"actions": [{"addBannerToLiveChatCommand": {}}], "videoOffsetTimeMsec": "0"}}
    return "\n".join(json.dumps(line) for line in [banner, *lines]) + "\n"


def chzzk(messages=MESSAGES) -> str:
    chats = [
        {
            "userIdHash": user,
            "content": text,
            "messageTime": 1_700_000_000_000 + round(time * 1000),
            "playerMessageTime": round(time * 1000),
            "profile": json.dumps({"nickname": user}),
        }
        for time, user, text in messages
    ]
    return json.dumps({"code": 200, "content": {"previousVideoChats": [], "videoChats": chats}}, ensure_ascii=False)


def table(heading: str, messages=MESSAGES, delimiter: str = ",") -> str:
    rows = [delimiter.join((f"{time}", user, f'"{text}"')) for time, user, text in messages]
    return "\n".join([heading.replace(",", delimiter), *rows]) + "\n"


FORMATS = {
    "twitch": ("twitch", twitch()),
    "youtube": ("youtube", youtube()),
    "chzzk answer": ("chzzk", chzzk()),
    "chzzk list": ("chzzk", json.dumps(json.loads(chzzk())["content"]["videoChats"])),
    "chzzk pages": ("chzzk", f"[{chzzk(MESSAGES[:2])}, {chzzk(MESSAGES[2:])}]"),
    "chzzk csv": (
        "csv",
        "playerMessageTime,nickname,content\n" + "\n".join(f"{t * 1000:.0f},{u},{x}" for t, u, x in MESSAGES),
    ),
    "csv": ("csv", table("time,user,message")),
    "korean csv": ("csv", table("시간,닉네임,메시지")),
    "semicolons": ("csv", table("time,user,message", delimiter=";")),
    "tabs": ("csv", table("time,user,message", delimiter="\t")),
    "no heading": ("csv", table("time,user,message").split("\n", 1)[1]),
    "chat-downloader": (
        "json",
        json.dumps([{"time_in_seconds": t, "author": {"id": u}, "message": x} for t, u, x in MESSAGES]),
    ),
}


def live(messages=MESSAGES) -> str:
    """As yt-dlp records while a stream goes on: the time stands outside."""
    lines = [json.loads(line) for line in youtube(messages).splitlines()]
    return "\n".join(
        json.dumps({**line, "videoOffsetTimeMsec": line["replayChatItemAction"].pop("videoOffsetTimeMsec")})
        for line in lines
    )


def of_parts(messages=MESSAGES) -> str:
    """A chat of TwitchDownloader whose messages have no body."""
    chat = json.loads(twitch(messages))
    for comment in chat["comments"]:
        comment["message"]["body"] = None
    return json.dumps(chat)


FORMATS |= {
    "youtube, recorded live": ("youtube", live()),
    "twitch, in parts": ("twitch", of_parts()),
    "twitch's answer": (
        "json",
        json.dumps(
            {
                "edges": [
                    {"node": {"contentOffsetSeconds": t, "message": {"fragments": [{"text": x, "emote": None}]}}}
                    for t, u, x in MESSAGES
                ]
            }
        ),
    ),
    "decimal commas": (
        "csv",
        "time;user;message\n" + "\n".join(f"{t:.2f};{u};{x}".replace(".", ",") for t, u, x in MESSAGES),
    ),
    "of a spreadsheet": ("csv", "sep=;\n" + table("Time (s),User Name,Chat Message", delimiter=";")),
    "in milliseconds": ("csv", "time_ms,user,message\n" + "\n".join(f"{t * 1000:.0f},{u},{x}" for t, u, x in MESSAGES)),
    "objects with an offset": (
        "json",
        json.dumps([{"offset": t, "name": u, "message": {"text": x}} for t, u, x in MESSAGES]),
    ),
}
BY_SECOND = {
    "log": ("log", "\n".join(f"[{clock(t)}] {u}: {x}" for t, u, x in MESSAGES)),
    "plain log": ("log", "\n".join(f"{clock(t)} {u}: {x}" for t, u, x in MESSAGES)),
    "log in brackets": ("irc", "\n".join(f"[{clock(t).zfill(8)}] <{u}> {x}" for t, u, x in MESSAGES)),
    "clock csv": ("csv", "time,user,message\n" + "\n".join(f"{clock(t)},{u},{x}" for t, u, x in MESSAGES)),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_times_and_laughs(tmp_path, name):
    form, content = FORMATS[name]
    chat = read(written(tmp_path, content))
    assert chat.format == form
    assert chat.times == pytest.approx(TIMES, abs=1e-3)
    assert chat.laughing.tolist() == LAUGHING
    assert (chat.unread.n_damaged, chat.unread.cut_off, chat.by_calendar) == (0, False, False)


@pytest.mark.parametrize("name", BY_SECOND)
def test_clocks_are_read_to_the_second(tmp_path, name):
    form, content = BY_SECOND[name]
    chat = read(written(tmp_path, content))
    assert chat.format == form
    assert chat.times.tolist() == [1.0, 5.0, 65.0, 3723.0]
    assert chat.laughing.tolist() == LAUGHING


@pytest.mark.parametrize(
    "content",
    [
        "--- Log opened\n23:59:58 <@a> hi\n23:59:59 -!- x [y] has joined #z\n00:00:03 < b> lol\n",
        "[2024-01-01 23:59:58] <a> hi\n[2024-01-02 00:00:03] <b> lol\n",
        "@tmi-sent-ts=1700000000000;x=y :a!a@a.tmi.twitch.tv PRIVMSG #c :hi\r\n"
        "@tmi-sent-ts=1700000005000 :b!b@b.tmi.twitch.tv PRIVMSG #c :lol\r\nPING :tmi.twitch.tv\r\n",
    ],
)
def test_irc_logs_begin_at_their_first_message(tmp_path, content):
    chat = read(written(tmp_path, content))
    assert (chat.format, chat.by_calendar) == ("irc", True)
    assert chat.times.tolist() == [0.0, 5.0]
    assert chat.laughing.tolist() == [False, True]
    assert chat.unread.n_damaged == 0


DATED = [(1_700_000_000 + t, u, x) for t, u, x in MESSAGES]


def dated(time: float, form: str) -> str:
    """A time of the calendar in the zone of this machine; the half of the day by its Korean name."""
    moment = datetime.fromtimestamp(time)
    return moment.strftime(form).replace("%half", "오후" if moment.hour >= 12 else "오전")


@pytest.mark.parametrize(
    "content",
    [
        "\n".join(f"[{dated(t, '%Y-%m-%d %H:%M:%S')} UTC] {u}: {x}" for t, u, x in DATED),
        "\n".join(f"[{dated(t, '%Y-%m-%d %H:%M:%S')}] {u}: {x}" for t, u, x in DATED),
        table("timestamp,user,message", [(dated(t, "%Y-%m-%dT%H:%M:%S+09:00"), u, x) for t, u, x in DATED]),
        table("시간,닉네임,메시지", [(dated(t, "%Y. %m. %d. %%half %I:%M:%S"), u, x) for t, u, x in DATED]),
        json.dumps([{"timestamp": dated(t, "%Y-%m-%dT%H:%M:%SZ"), "message": x} for t, u, x in DATED]),
    ],
)
def test_dates_begin_at_the_first_message(tmp_path, content):
    chat = read(written(tmp_path, content))
    assert chat.by_calendar
    assert chat.times == pytest.approx([0, 4, 64, 3722], abs=1.0)
    assert chat.laughing.tolist() == LAUGHING
    assert chat.unread.n_damaged == 0


def test_times_before_a_stream_and_after_a_day_are_read(tmp_path):
    log = "[-0:00:12] a: hi\n[0:00:05] b: lol\n[1502:05] c: gg\n[25:02:06] d: wow, nice: one\n"
    chat = read(written(tmp_path, log))
    assert chat.times.tolist() == [-12.0, 5.0, 90125.0, 90126.0]
    assert chat.unread.n_damaged == 0


def test_packed_chats_are_read_as_far_as_they_go(tmp_path):
    messages = [(float(k), f"user{k}", f"lol {k * k % 9973}") for k in range(5000)]
    packed = gzip.compress(twitch(messages).encode())
    assert len(read(written(tmp_path, packed)).times) == 5000
    cut = read(written(tmp_path, packed[: len(packed) // 2]))
    assert cut.unread.cut_off
    assert 2000 < len(cut.times) < 3500


def test_very_long_messages_and_parts_of_another_kind_cost_nothing_else(tmp_path):
    long = "time,user,message\n1,a,lol\n2,b," + "ㅋ" * 300_000 + "\n3,c,gg\n"
    assert read(written(tmp_path, long)).laughing.tolist() == [True, True, False]
    odd = json.loads(youtube().splitlines()[1])
    odd["replayChatItemAction"]["actions"] = [{"addChatItemAction": "x"}]
    chat = read(written(tmp_path, youtube() + json.dumps(odd)))
    assert (len(chat.times), chat.unread.n_damaged) == (4, 1)


@pytest.mark.parametrize("charset", ["utf-16-le", "utf-16-be", "utf-8-sig", "utf-16", "cp949"])
def test_charsets_are_known(tmp_path, charset):
    content = table("시간,닉네임,메시지", [(1.0, "가나다", "안녕하세요"), (2.0, "라마", "ㅋㅋㅋㅋ 웃기다")] * 3)
    chat = read(written(tmp_path, content.encode(charset)))
    assert chat.laughing.sum() == 1
    assert chat.n_repeated == 4


def test_what_a_user_repeats_and_what_is_copied_counts_once(tmp_path):
    long = "this is a copied text that everybody pastes lol"
    messages = [(1.0, "a", "lol"), (2.0, "a", "LOL"), (3.0, "b", "lol"), (50.0, "a", "lol")]
    messages += [(60.0 + k, f"u{k}", long) for k in range(5)] + [(70.0, "c", "ㅋㅋㅋ"), (71.0, "c", "ㅋㅋㅋㅋㅋㅋㅋ")]
    chat = read(written(tmp_path, table("time,user,message", messages)))
    assert chat.times.tolist() == [1.0, 3.0, 50.0, 60.0, 70.0]
    assert chat.n_repeated == 6


def test_a_viewer_who_laughs_again_at_the_next_joke_counts_again(tmp_path):
    messages = [(20.0 * k, "a", "ㅋㅋㅋ") for k in range(5)] + [(200.0 + 5 * k, "b", "ㅋㅋㅋ") for k in range(9)]
    assert read(written(tmp_path, table("time,user,message", messages))).times.tolist() == [0, 20, 40, 60, 80, 200]


@pytest.mark.parametrize("form", [twitch, youtube, chzzk])
@pytest.mark.parametrize("share", [0.35, 0.6, 0.9])
def test_of_a_file_that_ends_in_the_middle_the_beginning_is_read(tmp_path, form, share):
    messages = [(float(k), f"u{k}", f"message {k} lol") for k in range(40)]
    content = form(messages)
    chat = read(written(tmp_path, content[: round(len(content) * share)]))
    assert 0.5 * share * 40 < len(chat.times) < 40
    assert chat.times.tolist() == list(range(len(chat.times)))
    assert chat.unread.cut_off


@pytest.mark.parametrize("form", [twitch, youtube, chzzk])
def test_damage_in_the_middle_costs_what_is_damaged(tmp_path, form):
    messages = [(float(k), f"u{k}", f"message {k} lol") for k in range(40)]
    content = form(messages)
    place = content.index("essage 20")
    chat = read(written(tmp_path, content[:place] + '"}]\x00{' + content[place + 9 :]))
    assert len(chat.times) >= 38
    assert {0.0, 19.0, 22.0, 39.0} <= set(chat.times.tolist())
    assert chat.unread.n_damaged == 1
    assert len(chat.unread.examples) == 1


def test_bad_lines_are_named(tmp_path):
    chat = read(written(tmp_path, "time,user,message\n1,a,hi\nsoon,b,lol\n3\n4,c,ㅋㅋ\n"))
    assert chat.times.tolist() == [1.0, 4.0]
    assert [example.split(":")[0] for example in chat.unread.examples] == ["line 3", "line 4"]


@pytest.mark.parametrize("content", [b"", b"hello world, this is no chat", b"{}", b"[]", bytes(range(256)) * 9])
def test_what_is_no_chat_is_refused(tmp_path, content):
    with pytest.raises(ChatUnreadable, match="not one message"):
        read(written(tmp_path, content))


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ChatUnreadable, match="cannot be read"):
        read(tmp_path / "none.json")


def test_times_are_sorted(tmp_path):
    chat = read(written(tmp_path, table("time,user,message", MESSAGES[::-1])))
    assert np.array_equal(chat.times, TIMES)
    assert chat.laughing.tolist() == LAUGHING
