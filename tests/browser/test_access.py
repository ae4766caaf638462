"""The app in a browser that has the access token, and in one that has not."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.playback.access import Access
from core.playback.route import media_address
from core.workspace.workspace import Workspace
from tests.browser.conftest import ROOT, serve

TOKEN = "a token that was made up"


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
