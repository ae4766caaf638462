from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.runtime.app_session import AppSessionState
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequests

from pages.components.shared import redraw

HERE, LEFT = "here", "left"


@pytest.fixture
def usual(monkeypatch: pytest.MonkeyPatch) -> list[RerunData]:
    """What Streamlit itself was asked to run."""
    asked: list[RerunData] = []
    monkeypatch.setattr(redraw, "_usual_run", lambda _runner, data: asked.append(data))
    monkeypatch.setattr(redraw, "_usual_start", lambda _session, data: asked.append(data))
    return asked


def pages(current: str) -> PagesManager:
    """As they are once navigation has told the page."""
    manager = PagesManager("app.py")
    manager.set_current_page_script_hash(current)
    return manager


def runner(page: str) -> Any:
    return SimpleNamespace(_pages_manager=pages(page))


def test_a_fragment_of_a_page_that_was_left_is_not_drawn(usual: list[RerunData]) -> None:
    redraw._run(runner(HERE), RerunData(fragment_id_queue=["f"], page_script_hash=LEFT))
    assert usual == []
    wanted = [
        RerunData(fragment_id_queue=["f"], page_script_hash=HERE),
        RerunData(page_script_hash=LEFT),  # a change of pages
    ]
    for data in wanted:
        redraw._run(runner(HERE), data)
    assert usual == wanted


def test_a_fragment_waits_until_the_page_before_it_is_sent(usual: list[RerunData]) -> None:
    later: list[tuple[Any, ...]] = []
    session: Any = SimpleNamespace(
        _scriptrunner=SimpleNamespace(request_rerun=lambda _data: False),  # has ended, and is still being heard
        _state=AppSessionState.APP_IS_RUNNING,
        _event_loop=SimpleNamespace(call_later=lambda _seconds, *call: later.append(call)),
        _pages_manager=pages(HERE),
        page_script_hash=pages(HERE).main_script_hash,  # so it is after an address was opened
    )
    data = RerunData(fragment_id="f", page_script_hash=HERE)
    redraw._start(session, data)
    assert usual == []
    session._scriptrunner = None
    ((call, *arguments),) = later
    call(*arguments)
    assert usual == [data]
    session._pages_manager = pages(LEFT)
    redraw._start(session, data)
    assert usual == [data]


def test_a_press_that_waits_outlives_a_run_of_the_whole_page(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[ClientState | None] = []
    monkeypatch.setattr(redraw, "_usual_request", lambda _session, client_state: asked.append(client_state))
    requests = ScriptRequests()
    press = WidgetStates(widgets=[WidgetState(id="dismiss", trigger_value=True)])
    requests.request_rerun(RerunData(fragment_id="f", widget_states=press))
    session: Any = SimpleNamespace(_scriptrunner=SimpleNamespace(_requests=requests))
    moved = WidgetStates(widgets=[WidgetState(id="slider", int_value=3)])
    redraw._request(session, ClientState(widget_states=moved))
    (whole,) = asked
    assert whole is not None
    assert {widget.id for widget in whole.widget_states.widgets} == {"dismiss", "slider"}
    requests.on_scriptrunner_ready()  # the press is taken
    redraw._request(session, ClientState(widget_states=moved))
    assert asked[1] is not None
    assert [widget.id for widget in asked[1].widget_states.widgets] == ["slider"]


def drawn(place: int, fragment: str = "") -> ForwardMsg:
    """That a page draws a text, or a fragment of it does."""
    message = ForwardMsg()
    message.metadata.delta_path.extend([0, place])
    message.delta.new_element.text.body = f"{fragment}{place}"
    message.delta.fragment_id = fragment
    return message


def ended(status: ForwardMsg.ScriptFinishedStatus) -> ForwardMsg:
    return ForwardMsg(script_finished=status)


def told(queue: ForwardMsgQueue) -> list[str]:
    messages = queue._queue
    return [m.delta.new_element.text.body or ForwardMsg.ScriptFinishedStatus.Name(m.script_finished) for m in messages]


def test_a_page_that_is_not_sent_yet_keeps_its_fragments_while_they_are_drawn_anew() -> None:
    queue = ForwardMsgQueue()
    for message in (drawn(0), drawn(1, "player"), ended(ForwardMsg.FINISHED_SUCCESSFULLY), drawn(1, "player")):
        queue.enqueue(message)
    redraw._clear(queue, True, ["player"])
    assert told(queue) == ["0", "player1", "FINISHED_SUCCESSFULLY"]
    queue.enqueue(drawn(1, "player"))
    queue.enqueue(ended(ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY))
    redraw._clear(queue, True, ["player"])
    assert told(queue) == ["0", "player1", "FINISHED_SUCCESSFULLY", "FINISHED_EARLY_FOR_RERUN"]
    redraw._clear(queue, True, None)
    assert told(queue) == ["FINISHED_EARLY_FOR_RERUN"] * 2, "another page takes its place"
    redraw._clear(queue)
    assert told(queue) == []
