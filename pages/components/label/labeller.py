"""The labelling part of page Label: the player with its queue, or with marks, and how far one is."""

from __future__ import annotations

from contextlib import suppress

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.actions.background import begin_dataset_if_behind
from core.actions.retraining import train_if_due
from core.actions.sample import SAMPLE
from core.errors import PunchlineError
from core.labels.event import LabelEvent
from core.labels.goal import LEAST_OF_A_KIND
from core.labels.judgements import Press, Receipt, take
from core.labels.queue import SHARED, LabelQueue, Order
from core.people.person import Person
from core.people.series_file import PersonSeries
from core.playback.playable import Playable, playable
from core.segment import Segment
from core.workspace.registry import Video
from core.workspace.workspace import Workspace
from pages.components.player.player import (
    Controls,
    Mark,
    Queue,
    QueuedClip,
    Source,
    Timeline,
    player,
)
from pages.components.player.proxy import proxy_notice
from pages.components.shared.data import (
    cue_lanes,
    cue_values_of,
    duration_of,
    fps_of,
    kept_curve,
    ledger_of,
    library_of,
    series_for,
    unseen_spans,
    usual_lanes,
)
from pages.components.shared.judging import note_judged, say_contradicted
from pages.components.shared.shell import _, asked_time, fragment, plain, show_error
from pages.components.train.data import n_accepted

HEIGHT = 350  # pixels of the video: the keys and lanes below it fit on a laptop's screen
IN_HAND = 30  # clips that the browser holds


def label_player(space: Workspace, video: Video, person: Person, mode: str, *, place: DeltaGenerator) -> None:
    """The player for labelling one video for one person; `place` is where the choice of the queue goes."""
    series: PersonSeries | None = None
    try:
        series = series_for(space, video, person)
    except PunchlineError as error:
        show_error(error)
    order: Order = "in_order"
    overlapping = False
    if mode == "queue":
        with place:
            order, overlapping = _queue_choice(space, video, person)
        if series is None:
            st.caption(_("The video is not extracted yet: clips come at random. Labels get their features later."))
    wanted = _first(space, video, person, series, order, overlapping) if mode == "queue" else 0.0
    shown = playable(space, video, wanted=wanted)
    proxy_notice(space, video, shown, wanted=wanted)
    if not shown.src:
        return
    # Looks again by itself: clips that another tab labelled meanwhile leave the queue.
    fragment(_player, run_every=3.0)(space, video, person, mode, series, shown, order, overlapping)


def _queue(
    space: Workspace, video: Video, person: Person, series: PersonSeries | None, overlapping: bool
) -> LabelQueue:
    ledger = ledger_of(space)
    ids = {"person_id": person.id, "video_id": video.id}
    labels, out = ledger.labels(**ids), library_of(space).labels(person.id).overruled
    return LabelQueue(
        video.id,
        person.id,
        duration_of(space, video),
        series=series.series if series else None,
        scores=kept_curve(space, video, person),
        cues=cue_values_of(space, video),
        taken=[
            *(event.segment for event in labels if event.clip_id not in out),
            *(Segment(e.start, e.end) for e in (*(e for e in labels if e.clip_id in out), *ledger.skipped(**ids))),
        ],
        overlapping=overlapping,
    )


def _first(
    space: Workspace, video: Video, person: Person, series: PersonSeries | None, order: Order, overlapping: bool
) -> float:
    """Where the first clip of the queue begins, in seconds."""
    clips = _queue(space, video, person, series, overlapping).next_clips(order, n=1)
    return clips[0].start if clips else 0.0


def _queue_choice(space: Workspace, video: Video, person: Person) -> tuple[Order, bool]:
    orders: dict[Order, str] = {
        "peaks": _("Loud or lively first, some calm and some at random"),
        "in_order": _("In order"),
        "random": _("Random"),
    }
    if kept_curve(space, video, person) is not None:
        orders |= {"likely": _("Likely funny first"), "uncertain": _("Most uncertain first")}
    values = cue_values_of(space, video)
    orders |= {name: said for name, said in _cue_orders().items() if name in values}
    with st.popover(_("Order of clips"), icon=":material/queue_play_next:"):
        order = st.radio(
            _("Order of clips"),
            list(orders),
            format_func=orders.__getitem__,
            key="label-order",
            label_visibility="collapsed",
        )
        overlapping = st.checkbox(_("Also clips that overlap labelled ones"), key="label-overlapping")
    return order, overlapping


