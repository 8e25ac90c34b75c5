"""What becomes of imports: kept after a month, or removed; judged only by what was just read."""

from brainarr.domain.life import Event
from brainarr.domain.music import OwnedAlbum
from brainarr.domain.recommendation import Memory, RunResult, Status
from brainarr.errors import ProviderUnavailable
from brainarr.service.execution import execute_run
from brainarr.service.feeds import artists_feed
from brainarr.service.history import read_history
from brainarr.service.keeping import Settled, settle_recommendations
from brainarr.service.recommendations import list_recommendations
from brainarr.service.runs import request_run
from tests.service.given import deps, ran, result
from tests.store.given import House, ScriptedLidarr, mbid, owned, recommended


async def statuses(house: House) -> list[Status]:
    return [row.status for row in (await list_recommendations(house.db)).items]


async def imported(house: House, lidarr: ScriptedLidarr) -> None:
    """Artist 1, and album 22 of artist 2, both approved and now in the library."""
    await ran(house, [recommended(1), recommended(2, album=22)], auto_approve=True, library=lidarr)
    lidarr.artists += [owned(1), owned(2)]
    lidarr.albums[2] = (OwnedAlbum(5, "Record", mbid(22), monitored=True),)
    await settle(house, lidarr)
    assert await statuses(house) == [Status.IMPORTED, Status.IMPORTED]


async def settle(house: House, lidarr: ScriptedLidarr) -> Settled:
    return await settle_recommendations(house.db, lidarr, house.clock)


async def test_after_thirty_days_in_the_library_an_import_is_kept(house: House) -> None:
    lidarr = ScriptedLidarr([owned(900)])
    await imported(house, lidarr)
    house.clock.advance(days=30, seconds=-1)
    assert await settle(house, lidarr) == Settled()
    house.clock.advance(seconds=1)
    assert await settle(house, lidarr) == Settled(kept=2)
    assert await statuses(house) == [Status.KEPT, Status.KEPT]
    assert [entry.event for entry in (await read_history(house.db)).items[:2]] == ["kept", "kept"]
    house.clock.advance(days=100)
    lidarr.artists = [owned(900)]
    assert await settle(house, lidarr) == Settled(removed=2)


async def test_what_vanished_is_removed_and_not_recommended_again(house: House) -> None:
    lidarr = ScriptedLidarr([owned(900)])
    await imported(house, lidarr)
    lidarr.artists = [owned(900), owned(2)]
    lidarr.albums[2] = (OwnedAlbum(5, "Record", mbid(22), monitored=False),)
    assert await settle(house, lidarr) == Settled(removed=2)
    rows = (await list_recommendations(house.db)).items
    assert {(row.status, row.settled_at) for row in rows} == {(Status.REMOVED, house.clock())}
    told = [entry.event for entry in (await read_history(house.db)).items]
    # The album is listed still, as every album of an artist is: nobody wants it any more.
    assert (told.count(Event.REMOVED), told.count(Event.UNMONITORED)) == (2, 1)
    seen: list[Memory] = []

    async def recommend(run: object, library: object, memory: Memory, on_progress: object) -> RunResult:
        seen.append(memory)
        return result()

    asked = await request_run(house.db, "default", clock=house.clock)
    await execute_run(deps(house, recommend), asked.id)
    assert {mbid(1), mbid(22)} <= seen[0].rejected


async def test_a_library_that_could_not_be_read_or_is_suddenly_empty_judges_nothing(house: House) -> None:
    lidarr = ScriptedLidarr([owned(900)])
    await imported(house, lidarr)
    house.clock.advance(days=40)
    lidarr.failure = ProviderUnavailable("lidarr", "it is down.")
    assert await settle(house, lidarr) == Settled()
    lidarr.failure, lidarr.artists = None, []
    assert await settle(house, lidarr) == Settled()
    assert await statuses(house) == [Status.IMPORTED, Status.IMPORTED]


async def test_an_album_whose_artist_cannot_be_read_now_waits(house: House) -> None:
    lidarr = ScriptedLidarr([owned(900)])
    await imported(house, lidarr)
    house.clock.advance(days=40)
    lidarr.album_failures[2] = ProviderUnavailable("lidarr", "it is down.")
    assert await settle(house, lidarr) == Settled(kept=1)
    assert sorted(await statuses(house)) == [Status.IMPORTED, Status.KEPT]


async def test_what_was_delivered_and_then_excluded_in_lidarr_is_removed(house: House) -> None:
    lidarr = ScriptedLidarr([owned(900)])
    await ran(house, [recommended(1), recommended(3)], auto_approve=True, library=lidarr)
    await artists_feed(house.db, "default", clock=house.clock)
    lidarr.exclusions = frozenset({mbid(1)})
    assert await settle(house, lidarr) == Settled(removed=1)
    assert await statuses(house) == [Status.REMOVED, Status.DELIVERED]
