"""The `punchline` command."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from core.errors import PunchlineError

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def _told() -> Iterator[None]:
    """Errors as a sentence on stderr and exit code 1, without a traceback."""
    try:
        yield
    except PunchlineError as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        click.echo("stopped; what was finished is kept, run the same command again to go on", err=True)
        raise SystemExit(1) from None


class Command(click.Command):
    """A command that tells its errors."""

    def invoke(self, ctx: click.Context) -> Any:
        with _told():
            return super().invoke(ctx)


class Group(click.Group):
    """A group of such commands."""

    command_class = Command
    group_class = type


json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, for machines.")


def _workspace(ctx: click.Context) -> Any:
    from core.workspace import Workspace

    return Workspace(ctx.find_root().params["workspace"])


def _say(text: str) -> None:
    click.echo(text, err=True)


def _answer(content: dict[str, Any], as_json: bool, text: str) -> None:
    click.echo(json.dumps(content, ensure_ascii=False) if as_json else text)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


class ProgressLine:
    """How far, how fast and how long still, on stderr: one moving line on a terminal, else a line every ten seconds."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._started = time.monotonic()
        self._begin: float | None = None
        self._last = 0.0
        self._moving = sys.stderr.isatty()

    def __call__(self, completed: float, total: float) -> None:
        """Show `completed` of `total` seconds of video."""
        now = time.monotonic()
        if self._begin is None:
            self._begin, self._started = completed, now
        finished = completed >= total > 0
        if not finished and now - self._last < (0.2 if self._moving else 10.0):
            return
        self._last = now
        speed = (completed - self._begin) / (now - self._started) if now > self._started else 0.0
        share = f"{100 * min(1.0, completed / total):3.0f} %  " if total > 0 else ""
        left = f"  {_clock((total - completed) / speed)} left" if speed > 0 and total > completed else ""
        text = f"{self._name}  {share}{_clock(completed)} of {_clock(total)}  {speed:.1f}x real time{left}"
        with suppress(BrokenPipeError):  # whoever read along has left; the work goes on
            click.echo(f"\r\033[K{text}" if self._moving else text, err=True, nl=not self._moving or finished)


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
@click.option("--port", type=int, default=8501, show_default=True)
@click.pass_context
def app(ctx: click.Context, port: int) -> None:
    """Start the web app."""
    environment = {**os.environ, "PUNCHLINE_WORKSPACE": str(ctx.find_root().params["workspace"].absolute())}
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), "--server.port", str(port)]
    os.chdir(ROOT)  # where .streamlit/config.toml lies
    os.execve(sys.executable, command, environment)


