"""Living with Lidarr: five hundred recommendations on their way, and everything that goes wrong meanwhile.

One story, told once: what is approved reaches Lidarr through its own list sync, cycle by cycle, while
identifiers merge, vanish and break, metadata is away, and people help themselves in Lidarr. Three things hold
throughout: no sync fails over what was found to break one (tests/living/watch.py), what changes in Lidarr
shows in Brainarr within one cycle, and each of the five hundred ends somewhere, with a reason.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from brainarr.domain.life import ENDS, IN_THE_LIBRARY, ON_THE_WAY, Event
from brainarr.domain.music import Mbid
from brainarr.domain.recommendation import Status
from brainarr.sandbox.faults import Fault
from brainarr.sandbox.lidarr import downloads
from brainarr.sandbox.lidarr.held import AddOptions, HeldAlbum, HeldArtist, ImportList
from brainarr.sandbox.serve import serve
from brainarr.service.history import read_life
from tests.living.stage import Stage, album_of, artist_of, carried_as, on_stage
from tests.living.watch import Watch, check_lives, counted

pytestmark = pytest.mark.loopback

OWNED = 40
NOT_AN_MBID = "not-an-mbid"
OUTAGE = timedelta(hours=2)
FOUND_WITHIN = timedelta(hours=4)
MOST_FAILURES = 12
"""Of syncs that one bad identifier may cost until it is found: fifty suspects are halved six times, every
failure needs a sync without us to count, and a single item fails twice."""


class Size(NamedTuple):
    """How much is recommended."""

    with_album: int
    """New artists, each with one album."""
    second_albums: int
    """So many of them with another one."""
    as_such: int
    """New artists."""

    @property
    def everybody(self) -> int:
        return sum(self)

    @property
    def artists(self) -> int:
        """All that there are; some are known to nobody yet."""
        return OWNED + self.with_album + self.as_such + 20


class Story:
    """The acts. Identifiers are those under which things were proposed."""

    def __init__(self, stage: Stage, size: Size) -> None:
        self.stage = stage
        self.size = size
        self.watch = Watch(stage)
        self.with_part: set[Mbid] = set()
        """Whom something has happened to: nobody plays two parts."""
        self.broken: list[Mbid] = []
        self.blocked: set[Mbid] = set()
        self.taken_out: set[Mbid] = set()
        """Out of Lidarr, or kept out of it."""

    # Before Lidarr comes

    async def everything_is_approved(self) -> None:
        world = self.stage.world
        fresh = list(world.artists.values())[OWNED:]
        with_album, second_albums, as_such = self.size
        self.strangers = [artist.mbid for artist in fresh[with_album + as_such :]]
        albums = [world.discography(artist.mbid) for artist in fresh[:with_album]]
        wanted = [first for first, _ in albums] + [second for _, second in albums[:second_albums]]
        artists = fresh[with_album : with_album + as_such]
        # Two albums of one artist that turn out to be one.
        self.twins = albums[0][1].mbid, albums[0][0].mbid
        self.with_part |= {*self.twins}
        await self.stage.propose([*(album_of(world, one) for one in wanted), *map(artist_of, artists)])
        self.as_such = {artist.mbid for artist in artists}
        assert len(self.stage.ids) == self.size.everybody

    async def a_day_passes_in_which_identifiers_change(self) -> None:
        world = self.stage.world
        albums, artists = await self.cast(albums=14, artists=12)
        self.vanished = [*albums[:5], *artists[:3]]
        for mbid in self.vanished:
            world.vanish(mbid)
        self.merged = {mbid: self.other_album(mbid) for mbid in albums[5:9]}
        self.merged |= {mbid: self.strangers.pop() for mbid in artists[3:6]}
        for old, new in self.merged.items():
            world.merge(old, new)
        self.same_as_owned = artists[6]
        world.merge(self.same_as_owned, next(iter(self.stage.holdings.artists.values())).mbid)
        world.merge(*self.twins)
        self.stage.holdings.metadata.cold |= {*albums[9:], *artists[7:]}
        # What was cleared when it was found is not believed any longer by then.
        self.stage.clock.advance(timedelta(hours=25))

    async def lidarr_is_connected(self) -> None:
        await self.stage.connect()

    # While they go out

    async def the_first_go_out(self) -> None:
        for _ in range(2):
            await self.watch.cycle()
            await self.sync_by_hand()
        assert self.watch.ours == {} and self.watch.not_ours == 0
        assert len(await self.in_status(Status.IMPORTED)) >= 50

    async def what_changed_that_day_is_repaired(self) -> None:
        for mbid in self.vanished:
            row = await self.stage.row_of(mbid)
            assert row.status is Status.FAILED and row.failure and row.remedy, mbid
            assert mbid not in self.ever_carried()
        for old, new in self.merged.items():
            row = await self.stage.row_of(old)
            assert carried_as(row) == new
            assert Event.MERGED in await self.events_of(old)
            assert old not in self.ever_carried()
        assert (await self.stage.row_of(self.same_as_owned)).status in IN_THE_LIBRARY

    async def somebody_excludes_what_waits(self) -> None:
        albums, artists = await self.cast(albums=3, artists=2, status=Status.APPROVED)
        self.taken_out |= {*albums, *artists}
        for mbid in (*albums, *artists):
            body = {"foreignId": mbid, "artistName": "not for me"}
            (await self.stage.person.post("/api/v1/importlistexclusion", json=body)).raise_for_status()
        await self.watch.cycle()
        for mbid in (*albums, *artists):
            assert (await self.stage.row_of(mbid)).status is Status.REMOVED
            assert (await self.events_of(mbid))[-1] is Event.EXCLUDED

    async def somebody_blocks_in_brainarr_what_waits(self) -> None:
        _, artists = await self.cast(artists=2, status=Status.APPROVED)
        self.blocked |= {*artists}
        for mbid in artists:
            await self.decide(mbid, "block")
        await self.watch.cycle()
        for mbid in artists:
            assert (await self.stage.row_of(mbid)).status is Status.BLOCKED

    async def metadata_is_away_for_two_hours(self) -> None:
        imported = len(await self.in_status(Status.IMPORTED))
        self.stage.holdings.metadata.failing = 503
        self.watch.elsewhere = "[503]"
        first = await self.watch.cycle()
        later = await self.watch.cycles(int(OUTAGE / timedelta(minutes=15)) - 1)
        assert sum(command.status == "failed" for command in (*first, *later)) <= 1
        assert not any(command.synced and command.synced.lacked for command in later), "nothing goes out"
        assert "metadata server is away" in await self.health()
        self.stage.holdings.metadata.failing = None
        await self.goes_on(imported)
        self.watch.elsewhere = ""
        assert "metadata server is away" not in await self.health()

    async def somebody_elses_list_makes_every_sync_fail(self) -> None:
        failed = await self.in_status(Status.FAILED)
        self.watch.elsewhere = NOT_AN_MBID
        async with broken_list_of_somebody_else() as url:
            definition = self.add_list(url)
            told_before = self.watch.not_ours
            await self.watch.cycles(2)
            assert self.watch.not_ours >= told_before + 2
            assert await self.in_status(Status.FAILED) == failed, "nothing of ours is to blame"
            definition.enable_automatic_add = False
        self.watch.elsewhere = ""
        await self.goes_on(len(await self.in_status(Status.IMPORTED)))

    async def identifiers_break_at_the_worst_moment(self) -> None:
        """Lidarr's lookup knew them a moment ago. Some it then says are broken; of others it never does."""
        albums, artists = await self.cast(albums=3, artists=2, status=Status.APPROVED, soon=True)
        holdings, breaking, clashing = self.stage.holdings, [*albums[:2], artists[0]], [albums[2], artists[1]]
        self.broken = [*breaking, *clashing]
        self.watch.spoilt |= {*self.broken}

        def spoil() -> None:
            holdings.metadata.broken |= {*breaking}
            holdings.leftovers |= {*clashing}

        self.stage.before_sync = spoil
        began = self.stage.clock.now
        while {*self.broken} - {*await self.in_status(Status.FAILED)}:
            # A trial every few minutes: Lidarr is asked to sync for the search.
            await self.watch.cycle(timedelta(minutes=3))
            await self.sync_by_hand()
            assert self.stage.clock.now - began < FOUND_WITHIN, counted(await self.stage.statuses())
        for mbid in self.broken:
            row = await self.stage.row_of(mbid)
            assert row.status is Status.FAILED and row.failure and row.remedy, (mbid, row.status)
            assert self.watch.ours[mbid] <= MOST_FAILURES
        assert set(self.watch.ours) <= set(self.broken)

    async def the_rest_goes_out(self) -> None:
        for _ in range(40):
            if not await self.in_status(*ON_THE_WAY):
                return
            await self.watch.cycle()
            await self.sync_by_hand()
        raise AssertionError(f"some never arrive: {counted(await self.stage.statuses())}")

    async def what_was_broken_is_mended_and_tried_again(self) -> None:
        self.stage.holdings.metadata.broken.clear()
        self.stage.holdings.leftovers.clear()
        self.watch.spoilt.clear()
        for mbid in self.broken:
            await self.decide(mbid, "retry")
        for _ in range(6):
            await self.watch.cycle()
            await self.sync_by_hand()
        assert {*self.broken} <= {*await self.in_status(Status.IMPORTED)}

    # When they are there

    async def downloads_come_and_fail(self) -> None:
        self.downloaded, _ = await self.cast(albums=4)
        failing, _ = await self.cast(albums=2)
        holdings = self.stage.holdings
        ids = {mbid: downloads.grab(holdings, self.album(mbid)) for mbid in (*self.downloaded, *failing)}
        await self.watch.cycle()
        assert {(await self.events_of(mbid))[-1] for mbid in ids} == {Event.GRABBED}
        for mbid in self.downloaded:
            downloads.import_(holdings, self.album(mbid), ids[mbid])
        for mbid in failing:
            downloads.fail(holdings, self.album(mbid), ids[mbid], "Out of retention")
        await self.watch.cycle()
        assert {(await self.events_of(mbid))[-1] for mbid in self.downloaded} == {Event.DOWNLOADED}
        assert {(await self.events_of(mbid))[-1] for mbid in failing} == {Event.DOWNLOAD_FAILED}
        assert {(await self.stage.row_of(mbid)).status for mbid in ids} == {Status.IMPORTED}

    async def things_are_taken_out_again(self) -> None:
        albums, artists = await self.cast(albums=6, artists=4)
        self.taken_out |= {*albums, *artists}
        with_files = self.downloaded[:2]
        never_again, not_now = artists[:2], artists[2:]
        deleted, unmonitored = albums[:3], albums[3:]
        for mbid in artists:
            await self.delete("artist", self.artist(mbid).id, exclude=mbid in never_again)
        for mbid in deleted:
            await self.delete("album", self.album(mbid).id, exclude=True)
        numbers = [self.album(mbid).id for mbid in (*unmonitored, *with_files)]
        body = {"albumIds": numbers, "monitored": False}
        (await self.stage.person.put("/api/v1/album/monitor", json=body)).raise_for_status()
        await self.watch.cycle()
        for mbid in (*never_again, *not_now, *deleted, *unmonitored):
            assert (await self.stage.row_of(mbid)).status is Status.REMOVED, mbid
        for mbid in unmonitored:
            assert (await self.events_of(mbid))[-2:] == [Event.UNMONITORED, Event.REMOVED]
        for mbid in with_files:
            # It is no less there; that nobody wants it any longer shows in no figure of the artist.
            assert (await self.events_of(mbid))[-1] is Event.UNMONITORED
            assert (await self.stage.row_of(mbid)).status is Status.IMPORTED
        await self.watch.cycles(2)
        assert not {*albums, *artists} & self.carried_since(3), "what was taken out does not come back"

    async def webhooks_do_not_come_through(self) -> None:
        albums, artists = await self.cast(albums=2, artists=2)
        self.taken_out |= {*albums, *artists}
        self.stage.web.inject(Fault("/webhooks/", status=503))
        for mbid in artists:
            await self.delete("artist", self.artist(mbid).id)
        for mbid in albums:
            await self.delete("album", self.album(mbid).id)
        await self.watch.cycle()
        self.stage.web.clear()
        assert {(await self.stage.row_of(mbid)).status for mbid in (*albums, *artists)} == {Status.REMOVED}

    async def what_is_there_is_merged_in_musicbrainz(self) -> None:
        albums, artists = await self.cast(albums=1, artists=1)
        new = {albums[0]: self.other_album(albums[0]), artists[0]: self.strangers.pop()}
        for old, now in new.items():
            self.stage.world.merge(old, now)
        refresh = {"name": "RefreshArtist"}
        (await self.stage.person.post("/api/v1/command", json=refresh)).raise_for_status()
        await self.watch.cycle()
        for old, now in new.items():
            row = await self.stage.row_of(old)
            assert (row.status, carried_as(row)) == (Status.IMPORTED, now)

    async def a_month_passes(self) -> None:
        await self.watch.cycle(timedelta(days=31))
        await self.watch.cycle()

    async def everybody_has_an_end(self) -> None:
        assert len(await self.stage.statuses()) == self.size.everybody
        assert {*(await self.stage.statuses()).values()} <= {*ENDS, Status.FAILED}
        await check_lives(self.stage)
        assert {*await self.in_status(Status.FAILED)} == {*self.vanished}
        assert {*await self.in_status(Status.BLOCKED)} == self.blocked
        assert {*await self.in_status(Status.REMOVED)} == self.taken_out
        rest = {*self.stage.ids} - {*self.vanished} - self.blocked - self.taken_out
        assert {*await self.in_status(Status.KEPT)} == rest

    # What the acts are made of

    async def cast(
        self, *, albums: int = 0, artists: int = 0, status: Status | None = None, soon: bool = False
    ) -> tuple[list[Mbid], list[Mbid]]:
        """So many that have no part yet, of those in a state: of the imported ones unless said otherwise. The
        last that will go out, or the next."""
        if status is None:
            status = Status.IMPORTED if len(await self.in_status(Status.IMPORTED)) else Status.APPROVED
        statuses = await self.stage.statuses()
        ordered = sorted(self.stage.ids.items(), key=lambda pair: pair[1], reverse=not soon)
        free = [mbid for mbid, number in ordered if statuses[number] is status and mbid not in self.with_part]
        both = [[mbid for mbid in free if (mbid in self.as_such) is wanted] for wanted in (False, True)]
        chosen = both[0][:albums], both[1][:artists]
        assert (len(chosen[0]), len(chosen[1])) == (albums, artists), "nobody left for this part"
        self.with_part |= {*chosen[0], *chosen[1]}
        return chosen

    async def goes_on(self, imported: int) -> None:
        """Within an hour more arrives, and nobody had to do anything."""
        for _ in range(4):
            await self.watch.cycle()
            if len(await self.in_status(Status.IMPORTED)) > imported:
                return
        raise AssertionError(f"nothing arrives any more: {counted(await self.stage.statuses())}")

    async def in_status(self, *statuses: Status) -> list[Mbid]:
        of = await self.stage.statuses()
        return [mbid for mbid, number in self.stage.ids.items() if of[number] in statuses]

    async def events_of(self, mbid: Mbid) -> list[Event]:
        life = await read_life(self.stage.house.db, self.stage.ids[mbid])
        return [told.event.event for told in life.events]

    async def decide(self, mbid: Mbid, decision: str) -> None:
        address = f"/api/v1/recommendations/{self.stage.ids[mbid]}/{decision}"
        (await self.stage.client.post(address)).raise_for_status()

    async def delete(self, kind: str, number: int, *, exclude: bool = False) -> None:
        flags = {"addImportListExclusion": str(exclude).lower()}
        (await self.stage.person.delete(f"/api/v1/{kind}/{number}", params=flags)).raise_for_status()

    async def health(self) -> str:
        return (await self.stage.client.get("/api/v1/health")).text.lower()

    async def sync_by_hand(self) -> None:
        """Somebody presses the button in Lidarr: the list of artists would come every six hours only."""
        for definition in self.stage.holdings.lists.values():
            if definition.implementation == "CustomImport":
                body = {"name": "ImportListSync", "definitionId": definition.id}
                (await self.stage.person.post("/api/v1/command", json=body)).raise_for_status()

    def add_list(self, url: str) -> ImportList:
        """One that Lidarr goes through before ours."""
        holdings = self.stage.holdings
        definition = ImportList(
            name="Somebody else's",
            id=holdings.next_id(),
            implementation="LidarrImport",
            config_contract="LidarrSettings",
            fields={"baseUrl": url, "apiKey": "k"},
            enable_automatic_add=True,
            should_monitor="specificAlbum",
            should_monitor_existing=False,
            should_search=False,
            options=AddOptions(),
        )
        holdings.lists = {definition.id: definition, **holdings.lists}
        return definition

    def other_album(self, mbid: Mbid) -> Mbid:
        world = self.stage.world
        return next(a.mbid for a in world.discography(world.albums[mbid].artist) if a.mbid != mbid)

    def album(self, mbid: Mbid) -> HeldAlbum:
        held = self.stage.holdings.find_album(mbid)
        assert held is not None
        return held

    def artist(self, mbid: Mbid) -> HeldArtist:
        held = self.stage.holdings.find_artist(mbid)
        assert held is not None
        return held

    def ever_carried(self) -> set[str]:
        return self.carried_since(len(self.stage.syncs))

    def carried_since(self, syncs: int) -> set[str]:
        """What the last so many syncs were given and Lidarr lacked."""
        latest = self.stage.syncs[-syncs:] if syncs else []
        return {mbid for command in latest if command.synced for mbid in command.synced.lacked}


