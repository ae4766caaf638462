"""The `punchline` command."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import click

from core.cli.answers import (
    Group,
    ProgressLine,
    address_option,
    answer,
    engine_option,
    json_option,
    person_of,
    say,
    workers_option,
    workspace_of,
)
from core.cli.app import app
from core.cli.backup import backup, migrate, restore
from core.cli.cues import chat, cues
from core.cli.dataset import dataset
from core.cli.export import export
from core.cli.labels import labels
from core.cli.models import detect, train
from core.cli.people import person
from core.errors import PunchlineError
from core.faces.embedders import DEFAULT_EMBEDDER, EMBEDDERS
from core.segment import length
from core.video.streams import MIX, Tracks


class Track(click.IntRange):
    """The number of a track, or one of some words."""

    def __init__(self, words: Mapping[str, int | None]) -> None:
        super().__init__(1)
        self.words = words
        self.name = "|".join(["N", *words])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """What a track is called in `Tracks`, alone in a tuple: nothing given is None."""
        return (self.words[value],) if value in self.words else (super().convert(value, param, ctx),)


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--workspace",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("workspace"),
    envvar="PUNCHLINE_WORKSPACE",
    show_default=True,
    help="Folder for everything Punchline makes; videos stay where they are.",
)
@click.version_option(package_name="punchline")
def main(workspace: Path) -> None:
    """Find the funny moments of one person in long videos."""


@main.command()
@click.option("--fix", is_flag=True, help="Move damaged files aside, restore labels, remove our temporary files.")
@click.option("--yes", is_flag=True, help="Restore labels from their backup without asking.")
@json_option
@click.pass_context
def doctor(ctx: click.Context, fix: bool, yes: bool, as_json: bool) -> None:
    """Check versions, weights, codecs, GPU and workspace."""
    from core.cli.doctor import checks, fixed

    root = ctx.find_root().params["workspace"]
    repairs = fixed(workspace_of(ctx), sure=yes) if fix and root.is_dir() else []
    results = checks(root)
    ok = all(check.ok or check.optional for check in results)
    lines = [*repairs, *(f"{check.mark}  {check.name}: {check.finding}" for check in results)]
    lines.append("everything needed is there" if ok else "something needed is missing, see the lines marked with x")
    content = {"ok": ok, "repairs": repairs, "checks": [check.as_dict() for check in results]}
    answer(content, as_json, "\n".join(lines))
    if not ok:
        raise SystemExit(1)


@main.command()
@click.argument("videos", nargs=-1, required=True)
@click.option("--sample-rate", type=click.FloatRange(0.5, 120), default=3.0, show_default=True, help="Rows a second.")
@click.option(
    "--min-face",
    type=click.FloatRange(0.005, 1),
    help="Smallest face / picture's shorter side [1/12, or less where a first look shows smaller faces].",
)
@click.option("--embedder", type=click.Choice(list(EMBEDDERS)), default=DEFAULT_EMBEDDER, show_default=True)
@click.option("--emotion", type=click.Choice(["ferplus", "hsemotion"]), default="ferplus", show_default=True)
@click.option("--resume/--no-resume", default=True, show_default=True, help="Go on after the last finished minute.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option(
    "--video-track", type=Track({"auto": None}), help="Which picture, counted from 1 [as before, or the film]."
)
@click.option(
    "--audio-track",
    type=Track({"auto": None, "mix": MIX}),
    help="Which sound, counted from 1, or mix [as before, or one that is heard].",
)
@workers_option
@engine_option
@address_option
@click.option("--exhaustive", is_flag=True, help="Search every row's picture whole, at full size: slow, to compare.")
@json_option
@click.pass_context
def extract(
    ctx: click.Context,
    videos: tuple[str, ...],
    sample_rate: float,
    min_face: float | None,
    embedder: str,
    emotion: str,
    resume: bool,
    device: str,
    exhaustive: bool,
    video_track: tuple[int | None] | None,
    audio_track: tuple[int | None] | None,
    n_workers: int,
    engine: Literal["local", "ray"],
    address: str | None,
    as_json: bool,
) -> None:
    """Read faces and sound of VIDEOS into feature files, once for all people and thresholds."""
    from core.actions.batch import Engine, extract_all
    from core.actions.videos import choose_tracks
    from core.video_feature_extractor import ExtractionSettings

    settings = ExtractionSettings(sample_rate, min_face, embedder, emotion, device, exhaustive)
    workspace = workspace_of(ctx)
    results, failures, given = [], [], {}
    for text in videos:
        try:
            video = workspace.find_video(text)
            (picture,), (sound,) = video_track or (video.tracks.video,), audio_track or (video.tracks.audio,)
            given[choose_tracks(workspace, video, Tracks(picture, sound))] = text
        except PunchlineError as error:
            failures.append({"video": text, "error": str(error)})
            say(f"Error: {error}")
    for outcome in extract_all(
        workspace, list(given), settings, Engine(engine, address, n_workers), resume=resume, progress_of=ProgressLine
    ):
        video, seconds, counts = outcome.video, outcome.seconds, outcome.result
        if isinstance(counts, PunchlineError):
            failures.append({"video": given[video], "error": str(counts)})
            say(f"Error: {counts}")
            continue
        target = workspace.features_path(video.id)
        for warning in counts["warnings"]:
            say(f"{video.name}: warning: {warning}")
        results.append({"video": video.name, "id": video.id, "file": str(target), "seconds": seconds, **counts})
        if not as_json:
            click.echo(
                f"{video.name}: {counts['n_frames']} rows, {counts['n_faces']} faces in "
                f"{counts['n_frames_with_face']} of them, {counts['n_tracks']} tracks, in {length(seconds)} -> {target}"
            )
    if as_json:
        answer({"videos": results, "failed": failures}, as_json, "")
    if failures:
        raise SystemExit(1)


@main.group()
def weights() -> None:
    """Weights of models: what is bundled, what can be downloaded."""


@weights.command("list")
@json_option
def weights_list(as_json: bool) -> None:
    """List all weights, and which are here."""
    from core.storage.weights import catalogue, is_here

    rows = [
        {"name": w.name, "here": is_here(w), "bundled": w.url is None, "megabytes": round(w.size / 1e6, 1)}
        for w in catalogue()
    ]
    lines = [
        f"{'+' if row['here'] else '-'}  {row['name']}  {row['megabytes']} MB"
        + ("" if row["bundled"] or row["here"] else f"  (punchline weights fetch {row['name']})")
        for row in rows
    ]
    answer({"weights": rows}, as_json, "\n".join(lines))


@weights.command("fetch")
@click.argument("name")
@json_option
def weights_fetch(name: str, as_json: bool) -> None:
    """Download the weights NAME once; a download that broke off goes on where it was."""
    from core.storage.weights import describe, fetch

    wanted = describe(name)
    if wanted.url is not None:
        say(f"{name}: {wanted.size / 1e6:.1f} MB from {wanted.url}")
    shown = [0.0]

    def tell(completed: int, total: int) -> None:
        if total and completed / total >= shown[0] + 0.1:
            shown[0] = completed / total
            say(f"{name}: {completed / 1e6:.1f} of {total / 1e6:.1f} MB")

    path = fetch(wanted, on_progress=tell)
    answer({"name": name, "file": str(path)}, as_json, f"{name} -> {path}")


@main.command()
@click.argument("video")
@click.option("--person", "name", help="Whose series; may be left out if there is only one person.")
@click.option("--strict", type=click.FloatRange(-1, 1), help="Similarity of a sure match [the person's].")
@click.option("--relaxed", type=click.FloatRange(-1, 1), help="Similarity of a match on the person's track.")
@click.option("--fill", type=click.Choice(["linear", "nearest", "none"]), default="linear", show_default=True)
@click.option(
    "--max-gap", type=click.FloatRange(0), default=1.0, show_default=True, help="Longest gap filled, seconds."
)
@click.option(
    "--smoothing",
    type=click.FloatRange(0, 10),
    default=1.0,
    show_default=True,
    help="Seconds that an emotion lasts in the filter over time; 0 keeps what single pictures say.",
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write x.csv, x.npz or x.h5.")
@json_option
@click.pass_context
def series(
    ctx: click.Context,
    video: str,
    name: str | None,
    strict: float | None,
    relaxed: float | None,
    fill: Any,
    max_gap: float,
    smoothing: float,
    out: Path | None,
    as_json: bool,
) -> None:
    """Make the 12-d series of a person from an analysed VIDEO, without reading the video again."""
    from core.actions.cues import cues_of
    from core.actions.videos import SeriesOptions, make_series
    from core.export.series_table import write_series
    from core.series import Source

    workspace = workspace_of(ctx)
    subject, someone = workspace.find_video(video), person_of(workspace, name)
    options = SeriesOptions(strict, relaxed, fill, max_gap, smoothing)
    try:
        thresholds = options.thresholds(someone.thresholds_for(subject.id))
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    person_series = make_series(workspace, subject, someone, options)
    if not workspace.features_path(subject.id).exists():
        say(f"{subject.name}: the extraction is not finished; using the minutes that are")
    if out is not None:
        write_series(out, person_series, cues=cues_of(workspace, subject))
    if not person_series.series.observed.any():
        say(f"warning: {someone.name} is not seen in this video")
    rows = {kind.name.lower(): int((person_series.series.source == kind).sum()) for kind in Source}
    content = {
        "video": subject.name,
        "person": someone.name,
        "n_rows": len(person_series.series),
        "rows": rows,
        "strict": thresholds.strict,
        "relaxed": thresholds.relaxed,
        "smoothing": smoothing,
        "out": str(out) if out else None,
    }
    parts = ", ".join(f"{n} {kind}" for kind, n in rows.items())
    answer(content, as_json, f"{someone.name} in {subject.name}: {parts}" + (f" -> {out}" if out else ""))


for command in (app, person, labels, cues, chat, dataset, train, detect, export, backup, restore, migrate):
    main.add_command(command)
