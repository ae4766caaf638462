"""What every page needs: the workspace, the language, the chosen video and person, and errors told as sentences."""

from __future__ import annotations

import functools
import os
import re
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import streamlit as st
from streamlit import config, runtime

from core.actions.background import begin_hearing, begin_reading_references
from core.actions.cues import hears_otherwise
from core.errors import PunchlineError, Sentence
from core.faces.embedders import DEFAULT_EMBEDDER, embedder_entry
from core.labels.csv import seconds_of
from core.people.person import Person
from core.segment import length
from core.translation import LANGUAGES, text, translated
from core.workspace.registry import Video
from core.workspace.settings import change_settings, read_settings
from core.workspace.workspace import Workspace

T = TypeVar("T", Video, Person)
FEW = 3  # sessions of one server, which all look by themselves as often as they like
WRITTEN = "n-files-written"  # by the latest export in this session of what is chosen
PARAMETERS = {"video_id": "video", "person_id": "person"}  # of a page's address
JOINER = "\u2060"  # not seen; what follows is no longer the first letter of a line, or of an emoji's name


def workspace_root() -> Path:
    """The folder that this server works in."""
    return Path(os.environ.get("PUNCHLINE_WORKSPACE", "workspace")).absolute()


def workspace() -> Workspace:
    """The workspace of this server. Raises WorkspaceFault where it cannot be used."""
    return Workspace(workspace_root())


def language() -> str:
    """The language of this browser session: the chosen one, else the saved one, else the browser's."""
    state = st.session_state
    chosen = state.get("language")
    if chosen in LANGUAGES:
        if state.get("spoken") != chosen:
            state.spoken = chosen  # the browser may send the switch without its value
        return str(chosen)
    if "spoken" not in state:
        saved = ""
        with suppress(PunchlineError):
            saved = read_settings(workspace()).language
        browser = (st.context.locale or "en").split("-")[0]
        state.spoken = saved or (browser if browser in LANGUAGES else "en")
    if "language" not in state:
        state.language = state.spoken
    return str(state.spoken)


def _(message: str, **values: object) -> str:
    """A sentence of the catalogue in the language of this session."""
    return text(message, language(), **values)


def lasting(seconds: float) -> str:
    """How long something lasts, so that it reads as no place in a video: 3 s, else 1:03."""
    return length(seconds, _("{n} s", n="{n}"))


def finished_text(message: object) -> str:
    """A sentence made by the program's core, in the session's language as far as the catalogue knows it."""
    return translated(message, language())


def plain(name: str) -> str:
    """A name for Markdown that shows it letter by letter: nothing in it is taken for a sign, an emoji or an icon."""
    marked = re.sub(r"([\\`*_\[\]<>~$&|])", r"\\\1", re.sub(r"\s+", " ", name))
    marked = re.sub(r"^(?=[#+=-]|\d+[.)])", JOINER, marked)
    return re.sub(r":(?=[\w+-])", rf"\:{JOINER}", marked)


def as_markdown(said: object) -> str:
    """A sentence made by the program's core, with the names in it as they are; commands in it stay code."""
    parts = finished_text(said).split("`")
    paired = len(parts) % 2 == 1  # what stands between two backticks is code
    return ("`" if paired else "\\`").join(part if paired and k % 2 else plain(part) for k, part in enumerate(parts))


def show_error(error: PunchlineError | str) -> None:
    """Tell an error, in the session's language as far as the catalogue knows it."""
    st.error(as_markdown(error), icon=":material/error:")


@contextmanager
def told() -> Iterator[None]:
    """An error inside becomes a sentence on the page; the rest of the page goes on."""
    try:
        yield
    except PunchlineError as error:
        show_error(error)


def _crowd() -> float:
    """How many times rarer than usual a page looks by itself, so that many sessions do not keep the server busy."""
    sessions = getattr(runtime.get_instance(), "_session_mgr", None) if runtime.exists() else None
    return max(1.0, sessions.num_active_sessions() / FEW) if sessions is not None else 1.0


def fragment(function: Callable[..., None], *, run_every: float | None = None) -> Callable[..., None]:
    """As `st.fragment`; a fault of ours in a run of its own becomes a sentence too, with the rest in the log.

    `run_every` are seconds; where more than `FEW` sessions are open, as many times more.
    """

    @functools.wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> None:
        try:
            function(*args, **kwargs)
        except PunchlineError as error:
            show_error(error)
        except Exception as error:
            traceback.print_exc()
            show_error(Sentence("unexpected fault ({kind}: {cause})", kind=type(error).__name__, cause=error))

    return st.fragment(guarded, run_every=None if run_every is None else run_every * _crowd())


def apply_theme() -> None:
    """Have Streamlit use the saved theme, for all who open this server; the browser's where none is saved."""
    with suppress(PunchlineError):
        theme = read_settings(workspace()).theme or None
        if config.get_option("theme.base") != theme:
            config.set_option("theme.base", theme)
            st.rerun()  # a run tells the browser its theme as it begins


