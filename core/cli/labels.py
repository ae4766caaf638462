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
@click.option("--strict", is_flag=True, help="All or nothing: a bad line refuses the whole file.")
@json_option
@click.pass_context
def labels_import(ctx: click.Context, file: Path, name: str | None, strict: bool, as_json: bool) -> None:
    """Take labels from a CSV FILE: video,start,end,label[,person,note,...], or video,time,label."""
    from core.actions.labels import import_labels

    workspace = workspace_of(ctx)
    person = None if name is None else workspace.find_person(name)
    imported = import_labels(workspace, file.read_bytes(), person=person, strict=strict)
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
    """Count the labels of each person and video."""
    from core.labels.ledger import Ledger

    workspace = workspace_of(ctx)
    names = {person.id: person.name for person in workspace.people()}
    videos = {video.id: video.name for video in workspace.videos()}
    counts = Ledger(workspace.labels_path).counts()
    rows = [
        {
            "person": names.get(person, person),
            "video": videos.get(video, video),
            "funny": counts[person, video, 1],
            "not_funny": counts[person, video, 0],
        }
        for person, video in {(person, video) for person, video, _label in counts}
    ]
    rows.sort(key=lambda row: (row["person"], row["video"]))
    lines = [f"{r['person']} in {r['video']}: {r['funny']} funny, {r['not_funny']} not funny" for r in rows]
    answer({"labels": rows, "n": counts.total()}, as_json, "\n".join(lines) or "no labels yet")


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
@click.argument("person_id")
@click.option("--person", "name", required=True, help="Who gets them.")
@json_option
@click.pass_context
def labels_attach(ctx: click.Context, person_id: str, name: str, as_json: bool) -> None:
    """Give a person the labels of PERSON_ID, an id whose person file was lost; `labels stats` shows such ids."""
    from core.actions.labels import attach_labels

    workspace = workspace_of(ctx)
    person = workspace.find_person(name)
    n = attach_labels(workspace, person_id, person)
    answer({"n_attached": n, "person": person.name}, as_json, f"{n} labels of {person_id} -> {person.name}")
