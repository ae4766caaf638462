"""Train: what is learned from, a training and its progress, and every model with its figures."""

import streamlit as st

from core.errors import PunchlineError
from core.people.person import Person
from core.training.model_store import ModelStore
from core.workspace.jobs import Jobs
from core.workspace.workspace import Workspace
from pages.components.shared.data import clips_of, ledger_of
from pages.components.shared.shell import _, fragment, person_select, plain, show_error, workspace
from pages.components.train.data import data_panel, enough
from pages.components.train.models import models_panel
from pages.components.train.training import live_training, start_panel


def whom(space: Workspace) -> Person | None:
    """The person whose labels are learned from; None where there is none, which is said."""
    people = space.people()
    if not people:
        st.info(_("A model is trained for a person. Pick one first."), icon=":material/face:")
        st.page_link("pages/reference.py", label=_("Pick the person"), icon=":material/face:")
        return None
    with st.columns([2, 5])[0]:
        return person_select(people, key="train-person")


def main() -> None:
    """Draw the page."""
    st.title(_("Train"))
    st.caption(_("Learns from your labels what is funny, and says how well."))
    try:
        space = workspace()
        person = whom(space)
        if person is None:
            return
        models = ModelStore(space).of(person)
        if not models and not ledger_of(space).labels(person_id=person.id):
            st.info(_("There are no labels of {name} yet.", name=plain(person.name)), icon=":material/label:")
            st.page_link("pages/label.py", label=_("Label clips"), icon=":material/label:")
            return
        with st.spinner(_("Reading the labelled clips…"), show_time=False):
            dataset = clips_of(space, person)
        data_panel(space, dataset)
        job = Jobs(space).latest("train", person.id)
        live = job is not None and job.live
        with st.container():  # what follows keeps its place, whether this is there or not
            if not live and enough(dataset):
                start_panel(space, person, dataset, models)
        with st.container():
            fragment(live_training, run_every=1.0 if live else None)(space, person)
        models_panel(space, person, models)
    except PunchlineError as error:
        show_error(error)


main()
