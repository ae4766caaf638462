"""The commands `punchline backup`, `restore` and `migrate`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from core.cli.answers import Command, answer, json_option, workspace_of


@click.command(cls=Command)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--features", is_flag=True, help="Take feature files along, so that nothing is extracted again.")
@json_option
@click.pass_context
def backup(ctx: click.Context, file: Path, features: bool, as_json: bool) -> None:
    """Keep all that cannot be made again in one FILE; the app may run meanwhile."""
    from core.actions.backup import back_up

    result = back_up(workspace_of(ctx), file, features=features)
    text = f"{result.n_files} files, {result.n_labels} labels, {result.size / 1e6:.1f} MB -> {file}"
    answer({**asdict(result), "file": str(file)}, as_json, text)


@click.command(cls=Command)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@json_option
@click.pass_context
def restore(ctx: click.Context, file: Path, as_json: bool) -> None:
    """Bring a workspace back from a FILE that `punchline backup` wrote; what lies there is moved beside it."""
    from core.actions.backup import restore as restore_backup

    root = ctx.find_root().params["workspace"]
    result = restore_backup(file, root)
    beside = f"; what was there lies in {result.aside}" if result.aside else ""
    content = {"n_files": result.n_files, "workspace": str(root), "aside": str(result.aside) if result.aside else None}
    answer(content, as_json, f"{result.n_files} files -> {root}{beside}")


@click.command(cls=Command)
@json_option
@click.pass_context
def migrate(ctx: click.Context, as_json: bool) -> None:
    """Bring a workspace of an older version to the formats of today, after a backup beside it."""
    from core.actions.migration import migrate as migrate_workspace

    done = migrate_workspace(workspace_of(ctx))
    lines = [f"backup: {done.backup}", *done.changes] if done.changes else ["every file has the format of today"]
    content = {"changes": done.changes, "backup": str(done.backup) if done.backup else None, "left": done.left}
    answer(content, as_json, "\n".join([*lines, *done.left]))
