"""What a training learns from: labels by video and origin, what is left out and why, and what is still lacking."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from core.clip_dataset_builder import ClipDataset
from core.errors import Sentence
from core.labels.event import LabelEvent
from core.labels.goal import LEAST_OF_A_KIND, Goal
from core.segment import Segment, clock, mostly_shared
from core.training.train import excluded_of
from core.workspace.workspace import Workspace
from pages.components.shared.charts import bare
from pages.components.shared.colours import FUNNY, LEFT_OUT, OTHER
from pages.components.shared.shell import _, finished_text

MOST_BARS = 8  # videos that have a bar of their own
MOST_LISTED = 500  # labels left out that are listed


def origin_name(origin: str) -> str:
    """How a label came about, in words; several origins may have one name."""
    picked = _("picked for you")  # by page Label, which tells of each clip whether it is loud, lively or calm
    return {
        "random": _("random"),
        "in_order": _("in order"),
        "peaks": picked,
        "calm": picked,
        "likely": _("likely funny"),
        "uncertain": _("uncertain"),
        "laughter": _("laughter"),
        "chat": _("chat"),
        "marked": _("marked while watching"),
        "imported": _("imported"),
        "ready": _("ready-made"),
        "cut": _("from a cut"),
        "accepted": _("accepted"),
        "rejected": _("rejected"),
    }.get(origin, origin)


def n_accepted(events: Sequence[LabelEvent]) -> int:
    """How many labels say funny because a moment was accepted on page Detect."""
    return sum(event.origin == "accepted" and event.label == 1 for event in events)


def n_accepted_over_labels(events: Sequence[LabelEvent]) -> int:
    """How many of these lie where a clip of the same video was labelled funny otherwise: both count."""
    funny = [event for event in events if event.label == 1]
    places: dict[str, list[Segment]] = {}
    for event in funny:
        if event.origin != "accepted":
            places.setdefault(event.video_id, []).append(event.segment)
    return sum(
        event.origin == "accepted" and any(mostly_shared(event.segment, one) for one in places.get(event.video_id, ()))
        for event in funny
    )


def counts_of(dataset: ClipDataset) -> tuple[int, int]:
    """How many clips can be learned from: funny, not funny."""
    labels = dataset.labels[dataset.usable]
    return int((labels == 1).sum()), int((labels == 0).sum())


def enough(dataset: ClipDataset) -> bool:
    """Whether there are enough clips of both kinds."""
    return Goal(*counts_of(dataset)).reached


def data_panel(space: Workspace, dataset: ClipDataset) -> None:
    """The summary of the data; where there is too little, what to do about it."""
    names = {video.id: video.name for video in space.videos()}
    left_out = excluded_of(dataset)
    with st.container(border=True):
        if enough(dataset):
            _summary(dataset, left_out, names)
        else:
            _lacking(dataset, len(left_out))
        if left_out:
            _left_out(left_out, names)


def _lacking(dataset: ClipDataset, n_out: int) -> None:
    """What is there of the least that is needed."""
    funny, other = counts_of(dataset)
    words, bars = st.columns([3, 2], gap="large", vertical_alignment="center")
    with words:
        st.markdown(f"**{_('Not enough labels yet')}**")
        st.write(
            _(
                "A model needs at least {least} clips of each kind. For laughs with a smile 20 labels were enough on "
                "streams of real laughs; other kinds of model gained up to 200.",
                least=LEAST_OF_A_KIND,
            )
        )
        if funny + other and min(funny, other) == 0:
            st.write(
                _("All labels so far are funny. Label calm moments and near misses too, so that there is a contrast.")
                if other == 0
                else _("No label so far is funny. In the order of loud or lively clips, laughs come first.")
            )
        if n_out and min(funny, other) + n_out >= LEAST_OF_A_KIND:
            st.write(_("Labels that are left out count again once what is said below is settled."))
        st.page_link("pages/label.py", label=_("Label more clips"), icon=":material/label:")
    with bars:
        for name, n in ((_("Funny"), funny), (_("Not funny"), other)):
            said = _("{name}: {n} of {least}", name=name, n=n, least=LEAST_OF_A_KIND)
            st.progress(min(1.0, n / LEAST_OF_A_KIND), text=said)


def _summary(dataset: ClipDataset, left_out: list[dict[str, Any]], names: Mapping[str, str]) -> None:
    funny, other = counts_of(dataset)
    used = [event for event, fine in zip(dataset.events, dataset.usable, strict=True) if fine]
    numbers, videos, origins = st.columns([3, 4, 3], gap="large")
    with numbers:
        st.markdown(f"**{_('What it learns from')}**")
        one, two, three = st.columns(3)
        one.metric(_("Funny"), funny)
        two.metric(_("Not funny"), other)
        three.metric(_("Left out"), len(left_out))
        kinds = {_("funny"): FUNNY, _("not funny"): OTHER, **({_("left out"): LEFT_OUT} if left_out else {})}
        dots = "&emsp;".join(f'<span style="color:{colour}">●</span> {kind}' for kind, colour in kinds.items())
        st.html(f'<small style="opacity:0.75">{dots}</small>')
        if n := n_accepted(used):
            said, over = _("{n} accepted on Detect", n=n), n_accepted_over_labels(used)
            if over:
                said = _("{n} accepted on Detect, {over} of them where clips were labelled before", n=n, over=over)
            st.caption(said, help=_("Where both lie at one place, both count as funny.") if over else None)
    by_video = [(names.get(e.video_id, e.video_id), _kind_of(e)) for e in used]
    by_video += [(names.get(row["video_id"], row["video_id"]), 2) for row in left_out]
    with videos:
        _bars(_("By video"), by_video, _("other videos"))
    with origins:
        _bars(_("By origin"), _by_origin(used), "")


def _by_origin(events: Sequence[LabelEvent]) -> list[tuple[str, int]]:
    """How each label came about, in words, and its kind."""
    names_of = {origin: origin_name(origin) for origin in {event.origin for event in events}}
    return [(names_of[event.origin], _kind_of(event)) for event in events]


def _kind_of(event: LabelEvent) -> int:
    """Place of a label's kind among funny, not funny and left out."""
    return 0 if event.label == 1 else 1


