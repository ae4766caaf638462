"""Home: the videos that this workspace knows, what each has come to, and its next step."""

import time

import streamlit as st

from core.actions.adoption import adopt, offers
from core.actions.background import begin_sample
from core.actions.overview import Step, VideoState, overview
from core.actions.sample import SAMPLE
from core.errors import PunchlineError, Sentence
from core.people.person import Person
from core.playback.thumbnails import cover
from core.workspace.folders import drop_folder, drop_video, refresh, relocate
from core.workspace.jobs import Jobs
from core.workspace.settings import read_settings
from core.workspace.workspace import Workspace
from pages.components.home.batch import batch
from pages.components.home.browser import browse_dialog, take_in
from pages.components.home.selection import selection
from pages.components.shared.header import drawing, header
from pages.components.shared.presence import unseen
from pages.components.shared.shell import _, choose, lasting, plain, show_error, told, workspace

PAGE_SIZE = 12
LOOKED_FOR = 30.0  # seconds after which nobody waits for a result any more
PAGES: dict[Step, str] = {
    "person": "pages/reference.py",
    "extract": "pages/extract.py",
    "wait": "pages/extract.py",
    "label": "pages/label.py",
    "train": "pages/train.py",
    "detect": "pages/detect.py",
    "review": "pages/detect.py",
}


def step_name(step: Step) -> str:
    """What to do next, as the words on a button."""
    return {
        "find": _("Find the file again"),
        "person": _("Pick the person"),
        "extract": _("Extract"),
        "wait": _("Watch the progress"),
        "label": _("Label clips"),
        "train": _("Train"),
        "detect": _("Find funny moments"),
        "review": _("See the moments"),
    }[step]


def welcome(space: Workspace) -> None:
    """What a newcomer sees."""
    left, right = st.columns(2, gap="large")
    with left, st.container(border=True, height="stretch"):
        drawing("video")
        st.subheader(_("Start with the sample"))
        st.write(_("Three minutes, two people, and some moments that are funny. You see every step in a few minutes."))
        if st.button(_("Try the sample"), type="primary", icon=":material/play_circle:", key="sample"):
            try_sample(space)
        if st.button(_("Show me the result first"), icon=":material/bolt:", key="sample-result"):
            with told():
                video = space.register(SAMPLE)
                choose("video_id", video.id)
                st.session_state["sample-job"] = begin_sample(space, video).id
                st.rerun()
    with right, st.container(border=True, height="stretch"):
        drawing("series")
        st.subheader(_("Add your own videos"))
        st.write(_("Videos stay where they are. They are never copied, uploaded or changed."))
        add_videos(key="welcome")


def show_wanted_result(space: Workspace) -> None:
    """Go to the sample's moments as soon as they are there, for whoever waits for them on this page."""
    if (wanted := st.session_state.get("sample-job")) is None:
        return
    job = next((job for job in Jobs(space).all() if job.id == wanted), None)
    if job is not None and job.live:
        return
    del st.session_state["sample-job"]
    if job is not None and job.status == "done" and time.time() - job.ended < LOOKED_FOR:
        st.switch_page(PAGES["review"])


def try_sample(space: Workspace) -> None:
    """Take in the sample and go on with its first step."""
    with told():
        choose("video_id", space.register(SAMPLE).id)
        st.switch_page(PAGES["person"])


def add_videos(*, key: str) -> None:
    """A field for a path, and a dialog to look for it."""
    with st.form(f"add-{key}", border=False, clear_on_submit=False):
        path = st.text_input(
            _("File or folder on this machine"), key=f"path-{key}", placeholder="/home/me/Videos", max_chars=4096
        )
        with st.container(horizontal=True):
            add = st.form_submit_button(_("Add"), icon=":material/add:")
            browse = st.form_submit_button(_("Browse…"), icon=":material/folder_open:")
    if browse:
        browse_dialog()
    elif add:
        take_in(path)


def badges(state: VideoState) -> str:
    """The state of a video in a few coloured words."""
    said = {
        "none": f":gray-badge[{_('not extracted')}]",
        "partial": f":orange-badge[{_('partly extracted')}]",
        "done": f":green-badge[:material/check: {_('extracted')}]",
        "damaged": f":red-badge[{_('damaged')}]",
    }[state.analysed]
    if state.job is not None and state.job.live:
        said = f":blue-badge[{_('extracting')}]"
    parts = [said]
    if state.n_labels:
        parts.append(f":violet-badge[{_('{n} labels', n=state.n_labels)}]")
    if state.n_moments is not None:
        parts.append(f":green-badge[{_('{n} moments', n=state.n_moments)}]")
    if state.video.path is None:
        parts.append(f":red-badge[{_('file missing')}]")
    elif state.video.growing:
        parts.append(f":orange-badge[{_('still being recorded')}]")
    return " ".join(parts)


def facts(state: VideoState) -> str:
    """Length, size and where it lies."""
    about = state.about
    parts = [lasting(state.duration)] if state.duration else []
    if about.get("width"):
        parts.append(f"{about['width']} x {about['height']}")
    if about.get("has_audio") is False:
        parts.append(_("no sound"))
    if state.video.path == SAMPLE:
        return " · ".join([*parts, _("comes with Punchline")])
    place = state.video.path or (state.video.paths[0] if state.video.paths else "")
    return " · ".join([*parts, plain(str(place))])


