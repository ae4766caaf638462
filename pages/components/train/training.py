"""Beginning a training, and watching it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from core.actions.models import build_dataset
from core.actions.retraining import RETRAIN_AFTER, n_new_labels, train_in_background
from core.classifiers.choice import CHOICES, FEW_LABELS, NETWORK_NAMES
from core.clip_dataset_builder import ClipDataset
from core.labels.rules import MAX_ROWS, MIN_ROWS, ClipOptions
from core.people.person import Person
from core.series import Sampling
from core.training.model_store import Model, ModelStore
from core.training.train import TrainingSettings
from core.workspace.jobs import Job, Jobs
from core.workspace.workspace import Workspace
from pages.components.shared.charts import bare
from pages.components.shared.colours import FIRST, QUIET, SECOND
from pages.components.shared.data import ledger_of
from pages.components.shared.job_panel import job_bar, progress_text
from pages.components.shared.shell import _, plain, show_error, told
from pages.components.train.data import counts_of

# Seconds on a slow core with 188 clips of 4 videos, measured: the training alone, and with the thorough judgement.
USUAL_SECONDS = {"auto": (15, 52), "ensemble": (6, 44), "forest": (5, 19), "rocket": (2, 11)}
MEASURED_CLIPS, MEASURED_SPLITS = 188, 4
NETWORK_SECONDS, LEAST_SECONDS = (20, 80), (1, 4)


def kind_of_model(name: str) -> str:
    """A kind of model, as a title."""
    return {
        "auto": _("Automatic (recommended)"),
        "laugh": _("Smile and sound together"),
        "logistic": _("Logistic regression"),
        "forest": _("Extremely random trees"),
        "intervals": _("Interval features"),
        "rocket": _("Random convolutions"),
        "ensemble": _("The simple three together"),
        "conv1d": _("Convolutional network"),
        "lstm": _("Recurrent network (LSTM)"),
        "tlstm": _("Time-aware LSTM"),
        "transformer": _("Transformer"),
    }.get(name, name)


def _about_model(name: str) -> str:
    return {
        "auto": _(
            "Tries the simple ones, and a network from {n} clips on; takes the simplest that is as good as the best. "
            "Where the labels are of one video or two, smile and sound together are taken if they tell much.",
            n=FEW_LABELS,
        ),
        "laugh": _(
            "One number: how much the person smiles while laughter, or else loud bursts, are heard. Holds best for "
            "other people."
        ),
        "logistic": _("Weighs averages and changes of each feature. Quick, hard to fool, right for few labels."),
        "forest": _("Many small decision trees on parts of the clip. Finds combinations of features."),
        "intervals": _("Ridge regression on averages and slopes of parts of the clip."),
        "rocket": _("Ridge regression on thousands of random filters. Finds short patterns in time."),
        "ensemble": _("The average of the three simple models: steady, a little slower."),
        "conv1d": _("Learns short patterns of its own. Wants more clips than the simple ones."),
        "lstm": _("Reads the clip row by row and remembers. Slower to train."),
        "tlstm": _("As LSTM, but knows how much time lies between two rows."),
        "transformer": _("Compares every row with every other. Slower to train."),
    }[name]


def start_panel(space: Workspace, person: Person, dataset: ClipDataset, models: Sequence[Model]) -> None:
    """The choice of model, how it is judged, its name, and the button that begins."""
    with st.container(border=True):
        left, name_place, start_place = st.columns([5.1, 2, 1.3], vertical_alignment="bottom")
        with left:
            _say_new(space, person, models)
            model_place, judge_place = st.columns([3, 2], vertical_alignment="center")
        kind = str(st.session_state.get("train-kind") or "auto")
        with model_place.popover(_("Model: {kind}", kind=kind_of_model(kind)), width="stretch", icon=":material/tune:"):
            kind = st.radio(
                _("Model"),
                CHOICES,
                key="train-kind",
                format_func=kind_of_model,
                captions=[_about_model(name) for name in CHOICES],
                label_visibility="collapsed",
            )
            options = _clip_options(dataset.options)
            cues = st.toggle(
                _("With laughter and chat, as far as all clips have them"),
                key="train-cues",
                help=_("Another model is trained without them and judged beside: it takes twice as long."),
            )
        judge = judge_place.toggle(
            _("Judge thoroughly"),
            key="train-judge",
            help=_(
                "Repeats the whole training, choice included, on parts of the labels and judges it on the rest (nested "
                "cross-validation). Gives honest figures, and says what more labels would bring."
            ),
        )
        name = name_place.text_input(
            _("Name"), key="train-name", placeholder=_("date and time"), max_chars=60, help=_("May be left empty.")
        )
        begin = start_place.button(
            _("Start"),
            type="secondary" if models else "primary",  # then the next step leads on
            icon=":material/play_arrow:",
            key="train-start",
            width="stretch",
        )
        left, right = st.columns([5, 3.3], vertical_alignment="center")
        seconds = expected_seconds(kind, judge, dataset, models)
        left.caption(f"{_takes(seconds)} {_meanwhile(bool(models))}")
        with right:
            _by_itself(space, person)
        if begin:
            with told():
                if options != dataset.options:
                    with st.spinner(_("Taking the clips anew…"), show_time=False):
                        build_dataset(space, n_rows=options.n_rows, sampling=options.sampling)
                settings = TrainingSettings(model=kind, judge=judge, cues="auto" if cues else "none")
                _begin(space, person, settings, name.strip())


def _clip_options(present: ClipOptions) -> ClipOptions:
    """How clips are taken from the series; as they are unless somebody chooses otherwise."""
    with st.expander(_("Clips: {n} rows, {sampling}", n=present.n_rows, sampling=_sampling_name(present.sampling))):
        n_rows = st.number_input(
            _("Rows of a clip"),
            min_value=MIN_ROWS,
            max_value=MAX_ROWS,
            value=present.n_rows,
            key=f"train-rows-{present}",
            help=_("However long a clip is, it becomes so many rows. More rows show quicker changes."),
        )
        samplings: tuple[Sampling, Sampling] = ("nearest", "linear")
        sampling = st.radio(
            _("Each row is"),
            samplings,
            index=samplings.index(present.sampling),
            key=f"train-sampling-{present}",
            format_func=_sampling_name,
        )
        options = ClipOptions(int(n_rows), sampling)
        if options != present:
            st.caption(_("All clips are taken anew, for every person. Models keep the way in which they learned."))
    return options


def _sampling_name(sampling: str) -> str:
    return _("interpolated in time") if sampling == "linear" else _("the nearest sample")


def _begin(space: Workspace, person: Person, settings: TrainingSettings, name: str) -> None:
    if any(model.name == name for model in ModelStore(space).all()):
        show_error(_("There is a model of this name already; choose another."))
        return
    if name:
        ModelStore(space).new_folder(name)  # a name that cannot be is said at once
    labels = ledger_of(space).labels(person_id=person.id)
    train_in_background(space, person, labels, settings, name=name or None)
    st.session_state.pop("train-shown", None)
    st.rerun()


def _say_new(space: Workspace, person: Person, models: Sequence[Model]) -> None:
    """That labels came since the last training; nothing where none did, or where there is no model yet."""
    n = n_new_labels(space, person, ledger_of(space).labels(person_id=person.id)) if models else 0
    if n:
        st.markdown(_("**{n} new labels** since the last training: press Start to learn from them.", n=n))


def _by_itself(space: Workspace, person: Person) -> None:
    store = ModelStore(space)
    key = f"retrain-{person.id}"
    st.session_state[key] = store.retrains(person)

    def changed() -> None:
        with told():
            store.set_retrains(person, bool(st.session_state[key]))

    st.toggle(
        _("Retrain automatically after {n} new labels", n=RETRAIN_AFTER),
        key=key,
        on_change=changed,
        help=_("The new model is offered here with its figures. It is not used before you choose it."),
    )


def expected_seconds(kind: str, judge: bool, dataset: ClipDataset, models: Sequence[Model]) -> float:
    """About how long a training takes: as long as the last one of its kind, else as measured."""
    n_clips = sum(counts_of(dataset))
    for model in models:
        settings, seconds = model.card.get("settings", {}), model.card.get("seconds", {})
        if settings.get("model") == kind and settings.get("judge") == judge and "all" in seconds and model.n_clips:
            return float(seconds["all"]) * max(0.5, n_clips / model.n_clips)
    usual = NETWORK_SECONDS if kind in NETWORK_NAMES else USUAL_SECONDS.get(kind, LEAST_SECONDS)
    expected = usual[judge] * max(0.5, n_clips / MEASURED_CLIPS)
    default, n_videos = TrainingSettings(), len(set(dataset.groups[dataset.usable].tolist()))
    few = 1 < n_videos <= default.n_folds  # then each video is judged once
    return expected * (default.n_folds * default.n_repeats / MEASURED_SPLITS if judge and not few else 1)


def _meanwhile(there_is_one: bool) -> str:
    """What goes on while a training runs, and which model is in use."""
    if there_is_one:
        return _("It runs in the background; the model in use stays until you choose.")
    return _("It runs in the background.")


def _takes(seconds: float) -> str:
    if seconds < 45:
        return _("Takes less than a minute.")
    if seconds < 90:
        return _("Takes about a minute.")
    return _("Takes about {n} minutes.", n=round(seconds / 60))


# Watching


def live_training(space: Workspace, person: Person) -> None:
    """The training under way or ended before its time; drawn again every second. Draws nothing where there is none."""
    with told():
        jobs = Jobs(space)
        job = jobs.latest("train", person.id)
        if job is None or job.status == "done":
            return
        with st.container(border=True):
            if job.live:
                _running(jobs, job)
            else:
                _ended(jobs, job)


def _running(jobs: Jobs, job: Job) -> None:
    st.markdown(f"**{_('Training a model of {name}', name=plain(job.name))}**")
    loading = job.status == "running" and job.total <= 0
    said = _("loading the program that learns…") if loading else progress_text(job)
    bar, button = st.columns([6, 1], vertical_alignment="bottom")
    with bar:
        job_bar(job, said)
    button.button(
        _("Cancel"), key=f"train-cancel-{job.id}", on_click=_do, args=(jobs.cancel, job), icon=":material/close:"
    )
    curves = read_curves(jobs, job)
    if curves:
        settings = {**asdict(TrainingSettings()), **job.settings.get("settings", {})}
        last = curves[-1]
        st.caption(
            _(
                "Network {k} of {n}, epoch {epoch} of at most {most}",
                k=last["seed"] + 1,
                n=settings["n_seeds"],
                epoch=last["epoch"] + 1,
                most=settings["n_epochs"],
            )
        )
        st.altair_chart(loss_chart(curves, height=220), width="stretch")
    elif job.status == "running":
        st.caption(_("You can change pages, close the tab, or label meanwhile."))


def _ended(jobs: Jobs, job: Job) -> None:
    if job.status == "failed":
        show_error(job.message)
    elif job.status == "died":
        st.warning(_("The training was stopped from outside. No model was written."), icon=":material/heart_broken:")
    else:
        st.caption(_("The training was cancelled. No model was written."))
    with st.container(horizontal=True):
        st.button(_("Try again"), key=f"train-again-{job.id}", on_click=_do, args=(jobs.resume, job))
        st.button(_("Dismiss"), key=f"train-dismiss-{job.id}", on_click=_do, args=(jobs.forget, job), type="tertiary")


def _do(action: Callable[[str], object], job: Job) -> None:
    with told():
        action(job.id)


def read_curves(jobs: Jobs, job: Job) -> list[dict[str, Any]]:
    """The losses that a training wrote so far; a line half written is left for the next time."""
    try:
        lines = jobs.curve_path(job).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        try:
            point = json.loads(line)
        except ValueError:
            continue
        if isinstance(point, dict) and {"seed", "epoch", "loss"} <= set(point):
            found.append(point)
    return found


def loss_chart(points: Sequence[dict[str, Any]], *, height: int) -> alt.LayerChart:
    """Losses by epoch: one thin line a network, in training and on clips held out."""
    learned, held_out = _("clips learned from"), _("clips held out")
    rows = [{"epoch": p["epoch"] + 1, "loss": p["loss"], "kind": learned, "network": str(p["seed"])} for p in points]
    rows += [
        {"epoch": p["epoch"] + 1, "loss": p["validation"], "kind": held_out, "network": str(p["seed"])}
        for p in points
        if p.get("validation") is not None
    ]
    kinds = [learned, held_out] if any(row["kind"] == held_out for row in rows) else [learned]
    base = alt.Chart(pd.DataFrame(rows)).encode(
        x=alt.X("epoch:Q", title=_("epoch"), axis=alt.Axis(tickMinStep=1, grid=False), scale=alt.Scale(nice=False)),
        y=alt.Y("loss:Q", title=_("loss"), axis=alt.Axis(tickCount=4, gridColor=QUIET, gridOpacity=0.25)),
        color=alt.Color(
            "kind:N",
            scale=alt.Scale(domain=kinds, range=[FIRST, SECOND][: len(kinds)]),
            legend=alt.Legend(title=None, orient="top", labelFontSize=11.5),
        ),
        detail="network:N",
    )
    lines = base.mark_line(strokeWidth=1.8, opacity=0.85, interpolate="monotone")
    ends = (
        base.transform_window(last="max(epoch)", groupby=["network", "kind"], frame=[None, None])
        .transform_filter("datum.epoch == datum.last")
        .mark_point(filled=True, size=36, opacity=1)
    )
    return bare((lines + ends).properties(height=height))
