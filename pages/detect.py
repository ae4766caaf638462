"""Detect: one click from a video to its funny moments, which can be watched, judged and exported."""

import streamlit as st

from core.errors import PunchlineError
from core.people.person import Person
from core.playback.playable import playable
from core.workspace.jobs import Jobs
from core.workspace.registry import Video
from core.workspace.workspace import Workspace
from pages.components.detect.candidates import candidates
from pages.components.detect.data import Subject, models_of, scores_of
from pages.components.detect.kept import all_videos, outdated
from pages.components.detect.result import result
from pages.components.detect.start import (
    find_button,
    fits,
    model_select,
    no_model,
    not_extracted,
    of_somebody_else,
    progress,
    unfinished,
)
from pages.components.player.proxy import proxy_notice
from pages.components.shared.data import series_for
from pages.components.shared.header import header, unmet
from pages.components.shared.presence import unseen_notice
from pages.components.shared.shell import _, person_select, show_error, video_select, workspace


def found(space: Workspace, videos: list[Video], people: list[Person]) -> None:
    """What is chosen, and below it the way to the result, or the result."""
    places = header(_("Detect"), 3, 2, 2.8, 2, *([1.6] if len(videos) > 1 else []))
    with places[0]:
        video = video_select(videos, key="detect-video")
    with places[1]:
        person = person_select(people, key="detect-person")
    assert video is not None
    assert person is not None
    models = models_of(space, person)
    if len(videos) > 1 and places[4].toggle(
        _("All videos"), key="detect-all", help=_("The moments of all videos as one list.")
    ):
        all_videos(space, videos, person, models[0].name if models else None)
        return
    series = series_for(space, video, person)
    if series is None or len(series.series) == 0:
        not_extracted(space, video)
        return
    unseen_notice(space, video, person)
    if not models:
        no_model(person)
        candidates(space, video, person, series)
        return
    with places[2]:
        subject = Subject(space, video, person, model_select(space, video, person, models))
    if of_somebody_else(subject):
        candidates(space, video, person, series)
        return
    job = Jobs(space).latest("detect", subject.id)
    usable = fits(subject, series)
    scored = scores_of(subject) if usable else None
    with places[3]:
        find_button(subject, job, again=scored is not None, disabled=not usable)
    if job is not None and job.live:
        progress(subject, job)
    elif job is not None:
        unfinished(job, subject)
    if scored is None:
        if usable and outdated(subject):
            return
        if usable and not (job is not None and job.live):
            st.caption(_("The model looks at every stretch of 5 to 7 seconds. Five hours of video take seconds."))
        return
    shown = playable(space, video)
    if not shown.src or shown.state == "minute":
        proxy_notice(space, video, shown)
    result(subject, scored, series, shown)


def main() -> None:
    """Draw the page."""
    try:
        space = workspace()
        videos, people = space.videos(), space.people()
        if videos and people:
            found(space, videos, people)
        else:
            header(_("Detect"))
            unmet("moments", _("To find funny moments you need a video and a person."), videos, people)
    except PunchlineError as error:
        show_error(error)


main()
