"""Who may use the web app: the hosts it answers to, and the access token of those that reach it over a network.

A browser shows the token once, in the address it opens, and gets a cookie for it. Pages, media and the WebSocket are
all behind the same check.
"""

from __future__ import annotations

import hashlib
import hmac
import html
import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import URL
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from core.errors import PunchlineError, Sentence
from core.translation import translated

HOSTS = ("localhost", "127.0.0.1", "::1")
SHORTEST_TOKEN = 16  # characters
COOKIE_S = 30 * 24 * 3600  # how long a browser keeps its cookie
_TOKEN, _HOSTS, _BASE = "PUNCHLINE_TOKEN_DIGEST", "PUNCHLINE_HOSTS", "PUNCHLINE_BASE_URL"
_PAGE = """<!doctype html><html lang="{language}"><meta charset="utf-8"><title>Punchline</title>
<meta name="viewport" content="width=device-width"><style>body {{font: 1rem/1.5 sans-serif; max-width: 30rem;
margin: 15vh auto; padding: 0 1rem; word-break: keep-all}} input, button {{font: inherit; padding: .4rem}}</style>
<h1>Punchline</h1><p>{why}</p><form><label>{label} <input name="token" type="password" autofocus></label>
<button>{button}</button></form></html>"""


@dataclass(frozen=True)
class Access:
    """How a server may be reached.

    Attributes
    ----------
    token_digest
        SHA-256 of the access token in hexadecimal digits; None asks nobody for one.
    hosts
        Names that the server answers to. With a token it answers to every address in numbers too: those cannot be
        turned to another server by DNS, which is what the names are checked for.
    base_url
        The address behind a reverse proxy, None without one. Its path stands before every path of the app.
    """

    token_digest: str | None = None
    hosts: tuple[str, ...] = HOSTS
    base_url: str | None = None

    @classmethod
    def of(cls, host: str, token: str | None, base_url: str | None) -> Access:
        """Of a server that listens at `host`, with the token that is asked for."""
        behind = urlsplit(base_url or "").hostname
        named = (host.lower(), *((behind,) if behind else ()))
        digest = None if token is None else hashlib.sha256(token.encode()).hexdigest()
        return cls(digest, tuple(dict.fromkeys((*HOSTS, *named))), base_url)

    @classmethod
    def from_environment(cls) -> Access:
        """What the command that started this server wants; this machine alone if it was started otherwise."""
        hosts = os.environ.get(_HOSTS)
        return cls(os.environ.get(_TOKEN), tuple(hosts.split(",")) if hosts else HOSTS, os.environ.get(_BASE))

    def environment(self) -> dict[str, str]:
        """The variables that tell it to a server."""
        values = {_TOKEN: self.token_digest, _HOSTS: ",".join(self.hosts), _BASE: self.base_url}
        return {name: value for name, value in values.items() if value}

    @property
    def base_path(self) -> str:
        """What stands before every path: empty or ``/name``."""
        return urlsplit(self.base_url or "").path.rstrip("/")

    @cached_property
    def cookie(self) -> tuple[str, str]:
        """Name and value of the cookie that stands for the token: another token's is another one."""
        digest = self.token_digest or ""
        return f"punchline-{digest[:8]}", hmac.new(digest.encode(), b"cookie", hashlib.sha256).hexdigest()

    def is_token(self, token: str) -> bool:
        """Whether it is the access token."""
        return hmac.compare_digest(hashlib.sha256(token.encode()).hexdigest(), self.token_digest or "")

    def has_cookie(self, cookies: Mapping[str, str]) -> bool:
        """Whether a browser has shown the token before."""
        name, value = self.cookie
        return hmac.compare_digest(cookies.get(name, "").encode(), value.encode())

    def answers_to(self, host: str) -> bool:
        """Whether a request may name this host, with or without a port."""
        name = (_split(f"//{host}").hostname or "").rstrip(".")
        return name in self.hosts or (self.token_digest is not None and is_address(name))

    def is_own(self, origin: str, host: str) -> bool:
        """Whether a page of this origin may ask: one of this server, under this host or that of the reverse proxy."""
        place = _split(origin).netloc
        return bool(place) and place in (host, urlsplit(self.base_url or "").netloc)


