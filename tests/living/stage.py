"""A Brainarr and the Lidarr it lives with, on a clock that the test turns.

Both are real: Brainarr's tasks, services, database and web app, and the sandbox Lidarr with its list sync;
they speak HTTP on loopback, both ways. What neither does here is wait: `Stage.cycle` lets a quarter of an
hour pass and has each side do what is due.
"""

import secrets
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import httpx2
import msgspec
import stamina
from sqlalchemy import select

from benchmarks.worlds import invented_world, owned_of
from brainarr.domain.music import Mbid
from brainarr.domain.recommendation import Evidence, Parts, Recommendation, Status, Voice
from brainarr.sandbox.catalogue import create_catalogue
from brainarr.sandbox.faults import Faults
from brainarr.sandbox.lidarr.app import SandboxLidarr, create_lidarr
from brainarr.sandbox.lidarr.commands import Command
from brainarr.sandbox.lidarr.holdings import Holdings
from brainarr.sandbox.serve import serve
from brainarr.sandbox.world import World, WorldAlbum, WorldArtist
from brainarr.service.delivery.remembering import RoundDeps
from brainarr.service.delivery.rounds import tend_deliveries
from brainarr.service.execution import execute_run
from brainarr.service.jobs import JobDeps, execute_job
from brainarr.service.left_off import link_list, link_webhook
from brainarr.service.lidarr_setup import Wanted
from brainarr.service.lists import DEFAULT_LIST, read_list
from brainarr.service.recommendations import read_recommendation
from brainarr.service.runs import request_run
from brainarr.service.tasks import request_due, waiting_work
from brainarr.store.jobs import DELIVERIES
from brainarr.store.recommendations import RecommendationRow, by_ids
from brainarr.store.tables import recommendations
from brainarr.wiring.build import House, open_house
from brainarr.wiring.serve import web_app
from brainarr.wiring.working import house_chores, house_tasks
from tests.service.given import finds
from tests.store.given import NOW

LIDARR_KEY, OUR_KEY = secrets.token_hex(16), secrets.token_hex(16)
ATTIC = "attic"
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
    person: httpx2.AsyncClient
    """Somebody in front of Lidarr."""
    attic: SandboxLidarr | None = None
    """Another Lidarr, the instance of that name."""
    before_sync: Callable[[], None] | None = None
    """Done once, at the moment between Brainarr's work and Lidarr's next."""
    ids: dict[Mbid, int] = field(default_factory=dict)
    """The number of each recommendation by the identifier under which it was proposed."""
    syncs: list[Command] = field(default_factory=list)
    """Every list sync that Lidarr, not the one in the attic, has ended, in order."""

    async def propose(self, found: Sequence[Recommendation], slug: str = DEFAULT_LIST) -> None:
        """A run of the list comes to these, and a person approves all of them."""
        deps = msgspec.structs.replace(self.house.runs, recommend=finds(*found))
        asked = await request_run(self.house.db, slug, clock=self.clock)
        ran = await execute_run(deps, asked.id)
        ids = [row.id for row in ran.recommendations]
        assert len(ids) == len(found), ran.run.error
        self.ids |= {carried_as(row): row.id for row in ran.recommendations}
        for start in range(0, len(ids), 100):
            body = {"ids": ids[start : start + 100], "decision": "approve"}
            (await self.client.post("/api/v1/recommendations/bulk", json=body)).raise_for_status()

    async def connect(self, slug: str = DEFAULT_LIST) -> None:
        """What `brainarr lidarr connect` does: the list in its Lidarr, and that Lidarr's webhook."""
        house, key_ring = self.house, self.house.installation.secrets
        row = await read_list(house.db, key_ring, slug)
        lidarr = house.outside.lidarrs[row.instance].lists
        placed = await link_list(house.db, lidarr, row, self.address, Wanted(), clock=self.clock)
        assert [one.unreached for one in placed] == [None, None]
        hook = await link_webhook(house.db, key_ring, lidarr, row.instance, self.address, clock=self.clock)
        assert hook.unreached is None

    async def work(self) -> None:
        """What Brainarr's worker does with what is due, one after the other, until nothing is."""
        house, work = self.house, {chore.task.name: chore.do for chore in house_chores(self.house)}
        work[DELIVERIES] = self._tend
        deps = JobDeps(house.db, self.clock, house.runs.process)
        await request_due(house.db, house_tasks(house), clock=self.clock, zone=house.zone)
        for _ in range(_MOST_ROUNDS):
            waiting = await waiting_work(house.db)
            for one in waiting:
                await execute_job(deps, one.id, work.get)
            if not waiting:
                return
        raise AssertionError("there is always more to do")

    async def _tend(self, *_: object) -> None:
        async def wait(seconds: float) -> None:
            self.clock.advance(timedelta(seconds=seconds))

        outside = self.house.outside
        await tend_deliveries(
            RoundDeps(self.house.db, self.clock, outside.lidarrs, outside.messengers, sleep=wait)
        )

    async def lidarr_works(self) -> bool:
        """Lidarr does what is due or was asked of it, and tells of it; whether that was a list sync."""
        if self.attic is not None:
            await self.attic.commands.run_due()
            await self.attic.webhooks.idle()
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
            if self.before_sync is not None:
                self.before_sync, meanwhile = None, self.before_sync
                meanwhile()
            synced = await self.lidarr_works()
            self.clock.advance(A_MOMENT)
            await self.work()
            if not synced:
                return self.syncs[before:]
        raise AssertionError("the two never come to rest")

    async def rows_of(self, ids: Collection[int]) -> tuple[RecommendationRow, ...]:
        async with self.house.db.reading() as connection:
            return await by_ids(connection, ids)

    async def statuses(self) -> dict[int, Status]:
        """Of every recommendation, by its number."""
        async with self.house.db.reading() as connection:
            found = await connection.execute(select(recommendations.c.id, recommendations.c.status))
            return {number: Status(status) for number, status in found}

    async def row_of(self, proposed: Mbid) -> RecommendationRow:
        """What has become of the album or artist that was proposed under this identifier."""
        return await read_recommendation(self.house.db, self.ids[proposed])


