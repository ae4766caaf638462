"""The table of labels with filter, edit and removal, and labels as CSV files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.actions.labels import export_labels, import_labels
from core.errors import PunchlineError, Sentence
from core.labels.csv import Fault, seconds_of
from core.labels.event import LabelEvent
from core.labels.rules import check_clip
from core.people.person import Person
from core.segment import clock
from core.workspace.registry import Video
from core.workspace.workspace import Workspace
from pages.components.shared.data import ledger_of, library_of
from pages.components.shared.shell import _, as_markdown, finished_text, language, plain, told
from pages.components.train.data import origin_name

ROWS = 2000  # newest labels that are listed
MOST_FAULTS = 20


def label_table(space: Workspace, person: Person) -> None:
    """All labels of a person; changes are events in the ledger, never losses."""
    labels = library_of(space).labels(person.id)
    names = {video.id: video.name for video in space.videos()}
    round = st.session_state.get("table-round", 0)
    if not st.session_state.get(f"labels-{round}", {}).get("edited_rows"):
        st.session_state["table-events"] = labels.events  # stays as it is while rows are edited
    events = [event for event in st.session_state["table-events"] if event.person_id == person.id]
    st.subheader(_("Labels of {name}", name=plain(person.name)))
    if not events:
        st.caption(_("No labels yet. Press F or N to make the first."))
        return
    n_funny = sum(event.label == 1 for event in events)
    st.caption(_("{n} labels, {funny} of them funny, in all videos.", n=len(events), funny=n_funny))
    out = [event for event in events if event.clip_id in labels.overruled]
    if out:
        said = _(
            "Not counted: {n}, such as the one at {time}. A later label at the same place says the opposite.",
            n=len(out),
            time=clock(out[-1].start),
        )
        st.warning(said, icon=":material/rule:")
    shown = _filtered(events, names)
    _editor(space, shown[::-1][:ROWS], names, labels.overruled if out else {})


def _filtered(events: list[LabelEvent], names: dict[str, str]) -> list[LabelEvent]:
    kinds = {"all": _("all"), "1": _("funny"), "0": _("not funny")}
    left, middle, right = st.columns([1.4, 2, 2], vertical_alignment="bottom")
    st.session_state.setdefault(f"table-kind-{language()}", "all")
    kind = left.segmented_control(
        _("Show"),
        list(kinds),
        format_func=kinds.__getitem__,
        required=True,
        key=f"table-kind-{language()}",
    )
    videos = sorted({event.video_id for event in events}, key=lambda id: names.get(id, id))
    video = middle.selectbox(
        _("In video"),
        ["", *videos],
        format_func=lambda id: names.get(id, id) if id else _("all videos"),
        key="table-video",
    )
    names_of = {origin: origin_name(origin) for origin in sorted({event.origin for event in events})}
    first_of = {name: origin for origin, name in reversed(names_of.items())}  # stands for all of one name
    origin = right.selectbox(
        _("Origin"),
        ["", *(origin for origin, name in names_of.items() if first_of[name] == origin)],
        format_func=lambda o: origin_name(o) if o else _("any"),
        key="table-origin",
    )
    return [
        event
        for event in events
        if (kind == "all" or str(event.label) == kind)
        and (not video or event.video_id == video)
        and (not origin or names_of[event.origin] == origin_name(origin))
    ]


def _editor(space: Workspace, events: list[LabelEvent], names: dict[str, str], overruled: Mapping[str, str]) -> None:
    """The table; where a label does not count, a column says so."""
    funny, other = _("funny"), _("not funny")
    origins = {origin: origin_name(origin) for origin in {event.origin for event in events}}
    table = pd.DataFrame(
        {
            "remove": False,
            "video": [names.get(e.video_id, e.video_id) for e in events],
            "start": [clock(e.start, digits=1) for e in events],
            "end": [clock(e.end, digits=1) for e in events],
            "label": [funny if e.label == 1 else other for e in events],
            "origin": [origins[e.origin] for e in events],
            **({"counts": [_("no") if e.clip_id in overruled else _("yes") for e in events]} if overruled else {}),
            "note": [e.note for e in events],
        }
    )
    round = st.session_state.get("table-round", 0)
    st.data_editor(
        table,
        key=f"labels-{round}",
        hide_index=True,
        width="stretch",
        height=min(420, 38 + 35 * max(1, len(table))),
        disabled=["video", "origin", "counts"],
        column_config={
            "remove": st.column_config.CheckboxColumn(_("Remove"), width="small"),
            "video": st.column_config.TextColumn(_("Video")),
            "start": st.column_config.TextColumn(_("From"), width="small"),
            "end": st.column_config.TextColumn(_("To"), width="small"),
            "label": st.column_config.SelectboxColumn(_("Label"), options=[funny, other], required=True, width="small"),
            "origin": st.column_config.TextColumn(_("Origin"), width="small"),
            "counts": st.column_config.TextColumn(
                _("Counts"),
                width="small",
                help=_("Where two labels at one place say the opposite, the later one counts."),
            ),
            "note": st.column_config.TextColumn(_("Note"), max_chars=500),
        },
    )
    changes = st.session_state.get(f"labels-{round}", {}).get("edited_rows", {})
    if changes and st.button(_("Save {n} changes", n=len(changes)), type="primary", key="save-labels"):
        faults = [
            fault for row, change in changes.items() if (fault := _change(space, events[int(row)], change, funny))
        ]
        st.session_state["table-round"] = round + 1
        st.session_state["table-faults"] = faults
        st.rerun()
    for fault in st.session_state.pop("table-faults", []):
        st.warning(as_markdown(fault), icon=":material/warning:")


def _change(space: Workspace, event: LabelEvent, change: dict[str, Any], funny: str) -> str | None:
    """Record one edited row; gives the reason where it could not be."""
    ledger = ledger_of(space)
    try:
        if change.get("remove"):
            ledger.record([_removal(event)])
            return None
        start = seconds_of(change["start"]) if "start" in change else event.start
        end = seconds_of(change["end"]) if "end" in change else event.end
        reason = check_clip(start, end)
        if reason:
            return reason
        label = None if "label" not in change else int(change["label"] == funny)
        note = (change["note"] or "") if "note" in change else None
        ledger.edit(event.clip_id, start=start, end=end, label=label, note=note)
    except (PunchlineError, ValueError) as error:
        return Sentence.of(error)
    return None


def _removal(event: LabelEvent) -> LabelEvent:
    return LabelEvent(
        event.video_id, event.person_id, event.start, event.end, None, event.origin, "remove", event.clip_id
    )


def transfer(space: Workspace, person: Person) -> None:
    """CSV files in and out."""
    with st.expander(_("Import and export labels (CSV)"), icon=":material/swap_vert:"):
        left, right = st.columns(2, gap="large")
        with left:
            st.caption(
                _(
                    "Columns video, start, end, label, and if you like person and note. Times in seconds or h:mm:ss; "
                    "a single column time means the 6 s clip that ends 1 s after it."
                )
            )
            file = st.file_uploader(_("CSV file"), type=["csv", "tsv", "txt"], key="label-csv")
            if file is not None and st.button(_("Import"), key="import-labels", icon=":material/upload:"):
                with told():
                    _import(space, person, file.getvalue())
            _imported(space, person)
        with right:
            events = library_of(space).labels(person.id).events
            st.caption(
                _(
                    "All {n} labels of {name}, as a file that can be imported again.",
                    n=len(events),
                    name=plain(person.name),
                )
            )
            st.download_button(
                _("Download labels"),
                data=lambda: export_labels(space, person=person).content,
                file_name="labels.csv",
                mime="text/csv",
                disabled=not events,
                icon=":material/download:",
            )


def _import(space: Workspace, person: Person, content: bytes, videos: Mapping[str, Video] = {}) -> None:
    st.session_state["label-import"] = import_labels(space, content, person=person, videos=videos)
    st.session_state["label-unknown"] = (st.session_state["label-import"].unknown, content)
    st.rerun()  # whatever counts labels counts these too


def _imported(space: Workspace, person: Person) -> None:
    """What came of the latest import, and which videos are meant by names that are not known here."""
    imported = st.session_state.pop("label-import", None)
    if imported is not None:
        if n := len(imported.events):
            st.success(_("{n} labels imported.", n=n), icon=":material/check_circle:")
        for warning in imported.warnings:
            st.warning(as_markdown(warning), icon=":material/rule:")
        _faults(imported.faults)
    unknown, content = st.session_state.get("label-unknown", ((), b""))
    videos = {video.id: video for video in space.videos()}
    for name in unknown:
        left, right = st.columns([3, 1.4], vertical_alignment="bottom")
        id = left.selectbox(
            _("Which video is {name}?", name=plain(name)),
            list(videos),
            format_func=lambda id: videos[id].name,
            key=f"meant-{name}",
        )
        if right.button(_("Use this one"), key=f"use-{name}", icon=":material/link:", width="stretch") and id:
            with told():
                _import(space, person, content, {name: videos[id]})


def _faults(faults: Sequence[Fault]) -> None:
    if not faults:
        return
    by_reason: dict[str, list[int]] = {}
    for fault in faults:
        by_reason.setdefault(fault.reason, []).append(fault.line)
    lines = [_("line {n}: {reason}", n=_lines(at), reason=finished_text(reason)) for reason, at in by_reason.items()]
    if len(lines) > MOST_FAULTS:
        lines[MOST_FAULTS:] = [_("and {n} more", n=len(lines) - MOST_FAULTS)]
    st.warning("  \n".join([_("{n} lines were left out:", n=len(faults)), *lines]), icon=":material/warning:")


def _lines(numbers: list[int]) -> str:
    """Line numbers, the first few by name."""
    first = ", ".join(map(str, numbers[:3]))
    return first if len(numbers) <= 3 else f"{first} … {numbers[-1]} ({len(numbers)})"
