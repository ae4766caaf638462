"""The commands `punchline cues` and `punchline chat`."""

from __future__ import annotations

from dataclasses import asdict
from math import isnan
from pathlib import Path
from typing import Any

import click

from core.cli.answers import Group, ProgressLine, answer, json_option, say, workspace_of


@click.group(cls=Group)
def cues() -> None:
    """Cues: what is known of a video beside faces, loudness and pitch."""


@cues.command()
@click.argument("video")
@json_option
@click.pass_context
def compute(ctx: click.Context, video: str, as_json: bool) -> None:
    """Hear laughter in an analysed VIDEO, without extracting it again."""
    import numpy as np

    from core.actions.cues import compute_laughter

    workspace = workspace_of(ctx)
    known = workspace.find_video(video)
    rows = compute_laughter(workspace, known, on_progress=ProgressLine(known.name))
    n_laughing = int((rows[:, 0] >= 0.5).sum())
    content = {"video": known.name, "n_rows": len(rows), "n_heard": int(np.isfinite(rows[:, 0]).sum())}
    answer(content | {"n_laughing": n_laughing}, as_json, f"{known.name}: laughter in {n_laughing} of {len(rows)} rows")


@cues.command()
@click.argument("video")
@json_option
@click.pass_context
def info(ctx: click.Context, video: str, as_json: bool) -> None:
    """Tell which cues of an analysed VIDEO there are."""
    from core.cues.cue import CUES
    from core.faces.feature_file import read_cues

    workspace = workspace_of(ctx)
    known = workspace.find_video(video)
    timestamps, there, _ = read_cues(workspace.features_path(known.id))
    found = {name: list(CUES[name].columns) for name in there}
    lines = [f"{name}: {', '.join(columns)}" for name, columns in found.items()]
    content = {"video": known.name, "n_rows": len(timestamps), "cues": found}
    answer(content, as_json, "\n".join(lines) or f"{known.name}: no cues; `punchline cues compute {known.name}`")


@click.group(cls=Group)
def chat() -> None:
    """The chat of a video: only the counts of messages are kept, never what people wrote."""


@chat.command()
@click.argument("video")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--offset", type=float, help="Seconds to add to the chat's times [takes away the estimated lag].")
@json_option
@click.pass_context
def attach(ctx: click.Context, video: str, file: Path, offset: float | None, as_json: bool) -> None:
    """Count the messages of a chat FILE: TwitchDownloader, yt-dlp, Chzzk, CSV with time, user, message, or a log."""
    from core.actions.chat import attach_chat

    workspace = workspace_of(ctx)
    known = workspace.find_video(video)
    told, read = attach_chat(workspace, known, file, offset=offset)
    for example in read.unread.examples:
        say(f"{file.name}, {example}: not read")
    if told.cut_off:
        say(f"{file.name}: warning: the file ends in the middle; what comes before is counted")
    if told.by_calendar:
        say(f"{file.name}: warning: its times are no video's; the first message is taken for second 0, see --offset")
    answer(content_of(known, told), as_json, sentence_of(known, told))


@chat.command("info")
@json_option
@click.argument("video")
@click.pass_context
def chat_of(ctx: click.Context, video: str, as_json: bool) -> None:
    """Tell what chat is attached to a VIDEO."""
    from core.actions.chat import chat_info

    workspace = workspace_of(ctx)
    known = workspace.find_video(video)
    told = chat_info(workspace, known)
    nothing = {"video": known.name, "chat": None}
    answer(
        content_of(known, told) if told else nothing,
        as_json,
        sentence_of(known, told) if told else f"{known.name}: no chat is attached",
    )


@chat.command(context_settings={"ignore_unknown_options": True})  # of which -6 would be one
@click.argument("video")
@click.argument("offset", type=float, required=False)
@json_option
@click.pass_context
def move(ctx: click.Context, video: str, offset: float | None, as_json: bool) -> None:
    """Change the OFFSET of a video's chat, the seconds added to its times; without one its lag is estimated again."""
    from core.actions.chat import move_chat

    workspace = workspace_of(ctx)
    known = workspace.find_video(video)
    told = move_chat(workspace, known, offset)
    answer(content_of(known, told), as_json, sentence_of(known, told))


@chat.command()
@click.argument("video")
@json_option
@click.pass_context
def remove(ctx: click.Context, video: str, as_json: bool) -> None:
    """Forget the chat of a VIDEO."""
    from core.actions.chat import remove_chat

    workspace = workspace_of(ctx)
    known = workspace.find_video(video)
    removed = remove_chat(workspace, known)
    answer(
        {"video": known.name, "removed": removed},
        as_json,
        f"{known.name}: " + ("chat removed" if removed else "no chat is attached"),
    )


@chat.command()
@click.option(
    "--set", "file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="One a line; empty resets."
)
@json_option
@click.pass_context
def patterns(ctx: click.Context, file: Path | None, as_json: bool) -> None:
    """Show how laughing messages are known, or set it: one regular expression a line."""
    from core.actions.chat import laugh_patterns, save_laugh_patterns

    workspace = workspace_of(ctx)
    known = save_laugh_patterns(workspace, file.read_text("utf-8")) if file else laugh_patterns(workspace)
    answer({"patterns": list(known)}, as_json, "\n".join(known))


def content_of(video: Any, told: Any) -> dict[str, Any]:
    """What a command answers of a chat."""
    unknown = dict.fromkeys(name for name in ("lag", "lag_doubt") if isnan(getattr(told, name)))
    return {"video": video.name, "chat": asdict(told) | unknown}


def sentence_of(video: Any, told: Any) -> str:
    """The same for people."""
    lag = "unknown" if isnan(told.lag) else f"{told.lag:z.1f} s"
    if told.rough:
        lag += f", give or take {told.lag_doubt:.1f} s (`punchline chat move` if you know better)"
    return (
        f"{video.name}: {told.n_messages} messages counted from {told.file} ({told.format}), {told.n_laughing} laugh, "
        f"{told.n_repeated} repeated, {told.n_damaged} not read; lag of the chat {lag}, offset {told.offset:+z.1f} s; "
        "only counts are kept"
    )