def carried_as(row: RecommendationRow) -> Mbid:
    """What the feeds call it: the album, or the artist as such."""
    return row.recommendation.release_group_mbid or row.recommendation.artist_mbid


@asynccontextmanager
async def on_stage(
    folder: Path, *, artists: int, owned: int, with_attic: bool = False
) -> AsyncIterator[Stage]:
    """A first start of Brainarr beside a Lidarr that has the first `owned` of so many artists; or two."""
    world, clock = invented_world(artists), CreepingClock()
    holdings, above = Holdings(world, clock), Holdings(world, clock, name="Attic")
    for one in (holdings, above):
        one.populate(owned_of(world, owned))
    clock.advance(timedelta(hours=1))  # past the grace that follows Lidarr's start
    lidarr, attic = create_lidarr(holdings, LIDARR_KEY), create_lidarr(above, LIDARR_KEY)
    async with AsyncExitStack() as stack:
        catalogue = await stack.enter_async_context(serve(create_catalogue(world)))
        lidarr_url = await stack.enter_async_context(serve(lidarr))
        # Nobody waits between two tries of a request: those pauses are not on the clock that is turned here.
        stack.enter_context(stamina.set_testing(True, attempts=3, cap=True))
        environ = dict(_settings(catalogue, lidarr_url))
        if with_attic:
            environ |= _second_lidarr(await stack.enter_async_context(serve(attic)))
        house = await stack.enter_async_context(open_house(folder, environ, clock=clock))
        web = Faults(web_app(house))
        address = await stack.enter_async_context(serve(web))
        client = await stack.enter_async_context(_client(address, OUR_KEY))
        person = await stack.enter_async_context(_client(lidarr_url, LIDARR_KEY))
        beside = attic if with_attic else None
        yield Stage(world, clock, holdings, lidarr, house, web, client, address, person, beside)


def _client(address: str, key: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=address, headers={"X-Api-Key": key}, trust_env=False)


def _settings(catalogue: str, lidarr: str) -> Mapping[str, str]:
    return {
        "BRAINARR__SERVER__API_KEY": OUR_KEY,
        "BRAINARR__LIDARR__URL": lidarr,
        "BRAINARR__LIDARR__API_KEY": LIDARR_KEY,
        # Lidarr comes at its own pace: asked after each lookup, it would have everything within an hour.
        "BRAINARR__LIDARR__SYNC_AFTER_APPROVAL": "false",
        "BRAINARR__MUSICBRAINZ__BASE_URL": f"{catalogue}/ws/2",
        "BRAINARR__MUSICBRAINZ__REQUESTS_PER_SECOND": "1000",
        "BRAINARR__LISTENBRAINZ__ENABLED": "false",
        "BRAINARR__DEEZER__ENABLED": "false",
        "BRAINARR__COVERART__ENABLED": "false",
        "BRAINARR__ITUNES__ENABLED": "false",
        "BRAINARR__RECOMMEND__SCHEDULE": "off",
    } | {f"BRAINARR__SCHEDULES__{name}": "off" for name in _NOT_HERE}


def _second_lidarr(url: str) -> dict[str, str]:
    values = {"NAME": ATTIC, "URL": url, "API_KEY": LIDARR_KEY}
    return {f"BRAINARR__LIDARRS__0__{name}": value for name, value in values.items()}


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
