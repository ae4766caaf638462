"""The commands `punchline person`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.cli.answers import Group, answer, json_option, say, workspace_of
from core.errors import FaceNotFound, PunchlineError, Sentence
from core.faces.embedders import DEFAULT_EMBEDDER, EMBEDDERS

if TYPE_CHECKING:
    from core.people.person import Person, Reference
    from core.workspace.registry import Video
    from core.workspace.workspace import Workspace


@click.group(cls=Group)
def person() -> None:
    """People and their reference faces."""


@person.command("add")
@click.argument("name")
@click.argument("images", nargs=-1, type=click.Path(path_type=Path))
@click.option("--video", help="Take the face from a video, with --at.")
@click.option("--at", type=click.FloatRange(0), help="Seconds from the video's start.")
@click.option(
    "--suggested",
    is_flag=True,
    help="Take faces of an extracted --video that are surely the person's and look new.",
)
@click.option("--face", type=click.IntRange(1), help="Which face of the picture, 1 is the largest.")
@click.option(
    "--embedder", type=click.Choice(list(EMBEDDERS)), help="One more than those of the videos extracted so far."
)
@json_option
@click.pass_context
def person_add(
    ctx: click.Context,
    name: str,
    images: tuple[Path, ...],
    video: str | None,
    at: float | None,
    suggested: bool,
    face: int | None,
    embedder: str | None,
    as_json: bool,
) -> None:
    """Add reference faces to the person NAME, from IMAGES, from a moment of a video, or those that are suggested."""
    if (video is None) != (at is None and not suggested) or not (images or video):
        raise click.UsageError("give photos, --video with --at, or --video with --suggested")
    from core.people.person import clean_name
    from core.people.reference_doubts import doubts

    clean_name(name)
    workspace = workspace_of(ctx)
    if suggested and video is not None:
        references = _suggested(workspace, workspace.find_person(name), workspace.find_video(video))
    else:
        references = _of_pictures(workspace, images, video, at, face, embedder)
    added = workspace.add_references(name, tuple(references))
    for doubt in doubts(added, workspace.people(), EMBEDDERS[DEFAULT_EMBEDDER]):
        say(f"warning: {doubt}")
    content = {"person": added.name, "id": added.id, "n_references": len(added.references), "n_added": len(references)}
    answer(content, as_json, f"{added.name}: {len(references)} added, {len(added.references)} reference faces")


def _of_pictures(
    workspace: Workspace,
    images: Sequence[Path],
    video: str | None,
    at: float | None,
    face: int | None,
    embedder: str | None,
) -> list[Reference]:
    """A face of each photo, and of a moment of a video. Raises FaceNotFound where any shows none."""
    from core.actions.people import moment_of, photo, read_faces

    pictures = [photo(path) for path in images]
    if video is not None and at is not None:
        pictures.append(moment_of(workspace.find_video(video), at))
    read = read_faces(workspace, pictures, embedder=embedder)
    if len(read.faces) < len(pictures):
        raise FaceNotFound("{faults}", faults=Sentence.several(read.faults))
    for fault in read.faults:
        say(f"warning: {fault}")
    return [_picked(faces, face) for faces in read.faces]


def _suggested(workspace: Workspace, person: Person, video: Video) -> list[Reference]:
    """The faces of an extracted video that page Reference face suggests; none is no fault."""
    from core.multimodal_processor import current_features
    from core.people.gallery import suggested_references
    from core.people.groups import reference_at
    from core.people.normalisation import similarities

    features = current_features(workspace.features_path(video.id))
    if features is None:
        raise PunchlineError("{video}: not analysed yet; run `punchline extract {video}` first", video=video.name)
    rows = suggested_references(features, person, similarities(features, person))
    return [reference_at(video.existing_path(), features, int(row)) for row in rows]


def _picked(faces: Sequence[Reference], number: int | None) -> Reference:
    """The face of a picture that was asked for by number, else the largest."""
    origin = faces[0].origin
    if number is not None and number > len(faces):
        raise PunchlineError(
            "{origin}: face {number} was asked for, but there are {n_faces}",
            origin=origin,
            number=number,
            n_faces=len(faces),
        )
    if len(faces) > 1 and number is None:
        say(f"{origin}: {len(faces)} faces found, the largest is taken; use --face 2 for the next one")
    return faces[0 if number is None else number - 1]


@person.command("list")
@json_option
@click.pass_context
def person_list(ctx: click.Context, as_json: bool) -> None:
    """List people, their references and thresholds."""
    workspace = workspace_of(ctx)
    people = workspace.people()
    for fault in workspace.unreadable_people():
        say(f"warning: {fault}")
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
    from core.actions.people import remove_person

    workspace = workspace_of(ctx)
    someone = workspace.find_person(name)
    if reference is None:
        remove_person(workspace, someone)
        answer({"removed": someone.name, "id": someone.id}, as_json, f"{someone.name}: removed")
    else:
        left = len(workspace.remove_reference(someone, reference - 1).references)
        content = {"person": someone.name, "id": someone.id, "n_references": left}
        answer(content, as_json, f"{someone.name}: {left} reference faces left")


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


@person.command("thresholds")
@click.argument("name")
@click.option("--strict", type=click.FloatRange(-1, 1), help="Similarity of a sure match [as it is].")
@click.option("--relaxed", type=click.FloatRange(-1, 1), help="Similarity of a match on the person's track [as it is].")
@click.option("--video", help="For this video only.")
@click.option("--reset", is_flag=True, help="With --video: let the person's thresholds hold for it again.")
@json_option
@click.pass_context
def person_thresholds(
    ctx: click.Context,
    name: str,
    strict: float | None,
    relaxed: float | None,
    video: str | None,
    reset: bool,
    as_json: bool,
) -> None:
    """Show or change the similarities from which a face is taken for the person NAME."""
    from core.actions.videos import SeriesOptions

    if reset and (video is None or strict is not None or relaxed is not None):
        raise click.UsageError("--reset goes with --video alone")
    workspace = workspace_of(ctx)
    someone = workspace.find_person(name)
    video_id = None if video is None else workspace.find_video(video).id
    if video_id is not None and reset:
        someone = workspace.remove_override(someone, video_id)
    elif strict is not None or relaxed is not None:
        try:
            wanted = SeriesOptions(strict, relaxed).thresholds(someone.thresholds_for(video_id or ""))
        except ValueError as error:
            raise click.UsageError(str(error)) from error
        someone = workspace.save_thresholds(someone, wanted, video_id=video_id)
    now = someone.thresholds_for(video_id or "")
    content = {"person": someone.name, "id": someone.id, "strict": now.strict, "relaxed": now.relaxed}
    answer(content, as_json, f"{someone.name}: strict {now.strict:.2f}, relaxed {now.relaxed:.2f}")
