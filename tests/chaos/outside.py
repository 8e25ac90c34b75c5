"""Everything that is not Brainarr, in one process of its own: Lidarr, the catalogue and the paid model.

    python -m tests.chaos.outside SEED ARTISTS OWNED

Prints its addresses as one line of JSON and lives until its standard input ends. What it did and what it is
to do wrong goes through its control address.
"""

import asyncio
import json
import sys
from datetime import UTC, datetime
from random import Random
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from benchmarks.worlds import invented_world, owned_of
from brainarr.sandbox import listsync
from brainarr.sandbox.catalogue import create_catalogue
from brainarr.sandbox.faults import Fault, Faults
from brainarr.sandbox.lidarr.app import create_lidarr
from brainarr.sandbox.lidarr.holdings import Holdings
from brainarr.sandbox.serve import serve
from tests.chaos.line import Cut, Line
from tests.chaos.paid import PaidModel

KEY = "the-key-of-lidarr"


class Control:
    """What the harness may ask and order."""

    def __init__(
        self, holdings: Holdings, paid: PaidModel, apps: dict[str, Faults], lines: dict[str, Line]
    ) -> None:
        self._holdings = holdings
        self._first_artists = {artist.mbid for artist in holdings.artists.values()}
        self._paid = paid
        self._apps = apps
        self._lines = lines

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/state", self.state),
                Route("/sync", self.sync, methods=["POST"]),
                Route("/cut/{line}/{state}", self.cut, methods=["POST"]),
                Route("/faults/{app}", self.fault, methods=["POST"]),
                Route("/faults", self.mend, methods=["DELETE"]),
                Route("/pause/{seconds:float}", self.pause, methods=["POST"]),
            ]
        )

    async def state(self, request: Request) -> Response:
        held = self._holdings
        return JSONResponse(
            {
                "billed": self._paid.billed,
                "asked": self._paid.asked,
                "artists": [
                    artist.mbid for artist in held.artists.values() if artist.mbid not in self._first_artists
                ],
                "albums": [album.mbid for album in held.albums.values() if album.manual],
            }
        )

    async def sync(self, request: Request) -> Response:
        """One ImportListSync of every list; not when they are due, for nobody waits six hours here."""
        done = [await listsync.sync(self._holdings, number) for number in list(self._holdings.lists)]
        return JSONResponse(
            {
                "failures": [one.failure for one in done if one.failure],
                "fetch_failures": [text for one in done for text in one.fetch_failures],
                "artists": sum(one.artists for one in done),
                "albums": sum(one.albums for one in done),
            }
        )

    async def cut(self, request: Request) -> Response:
        await self._lines[request.path_params["line"]].cut(Cut(request.path_params["state"]))
        return JSONResponse({})

    async def fault(self, request: Request) -> Response:
        body: dict[str, Any] = await request.json()
        body["body"] = str(body.get("body", "")).encode()
        self._apps[request.path_params["app"]].inject(Fault(**body))
        return JSONResponse({})

    async def mend(self, request: Request) -> Response:
        for app in self._apps.values():
            app.clear()
        for line in self._lines.values():
            await line.cut(Cut.NONE)
        return JSONResponse({})

    async def pause(self, request: Request) -> Response:
        self._paid.pause = request.path_params["seconds"]
        return JSONResponse({})


async def live(seed: int, artists: int, owned: int) -> None:
    world = invented_world(artists)
    holdings = Holdings(world, lambda: datetime.now(UTC))  # noqa: TID251
    holdings.populate(owned_of(world, owned))
    paid = PaidModel(world, Random(seed))
    apps = {
        "lidarr": create_lidarr(holdings, KEY),
        "catalogue": create_catalogue(world),
        "paid": Faults(paid.app()),
    }
    async with (
        serve(apps["lidarr"]) as lidarr,
        serve(apps["catalogue"]) as catalogue,
        serve(apps["paid"]) as model,
        Line.before(lidarr) as lidarr_line,
        Line.before(catalogue) as catalogue_line,
        Line.before(model) as model_line,
        serve(
            Control(
                holdings,
                paid,
                apps,
                {"lidarr": lidarr_line, "catalogue": catalogue_line, "paid": model_line},
            ).app()
        ) as control,
    ):
        addresses = {
            "lidarr": lidarr_line.address,
            "catalogue": catalogue_line.address,
            "paid": model_line.address,
            "control": control,
        }
        print(json.dumps(addresses), flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(live(*map(int, sys.argv[1:4])))
