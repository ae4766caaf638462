"""The commands `punchline labels`."""

from __future__ import annotations

from pathlib import Path

import click

from core.cli.answers import Group, answer, json_option, say, workspace_of


@click.group(cls=Group)
def labels() -> None:
    """Labels: funny and not funny clips of 5 to 7 seconds."""


@labels.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--person", "name", help="Whose labels, where the file does not say.")
@click.option("--video", "videos", multiple=True, help="[NAME=]VIDEO: which one is meant where NAME is not known.")
@click.option("--strict", is_flag=True, help="All or nothing: a bad line refuses the whole file.")
@json_option
@click.pass_context
def labels_import(
    ctx: click.Context, file: Path, name: str | None, videos: tuple[str, ...], strict: bool, as_json: bool
) -> None:
    """Take labels from a CSV FILE: video,start,end,label[,person,note,...], or video,time,label."""
    from core.actions.labels import import_labels

    workspace = workspace_of(ctx)
    person = None if name is None else workspace.find_person(name)
    meant = {text.rpartition("=")[0]: workspace.find_video(text.rpartition("=")[2]) for text in videos}
    imported = import_labels(workspace, file.read_bytes(), person=person, videos=meant, strict=strict)
    for warning in imported.warnings:
        say(f"{file.name}: warning: {warning}")
    for fault in imported.faults:
        say(f"{file.name}, line {fault.line}: {fault.reason}")
    content = {
        "n_imported": len(imported.events),
        "n_funny": sum(event.label == 1 for event in imported.events),
        "faults": [{"line": fault.line, "reason": fault.reason} for fault in imported.faults],
    }
    answer(content, as_json, f"{content['n_imported']} labels imported, {len(imported.faults)} bad lines")
    if imported.faults and not imported.events:
        raise SystemExit(1)


@labels.command("cut")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--video", required=True, help="The video that was cut.")
@click.option("--person", "name", help="Who is funny in it; may be left out if there is only one person.")
@click.option("--source", help="What the cut calls the video, if another name.")
@click.option("--rest", is_flag=True, help="Also label as many clips of what was left out as not funny.")
@json_option
@click.pass_context
def labels_cut(
    ctx: click.Context, file: Path, video: str, name: str | None, source: str | None, rest: bool, as_json: bool
) -> None:
    """Label what an editor cut as funny, from the FILE of the cut (EDL, OTIO or CSV)."""
    from core.actions.cuts import import_cut

    workspace = workspace_of(ctx)
    subject = workspace.find_video(video)
    person = workspace.only_person() if name is None else workspace.find_person(name)
    cut = import_cut(workspace, subject, person, file.read_bytes(), file.name, source=source, rest=rest)
    n_funny = sum(event.label == 1 for event in cut.events)
    n_rest = len(cut.events) - n_funny
    content = {"n_parts": len(cut.parts), "n_funny": n_funny, "n_not_funny": n_rest, "n_known": cut.n_known}
    said = f"{len(cut.parts)} parts of {subject.name}: {n_funny} funny clips, {n_rest} not funny"
    answer(content, as_json, f"{said}, {cut.n_known} labelled before")


@labels.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--person", "name", help="Whose labels [everybody's].")
@json_option
@click.pass_context
def labels_export(ctx: click.Context, file: Path, name: str | None, as_json: bool) -> None:
    """Write all labels into a CSV FILE that `labels import` takes."""
    from core.actions.labels import export_labels
    from core.storage.files import write_bytes

    workspace = workspace_of(ctx)
    exported = export_labels(workspace, person=None if name is None else workspace.find_person(name))
    write_bytes(file, exported.content)
    answer({"n_exported": exported.n, "file": str(file)}, as_json, f"{exported.n} labels -> {file}")


@labels.command("stats")
@json_option
@click.pass_context
def labels_stats(ctx: click.Context, as_json: bool) -> None:
    """Count the labels of each person and video; one that a later label contradicts does not count."""
    from core.labels.contradictions import counts
    from core.labels.ledger import Ledger

    workspace = workspace_of(ctx)
    names = {person.id: person.name for person in workspace.people()}
    videos = {video.id: video.name for video in workspace.videos()}
    found = counts(Ledger(workspace.labels_path))
    rows = [
        {
            "person": names.get(person, person),
            "video": videos.get(video, video),
            "funny": found[person, video, 1],
            "not_funny": found[person, video, 0],
        }
        for person, video in {(person, video) for person, video, _label in found}
    ]
    rows.sort(key=lambda row: (row["person"], row["video"]))
    lines = [f"{r['person']} in {r['video']}: {r['funny']} funny, {r['not_funny']} not funny" for r in rows]
    answer({"labels": rows, "n": found.total()}, as_json, "\n".join(lines) or "no labels yet")


@labels.command("restore")
@json_option
@click.pass_context
def labels_restore(ctx: click.Context, as_json: bool) -> None:
    """Bring labels back from the latest backup, with what can still be read of a damaged ledger."""
    from core.labels.restore import restore

    workspace = workspace_of(ctx)
    n_events, aside = restore(workspace.labels_path)
    kept = f"; the ledger that was there is kept as {aside.name}" if aside is not None else ""
    content = {"n_events": n_events, "aside": str(aside) if aside is not None else None}
    answer(content, as_json, f"{n_events} events restored{kept}")


@labels.command("attach")
@click.argument("who")
@click.option("--person", "name", required=True, help="Who gets them.")
@json_option
@click.pass_context
def labels_attach(ctx: click.Context, who: str, name: str, as_json: bool) -> None:
    """Give a person the labels of WHO, the id or name of one whose file was lost; `labels stats` shows them."""
    from core.actions.labels import attach_labels

    workspace = workspace_of(ctx)
    person = workspace.find_person(name)
    n = attach_labels(workspace, who, person)
    answer({"n_attached": n, "person": person.name}, as_json, f"{n} labels of {who} -> {person.name}")


@labels.command("adopt")
@click.argument("old", required=False)
@click.option("--video", help="Who gets them.")
@json_option
@click.pass_context
def labels_adopt(ctx: click.Context, old: str | None, video: str | None, as_json: bool) -> None:
    """Give the labels of a video that is gone, OLD (an id), to another one; without OLD, show which could."""
    from core.actions.adoption import adopt, offers

    workspace = workspace_of(ctx)
    if (old is None) != (video is None):
        raise click.UsageError("give OLD with --video, or neither")
    if old is not None and video is not None:
        known = workspace.find_video(video)
        n = adopt(workspace, old, known)
        answer({"n_adopted": n, "video": known.name, "id": known.id}, as_json, f"{n} labels of {old} -> {known.name}")
        return
    rows = [
        {"old": o.old.id, "name": o.old.name, "n_labels": o.n_labels, "video": o.video.name, "id": o.video.id}
        for o in offers(workspace)
    ]
    lines = [f"{r['name']} ({r['n_labels']} labels): punchline labels adopt {r['old']} --video {r['id']}" for r in rows]
    answer({"offers": rows}, as_json, "\n".join(lines) or "no video holds what a gone one with labels held")
