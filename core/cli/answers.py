"""What the commands share: errors told as sentences, JSON or text as answer, progress, finding what a text names."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import click

from core.cli import STOPPED
from core.errors import PunchlineError
from core.segment import clock, length


@contextmanager
def told() -> Iterator[None]:
    """Errors as a sentence on stderr and exit code 1, without a traceback."""
    try:
        yield
    except PunchlineError as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        click.echo(STOPPED, err=True)
        raise SystemExit(1) from None


class Command(click.Command):
    """A command that tells its errors."""

    def invoke(self, ctx: click.Context) -> Any:
        with told():
            return super().invoke(ctx)


class Group(click.Group):
    """A group of such commands."""

    command_class = Command
    group_class = type


class Workers(click.IntRange):
    """A number of processes, or auto: as many as this machine has processors and memory for."""

    name = "N|auto"

    def __init__(self) -> None:
        super().__init__(1)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number."""
        from core.actions.workers import most_workers

        return most_workers() if value == "auto" else super().convert(value, param, ctx)


rows_option = click.option("--rows", "n_rows", type=click.IntRange(9, 100), help="Rows of a clip [as they are].")
sampling_option = click.option(
    "--sampling",
    type=click.Choice(["nearest", "linear"]),
    help="How rows are taken from the series [as they are].",
)
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, for machines.")

workers_option = click.option("--workers", "n_workers", type=Workers(), default=1, show_default=True, help="Processes.")
engine_option = click.option(
    "--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True, help="Who works."
)
address_option = click.option("--address", help="Where Ray's cluster is, host:port [this machine].")


def workspace_of(ctx: click.Context) -> Any:
    from core.workspace.workspace import Workspace

    return Workspace(ctx.find_root().params["workspace"])


def say(text: str) -> None:
    click.echo(text, err=True)


def answer(content: dict[str, Any], as_json: bool, text: str) -> None:
    utf8 = sys.stdout.encoding.lower().replace("-", "") == "utf8"
    click.echo(json.dumps(content, ensure_ascii=not utf8) if as_json else text)


class ProgressLine:
    """How far, how fast and how long still, on stderr: one moving line on a terminal, else a line every ten seconds."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._started = time.monotonic()
        self._begin: float | None = None
        self._last = 0.0
        self._moving = sys.stderr.isatty()

    def __call__(self, completed: float, total: float) -> None:
        """Show `completed` of `total` seconds of video."""
        now = time.monotonic()
        if self._begin is None:
            self._begin, self._started = completed, now
        finished = completed >= total > 0
        if not finished and now - self._last < (0.2 if self._moving else 10.0):
            return
        self._last = now
        speed = (completed - self._begin) / (now - self._started) if now > self._started else 0.0
        share = f"{100 * min(1.0, completed / total):3.0f} %  " if total > 0 else ""
        left = f"  {length((total - completed) / speed)} left" if speed > 0 and total > completed else ""
        text = f"{self._name}  {share}{clock(completed)} of {clock(total)}  {speed:.1f}x real time{left}"
        with suppress(BrokenPipeError):  # whoever read along has left; the work goes on
            click.echo(f"\r\033[K{text}" if self._moving else text, err=True, nl=not self._moving or finished)


def person_of(workspace: Any, name: str | None) -> Any:
    """The person of this name, or the only one there is; references are read that the built-in embedder has not."""
    from core.actions.references import read_references

    read_references(workspace)
    return workspace.find_person(name) if name is not None else workspace.only_person()
