"""The commands `punchline train` and `punchline detect`."""

from __future__ import annotations

import click

from core.command import Command, answer, clock, json_option, person_of, say, workspace_of


@click.command(cls=Command)
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

    workspace = workspace_of(ctx)
    found = person_of(workspace, name)
    library = Library(workspace)
    clips = library.clips(person=found)
    for event, reason in clips.left_out:
        say(f"label {event.start:.1f}-{event.end:.1f} s of {event.video_id} is left out: {reason}")
    n_failed = int((~clips.usable).sum())
    if n_failed:
        say(f"{n_failed} clips are left out: the face is not seen in {MAX_FAILED_RATIO:.0%} of their rows or more")
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
    answer(content, as_json, f"{folder.name}: trained on {len(y)} clips, {int(y.sum())} of them funny -> {folder}")


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


@click.command(cls=Command)
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

    workspace = workspace_of(ctx)
    found = person_of(workspace, name)
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
    lines = [f"{clock(m.start):>8} - {clock(m.end):<8} {m.score:.2f}" for m in found_moments]
    lines.append(f"{len(found_moments)} moments in {record.name}; {clock(not_judged)} not judged (face not seen)")
    answer(content, as_json, "\n".join(lines))
