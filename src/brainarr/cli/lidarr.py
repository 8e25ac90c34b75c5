"""brainarr lidarr: Brainarr's lists and webhook in a Lidarr, set up, looked at, put right, removed."""

import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from brainarr.cli.start import begin, run_async
from brainarr.domain.lists import DEFAULT_INSTANCE
from brainarr.errors import ConfigurationError, Fault

if TYPE_CHECKING:
    from brainarr.pipeline.ports import ImportLists
    from brainarr.service.lidarr_links import Link, Linked
    from brainarr.wiring.build import House

T = TypeVar("T")
Work = Callable[["House", "ImportLists", str], Awaitable[T]]
"""Of a house, the import lists of one Lidarr, and how that reaches this Brainarr."""

LONGEST_KEY = 200

app = typer.Typer(help="Set up Brainarr in Lidarr: its import lists and its webhook.", no_args_is_help=True)

Instance = Annotated[
    str, typer.Option("--instance", metavar="NAME", help="Which Lidarr: a name from `lidarrs`.")
]
Lists = Annotated[
    list[str] | None,
    typer.Option("--list", metavar="SLUG", help="This list alone; may be given again. Else all of them."),
]
Address = Annotated[
    str | None,
    typer.Option(
        "--address", metavar="URL", help="How Lidarr reaches Brainarr: saved as server.external_url."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]


@app.command()
def connect(
    context: typer.Context,
    instance: Instance = DEFAULT_INSTANCE,
    lists: Lists = None,
    address: Address = None,
    url: Annotated[
        str | None,
        typer.Option(
            "--url", help="Its address, to be saved. Its key is asked for, or read from standard input."
        ),
    ] = None,
    root_folder: Annotated[str | None, typer.Option(help="One of Lidarr's root folders.")] = None,
    quality_profile: Annotated[str | None, typer.Option(help="By its name in Lidarr.")] = None,
    metadata_profile: Annotated[
        str | None, typer.Option(help="Of artists, by its name in Lidarr; single albums come alone.")
    ] = None,
    search: Annotated[
        bool | None, typer.Option("--search/--no-search", help="Whether Lidarr looks for downloads at once.")
    ] = None,
    whole_artists: Annotated[
        bool | None,
        typer.Option("--whole-artists/--artists-only", help="Whether all albums of artists are monitored."),
    ] = None,
    webhook: Annotated[
        bool, typer.Option("--webhook/--no-webhook", help="Whether Lidarr tells us too.")
    ] = True,
    json: AsJson = False,
) -> None:
    """Make or correct the lists and the webhook. Asked again, they are there once."""
    from brainarr.cli.lidarr_told import print_linked
    from brainarr.service.lidarr_links import connect_link
    from brainarr.service.lidarr_setup import Wanted

    if url is None and instance == DEFAULT_INSTANCE and on_terminal():
        url = _ask_url(context)
    if url is not None:
        _save(context, instance, url)

    async def work(house: "House", lidarr: "ImportLists", ours: str) -> "Linked":
        offered = await lidarr.choices()
        wanted = Wanted(
            root_folder=root_folder,
            quality_profile=_numbered("--quality-profile", quality_profile, offered.quality_profiles),
            metadata_profile=_numbered("--metadata-profile", metadata_profile, offered.metadata_profiles),
            search=search,
            whole_artists=whole_artists,
        )
        return await connect_link(
            house.db,
            house.installation.secrets,
            lidarr,
            instance,
            ours,
            wanted,
            clock=house.clock,
            slugs=lists or None,
            webhook=webhook,
        )

    print_linked(_linked(context, instance, address, work), as_json=json)


@app.command()
def status(context: typer.Context, instance: Instance = DEFAULT_INSTANCE, json: AsJson = False) -> None:
    """Say how everything stands in Lidarr, and what is not as it should be."""
    from brainarr.cli.lidarr_told import print_link
    from brainarr.service.lidarr_links import read_link

    async def work(house: "House", lidarr: "ImportLists", ours: str) -> "Link":
        return await read_link(house.db, house.installation.secrets, lidarr, instance, ours)

    link = _linked(context, instance, None, work)
    print_link(link, as_json=json)
    raise typer.Exit(0 if link.is_right else 1)


@app.command()
def repair(
    context: typer.Context,
    instance: Instance = DEFAULT_INSTANCE,
    lists: Lists = None,
    address: Address = None,
    json: AsJson = False,
) -> None:
    """Correct what is there and differs: address, key, and what keeps it from working; make nothing."""
    from brainarr.cli.lidarr_told import print_linked
    from brainarr.service.lidarr_links import repair_link

    async def work(house: "House", lidarr: "ImportLists", ours: str) -> "Linked":
        secrets = house.installation.secrets
        return await repair_link(
            house.db, secrets, lidarr, instance, ours, clock=house.clock, slugs=lists or None
        )

    print_linked(_linked(context, instance, address, work), as_json=json)


@app.command()
def remove(
    context: typer.Context,
    instance: Instance = DEFAULT_INSTANCE,
    lists: Lists = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove the lists and the webhook from Lidarr. What they brought stays there."""
    from brainarr.service.lidarr_links import remove_link

    if not yes and on_terminal():
        typer.confirm("Remove Brainarr's lists from Lidarr? What they brought stays.", abort=True, err=True)

    async def work(house: "House", lidarr: "ImportLists", ours: str) -> int:
        return await remove_link(house.db, house.installation.secrets, lidarr, instance, ours, lists or None)

    gone = _linked(context, instance, None, work, needs_address=False)
    typer.echo(f"{gone} removed from Lidarr." if gone else "Nothing of Brainarr's was there.")


def _linked(
    context: typer.Context,
    instance: str,
    address: str | None,
    work: Work[T],
    *,
    needs_address: bool = True,
) -> T:
    """Does it with one Lidarr. `address`: how that reaches us, to be saved before."""
    from brainarr.domain.addresses import external_address
    from brainarr.wiring.build import open_house
    from brainarr.wiring.changing import configuration_of

    folder = begin(context, quiet=True)

    async def inside() -> T:
        async with open_house(folder, os.environ) as house:
            lidarr = house.outside.lidarrs.get(instance)
            if lidarr is None:
                raise _not_configured(house, instance)
            server = house.settings.server
            ours = external_address(address or server.external_url, server.url_base)
            if ours is None and needs_address:
                ours = external_address(_ask_address(server.port), server.url_base)
            if ours and ours != external_address(server.external_url, server.url_base):
                bare = ours.removesuffix(server.url_base)
                await configuration_of(house.ground).change(
                    {"server.external_url": bare}, by="the command line"
                )
            return await work(house, lidarr.lists, ours or "")

    return run_async(inside())


def on_terminal() -> bool:
    """Whether a person can be asked."""
    return sys.stdin.isatty()


def _not_configured(house: "House", instance: str) -> ConfigurationError:
    if instance == DEFAULT_INSTANCE:
        try:
            house.require_lidarr()
        except ConfigurationError as error:
            return error
    known = ", ".join(house.outside.lidarrs) or "none is configured"
    return ConfigurationError([Fault("--instance", instance, f"a configured Lidarr ({known})")])


def _ask_url(context: typer.Context) -> str | None:
    """Lidarr's address where none is known yet."""
    from brainarr.wiring.build import open_house

    folder = begin(context, quiet=True)

    async def known() -> bool:
        async with open_house(folder, os.environ) as house:
            return house.outside.lidarr is not None

    if run_async(known()):
        return None
    return typer.prompt("Lidarr's address", default="http://lidarr:8686", err=True)


def _ask_address(port: int) -> str:
    if not on_terminal():
        allowed = "how Lidarr reaches Brainarr, such as http://brainarr:8690; --address sets it"
        raise ConfigurationError([Fault("server.external_url", "nothing", allowed)])
    return typer.prompt("How does Lidarr reach Brainarr?", default=f"http://brainarr:{port}", err=True)


def _save(context: typer.Context, instance: str, url: str) -> None:
    """A Lidarr's address, and its key: tried before they are saved."""
    from brainarr.service.chain import entries_of
    from brainarr.service.lidarrs import LIDARRS, with_lidarr
    from brainarr.wiring.build import open_house
    from brainarr.wiring.changing import configuration_of
    from brainarr.wiring.probes import probes_of

    folder = begin(context, quiet=True)
    key = _key()

    async def inside() -> None:
        async with open_house(folder, os.environ) as house:
            # A new one is to be trusted as little as any other.
            named = {one.name: one.verify_tls for one in house.settings.lidarrs}
            named[DEFAULT_INSTANCE] = house.settings.lidarr.verify_tls
            tls = named.get(instance, True)
            found = await probes_of(lambda: house.settings).lidarr(url, key or None, tls)
            configuration = configuration_of(house.ground)
            wanted: dict[str, object] = {"lidarr.url": url}
            if key:
                wanted["lidarr.api_key"] = key
            if instance != DEFAULT_INSTANCE:
                (setting,) = [one for one in await configuration.read() if one.key == LIDARRS]
                entry = {"name": instance, "url": url, "api_key": key or None}
                wanted = {LIDARRS: with_lidarr(entries_of(setting.value), entry)}
            await configuration.change(wanted, by="the command line")
            typer.echo(f"{found.instance_name} {found.version} answers: its address is saved.", err=True)

    run_async(inside())


def _key() -> str:
    """Never an argument: those stand in the shell's history and in the list of processes.

    "": the saved one.
    """
    if on_terminal():
        return typer.prompt("Lidarr's API key", hide_input=True, default="", show_default=False, err=True)
    return sys.stdin.readline(LONGEST_KEY).strip()


def _numbered(option: str, name: str | None, offered: Mapping[int, str]) -> int | None:
    """Lidarr's number of a profile. Raises ConfigurationError."""
    if name is None:
        return None
    found = [number for number, known in offered.items() if known.casefold() == name.casefold()]
    if not found:
        raise ConfigurationError([Fault(option, name, f"one of {', '.join(offered.values())}")])
    return found[0]
