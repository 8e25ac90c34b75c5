"""What care remembers of listens, and that old acquaintances teach nothing about strangers."""

from brainarr.domain.care import DriftKind
from brainarr.domain.learning import DEFAULT_WEIGHTS
from brainarr.domain.lists import ListKind
from brainarr.domain.music import Mbid, OwnedAlbum, Plays, ReleaseGroup
from brainarr.domain.recommendation import Memory, Recommendation
from brainarr.service.care import Recall, read_care
from brainarr.service.execution import execute_run
from brainarr.service.learning import read_taste
from brainarr.service.library import refresh_library
from brainarr.service.listens import MOST_REMEMBERED, recall_plays, remember_plays
from brainarr.service.lists import create_list
from brainarr.service.recommendations import Decision, decide
from brainarr.service.runs import request_run
from brainarr.store.memory import genres_found, read_memory
from brainarr.wiring.caching import CachedCatalog
from brainarr.wiring.releases import CachedReleases
from tests.fakes import FakeCache, FakeCalendar, FakeCatalog
from tests.service.given import deps, finds
from tests.store.given import House, ScriptedLidarr, mbid, owned, recommended


async def ran_for(house: House, kind: ListKind, *found: Recommendation) -> list[int]:
    """A run of a new list of that kind that found these; their ids."""
    made = await create_list(house.db, house.secrets, f"Of {kind}", kind=kind, clock=house.clock)
    asked = await request_run(house.db, made.slug, clock=house.clock)
    detail = await execute_run(deps(house, finds(*found)), asked.id)
    return [row.id for row in detail.recommendations]


async def test_what_becomes_of_albums_by_owned_artists_is_not_learnt_from(house: House) -> None:
    for kind in ListKind:
        for number in await ran_for(house, kind, *(recommended(n, album=n + 500) for n in range(1, 4))):
            await decide(house.db, number, Decision.REJECT, clock=house.clock)
    taste = await read_taste(house.db, DEFAULT_WEIGHTS, clock=house.clock)
    assert taste.learnt.decisions == 3


async def test_owned_artists_are_no_witnesses_of_what_the_library_nearly_has(house: House) -> None:
    await ran_for(house, ListKind.GAPS, recommended(1, album=501, genres=("slowcore",)))
    await ran_for(house, ListKind.DISCOVER, recommended(2, album=502, genres=("shoegaze",)))
    async with house.db.reading() as connection:
        assert await genres_found(connection) == (("shoegaze",),)


async def test_the_next_run_knows_which_albums_wait_and_which_were_refused(house: House) -> None:
    waiting, refused = await ran_for(
        house, ListKind.GAPS, recommended(1, album=501), recommended(1, album=502, title="Other")
    )
    await decide(house.db, refused, Decision.REJECT, clock=house.clock)
    async with house.db.reading() as connection:
        memory: Memory = await read_memory(connection)
    assert waiting and mbid(501) in memory.waiting and mbid(502) in memory.rejected


async def test_models_are_not_told_of_owned_artists_whose_albums_were_proposed(house: House) -> None:
    await ran_for(house, ListKind.GAPS, recommended(1, album=501))
    await ran_for(house, ListKind.RELEASES, recommended(2, album=502))
    await ran_for(house, ListKind.DISCOVER, recommended(3))
    async with house.db.reading() as connection:
        assert (await read_memory(connection)).names == ("New 3",)


async def test_plays_are_remembered_the_most_played_first(house: House) -> None:
    cache = FakeCache(house.clock)
    assert await recall_plays(cache) == ()
    await remember_plays(cache, [Plays(f"Artist {n}", n) for n in range(MOST_REMEMBERED + 5)])
    known = await recall_plays(cache)
    assert len(known) == MOST_REMEMBERED and known[0].listens == MOST_REMEMBERED + 4


async def test_a_report_knows_the_plays_that_a_run_heard_of(house: House) -> None:
    cache = FakeCache(house.clock)
    artists = [owned(1, monitored=False, track_files=0, album_count=1), owned(2, album_count=1)]
    await refresh_library(house.db, ScriptedLidarr(artists), house.clock)
    await remember_plays(cache, [Plays("Artist 1", 900)])
    recall = Recall(
        CachedCatalog(FakeCatalog(), cache).recall_albums,
        CachedReleases(FakeCalendar(), cache, house.clock).recall,
    )
    report = await read_care(house.db, cache, recall, clock=house.clock)
    assert report.played == 1 and report.counts == {DriftKind.UNMONITORED: 1}
    assert report.drift[0].detail == "Loved, with 900 plays, but not monitored."


async def test_releases_are_remembered_for_each_artist_and_grow_stale(house: House) -> None:
    cache = FakeCache(house.clock)
    new = ReleaseGroup(mbid(21), "New", mbid(1), 2026, released="2026-11-01")
    calendar = FakeCalendar([new])
    releases = CachedReleases(calendar, cache, house.clock)
    everybody: list[Mbid] = [mbid(1), mbid(2), mbid(3)]
    assert await releases.recall(everybody) == {}
    await releases.released_since(everybody[:2], house.clock().date())
    known = await releases.recall(everybody)
    assert {mbid: (one.albums, one.fresh) for mbid, one in known.items()} == {
        mbid(1): ((new,), True),
        mbid(2): ((), True),
    }
    house.clock.advance(days=8)
    stale = await releases.recall(everybody)
    assert stale[mbid(1)].albums == (new,) and not stale[mbid(1)].fresh
    house.clock.advance(days=90)
    assert await releases.recall(everybody) == {}


async def test_a_report_sees_what_was_heard_of_the_catalogue(house: House) -> None:
    cache = FakeCache(house.clock)
    held = {1: (OwnedAlbum(1, "Here", mbid(11), monitored=True),)}
    await refresh_library(
        house.db, ScriptedLidarr([owned(1, track_files=40, album_count=1)], held), house.clock
    )
    catalog = CachedCatalog(
        FakeCatalog(
            albums=[ReleaseGroup(mbid(11), "Here", mbid(1)), ReleaseGroup(mbid(12), "Gone", mbid(1))]
        ),
        cache,
    )
    calendar = FakeCalendar([ReleaseGroup(mbid(13), "New", mbid(1), 2026, released="2026-11-01")])
    releases = CachedReleases(calendar, cache, house.clock)
    await catalog.albums(mbid(1))
    await releases.released_since([mbid(1)], house.clock().date())
    recall = Recall(catalog.recall_albums, releases.recall)
    report = await read_care(house.db, cache, recall, clock=house.clock)
    assert [one.album.title for one in report.gaps] == ["Gone"]
    assert [one.album.title for one in report.releases] == ["New"]
    assert (report.loved, report.known, report.watched) == (1, 1, 1)
