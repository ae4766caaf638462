"""A small app around the player, for its tests and its benchmark.

`?mode=` chooses queue, mark or watch, `?person=` whose labels, `?video=` the one to watch, `?slow=` makes every run
that many seconds longer, `?new=` passes over clips that share more than 0.75 s with one just judged. While the
workspace holds a file `full`, nothing can be saved.
"""

import os
import time
from pathlib import Path

import streamlit as st

from core.playback.access import Access, access_middleware
from core.playback.route import media_address, media_routes
from core.workspace.workspace import Workspace

ROOT = Path(os.environ["PUNCHLINE_WORKSPACE"])

if __name__ != "__main__":
    app = st.App(__file__, routes=media_routes(ROOT), middleware=access_middleware(Access()))
else:
    import numpy as np

    from core.errors import StorageFault
    from core.labels.event import LabelEvent
    from core.labels.judgements import Press, Receipt
    from core.labels.ledger import Ledger
    from core.video.probe import VideoInfo, probe
    from pages.components.player.lane import Lane
    from pages.components.player.player import (
        Controls,
        Mark,
        Queue,
        QueuedClip,
        Source,
        Timeline,
        player,
    )
    from pages.components.shared.jumps import Jump, Jumps, jumps

    N_CLIPS = int(os.environ.get("PLAYER_CLIPS", "90"))
    st.set_page_config(layout="wide")

    @st.cache_resource
    def opened() -> tuple[Ledger, dict[str, VideoInfo]]:
        videos = Workspace(ROOT).videos()
        return Ledger(ROOT / "labels.sqlite"), {video.id: probe(video.path) for video in videos if video.path}

    ledger, probed = opened()
    videos = [(id, info.duration or 45.0, float(info.fps or 30)) for id, info in probed.items()]
    shown = st.query_params.get("video", videos[0][0])

    def save(events: list[Press]) -> Receipt:
        """Labels and marks as they are; undo as a removal. Skips are remembered in this session."""
        if (ROOT / "full").exists():
            raise StorageFault("the disk is full")
        if (ROOT / "refuse").exists():
            return Receipt(refused={event.id: "the clip is 2.00 s long, expected 5 to 7 s" for event in events})
        skipped = st.session_state.setdefault("skipped", {})
        rows = []
        for event in events:
            if event.kind == "skip":
                skipped[event.clip_id] = event.id
            elif event.kind == "undo" and skipped.get(event.clip_id) == event.undoes:
                del skipped[event.clip_id]
            else:
                rows.append(
                    LabelEvent(
                        video_id=event.video_id,
                        person_id=event.person_id,
                        start=event.start,
                        end=event.end,
                        label=event.label,
                        origin=event.origin,
                        kind="remove" if event.kind == "undo" else "label",
                        clip_id=event.clip_id,
                        id=event.id,
                        at=event.at,
                    )
                )
        ledger.record(rows)
        return Receipt([event.id for event in events])

    def lanes(duration: float) -> list[Lane]:
        t = np.arange(0.5, duration, 1 / 3)
        rng = np.random.default_rng(1)

        def walk(scale: float) -> np.ndarray:
            return np.convolve(rng.normal(0, 1, len(t) + 20), np.ones(21) / 21, "valid") * scale

        arousal, valence = np.clip(walk(2), -1, 1), np.clip(walk(2), -1, 1)
        gap = (t > duration * 0.4) & (t < duration * 0.46)
        arousal[gap] = valence[gap] = np.nan
        score = np.clip(0.25 + walk(1.2), 0, 1)
        score[gap] = np.nan
        return [
            Lane("score", "Score", t, score, (0, 1), threshold=0.6),
            Lane("arousal", "Arousal", t, arousal, (-1, 1)),
            Lane("valence", "Valence", t, valence, (-1, 1)),
            Lane("loudness", "Loudness", t, -35 + walk(40), (-60, 0)),
        ]

    mode = st.query_params.get("mode", "queue")
    person = st.query_params.get("person", "someone")
    slow = float(st.query_params.get("slow", "0"))

    @st.fragment
    def show() -> None:
        time.sleep(slow)
        labels = ledger.labels(person_id=person)
        done = {event.clip_id for event in labels} | set(st.session_state.get("skipped", {}))
        counts = {"funny": sum(e.label == 1 for e in labels), "not_funny": sum(e.label == 0 for e in labels)}
        timelines = {
            id: Timeline(
                lanes=lanes(duration),
                labels=[(e.start, e.end, int(e.label or 0)) for e in labels if e.video_id == id],
                moments=None
                if mode == "queue"
                else [(k, k + 6.0, 0.9 - k / 200) for k in range(10, int(duration) - 6, 20)],
                unseen=[(duration * 0.4, duration * 0.46)],
                not_judged=[(duration * 0.4, duration * 0.46)],
            )
            for id, duration, _ in videos
        }
        if mode == "queue":
            clips = []
            for k in range(N_CLIPS):
                id, duration, fps = videos[k // 5 % 2]
                start = round(k * 7.3 % (duration - 7), 3)
                clips.append(
                    QueuedClip(f"{person}-{k:03}", id, media_address(id), start, start + 6.0, "peaks", duration, fps)
                )
            clips = [clip for clip in clips if clip.clip_id not in done][:30]
            if st.query_params.get("turns"):  # another order after every label
                clips = [*clips[5 * len(labels) :], *clips[: 5 * len(labels)]]
            shared = 0.75 if st.query_params.get("new") else None
            source: Queue | Source = Queue("all", clips, gone=sorted(done), counts=counts, shared=shared)
        else:
            id, duration, fps = next(video for video in videos if video[0] == shown)
            piece = "#offset=20.000" if mode == "piece" else ""
            stated = None if probed[id].duration is None else duration + 20 * bool(piece)
            source = Source(id, media_address(id) + piece, stated, fps)
        state = player(
            "player",
            source,
            timelines=timelines,
            mark=Mark(counts=counts) if mode == "mark" else None,
            clip=(22.0, 26.0) if mode == "piece" else None,
            seek=st.session_state.get("seek"),
            on_events=save,
            person_id=person,
            token=f"tests/{person}",
            controls=Controls(select_range=mode == "watch"),
        )
        if mode == "piece":
            jumps([Jumps([Jump(24.0)])], key="jumps", player_key="player")
        st.caption(f"range {state.range} unplayable {state.unplayable}")

    def jump(seconds: float) -> None:
        last = st.session_state.get("seek") or (0.0, 0)
        st.session_state["seek"] = (seconds, last[1] + 1)

    if st.checkbox("Show the player", value=True):
        show()
    if st.query_params.get("bare") is None:
        st.text_input("Note", key="note")
        st.selectbox("Colour", ["red", "green"])
        st.button("Jump to 7 s", on_click=jump, args=(7.0,))
