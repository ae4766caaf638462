"""The result on page Detect: player, moments, settings, why, and export, which all follow one another."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import streamlit as st

from core.detection.accepted import not_found, with_accepted
from core.detection.cue_moments import without_match
from core.detection.detect import Found, Scored
from core.detection.results import precision_so_far
from core.errors import PunchlineError
from core.labels.event import LabelEvent
from core.labels.judgements import Press, Receipt, take
from core.labels.trims import trimmed, trims_of
from core.people.series_file import PersonSeries
from core.playback.playable import Playable
from core.segment import Segment
from pages.components.detect.candidates import disagreements
from pages.components.detect.data import Subject, keep, prior_now
from pages.components.detect.export import Batch, export_bar, left_out, which_moments
from pages.components.detect.kept import Kept, kept_moments
from pages.components.detect.moment_list import (
    ListPlace,
    MomentRow,
    added_id,
    least_of,
    moment_list,
    moment_rows,
    percent,
)
from pages.components.detect.notes import n_lower, nothing, said_above, said_below
from pages.components.detect.settings import COMPARED, begin, settings_row
from pages.components.detect.why import why_panel
from pages.components.player.lane import Lane
from pages.components.player.player import Controls, Source, Timeline, player
from pages.components.shared.data import cue_lanes, duration_of, faces_of, fps_of, ledger_of, library_of, unseen_spans
from pages.components.shared.judging import note_judged, said_contradicted
from pages.components.shared.jumps import Jump, Jumps, jumps
from pages.components.shared.opening import player_first
from pages.components.shared.pictures import still_address
from pages.components.shared.shell import _, asked_time, fragment, plain, show_error

PLAYER = "detect-player"
MOST_LOUD = 40


def result(subject: Subject, scored: Scored, series: PersonSeries, shown: Playable) -> None:
    """The whole result. It runs alone at every change."""
    fragment(_result)(subject, scored, series, shown)


def _result(subject: Subject, scored: Scored, series: PersonSeries, shown: Playable) -> None:
    duration = duration_of(subject.space, subject.video)
    keys = begin(subject, duration)
    settings, found, place = settings_row(subject, scored, keys)
    ledger = ledger_of(subject.space)
    labels = ledger.labels(person_id=subject.person.id, video_id=subject.video.id)
    who = {"video_id": subject.video.id, "person_id": subject.person.id}
    trims = trims_of(ledger, **who)
    accepted = [e.segment for e in labels if e.origin == "accepted" and e.label == 1]
    overruled = library_of(subject.space).labels(subject.person.id).overruled
    funny = _labelled_funny(labels, overruled)
    found = with_accepted(found, accepted, [clip for clip in funny if added_id(clip, **who) in trims])
    missed = not_found(found, funny)
    try:
        keep(subject, scored, found, settings)
    except PunchlineError as error:
        show_error(error)
    with st.container():  # which is there in any case, so that the list below stays the same one
        if not found.moments:
            nothing(keys, settings, at_lowest=n_lower(subject, scored, settings) is not None)
    listed = [*found.moments, *(replace(moment, labelled=True) for moment in missed)]
    pictures = [still_address(subject.video, moment.best.middle) for moment in listed]
    least = least_of(found.threshold)
    all_rows = moment_rows(
        listed, labels, **who, trims=trims, pictures=pictures, least=least, threshold=found.threshold
    )
    rows = all_rows[: len(found.moments)]
    with place:
        said_above(subject, scored, settings, found, keys, n_missed=len(missed), left_out=left_out(rows))
    with st.container(key="result-columns"):
        left, right = st.columns([1.55, 1], gap="medium")
    with left:
        _play(subject, series, shown, found, labels, rows)
    with right:
        selected = _list(subject, all_rows, duration)
        said_below(
            rows,
            precision_so_far(ledger.labels(person_id=subject.person.id)),
            expected=found.prior,
            now=prior_now(subject, scored, settings.prior),
            contradicted=said_contradicted("detect", labels, overruled),
        )
    player_first()
    moment = next((m for m, row in zip(listed, all_rows, strict=True) if row.id == selected), None)
    if moment is not None:
        with st.container(border=True):
            why_panel(subject, scored, moment, player_key=PLAYER)
    _not_judged(found)
    disagreements(subject.space, subject.video, list(found.moments), player_key=PLAYER)
    _compared(subject, found)
    if found.moments:
        edited = trimmed(found.moments, [row.id for row in rows], trims)
        export_bar(subject.space, subject.person, [Batch(subject.video, edited, rows)])


def _labelled_funny(labels: list[LabelEvent], overruled: Collection[str]) -> list[Segment]:
    """The clips that are labelled funny, but for those that a later label at their place contradicts."""
    return [event.segment for event in labels if event.label == 1 and event.clip_id not in overruled]


def _play(
    subject: Subject,
    series: PersonSeries,
    shown: Playable,
    found: Found,
    labels: list[LabelEvent],
    rows: list[MomentRow],
) -> None:
    curve, values = found.curve, series.series
    highest = max((m.score for m in found.moments), default=0.0)
    top = min(1.0, 1.15 * max(highest, found.threshold or 0.0, 0.05))
    lanes = [
        Lane("score", _("Score"), curve.timestamps, curve.scores, (0, top), found.threshold),
        Lane("loudness", _("Loudness"), values.timestamps, values.column("loudness"), (-70, 0)),
        Lane("arousal", _("Arousal"), values.timestamps, values.column("arousal"), (-1, 1)),
        *cue_lanes(subject.space, subject.video),
    ]
    other = _other(subject)
    timeline = Timeline(
        lanes=lanes,
        others=[(m.start, m.end) for m in other.moments] if other is not None else None,
        others_name=str(st.session_state.get(COMPARED)),
        labels=[(e.start, e.end, int(e.label or 0)) for e in labels],
        moments=[(row.start, row.end, row.share) for row in rows],
        moment_ids=[row.id for row in rows],
        moment_names=[row.name or row.score_text for row in rows],
        unseen=unseen_spans(values),
        not_judged=[(s.start, s.end) for s in found.not_judged],
    )
    row = next((row for row in rows if row.id == st.query_params.get("moment")), rows[0] if rows else None)
    begin_at = asked_time()
    if begin_at is None:
        begin_at = row.start if row is not None else 0.0
    player(
        PLAYER,
        Source(
            subject.video.id,
            shown.src,
            duration_of(subject.space, subject.video),
            fps_of(subject.space, subject.video),
            start=begin_at,
        )
        if shown.src
        else None,
        timelines={subject.video.id: timeline},
        person_id=subject.person.id,
        token=str(subject.space.root),
        faces=faces_of(subject.space, subject.video, subject.person),
        controls=Controls(height=330, rest=498),
    )


def _other(subject: Subject) -> Kept | None:
    """The moments of the model that this one is compared with."""
    name = st.session_state.get(COMPARED)
    return kept_moments(subject.space, subject.video, subject.person, name) if name else None


def _compared(subject: Subject, found: Found) -> None:
    """What one of two models found and the other did not."""
    other = _other(subject)
    if other is None:
        return
    one, two = subject.model.name, str(st.session_state[COMPARED])
    only = (
        without_match(list(found.moments), list(other.moments)),
        without_match(list(other.moments), list(found.moments)),
    )
    both = len(found.moments) - len(only[0])
    with st.container(border=True):
        st.markdown(_("**{one} and {two}**: {n} moments of both", one=plain(one), two=plain(two), n=both))
        rows = [
            Jumps([Jump(m.start, percent(m.score)) for m in moments[:MOST_LOUD]], title=_("only {name}", name=name))
            for name, moments in zip((one, two), only, strict=True)
        ]
        jumps(rows, key="detect-compared-list", player_key=PLAYER)


def _list(subject: Subject, rows: list[MomentRow], duration: float | None) -> str | None:
    ledger = ledger_of(subject.space)

    def save(presses: list[Press]) -> Receipt:
        note_judged("detect", (press.id for press in presses))
        return take(ledger, presses, duration_of=lambda id: duration if id == subject.video.id else None)

    fps = fps_of(subject.space, subject.video)
    place = ListPlace("detect-moments", PLAYER, str(subject.space.root), which=which_moments())
    return moment_list(place, rows, video_id=subject.video.id, person_id=subject.person.id, fps=fps, on_events=save)


def _not_judged(found: Found) -> None:
    """Loud stretches in which the face is not seen."""
    if not found.loud:
        return
    with st.container(border=True):
        st.markdown(f"**{_('Loud, but the face is not seen')}**")
        st.caption(_("People turn away or cover the face when they laugh, so these are worth a look."))
        chips = [Jump(s.start, f"+{s.loudness:.0f} dB") for s in found.loud[:MOST_LOUD]]
        rest = _("and {n} more", n=len(found.loud) - MOST_LOUD) if len(found.loud) > MOST_LOUD else ""
        jumps([Jumps(chips, rest=rest)], key="detect-loud", player_key=PLAYER)
