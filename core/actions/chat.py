"""The chat of a video: attached from a file, moved in time, removed. Only counts are kept, beside the video."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from core.cues.chat_counts import ChatCounts, chat_rows, counts_of
from core.cues.chat_lag import Lag, lag_of
from core.cues.chat_reading import ReadChat, read_chat
from core.cues.kept_chat_counts import ChatInfo, read_chat_file, write_chat
from core.cues.laughs import DEFAULT_PATTERNS, pattern, patterns_of
from core.errors import WorkspaceFault
from core.faces.feature_file import change_cues, read_cues
from core.labels.contradictions import counting
from core.labels.ledger import Ledger
from core.storage.files import write_bytes
from core.workspace.registry import Video
from core.workspace.workspace import Workspace

HEARD = 0.5  # probability from which laughter is heard for certain
LABEL_DOUBT = 2.5  # seconds: half a usual clip, anywhere in which what is funny may begin


def attach_chat(
    workspace: Workspace, video: Video, file: Path, *, offset: float | None = None, name: str = ""
) -> tuple[ChatInfo, ReadChat]:
    """Count the messages of a chat file and keep the counts as the cue `chat` of a video.

    Parameters
    ----------
    offset
        Seconds to add to the chat's times; None takes away the estimated lag, or nothing where none can be estimated.
    name
        What the file is called, if not by its path.

    Raises
    ------
    ChatUnreadable, PatternFault, StorageFault, Busy
    """
    chat = read_chat(file, pattern(laugh_patterns(workspace)))
    counts = counts_of(chat)
    info = ChatInfo(
        file=name or file.name,
        format=chat.format,
        n_messages=len(chat.times),
        n_laughing=int(chat.laughing.sum()),
        n_repeated=chat.n_repeated,
        n_damaged=chat.unread.n_damaged,
        cut_off=chat.unread.cut_off,
        by_calendar=chat.by_calendar,
        offset=0.0,
        lag=float("nan"),
    )
    info = _with_lag(info, estimated_lag(workspace, video, counts))
    info = info if offset is None else replace(info, offset=float(offset))
    write_chat(workspace.chat_path(video.id), counts, info)
    keep_chat(workspace, video)
    return info, chat


def estimated_lag(workspace: Workspace, video: Video, counts: ChatCounts) -> Lag | None:
    """By how much a chat comes after the video, by the laughter that is heard and the labels; None if unknown."""
    path = workspace.features_path(video.id)
    if not path.exists():
        return None
    timestamps, cues, _ = read_cues(path)
    evidence = cues["laughter"][:, 0].copy() if "laughter" in cues else np.full(len(timestamps), np.nan, np.float32)
    heard = bool((evidence >= HEARD).any())
    for event in counting(Ledger(workspace.labels_path), video_id=video.id):
        within = (timestamps >= event.start) & (timestamps < event.end)
        if not (event.label and (evidence[within] >= HEARD).any()):  # heard laughter tells when in the clip it is
            evidence[within] = event.label
    lag = lag_of(counts, timestamps, evidence)
    return lag if lag is None or heard else Lag(lag.seconds, max(lag.doubt, LABEL_DOUBT))


def keep_chat(workspace: Workspace, video: Video) -> None:
    """Put the rows of an attached chat into the feature file, where there are both."""
    path, target = workspace.chat_path(video.id), workspace.features_path(video.id)
    if not target.exists():
        return
    if not path.exists():
        if "chat" in read_cues(target)[1]:
            with workspace.lock(f"features-{video.id}", timeout=60):
                change_cues(target, {"chat": None})
        return
    counts, info = read_chat_file(path)
    with workspace.lock(f"features-{video.id}", timeout=60):
        timestamps, _, _ = read_cues(target)
        change_cues(target, {"chat": chat_rows(counts, timestamps, offset=info.offset)})


def chat_info(workspace: Workspace, video: Video) -> ChatInfo | None:
    """What is known of a video's chat; None where none is attached."""
    path = workspace.chat_path(video.id)
    return read_chat_file(path)[1] if path.exists() else None


def _with_lag(info: ChatInfo, lag: Lag | None) -> ChatInfo:
    """With a lag, which is taken away; where none is known the offset stays as it is."""
    if lag is None:
        return replace(info, lag=float("nan"), lag_doubt=float("nan"))
    return replace(info, offset=0.0 - lag.seconds, lag=lag.seconds, lag_doubt=lag.doubt)


def move_chat(workspace: Workspace, video: Video, offset: float | None) -> ChatInfo:
    """Change the seconds that are added to the chat's times; None estimates the lag again and takes it away, if known.

    Raises WorkspaceFault where there is no chat.
    """
    path = workspace.chat_path(video.id)
    if not path.exists():
        raise WorkspaceFault("{name}: no chat is attached; attach one first", name=video.name)
    counts, info = read_chat_file(path)
    if offset is None:
        info = _with_lag(info, estimated_lag(workspace, video, counts))
    else:
        info = replace(info, offset=float(offset))
    write_chat(path, counts, info)
    keep_chat(workspace, video)
    return info


def remove_chat(workspace: Workspace, video: Video) -> bool:
    """Forget a video's chat; False where there was none."""
    path = workspace.chat_path(video.id)
    there = path.exists()
    path.unlink(missing_ok=True)
    keep_chat(workspace, video)
    return there


def laugh_patterns(workspace: Workspace) -> tuple[str, ...]:
    """How viewers write that they laugh: the user's patterns, else the built-in ones."""
    try:
        return patterns_of(workspace.laugh_patterns_path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return DEFAULT_PATTERNS


def save_laugh_patterns(workspace: Workspace, text: str) -> tuple[str, ...]:
    """Keep the patterns of a text, one a line, for chats attached from then on. Raises PatternFault, StorageFault."""
    patterns = patterns_of(text)
    pattern(patterns)
    if patterns == DEFAULT_PATTERNS or not patterns:
        workspace.laugh_patterns_path.unlink(missing_ok=True)
        return DEFAULT_PATTERNS
    write_bytes(workspace.laugh_patterns_path, ("\n".join(patterns) + "\n").encode())
    return patterns
