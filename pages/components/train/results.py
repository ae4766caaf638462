"""How good a model is: first what people understand, then the metrics beside trivial answers, then the curves."""

from __future__ import annotations

from collections.abc import Mapping

import altair as alt
import pandas as pd
import streamlit as st

from core.classifiers.intervals import LEVEL
from core.training.baselines import BASELINES
from core.training.judging import COMPARED
from core.training.model_store import Figure, Model, as_figure
from pages.components.shared.charts import bare
from pages.components.shared.colours import EMOTION_COLOURS, FIRST, OTHER, QUIET, SECOND
from pages.components.shared.shell import _
from pages.components.train.curves import curves
from pages.components.train.figures import (
    METRIC_ORDER,
    gap_text,
    interval_text,
    metric_name,
    percent,
    signed,
    signed_range,
    value_text,
)
from pages.components.train.verdict import baseline_name, counted, gap_of, hardest, verdict, what_next

COLOURS = {"majority": OTHER, "loudness": SECOND, "happiness": EMOTION_COLOURS["happiness"]}
FEW_RANDOM = 20  # clips of random origin below which their figures say nothing
FEW_GROUPS = 10  # groups below which an interval is rough


def results(model: Model) -> None:
    """All figures of one model."""
    if model.figure("f1") is None:
        st.info(_("This model was not judged. Train another one to see figures."), icon=":material/help:")
        return
    st.markdown(f"##### {verdict(model)}")
    st.write(f"{what_next(model)} {counted(model)}")
    with st.expander(_("Figures and curves"), icon=":material/monitoring:"):
        st.caption(_how_judged(model))
        _figures(model)


def _figures(model: Model) -> None:
    """All figures: the headline, beside trivial answers, as numbers, and curves."""
    _headline(model)
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.markdown(f"**{_('Beside trivial answers')}**")
        st.altair_chart(_metric_chart(model), width="stretch")
    with right:
        _better_than(model)
        _on_random(model)
    st.markdown(f"**{_('All figures as numbers')}**")
    st.table(_table(model), border="horizontal")
    st.markdown(f"**{_('By how much this model is better, on the same clips')}**")
    st.table(_differences(model), border="horizontal")
    st.caption(_("In brackets: {level} intervals.", level=percent(LEVEL)))
    curves(model)


def _headline(model: Model) -> None:
    """Three figures that need no knowledge of statistics."""
    right, found, better = st.columns(3)
    for place, metric, label, said in (
        (
            right,
            "precision",
            _("Right when it says funny"),
            _("Share of the clips it calls funny that really are."),
        ),
        (found, "recall", _("Funny ones found"), _("Share of the funny clips that it finds.")),
    ):
        figure = model.figure(metric)
        place.metric(
            label,
            "–" if figure is None else percent(figure.value),
            delta=_range(figure),
            delta_color="off",
            delta_arrow="off",
            help=said,
            border=True,
        )
    name, gap = hardest(model)
    better.metric(
        _("F1 above the best trivial answer"),
        "–" if gap is None else signed(gap.value),
        delta=None if gap is None else f"{signed_range(gap)} · {baseline_name(name)}",
        delta_color="off",
        delta_arrow="off",
        help=_("F1 is the balance of the two figures beside. A model that is worth its name is above zero."),
        border=True,
    )
    _with_and_without(model)


def _with_and_without(model: Model) -> None:
    """What cues bring."""
    without = model.judgement.get("without_cues", {})
    gain = as_figure(without.get("difference", {}).get("f1"))
    own, other = model.figure("f1"), model.figure("f1", "without_cues")
    if gain is None or other is None or own is None:
        return
    st.caption(
        _(
            "With {cues}: F1 {own}; the same training without: {other}. Difference {gain} ({range}).",
            cues=", ".join({"laughter": _("laughter"), "chat": _("chat")}[name] for name in model.card["cues"]),
            own=percent(own.value),
            other=percent(other.value),
            gain=gap_text(own, other),
            range=signed_range(gain),
        )
    )


def _range(figure: Figure | None) -> str | None:
    if figure is None or figure.low is None or figure.high is None:
        return None
    return _("{low} to {high}", low=percent(figure.low), high=percent(figure.high))


def _how_judged(model: Model) -> str:
    """On what the figures rest, and what they do not say."""
    judgement, card = model.judgement, model.card
    parts = [
        _("Measured on {n} labelled clips while they were held out from the training.", n=judgement.get("n_judged", 0))
    ]
    if not judgement.get("nested"):
        parts.append(
            _(
                "The model was also chosen on them, so the figures are a little too good; "
                "judge thoroughly to know better."
            )
        )
    n_groups = int(judgement.get("n_groups") or 0)
    if 0 < n_groups < FEW_GROUPS:
        parts.append(_("They lie in only {n} separate stretches, so the intervals are rough.", n=n_groups))
    share = card.get("labelled_share")
    if isinstance(share, float):
        parts.append(
            _(
                "{share} of the labelled clips are funny. In a whole video far fewer are, so there a smaller part of "
                "what is found will be right.",
                share=percent(share),
            )
        )
    return " ".join(parts)


