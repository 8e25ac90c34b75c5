"""brainarr user: who may sign in, from the command line, also for whoever has locked themselves out."""

import os
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from brainarr.cli.start import begin, run_async
from brainarr.domain.people import LONGEST_PASSWORD, Role

if TYPE_CHECKING:
    from brainarr.store.people import PersonRow
    from brainarr.wiring.build import House

T = TypeVar("T")
Name = Annotated[str, typer.Argument(help="Whatever the case of its letters.")]

app = typer.Typer(help="Look after the people who may sign in.", no_args_is_help=True)


@app.command("list")
def show(context: typer.Context) -> None:
    """Show everybody, the first one first."""
    from brainarr.service.people import list_people

    async def work(house: "House") -> "list[PersonRow]":
        return await list_people(house.db)

    found = _within_house(context, work)
    if not found:
        typer.echo(
            "There is nobody yet: the first visitor becomes the administrator, or `brainarr user add`."
        )
    for row in found:
        state = f"disabled {row.disabled_at:%Y-%m-%d}" if row.disabled_at else _seen(row)
        typer.echo(f"{row.id:>4}  {row.role:<5}  {row.name}  ({state})")


@app.command()
def add(
    context: typer.Context,
    name: Name,
    role: Annotated[Role, typer.Option(help="The first person is an administrator.")] = Role.USER,
) -> None:
    """Add somebody. Their password is asked for, or read from standard input."""
    from brainarr.service.passwords import Passwords
    from brainarr.service.people import add_person, is_anybody_there

    password = _password()

    async def work(house: "House") -> "PersonRow":
        wanted = role if await is_anybody_there(house.db) else Role.ADMIN
        return await add_person(house.db, Passwords(), name, password, wanted, clock=house.clock)

    made = _within_house(context, work)
    typer.echo(f"{made.name} may sign in as {made.role}.")


@app.command("reset-password")
def reset_password(context: typer.Context, name: Name) -> None:
    """Give somebody another password; they are signed out everywhere."""
    from brainarr.service.passwords import Passwords
    from brainarr.service.people import person_by_name
    from brainarr.service.people import reset_password as reset

    password = _password()

    async def work(house: "House") -> "PersonRow":
        person = await person_by_name(house.db, name)
        return await reset(house.db, Passwords(), person.id, password)

    typer.echo(f"{_within_house(context, work).name} has a new password, and is signed out everywhere.")


@app.command()
def role(context: typer.Context, name: Name, role: Role) -> None:
    """Make somebody an administrator, or a user."""
    from brainarr.service.people import change_role, person_by_name

    async def work(house: "House") -> "PersonRow":
        return await change_role(house.db, (await person_by_name(house.db, name)).id, role)

    changed = _within_house(context, work)
    typer.echo(f"{changed.name} is {changed.role} now.")


@app.command()
def disable(context: typer.Context, name: Name) -> None:
    """Let somebody in no more: they are signed out everywhere, and their keys open nothing."""
    from brainarr.service.people import disable_person, person_by_name

    async def work(house: "House") -> "PersonRow":
        person = await person_by_name(house.db, name)
        return await disable_person(house.db, person.id, clock=house.clock)

    typer.echo(f"{_within_house(context, work).name} may not sign in any more.")


@app.command()
def enable(context: typer.Context, name: Name) -> None:
    """Let somebody in again who was disabled."""
    from brainarr.service.people import enable_person, person_by_name

    async def work(house: "House") -> "PersonRow":
        return await enable_person(house.db, (await person_by_name(house.db, name)).id)

    typer.echo(f"{_within_house(context, work).name} may sign in again.")


def _password() -> str:
    """Never an argument: those stand in the shell's history and in the list of processes."""
    if sys.stdin.isatty():
        return typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    # One more than may be: what is longer is refused, not cut.
    return sys.stdin.readline(LONGEST_PASSWORD + 2).removesuffix("\n").removesuffix("\r")


def _seen(row: "PersonRow") -> str:
    return f"signed in {row.last_signed_in_at:%Y-%m-%d %H:%M}" if row.last_signed_in_at else "never signed in"


def _within_house(context: typer.Context, work: Callable[["House"], Awaitable[T]]) -> T:
    from brainarr.wiring.build import open_house

    folder = begin(context, quiet=True)

    async def inside() -> T:
        async with open_house(folder, os.environ) as house:
            return await work(house)

    return run_async(inside())
