"""brainarr secrets: the key that everything secret in the database is encrypted with."""

import os

import typer

from brainarr.cli.start import begin, run_async

app = typer.Typer(help="Look after the key of the stored secrets.", no_args_is_help=True)


@app.callback()
def secrets() -> None:
    """Look after the key of the stored secrets."""


@app.command()
def rotate(context: typer.Context) -> None:
    """Make a new secret.key and encrypt every stored secret again with it.

    It may be stopped at any moment, and finished by calling it again. Servers that use this configuration
    folder need not be stopped; those with a copy of it must be, until they have the new secret.key.
    """
    from brainarr.service.secrets import rotate_secrets
    from brainarr.store.secrets import KEY_FILE
    from brainarr.wiring.build import open_house

    folder = begin(context, quiet=True)

    async def work() -> int:
        async with open_house(folder, os.environ) as house:
            return await rotate_secrets(house.db, folder)

    count = run_async(work())
    typer.echo(f"{count} secrets are encrypted with a new key.")
    typer.echo(f"Backups from before need the {KEY_FILE} that they were made with.")
    typer.echo("If somebody may have read the old one, change the secrets themselves, too: docs/security.md.")
