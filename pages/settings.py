"""Settings: language, theme, keys, and where exports go; all kept in the workspace."""

from pathlib import Path

import streamlit as st

from core.errors import PunchlineError
from core.translation import LANGUAGES
from core.workspace.settings import USUAL_KEYS, change_settings, key_fault, read_settings, whole_keys
from core.workspace.workspace import Workspace
from pages.components.shared.header import header
from pages.components.shared.shell import _, language, show_error, theme_switch, told, workspace


def appearance(space: Workspace) -> None:
    """Language and theme; each holds from the click on."""
    st.session_state["settings-language"] = language()

    def spoken() -> None:
        st.session_state.language = st.session_state["settings-language"]
        with told():
            change_settings(space, language=st.session_state.language)

    st.segmented_control(
        _("Language"),
        list(LANGUAGES),
        format_func=LANGUAGES.__getitem__,
        key="settings-language",
        required=True,
        on_change=spoken,
    )
    theme_switch("settings-theme", _("Theme"))


def keys(space: Workspace) -> None:
    """The letters that judge a clip or a moment, and set its bounds."""
    kept = whole_keys(read_settings(space).keys)
    label = (_("Funny"), _("Not funny"), _("Skip"), _("Undo"))
    names = (*label, _("Accept"), _("Reject"), _("In point"), _("Out point"))
    n = len(label)
    with st.form("keys", border=False):
        places = []
        for title in (_("Keys for labelling"), _("Keys for reviewing")):
            st.markdown(f"**{title}**")
            places += st.columns(n)
        for key, usual in zip(kept, USUAL_KEYS, strict=True):
            st.session_state.setdefault(f"key-{usual}", key.upper())
        chosen = [
            place.text_input(name, max_chars=1, key=f"key-{usual}").strip().lower()
            for place, name, usual in zip(places, names, USUAL_KEYS, strict=True)
        ]
        if st.form_submit_button(_("Save the keys"), icon=":material/keyboard:"):
            fault = key_fault(chosen)
            if fault is not None:
                show_error(fault)
                return
            change_settings(space, keys=tuple(chosen))
            st.toast(_("Saved."), icon=":material/check_circle:")


def exports(space: Workspace) -> None:
    """The folder in which exports get folders of their own."""
    usual = str(space.exports_folder)

    def changed() -> None:
        folder = str(st.session_state["settings-exports"]).strip()
        with told():
            change_settings(space, exports=str(Path(folder).expanduser().absolute()) if folder else "")

    st.session_state.setdefault("settings-exports", read_settings(space).exports)
    st.text_input(
        _("Folder for exports"),
        placeholder=usual,
        key="settings-exports",
        max_chars=4096,
        on_change=changed,
        help=_("Each video gets a folder in it. Empty is the folder of the workspace."),
    )


def main() -> None:
    """Draw the page."""
    header(_("Settings"))
    try:
        space = workspace()
        left, right = st.columns(2, gap="large")
        with left, st.container(border=True):
            appearance(space)
            exports(space)
        with right, st.container(border=True):
            keys(space)
        st.caption(_("Workspace: {folder}", folder=f"`{space.root}`"))
    except PunchlineError as error:
        show_error(error)


main()
