"""The player: video, timeline, and the keys that label, as one component for the pages Label, Analyse and Detect.

Everything that must feel immediate (seek, zoom, the next clip, undo) happens in the browser. What must not be lost
comes as presses through an outbox: the browser keeps each until `on_events` has named its id, and sends it again after
a lost connection or a reload. The player alone knows its element's clock; all others speak seconds of the video. Call
`player` inside of an `st.fragment`, so that a key press reruns only that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import streamlit as st

from core.analysis.reduction import packed
from core.labels.judgements import Press, Receipt, receive
from core.playback.route import stills_address
from core.series import Floats
from core.storage.program import ASSETS
from core.workspace.settings import LABELLING, REVIEWING, key_meanings, read_settings, whole_keys
from pages.components.player.lane import MOST_SAMPLES, Lane, as_drawn
from pages.components.player.text import player_texts
from pages.components.shared.shell import finished_text, workspace

PLAYER = ASSETS / "player"
SCRIPTS = (  # each knows those before it
    *("clock", "icons", "keys", "outbox", "axis", "lanes", "edges", "timeline", "faces", "stage", "judge", "player"),
)


@dataclass(frozen=True)
class Source:
    """A video to play: its id, address (`core.playback.route.media_address`), and where to begin.

    `duration` and `start` are seconds of the video; where the duration is None, the browser's own counts.
    """

    video_id: str
    src: str
    duration: float | None
    fps: float = 30.0
    start: float = 0.0


@dataclass(frozen=True)
class QueuedClip:
    """A clip to label: seconds of its video, the queue it comes from (a ledger origin), and why it is offered.

    `reason` is one of those of `core.labels.queue.QueuedClip`; of another one nothing is said.
    """

    clip_id: str
    video_id: str
    src: str
    start: float
    end: float
    origin: str
    video_duration: float | None
    fps: float = 30.0
    reason: str = ""


@dataclass(frozen=True)
class Queue:
    """The next clips to label, best first; 30 are plenty.

    The browser takes them in this order, after those that an undo put back. Another `id` (another person, video or way
    of choosing) replaces the clip in hand too. `gone` names clips that were labelled elsewhere. `counts` are of the
    labels saved, keys funny and not_funny, and how many of each are wanted, least. A clip that shares more than
    `shared` seconds with one just judged here is passed over, before the server knows of that; with None, none is.
    """

    id: str
    clips: Sequence[QueuedClip]
    gone: Sequence[str] = ()
    counts: Mapping[str, int] | None = None
    shared: float | None = None
    shortest: float = 5.0
    longest: float = 7.0


@dataclass(frozen=True)
class Mark:
    """Mark while watching: F makes the clip of `duration` seconds that ends `after` seconds past the key."""

    duration: float = 6.0
    after: float = 1.0
    counts: Mapping[str, int] | None = None


@dataclass(frozen=True)
class Timeline:
    """What is drawn under one video. None for labels or moments leaves their lane away.

    Labels are (start, end, 0 or 1), moments (start, end, score in [0, 1]), `unseen` and `not_judged` (start, end), all
    in seconds. `unseen` is None where nothing is known of the person. Moments with ids have edges that can be dragged:
    the list of moments on the page takes them. `moment_names` stand on them. `others` are another model's moments.
    """

    lanes: Sequence[Lane] = ()
    labels: Sequence[tuple[float, float, int]] | None = None
    moments: Sequence[tuple[float, float, float]] | None = None
    moment_ids: Sequence[str] = ()
    moment_names: Sequence[str] = ()
    others: Sequence[tuple[float, float]] | None = None
    others_name: str = ""
    unseen: Sequence[tuple[float, float]] | None = None
    not_judged: Sequence[tuple[float, float]] = ()


@dataclass(frozen=True)
class Faces:
    """Where a person's face is in the picture, on demand.

    `boxes` gives, for a start and an end in seconds, the times (n,) and boxes (n, 4), which are left, top, right and
    bottom as shares of the picture.
    """

    name: str
    boxes: Callable[[float, float], tuple[Floats, Floats]]


@dataclass(frozen=True)
class PlayerState:
    """What the browser tells: the chosen range in seconds, the id of a video that cannot be played, and whether the
    way on was pressed."""

    range: tuple[float, float] | None = None
    unplayable: str | None = None
    onward: bool = False


@dataclass(frozen=True)
class Controls:
    """Height of the picture in pixels, less on a low window, of which `rest` pixels are for all else.

    `select_range`: Shift and a drag over the timeline choose a range.
    """

    height: int = 420
    rest: int = 450
    select_range: bool = False


OnEvents = Callable[[list[Press]], Receipt]

_mounted = st.components.v2.component(
    "punchline_player",
    html=(PLAYER / "player.html").read_text(encoding="utf-8"),
    css=(PLAYER / "player.css").read_text(encoding="utf-8"),
    js="\n".join((PLAYER / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS),
)


def _plain(blocks: Sequence[Sequence[float]] | None) -> list[list[float]] | None:
    """Numbers that JSON knows: a page may hand over numpy's."""
    return None if blocks is None else [[float(value) for value in block] for block in blocks]


def _seen(unseen: Sequence[tuple[float, float]], duration: float) -> list[list[float]]:
    """What lies between the stretches in which the person is not seen."""
    edges = [0.0, *(float(edge) for span in unseen for edge in span), duration]
    return [[start, end] for start, end in zip(edges[::2], edges[1::2], strict=True) if end > start]


