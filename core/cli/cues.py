"""The commands `punchline cues`."""

from __future__ import annotations

import click

from core.cli.answers import Group, ProgressLine, answer, json_option, workspace_of


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
