"""The command `punchline app`."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import click

from core.cli.answers import Command
from core.storage.program import PROGRAM, WINDOWS

USUAL_PORT, N_PORTS = 8501, 20


class Address(click.ParamType[str]):
    """An http or https address without a query."""

    name = "url"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The address without a slash at its end."""
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            self.fail(f"{value!r} is no address such as https://team.example/punchline", param, ctx)
        return value.rstrip("/")


@click.command(cls=Command)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at; 0.0.0.0 is every one.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen at [8501, or the next that is free].")
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Keep the access token here, so that it stays the same [a new one at every start].",
)
@click.option("--base-url", type=Address(), help="The address behind a reverse proxy.")
@click.pass_context
def app(ctx: click.Context, host: str, port: int | None, token_file: Path | None, base_url: str | None) -> None:
    """Start the web app.

    Only this machine reaches it unless --host or --base-url says otherwise; then it asks for an access token.
    """
    from core.playback.access import Access, is_loopback, token_of

    open_to_others = base_url is not None or not is_loopback(host)
    port = _free_port(host, USUAL_PORT if port is None and open_to_others else port)  # others know it
    token = token_of(token_file) if open_to_others or token_file is not None else None
    access = Access.of(host, token, base_url)
    addresses = [base_url] if base_url else [f"http://{name}:{port}" for name in _names(host)]
    secret = "" if token is None or token_file is not None else f"?token={token}"
    click.echo("Punchline starts; in some seconds, open this in your browser:\n")
    for address in addresses:
        click.echo(f"  {address}/{secret}")
    click.echo()
    if token is not None:
        click.echo(
            f"The access token is in {token_file}." if token_file else "It is shown once: who has it can change all."
        )
    workspace = str(ctx.find_root().params["workspace"].absolute())
    click.echo(f"Labels and results are kept in {workspace}. Ctrl+C here stops the app and loses nothing.")
    # Streamlit's own list of hosts holds for the WebSocket alone; `core.playback.access` looks after every request.
    options = {"server.port": port, "server.address": host, "server.allowedHosts": "*"}
    options |= {"server.baseUrlPath": access.base_path.lstrip("/"), "logger.hideWelcomeMessage": "true"}
    if open_to_others:  # else Streamlit asks a server on the internet which address this machine has
        options["browser.serverAddress"] = str(urlsplit(addresses[0]).hostname)
    command = [sys.executable, "-m", "core.cli.serve", "run", str(PROGRAM / "app.py")]
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    environment = {**os.environ, "PUNCHLINE_WORKSPACE": workspace, **access.environment()}
    os.chdir(PROGRAM)  # where .streamlit/config.toml lies
    if WINDOWS:  # there, a program that another replaces is taken for ended
        sys.exit(subprocess.call(command, env=environment))
    os.execve(sys.executable, command, environment)


def _free_port(host: str, wanted: int | None) -> int:
    """The wanted port, else the first free one; raises ClickException where it is taken."""
    ports = range(USUAL_PORT, USUAL_PORT + N_PORTS) if wanted is None else [wanted]
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in ports:
        try:
            socket.create_server((host, port), family=family).close()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                continue
        return port  # Streamlit says what else is wrong with the address
    taken = f"port {wanted} is" if wanted is not None else f"the ports {ports[0]} to {ports[-1]} are"
    raise click.ClickException(f"{taken} taken by other programs; end one, or name another with --port")


def _names(host: str) -> list[str]:
    """How others name this machine, as a part of an address."""
    if host not in ("0.0.0.0", "::"):
        return [f"[{host}]" if ":" in host else host]
    import psutil

    places = (place for places in psutil.net_if_addrs().values() for place in places)
    numbers = [place.address for place in places if place.family == socket.AF_INET]
    return [number for number in numbers if not number.startswith("127.")] or ["localhost"]
