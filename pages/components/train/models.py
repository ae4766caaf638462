"""All models of a person: which there are, which one is used, the newer one that is offered, and two side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import pandas as pd
import streamlit as st

from core.errors import ModelFault
from core.people.person import Person
from core.training.model_store import Model, ModelStore
from core.workspace.workspace import Workspace
from pages.components.shared.model_name import model_title, when
from pages.components.shared.shell import _, plain, show_error, told
from pages.components.train.compare import comparison
from pages.components.train.figures import metric_name, value_text
from pages.components.train.mistakes import mistakes
from pages.components.train.offer import advice, counts, figures
from pages.components.train.results import results
from pages.components.train.training import kind_of_model
from pages.components.train.verdict import Tally, tally

SHOWN, OTHER = "train-shown", "train-other"
NONE = ""


def title(model: Model) -> str:
    """A model's name as text of a page."""
    return plain(model_title(model.name, model.created))


def models_panel(space: Workspace, person: Person, models: Sequence[Model]) -> None:
    """Everything below the training: the offer, the table, and the figures of one model or of two."""
    store = ModelStore(space)
    try:
        used, offered = store.used(person), store.offered(person)
    except ModelFault as fault:  # nothing takes the place of a damaged model before a click
        show_error(fault)
        if models and st.button(_("Use “{name}”", name=title(models[0])), key="use-proposed"):
            _use(store, person, models[0])
        return
    with st.container():  # what follows keeps its place, whether this is there or not
        _undo(store)
        if used is not None and offered is not None:
            _offer(store, person, used, offered)
    if used is None:
        return
    st.subheader(_("Models of {name}", name=plain(person.name)))
    with st.container():
        if len(models) > 1:
            _table(models, used)
    one, other = _choice(store, person, models, used, offered)
    if other is not None:
        comparison(one, other)
        return
    results(one)
    mistakes(space, person, one)


def _offer(store: ModelStore, person: Person, used: Model, offered: Model) -> None:
    """A newer model than the one used, with what it would change; nothing changes before a click."""
    with st.container(border=True):
        words, buttons = st.columns([3, 1.3], vertical_alignment="center", gap="large")
        with words:
            st.markdown(f"**:material/new_releases: {_('A newer model is ready: “{name}”', name=title(offered))}**")
            taken, said = advice(used, offered)
            st.write("\n".join([said, "", *(f"- {line}" for line in counts(used, offered))]))
            st.caption(figures(used, offered))
        with buttons:
            better = taken == "newer"
            if st.button(
                _("Use the newer one"),
                type="primary" if better else "secondary",
                key="take-offer",
                width="stretch",
                icon=":material/check:" if better else None,
            ):
                _use(store, person, offered)
            if st.button(
                _("Keep “{name}”", name=title(used)),
                type="primary" if taken == "keep" else "secondary",
                key="decline-offer",
                width="stretch",
            ):
                with told():
                    store.decline(person, offered.name)
                    st.rerun()


def _use(store: ModelStore, person: Person, model: Model) -> None:
    with told():
        store.choose(person, model.name)
        st.toast(_("“{name}” is used from here on.", name=title(model)), icon=":material/check_circle:")
        st.rerun()


def table_rows(models: Sequence[Model], used: Model) -> list[dict[str, object]]:
    """The models as rows of a table; when they were trained only where one was named, as the others are called so."""
    titles = [model_title(model.name, model.created) for model in models]
    named = any(model.name == title for model, title in zip(models, titles, strict=True))
    if len(set(titles)) < len(titles):  # trained in the same minute
        titles = [model.name for model in models]
    return [
        {
            "used": model.name == used.name,
            "name": name,
            **({"when": when(model.created)} if named else {}),
            "kind": kind_of_model(model.kind),
            "labels": model.n_clips,
            **_counts(tally(model)),
            "f1": value_text(model.figure("f1")),
            "judged": _("thoroughly") if model.judgement.get("nested") else _("quickly"),
        }
        for model, name in zip(models, titles, strict=True)
    ]