def _timeline(video_id: str, timeline: Timeline, view: tuple[float, float] | None) -> dict[str, Any]:
    ends = [float(lane.timestamps[-1]) for lane in timeline.lanes if len(lane.timestamps)]
    return {
        "stills": stills_address(video_id),
        "seen": None if timeline.unseen is None or not ends else _seen(timeline.unseen, max(ends)),
        "moment_names": list(timeline.moment_names),
        "others": _plain(timeline.others),
        "others_name": timeline.others_name,
        "lanes": [as_drawn(lane, view) for lane in timeline.lanes],
        "labels": _plain(timeline.labels),
        "moments": _plain(timeline.moments),
        "moment_ids": list(timeline.moment_ids),
        "unseen": _plain(timeline.unseen or ()),
        "not_judged": _plain(timeline.not_judged),
        "coarse": any(len(lane.timestamps) > MOST_SAMPLES for lane in timeline.lanes),
    }


def answer_to(outbox: Mapping[str, Any], on_events: OnEvents) -> dict[str, Any]:
    """The answer to a browser's outbox, reasons in the session's language."""
    answer = receive(outbox, on_events)
    reasons = {id: finished_text(reason) for id, reason in answer["refused"].items()}
    return {**answer, "refused": reasons, "fault": finished_text(answer["fault"]) if answer["fault"] else ""}


def chosen_keys(*, labelling: bool) -> dict[str, str]:
    """What the keys mean that the user chose, where clips are labelled or where moments are reviewed."""
    keys = whole_keys(read_settings(workspace()).keys)
    return key_meanings(keys, LABELLING if labelling else REVIEWING)


def player(
    key: str,
    source: Source | Queue | None,
    *,
    timelines: Mapping[str, Timeline] | None = None,
    mark: Mark | None = None,
    clip: tuple[float, float] | None = None,
    seek: tuple[float, int] | None = None,
    on_events: OnEvents | None = None,
    person_id: str = "",
    token: str = "",
    faces: Faces | None = None,
    controls: Controls | None = None,
    onward: str = "",
) -> PlayerState:
    """Show the player. Call it in an `st.fragment`.

    Parameters
    ----------
    key
        Fixed on a page: the video stays as it is over reruns.
    source
        A video, or a queue of clips to label (then F, N, S, U judge them). None shows an empty player.
    timelines
        What to draw, by video id.
    mark
        With a video: F marks a funny clip during playback.
    clip
        With a video: (start, end) in seconds to loop. Another clip jumps there and plays.
    seek
        (seconds, number): jump there; each number is obeyed once.
    on_events
        Saves presses and says which are safe now and which are refused. It runs before the fragment does, perhaps many
        times with the same presses, so it must go by their ids. The message of a PunchlineError is shown to the user;
        the presses are sent again.
    person_id
        Goes into every event.
    token
        Names the workspace and page: unsaved events of an earlier life of this page are found by it.
    faces
        With a video: the person whose face and name are shown on the picture when asked for.
    onward
        With counts: the text of a button that is shown as soon as enough clips of both kinds are labelled.
    """
    controls = controls or Controls()
    state = st.session_state.get(key) or {}
    view = state.get("view")
    answers = f"{key}:answer"

    def keep() -> None:
        if on_events is not None:
            st.session_state[answers] = answer_to(st.session_state[key]["outbox"], on_events)

    place = None if not view else (view["start"], view["end"])
    drawn = {
        video_id: _timeline(video_id, timeline, place if view and view["video_id"] == video_id else None)
        for video_id, timeline in (timelines or {}).items()
    }
    data = {
        "source": asdict(source) if isinstance(source, Source) else None,
        "queue": asdict(source) if isinstance(source, Queue) else None,
        "mark": asdict(mark) if mark is not None and isinstance(source, Source) else None,
        "clip": None if clip is None else {"start": float(clip[0]), "end": float(clip[1])},
        "seek": None if seek is None else {"t": float(seek[0]), "seq": int(seek[1])},
        "timelines": drawn,
        "jumps": any(timeline["moments"] for timeline in drawn.values()),
        "trims": any(timeline["moment_ids"] for timeline in drawn.values()),
        "faces": _faces(faces, state.get("faces"), source),
        "view": view,
        "range": controls.select_range,
        "height": controls.height,
        "rest": controls.rest,
        "texts": {**player_texts(), "onward": onward},
        "keys": chosen_keys(labelling=isinstance(source, Queue) or mark is not None),
        "person_id": person_id,
        "token": f"{token}/{key}",
        "ack": st.session_state.get(answers),
    }
    result = _mounted(
        key=key,
        data=data,
        default={"outbox": {"n": 0, "events": []}, "range": None, "view": None, "faces": None, "unplayable": None},
        on_outbox_change=keep,
        on_range_change=_nothing,
        on_view_change=_nothing,
        on_faces_change=_nothing,
        on_unplayable_change=_nothing,
        on_onward_change=_nothing,
    )
    return _state(result)


def _faces(faces: Faces | None, wanted: Mapping[str, Any] | None, source: Source | Queue | None) -> Any:
    """The boxes of the stretch that the browser asked for; the name alone while it did not."""
    if faces is None or not isinstance(source, Source):
        return None
    if not wanted or wanted["video_id"] != source.video_id:
        return {"name": faces.name, "start": 0.0, "end": 0.0}
    start, end = float(wanted["start"]), float(wanted["end"])
    timestamps, boxes = faces.boxes(start, end)
    return {"name": faces.name, "start": start, "end": end, "t": packed(timestamps), "boxes": packed(boxes.ravel())}


def _nothing() -> None:
    """The rerun that follows is all that is needed."""


def _state(result: Mapping[str, Any]) -> PlayerState:
    span = result.get("range")
    return PlayerState(
        range=(float(span[0]), float(span[1])) if span else None,
        unplayable=result.get("unplayable"),
        onward=bool(result.get("onward")),
    )
