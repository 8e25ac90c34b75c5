"""brainarr db: the database, for those who want to look after it themselves."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from brainarr.cli.start import begin, run_async

if TYPE_CHECKING:
    from brainarr.service.backup import Backups
    from brainarr.store.upgrade import Revised

T = TypeVar("T")

app = typer.Typer(
    help="Upgrade, downgrade, back up, restore or move the database.",
    no_args_is_help=True,
)


@app.command()
def upgrade(context: typer.Context) -> None:
    """Bring the database to this version (`serve` and `run` do it by themselves)."""
    _revise(context, None)


@app.command()
def downgrade(
    context: typer.Context,
    revision: Annotated[str, typer.Argument(help='The revision to go back to; "base" removes every table.')],
) -> None:
    """Take the database back to an older revision. What newer tables held is in the backup made before."""
    _revise(context, revision)


@app.command()
def backup(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(help="Where to; without it, a name by date in backup.folder.")
    ] = None,
) -> None:
    """Back up database, secret.key and config.yaml into one zip file, also while a server runs.

    Whoever has that file can open every secret in it.
    """
    from brainarr.errors import ConfigurationError, Fault
    from brainarr.service.backup import make_backup

    if file is not None and file.is_dir():
        raise ConfigurationError([Fault("FILE", str(file), "the name of a file that is not there yet")])
    chosen = file.absolute() if file is not None else None
    made = _with_backups(context, lambda backups: make_backup(backups, file=chosen))
    rows = sum(made.manifest.rows.values())
    typer.echo(f"Backed up {rows:,} rows at revision {made.manifest.revision} into {made.path}.")


@app.command()
def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A backup, from whichever kind of database.")],
) -> None:
    """Put a backup back, after one of the present state. Everything comes back, or nothing is changed."""
    from brainarr.service.restore import restore_backup

    done = _with_backups(context, lambda backups: restore_backup(backups, file.absolute()))
    typer.echo(f"Restored {done.rows:,} rows of {done.manifest.made_at:%Y-%m-%d %H:%M} UTC from {file}.")
    if done.before is not None:
        typer.echo(f"What was there before lies at {done.before.path}.")
    if done.other_configuration:
        typer.echo("The backup holds another config.yaml; the present configuration was left as it is.")
    if done.other_key:
        typer.echo("secret.key is the backup's now. Processes with a copy of their own need that one, too.")
    if done.other_installation:
        typer.echo("It is a backup of another installation: restart every Brainarr that runs, at once.")
    else:
        typer.echo("A Brainarr that runs takes up restored settings when it is restarted.")


@app.command()
def move(
    context: typer.Context,
    url: Annotated[str, typer.Argument(help="The new, empty database: postgresql://… or sqlite:///…")],
) -> None:
    """Copy everything into another database, SQLite or PostgreSQL. Stop Brainarr first."""
    from brainarr.service.move import move_database

    moved = _with_backups(context, lambda backups: move_database(backups, url))
    typer.echo(f"Copied {sum(moved.rows.values()):,} rows of {len(moved.rows)} tables to {moved.address}.")
    typer.echo("Now set database.url (or BRAINARR__DATABASE__URL) to the new address, and start Brainarr.")
    typer.echo("The old database is as it was; what is written to it from now on is not in the new one.")


def _with_backups(context: typer.Context, act: "Callable[[Backups], Awaitable[T]]") -> T:
    from brainarr.wiring.build import backups_of, make_folder, utc_now
    from brainarr.wiring.configuration import load_settings

    folder = begin(context, quiet=True)
    make_folder(folder)
    backups = backups_of(load_settings(folder, os.environ).values, folder, utc_now)

    async def work() -> T:
        return await act(backups)

    return run_async(work())


def _revise(context: typer.Context, revision: str | None) -> None:
    from brainarr.store.upgrade import downgrade, upgrade

    async def work(backups: "Backups") -> "Revised":
        url, folder, now, shelf = backups.url, backups.folder, backups.clock(), backups.shelf
        if revision is None:
            return await upgrade(url, folder, now=now, shelf=shelf)
        return await downgrade(url, folder, revision, now=now, shelf=shelf)

    done = _with_backups(context, work)
    if not done.changed:
        typer.echo(f"Nothing to do: the database is at revision {done.after or 'base'}.")
        return
    typer.echo(f"The database went from revision {done.before or 'base'} to {done.after or 'base'}.")
    if done.copy:
        typer.echo(f"What was there before lies at {done.copy}.")
