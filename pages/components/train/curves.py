"""A model's probabilities, what more labels would bring it, and how it was chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from core.training.model_store import Model, as_figure
from pages.components.shared.charts import bare
from pages.components.shared.colours import FIRST, QUIET
from pages.components.shared.shell import _
from pages.components.train.figures import signed, signed_range
from pages.components.train.training import kind_of_model, loss_chart


def curves(model: Model) -> None:
    """What its probabilities are worth, what more labels would bring, how a network learned, why this kind."""
    judgement = model.judgement
    places = st.columns(3 if model.card.get("curves") else 2, gap="large")
    with places[0]:
        st.markdown(f"**{_('Can its probabilities be trusted?')}**")
        st.altair_chart(_calibration_chart(judgement.get("calibration_curve") or []), width="stretch")
        st.caption(_("Points near the line: of clips called 70 % funny, 7 in 10 are. Larger points hold more clips."))
    with places[1]:
        st.markdown(f"**{_('What would more labels bring?')}**")
        curve = judgement.get("learning_curve")
        if isinstance(curve, Mapping):
            st.altair_chart(_learning_chart(curve), width="stretch")
            st.caption(_gain_text(curve))
        else:
            st.caption(_("Judge thoroughly to see it: the model then learns from parts of the labels too."))
    if model.card.get("curves"):
        with places[2]:
            st.markdown(f"**{_('How the network learned')}**")
            points = [
                {"seed": k, "epoch": epoch, **point}
                for k, curve in enumerate(model.card["curves"])
                for epoch, point in enumerate(curve)
            ]
            st.altair_chart(loss_chart(points, height=230), width="stretch")
    choice = model.card.get("choice")
    if isinstance(choice, Mapping) and choice:
        _choice(model, choice)


def _calibration_chart(bins: list[dict[str, float]]) -> alt.LayerChart:
    axis = alt.Axis(format=".0%", tickCount=5, gridColor=QUIET, gridOpacity=0.25)
    unit = alt.Scale(domain=[0, 1])
    line = (
        alt.Chart(pd.DataFrame({"p": [0, 1], "funny": [0, 1]}))
        .mark_line(color=QUIET, strokeDash=[4, 3], strokeWidth=1.5)
        .encode(x="p:Q", y="funny:Q")
    )
    table = pd.DataFrame([{"p": b["probability"], "funny": b["funny"], "n": b["n"]} for b in bins])
    base = alt.Chart(table).encode(
        x=alt.X("p:Q", title=_("probability it gives"), scale=unit, axis=axis),
        y=alt.Y("funny:Q", title=_("share that is funny"), scale=unit, axis=axis),
    )
    points = base.mark_circle(color=FIRST, opacity=0.9).encode(
        size=alt.Size("n:Q", legend=None, scale=alt.Scale(range=[30, 320])),
        tooltip=[
            alt.Tooltip("p:Q", format=".0%", title=_("probability it gives")),
            alt.Tooltip("funny:Q", format=".0%", title=_("share that is funny")),
            alt.Tooltip("n:Q", title=_("clips")),
        ],
    )
    return bare((line + points).properties(height=230))


def _learning_chart(curve: Mapping[str, Any]) -> alt.LayerChart:
    table = pd.DataFrame({"n": curve["sizes"], "f1": curve["f1"]}).groupby("n", as_index=False).mean()
    base = alt.Chart(table).encode(
        x=alt.X(
            "n:Q", title=_("clips learned from"), scale=alt.Scale(nice=True), axis=alt.Axis(grid=False, tickMinStep=1)
        ),
        y=alt.Y(
            "f1:Q",
            title="F1",
            scale=alt.Scale(domain=[0, 1]),
            axis=alt.Axis(format=".1f", tickCount=5, gridColor=QUIET, gridOpacity=0.25),
        ),
        tooltip=[alt.Tooltip("n:Q", title=_("clips learned from")), alt.Tooltip("f1:Q", format=".2f", title="F1")],
    )
    points = base.mark_point(filled=True, size=60, opacity=1, color=FIRST)
    return bare((base.mark_line(color=FIRST, strokeWidth=2) + points).properties(height=230))


def _gain_text(curve: Mapping[str, Any]) -> str:
    gain = as_figure(curve.get("gain"))
    if gain is None:
        return ""
    more = curve.get("more", 50)
    if gain.value < 0.005:
        return _("{n} more labels would hardly change F1.", n=more)
    said = _("{n} more labels would bring about {gain} of F1", n=more, gain=signed(gain.value))
    return f"{said} ({signed_range(gain)})." if gain.low is not None else f"{said}."


def _choice(model: Model, choice: Mapping[str, Any]) -> None:
    """How the kinds of model that were tried compared."""
    with st.expander(_("Why {kind}", kind=kind_of_model(model.kind)), icon=":material/rule:"):
        st.caption(
            _(
                "The loss on held-out clips of every kind that was tried; lower is better. The simplest one within one "
                "standard error of the best was taken; with labels of one video or two, smile and sound together if "
                "they explain a third."
            )
        )
        rows = {
            f"**{kind_of_model(kind)}**" if kind == model.kind else kind_of_model(kind): {
                _("loss"): f"{found['log_loss']:.3f}",
                _("worse than the best by"): f"{found['worse_by']:.3f} ± {found['standard_error']:.3f}",
            }
            for kind, found in choice.items()
        }
        st.table(pd.DataFrame(rows).T, border="horizontal")
