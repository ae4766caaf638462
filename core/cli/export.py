"""The command `punchline export`."""

from __future__ import annotations

from pathlib import Path

import click

from core.cli.answers import Command, answer, json_option, person_of, say, workspace_of
from core.export.formats import FORMATS


@click.command(cls=Command)
@click.argument("video")
@click.option("--person", "name", help="Whose moments; may be left out if there is only one person.")
@click.option("--model", "model_name", help="Moments found by this model [the latest detection].")
@click.option("--format", "form", type=click.Choice(list(FORMATS)), required=True)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A file, or a folder (clips: a folder).")
@click.option("--before", type=click.FloatRange(0, 60), default=0.0, help="Seconds added before each moment.")
@click.option("--after", type=click.FloatRange(0, 60), default=0.0, help="Seconds added after each moment.")
@click.option("--captions", is_flag=True, help="Reel: write the time of each moment into the picture.")
@click.option("--cross-fade", type=click.FloatRange(0, 3), default=0.0, help="Reel: seconds of cross-fade.")
@click.option("--audio-track", type=click.IntRange(1), help="Clips, reel: keep this sound track only [all].")
@json_option
@click.pass_context
def export(
    ctx: click.Context,
    video: str,
    name: str | None,
    model_name: str | None,
    form: str,
    out: Path,
    before: float,
    after: float,
    captions: bool,
    cross_fade: float,
    audio_track: int | None,
    as_json: bool,
) -> None:
    """Export the moments that `punchline detect` found in a VIDEO."""
    from core.actions.moments import export, kept_moments
    from core.export.formats import ExportOptions

    workspace = workspace_of(ctx)
    subject, person = workspace.find_video(video), person_of(workspace, name)
    moments = kept_moments(workspace, subject, person, model=model_name)
    options = ExportOptions(
        before=before, after=after, captions=captions, cross_fade=cross_fade, audio_track=audio_track
    )
    written = export(subject, moments, out, format=form, options=options)
    for warning in written.warnings:
        say(f"warning: {warning}")
    content = {"files": [str(p) for p in written.paths], "warnings": list(written.warnings)}
    answer(content, as_json, "\n".join(str(p) for p in written.paths))
