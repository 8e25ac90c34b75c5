"""brainarr db: the database, for those who want to look after it themselves."""

import os
from typing import Annotated

import typer

from brainarr.cli.start import begin, run_async

app = typer.Typer(help="Upgrade or downgrade the database.", no_args_is_help=True)


@app.command()
def upgrade(context: typer.Context) -> None:
    """Bring the database to this version (`serve` and `run` do it by themselves)."""
    _revise(context, None)


@app.command()
def downgrade(
    context: typer.Context,
    revision: Annotated[str, typer.Argument(help='The revision to go back to; "base" removes every table.')],
) -> None:
    """Take the database back to an older revision. What newer tables held is in the copy made before."""
    _revise(context, revision)


def _revise(context: typer.Context, revision: str | None) -> None:
    from brainarr.store.upgrade import downgrade, upgrade
    from brainarr.wiring.build import make_folder, utc_now
    from brainarr.wiring.configuration import load_settings

    folder = begin(context, quiet=True)
    make_folder(folder)
    url = load_settings(folder, os.environ).values.database.url
    now = utc_now()
    done = run_async(
        upgrade(url, folder, now=now) if revision is None else downgrade(url, folder, revision, now=now)
    )
    if not done.changed:
        typer.echo(f"Nothing to do: the database is at revision {done.after or 'base'}.")
        return
    typer.echo(f"The database went from revision {done.before or 'base'} to {done.after or 'base'}.")
    if done.copy:
        typer.echo(f"The old file lies at {done.copy}.")
