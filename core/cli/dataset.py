"""The commands `punchline dataset`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from core.cli.answers import Group, answer, json_option, rows_option, sampling_option, say, workspace_of

if TYPE_CHECKING:
    from core.series import Sampling

LINES = 20  # findings that are shown; --json has all


@click.group(cls=Group)
def dataset() -> None:
    """The clip dataset: all labelled clips as arrays, in dataset.h5 of the workspace."""


@dataset.command("build")
@rows_option
@sampling_option
@json_option
@click.pass_context
def dataset_build(ctx: click.Context, n_rows: int | None, sampling: Sampling | None, as_json: bool) -> None:
    """Bring dataset.h5 up to the labels; only what has changed is computed."""
    _refresh(ctx, as_json, n_rows, sampling, rebuild=False)


@dataset.command("rebuild")
@rows_option
@sampling_option
@json_option
@click.pass_context
def dataset_rebuild(ctx: click.Context, n_rows: int | None, sampling: Sampling | None, as_json: bool) -> None:
    """Compute every clip of dataset.h5 anew."""
    _refresh(ctx, as_json, n_rows, sampling, rebuild=True)


def _refresh(
    ctx: click.Context, as_json: bool, n_rows: int | None, sampling: Sampling | None, *, rebuild: bool
) -> None:
    from core.actions.models import build_dataset

    workspace = workspace_of(ctx)
    path = workspace.dataset_path
    built = build_dataset(workspace, n_rows=n_rows, sampling=sampling, rebuild=rebuild)
    clips = built.clips
    names = {video.id: video.name for video in workspace.videos()}
    if built.damaged:
        say(f"warning: {built.damaged}")
    for event, reason in clips.left_out:
        video = names.get(event.video_id, event.video_id)
        say(f"{video}: label {event.start:.1f}-{event.end:.1f} s has no array: {reason}")
    for remark in clips.remarks:
        say(remark)
    content = {
        "file": str(path),
        "n_rows": clips.options.n_rows,
        "sampling": clips.options.sampling,
        "n_clips": len(clips),
        "n_funny": int(clips.labels.sum()),
        "n_usable": int(clips.usable.sum()),
        "n_computed": built.n_computed,
        "n_kept": built.n_kept,
        "n_stale": int(clips.stale.sum()),
        "n_left_out": len(clips.left_out),
        "remarks": list(clips.remarks),
        "damaged": built.damaged,
    }
    text = (
        f"{len(clips)} clips, {content['n_funny']} of them funny, {content['n_usable']} usable: {built.n_computed} "
        f"computed, {built.n_kept} kept, {content['n_stale']} stale, {content['n_left_out']} labels without an array "
        f"-> {path}"
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
    content: dict[str, Any] = {"file": str(path), **asdict(info), **asdict(info.options), "n_events_since": n_new}
    lines = [
        f"{path}",
        f"{info.n_clips} clips of {info.options.n_rows} rows, {info.n_funny} of them funny, {info.n_stale} stale; "
        f"sampling {info.options.sampling}",
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

    from core.actions.models import verify_dataset

    workspace = workspace_of(ctx)
    names = {video.id: video.name for video in workspace.videos()}
    findings = verify_dataset(workspace)
    counts = Counter(finding.kind for finding in findings)
    lines = []
    for finding in findings[:LINES]:
        video = names.get(finding.video_id, finding.video_id)
        place = f"{video} {finding.start:.1f}-{finding.end:.1f} s ({finding.clip_id}): " if finding.clip_id else ""
        lines.append(f"{finding.kind}: {place}{finding.reason}")
    if len(findings) > LINES:
        lines.append(f"... and {len(findings) - LINES} more; --json lists all")
    lines.append(", ".join(f"{n} {kind}" for kind, n in counts.items()) or "nothing is wrong with dataset.h5")
    content = {"ok": not findings, "counts": dict(counts), "findings": [asdict(finding) for finding in findings]}
    answer(content, as_json, "\n".join(lines))
    if findings:
        raise SystemExit(1)
