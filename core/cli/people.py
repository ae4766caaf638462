"""The commands `punchline person`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from core.cli.answers import Group, answer, json_option, path_of, say, workspace_of
from core.errors import PunchlineError


@click.group(cls=Group)
def person() -> None:
    """People and their reference faces."""


@person.command("add")
@click.argument("name")
@click.argument("images", nargs=-1, type=click.Path(path_type=Path))
@click.option("--video", help="Take the face from a video, with --at.")
@click.option("--at", type=click.FloatRange(0), help="Seconds from the video's start.")
@click.option("--face", type=click.IntRange(1), help="Which face of the picture, 1 is the largest.")
@click.option("--embedder", type=click.Choice(["resnet29", "facenet"]), default="resnet29", show_default=True)
@json_option
@click.pass_context
def person_add(
    ctx: click.Context,
    name: str,
    images: tuple[Path, ...],
    video: str | None,
    at: float | None,
    face: int | None,
    embedder: str,
    as_json: bool,
) -> None:
    """Add reference faces to the person NAME, from IMAGES or from a moment of a video."""
    if (video is None) != (at is None) or not (images or video):
        raise click.UsageError("give photos, or --video with --at")
    from core.people.person import clean_name
    from core.people.photos import faces_in, read_photo
    from core.video.video import frame_at
    from core.video_feature_extractor import load_models

    clean_name(name)
    workspace = workspace_of(ctx)
    pictures: list[tuple[str, Callable[[], Any]]] = [(str(p), lambda p=p: read_photo(p)) for p in images]  # type: ignore[misc]
    if video is not None and at is not None:
        with path_of(workspace, video) as (found, path):
            time_ = at
            pictures.append((f"{found.name} at {at:.2f} s", lambda: frame_at(path, time_).image))
    models = load_models(min_face=0.04, embedder_name=embedder, device="cpu")
    chosen = []
    for origin, picture in pictures:
        faces = faces_in(picture(), origin, detector=models.detector, embedder=models.embedder)
        if face is not None and face > len(faces):
            raise PunchlineError(f"{origin}: face {face} was asked for, but there are {len(faces)}")
        if len(faces) > 1 and face is None:
            say(f"{origin}: {len(faces)} faces found, the largest is taken; use --face 2 for the next one")
        chosen.append(faces[(face or 1) - 1])
    added = workspace.add_references(name, tuple(chosen))
    content = {"person": added.name, "id": added.id, "n_references": len(added.references), "n_added": len(chosen)}
    answer(content, as_json, f"{added.name}: {len(chosen)} added, {len(added.references)} reference faces")


@person.command("list")
@json_option
@click.pass_context
def person_list(ctx: click.Context, as_json: bool) -> None:
    """List people, their references and thresholds."""
    people = workspace_of(ctx).people()
    content = {
        "people": [
            {
                "person": p.name,
                "id": p.id,
                "references": [r.origin for r in p.references],
                "strict": p.thresholds.strict,
                "relaxed": p.thresholds.relaxed,
            }
            for p in people
        ]
    }
    lines = [
        f"{p.name}  ({p.id})  {len(p.references)} references  "
        f"strict {p.thresholds.strict:.2f}  relaxed {p.thresholds.relaxed:.2f}"
        for p in people
    ]
    answer(content, as_json, "\n".join(lines) or "no people yet: punchline person add NAME photo.jpg")


@person.command("remove")
@click.argument("name")
@click.option("--reference", type=click.IntRange(1), help="Remove only this reference face, 1 is the first.")
@json_option
@click.pass_context
def person_remove(ctx: click.Context, name: str, reference: int | None, as_json: bool) -> None:
    """Remove the person NAME with all stored faces and series, or one reference face."""
    workspace = workspace_of(ctx)
    found = workspace.find_person(name)
    if reference is None:
        workspace.remove_person(found)
        answer({"removed": found.name, "id": found.id}, as_json, f"{found.name}: removed")
    else:
        left = len(workspace.remove_reference(found, reference - 1).references)
        content = {"person": found.name, "id": found.id, "n_references": left}
        answer(content, as_json, f"{found.name}: {left} reference faces left")


@person.command("rename")
@click.argument("name")
@click.argument("new_name")
@json_option
@click.pass_context
def person_rename(ctx: click.Context, name: str, new_name: str, as_json: bool) -> None:
    """Give the person NAME another display name; id, references and series stay."""
    workspace = workspace_of(ctx)
    renamed = workspace.rename_person(workspace.find_person(name), new_name)
    answer({"person": renamed.name, "id": renamed.id}, as_json, f"{name} is now {renamed.name}")
