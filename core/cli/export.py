"""The command `punchline export`."""

from __future__ import annotations

from pathlib import Path

import click

from core.cli.answers import Command, answer, json_option, path_of, person_of, say, workspace_of
from core.errors import WorkspaceFault
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
    from core.detection.results import moments_in, read_detections
    from core.export.formats import ExportOptions, export

    workspace = workspace_of(ctx)
    person = person_of(workspace, name)
    with path_of(workspace, video) as (record, path):
        results = read_detections(workspace, record.id, person.id)
        if model_name is not None and model_name not in results:
            known = ", ".join(results) or "none"
            raise WorkspaceFault(
                f"{record.name}: no moments by the model {model_name} (known: {known}); run `punchline detect`"
            )
        result = results[model_name] if model_name is not None else next(iter(results.values()), None)
        if result is None:
            raise WorkspaceFault(
                f"{record.name}: nothing was looked for yet; run `punchline detect {record.name}` first"
            )
        options = ExportOptions(
            before=before, after=after, captions=captions, cross_fade=cross_fade, audio_track=audio_track
        )
        made = export(moments_in(result), path, out, format=form, options=options)
    for warning in made.warnings:
        say(f"warning: {warning}")
    content = {"files": [str(p) for p in made.paths], "warnings": list(made.warnings)}
    answer(content, as_json, "\n".join(str(p) for p in made.paths))