@main.command()
@json_option
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Check versions, weights, codecs, GPU and workspace."""
    from core.doctor import checks

    found = checks(ctx.find_root().params["workspace"])
    ok = all(check.ok or check.optional for check in found)
    lines = [f"{check.mark}  {check.name}: {check.finding}" for check in found]
    lines.append("everything needed is there" if ok else "something needed is missing, see the lines marked with x")
    content = {"ok": ok, "checks": [check.as_dict() for check in found]}
    _answer(content, as_json, "\n".join(lines))
    if not ok:
        raise SystemExit(1)


@main.command()
@click.argument("videos", nargs=-1, required=True)
@click.option("--sample-rate", type=click.FloatRange(0.5, 120), default=3.0, show_default=True, help="Rows a second.")
@click.option(
    "--min-face",
    type=click.FloatRange(0.005, 1),
    default=1 / 12,
    help="Smallest face / picture's shorter side [1/12].",
)
@click.option("--embedder", type=click.Choice(["resnet29", "facenet"]), default="resnet29", show_default=True)
@click.option("--emotion", type=click.Choice(["ferplus", "hsemotion"]), default="ferplus", show_default=True)
@click.option("--resume/--no-resume", default=True, show_default=True, help="Go on after the last finished minute.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@json_option
@click.pass_context
def extract(
    ctx: click.Context,
    videos: tuple[str, ...],
    sample_rate: float,
    min_face: float,
    embedder: str,
    emotion: str,
    resume: bool,
    device: str,
    as_json: bool,
) -> None:
    """Read faces and sound of VIDEOS into feature files, once for all people and thresholds."""
    from core.multimodal_processor import ExtractionSettings, extract, summary
    from core.video import probe

    settings = ExtractionSettings(sample_rate, min_face, embedder, emotion, device)
    workspace = _workspace(ctx)
    models = None
    results, failures = [], []
    for text in videos:
        try:
            with _path_of(workspace, text) as (video, path), workspace.lock(f"extract-{video.id}", timeout=0):
                probe(path)
                models = models or settings.load_models()
                started = time.monotonic()
                target = workspace.features_path(video.id)
                features = extract(
                    path,
                    target,
                    settings=settings,
                    models=models,
                    resume=resume,
                    on_progress=ProgressLine(path.name),
                    writing=partial(workspace.lock, f"features-{video.id}", timeout=60),
                )
                seconds = time.monotonic() - started
        except PunchlineError as error:
            failures.append({"video": text, "error": str(error)})
            _say(f"Error: {error}")
            continue
        counts = summary(features)
        for warning in counts["warnings"]:
            _say(f"{path.name}: warning: {warning}")
        results.append({"video": video.name, "id": video.id, "file": str(target), "seconds": seconds, **counts})
        if not as_json:
            click.echo(
                f"{video.name}: {counts['n_frames']} rows, {counts['n_faces']} faces in "
                f"{counts['n_frames_with_face']} of them, {counts['n_tracks']} tracks, in {_clock(seconds)} -> {target}"
            )
    if as_json:
        click.echo(json.dumps({"videos": results, "failed": failures}, ensure_ascii=False))
    if failures:
        raise SystemExit(1)


@contextmanager
def _path_of(workspace: Any, text: str) -> Iterator[tuple[Any, Path]]:
    """A video and a path at which it lies now."""
    from core.errors import VideoUnreadable

    video = workspace.find_video(text)
    if video.path is None:
        raise VideoUnreadable(f"{text}: the video is gone from {video.paths[0]}; give its new path")
    yield video, video.path


def _features_of(workspace: Any, text: str) -> tuple[Any, Any]:
    from core.errors import WorkspaceFault
    from core.multimodal_processor import current_features

    video = workspace.find_video(text)
    features = current_features(workspace.features_path(video.id))
    if features is None:
        raise WorkspaceFault(f"{video.name}: not analysed yet; run `punchline extract {video.name}` first")
    if not features.info.complete:
        _say(f"{video.name}: the extraction is not finished; using the minutes that are")
    return video, features


@main.group()
def weights() -> None:
    """Weights of models: what is bundled, what can be downloaded."""


@weights.command("list")
@json_option
def weights_list(as_json: bool) -> None:
    """List all weights, and which are here."""
    from core.weights import catalogue, is_here

    rows = [
        {"name": w.name, "here": is_here(w), "bundled": w.url is None, "megabytes": round(w.size / 1e6, 1)}
        for w in catalogue()
    ]
    lines = [
        f"{'+' if row['here'] else '-'}  {row['name']}  {row['megabytes']} MB"
        + ("" if row["bundled"] or row["here"] else f"  (punchline weights fetch {row['name']})")
        for row in rows
    ]
    _answer({"weights": rows}, as_json, "\n".join(lines))


@weights.command("fetch")
@click.argument("name")
@json_option
def weights_fetch(name: str, as_json: bool) -> None:
    """Download the weights NAME once; a download that broke off goes on where it was."""
    from core.weights import describe, fetch

    wanted = describe(name)
    if wanted.url is not None:
        _say(f"{name}: {wanted.size / 1e6:.1f} MB from {wanted.url}")
    shown = [0.0]

    def tell(completed: int, total: int) -> None:
        if total and completed / total >= shown[0] + 0.1:
            shown[0] = completed / total
            _say(f"{name}: {completed / 1e6:.1f} of {total / 1e6:.1f} MB")

    path = fetch(wanted, on_progress=tell)
    _answer({"name": name, "file": str(path)}, as_json, f"{name} -> {path}")


@main.group()
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
    from core.identity import clean_name
    from core.reference import faces_in, read_photo
    from core.video import frame_at
    from core.video_feature_extractor import load_models

    clean_name(name)
    workspace = _workspace(ctx)
    pictures: list[tuple[str, Callable[[], Any]]] = [(str(p), lambda p=p: read_photo(p)) for p in images]  # type: ignore[misc]
    if video is not None and at is not None:
        with _path_of(workspace, video) as (found, path):
            time_ = at
            pictures.append((f"{found.name} at {at:.2f} s", lambda: frame_at(path, time_).image))
    models = load_models(min_face=0.04, embedder_name=embedder, device="cpu")
    chosen = []
    for origin, picture in pictures:
        faces = faces_in(picture(), origin, detector=models.detector, embedder=models.embedder)
        if face is not None and face > len(faces):
            raise PunchlineError(f"{origin}: face {face} was asked for, but there are {len(faces)}")
        if len(faces) > 1 and face is None:
            _say(f"{origin}: {len(faces)} faces found, the largest is taken; use --face 2 for the next one")
        chosen.append(faces[(face or 1) - 1])
    added = workspace.add_references(name, tuple(chosen))
    content = {"person": added.name, "id": added.id, "n_references": len(added.references), "n_added": len(chosen)}
    _answer(content, as_json, f"{added.name}: {len(chosen)} added, {len(added.references)} reference faces")


@person.command("list")
@json_option
@click.pass_context
def person_list(ctx: click.Context, as_json: bool) -> None:
    """List people, their references and thresholds."""
    people = _workspace(ctx).people()
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
    _answer(content, as_json, "\n".join(lines) or "no people yet: punchline person add NAME photo.jpg")


@person.command("remove")
@click.argument("name")
@click.option("--reference", type=click.IntRange(1), help="Remove only this reference face, 1 is the first.")
@json_option
@click.pass_context
def person_remove(ctx: click.Context, name: str, reference: int | None, as_json: bool) -> None:
    """Remove the person NAME with all stored faces and series, or one reference face."""
    workspace = _workspace(ctx)
    found = workspace.find_person(name)
    if reference is None:
        workspace.remove_person(found)
        _answer({"removed": found.name, "id": found.id}, as_json, f"{found.name}: removed")
    else:
        left = len(workspace.remove_reference(found, reference - 1).references)
        content = {"person": found.name, "id": found.id, "n_references": left}
        _answer(content, as_json, f"{found.name}: {left} reference faces left")


@person.command("rename")
@click.argument("name")
@click.argument("new_name")
@json_option
@click.pass_context
def person_rename(ctx: click.Context, name: str, new_name: str, as_json: bool) -> None:
    """Give the person NAME another display name; id, references and series stay."""
    workspace = _workspace(ctx)
    renamed = workspace.rename_person(workspace.find_person(name), new_name)
    _answer({"person": renamed.name, "id": renamed.id}, as_json, f"{name} is now {renamed.name}")


@main.command()
@click.argument("video")
@click.option("--person", "name", help="Whose series; may be left out if there is only one person.")
@click.option("--strict", type=click.FloatRange(-1, 1), help="Similarity of a sure match [the person's].")
@click.option("--relaxed", type=click.FloatRange(-1, 1), help="Similarity of a match on the person's track.")
@click.option("--fill", type=click.Choice(["linear", "nearest", "none"]), default="linear", show_default=True)
@click.option(
    "--max-gap", type=click.FloatRange(0), default=1.0, show_default=True, help="Longest gap filled, seconds."
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
    out: Path | None,
    as_json: bool,
) -> None:
    """Make the 12-d series of a person from an analysed VIDEO, without reading the video again."""
    from core import export, storage
    from core.multimodal_processor import person_series
    from core.series import Source

    workspace = _workspace(ctx)
    found = workspace.find_person(name) if name else workspace.only_person()
    record, features = _features_of(workspace, video)
    saved = found.thresholds_for(record.id)
    try:
        thresholds = replace(
            saved,
            strict=saved.strict if strict is None else strict,
            relaxed=min(saved.relaxed, strict or saved.relaxed) if relaxed is None else relaxed,
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    made = person_series(features, found, thresholds=thresholds, fill=fill, max_gap=max_gap)
    if features.info.complete:
        with workspace.lock(f"features-{record.id}"):
            storage.write_person_series(workspace.features_path(record.id), found.id, found.name, made)
    if out is not None:
        export.write_series(out, made)
    rows = {kind.name.lower(): int((made.series.source == kind).sum()) for kind in Source}
    content = {
        "video": record.name,
        "person": found.name,
        "n_rows": len(made.series),
        "rows": rows,
        "strict": thresholds.strict,
        "relaxed": thresholds.relaxed,
        "out": str(out) if out else None,
    }
    parts = ", ".join(f"{n} {kind}" for kind, n in rows.items())
    _answer(content, as_json, f"{found.name} in {record.name}: {parts}" + (f" -> {out}" if out else ""))


def _person_of(workspace: Any, name: str | None) -> Any:
    return workspace.find_person(name) if name else workspace.only_person()


@main.group()
def labels() -> None:
    """Labels: funny and not funny clips of 5 to 7 seconds."""


@labels.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--person", "name", help="Whose labels, where the file does not say.")
@click.option("--strict", is_flag=True, help="All or nothing: a bad line refuses the whole file.")
@json_option
@click.pass_context
def labels_import(ctx: click.Context, file: Path, name: str | None, strict: bool, as_json: bool) -> None:
    """Take labels from a CSV FILE: video,start,end,label[,person,note], or video,time,label."""
    from core.label_csv import read_labels
    from core.library import Library

    workspace = _workspace(ctx)
    library = Library(workspace)
    rows, faults = read_labels(file.read_bytes())
    events, more = library.events_of(rows, person=workspace.find_person(name) if name else None)
    faults = sorted([*faults, *more], key=lambda fault: fault.line)
    for fault in faults:
        _say(f"{file.name}, line {fault.line}: {fault.reason}")
    refused = bool(faults) and (strict or not events)
    if not refused:
        library.ledger.record(events)
    content = {
        "n_imported": 0 if refused else len(events),
        "n_funny": 0 if refused else sum(event.label or 0 for event in events),
        "faults": [{"line": fault.line, "reason": fault.reason} for fault in faults],
    }
    _answer(content, as_json, f"{content['n_imported']} labels imported, {len(faults)} bad lines")
    if refused:
        raise SystemExit(1)


@labels.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@json_option
@click.pass_context
def labels_export(ctx: click.Context, file: Path, as_json: bool) -> None:
    """Write all labels into a CSV FILE that `labels import` takes."""
    from core import storage
    from core.label_csv import write_labels
    from core.library import Library

    workspace = _workspace(ctx)
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
        )
        for event in events
    )
    storage.write_bytes(file, text.encode())
    _answer({"n_exported": len(events), "file": str(file)}, as_json, f"{len(events)} labels -> {file}")


@labels.command("stats")
@json_option
@click.pass_context
def labels_stats(ctx: click.Context, as_json: bool) -> None:
    """Count the labels of each person and video."""
    from collections import Counter

    from core.library import Library

    workspace = _workspace(ctx)
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
    _answer({"labels": rows, "n": sum(counts.values())}, as_json, "\n".join(lines) or "no labels yet")


@main.command()
@click.option("--person", "name", help="For whom; may be left out if there is only one person.")
@click.option("--model", type=click.Choice(["auto"]), default="auto", show_default=True)
@click.option("--name", "model_name", help="Name of the new model [the time].")
@json_option
@click.pass_context
def train(ctx: click.Context, name: str | None, model: str, model_name: str | None, as_json: bool) -> None:
    """Train a classifier on a person's labels."""
    from datetime import UTC, datetime

    from core.clip_dataset_builder import MAX_FAILED_RATIO, series_digest
    from core.funny_moment_classifier import FunnyMomentClassifier
    from core.library import Library

    workspace = _workspace(ctx)
    found = _person_of(workspace, name)
    library = Library(workspace)
    clips = library.clips(person=found)
    for event, reason in clips.left_out:
        _say(f"label {event.start:.1f}-{event.end:.1f} s of {event.video_id} is left out: {reason}")
    n_failed = int((~clips.usable).sum())
    if n_failed:
        _say(f"{n_failed} clips are left out: the face is not seen in {MAX_FAILED_RATIO:.0%} of their rows or more")
    X, y = clips.inputs[clips.usable], clips.labels[clips.usable]
    fitted = FunnyMomentClassifier(model).fit(X, y)
    folder = library.new_model_folder(model_name)
    digests = {}
    for video_id in dict.fromkeys(event.video_id for event in clips.events):
        made = library.series(video_id, found.id)
        digests[video_id] = series_digest(made.parameters) if made else None
    first = library.series(clips.events[0].video_id, found.id)
    card = {
        "person_id": found.id,
        "person": found.name,
        "created": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "n_clips": len(y),
        "n_funny": int(y.sum()),
        "n_left_out": len(clips.left_out) + n_failed,
        "labelled_share": float(y.mean()),
        "series": digests,
        "models": first.parameters["models"] if first else {},
    }
    fitted.save(folder, card)
    content = {"model": folder.name, **{k: card[k] for k in ("n_clips", "n_funny", "n_left_out")}}
    _answer(content, as_json, f"{folder.name}: trained on {len(y)} clips, {int(y.sum())} of them funny -> {folder}")


