"""Charts in the style of the pages: quiet, on no background of their own, in colours that hold on light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import altair as alt
import pandas as pd

from core.analysis.emotions import EmotionShares
from core.analysis.plane import plane_cells, plane_path
from core.analysis.transitions import Matrix, emotion_strip
from core.segment import Segment, clock
from core.series import EMOTIONS, TimeSeries, hertz
from pages.components.shared.colours import EMOTION_COLOURS, FIRST, QUIET
from pages.components.shared.shell import _, lasting

PICK = "pick"  # the name of what a click chooses, with the field `t`
CLOCK = (  # of a value in seconds, as `core.segment.clock`, in the language of Vega
    "(datum.value >= 3600 ? floor(datum.value / 3600) + ':' + format(floor(datum.value / 60) % 60, '02d')"
    " : floor(datum.value / 60)) + ':' + format(floor(datum.value) % 60, '02d')"
)
AnyChart = TypeVar("AnyChart", alt.Chart, alt.LayerChart)


def bare(chart: AnyChart) -> AnyChart:
    """Without frame and with small words."""
    plain: AnyChart = chart.configure_view(strokeWidth=0).configure_axis(
        labelFontSize=11.5, titleFontSize=11.5, titleFontWeight="normal"
    )
    return plain


def emotion_name(emotion: str) -> str:
    """An emotion in the session's language."""
    return {
        "anger": _("anger"),
        "contempt": _("contempt"),
        "disgust": _("disgust"),
        "fear": _("fear"),
        "happiness": _("happiness"),
        "neutral": _("neutral"),
        "sadness": _("sadness"),
        "surprise": _("surprise"),
    }[emotion]


def _emotions_scale() -> alt.Scale:
    return alt.Scale(domain=[emotion_name(e) for e in EMOTIONS], range=[EMOTION_COLOURS[e] for e in EMOTIONS])


def _pick(name: str = PICK, fields: Sequence[str] = ("t",)) -> alt.Parameter:
    return alt.selection_point(name=name, fields=list(fields), on="click", empty=False, clear=False)


def pie(shares: EmotionShares) -> alt.LayerChart:
    """The time in which the face was seen, by emotion, the greatest share first."""
    ordered = sorted(((e, share) for e, share in shares.shares.items() if share > 0), key=lambda item: -item[1])
    data = pd.DataFrame(
        {
            "emotion": [emotion_name(name) for name, _share in ordered],
            "share": [share for _name, share in ordered],
            "words": [f"{share:.0%}" if share >= 0.01 else f"{share:.1%}" for _name, share in ordered],
            "place": range(len(ordered)),
        }
    )
    base = alt.Chart(data).encode(
        theta=alt.Theta("share:Q", stack=True),
        order=alt.Order("place:Q"),
        tooltip=[alt.Tooltip("emotion:N", title=_("emotion")), alt.Tooltip("words:N", title=_("share"))],
    )
    arcs = base.mark_arc(innerRadius=44, outerRadius=78, padAngle=0.012, cornerRadius=2).encode(
        color=alt.Color(
            "emotion:N",
            scale=_emotions_scale(),
            sort=[emotion_name(e) for e in EMOTIONS],
            legend=alt.Legend(title=None, orient="right", symbolType="circle", rowPadding=2, values=list(data.emotion)),
        )
    )
    words = (
        base.transform_filter("datum.share >= 0.06")
        .mark_text(radius=94, fontSize=12, color=QUIET)
        .encode(text="words:N")
    )
    return bare((arcs + words).properties(height=206))


def strip(series: TimeSeries, span: Segment) -> alt.Chart:
    """The strongest emotion over time; a click chooses a time."""
    runs = emotion_strip(series, span)
    data = pd.DataFrame(
        {
            "t": [run.start for run in runs],
            "to": [run.end for run in runs],
            "emotion": [emotion_name(run.emotion) for run in runs],
            "at": [clock(run.start) for run in runs],
        }
    )
    chart = (
        alt.Chart(data)
        .mark_rect(cursor="pointer")
        .encode(
            x=alt.X("t:Q", title=None, scale=alt.Scale(domain=[span.start, span.end], nice=False), axis=time_axis()),
            x2="to:Q",
            color=alt.Color("emotion:N", scale=_emotions_scale(), legend=None),
            tooltip=[alt.Tooltip("emotion:N", title=_("emotion")), alt.Tooltip("at:N", title=_("time"))],
        )
        .add_params(_pick())
        .properties(height=64)
    )
    return bare(chart)


def time_axis() -> alt.Axis:
    """Seconds as a clock."""
    return alt.Axis(labelExpr=CLOCK, grid=False, tickCount=10, domain=False)


