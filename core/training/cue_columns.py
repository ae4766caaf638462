"""Cues as further columns of clips, for models that are trained with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.classifiers.inputs import Together
from core.cues.cue import CUES, column_names
from core.errors import ModelFault
from core.workspace.library import Library, VideoCues

Floats = NDArray[np.floating]
AUTO, NONE = "auto", "none"
LAUGHTER = f"laughter_{CUES['laughter'].lane}"
SMILE, DECIBELS, HEARD = 1.0, 10.0, 1.0  # what is 1 of happiness, of loudness and its steps, of heard laughter
QUIET = 0.2  # messages a second that are added before a ratio is taken: 0 against .2 is no difference


def chosen_cues(library: Library, video_ids: Iterable[str], wanted: str) -> tuple[str, ...]:
    """The cues that a training takes: those of ``auto`` that all videos have, none, or the named ones.

    Raises
    ------
    ModelFault
        If a name is unknown, or a named cue is absent in one of the videos.
    """
    if wanted == NONE:
        return ()
    ids = list(dict.fromkeys(video_ids))
    if wanted == AUTO:
        return tuple(name for name in CUES if all(name in library.cues(id).cues for id in ids))
    names = tuple(dict.fromkeys(name.strip() for name in wanted.split(",")))
    for name in names:
        if name not in CUES:
            raise ModelFault(
                "there is no cue {name}; expected auto, none, or some of {known}", name=name, known=", ".join(CUES)
            )
        for id in ids:
            check_there(library, id, name)
    return names


def check_there(library: Library, video_id: str, name: str) -> None:
    """That a video has a cue. Raises ModelFault that says how it comes to be there."""
    if name not in library.cues(video_id).cues:
        raise ModelFault(
            "video {video_id} lacks the cue {name}; `punchline cues compute` hears laughter, `punchline chat attach` "
            "reads a chat; or train without it",
            video_id=video_id,
            name=name,
        )


def together_of(columns: Sequence[str]) -> Together:
    """What is a laugh in these columns of clips: a smile and, at the same time, laughter, else bursts of loud sound.

    Laughter comes in bursts: from row to row it changes by some 7 dB, applause and music by 1 to 2.
    """
    smile = columns.index("happiness"), SMILE, False
    if LAUGHTER in columns:
        return smile, (columns.index(LAUGHTER), HEARD, False)
    loudness = columns.index("loudness")
    return smile, (loudness, DECIBELS, False), (loudness, DECIBELS, True)


def cue_columns(
    known: VideoCues, names: tuple[str, ...], timestamps: Floats, *, steady: bool = True
) -> NDArray[np.float32]:
    """Columns (n, rows, k) of a video's cues at timestamps (n, rows): those of the nearest frame, NaN where missing.

    Messages a second count as the logarithm of their ratio to the video's median, for chats differ in size. Laughter is
    `steady` (`core.cues.steady`), unless a model has learned from it second by second.
    """
    if not names:
        return np.empty((*timestamps.shape, 0), np.float32)
    return _comparable(known, names, steady)[known.nearest(timestamps)].astype(np.float32)


def _comparable(known: VideoCues, names: tuple[str, ...], steady: bool) -> Floats:
    """Columns (n_frames, k) as models take them."""
    rows = {name: known.cues[name] for name in names}
    if "laughter" in rows and steady:
        rows["laughter"] = np.concatenate([known.steady_laughter[:, None], rows["laughter"][:, 1:]], axis=1)
    if "chat" in rows and not np.isnan(rows["chat"][:, 0]).all():
        usual = np.nanmedian(rows["chat"][:, 0])
        ratio = np.log((rows["chat"][:, 0] + QUIET) / (usual + QUIET))
        rows["chat"] = np.stack([ratio, rows["chat"][:, 1]], axis=1)
    return np.concatenate(list(rows.values()), axis=1)


@dataclass(frozen=True, eq=False)
class WithCues:
    """A fitted model, and the cues of one video that it takes beside the 12 features."""

    fitted: Any
    known: VideoCues
    names: tuple[str, ...]
    steady: bool = True
    uses_timestamps_: bool = True

    def columns(self, timestamps: Floats) -> NDArray[np.float32]:
        """The cues at timestamps (..., rows), as further columns (..., rows, k)."""
        return cue_columns(self.known, self.names, timestamps, steady=self.steady)

    def usual(self) -> Floats:
        """The median (k,) of every column over the video, 0 where it is never known."""
        if not self.names:
            return np.empty(0)
        columns = _comparable(self.known, self.names, self.steady)
        known = ~np.isnan(columns).all(axis=0)
        usual = np.zeros(columns.shape[1])
        usual[known] = np.nanmedian(columns[:, known], axis=0)
        return usual

    def predict_proba(self, X: Floats, timestamps: Floats) -> Floats:
        """Probabilities (n, classes) of clips (n, rows, 12) with the times of their rows (n, rows) in seconds."""
        more = {"timestamps": timestamps} if getattr(self.fitted, "uses_timestamps_", False) else {}
        probabilities: Floats = self.fitted.predict_proba(np.concatenate([X, self.columns(timestamps)], axis=2), **more)
        return probabilities


def with_cues(fitted: Any, card: Mapping[str, Any], library: Library, video_id: str) -> WithCues:
    """A model as it takes clips of a video. Raises ModelFault where the video lacks a cue that the model takes."""
    names = tuple(card.get("cues", ()))
    for name in names:
        check_there(library, video_id, name)
    known = library.cues(video_id) if names else VideoCues()
    return WithCues(fitted, known, names, steady=bool(card.get("steady_laughter")))


@dataclass(frozen=True, eq=False)
class ClipCues:
    """The cues of clips that come from several videos: `video` (n,) of each."""

    library: Library
    names: tuple[str, ...]
    video: NDArray[Any]

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return column_names(self.names)

    def of(self, timestamps: Floats, index: NDArray[np.integer] | None = None) -> NDArray[np.float32]:
        """Columns (n, rows, k) of the clips, or those with this index, at timestamps (n, rows)."""
        video = self.video if index is None else self.video[index]
        out = np.full((*timestamps.shape, len(self.column_names)), np.nan, np.float32)
        for id in np.unique(video).tolist() if self.names else ():
            here = video == id
            out[here] = cue_columns(self.library.cues(id), self.names, timestamps[here])
        return out

    def added(
        self, augment: Callable[[np.random.Generator, NDArray[np.integer]], tuple[Floats, Floats]]
    ) -> Callable[[np.random.Generator, NDArray[np.integer]], tuple[Floats, Floats]]:
        """An augmentation that gives clips of 12 features, with the cues of its clips."""

        def draw(rng: np.random.Generator, index: NDArray[np.integer]) -> tuple[Floats, Floats]:
            X, timestamps = augment(rng, index)
            return np.concatenate([X, self.of(timestamps, index)], axis=2), timestamps

        return draw
