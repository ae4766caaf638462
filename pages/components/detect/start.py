"""What page Detect shows before there is a result: what is missing, the button, the progress, what went wrong."""

from __future__ import annotations

import streamlit as st

from core.actions.background import begin_detection
from core.errors import ModelFault, PunchlineError
from core.people.person import Person
from core.people.series_file import PersonSeries
from core.workspace.jobs import Job, Jobs
from core.workspace.registry import Video
from core.workspace.workspace import Workspace
from pages.components.detect.data import Model, Subject, fitness, kept_settings, latest_result
from pages.components.shared.data import duration_of
from pages.components.shared.header import lacking
from pages.components.shared.job_panel import job_bar, progress_text
from pages.components.shared.model_name import model_title
from pages.components.shared.shell import _, as_markdown, fragment, plain, show_error, told


def not_extracted(space: Workspace, video: Video) -> None:
    """The video has no series yet."""
    job = Jobs(space).latest("extract", video.id)
    if job is not None and job.live:
        said = _("The video is being extracted. Come back when the first minutes are done.")
        lacking("series", said, _("Watch the progress"), "pages/extract.py")
        return
    said = _("The video is not extracted yet: faces and sound have to be read first.")
    lacking("series", said, _("Extract"), "pages/extract.py")


def no_model(person: Person) -> None:
    """Nobody trained anything yet."""
    said = _("There is no model yet. Label some clips of {name}, then train one.", name=plain(person.name))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/model_training: {said}", width="content")
        st.page_link("pages/label.py", label=_("Label clips"), icon=":material/label:")
        st.page_link("pages/train.py", label=_("Train"), icon=":material/model_training:")


def model_select(space: Workspace, video: Video, person: Person, models: list[Model]) -> Model:
    """The model to ask: at first the one of the kept result, else the person's newest."""
    names = {model.name: _model_name(model, person) for model in models}
    key = f"detect-model-{person.id}"
    kept = latest_result(space, video, person)
    first = str(kept["model"]) if kept is not None and kept.get("model") in names else models[0].name
    if st.session_state.get(key) not in names:
        st.session_state[key] = first
    chosen = st.selectbox(_("Model"), list(names), format_func=names.__getitem__, key=key, label_visibility="collapsed")
    return next(model for model in models if model.name == chosen)


def _model_name(model: Model, person: Person) -> str:
    parts = [model_title(model.name, model.card.get("created"))]
    if "n_clips" in model.card:
        parts.append(_("{n} clips", n=model.card["n_clips"]))
    if not model.is_of(person):
        parts.append(_("trained for {name}", name=model.card.get("person", "?")))
    return " · ".join(parts)


def of_somebody_else(subject: Subject) -> bool:
    """Say where there is only a model of somebody else; whether candidates by laughter and chat are wanted instead."""
    if subject.model.is_of(subject.person):
        return False
    name, other = plain(subject.person.name), plain(str(subject.model.card.get("person", "?")))
    with st.container(horizontal=True, vertical_alignment="center"):
        said = _("This model was trained on the labels of {other}, not of {name}.", other=other, name=name)
        st.markdown(f":material/info: {said}", width="content")
        st.page_link("pages/label.py", label=_("Label clips"), icon=":material/label:")
        return st.toggle(_("Candidates by laughter and chat"), key=f"candidates-{subject.key}")


def find_button(subject: Subject, job: Job | None, *, again: bool, disabled: bool) -> None:
    """The one click."""
    busy = job is not None and job.live
    said = _("Find again") if again else _("Find funny moments")
    if st.button(
        said,
        type="secondary" if again else "primary",
        disabled=busy or disabled,
        key="find",
        icon=":material/search:",
        width="stretch",
    ):
        settings = kept_settings(
            subject.space,
            subject.video,
            subject.person,
            duration_of(subject.space, subject.video),
            model=subject.model.name,
        )
        with told():
            if job is not None and job.status != "done":
                Jobs(subject.space).forget(job.id)  # what failed before is no news any more
            begin_detection(subject.space, subject.video, subject.person, settings, model=subject.model.name)
            st.rerun()


def fits(subject: Subject, series: PersonSeries) -> bool:
    """Whether the model can be used on this video; if not, what to do."""
    try:
        for warning in fitness(subject, series):
            st.warning(as_markdown(warning), icon=":material/warning:")
    except ModelFault as error:
        show_error(error)
        st.page_link("pages/train.py", label=_("Train"), icon=":material/model_training:")
        return False
    return True


def progress(subject: Subject, job: Job) -> None:
    """A running search; the result appears by itself."""
    fragment(_progress, run_every=0.5)(subject.space, job.id)


def _progress(space: Workspace, id: str) -> None:
    try:
        job = Jobs(space).find(id)
    except PunchlineError:
        st.rerun()
    if not job.live:
        st.rerun()
    job_bar(job, _("Finding funny moments: {how}", how=progress_text(job)))


def unfinished(job: Job, subject: Subject) -> None:
    """Why the latest search of this model came to nothing."""
    if job.settings.get("model") != subject.model.name:
        return
    if job.status == "failed":
        show_error(job.message)
    elif job.status == "died":
        st.warning(_("The search was stopped from outside. Start it again."), icon=":material/heart_broken:")