def _prior(ctx: click.Context, parameter: click.Parameter, value: str) -> str | float:
    if value in ("auto", "labels"):
        return value
    try:
        share = float(value)
    except ValueError:
        share = 0.0
    if not 0 < share < 1:
        raise click.BadParameter("expected auto, labels, or a share between 0 and 1")
    return share


def _per_hour(ctx: click.Context, parameter: click.Parameter, value: str) -> float | None:
    if value == "none":
        return None
    try:
        number = float(value)
    except ValueError:
        number = 0.0
    if number <= 0:
        raise click.BadParameter("expected none or a number above 0")
    return number


@main.command()
@click.argument("video")
@click.option("--person", "name", help="Whose moments; may be left out if there is only one person.")
@click.option("--model", "model_name", help="Which model [the person's newest].")
@click.option("--threshold", type=click.FloatRange(0, 1), help="Score from which a moment counts [by expected F1].")
@click.option("--prior", callback=_prior, default="auto", help="Share that is funny: auto (1 %), labels, or a share.")
@click.option("--max-per-hour", callback=_per_hour, default="12", show_default=True, help="A number, or none.")
@json_option
@click.pass_context
def detect(
    ctx: click.Context,
    video: str,
    name: str | None,
    model_name: str | None,
    threshold: float | None,
    prior: str | float,
    max_per_hour: float | None,
    as_json: bool,
) -> None:
    """Find the funny moments of a person in an analysed VIDEO."""
    import numpy as np

    from core.clip_dataset_builder import MAX_FAILED_RATIO
    from core.errors import ModelFault
    from core.funny_moment_classifier import FunnyMomentClassifier
    from core.library import Library
    from core.series import centred
    from core.sliding_window_processor import STEP, moments, score_curve, sliding_windows

    workspace = _workspace(ctx)
    found = _person_of(workspace, name)
    library = Library(workspace)
    record = workspace.find_video(video)
    folder = library.model_folder(model_name, found)
    fitted, card = FunnyMomentClassifier.load(folder)
    made = library.series_of(record, found)
    here, there = made.parameters["models"]["recogniser"], card["models"].get("recogniser")
    if here != there:
        raise ModelFault(
            f"{folder.name}: trained on the emotion model {there}, this video was read with {here}; "
            "extract again with the same --emotion, or train a new model"
        )
    windows = sliding_windows(made.series)
    scores = np.full(len(windows), np.nan)
    judged = windows.failed_ratio < MAX_FAILED_RATIO
    share = {"auto": 0.01, "labels": card["labelled_share"]}.get(str(prior), prior)
    if judged.any():
        inputs = centred(windows.values[judged], library.usual_for(record, found))
        scores[judged] = fitted.predict_proba(inputs, prior=float(share))[:, 1]
    curve = score_curve(windows, scores)
    found_moments = moments(windows, scores, threshold=threshold, max_per_hour=max_per_hour)
    not_judged = float(np.isnan(curve.scores).sum() * STEP)
    content = {
        "video": record.name,
        "person": found.name,
        "model": folder.name,
        "prior": share,
        "moments": [{"start": m.start, "end": m.end, "score": round(m.score, 4)} for m in found_moments],
        "not_judged_s": not_judged,
    }
    lines = [f"{_clock(m.start):>8} - {_clock(m.end):<8} {m.score:.2f}" for m in found_moments]
    lines.append(f"{len(found_moments)} moments in {record.name}; {_clock(not_judged)} not judged (face not seen)")
    _answer(content, as_json, "\n".join(lines))


if __name__ == "__main__":
    main()