@asynccontextmanager
async def broken_list_of_somebody_else() -> AsyncIterator[str]:
    """The address of a "Lidarr" list whose one album no metadata server can read."""
    album = {"artistId": 1, "title": "X", "foreignAlbumId": NOT_AN_MBID, "monitored": True}
    artist = {"id": 1, "artistName": "X", "foreignArtistId": NOT_AN_MBID, "monitored": True}

    async def albums(request: Request) -> Response:
        return JSONResponse([album])

    async def artists(request: Request) -> Response:
        return JSONResponse([artist])

    routes = [Route("/api/v1/album", albums), Route("/api/v1/artist", artists)]
    async with serve(Starlette(routes=routes)) as url:
        yield url


async def tell(story: Story, *acts: Callable[[], Awaitable[None]]) -> None:
    for act in acts:
        try:
            await act()
        except AssertionError as error:
            error.add_note(f"in the act {act.__name__}, with {counted(await story.stage.statuses())}")
            raise


@pytest.mark.thorough
async def test_five_hundred_recommendations_live_with_a_lidarr(tmp_path: Path) -> None:
    size = Size(with_album=330, second_albums=20, as_such=150)
    async with on_stage(tmp_path, artists=size.artists, owned=OWNED) as stage:
        story = Story(stage, size)
        await tell(
            story,
            story.everything_is_approved,
            story.a_day_passes_in_which_identifiers_change,
            story.lidarr_is_connected,
            story.the_first_go_out,
            story.somebody_excludes_what_waits,
            story.somebody_blocks_in_brainarr_what_waits,
            story.metadata_is_away_for_two_hours,
            story.identifiers_break_at_the_worst_moment,
            story.somebody_elses_list_makes_every_sync_fail,
            story.what_changed_that_day_is_repaired,
            story.the_rest_goes_out,
            story.what_was_broken_is_mended_and_tried_again,
            story.downloads_come_and_fail,
            story.things_are_taken_out_again,
            story.webhooks_do_not_come_through,
            story.what_is_there_is_merged_in_musicbrainz,
            story.a_month_passes,
            story.everybody_has_an_end,
        )


async def test_what_goes_out_to_a_lidarr_is_followed_to_its_end(tmp_path: Path) -> None:
    """The same with fewer, and without searches for what breaks a sync."""
    size = Size(with_album=70, second_albums=5, as_such=50)
    async with on_stage(tmp_path, artists=size.artists, owned=OWNED) as stage:
        story = Story(stage, size)
        await tell(
            story,
            story.everything_is_approved,
            story.a_day_passes_in_which_identifiers_change,
            story.lidarr_is_connected,
            story.somebody_excludes_what_waits,
            story.metadata_is_away_for_two_hours,
            story.the_rest_goes_out,
            story.what_changed_that_day_is_repaired,
            story.downloads_come_and_fail,
            story.things_are_taken_out_again,
            story.webhooks_do_not_come_through,
            story.what_is_there_is_merged_in_musicbrainz,
            story.a_month_passes,
            story.everybody_has_an_end,
        )