def _split(address: str) -> SplitResult:
    """The parts of what a stranger may have sent."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def is_address(host: str) -> bool:
    """Whether a host is an address in numbers."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server at `host`."""
    return host == "localhost" or (is_address(host) and ip_address(host).is_loopback)


def token_of(path: Path | None) -> str:
    """The access token in a file, which is made where it is missing; a new one for every server without a file.

    Raises
    ------
    PunchlineError
        If the file cannot be read or made, or its token is too short.
    """
    if path is None:
        return secrets.token_urlsafe(24)
    try:
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(24) + "\n", encoding="utf-8")
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise PunchlineError("{path}: the access token cannot be read: {cause}", path=path, cause=error) from error
    if len(token) < SHORTEST_TOKEN:
        raise PunchlineError(
            "{path}: the access token has {n} characters, expected {least} or more; delete the file "
            "and a new one is made",
            path=path,
            n=len(token),
            least=SHORTEST_TOKEN,
        )
    return token


def access_middleware(access: Access) -> list[Middleware]:
    """Refuses strangers: requests that name another host or come from another origin, and those without the token."""
    return [Middleware(_Gate, access=access)]


class _Gate:
    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._answer(HTTPConnection(scope)) if scope["type"] in ("http", "websocket") else None
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})  # before it is accepted: status 403
        else:
            await refusal(scope, receive, send)

    def _answer(self, asked: HTTPConnection) -> Response | None:
        """What is answered instead of the app; None where the app may answer."""
        host, origin = asked.headers.get("host", ""), asked.headers.get("origin")
        if not self._access.answers_to(host):
            return PlainTextResponse("this server does not answer to that host name", 400)
        if origin is not None and not self._access.is_own(origin, host):
            return PlainTextResponse("forbidden: another site asked", 403)
        if self._access.token_digest is None:
            return None
        token = asked.query_params.get("token")
        if token is not None and self._access.is_token(token) and asked.scope["type"] == "http":
            return self._let_in(asked.url)
        return None if self._access.has_cookie(asked.cookies) else _closed(asked, wrong=token is not None)

    def _let_in(self, url: URL) -> Response:
        """To the same page without the token in its address, with the cookie."""
        clean = url.remove_query_params("token")
        there = RedirectResponse(f"{clean.path}?{clean.query}" if clean.query else clean.path, 303)
        name, value = self._access.cookie
        https = (self._access.base_url or "").startswith("https:")
        path = self._access.base_path or "/"
        # Lax, not Strict: a link in a chat must open the page. Other sites' requests are refused by their origin.
        there.set_cookie(name, value, COOKIE_S, path=path, secure=https, httponly=True, samesite="lax")
        there.headers["cache-control"] = "no-store"
        there.headers["referrer-policy"] = "no-referrer"
        return there


def _closed(asked: HTTPConnection, *, wrong: bool) -> Response:
    """A page that asks for the token, in Korean for browsers that ask for it first."""
    language = "ko" if asked.headers.get("accept-language", "").lower().startswith("ko") else "en"
    sentences: Iterable[Sentence] = (
        Sentence("This is not the access token of this server. It changes when the server is started anew.")
        if wrong
        else Sentence("Open the address that was printed when the server was started, or enter its access token."),
        Sentence("Access token"),
        Sentence("Open"),
    )
    why, label, button = (html.escape(translated(sentence, language)) for sentence in sentences)
    page = _PAGE.format(language=language, why=why, label=label, button=button)
    return HTMLResponse(page, 401, headers={"cache-control": "no-store"})
