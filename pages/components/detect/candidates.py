"""Moments before there is a model, by laughter and chat alone; and where these and a model disagree."""

from __future__ import annotations

import streamlit as st

from core.cues.ranking import together
from core.detection.cue_moments import cue_moments, without_match
from core.detection.moments import Moment
from core.labels.judgements import Press, Receipt, take
from core.labels.trims import trims_of
from core.people.person import Person
from core.people.series_file import PersonSeries
from core.playback.playable import playable
from core.workspace.registry import Video
from core.workspace.workspace import Workspace
from pages.components.detect.moment_list import ListPlace, moment_list, moment_rows
from pages.components.player.player import Controls, Source, Timeline, player
from pages.components.player.proxy import proxy_notice
from pages.components.shared.data import (
    cue_lanes,
    duration_of,
    fps_of,
    ledger_of,
    library_of,
    unseen_spans,
)
from pages.components.shared.jumps import Jump, Jumps, jumps
from pages.components.shared.pictures import still_address
from pages.components.shared.shell import _, fragment, plain

PLAYER = "candidates-player"
MOST = 40


def candidates(space: Workspace, video: Video, person: Person, series: PersonSeries) -> None:
    """A first list of moments; accepting and rejecting them makes the first labels."""
    fragment(_candidates)(space, video, person, series)


def _candidates(space: Workspace, video: Video, person: Person, series: PersonSeries) -> None:
    known = library_of(space).cues(video.id)
    if not known.values:
        st.caption(_("No laughter was read from the sound and no chat is attached, so there are no candidates either."))
        return
    st.subheader(_("No model yet: by laughter and chat"))
    st.caption(
        _(
            "These places come from {cues} alone; nobody has learned yet what is funny about {name}. Accepting and "
            "rejecting them makes the first labels.",
            cues=_("laughter and chat")
            if len(known.values) > 1
            else (_("laughter") if "laughter" in known.values else _("chat")),
            name=plain(person.name),
        )
    )
    length = duration_of(space, video) or float(known.timestamps[-1])
    moments = cue_moments(known.timestamps, together(known.values), duration=length)
    if not moments:
        st.info(_("Nothing stands out in them."), icon=":material/hearing:")
        return
    ledger, who = ledger_of(space), {"video_id": video.id, "person_id": person.id}
    labels = ledger.labels(**who)
    pictures = [still_address(video, (m.best.start + m.best.end) / 2) for m in moments]
    rows = moment_rows(moments, labels, **who, trims=trims_of(ledger, **who), pictures=pictures)
    shown = playable(space, video)
    if not shown.src or shown.state == "minute":
        proxy_notice(space, video, shown)
    left, right = st.columns([1.55, 1], gap="medium")
    with left:
        timeline = Timeline(
            lanes=cue_lanes(space, video),
            labels=[(e.start, e.end, int(e.label or 0)) for e in labels],
            moments=[(row.start, row.end, row.score) for row in rows],
            moment_ids=[row.id for row in rows],
            moment_names=[row.name for row in rows],
            unseen=unseen_spans(series.series),
        )
        start = moments[0].start
        player(
            PLAYER,
            Source(video.id, shown.src, length, fps_of(space, video), start=start) if shown.src else None,
            timelines={video.id: timeline},
            person_id=person.id,
            token=str(space.root),
            controls=Controls(height=310),
        )
    with right:

        def save(presses: list[Press]) -> Receipt:
            return take(ledger, presses, duration_of=lambda id: length if id == video.id else None)

        place = ListPlace("candidates-moments", PLAYER, str(space.root))
        moment_list(place, rows, **who, fps=fps_of(space, video), on_events=save)


def disagreements(space: Workspace, video: Video, moments: list[Moment], *, player_key: str) -> None:
    """Where viewers laugh and the model does not, and the other way round; likewise for laughter that is heard."""
    known = library_of(space).cues(video.id)
    length = duration_of(space, video)
    if not known.values or length is None:
        return
    heads = {
        "laughter": (_("Laughter is heard, the model sees nothing"), _("A moment without laughter that is heard")),
        "chat": (_("The chat laughed, the model did not"), _("A moment at which the chat did not laugh")),
    }
    rows = []
    for name, value in known.values.items():
        spikes = cue_moments(known.timestamps, value, duration=length)
        if not spikes:
            continue  # it says nothing in this video, so moments without it say nothing either
        both = without_match(spikes, moments), without_match(moments, spikes)
        for head, places in zip(heads[name], both, strict=True):
            chips = [Jump(m.start, "") for m in places[:MOST]]
            rest = _("and {n} more", n=len(places) - MOST) if len(places) > MOST else ""
            if chips:
                rows.append(Jumps(chips, title=head, rest=rest))
    if rows:
        with st.container(border=True):
            st.markdown(f"**{_('Where laughter or chat and the model disagree')}**")
            jumps(rows, key="detect-disagree", player_key=player_key)
