"""The web app's frame: navigation, what stands on every page, and server routes."""

import traceback
from importlib import import_module
from threading import Thread

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from core.playback.access import Access, access_middleware
from core.playback.download import download_routes
from core.playback.route import media_routes
from core.storage.program import ASSETS, PROGRAM
from pages.components.shared.document import page_routes
from pages.components.shared.redraw import keep_pages_whole
from pages.components.shared.shell import workspace_root

if __name__ == "__main__":
    from pages.components.shared.job_panel import job_panel
    from pages.components.shared.shell import _, apply_theme, language_switch, show_error, theme_switch
    from pages.components.shared.steps import ANALYSE_ICON, ICONS, SETTINGS_ICON, next_step, step_place, stepper

    apply_theme()
    ICON = str(ASSETS / "icon.png")
    SIDEBAR = 232  # pixels
    WORK = ("label", "analyse", "detect")  # pages with a player, beside which the sidebar is a strip of icons
    st.set_page_config(page_title="Punchline", page_icon=ICON, layout="wide", initial_sidebar_state=SIDEBAR)
    page = st.navigation(
        [
            st.Page("pages/home.py", title=_("Home"), icon=ICONS["video"], default=True),
            st.Page("pages/reference.py", title=_("Reference face"), icon=ICONS["person"]),
            st.Page("pages/extract.py", title=_("Extract"), icon=ICONS["extract"]),
            st.Page("pages/label.py", title=_("Label"), icon=ICONS["label"]),
            st.Page("pages/train.py", title=_("Train"), icon=ICONS["train"]),
            st.Page("pages/detect.py", title=_("Detect"), icon=ICONS["detect"]),
            st.Page("pages/analyse.py", title=_("Analyse"), icon=ANALYSE_ICON),
            st.Page("pages/settings.py", title=_("Settings"), icon=SETTINGS_ICON),
        ],
        position="hidden",
    )
    st.html(ASSETS / "app.css")
    st.html(f"<style>:root {{--choose-file: '{_('Choose a file')}'}}</style>")
    st.logo(ICON, size="large")
    with st.sidebar, st.container(key="rail" if page.url_path in WORK else "shelf"):
        stepper()
        job_panel(page.url_path)
        with st.container(key="language-place"):
            st.page_link("pages/settings.py", label=_("Settings"), icon=SETTINGS_ICON)
            theme_switch("theme")
            language_switch()
    try:
        body = st.container()  # what follows keeps its place, whatever the page draws
        foot = step_place(page.url_path)
        with body:
            page.run()
        with foot:
            next_step(page.url_path or "home")
    except Exception as error:  # a fault of ours: in the log in full, on the page as a sentence
        traceback.print_exc()
        show_error(f"unexpected fault ({type(error).__name__}: {error})")
else:
    # A folder called pages/ would make the first address after a start run its page alone, without this frame.
    PagesManager.uses_pages_directory = False
    keep_pages_whole()
    for name in ("pandas", "altair"):  # they load for a second or two, while the browser still loads the page
        Thread(target=import_module, args=(name,), daemon=True).start()
    root = workspace_root()
    names = [path.stem for path in (PROGRAM / "pages").glob("*.py")]
    routes = [*media_routes(root), *download_routes(root), *page_routes(names)]
    app = st.App(__file__, routes=routes, middleware=access_middleware(Access.from_environment()))
