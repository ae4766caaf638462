"""Fragments that draw themselves anew, kept from drawing over a page that is still on its way to the browser.

Streamlit 1.67 starts a new runner for a fragment that asks while the page's runner has just ended, and from then on
sends nothing of what that one drew. And it draws a fragment for the page that the browser had left when it asked, at
which the browser clears the page that it is on. Either leaves half a page, or none ("Bad delta path index").
"""

from __future__ import annotations

from streamlit.runtime.app_session import AppSession, AppSessionState
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData

PAUSE = 0.02  # seconds between two looks whether all is sent

_usual_run = ScriptRunner._run_script
_usual_start = AppSession._create_scriptrunner


def _of_another_page(data: RerunData, page: str) -> bool:
    return bool(data.page_script_hash and page and data.page_script_hash != page)


def _run(runner: ScriptRunner, data: RerunData) -> None:
    """As Streamlit does, but nothing for fragments of a page that was left."""
    if not (data.fragment_id_queue and _of_another_page(data, runner._get_script_run_ctx().page_script_hash)):
        _usual_run(runner, data)


def _start(session: AppSession, data: RerunData) -> None:
    """As Streamlit does; a fragment waits until all that the runner before it drew is sent."""
    runner = session._scriptrunner
    if not (data.fragment_id or data.fragment_id_queue):
        _usual_start(session, data)
    elif session._state == AppSessionState.SHUTDOWN_REQUESTED or _of_another_page(data, session.page_script_hash):
        return
    elif runner is None:
        _usual_start(session, data)
    elif not runner.request_rerun(data):
        session._event_loop.call_later(PAUSE, _start, session, data)


def keep_pages_whole() -> None:
    """Have all sessions of this server do so; to be called before the first."""
    ScriptRunner._run_script = _run
    AppSession._create_scriptrunner = _start
