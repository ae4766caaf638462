"""Strangers are refused: another host, another origin, no token, a forged one, an old one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from core.errors import PunchlineError
from core.playback.access import SHORTEST_TOKEN, Access, access_middleware, is_loopback, token_of

TOKEN = "correct horse battery staple"
TEAM = Access.of("192.168.7.5", TOKEN, None)
SOCKET = "ws://192.168.7.5:8501/_stcore/stream"
PATHS = ("/", "/label", "/vod/0/0", "/still/0/0/1", "/media/x", "/_stcore/health")  # pages, videos, Streamlit's own


def client(access: Access, address: str = "http://192.168.7.5:8501") -> TestClient:
    async def socket(ws: WebSocket) -> None:
        await ws.accept()
        await ws.send_text("here")
        await ws.close()

    async def page(request: object) -> PlainTextResponse:
        return PlainTextResponse("a page")

    routes = [Route("/{path:path}", page), WebSocketRoute("/_stcore/stream", socket)]
    return TestClient(Starlette(routes=routes, middleware=access_middleware(access)), address, follow_redirects=False)


@contextmanager
def refused_socket() -> Iterator[None]:
    with pytest.raises(WebSocketDisconnect):
        yield


def entered(access: Access = TEAM) -> TestClient:
    browser = client(access)
    assert browser.get("/", params={"token": TOKEN}).status_code == 303
    return browser


def test_the_token_is_shown_once_and_kept_as_a_cookie() -> None:
    browser = client(TEAM)
    answer = browser.get("/label", params={"video": "a b", "token": TOKEN})
    assert (answer.status_code, answer.headers["location"]) == (303, "/label?video=a+b")
    kept = answer.headers["set-cookie"].lower()
    assert "httponly; " in kept
    assert "samesite=lax" in kept
    assert TOKEN not in kept
    assert browser.get("/label").text == "a page"
    with browser.websocket_connect(SOCKET) as socket:
        assert socket.receive_text() == "here"


@pytest.mark.parametrize("path", PATHS)
def test_without_a_token_nothing_is_answered(path: str) -> None:
    answer = client(TEAM).get(path)
    assert answer.status_code == 401
    assert "access token" in answer.text
    with refused_socket(), client(TEAM).websocket_connect(SOCKET):
        pass


def test_a_forged_token_and_a_forged_cookie_are_refused() -> None:
    browser = client(TEAM)
    answer = browser.get("/", params={"token": TOKEN + "x"})
    assert answer.status_code == 401
    assert "not the access token" in answer.text
    assert "set-cookie" not in answer.headers
    name, value = TEAM.cookie
    for forged in ("0" * len(value), "", TOKEN):
        browser.cookies.set(name, forged)
        assert {browser.get(path).status_code for path in PATHS} == {401}
        with refused_socket(), browser.websocket_connect(SOCKET):
            pass


def test_the_cookie_of_an_old_token_is_refused() -> None:
    old = entered()
    new = client(Access.of("192.168.7.5", "another token, made later", None))
    new.cookies = old.cookies
    assert {new.get(path).status_code for path in PATHS} == {401}
    with refused_socket(), new.websocket_connect(SOCKET):
        pass


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://192.168.7.5.evil.example:8501"])
def test_another_origin_is_refused_even_with_the_cookie(origin: str) -> None:
    browser = entered()
    assert {browser.get(path, headers={"origin": origin}).status_code for path in PATHS} == {403}
    assert browser.post("/", headers={"origin": origin}).status_code == 403
    with refused_socket(), browser.websocket_connect(SOCKET, headers={"origin": origin}):
        pass
    with browser.websocket_connect(SOCKET, headers={"origin": "http://192.168.7.5:8501"}) as socket:
        assert socket.receive_text() == "here"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8501", "", "localhost.evil.example", "[bad"])
def test_another_host_name_is_refused(host: str) -> None:
    for browser, own in (entered(), "192.168.7.5:8501"), (client(Access(), "http://localhost:8501"), "localhost:8501"):
        assert {browser.get(path, headers={"host": host}).status_code for path in PATHS} == {400}
        with refused_socket(), browser.websocket_connect(SOCKET, headers={"host": host}):
            pass
        with browser.websocket_connect(SOCKET, headers={"host": own}) as socket:
            assert socket.receive_text() == "here"


def test_addresses_in_numbers_are_answered_with_a_token_alone() -> None:
    assert client(Access.of("0.0.0.0", TOKEN, None), "http://10.0.0.9").get("/").status_code == 401
    assert client(Access(), "http://10.0.0.9").get("/").status_code == 400
    for own in ("http://localhost", "http://127.0.0.1:8501", "http://[::1]:8501"):
        assert client(Access(), own).get("/").text == "a page"


def test_behind_a_reverse_proxy() -> None:
    access = Access.of("127.0.0.1", TOKEN, "https://team.example/punchline")
    assert access.base_path == "/punchline"
    browser = client(access, "https://team.example")
    answer = browser.get("/punchline/", params={"token": TOKEN})
    assert "secure" in answer.headers["set-cookie"].lower()
    assert "path=/punchline" in answer.headers["set-cookie"].lower()
    assert browser.get("/punchline/label").text == "a page"
    rewritten = client(access, "http://127.0.0.1:8501")  # a proxy that names the server itself
    rewritten.cookies.set(*access.cookie)
    assert rewritten.get("/", headers={"origin": "https://team.example"}).text == "a page"
    assert rewritten.get("/", headers={"origin": "https://evil.example"}).status_code == 403


def test_a_server_is_told_by_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    access = Access.of("box.local", TOKEN, "http://box.local/p")
    assert TOKEN not in access.environment().values()
    for name, value in access.environment().items():
        monkeypatch.setenv(name, value)
    assert Access.from_environment() == access


def test_it_asks_in_korean_where_the_browser_does() -> None:
    answer = client(TEAM).get("/", headers={"accept-language": "ko-KR,ko;q=0.9"})
    assert 'lang="ko"' in answer.text
    assert "access token" not in answer.text


def test_only_this_machine_needs_no_token() -> None:
    assert all(is_loopback(host) for host in ("localhost", "127.0.0.1", "127.0.0.2", "::1"))
    assert not any(is_loopback(host) for host in ("0.0.0.0", "::", "192.168.7.5", "box.local"))


def test_a_token_file_is_made_once_and_kept_private(tmp_path: Path) -> None:
    path = tmp_path / "token"
    token = token_of(path)
    assert token_of(path) == token
    assert len(token) >= 32
    assert path.stat().st_mode & 0o077 == 0
    assert token_of(None) != token_of(None)


@pytest.mark.parametrize("content", [b"", b"short", b"\xff\xfe" * 20])
def test_a_token_file_that_holds_none_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "token"
    path.write_bytes(content)
    with pytest.raises(PunchlineError, match=f"token.*(expected {SHORTEST_TOKEN} or more|cannot be read)"):
        token_of(path)
