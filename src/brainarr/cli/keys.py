"""brainarr api-key: the instance's own key, and keys for tools that need not do everything."""

import os
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from brainarr.cli.start import begin, run_async
from brainarr.errors import ConfigurationError, Conflict, Fault

if TYPE_CHECKING:
    from brainarr.store.keys import ApiKey
    from brainarr.wiring.build import House

T = TypeVar("T")
LONGEST_DAYS = 36_500

app = typer.Typer(help="Show the key of the HTTP API, or look after keys for other tools.")


@app.callback(invoke_without_command=True)
def api_key(context: typer.Context) -> None:
    """Show the instance's own key, which may do everything."""
    if context.invoked_subcommand is None:

        async def work(house: "House") -> str:
            return house.api_key

        typer.echo(_within_house(context, work))


@app.command()
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What it is for.")],
    write: Annotated[bool, typer.Option("--write", help="It may change things, too.")] = False,
    days: Annotated[
        int | None, typer.Option("--days", min=1, max=LONGEST_DAYS, help="How long it opens anything.")
    ] = None,
) -> None:
    """Make a key. It is shown once, on standard output: only its hash is stored."""
    from brainarr.service.keys import NAME_LIMIT, make_key
    from brainarr.store.keys import Scope

    title = name.strip()
    if not title or len(title) > NAME_LIMIT or not title.isprintable():
        raise ConfigurationError(
            [Fault("NAME", title[:NAME_LIMIT], f"1 to {NAME_LIMIT} characters in a line")]
        )

    async def work(house: "House") -> "tuple[ApiKey, str]":
        until = house.clock() + timedelta(days=days) if days else None
        scope = Scope.WRITE if write else Scope.READ
        return await make_key(house.db, title, scope, expires_at=until, clock=house.clock)

    made, text = _within_house(context, work)
    typer.echo(f"Key {made.id} for {made.name}. It is shown this once: copy it.", err=True)
    typer.echo(text)


@app.command("list")
def show(context: typer.Context) -> None:
    """Show what is known of each key, the newest first."""
    from brainarr.service.keys import list_keys

    async def work(house: "House") -> "tuple[tuple[ApiKey, ...], datetime]":
        return await list_keys(house.db), house.clock()

    found, now = _within_house(context, work)
    if not found:
        typer.echo("There are none but the instance's own: `brainarr api-key` shows it.")
    for key in found:
        typer.echo(f"{key.id:>4}  {key.prefix}…  {key.scope:<5}  {_state(key, now)}  {key.name}")


@app.command()
def revoke(context: typer.Context, id: Annotated[int, typer.Argument(min=1, help="As `list` says.")]) -> None:
    """Make a key useless, at once and for good."""
    from brainarr.service.keys import revoke_key

    async def work(house: "House") -> "ApiKey":
        return await revoke_key(house.db, id, clock=house.clock)

    typer.echo(f"The key {_within_house(context, work).name} opens nothing any more.")


@app.command()
def reset(context: typer.Context) -> None:
    """Replace the instance's own key. The old one opens nothing any more, in running servers too."""
    from brainarr.service.setup import rotate_api_key

    async def work(house: "House") -> str:
        if house.fixed_api_key:
            raise Conflict(
                "The key is fixed by config.yaml or the environment.",
                remedy="Change server.api_key there and start again.",
            )
        return await rotate_api_key(house.db, house.installation.secrets, clock=house.clock)

    typer.echo(_within_house(context, work))


def _within_house(context: typer.Context, work: Callable[["House"], Awaitable[T]]) -> T:
    from brainarr.wiring.build import open_house

    folder = begin(context, quiet=True)

    async def inside() -> T:
        async with open_house(folder, os.environ) as house:
            return await work(house)

    return run_async(inside())


def _state(key: "ApiKey", now: datetime) -> str:
    if key.revoked_at is not None:
        return f"revoked {key.revoked_at:%Y-%m-%d}"
    if not key.opens(now):
        return f"expired {key.expires_at:%Y-%m-%d}"
    return f"used {key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never used"
