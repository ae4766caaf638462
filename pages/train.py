"""Train: what is learned from, a training and its progress, and every model with its figures."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.errors import PunchlineError
from core.people.person import Person
from core.training.model_store import ModelStore
from core.workspace.jobs import Jobs
from core.workspace.workspace import Workspace
from pages.components.shared.data import clips_of, ledger_of
from pages.components.shared.header import header, lacking
from pages.components.shared.shell import _, fragment, person_select, plain, show_error, workspace
from pages.components.train.data import data_panel, enough
from pages.components.train.models import models_panel
from pages.components.train.training import live_training, start_panel

REFERENCE = "pages/reference.py"


def whom(space: Workspace, place: DeltaGenerator) -> Person | None:
    """The person whose labels are learned from; None where there is none, which is said."""
    people = space.people()
    if not people:
        lacking("person", _("A model is trained for a person. Pick one first."), _("Pick the person"), REFERENCE)
        return None
    with place:
        return person_select(people, key="train-person")


def main() -> None:
    """Draw the page."""
    place, words = header(_("Train"), 3, 7)
    words.caption(_("Learns from your labels what is funny, and says how well."))
    try:
        space = workspace()
        person = whom(space, place)
        if person is None:
            return
        models = ModelStore(space).of(person)
        if not models and not ledger_of(space).labels(person_id=person.id):
            said = _("There are no labels of {name} yet.", name=plain(person.name))
            lacking("label", said, _("Label clips"), "pages/label.py")
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
