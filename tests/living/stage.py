"""A Brainarr and the Lidarr it lives with, on a clock that the test turns.

Both are real: Brainarr's tasks, services, database and web app, and the sandbox Lidarr with its list sync;
they speak HTTP on loopback, both ways. What neither does here is wait: `Stage.cycle` lets a quarter of an
hour pass and has each side do what is due.
"""

import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import httpx2
import msgspec

from benchmarks.worlds import invented_world, owned_of
from brainarr.domain.music import Mbid
from brainarr.domain.recommendation import Evidence, Parts, Recommendation, Voice
from brainarr.sandbox.catalogue import create_catalogue
from brainarr.sandbox.faults import Faults
from brainarr.sandbox.lidarr.app import SandboxLidarr, create_lidarr
from brainarr.sandbox.lidarr.commands import Command
from brainarr.sandbox.lidarr.holdings import Holdings
from brainarr.sandbox.serve import serve
from brainarr.sandbox.world import World, WorldAlbum, WorldArtist
from brainarr.service.execution import execute_run
from brainarr.service.jobs import JobDeps, execute_job
from brainarr.service.lists import DEFAULT_LIST
from brainarr.service.recommendations import list_recommendations
from brainarr.service.runs import request_run
from brainarr.service.tasks import request_due, waiting_work
from brainarr.store.page import PageOf
from brainarr.store.recommendations import RecommendationRow
from brainarr.wiring.build import House, open_house
from brainarr.wiring.serve import web_app
from brainarr.wiring.working import house_chores, house_tasks
from tests.service.given import finds
from tests.store.given import NOW

LIDARR_KEY, OUR_KEY = secrets.token_hex(16), secrets.token_hex(16)
CYCLE = timedelta(minutes=15)
"""As often as Lidarr fetches a list of its own kind."""
A_MOMENT = timedelta(seconds=30)
"""Between what one side did and what the other makes of it."""
_MOST_ROUNDS = 40
_NOT_HERE = ("BACKUP", "CLEAN_UP")
"""Tasks that have nothing to do with a Lidarr, and would only take time."""


