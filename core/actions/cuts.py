"""Labels from what an editor cut: finished episodes are the largest source of labels that there is."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.export.read_cuts import of_source, read_cut
from core.export.timecode import read_media
from core.labels.event import LabelEvent
from core.labels.ledger import Ledger
from core.labels.rules import MAX_DURATION, MIN_DURATION
from core.people.person import Person
from core.segment import Segment, tiou
from core.workspace.registry import Video
from core.workspace.workspace import Workspace

SAME = 0.5  # temporal IoU with a label from which a clip is labelled already
REST_DURATION = 6.0  # seconds of a clip of what was left out
APART = 5.0  # seconds between such a clip and what was cut: a laugh may begin before the editor's cut
MOST_TRIES = 200  # places looked at for each of them


@dataclass(frozen=True)
class CutImported:
    """What a cut gave: the parts of the video in it, the labels recorded, and how many clips were labelled before."""

    parts: tuple[Segment, ...]
    events: tuple[LabelEvent, ...]
    n_known: int


def import_cut(
    workspace: Workspace,
    video: Video,
    person: Person,
    content: bytes,
    name: str,
    *,
    source: str | None = None,
    rest: bool = False,
) -> CutImported:
    """Label what an editor cut out of a video as funny, by origin ``cut``. Clips that have a label keep it.

    Parameters
    ----------
    content, name
        The cut list and its file name, as `core.export.read_cuts.read_cut` takes them.
    source
        What the cut calls the video, if another name.
    rest
        Also label as many clips of what was left out as not funny. Editors leave out what is funny too.

    Raises
    ------
    PunchlineError
        If the cut list cannot be read, holds nothing of this video, or the video or the ledger cannot be read.
    """
    media = read_media(video.existing_path(), tracks=video.tracks)
    parts = of_source(read_cut(content, name, media), media, name=source)
    ledger = Ledger(workspace.labels_path)
    known = [event.segment for event in ledger.labels(person_id=person.id, video_id=video.id)]
    duration = media.info.duration
    funny = [clip for part in parts for clip in clips_of_part(part, duration)]
    fresh = [clip for clip in funny if all(tiou(clip, other) < SAME for other in known)]
    left_out = _rest([*parts, *known], duration, len(fresh), seed=video.id) if rest and duration else []
    events = [
        LabelEvent(video.id, person.id, round(clip.start, 3), round(clip.end, 3), label, "cut", note=name)
        for label, clips in ((1, fresh), (0, left_out))
        for clip in clips
    ]
    ledger.record(events)
    return CutImported(tuple(parts), tuple(events), len(funny) - len(fresh))


def clips_of_part(part: Segment, duration: float | None) -> Iterator[Segment]:
    """Clips of 5 to 7 s in a part: a shorter one lies in the middle of a clip, a longer one is cut into equal clips."""
    n = max(1, int(part.duration / MIN_DURATION + 1e-9))
    length = min(max(part.duration / n, MIN_DURATION), MAX_DURATION)
    if duration is not None and duration < length:
        return
    for k in range(n):
        middle = part.start + (k + 0.5) * part.duration / n
        latest = middle if duration is None else duration - length
        start = max(0.0, min(middle - length / 2, latest))
        yield Segment(start, start + length)


def _rest(taken: Sequence[Segment], duration: float, n: int, *, seed: str) -> list[Segment]:
    """Up to `n` clips apart from what is taken and from each other; the same ones each time."""
    rng = random.Random(seed)
    chosen: list[Segment] = []
    for _ in range(MOST_TRIES * n):
        if len(chosen) == n or duration < REST_DURATION:
            break
        start = round(rng.uniform(0, duration - REST_DURATION), 1)
        clip = Segment(start, start + REST_DURATION)
        near = (other.start < clip.end + APART and clip.start < other.end + APART for other in (*taken, *chosen))
        if not any(near):
            chosen.append(clip)
    return sorted(chosen, key=lambda clip: clip.start)
