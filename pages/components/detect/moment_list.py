"""The list of moments: pictures, scores, a click that jumps the player there, and accepting or rejecting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import streamlit as st

from core.detection.moments import Moment
from core.labels.event import LabelEvent, moment_id_of
from core.labels.trims import Trim
from core.segment import Segment, mostly_shared, tiou
from pages.components.player.player import PLAYER, OnEvents, answer_to, chosen_keys
from pages.components.shared.jumps import FOLDER, script
from pages.components.shared.shell import _, tell_address

STRONG, LIKELY = 0.5, 0.2  # scores from which a moment is rather funny than not, and from which it may well be
JUST_BELOW = 0.05  # how far below the threshold the score of a clip that was not found is said to be just below it
_shared = "\n".join((PLAYER / name).read_text(encoding="utf-8") for name in ("keys.js", "outbox.js", "stills.js"))
_list = st.components.v2.component(
    "punchline_moments",
    html='<div class="list"><div class="head"></div><div class="rows"></div><div class="foot"></div></div>',
    css=(FOLDER / "moments.css").read_text(encoding="utf-8"),
    js=_shared + "\n" + script("reach.js", "rows.js", "moments.js"),
)


@dataclass(frozen=True)
class MomentRow:
    """One moment as the list shows it.

    `start` and `end` are as an editor trimmed it, with its `name` and `remark`; `own` are the bounds that were found,
    `trim` is the id of the event that holds, empty where there is none.
    `id` is that of its best window, `best`, whose label accepting or rejecting makes. `verdict` is that label,
    None while there is none, and `event` the id of the event that made it. `share` is the length of the score's bar,
    in [0, 1], `word` the name of one for it, empty where none fits, `note` what else is known of the place, `src` its
    picture, `title` its video's name in a list of many. A moment that is `left_out` scores too little for an export,
    unless it is accepted.
    One that is `labelled` was not found but labelled funny: it counts as accepted once it is added, which a trim does.
    """

    id: str
    video_id: str
    start: float
    end: float
    score: float
    best: tuple[float, float]
    own: tuple[float, float]
    share: float
    score_text: str
    word: str = ""
    name: str = ""
    remark: str = ""
    trim: str = ""
    src: str = ""
    note: str = ""
    verdict: int | None = None
    event: str = ""
    title: str = ""
    left_out: bool = False
    labelled: bool = False


@dataclass(frozen=True)
class ListPlace:
    """Where a list stands: its own key, its player's, a name for its workspace, its greatest height in pixels.

    `which` moments an export beside it takes: kept, accepted or all; empty where there is none.
    """

    key: str
    player_key: str
    token: str
    height: int = 486
    which: str = ""


def moment_id(moment: Moment, video_id: str, person_id: str) -> str:
    """The id of a moment: of one that was found, that of the clip that accepting or rejecting it labels."""
    bounds = round(moment.best.start, 3), round(moment.best.end, 3)
    return moment_id_of(video_id, person_id, *bounds, labelled=moment.labelled)


def added_id(clip: Segment, *, video_id: str, person_id: str) -> str:
    """The id of the moment that adding a labelled clip makes."""
    return moment_id_of(video_id, person_id, round(clip.start, 3), round(clip.end, 3), labelled=True)


def percent(score: float) -> str:
    """A probability as per cent, with a digit after the point where it is small."""
    return f"{score:.0%}" if score >= 0.0995 else f"{100 * score:.1f}".removesuffix(".0") + "%"


def strength(score: float) -> str:
    """How strong a score is: the name of a word for it."""
    return "strong" if score >= STRONG else "likely" if score >= LIKELY else "weak"


def strengths() -> dict[str, str]:
    """The words for scores, by their names."""
    return {"strong": _("strong"), "likely": _("likely"), "weak": _("weak")}


def least_of(threshold: float | None) -> float:
    """The score from which an export takes a moment that nobody judged.

    Where a threshold found the moments, all of them; where they are the best whatever they score, the likely ones.
    """
    return LIKELY if threshold is None else 0.0


def n_best(moments: Iterable[Moment], seconds: float) -> tuple[int, int]:
    """How many of the best moments fit into some seconds, and out of how many: weak ones are none of the best.

    The first counts, whatever its length.
    """
    likely = sorted((m for m in moments if m.score >= LIKELY), key=lambda m: (-m.score, m.start))
    fit = sum(length <= seconds for length in accumulate(moment.duration for moment in likely))
    return max(fit, min(1, len(likely))), len(likely)


def _said_score(moment: Moment, threshold: float | None) -> tuple[str, str]:
    """What is said of a moment's score, and the name of the word in it, empty where there is none.

    A clip that is labelled and was not found is never called strong, likely or weak.
    """
    said, word = percent(moment.score), strength(moment.score)
    if not moment.labelled:
        return f"{said} · {strengths()[word]}", word
    below = 0.0 if threshold is None else round(threshold - moment.score, 6)
    return (f"{said} · {_('just below the threshold')}" if 0 < below <= JUST_BELOW else said), ""


def moment_rows(
    found: Sequence[Moment],
    labels: Iterable[LabelEvent],
    *,
    video_id: str,
    person_id: str,
    trims: Mapping[str, Trim],
    pictures: Sequence[str] = (),
    title: str = "",
    least: float = 0.0,
    threshold: float | None = None,
) -> list[MomentRow]:
    """Moments with their trims and what is labelled in their places; `pictures` are one a moment, or none.

    `least` is the score below which a moment is left out of exports, unless it is accepted; `threshold` is the one that
    found the moments, None where none did.
    """
    labels = list(labels)
    by_clip = {event.clip_id: event for event in labels if event.origin in ("accepted", "rejected")}
    highest = max((moment.score for moment in found), default=1.0)
    rows = []
    for k, moment in enumerate(found):
        id = moment_id(moment, video_id, person_id)
        event, trim = by_clip.get(id), trims.get(id)
        score_text, word = _said_score(moment, threshold)
        rows.append(
            MomentRow(
                id=id,
                video_id=video_id,
                title=title,
                start=moment.start if trim is None or trim.start is None else trim.start,
                end=moment.end if trim is None or trim.end is None else trim.end,
                own=(moment.start, moment.end),
                name=trim.name if trim is not None else "",
                remark=trim.note if trim is not None else "",
                trim=trim.id if trim is not None else "",
                score=moment.score,
                best=(round(moment.best.start, 3), round(moment.best.end, 3)),
                share=moment.score / highest if highest > 0 else 0.0,
                score_text=score_text,
                word=word,
                src=pictures[k] if k < len(pictures) else "",
                left_out=moment.score < least,
                labelled=moment.labelled,
                **_said_of(moment, event, trim, labels),
            )
        )
    return rows


def _said_of(moment: Moment, event: LabelEvent | None, trim: Trim | None, labels: list[LabelEvent]) -> dict[str, Any]:
    """What is said of a moment: its verdict, the event that made it, and else what is known of its place."""
    if moment.labelled:
        return {"note": _("labelled funny"), "verdict": None if trim is None else 1}
    if event is not None:
        return {"verdict": event.label, "event": event.id}
    return {"note": _other_label(moment, labels)}


def _other_label(moment: Moment, labels: list[LabelEvent]) -> str:
    """What another clip in the same place is labelled as."""
    near = (event for event in labels if event.start < moment.best.end and moment.best.start < event.end)
    about = [event for event in near if mostly_shared(event.segment, moment.best)]
    if not about:
        return ""
    nearest = max(about, key=lambda event: tiou(event.segment, moment.best))
    return _("labelled funny") if nearest.label == 1 else _("labelled not funny")


def moment_list(
    place: ListPlace, rows: Sequence[MomentRow], *, video_id: str, person_id: str, fps: float, on_events: OnEvents
) -> str | None:
    """Show the list; gives the id of the moment in hand. Call it in an `st.fragment`.

    `on_events` saves judgements, as the player's does; `video_id` is the video that the player shows.
    """
    key, answers = place.key, f"{place.key}:answer"

    def keep() -> None:
        st.session_state[answers] = answer_to(st.session_state[key]["outbox"], on_events)

    ids = [row.id for row in rows]
    kept = (st.session_state.get(key) or {}).get("selected") or st.query_params.get("moment")
    selected = kept if kept in ids else ids[0] if ids else None
    if selected is not None:
        tell_address(moment=selected)
    _list(
        key=key,
        data={
            "rows": [vars(row) for row in rows],
            "selected": selected,
            "player": place.player_key,
            "height": place.height,
            "which": place.which,
            "video_id": video_id,
            "person_id": person_id,
            "fps": fps,
            "token": f"{place.token}/{key}",
            "ack": st.session_state.get(answers),
            "texts": _texts(),
            "keys": chosen_keys(labelling=False),
        },
        default={"outbox": {"n": 0, "events": []}, "selected": None},
        on_outbox_change=keep,
        on_selected_change=lambda: None,
    )
    return selected


def _texts() -> dict[str, str]:
    return strengths() | {
        "filter": _("Filter"),
        "short": _("under {n} s", n=6),
        "middle": _("{n} to {more} s", n=6, more=10),
        "long": _("{n} s and more", n=10),
        "by_time": _("By time"),
        "by_score": _("By score"),
        "all": _("All"),
        "open": _("To review"),
        "accepted": _("Accepted"),
        "rejected": _("Rejected"),
        "accept": _("Accept: it is funny"),
        "reject": _("Reject: it is not funny"),
        "add": _("Add: export it as an accepted moment"),
        "added": _("Added"),
        "missed": _("Labelled funny, but not found: {n}", n="{n}"),
        "take_back": _("Take this back"),
        "jump": _("previous, next"),
        "again": _("play"),
        "accept_key": _("accept, go on"),
        "reject_key": _("reject, go on"),
        "undo": _("undo"),
        "nothing_to_undo": _("Nothing to undo"),
        "saving": _("saving…"),
        "saved": _("saved"),
        "not_saved": _("Not saved"),
        "discard": _("Discard"),
        "none": _("None here."),
        "in_out": _("set in, out"),
        "nudge": _("underlined edge by a frame (Shift: ten)"),
        "take_edge": _("Click a time: the arrow keys move that edge"),
        "crossed": _("The moment would end before it begins."),
        "play_all": _("Play all"),
        "stop": _("Stop"),
        "name": _("Name"),
        "remark": _("Note"),
        "relative": _("How sure the model is. The bar is full for the highest score here."),
        "found": _("found: {range}", range="{range}"),
        "as_found": _("Back to what was found"),
        "seconds": _("{n} s", n="{n}"),
        "total": _("Export: {n} of {total}, {time}", n="{n}", total="{total}", time="{time}"),
    }