def _counts(found: Tally | None) -> dict[str, str]:
    """How many of the funny clips a model found, and how many of the others it took for funny."""
    if found is None:
        return {"found": "–", "wrong": "–"}
    return {
        "found": _("{n} of {needed}", n=found.n_found, needed=found.n_funny),
        "wrong": _("{n} of {needed}", n=found.n_wrong, needed=found.n_other),
    }


def _table(models: Sequence[Model], used: Model) -> None:
    rows = table_rows(models, used)
    column = st.column_config
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        height=min(300, 38 + 35 * len(rows)),
        column_config={
            "used": column.CheckboxColumn(_("In use"), width="small"),
            "name": column.TextColumn(_("Name")),
            "when": column.TextColumn(_("Trained")),
            "kind": column.TextColumn(_("Model")),
            "labels": column.NumberColumn(_("Labels"), width="small"),
            "found": column.TextColumn(_("Funny ones found")),
            "wrong": column.TextColumn(_("Others taken for funny")),
            "f1": column.TextColumn(
                metric_name("f1"), help=_("Both in one figure: 1 is best, in brackets its interval.")
            ),
            "judged": column.TextColumn(_("Judged"), width="small"),
        },
    )


def _choice(
    store: ModelStore, person: Person, models: Sequence[Model], used: Model, offered: Model | None
) -> tuple[Model, Model | None]:
    """Which model is shown and with which it is compared, and what can be done with it."""
    by_name = {model.name: model for model in models}

    def named(name: str) -> str:
        model = by_name[name]
        said = f"{model_title(name, model.created)} · {kind_of_model(model.kind)}"
        return f"{said} · {_('in use')}" if name == used.name else said

    newly = offered is not None and st.session_state.get("train-offered") != offered.name
    if newly or st.session_state.get(SHOWN) not in by_name:
        st.session_state[SHOWN] = (offered or used).name
    st.session_state["train-offered"] = offered.name if offered is not None else ""
    widths = [3, 3, 2.6] if len(by_name) > 1 else [5, 1, 2.6]
    left, middle, right = st.columns(widths, vertical_alignment="bottom")
    alone: Literal["visible", "collapsed"] = "visible" if len(by_name) > 1 else "collapsed"
    shown = left.selectbox(_("Show"), list(by_name), key=SHOWN, format_func=named, label_visibility=alone)
    others = [name for name in by_name if name != shown]
    if st.session_state.get(OTHER) not in others:
        st.session_state[OTHER] = NONE
    other: str | None = NONE
    if others:
        other = middle.selectbox(
            _("Compare with"),
            [NONE, *others],
            key=OTHER,
            format_func=lambda name: named(name) if name else _("no other"),
        )
    model = by_name[shown]
    with right.container(horizontal=True):
        in_use = model.name == used.name
        if st.button(
            _("In use") if in_use else _("Use this model"),
            key="use-model",
            disabled=in_use,
            icon=":material/check:",
        ):
            _use(store, person, model)
        if st.button(
            _("Remove"),
            key="remove-model",
            type="tertiary",
            icon=":material/delete:",
            disabled=in_use and len(models) > 1,
            help=_("A model in use cannot be removed while there are others.") if in_use and len(models) > 1 else None,
        ):
            with told():
                st.session_state["removed-model"] = store.remove(person, model.name)
                st.rerun()
    return model, by_name.get(other or NONE)


def _undo(store: ModelStore) -> None:
    """After a removal: say so, and offer it back."""
    kept = st.session_state.get("removed-model")
    if not kept:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        said = _("“{name}” was removed; it lies in the trash of the workspace.", name=kept.rpartition(".")[0])
        st.markdown(f":material/delete: {said}")
        if st.button(_("Undo"), key="restore-model", icon=":material/undo:"):
            with told():
                st.session_state[SHOWN] = store.restore(kept)
                st.session_state.pop("removed-model", None)
                st.rerun()
        if st.button(_("Dismiss"), key="forget-removed", type="tertiary"):
            st.session_state.pop("removed-model", None)
            st.rerun()
