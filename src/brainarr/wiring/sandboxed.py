"""A whole Brainarr against a sandbox: Lidarr and catalogue on loopback ports of this process."""

import secrets
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from brainarr.pipeline.ports import Clock
from brainarr.sandbox.catalogue import create_catalogue
from brainarr.sandbox.faults import Faults
from brainarr.sandbox.lidarr.app import create_lidarr
from brainarr.sandbox.lidarr.held import NOTHING, AddOptions, ImportList
from brainarr.sandbox.lidarr.holdings import Holdings
from brainarr.sandbox.listenbrainz import Listens
from brainarr.sandbox.serve import serve as serve_app
from brainarr.sandbox.world import Owned, World
from brainarr.service.execution import execute_run
from brainarr.service.lists import DEFAULT_LIST, read_list
from brainarr.service.runs import request_run
from brainarr.wiring.build import House, open_house, utc_now
from brainarr.wiring.serve import serve, web_app

NO_PACE = "1000"
"""Requests a second: nobody outside needs to be spared."""


@dataclass(frozen=True)
class Sandboxed:
    house: House
    lidarr: Holdings
    albums_list: ImportList
    """Lidarr's "Lidarr" list, which reads this Brainarr's default list over HTTP."""
    web: Faults
    """The web app; it remembers what Lidarr asked it."""


@asynccontextmanager
async def standing_outside(
    world: World, library: Iterable[Owned], listens: Listens | None = None, clock: Clock = utc_now
) -> AsyncIterator[tuple[Holdings, dict[str, str]]]:
    """Lidarr and catalogue; what Lidarr holds, and the BRAINARR__… variables that lead to both."""
    holdings = Holdings(world, clock)
    holdings.populate(library)
    key = secrets.token_hex(16)
    async with (
        serve_app(create_catalogue(world, listens)) as catalogue,
        serve_app(create_lidarr(holdings, key)) as lidarr,
    ):
        yield (
            holdings,
            {
                "BRAINARR__LIDARR__URL": lidarr,
                "BRAINARR__LIDARR__API_KEY": key,
                "BRAINARR__MUSICBRAINZ__BASE_URL": f"{catalogue}/ws/2",
                "BRAINARR__MUSICBRAINZ__REQUESTS_PER_SECOND": NO_PACE,
                "BRAINARR__LISTENBRAINZ__BASE_URL": f"{catalogue}/listenbrainz",
                "BRAINARR__LISTENBRAINZ__LABS_URL": f"{catalogue}/labs",
                "BRAINARR__LISTENBRAINZ__REQUESTS_PER_SECOND": NO_PACE,
                "BRAINARR__DEEZER__BASE_URL": f"{catalogue}/deezer",
                "BRAINARR__DEEZER__REQUESTS_PER_SECOND": NO_PACE,
                "BRAINARR__COVERART__BASE_URL": f"{catalogue}/coverart",
                "BRAINARR__ITUNES__BASE_URL": f"{catalogue}/itunes",
            },
        )


@asynccontextmanager
async def open_sandboxed(
    folder: Path,
    world: World,
    library: Iterable[Owned],
    *,
    settings: Mapping[str, str] | None = None,
    listens: Listens | None = None,
    clock: Clock = utc_now,
) -> AsyncIterator[Sandboxed]:
    """`settings` are further BRAINARR__… variables; the process's own environment is not read."""
    async with (
        standing_outside(world, library, listens, clock) as (holdings, environ),
        open_house(folder, environ | dict(settings or {}), clock=clock) as house,
    ):
        web = Faults(web_app(house))
        async with serve_app(web) as address:
            feed = await read_list(house.db, house.installation.secrets, DEFAULT_LIST)
            albums_list = _register(holdings, feed.name, f"{address}/lists/{feed.slug}", feed.key)
            yield Sandboxed(house, holdings, albums_list, web)


async def serve_sandboxed(
    folder: Path, world: World, library: Iterable[Owned], settings: Mapping[str, str]
) -> None:
    """The real server, until a signal says stop, with one run done."""
    async with standing_outside(world, library) as (_, environ):
        environ |= settings
        async with open_house(folder, environ) as house:
            asked = await request_run(house.db, DEFAULT_LIST, trigger="cli", clock=house.clock)
            await execute_run(house.runs, asked.id)
        await serve(folder, environ)


def _register(holdings: Holdings, name: str, base_url: str, key: str) -> ImportList:
    """What a person would fill in under Settings > Import Lists, as docs/lidarr.md advises."""
    definition = ImportList(
        id=holdings.next_id(),
        name=f"{name} (albums)",
        implementation="LidarrImport",
        config_contract="LidarrSettings",
        fields={"baseUrl": base_url, "apiKey": key},
        enable_automatic_add=True,
        should_monitor="specificAlbum",
        should_monitor_existing=False,
        should_search=False,
        options=AddOptions(
            metadata_profile_id=NOTHING, monitor_new_items="none", tags=(holdings.tag("brainarr"),)
        ),
    )
    holdings.lists[definition.id] = definition
    return definition
