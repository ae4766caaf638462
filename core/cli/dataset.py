"""The commands `punchline dataset`."""

from __future__ import annotations

from collections import Counter
from typing import Any

import click

from core.cli.answers import Group, answer, json_option, say, workspace_of

LINES = 20  # findings that are shown; --json has all
WAIT = 60.0  # seconds for another process that builds


@click.group(cls=Group)
def dataset() -> None:
    """The clip dataset: all labelled clips as arrays, in dataset.h5 of the workspace."""


@dataset.command("build")
@json_option
@click.pass_context
def dataset_build(ctx: click.Context, as_json: bool) -> None:
    """Bring dataset.h5 up to the labels; only what has changed is computed."""
    _refresh(ctx, as_json, rebuild=False)


@dataset.command("rebuild")
@json_option
@click.pass_context
def dataset_rebuild(ctx: click.Context, as_json: bool) -> None:
    """Compute every clip of dataset.h5 anew."""
    _refresh(ctx, as_json, rebuild=True)


def _refresh(ctx: click.Context, as_json: bool, *, rebuild: bool) -> None:
    from core.dataset.upkeep import names_of, refresh
    from core.workspace.library import Library

    workspace = workspace_of(ctx)
    library = Library(workspace)
    path = workspace.dataset_path
    names = names_of(workspace)
    with workspace.lock("dataset", timeout=WAIT):
        made = refresh(path, library.ledger, library.series, others_of=library.others_of, names=names, rebuild=rebuild)
    clips = made.clips
    if made.damaged:
        say(f"warning: {made.damaged}")
    for event, reason in clips.left_out:
        video = names.videos.get(event.video_id, (event.video_id,))[0]
        say(f"{video}: label {event.start:.1f}-{event.end:.1f} s has no array: {reason}")
    for remark in clips.remarks:
        say(remark)
    content = {
        "file": str(path),
        "n_clips": len(clips),
        "n_funny": int(clips.labels.sum()),
        "n_usable": int(clips.usable.sum()),
        "n_computed": made.n_computed,
        "n_kept": made.n_kept,
        "n_stale": made.n_stale,
        "n_left_out": len(clips.left_out),
        "remarks": list(clips.remarks),
        "damaged": made.damaged,
    }
    text = (
        f"{len(clips)} clips, {content['n_funny']} of them funny, {content['n_usable']} usable: {made.n_computed} "
        f"computed, {made.n_kept} kept, {made.n_stale} stale, {len(clips.left_out)} labels without an array -> {path}"
    )
    answer(content, as_json, text)


@dataset.command("info")
@json_option
@click.pass_context
def dataset_info(ctx: click.Context, as_json: bool) -> None:
    """Say what is in dataset.h5."""
    from dataclasses import asdict

    from core.dataset.dataset_file import read_info
    from core.dataset.upkeep import behind
    from core.labels.ledger import Ledger

    workspace = workspace_of(ctx)
    path = workspace.dataset_path
    info = read_info(path)
    n_new = behind(path, Ledger(workspace.labels_path))
    content: dict[str, Any] = {"file": str(path), **asdict(info), "n_events_since": n_new}
    lines = [
        f"{path}",
        f"{info.n_clips} clips of {info.n_rows} rows, {info.n_funny} of them funny, {info.n_stale} stale; "
        f"sampling {info.sampling}",
        f"built {info.created} by version {info.program_version}; "
        + (
            f"{n_new} changes of labels since, run `punchline dataset build`" if n_new else "no label has changed since"
        ),
    ]
    answer(content, as_json, "\n".join(lines))


@dataset.command("verify")
@json_option
@click.pass_context
def dataset_verify(ctx: click.Context, as_json: bool) -> None:
    """Name what is stale, missing, contradicting or orphaned in dataset.h5; exit code 1 if there is anything."""
    from dataclasses import asdict

    from core.dataset.upkeep import names_of, verify
    from core.workspace.library import Library

    workspace = workspace_of(ctx)
    library = Library(workspace)
    names = names_of(workspace)
    found = verify(workspace.dataset_path, library.ledger, library.series, others_of=library.others_of, names=names)
    counts = Counter(finding.kind for finding in found)
    lines = []
    for finding in found[:LINES]:
        video = names.videos.get(finding.video_id, (finding.video_id,))[0]
        place = f"{video} {finding.start:.1f}-{finding.end:.1f} s ({finding.clip_id}): " if finding.clip_id else ""
        lines.append(f"{finding.kind}: {place}{finding.reason}")
    if len(found) > LINES:
        lines.append(f"... and {len(found) - LINES} more; --json lists all")
    lines.append(", ".join(f"{n} {kind}" for kind, n in counts.items()) or "nothing is wrong with dataset.h5")
    content = {"ok": not found, "counts": dict(counts), "findings": [asdict(finding) for finding in found]}
    answer(content, as_json, "\n".join(lines))
    if found:
        raise SystemExit(1)
