"""The app in a browser that has the access token, and in one that has not."""

from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from core.playback.access import Access
from core.playback.route import media_address
from core.workspace.workspace import Workspace
from tests.browser.conftest import ROOT, serve

TOKEN = "a token that was made up"


def handshake(address: str, **headers: str) -> int:
    """The status with which the server answers who asks for Streamlit's WebSocket; 101 opens it."""
    place = urlsplit(address).netloc
    connection = HTTPConnection(place, timeout=10)
    upgrade = {"Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "bm90IGEgc2VjcmV0IGtleQ=="}
    connection.request("GET", "/_stcore/stream", headers={"Connection": "Upgrade", **upgrade, **headers})
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.browser
def test_pages_media_and_the_socket_open_with_the_token_alone(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUNCHLINE_MEDIA_KEY", "known to the test")
    sample = Workspace(tmp_path).register(ROOT / "assets" / "sample.mp4")
    access = Access.of("127.0.0.1", TOKEN, None)
    with serve(ROOT / "app.py", {"PUNCHLINE_WORKSPACE": str(tmp_path), **access.environment()}) as address:
        page.goto(address)
        page.get_by_text("enter its access token").wait_for()
        assert page.request.get(address + media_address(sample.id)).status == 401
        page.get_by_label("Access token").fill("not " + TOKEN)
        page.get_by_role("button", name="Open").click()
        page.get_by_text("This is not the access token").wait_for()
        page.get_by_label("Access token").fill(TOKEN)
        page.get_by_role("button", name="Open").click()
        page.get_by_text("sample.mp4").first.wait_for()  # came over the WebSocket
        expect(page).to_have_url(address + "/")
        video = page.request.get(address + media_address(sample.id), headers={"range": "bytes=0-99"})
        assert (video.status, len(video.body())) == (206, 100)
        cookie = "; ".join(f"{one['name']}={one['value']}" for one in page.context.cookies())
        assert handshake(address, Cookie=cookie, Origin=address) == 101
        assert handshake(address, Origin=address) == 403
        assert handshake(address, Cookie=cookie, Origin="http://evil.example") == 403
        assert handshake(address, Cookie=cookie, Host="evil.example") == 403
        other = page.request.get(address + media_address(sample.id), headers={"origin": "http://evil.example"})
        assert other.status == 403
