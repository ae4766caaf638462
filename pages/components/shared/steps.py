"""The way through the pages: a stepper in the sidebar, and the next step where the work of a page ends."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.actions.steps import StepName, StepState, steps
from core.errors import PunchlineError
from pages.components.shared.shell import WRITTEN, _, chosen_person, chosen_video, fragment, workspace

PAGES: dict[StepName, str] = {
    "video": "pages/home.py",
    "person": "pages/reference.py",
    "extract": "pages/extract.py",
    "label": "pages/label.py",
    "train": "pages/train.py",
    "detect": "pages/detect.py",
    "review": "pages/detect.py",
}
ICONS: dict[StepName, str] = {
    "video": ":material/home:",
    "person": ":material/face:",
    "extract": ":material/query_stats:",
    "label": ":material/label:",
    "train": ":material/model_training:",
    "detect": ":material/celebration:",
}
ANALYSE_ICON, SETTINGS_ICON = ":material/monitoring:", ":material/settings:"
WITH_PLAYER = (
    PAGES["label"],
    PAGES["detect"],
)  # which fills the window, and its way on is in sight: theirs stands at the end
LOOK_EVERY = 3.0  # seconds between two looks at how far the work is


def page_name(step: StepName) -> str:
    """The page of a step, as its title."""
    return {
        "video": _("Home"),
        "person": _("Reference face"),
        "extract": _("Extract"),
        "label": _("Label"),
        "train": _("Train"),
        "detect": _("Detect"),
        "review": _("Detect"),
    }[step]


def _count(step: StepState) -> str:
    """How far a step is, in a word; empty where there is nothing to count."""
    if step.name in ("label", "review") and step.n and not step.done:
        return _("{n} of {needed}", n=step.n, needed=step.needed)
    return str(step.n) if step.n and step.name != "extract" else ""


def _steps() -> list[StepState]:
    """The steps of the chosen video and person; none is done where the workspace cannot be read, which pages say."""
    try:
        space = workspace()
        return steps(space, chosen_video(space.videos()), chosen_person(space.people()))
    except PunchlineError:
        return [StepState(name, 0) for name in PAGES]


def stepper() -> None:
    """The pages as steps, with a tick where one is done, a word where one is next or under way, and counts."""
    words = {"done": _("done"), "now": _("next"), "busy": _("under way")}  # app.css draws them
    st.html(f"<style>:root {{{' '.join(f'--step-{name}: {word!r};' for name, word in words.items())}}}</style>")
    fragment(_stepper, run_every=LOOK_EVERY)()


def _stepper() -> None:
    states = _steps()
    ahead = next((state.name for state in states if not state.done), None)
    for state in states[:-1]:
        now = ahead == state.name or (state.name == "detect" and ahead == "review")
        place = "busy" if state.under_way else "done" if state.done else "now" if now else "ahead"
        count = _count(states[-1]) if state.name == "detect" and state.done else _count(state)
        name = page_name(state.name)
        with st.container(key=f"step-{state.name}-{place}"):
            label = name + (f" :gray-badge[{count}]" if count else "")
            told = [name, *([_("next step")] if place == "now" else []), _lacking(state)]
            lacking = None if place == "done" else " · ".join(told)
            st.page_link(PAGES[state.name], label=label, icon=ICONS[state.name], help=lacking)
    with st.container(key="step-analyse"):
        st.page_link("pages/analyse.py", label=_("Analyse"), icon=ANALYSE_ICON)


def step_place(page: str) -> DeltaGenerator:
    """Where the next step goes: one of two places in turn, so that what stood on the page before goes at once."""
    shown, turn = st.session_state.get("step-place", ("", 0))
    turn = turn if shown == page else 1 - turn
    st.session_state["step-place"] = page, turn
    return [st.container() if k == turn else st.empty() for k in (0, 1)][turn]


def next_step(page: str) -> None:
    """What is done on this page (its file's name), and the button to the next where it is."""
    fragment(_next_step, run_every=LOOK_EVERY)(f"pages/{page}.py")


def _next_step(page: str) -> None:
    states = _steps()
    here = [k for k, state in enumerate(states) if PAGES[state.name] == page]
    if not here or page == PAGES["video"] or not states[0].done:  # Home names the next step of each video
        return
    k = next((k for k in here if states[k].under_way or not states[k].done), here[-1])
    state, number = states[k], {page: n for n, page in enumerate(dict.fromkeys(PAGES.values()), 1)}
    n_written = int(st.session_state.get(WRITTEN, 0)) if page == PAGES["detect"] else 0
    with st.container(border=True, key="next-step" if page in WITH_PLAYER else "next-step-top"):
        words, button = st.columns([4, 1.5], vertical_alignment="center")
        finished = state.done and not state.under_way
        wants_labels = state.name == "train" and not states[k - 1].done and not state.under_way
        progress = _("done") if finished else _lacking(states[k - 1] if wants_labels else state)
        if n_written and not state.under_way:
            progress = _("{n} files exported.", n=n_written)
        name = f"**{page_name(state.name)}**"
        title = _("Step {k} of {total}: {name}", k=number[page], total=len(number), name=name)
        words.markdown(f"{title} :gray[· {progress}]")
        later = [s.name for s in states[k + 1 :] if PAGES[s.name] != page and not (state.done and s.done)]
        after, name = (PAGES[later[0]], page_name(later[0])) if later else ("", "")
        if n_written:  # the way is gone to its end: on to another video, or a look at this one's emotions
            several = len(workspace().videos()) > 1
            after, name = (PAGES["video"], _("Home")) if several else ("pages/analyse.py", _("Analyse"))
        if state.name == "person" and not state.done:
            after = ""  # nothing can be done there for nobody
        if after and button.button(
            _("Next: {name}", name=name),
            type="primary" if finished or n_written else "tertiary",
            key=f"next-{Path(after).stem}",
            icon=":material/arrow_forward:",
            width="stretch",
        ):
            st.switch_page(after)


def _lacking(state: StepState) -> str:
    """What a step still wants."""
    if state.under_way:
        return _("under way")
    return {
        "video": _("Add a video."),
        "person": _("Choose some faces of the person."),
        "extract": _("Press Start to read the faces and the sound of the video."),
        "label": _("{n} of {needed} labels, half of them not funny", n=state.n, needed=state.needed),
        "train": _("Press Start to train a model on the labels."),
        "detect": _("Press Find funny moments."),
        "review": _("{n} of {needed} moments reviewed; then export them.", n=state.n, needed=state.needed),
    }[state.name]
