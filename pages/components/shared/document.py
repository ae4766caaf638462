"""The document that a browser gets for a page's address: Streamlit's own, which is told where the server is.

Without that, Streamlit's script asks for it at two addresses, one after the other, before it opens the connection over
which the page comes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import streamlit
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from streamlit import config

from core.playback.route import base_path

DOCUMENT = Path(streamlit.__file__).parent / "static" / "index.html"


def document() -> str:
    """Streamlit's document, with what its script asks the server for."""
    known = {"allowedOrigins": config.get_option("client.allowedOrigins"), "useExternalAuthToken": False}
    server = f"BACKEND_BASE_URL: new URL('.', location.href).href, HOST_CONFIG: {json.dumps(known)}"
    html = DOCUMENT.read_text(encoding="utf-8")
    return html.replace("<head>", f"<head><script>window.__streamlit = {{{server}}}</script>", 1)


def page_routes(names: Sequence[str]) -> list[Route]:
    """The addresses of the pages of these names, and the root."""
    whole = document()

    async def page(request: Request) -> HTMLResponse:
        return HTMLResponse(whole, headers={"Cache-Control": "no-cache"})

    return [Route(f"{base_path()}/{name}", page) for name in ("", *names)]