def video_row(space: Workspace, state: VideoState, people: list[Person], *, first: bool) -> None:
    """One video: picture, name, state, next step; the button of the first is the page's main one."""
    with st.container(border=True):
        picture, words, action = st.columns([1.1, 4, 1.4], vertical_alignment="center")
        with picture:
            image = cover(space, state.video)
            if image is not None:
                st.image(str(image), width="stretch", alt=state.video.name)
            else:
                st.markdown("### :material/movie:")
        with words:
            st.markdown(f"**{plain(state.video.name)}**  \n{badges(state)}")
            st.caption(facts(state))
            if nobody := state.analysed == "done" and unseen(space, state.video, people):
                names = plain(", ".join(person.name for person in people))
                one = _("{name} is not seen in this video.", name=names)
                st.caption(one if len(people) == 1 else _("Not seen in this video: {names}.", names=names))
            if "fault" in state.about:
                show_error(Sentence.of(state.about["fault"]))
            if state.damage is not None:
                show_error(state.damage)
                st.caption(_("Extract the video again; its labels are kept."))
        with action:
            next_step = "person" if nobody and state.next_step in ("label", "train", "detect") else state.next_step
            if next_step == "find":
                find_again(space, state)
            elif (
                next_step in PAGES
                and "fault" not in state.about
                and st.button(
                    step_name(next_step),
                    key=f"next-{state.video.id}",
                    type="primary" if first and next_step not in ("wait", "review") else "secondary",
                    width="stretch",
                )
            ):
                choose("video_id", state.video.id)
                st.switch_page(PAGES[next_step])
            with st.popover(_("Remove"), icon=":material/delete:", key=f"removal-{state.video.id}", width="stretch"):
                st.write(_("Takes the video off this list. The file, its labels and results are kept."))
                if st.button(_("Remove from list"), key=f"remove-{state.video.id}"):
                    with told():
                        drop_video(space, state.video)
                        st.rerun()


def find_again(space: Workspace, state: VideoState) -> None:
    """A field for the new place of a video that is gone."""
    with st.popover(step_name("find"), icon=":material/folder_open:", key=f"lost-{state.video.id}", width="stretch"):
        st.write(_("Where is it now? Labels and results are kept."))
        place = st.text_input(_("File or folder on this machine"), key=f"place-{state.video.id}", max_chars=4096)
        if st.button(_("Find"), key=f"find-{state.video.id}", disabled=not place.strip()):
            with told():
                relocate(space, state.video, place)
                st.rerun()


def videos_list(space: Workspace, states: list[VideoState]) -> None:
    """The videos that are wanted, a page at a time, and one click for all that is left to do with them."""
    states = selection(states, step_name)
    people = [person for person in space.people() if person.references]
    all_at_once = batch(space, states, people)
    n_pages = max(1, -(-len(states) // PAGE_SIZE))
    page = st.pagination(n_pages, key="home-page") if n_pages > 1 else 1
    ready = (state for state in states if state.next_step in PAGES and "fault" not in state.about)
    main = None if all_at_once else next(ready, None)
    for state in states[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]:
        video_row(space, state, people, first=state is main)
    if not states:
        st.info(_("No video matches this name."), icon=":material/search_off:")


def adoption(space: Workspace) -> None:
    """Labels of videos that are gone, where another one looks and sounds the same."""
    for offer in offers(space):
        with st.container(border=True):
            words, button = st.columns([4, 1.4], vertical_alignment="center")
            old, new, n = plain(offer.old.name), plain(offer.video.name), offer.n_labels
            words.write(_("{new} holds the same as {old}, which is gone. Take its {n} labels?", new=new, old=old, n=n))
            if button.button(_("Take them over"), key=f"adopt-{offer.old.id}-{offer.video.id}", width="stretch"):
                with told():
                    adopt(space, offer.old.id, offer.video)
                    st.rerun()


def folders(space: Workspace) -> None:
    """Library folders, and taking in more."""
    with st.expander(_("Add videos and folders"), icon=":material/create_new_folder:"):
        add_videos(key="more")
        for k, folder in enumerate(read_settings(space).folders):
            name, action = st.columns([5, 1], vertical_alignment="center")
            name.markdown(f":material/folder: `{folder}`")
            if action.button(_("Remove from list"), key=f"drop-{k}"):
                drop_folder(space, folder)
                st.rerun()


def main() -> None:
    """Draw the page."""
    (words,) = header("Punchline", 10)
    words.caption(_("Finds the funny moments of one person in long videos."))
    try:
        space = workspace()
        with st.spinner(_("Looking through your videos…"), show_time=False):
            faults = refresh(space)
            states = overview(space)
    except PunchlineError as error:
        show_error(error)
        return
    for fault in faults:
        show_error(fault)
    if not states:
        welcome(space)
        return
    show_wanted_result(space)
    with told():
        adoption(space)
    videos_list(space, states)
    folders(space)
    if all(state.video.path != SAMPLE for state in states) and st.button(
        _("Try the sample"), key="sample", icon=":material/play_circle:"
    ):
        try_sample(space)


main()