def _metric_chart(model: Model) -> alt.LayerChart:
    """Values with intervals: one row a metric, in it the model and the trivial answers."""
    own = _("this model")
    whose = {own: (), **{baseline_name(name): ("baselines", name) for name in BASELINES}}
    rows = [
        {
            "metric": metric_name(metric),
            "who": who,
            "value": figure.value,
            "low": figure.value if figure.low is None else figure.low,
            "high": figure.value if figure.high is None else figure.high,
            "said": interval_text(figure),
        }
        for metric in METRIC_ORDER
        for who, path in whose.items()
        if (figure := model.figure(metric, *path)) is not None
    ]
    colours = [FIRST, *(COLOURS[name] for name in BASELINES)]
    base = alt.Chart(pd.DataFrame(rows)).encode(
        y=alt.Y(
            "metric:N",
            sort=[metric_name(m) for m in METRIC_ORDER],
            title=None,
            axis=alt.Axis(labelLimit=170, domain=False, ticks=False),
            scale=alt.Scale(paddingInner=0.35),
        ),
        yOffset=alt.YOffset("who:N", sort=list(whose)),
        color=alt.Color(
            "who:N",
            scale=alt.Scale(domain=list(whose), range=colours),
            legend=alt.Legend(title=None, orient="top", columns=2, labelLimit=220, labelFontSize=11.5),
        ),
        tooltip=[
            alt.Tooltip("metric:N", title=" "),
            alt.Tooltip("who:N", title=" "),
            alt.Tooltip("said:N", title=_("value")),
        ],
    )
    axis = alt.Axis(format=".1f", gridColor=QUIET, gridOpacity=0.25, tickCount=5)
    lines = base.mark_rule(strokeWidth=2, opacity=0.75).encode(
        x=alt.X("low:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=axis), x2="high:Q"
    )
    points = base.mark_point(filled=True, size=55, opacity=1).encode(x="value:Q")
    return bare((lines + points).properties(height=330))


def _better_than(model: Model) -> None:
    """In words: whether the model is worth more than an answer that needs none."""
    st.markdown(f"**{_('Is it better than that?')}**")
    for name in BASELINES:
        gap = gap_of(model, name, "f1")
        if gap is None:
            continue
        if gap.low is not None and gap.low > 0:
            icon, said = ":green[:material/check_circle:]", _("Better than {name}", name=baseline_name(name))
        elif gap.high is not None and gap.high < 0:
            icon, said = ":red[:material/cancel:]", _("Worse than {name}", name=baseline_name(name))
        else:
            icon, said = ":orange[:material/help:]", _("Not clearly better than {name}", name=baseline_name(name))
        st.markdown(f"{icon} {said}  \n:small[F1 {signed(gap.value)} ({signed_range(gap)})]")


def _on_random(model: Model) -> None:
    """The figures on clips that nobody picked."""
    random = model.judgement.get("random")
    n = int(random.get("n", 0)) if isinstance(random, Mapping) else 0
    st.markdown(f"**{_('On clips picked at random')}**")
    if n < FEW_RANDOM:
        st.caption(
            _(
                "Too few to say ({n} of {least}, of both kinds). Clips picked at random show best how it does "
                "in a whole video.",
                n=n,
                least=FEW_RANDOM,
            )
        )
        return
    parts = [
        f"{metric_name(metric)} {interval_text(figure)}"
        for metric in ("precision", "recall", "average_precision")
        if (figure := model.figure(metric, "random"))
    ]
    st.markdown(":small[" + "  \n".join([_("{n} clips", n=n), *parts]) + "]")


def _table(model: Model) -> pd.DataFrame:
    """All metrics of the model, of the model on random clips, and of the trivial answers."""
    whose: dict[str, tuple[str, ...]] = {_("this model"): ()}
    random = model.judgement.get("random")
    if isinstance(random, Mapping) and int(random.get("n", 0)) >= FEW_RANDOM:
        whose[_("on random clips")] = ("random",)
    whose |= {baseline_name(name): ("baselines", name) for name in BASELINES}
    metrics = ("precision", "recall", *METRIC_ORDER)
    return pd.DataFrame(
        {
            who: {metric_name(metric): value_text(model.figure(metric, *path)) for metric in metrics}
            for who, path in whose.items()
        }
    )


def _differences(model: Model) -> pd.DataFrame:
    """By how much the model is better than each trivial answer, on the same clips."""
    return pd.DataFrame(
        {
            baseline_name(name): {
                metric_name(metric): "–" if gap is None else f"{signed(gap.value)} ({signed_range(gap)})"
                for metric in COMPARED
                for gap in [gap_of(model, name, metric)]
            }
            for name in BASELINES
        }
    )
