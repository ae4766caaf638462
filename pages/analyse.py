"""Analyse: a person's emotions and voice over a video, as shares, curves, successions and extremes that jump there."""

import streamlit as st

from core.errors import PunchlineError
from core.playback.playable import playable
from core.workspace.workspace import Workspace
from pages.components.analyse.compare import Side, other_side
from pages.components.analyse.view import analysis
from pages.components.detect.start import not_extracted
from pages.components.player.proxy import proxy_notice
from pages.components.shared.data import series_for
from pages.components.shared.header import header, unmet
from pages.components.shared.shell import _, person_select, plain, show_error, video_select, workspace


def body(space: Workspace) -> None:
    """What is chosen, and its analysis."""
    videos, people = space.videos(), space.people()
    left, right, third, _rest = header(_("Analyse"), 3, 2, 2.5, 2)
    if unmet("series", _("To analyse you need a video and a person."), videos, people):
        return
    with left:
        video = video_select(videos, key="analyse-video")
    with right:
        person = person_select(people, key="analyse-person")
    assert video is not None
    assert person is not None
    series = series_for(space, video, person)
    if series is None or len(series.series) == 0:
        not_extracted(space, video)
        return
    if not series.series.observed.any():
        said = _("{name} is not seen in this video: sound is all there is.", name=plain(person.name))
        st.warning(said, icon=":material/visibility_off:")
        st.page_link("pages/reference.py", label=_("Pick other reference faces, or thresholds"), icon=":material/face:")
    shown = playable(space, video)
    if not shown.src or shown.state == "minute":
        proxy_notice(space, video, shown)
    other = other_side(space, video, person, videos, people, third)
    analysis(space, Side(video, person, person.name, series.series), shown, other)


def main() -> None:
    """Draw the page."""
    try:
        body(workspace())
    except PunchlineError as error:
        show_error(error)


main()