def _cue_orders() -> dict[Order, str]:
    return {"laughter": _("Laughter that is heard first"), "chat": _("Where the chat laughs first")}


def _timeline(space: Workspace, video: Video, labels: list[LabelEvent], series: PersonSeries | None) -> Timeline:
    return Timeline(
        lanes=[*usual_lanes(series.series if series else None), *cue_lanes(space, video)],
        labels=[(e.start, e.end, int(e.label or 0)) for e in labels],
        unseen=unseen_spans(series.series if series else None),
    )


def _player(
    space: Workspace,
    video: Video,
    person: Person,
    mode: str,
    series: PersonSeries | None,
    shown: Playable,
    order: Order,
    overlapping: bool,
) -> None:
    """Runs alone at every key press."""
    ledger = ledger_of(space)
    length, fps = duration_of(space, video), fps_of(space, video)

    def save(presses: list[Press]) -> Receipt:
        receipt = take(ledger, presses, duration_of=lambda id: length if id == video.id else None)
        with suppress(PunchlineError):  # the labels are safe; a training that cannot begin is said on page Train
            begin_dataset_if_behind(space, ledger.last_seq())
            train_if_due(space, person, library_of(space).labels(person.id).events)
        note_judged("label", (press.id for press in presses))
        return receipt

    labels = ledger.labels(person_id=person.id, video_id=video.id)
    skipped = ledger.skipped(person_id=person.id, video_id=video.id)
    everywhere = library_of(space).labels(person.id)
    goal = everywhere.goal
    counts = {"funny": goal.n_funny, "not_funny": goal.n_other, "least": LEAST_OF_A_KIND}
    done = [*labels, *skipped]
    source: Queue | Source
    if mode == "queue":
        queue = _queue(space, video, person, series, overlapping)
        ready = queue.next_clips(order, n=IN_HAND if shown.state != "minute" else 20 * IN_HAND)
        if shown.state == "minute":  # only what the piece shows
            ready = [c for c in ready if shown.offset <= c.start and c.end <= shown.end][:IN_HAND]
        clips = [
            QueuedClip(c.clip_id, video.id, shown.src, c.start, c.end, c.origin, length, fps, c.reason) for c in ready
        ]
        name = f"{video.id}-{person.id}-{order}-{overlapping}-{shown.src}"
        source = Queue(
            name, clips, gone=[e.clip_id for e in done], counts=counts, shared=None if overlapping else SHARED
        )
    else:
        start = asked_time()
        source = Source(video.id, shown.src, length, fps, start=0.0 if start is None else start)
    state = player(
        "label-player",
        source,
        timelines={video.id: _timeline(space, video, labels, series)},
        mark=Mark(counts=counts) if mode == "mark" else None,
        on_events=save,
        person_id=person.id,
        token=str(space.root),
        controls=Controls(height=HEIGHT),
        onward=_("Next: {name}", name=_("Train")),
    )
    if state.onward:
        st.switch_page("pages/train.py")
    say_contradicted("label", labels, everywhere.overruled)
    counting = [event for event in labels if event.clip_id not in everywhere.overruled]
    moves = isinstance(source, Queue) and bool(source.clips)
    is_sample = video.path == SAMPLE
    per_minute = 0.0 if is_sample else ledger.labels_per_minute()  # the sample's hint has its room
    _said_below(counting, per_minute, person.name, moves=moves, is_sample=is_sample)


def _said_below(
    labels: list[LabelEvent], per_minute: float, name: str, *, moves: bool, is_sample: bool = False
) -> None:
    """Who is judged (in the sample also what is funny), what is labelled here, and, where there is a clip to be moved,
    what to do with one of two kinds."""
    n_funny = sum(e.label == 1 for e in labels)
    said = f"**{_('Is {name} funny here?', name=plain(name))}** "
    said += f"{_('In the sample, funny means laughing aloud.')} · " if is_sample else "· "
    n_other, n = len(labels) - n_funny, n_accepted(labels)
    if n:
        said += _("{funny} funny ({n} from Detect), {other} not funny in this video", funny=n_funny, n=n, other=n_other)
    else:
        said += _("{funny} funny, {other} not funny in this video", funny=n_funny, other=n_other)
    if per_minute > 0:
        said += " · " + _("{n} labels a minute", n=f"{per_minute:.0f}")
    if moves:
        said += " · " + _(
            "Only half is funny? Move the clip by ← → (Shift: 1 s) until it holds the whole laugh, or skip it."
        )
    st.caption(said)
