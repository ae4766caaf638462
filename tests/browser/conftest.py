"""A real browser and a real server, for tests of what only they can show.

Without Chromium these tests are skipped; PUNCHLINE_BROWSER=must makes that a failure. PUNCHLINE_CHROMIUM names
another one.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError, URLError

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
LONGEST_WAIT = 20_000  # ms for anything that a page is expected to show
expect.set_options(timeout=LONGEST_WAIT)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str | None:
    """Path of the browser; None where there is none."""
    names = (os.environ.get("PUNCHLINE_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if name and (found := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        reason = "no Chromium found: install it or set PUNCHLINE_CHROMIUM"
        if os.environ.get("PUNCHLINE_BROWSER") == "must":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield found
        found.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of its own, with its own storage, in the size of a laptop's window."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    page = context.new_page()
    page.set_default_timeout(LONGEST_WAIT)
    yield page
    context.close()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def eventually(page: Page, met: Callable[[], bool]) -> None:
    """Wait until a function gives true."""
    deadline = time.monotonic() + 20
    while not met():
        assert time.monotonic() < deadline
        page.wait_for_timeout(100)


def pick(page: Page, box: Locator, option: Locator) -> None:
    """Take an option of a list; one that closed, as its page was scrolled, is opened again."""

    def opened() -> bool:
        page.locator('[data-test-script-state="notRunning"]').wait_for()
        if not option.is_visible():
            box.scroll_into_view_if_needed()
            box.click()
            page.wait_for_timeout(300)
        return option.is_visible()

    eventually(page, opened)
    option.click()


@contextmanager
def serve(app: Path, env: Mapping[str, str] | None = None, *, port: int = 0) -> Iterator[str]:
    """As `served`, for those who need only the address."""
    with served(app, env, port=port) as (address, _process):
        yield address


@contextmanager
def served(
    app: Path, env: Mapping[str, str] | None = None, *, port: int = 0, wait: float = 60.0, log: Path | None = None
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run a Streamlit app (on any free port, or on `port`), give its address once it answers, and end it after.

    What it writes goes to `log`.

    Raises
    ------
    RuntimeError
        If it ends or does not answer within `wait` seconds; with what it wrote.
    """
    port = port or free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(app), "--server.port", str(port)]
    with tempfile.TemporaryFile() if log is None else log.open("w+b") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **(env or {})},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            deadline = time.monotonic() + wait
            while not _answers(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    output.seek(0)
                    raise RuntimeError(f"{app} does not answer:\n{output.read().decode(errors='replace')}")
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}", process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except HTTPError as refused:
        return refused.code == 401  # it wants its access token
    except (URLError, OSError):
        return False
