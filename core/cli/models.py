"""The commands `punchline train` and `punchline detect`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from core.classifiers.choice import CHOICES
from core.cli.answers import (
    Command,
    answer,
    json_option,
    person_of,
    rows_option,
    sampling_option,
    say,
    workspace_of,
)
from core.segment import clock

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
            f"{without['metrics']['f1']['value']:.3f}; better by {gain['value']:+.3f} "
            f"(95 %: {gain['low']:+.3f} to {gain['high']:+.3f})"
        )
    answer(content, as_json, text)


def _verdict(judgement: Mapping[str, Any]) -> str:
    """Whether the model is worth more than an answer that needs none, on clips that it did not learn from."""
    gaps = {name: other["difference"]["f1"] for name, other in judgement.get("baselines", {}).items()}
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
@click.argument("video")
@click.option("--person", "name", help="Whose moments; may be left out if there is only one person.")
@click.option("--model", "model_name", help="Which model [the person's newest].")
@click.option("--threshold", callback=_threshold, default="auto", help="Score from which a moment counts, or auto.")
@click.option("--prior", callback=_prior, default="auto", help="Share that is funny: auto (1 %), labels, or a share.")
@click.option("--max-per-hour", callback=_per_hour, default="12", show_default=True, help="A number, or none.")
@rows_option
@sampling_option
@json_option
@click.pass_context
def detect(
    ctx: click.Context,
    video: str,
    name: str | None,
    model_name: str | None,
    threshold: float | None,
    prior: Prior,
    max_per_hour: float | None,
    n_rows: int | None,
    sampling: Sampling | None,
    as_json: bool,
) -> None:
    """Find the funny moments of a person in an analysed VIDEO."""
    from core.actions import moments
    from core.detection.detect import DetectionSettings

    workspace = workspace_of(ctx)
    settings = DetectionSettings(threshold=threshold, prior=prior, max_per_hour=max_per_hour)
    subject, person = workspace.find_video(video), person_of(workspace, name)
    detected = moments.detect(workspace, subject, person, settings, model=model_name, n_rows=n_rows, sampling=sampling)
    for warning in detected.result["warnings"]:
        say(f"{subject.name}: warning: {warning}")
    decided = detected.decided
    lines = [f"{clock(m.start):>8} - {clock(m.end):<8} {m.score:.2f}" for m in decided.moments]
    lines.append(f"{len(decided.moments)} moments; {clock(decided.not_judged_s)} not judged (face not seen)")
    if decided.loud:
        times = ", ".join(f"{clock(s.start)}-{clock(s.end)}" for s in decided.loud)
        lines.append(f"loud while the face is not seen, worth a look: {times}")
    answer(detected.result, as_json, "\n".join(lines))
