"""Fragments that draw themselves anew, kept from drawing over a page that is still on its way to the browser.

Streamlit 1.67 starts a new runner for a fragment that asks while the page's runner has just ended, and from then on
sends nothing of what that one drew. And it draws a fragment for the page that the browser had left when it asked, at
which the browser clears the page that it is on. Either leaves half a page, or none ("Bad delta path index"). It ends a
runner for a run of the whole page, and forgets the press of a button that waits there. Last, where a fragment is drawn
anew before the browser has the page, it drops what the page drew of it and yet tells the browser that all is drawn: the
browser then takes the fragment away, a player with all that it holds, until it comes again.
"""

from __future__ import annotations

from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.app_session import AppSession, AppSessionState
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequestType, _coalesce_widget_states

PAUSE = 0.02  # seconds between two looks whether all is sent

_usual_run = ScriptRunner._run_script
_usual_start = AppSession._create_scriptrunner
_usual_request = AppSession.request_rerun
_usual_clear = ForwardMsgQueue.clear


def _of_another_page(data: RerunData, pages: PagesManager) -> bool:
    """Whether it is for a page that was left; a run that began with an address does not know its page itself."""
    page = pages.current_page_script_hash
    return bool(data.page_script_hash and page and data.page_script_hash != page)


def _run(runner: ScriptRunner, data: RerunData) -> None:
    """As Streamlit does, but nothing for fragments of a page that was left."""
    if not (data.fragment_id_queue and _of_another_page(data, runner._pages_manager)):
        _usual_run(runner, data)


def _start(session: AppSession, data: RerunData) -> None:
    """As Streamlit does; a fragment waits until all that the runner before it drew is sent."""
    runner = session._scriptrunner
    if not (data.fragment_id or data.fragment_id_queue):
        _usual_start(session, data)
    elif session._state == AppSessionState.SHUTDOWN_REQUESTED or _of_another_page(data, session._pages_manager):
        return
    elif runner is None:
        _usual_start(session, data)
    elif not runner.request_rerun(data):
        session._event_loop.call_later(PAUSE, _start, session, data)


def _request(session: AppSession, asked: ClientState | None) -> None:
    """As Streamlit does; a button pressed for a run that never began counts in the one that takes its place."""
    waiting = session._scriptrunner._requests if session._scriptrunner is not None else None
    if asked is not None and not asked.fragment_id and waiting is not None:
        pressed = waiting._rerun_data.widget_states if waiting._state == ScriptRequestType.RERUN else None
        if pressed is not None:
            asked.widget_states.CopyFrom(_coalesce_widget_states(pressed, asked.widget_states))
    _usual_request(session, asked)


def _clear(
    queue: ForwardMsgQueue, retain_lifecycle_msgs: bool = False, fragment_ids_this_run: list[str] | None = None
) -> None:
    """As Streamlit does; for a run of fragments, what was sent until the page was whole is left as it is."""
    whole: list[ForwardMsg] = []
    if retain_lifecycle_msgs and fragment_ids_this_run is not None:
        ends = [k for k, message in enumerate(queue._queue, 1) if _is_end_of_page(message)]
        whole = queue._queue[: max(ends, default=0)]
        queue._queue = queue._queue[len(whole) :]
    _usual_clear(queue, retain_lifecycle_msgs, fragment_ids_this_run)
    queue._queue = whole + queue._queue


def _is_end_of_page(message: ForwardMsg) -> bool:
    finished = message.WhichOneof("type") == "script_finished"
    return finished and message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY


def keep_pages_whole() -> None:
    """Have all sessions of this server do so; to be called before the first."""
    ScriptRunner._run_script = _run
    AppSession._create_scriptrunner = _start
    AppSession.request_rerun = _request
    ForwardMsgQueue.clear = _clear
