"""`punchline app`: alone by default, with a token for others."""

import os
import runpy
import socket
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from core.cli import app as cli_app
from core.cli.main import main
from core.playback.access import Access


@pytest.fixture(autouse=True)
def usual_port(monkeypatch: pytest.MonkeyPatch) -> int:
    """A free port in place of the usual one, at which the app may be open on this machine."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    monkeypatch.setattr(cli_app, "USUAL_PORT", port)
    return port


class Started(Exception):
    """In place of the server."""


def start(monkeypatch: pytest.MonkeyPatch, space: Path, *options: str) -> tuple[dict[str, str], Access, str]:
    """The server's options, how it may be reached, and what was printed."""
    taken: list[tuple[list[str], dict[str, str]]] = []

    def execve(program: str, command: list[str], environment: dict[str, str]) -> None:
        assert program == sys.executable
        taken.append((command, environment))

    monkeypatch.setattr(os, "execve", execve)
    monkeypatch.setattr(os, "chdir", lambda folder: None)
    result = CliRunner().invoke(main, ["--workspace", str(space), "app", *options])
    assert result.exit_code == 0, result.output
    command, environment = taken[0]
    for name, value in environment.items():
        if name.startswith("PUNCHLINE_"):
            monkeypatch.setenv(name, value)
    assert environment["PUNCHLINE_WORKSPACE"] == str(space)
    return dict(zip(command[5::2], command[6::2], strict=True)), Access.from_environment(), result.output


def test_alone_without_a_token(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, usual_port: int) -> None:
    server, access, output = start(monkeypatch, tmp_path)
    assert (server["--server.address"], server["--server.port"]) == ("127.0.0.1", str(usual_port))
    assert access.token_digest is None
    assert f"\n  http://127.0.0.1:{usual_port}/\n" in output
    assert "?token=" not in output
    assert f"kept in {tmp_path}. Ctrl+C here stops" in output
    assert server["--logger.hideWelcomeMessage"] == "true"


def test_others_need_the_token_that_is_printed_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    server, access, output = start(monkeypatch, tmp_path, "--host", "0.0.0.0", "--port", "9000")
    assert server["--server.address"] == "0.0.0.0"
    address, _, token = output.splitlines()[2].strip().partition("/?token=")
    assert access.is_token(token)
    assert address.startswith("http://")
    assert address.endswith(":9000")


def test_a_token_of_a_file_is_not_printed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "token"
    url = "https://team.example/punchline/"
    server, access, output = start(monkeypatch, tmp_path, "--base-url", url, "--token-file", str(file))
    assert access.is_token(token := file.read_text(encoding="utf-8").strip())
    assert token not in output
    assert f"\n  {url}\n" in output
    assert server["--server.baseUrlPath"] == access.base_path.lstrip("/") == "punchline"
    assert server["--browser.serverAddress"] == "team.example"
    assert access.answers_to("team.example")


@pytest.mark.parametrize("url", ["team.example", "ftp://team.example", "https://", "https://a/?b=c"])
def test_a_base_address_that_is_none_is_refused(tmp_path: Path, url: str) -> None:
    result = CliRunner().invoke(main, ["--workspace", str(tmp_path), "app", "--base-url", url])
    assert result.exit_code == 2
    assert "is no address such as https://team.example/punchline" in result.output


def test_a_taken_port_is_passed_over_or_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        monkeypatch.setattr(cli_app, "USUAL_PORT", taken)
        server, _, _ = start(monkeypatch, tmp_path)
        assert taken < int(server["--server.port"]) < taken + cli_app.N_PORTS
        result = CliRunner().invoke(main, ["--workspace", str(tmp_path), "app", "--port", str(taken)])
        assert result.exit_code == 1
        assert f"port {taken} is taken" in result.stderr


def test_a_server_that_is_stopped_or_cannot_start_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def ending(error: Exception) -> None:
        def main(**_options: object) -> None:
            raise error

        monkeypatch.setattr("streamlit.web.cli.main", main)
        runpy.run_module("core.cli.serve", run_name="__main__")

    ending(click.Abort())
    assert capsys.readouterr().out == "Punchline has stopped.\n"
    with pytest.raises(SystemExit) as end:
        ending(click.ClickException("no such file"))
    assert (end.value.code, capsys.readouterr().err) == (1, "Error: no such file\n")
