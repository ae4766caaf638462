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
    from core.labels.csv import read_labels
    from core.workspace.library import Library

    workspace = workspace_of(ctx)
    library = Library(workspace)
    rows, faults = read_labels(file.read_bytes())
    events, more = library.events_of(rows, person=workspace.find_person(name) if name else None)
    faults = sorted([*faults, *more], key=lambda fault: fault.line)
    for fault in faults:
        say(f"{file.name}, line {fault.line}: {fault.reason}")
    refused = bool(faults) and (strict or not events)
    if not refused:
        library.ledger.record(events)
    content = {
        "n_imported": 0 if refused else len(events),
        "n_funny": 0 if refused else sum(event.label or 0 for event in events),
        "faults": [{"line": fault.line, "reason": fault.reason} for fault in faults],
    }
    answer(content, as_json, f"{content['n_imported']} labels imported, {len(faults)} bad lines")
    if refused:
        raise SystemExit(1)


@labels.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@json_option
@click.pass_context
def labels_export(ctx: click.Context, file: Path, as_json: bool) -> None:
    """Write all labels into a CSV FILE that `labels import` takes."""
    from core.labels.csv import write_labels
    from core.storage import files as storage
    from core.workspace.library import Library

    workspace = workspace_of(ctx)
    names = {person.id: person.name for person in workspace.people()}
    videos = {video.id: str(video.path or video.id) for video in workspace.videos()}
    events = Library(workspace).ledger.labels()
    text = write_labels(
        (
            videos.get(event.video_id, event.video_id),
            event.start,
            event.end,
            int(event.label or 0),
            names.get(event.person_id, event.person_id),
            event.note,
            event.origin,
            event.clip_id,
            event.labeller,
            event.at,
        )
        for event in events
    )
    storage.write_bytes(file, text.encode("utf-8-sig"))  # spreadsheets know it as UTF-8 by the mark
    answer({"n_exported": len(events), "file": str(file)}, as_json, f"{len(events)} labels -> {file}")


@labels.command("stats")
@json_option
@click.pass_context
def labels_stats(ctx: click.Context, as_json: bool) -> None:
    """Count the labels of each person and video."""
    from collections import Counter

    from core.workspace.library import Library

    workspace = workspace_of(ctx)
    names = {person.id: person.name for person in workspace.people()}
    videos = {video.id: video.name for video in workspace.videos()}
    counts = Counter(
        (names.get(e.person_id, e.person_id), videos.get(e.video_id, e.video_id), e.label)
        for e in Library(workspace).ledger.labels()
    )
    rows = [
        {"person": person, "video": video, "funny": counts[person, video, 1], "not_funny": counts[person, video, 0]}
        for person, video in sorted({(person, video) for person, video, _ in counts})
    ]
    lines = [f"{r['person']} in {r['video']}: {r['funny']} funny, {r['not_funny']} not funny" for r in rows]
    answer({"labels": rows, "n": sum(counts.values())}, as_json, "\n".join(lines) or "no labels yet")
