"""The document that a browser gets for a page's address: Streamlit's own, made quicker.

It names the server, for which Streamlit's script asks at two addresses one after the other, and loads what every page
needs while the server draws the page, instead of after it. Scripts that a version of Streamlit names otherwise are
loaded when they are drawn.
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

STATIC = Path(streamlit.__file__).parent / "static"
EARLY = ("PageLink", "ButtonGroup", "Selectbox", "Button", "Html", "BidiComponent")  # scripts, by what they draw
CHARTS = ("Checkbox", "Slider", "ArrowVegaLiteChart", "vega-interpreter", "embed")
ON_PAGE = {"detect": CHARTS, "analyse": CHARTS, "train": CHARTS}  # more of them


def document(name: str) -> str:
    """Streamlit's document for a page, with two scripts more: one before its own, one after."""
    known = {"allowedOrigins": config.get_option("client.allowedOrigins"), "useExternalAuthToken": False}
    server = f"BACKEND_BASE_URL: new URL('.', location.href).href, HOST_CONFIG: {json.dumps(known)}"
    wanted = (*EARLY, *ON_PAGE.get(name, ()))
    scripts = (script for drawn in wanted for script in (STATIC / "static" / "js").glob(f"{drawn}.*.js"))
    early = "".join(f"import('./static/js/{script.name}');" for script in scripts)
    html = (STATIC / "index.html").read_text(encoding="utf-8")
    html = html.replace("<head>", f"<head><script>window.__streamlit = {{{server}}}</script>", 1)
    return html.replace("</body>", f'<script type="module">{early}</script></body>', 1)


def page_routes(names: Sequence[str]) -> list[Route]:
    """The addresses of the pages of these names, and the root."""

    def route(name: str) -> Route:
        whole = document(name)

        async def page(request: Request) -> HTMLResponse:
            return HTMLResponse(whole, headers={"Cache-Control": "no-cache"})

        return Route(f"{base_path()}/{name}", page)

    return [route(name) for name in ("", *names)]
