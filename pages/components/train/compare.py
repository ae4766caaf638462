"""Two models side by side: their figures, and in which settings and data they differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from core.training.model_differences import Difference, compare, judged_alike
from core.training.model_store import Model
from pages.components.shared.charts import bare
from pages.components.shared.colours import FIRST, QUIET, SECOND
from pages.components.shared.model_name import model_title
from pages.components.shared.shell import _
from pages.components.train.data import origin_name
from pages.components.train.figures import METRIC_ORDER, gap_text, interval_text, metric_name
from pages.components.train.training import kind_of_model

METRICS = ("precision", "recall", *METRIC_ORDER)


def comparison(one: Model, other: Model) -> None:
    """Figures of both, and what differs."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.markdown(f"**{_('Figures')}**")
        st.altair_chart(_chart(one, other), width="stretch")
        if not judged_alike(one, other):
            st.caption(_("They were not judged on the same clips in the same way, so this is a rough comparison."))
    with right:
        st.markdown(f"**{_('Difference')}**")
        st.table(_figures(one, other), border="horizontal")
    st.markdown(f"**{_('What differs')}**")
    found = compare(one, other)
    data = [difference for difference in found.data if not difference.what.startswith("origins.")]
    origins = [
        (_("Labels found by: {origin}", origin=d.what), _value(d.what, d.one), _value(d.what, d.other))
        for d in _origins(one, other)
    ]
    rows = [*_rows(data), *origins, *_rows(found.settings), *_rows(found.series)]
    if not rows:
        st.caption(_("Nothing in settings and data: only chance in the training."))
        return
    table = pd.DataFrame(rows, columns=["what", *_names(one, other)]).set_index("what")
    table.index.name = None
    st.table(table, border="horizontal")


def _names(one: Model, other: Model) -> tuple[str, str]:
    """What tells the two apart."""
    titles = model_title(one.name, one.created), model_title(other.name, other.created)
    return titles if titles[0] != titles[1] else (one.name, other.name)


def _chart(one: Model, other: Model) -> alt.LayerChart:
    names = list(_names(one, other))
    rows = [
        {
            "metric": metric_name(metric),
            "model": name,
            "value": figure.value,
            "low": figure.value if figure.low is None else figure.low,
            "high": figure.value if figure.high is None else figure.high,
            "said": interval_text(figure),
        }
        for metric in METRICS
        for name, model in zip(names, (one, other), strict=True)
        if (figure := model.figure(metric)) is not None
    ]
    base = alt.Chart(pd.DataFrame(rows, columns=["metric", "model", "value", "low", "high", "said"])).encode(
        y=alt.Y(
            "metric:N",
            sort=[metric_name(m) for m in METRICS],
            title=None,
            axis=alt.Axis(labelLimit=170, domain=False, ticks=False),
            scale=alt.Scale(paddingInner=0.4),
        ),
        yOffset=alt.YOffset("model:N", sort=names),
        color=alt.Color(
            "model:N",
            scale=alt.Scale(domain=names, range=[FIRST, SECOND]),
            legend=alt.Legend(title=None, orient="top", labelLimit=260),
        ),
        tooltip=[
            alt.Tooltip("model:N", title=" "),
            alt.Tooltip("metric:N", title=" "),
            alt.Tooltip("said:N", title=_("value")),
        ],
    )
    axis = alt.Axis(format=".1f", gridColor=QUIET, gridOpacity=0.25, tickCount=5)
    lines = base.mark_rule(strokeWidth=2.5, opacity=0.75).encode(
        x=alt.X("low:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=axis), x2="high:Q"
    )
    return bare((lines + base.mark_point(filled=True, size=70, opacity=1).encode(x="value:Q")).properties(height=330))


def _figures(one: Model, other: Model) -> pd.DataFrame:
    rows, names = {}, _names(one, other)
    for metric in METRICS:
        left, right = one.figure(metric), other.figure(metric)
        gap = "–" if left is None or right is None else gap_text(left, right)
        rows[metric_name(metric)] = {
            names[0]: "–" if left is None else f"{left.value:.2f}",
            names[1]: "–" if right is None else f"{right.value:.2f}",
            _("difference"): gap,
        }
    return pd.DataFrame(rows).T


def _rows(differences: Sequence[Difference]) -> list[tuple[str, str, str]]:
    return [(_what(d.what), _value(d.what, d.one), _value(d.what, d.other)) for d in differences]


def _origins(one: Model, other: Model) -> list[Difference]:
    """How many labels came about in which way, where that differs; origins of one name are added up."""
    sides = [Counter[str](), Counter[str]()]
    for model, counts in zip((one, other), sides, strict=True):
        origins = model.card.get("origins")
        for origin, n in origins.items() if isinstance(origins, Mapping) else ():
            counts[origin_name(origin)] += n
    left, right = sides
    return [Difference(name, left.get(name), right.get(name)) for name in left | right if left[name] != right[name]]


def _what(key: str) -> str:
    """What differs, in words; the dotted name of the card where there are none."""
    return {
        "kind": _("Kind of model"),
        "model": _("Model that was asked for"),
        "n_clips": _("Labels learned from"),
        "n_funny": _("Funny ones among them"),
        "n_left_out": _("Labels left out"),
        "n_videos": _("Videos"),
        "n_folds": _("Folds"),
        "n_repeats": _("Repeats"),
        "n_seeds": _("Networks averaged"),
        "n_epochs": _("Most epochs"),
        "augment": _("Clips shifted while learning"),
        "seed": _("Seed"),
        "device": _("Device"),
        "program_version": _("Program version"),
        "sample_rate": _("Samples per second"),
        "references": _("Reference faces"),
        "thresholds.strict": _("Sure match at or above"),
        "thresholds.relaxed": _("Possible match at or above"),
        "fill": _("How gaps are filled"),
        "max_gap": _("Longest gap filled, in seconds"),
    }.get(key, key)


def _value(key: str, value: Any) -> str:
    if value is None:
        return "–"
    if key in ("kind", "model"):
        return kind_of_model(str(value))
    if key == "references" and isinstance(value, list):
        return _("{n} faces", n=len(value))
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return f"{value:g}" if isinstance(value, float) else str(value)