class CreepingClock:
    """Stands still but for a millisecond at each look: no two things happen at the same time."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now

    def advance(self, by: timedelta) -> None:
        self.now += by


@dataclass
class Stage:
    world: World
    clock: CreepingClock
    holdings: Holdings
    lidarr: SandboxLidarr
    house: House
    web: Faults
    """The web app; what Lidarr asked it is in its `requests`."""
    client: httpx2.AsyncClient
    """A program with the API key."""
    address: str
    """Where Lidarr reaches Brainarr."""
    syncs: list[Command] = field(default_factory=list)
    """Every list sync that Lidarr has ended, in order."""

    async def propose(self, found: Sequence[Recommendation]) -> None:
        """A run of the default list comes to these, and a person approves all of them."""
        deps = msgspec.structs.replace(self.house.runs, recommend=finds(*found))
        asked = await request_run(self.house.db, DEFAULT_LIST, clock=self.clock)
        ran = await execute_run(deps, asked.id)
        ids = [row.id for row in ran.recommendations]
        assert len(ids) == len(found), ran.run.error
        for start in range(0, len(ids), 100):
            body = {"ids": ids[start : start + 100], "decision": "approve"}
            (await self.client.post("/api/v1/recommendations/bulk", json=body)).raise_for_status()

    async def work(self) -> None:
        """What Brainarr's worker does with what is due, one after the other, until nothing is."""
        house, work = self.house, {chore.task.name: chore.do for chore in house_chores(self.house)}
        deps = JobDeps(house.db, self.clock, house.runs.process)
        await request_due(house.db, house_tasks(house), clock=self.clock, zone=house.zone)
        for _ in range(_MOST_ROUNDS):
            waiting = await waiting_work(house.db)
            for one in waiting:
                await execute_job(deps, one.id, work.get)
            if not waiting:
                return
        raise AssertionError("there is always more to do")

    async def lidarr_works(self) -> bool:
        """Lidarr does what is due or was asked of it, and tells of it; whether that was a list sync."""
        await self.lidarr.commands.run_due()
        known = {command.id for command in self.syncs}
        ended = [
            command
            for command in self.lidarr.commands.known.values()
            if command.name == "ImportListSync" and command.ended and command.id not in known
        ]
        self.syncs += ended
        await self.lidarr.webhooks.idle()
        return any(command.synced and command.synced.fetched for command in ended)

    async def cycle(self, length: timedelta = CYCLE) -> list[Command]:
        """Time passes; then both sides work until neither has anything left to say. The list syncs."""
        before = len(self.syncs)
        self.clock.advance(length)
        await self.work()
        for _ in range(_MOST_ROUNDS):
            self.clock.advance(A_MOMENT)
            synced = await self.lidarr_works()
            self.clock.advance(A_MOMENT)
            await self.work()
            if not synced:
                return self.syncs[before:]
        raise AssertionError("the two never come to rest")

    async def rows(self) -> list[RecommendationRow]:
        """Every recommendation there is."""
        rows: list[RecommendationRow] = []
        while True:
            page = PageOf(len(rows) // 200 + 1, 200)
            found = (await list_recommendations(self.house.db, page)).items
            rows += found
            if len(found) < 200:
                return rows

    async def row_of(self, mbid: Mbid) -> RecommendationRow:
        """That of the album, or of the artist as such."""
        for row in await self.rows():
            item = row.recommendation
            if mbid in (item.release_group_mbid, None if item.release_group_mbid else item.artist_mbid):
                return row
        raise LookupError(mbid)


@asynccontextmanager
async def on_stage(folder: Path, *, artists: int, owned: int) -> AsyncIterator[Stage]:
    """A first start of Brainarr beside a Lidarr that has the first `owned` of so many artists."""
    world, clock = invented_world(artists), CreepingClock()
    holdings = Holdings(world, clock)
    holdings.populate(owned_of(world, owned))
    clock.advance(timedelta(hours=1))  # past the grace that follows Lidarr's start
    lidarr = create_lidarr(holdings, LIDARR_KEY)
    async with serve(create_catalogue(world)) as catalogue, serve(lidarr) as lidarr_url:
        environ = _settings(catalogue, lidarr_url)
        async with open_house(folder, environ, clock=clock) as house:
            web, headers = Faults(web_app(house)), {"X-Api-Key": OUR_KEY}
            async with (
                serve(web) as address,
                httpx2.AsyncClient(base_url=address, headers=headers, trust_env=False) as client,
            ):
                yield Stage(world, clock, holdings, lidarr, house, web, client, address)


def _settings(catalogue: str, lidarr: str) -> Mapping[str, str]:
    return {
        "BRAINARR__SERVER__API_KEY": OUR_KEY,
        "BRAINARR__LIDARR__URL": lidarr,
        "BRAINARR__LIDARR__API_KEY": LIDARR_KEY,
        "BRAINARR__MUSICBRAINZ__BASE_URL": f"{catalogue}/ws/2",
        "BRAINARR__MUSICBRAINZ__REQUESTS_PER_SECOND": "1000",
        "BRAINARR__LISTENBRAINZ__ENABLED": "false",
        "BRAINARR__DEEZER__ENABLED": "false",
        "BRAINARR__COVERART__ENABLED": "false",
        "BRAINARR__ITUNES__ENABLED": "false",
        "BRAINARR__RECOMMEND__SCHEDULE": "off",
    } | {f"BRAINARR__SCHEDULES__{name}": "off" for name in _NOT_HERE}


def artist_of(artist: WorldArtist) -> Recommendation:
    return _recommendation(artist, None)


def album_of(world: World, album: WorldAlbum) -> Recommendation:
    return _recommendation(world.artists[album.artist], album)


def _recommendation(artist: WorldArtist, album: WorldAlbum | None) -> Recommendation:
    return Recommendation(
        artist=artist.name,
        artist_mbid=artist.mbid,
        album=album.title if album else None,
        release_group_mbid=album.mbid if album else None,
        year=album.year if album else artist.begin,
        genres=tuple(genre for genre, _ in artist.genres),
        score=0.75,
        parts=Parts(0.5, 0.75, 1.0, 0.25),
        confidence=0.625,
        evidence=Evidence(seeds=("Slowdive",), sources=("listenbrainz",)),
        voices=(Voice("listenbrainz", 1.0, 0.5, seeds=(("Slowdive", 1.0),)),),
        reason="Near what you have.",
    )