def transitions(matrix: Matrix) -> alt.LayerChart:
    """How often one emotion gave way to another; a click chooses a pair, fields `before` and `after`."""
    names = [emotion_name(e) for e in EMOTIONS]
    rows = [
        {"before": EMOTIONS[i], "after": EMOTIONS[j], "from": names[i], "to": names[j], "n": int(matrix[i, j])}
        for i in range(len(EMOTIONS))
        for j in range(len(EMOTIONS))
        if i != j
    ]
    most = max(1, *(row["n"] for row in rows))
    base = alt.Chart(pd.DataFrame(rows)).encode(
        x=alt.X(
            "to:N",
            sort=names,
            title=_("to"),
            axis=alt.Axis(labelAngle=-40, labelOverlap=False, ticks=False, domain=False),
        ),
        y=alt.Y("from:N", sort=names, title=_("from"), axis=alt.Axis(ticks=False, domain=False)),
        tooltip=[
            alt.Tooltip("from:N", title=_("from")),
            alt.Tooltip("to:N", title=_("to")),
            alt.Tooltip("n:Q", title=_("times")),
        ],
    )
    cells = (
        base.mark_rect(color=FIRST, cornerRadius=3, cursor="pointer")
        .encode(opacity=alt.Opacity("n:Q", scale=alt.Scale(domain=[0, most], range=[0.05, 1]), legend=None))
        .add_params(_pick("pair", ("before", "after")))
    )
    numbers = (
        base.transform_filter("datum.n > 0")
        .mark_text(fontSize=12)
        .encode(text="n:Q", color=alt.condition(f"datum.n > {0.55 * most}", alt.value("#ffffff"), alt.value(QUIET)))
    )
    return bare((cells + numbers).properties(height=330))


def _plane_axes() -> dict[str, object]:
    scale = alt.Scale(domain=[-1, 1])
    lines = {"values": [-1, -0.5, 0, 0.5, 1], "grid": True, "gridOpacity": 0.35, "domain": False, "ticks": False}
    axis = alt.Axis(**lines, labelFlush=True)  # the outermost numbers inside of the chart, which would cut them
    return {
        "x": alt.X("x:Q", title=_("valence: unpleasant to pleasant"), scale=scale, axis=axis),
        "y": alt.Y("y:Q", title=_("arousal: calm to excited"), scale=scale, axis=axis),
    }


def plane_density(series: TimeSeries, span: Segment | None) -> alt.Chart:
    """Where on the plane the time was spent; a click chooses a time in that place."""
    cells = plane_cells(series, span)
    data = pd.DataFrame(
        {
            "x": cells.valence,
            "y": cells.arousal,
            "x2": cells.valence + cells.side,
            "y2": cells.arousal + cells.side,
            "seconds": cells.seconds,
            "words": [lasting(seconds) for seconds in cells.seconds],
            "t": cells.first,
        }
    )
    chart = (
        alt.Chart(data)
        .mark_rect(color=FIRST, cursor="pointer")
        .encode(
            **_plane_axes(),
            x2="x2:Q",
            y2="y2:Q",
            opacity=alt.Opacity("seconds:Q", scale=alt.Scale(type="sqrt", range=[0.12, 1]), legend=None),
            tooltip=[alt.Tooltip("words:N", title=_("time spent here"))],
        )
        .add_params(_pick())
        .properties(height=360)
    )
    return bare(chart)


def plane_way(series: TimeSeries, span: Segment | None) -> alt.Chart:
    """Places on the plane, coloured by time; a click chooses one."""
    path = plane_path(series, span)
    at = [clock(float(t)) for t in path.timestamps]
    data = pd.DataFrame({"x": path.valence, "y": path.arousal, "t": path.timestamps, "at": at})
    chart = (
        alt.Chart(data)
        .mark_circle(size=42, opacity=0.75, cursor="pointer")
        .encode(
            **_plane_axes(),
            color=alt.Color(
                "t:Q",
                scale=alt.Scale(scheme="plasma"),
                legend=alt.Legend(title=_("time"), orient="top", labelExpr=CLOCK, tickCount=4, gradientLength=260),
            ),
            tooltip=[alt.Tooltip("at:N", title=_("time"))],
        )
        .add_params(_pick())
        .properties(height=360)
    )
    return bare(chart)


def succession(emotions: Sequence[str]) -> str:
    """Emotions that followed one another, as words."""
    return " → ".join(emotion_name(e) for e in emotions)


def feature_name(feature: str) -> str:
    """A feature in the session's language."""
    others = {
        "valence": _("valence"),
        "arousal": _("arousal"),
        "loudness": _("loudness"),
        "pitch": _("pitch of the voice"),
    }
    return others[feature] if feature in others else emotion_name(feature)


def feature_value(feature: str, value: float) -> str:
    """A feature's value with its unit."""
    if feature == "loudness":
        return f"{value:z.0f} dB"
    if feature == "pitch":
        return f"{hertz(value):.0f} Hz"
    return f"{value:z.2f}" if feature in ("valence", "arousal") else f"{value:.0%}"