def _bars(title: str, rows: list[tuple[str, int]], rest: str) -> None:
    """How many clips of each kind (by its place among funny, not funny and left out) there are by name."""
    kinds = [_("funny"), _("not funny"), _("left out")]
    totals = Counter(name for name, _kind in rows)
    shown = [name for name, _n in totals.most_common(MOST_BARS)]
    counts = Counter((name if name in shown else rest, kind) for name, kind in rows)
    table = pd.DataFrame(
        [{"name": name, "kind": kinds[kind], "at": kind, "n": n} for (name, kind), n in counts.items()]
    )
    order = [*shown, *([rest] if len(totals) > len(shown) else [])]
    present = sorted({kind for _name, kind in counts})
    chart = (
        alt.Chart(table)
        .mark_bar(height=13, cornerRadius=2)
        .encode(
            y=alt.Y(
                "name:N",
                sort=order,
                title=None,
                axis=alt.Axis(labelLimit=150, labelOverlap=False, domain=False, ticks=False),
            ),
            x=alt.X("n:Q", title=None, axis=alt.Axis(tickMinStep=1, grid=False, tickCount=4, domain=False)),
            order="at:O",
            color=alt.Color(
                "kind:N",
                scale=alt.Scale(
                    domain=[kinds[k] for k in present], range=[(FUNNY, OTHER, LEFT_OUT)[k] for k in present]
                ),
                legend=None,
            ),
            tooltip=[
                alt.Tooltip("name:N", title=" "),
                alt.Tooltip("kind:N", title=_("Label")),
                alt.Tooltip("n:Q", title=_("clips")),
            ],
        )
    )
    st.markdown(f"**{title}**")
    st.altair_chart(bare(chart.properties(height=26 * len(order) + 42)), width="stretch")


def _left_out(rows: list[dict[str, Any]], names: Mapping[str, str]) -> None:
    """Labels that are not learned from, counted by reason, and listed."""
    reasons = Counter(Sentence.of(row["reason"]) for row in rows)
    (first, n_first), several = reasons.most_common(1)[0], len(reasons) > 1
    title = _("Left out ({n}): {reason}", n=len(rows), reason=finished_text(first))
    if several:
        title = _("Left out ({n}), {most} of them: {reason}", n=len(rows), most=n_first, reason=finished_text(first))
    with st.expander(title, icon=":material/filter_alt_off:"):
        if several:
            st.markdown("\n".join(f"- {n} × {finished_text(reason)}" for reason, n in reasons.most_common()))
        table = pd.DataFrame(
            {
                "video": [names.get(row["video_id"], row["video_id"]) for row in rows],
                "time": [f"{clock(row['start'])}–{clock(row['end'])}" for row in rows],
                "label": [_("funny") if row["label"] == 1 else _("not funny") for row in rows],
                "reason": [finished_text(row["reason"]) for row in rows],
            }
        )[:MOST_LISTED]
        st.dataframe(
            table,
            hide_index=True,
            width="stretch",
            height=min(300, 38 + 35 * len(table)),
            column_config={
                "video": st.column_config.TextColumn(_("Video")),
                "time": st.column_config.TextColumn(_("Time"), width="small"),
                "label": st.column_config.TextColumn(_("Label"), width="small"),
                "reason": st.column_config.TextColumn(_("Reason"), width="large"),
            },
        )