def theme_switch(key: str, label: str = "") -> None:
    """Light, dark, or as the system has it; kept for all who open this server. A label is for a place with room."""
    themes = {"system": _("System"), "light": _("Light"), "dark": _("Dark")}
    with suppress(PunchlineError):
        st.session_state[key] = read_settings(workspace()).theme or "system"

    def changed() -> None:
        theme = st.session_state[key]
        with told():
            change_settings(workspace(), theme="" if theme == "system" else theme)

    st.segmented_control(
        label or _("Theme"),
        list(themes),
        format_func=themes.__getitem__,
        key=key,
        required=True,
        on_change=changed,
        label_visibility="visible" if label else "collapsed",
    )


def language_switch() -> None:
    """English or Korean; kept for later sessions too."""
    language()  # sets the widget's first value

    def changed() -> None:
        if st.session_state.language not in LANGUAGES:
            return
        with told():
            change_settings(workspace(), language=st.session_state.language)
        for key, value in st.session_state.items():
            if isinstance(value, str | None):
                st.session_state[key] = value  # set anew, an entry of a list is told in the new language

    st.segmented_control(
        "Language / 언어",
        list(LANGUAGES),
        key="language",
        format_func=LANGUAGES.__getitem__,
        required=True,
        on_change=changed,
        label_visibility="collapsed",
    )


def _chosen(kind: str, ids: list[str]) -> str | None:
    """The id that the address names, else the one chosen in this tab, else the saved one, as far as it still exists.

    It stays this tab's own, whatever other tabs choose. An address counts once: then the page's lists do.
    """
    state, asked = st.session_state, st.query_params.get(PARAMETERS[kind])
    if asked in ids and asked != state.get(f"asked-{kind}"):
        state[kind] = state[f"asked-{kind}"] = asked
    found = state.get(kind) or getattr(read_settings(workspace()), kind)
    if found not in ids:  # a page without it shows another one, and leaves the choice as it is
        return ids[0] if ids else None
    state[kind] = found
    return str(found)


def tell_address(**values: str) -> None:
    """Have the page's address name what is shown, so that it opens again after a reload, or for somebody else."""
    for name, value in values.items():
        if st.query_params.get(name) != value:
            st.query_params[name] = value


def asked_time() -> float | None:
    """The time in seconds that the page's address names, as in ``?t=61.5`` or ``?t=1:01.5``; None without one."""
    with suppress(ValueError):
        return seconds_of(st.query_params.get("t", ""))
    return None


def choose(kind: str, id: str) -> None:
    """Make a video ("video_id") or person ("person_id") the chosen one, in this session and for later ones."""
    st.session_state[kind] = id
    st.session_state.pop(WRITTEN, None)
    for name in ("t", "moment"):  # they were about another one
        st.query_params.pop(name, None)
    with told():
        change_settings(workspace(), **{kind: id})


def chosen_video(videos: list[Video]) -> Video | None:
    """The video that this session works on."""
    id = _chosen("video_id", [video.id for video in videos])
    return next((video for video in videos if video.id == id), None)


def chosen_person(people: list[Person]) -> Person | None:
    """The person that this session looks for."""
    id = _chosen("person_id", [person.id for person in people])
    return next((person for person in people if person.id == id), None)


def video_select(videos: list[Video], *, key: str) -> Video | None:
    """A selectbox of videos; what is chosen there holds on all pages.

    A video whose laughter was heard in another way than today is given to a background job, once a session.
    """
    video = _select("video_id", _("Video"), {v.id: v.name for v in videos}, videos, key)
    seen: set[str] = st.session_state.setdefault("cues-seen", set())
    if video is not None and video.id not in seen:
        seen.add(video.id)
        if video.path is not None and hears_otherwise(workspace(), video):
            begin_hearing(workspace(), video)
    return video


def person_select(people: list[Person], *, key: str) -> Person | None:
    """A selectbox of people; what is chosen there holds on all pages.

    References that the built-in embedder has not read are given to a background job, once a session.
    """
    digest = embedder_entry(DEFAULT_EMBEDDER).digest
    if any(person.lacks(digest) for person in people) and st.session_state.setdefault("references-job", None) is None:
        st.session_state["references-job"] = begin_reading_references(workspace()).id
    return _select("person_id", _("Person"), {p.id: p.name for p in people}, people, key)


def _select(kind: str, label: str, names: dict[str, str], items: list[T], key: str) -> T | None:
    if not items:
        return None
    st.session_state[key] = _chosen(kind, list(names))
    id = st.selectbox(
        label,
        list(names),
        key=key,
        format_func=names.__getitem__,
        on_change=lambda: choose(kind, st.session_state[key]),
        label_visibility="collapsed",
    )
    st.session_state[f"asked-{kind}"] = id  # the address says it from here on; it asks for nothing
    tell_address(**{PARAMETERS[kind]: str(id)})
    return next((item for item in items if item.id == id), None)
