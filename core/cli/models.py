"""The commands `punchline train` and `punchline detect`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import click

from core.classifiers.choice import CHOICES
from core.cli.answers import (
    Command,
    address_option,
    answer,
    engine_option,
    json_option,
    person_of,
    rows_option,
    sampling_option,
    say,
    workers_option,
    workspace_of,
)
from core.cues.cue import CUES
from core.errors import PunchlineError
from core.segment import clock, length

if TYPE_CHECKING:
    from core.detection.detect import Prior
    from core.series import Sampling


@click.command(cls=Command)
@click.option("--person", "name", help="For whom; may be left out if there is only one person.")
@click.option("--model", type=click.Choice(CHOICES), default="auto", show_default=True)
@click.option("--name", "model_name", help="Name of the new model [the time].")
@click.option(
    "--judge", is_flag=True, help="Judge thoroughly by nested cross-validation; takes some ten times as long."
)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@rows_option
@sampling_option
@click.option("--cues", default="none", show_default=True, help="Further columns: auto, none, or laughter,chat.")
@json_option
@click.pass_context
def train(
    ctx: click.Context,
    name: str | None,
    model: str,
    model_name: str | None,
    judge: bool,
    seed: int,
    device: str,
    n_rows: int | None,
    sampling: Sampling | None,
    cues: str,
    as_json: bool,
) -> None:
    """Train a classifier on a person's labels."""
    from core.actions import models
    from core.training.train import TrainingSettings

    workspace = workspace_of(ctx)
    settings = TrainingSettings(
        model=model, judge=judge, seed=seed, device=device, n_rows=n_rows, sampling=sampling, cues=cues
    )
    folder, card = models.train(workspace, person_of(workspace, name), settings, name=model_name)
    for row in card["excluded"]:
        say(f"label {row['start']:.1f}-{row['end']:.1f} s of {row['video_id']} is left out: {row['reason']}")
    content = {"model": folder.name, **{k: card[k] for k in ("n_clips", "n_funny", "n_left_out", "cues", "judgement")}}
    text = f"{folder.name}: trained on {card['n_clips']} clips, {card['n_funny']} of them funny -> {folder}"
    text += _verdict(card["judgement"])
    if without := card["judgement"].get("without_cues"):
        gain = without["difference"]["f1"]
        text += (
            f"\nwith {' and '.join(card['cues'])}: F1 {card['judgement']['metrics']['f1']['value']:.3f}, without "
            f"{without['metrics']['f1']['value']:.3f}; better by {gain['value']:+z.3f} "
            f"(95 %: {gain['low']:+z.3f} to {gain['high']:+z.3f})"
        )
    answer(content, as_json, text)


def _verdict(judgement: Mapping[str, Any]) -> str:
    """Whether the model is worth more than an answer that needs none, on clips that it did not learn from."""
    short = {f"{cue.name}_{cue.lane}": cue.name for cue in CUES.values()}
    gaps = {short.get(name, name): other["difference"]["f1"] for name, other in judgement.get("baselines", {}).items()}
    unclear = [name.replace("_", " ") for name, gap in gaps.items() if gap["low"] is None or gap["low"] <= 0]
    if not gaps:
        return ""
    f1 = judgement["metrics"]["f1"]["value"]
    if unclear:
        return f"\nF1 {f1:.2f} on unseen clips: not clearly better than {', '.join(unclear)}; more labels may help"
    return f"\nF1 {f1:.2f} on unseen clips: better than {', '.join(gaps).replace('_', ' ')}"


def _prior(ctx: click.Context, parameter: click.Parameter, value: str) -> Prior:
    if value == "auto":
        return "auto"
    if value == "labels":
        return "labels"
    try:
        share = float(value)
    except ValueError:
        share = 0.0
    if not 0 < share < 1:
        raise click.BadParameter("expected auto, labels, or a share between 0 and 1")
    return share


def _threshold(ctx: click.Context, parameter: click.Parameter, value: str) -> float | None:
    if value == "auto":
        return None
    try:
        threshold = float(value)
    except ValueError:
        threshold = -1.0
    if not 0 <= threshold <= 1:
        raise click.BadParameter("expected auto, or a score from 0 to 1")
    return threshold


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
@click.argument("videos", nargs=-1, required=True)
@click.option("--person", "name", help="Whose moments; may be left out if there is only one person.")
@click.option("--model", "model_name", help="Which model [the person's newest].")
@click.option("--threshold", callback=_threshold, default="auto", help="Score from which a moment counts, or auto.")
@click.option(
    "--prior",
    callback=_prior,
    default="auto",
    help="Share that is funny: auto (1 %, or as labels tell), labels, or a share.",
)
@click.option("--max-per-hour", callback=_per_hour, default="12", show_default=True, help="A number, or none.")
@rows_option
@sampling_option
@workers_option
@engine_option
@address_option
@json_option
@click.pass_context
def detect(
    ctx: click.Context,
    videos: tuple[str, ...],
    name: str | None,
    model_name: str | None,
    threshold: float | None,
    prior: Prior,
    max_per_hour: float | None,
    n_rows: int | None,
    sampling: Sampling | None,
    n_workers: int,
    engine: Literal["local", "ray"],
    address: str | None,
    as_json: bool,
) -> None:
    """Find the funny moments of a person in analysed VIDEOS."""
    from core.actions.batch import Engine, detect_all
    from core.detection.detect import DetectionSettings

    workspace = workspace_of(ctx)
    settings = DetectionSettings(threshold=threshold, prior=prior, max_per_hour=max_per_hour)
    subjects, person = [workspace.find_video(text) for text in videos], person_of(workspace, name)
    how = {"model": model_name, "n_rows": n_rows, "sampling": sampling}
    results, failures = [], []
    for outcome in detect_all(workspace, subjects, person, settings, Engine(engine, address, n_workers), **how):
        if isinstance(outcome.result, PunchlineError):
            failures.append({"video": outcome.video.name, "error": str(outcome.result)})
            say(f"Error: {outcome.result}")
            continue
        results.append(outcome.result)
        for warning in outcome.result["warnings"]:
            say(f"{outcome.video.name}: warning: {warning}")
        if not as_json:
            click.echo(_in_words(outcome.result, heading=len(subjects) > 1))
    if as_json and len(subjects) > 1:
        answer({"videos": results, "failed": failures}, as_json, "")
    elif as_json and results:
        answer(dict(results[0]), as_json, "")
    if failures:
        raise SystemExit(1)


def _in_words(result: Mapping[str, Any], *, heading: bool) -> str:
    """The moments of a video, a line each."""
    lines = [f"{result['video']}:"] if heading else []
    lines += [f"{clock(m['start']):>8} - {clock(m['end']):<8} {m['score']:.2f}" for m in result["moments"]]
    lines.append(f"{len(result['moments'])} moments; {length(result['not_judged_s'])} not judged (face not seen)")
    if result["loud"]:
        times = ", ".join(f"{clock(start)}-{clock(end)}" for start, end, _ in result["loud"])
        lines.append(f"loud while the face is not seen, worth a look: {times}")
    return "\n".join(lines)
