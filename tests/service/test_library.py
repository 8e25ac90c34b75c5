"""Reading the library: changed rows only, a snapshot for when Lidarr is away, albums little by little."""

import msgspec
import pytest
from sqlalchemy import text

from brainarr.domain.music import Library, OwnedAlbum
from brainarr.domain.recommendation import Progress
from brainarr.errors import ProviderUnavailable, StorageError, UnreadableAnswer
from brainarr.service.library import backfill_albums, read_snapshot, refresh_library, sync_library
from tests.conftest import sqlite_only
from tests.store.given import House, ScriptedLidarr, mbid, owned

AWAY = ProviderUnavailable("lidarr", "refused the connection")


def quiet(_: Progress) -> None:
    pass


async def sync(house: House, lidarr: ScriptedLidarr) -> Library:
    return await sync_library(house.db, lidarr, house.clock, quiet)


async def backfill(
    house: House, lidarr: ScriptedLidarr, library: Library, *first: int, limit: int = 99
) -> Library:
    return await backfill_albums(
        house.db, lidarr, library, first, limit=limit, clock=house.clock, on_progress=quiet
    )


async def record_writes(house: House) -> None:
    """From now on every written row of the snapshot is noted."""
    async with house.db.transaction() as connection:
        await connection.execute(text("CREATE TABLE written (artist_id INTEGER)"))
        for event, row in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
            await connection.execute(
                text(
                    f"CREATE TRIGGER note_{event} AFTER {event} ON library_artists "
                    f"BEGIN INSERT INTO written VALUES ({row}.artist_id); END"
                )
            )


async def written(house: House) -> list[int]:
    async with house.db.reading() as connection:
        rows = await connection.execute(text("SELECT artist_id FROM written ORDER BY artist_id"))
        return [row[0] for row in rows]


async def test_the_snapshot_is_what_lidarr_held(house: House) -> None:
    lidarr = ScriptedLidarr([owned(number) for number in range(1, 1001)])
    lidarr.exclusions = frozenset({mbid(7)})
    fresh = await sync(house, lidarr)
    remembered = await read_snapshot(house.db)
    assert remembered is not None
    assert remembered.artists == fresh.artists == tuple(lidarr.artists)
    assert remembered.exclusions == fresh.exclusions == {mbid(7)}
    assert (fresh.from_snapshot, remembered.from_snapshot) == (False, True)
    assert remembered.read_at == house.clock()


@sqlite_only
async def test_a_sync_writes_only_what_changed(house: House) -> None:
    lidarr = ScriptedLidarr([owned(number) for number in range(1, 901)])
    await sync(house, lidarr)
    await record_writes(house)
    lidarr.artists[4] = owned(5, track_files=11)
    lidarr.artists[6] = owned(7, genres=("jazz",))
    lidarr.artists.append(owned(901))
    del lidarr.artists[0]
    await sync(house, lidarr)
    assert await written(house) == [1, 5, 7, 901]
    await sync(house, lidarr)
    assert await written(house) == [1, 5, 7, 901]


async def test_progress_tells_how_many_artists_have_been_read(house: House) -> None:
    steps: list[Progress] = []
    lidarr = ScriptedLidarr([owned(number) for number in range(250)])
    await sync_library(house.db, lidarr, house.clock, steps.append)
    assert [step.done for step in steps] == [0, 100, 200, 250]


async def test_an_empty_library_is_a_library(house: House) -> None:
    assert (await sync(house, ScriptedLidarr())).artists == ()
    remembered = await read_snapshot(house.db)
    assert remembered is not None
    assert remembered.album_coverage == 1.0


async def test_a_duplicate_id_counts_once(house: House) -> None:
    lidarr = ScriptedLidarr([owned(1), owned(1, track_files=99), owned(2)])
    assert (await sync(house, lidarr)).artists == (owned(1), owned(2))


async def test_artists_without_mbid_or_genres_are_kept(house: House) -> None:
    bare = msgspec.structs.replace(owned(3), mbid=None, genres=())
    await sync(house, ScriptedLidarr([bare]))
    remembered = await read_snapshot(house.db)
    assert remembered is not None
    assert remembered.artists == (bare,)


async def test_when_lidarr_is_away_the_snapshot_answers_and_says_how_old_it_is(house: House) -> None:
    lidarr = ScriptedLidarr([owned(1)])
    await sync(house, lidarr)
    before = house.clock()
    house.clock.advance(days=3)
    lidarr.failure = AWAY
    library = await sync(house, lidarr)
    assert library.from_snapshot
    assert library.read_at == before
    assert library.artists == (owned(1),)


async def test_when_lidarr_is_away_the_first_time_that_is_the_error(house: House) -> None:
    lidarr = ScriptedLidarr([owned(1)])
    lidarr.failure = AWAY
    with pytest.raises(ProviderUnavailable):
        await sync(house, lidarr)
    assert await read_snapshot(house.db) is None


async def test_an_answer_cut_half_way_removes_nobody(house: House) -> None:
    lidarr = ScriptedLidarr([owned(number) for number in range(300)])
    await sync(house, lidarr)
    lidarr.failure, lidarr.fails_after = UnreadableAnswer("lidarr", "the answer ends early"), 1
    house.clock.advance(days=1)
    library = await sync(house, lidarr)
    assert library.from_snapshot
    assert len(library.artists) == 300


async def test_an_answer_cut_the_first_time_leaves_no_half_snapshot(house: House) -> None:
    lidarr = ScriptedLidarr([owned(number) for number in range(900)])
    lidarr.failure, lidarr.fails_after = AWAY, 8
    with pytest.raises(ProviderUnavailable):
        await sync(house, lidarr)
    assert await read_snapshot(house.db) is None


def albums_of(count: int) -> dict[int, tuple[OwnedAlbum, ...]]:
    return {
        number: (OwnedAlbum(number * 10, f"Album {number}", mbid(number * 10), 1990 + number),)
        for number in range(1, count + 1)
    }


async def test_the_backfill_reads_seeds_first_and_goes_on_where_it_stopped(house: House) -> None:
    lidarr = ScriptedLidarr([owned(number) for number in range(1, 8)], albums_of(7))
    library = await sync(house, lidarr)
    library = await backfill(house, lidarr, library, 6, 3, limit=4)
    assert set(lidarr.album_calls) == {6, 3, 1, 2}
    assert library.album_coverage == pytest.approx(4 / 7)
    library = await backfill(house, lidarr, await sync(house, lidarr))
    assert sorted(lidarr.album_calls) == [1, 2, 3, 4, 5, 6, 7]
    assert dict(library.albums) == albums_of(7)


async def test_albums_are_read_again_only_when_the_artist_changed(house: House) -> None:
    lidarr = ScriptedLidarr([owned(number) for number in range(1, 4)], albums_of(3))
    await backfill(house, lidarr, await sync(house, lidarr))
    lidarr.album_calls.clear()
    lidarr.artists[1] = owned(2, fingerprint=77)
    lidarr.albums[2] = (OwnedAlbum(99, "Newer"),)
    library = await backfill(house, lidarr, await sync(house, lidarr))
    assert lidarr.album_calls == [2]
    assert library.albums[2] == (OwnedAlbum(99, "Newer"),)


async def test_albums_are_remembered_while_lidarr_is_away(house: House) -> None:
    lidarr = ScriptedLidarr([owned(1)], albums_of(1))
    await backfill(house, lidarr, await sync(house, lidarr))
    lidarr.failure = AWAY
    assert dict((await sync(house, lidarr)).albums) == albums_of(1)


async def test_a_backfill_ends_quietly_when_lidarr_goes_away(house: House) -> None:
    lidarr = ScriptedLidarr([owned(number) for number in range(1, 40)], albums_of(40))
    lidarr.album_failures = {number: AWAY for number in range(5, 40)}
    library = await backfill(house, lidarr, await sync(house, lidarr))
    assert set(library.albums) == {1, 2, 3, 4}
    assert len(lidarr.album_calls) < 10


async def test_one_artist_that_cannot_be_read_does_not_stop_the_others(house: House) -> None:
    lidarr = ScriptedLidarr([owned(number) for number in range(1, 10)], albums_of(9))
    lidarr.album_failures = {3: UnreadableAnswer("lidarr", "not JSON")}
    library = await backfill(house, lidarr, await sync(house, lidarr))
    assert set(library.albums) == {1, 2, 4, 5, 6, 7, 8, 9}


@sqlite_only
async def test_a_backfill_that_cannot_store_says_so(house: House) -> None:
    lidarr = ScriptedLidarr([owned(number) for number in range(1, 10)], albums_of(9))
    library = await sync(house, lidarr)
    async with house.db.transaction() as connection:
        await connection.execute(
            text(
                "CREATE TRIGGER refuse AFTER UPDATE ON library_artists "
                "BEGIN INSERT INTO nowhere VALUES (1); END"
            )
        )
    with pytest.raises(StorageError):
        await backfill(house, lidarr, library)


async def test_albums_of_an_artist_that_left_are_forgotten(house: House) -> None:
    lidarr = ScriptedLidarr([owned(1), owned(2)], albums_of(2))
    await backfill(house, lidarr, await sync(house, lidarr))
    del lidarr.artists[0]
    assert set((await sync(house, lidarr)).albums) == {2}
    lidarr.artists.insert(0, owned(1))
    assert set((await sync(house, lidarr)).albums) == {2}


async def test_a_refresh_syncs_and_reads_a_portion_of_albums(house: House) -> None:
    lidarr = ScriptedLidarr([owned(number) for number in range(1, 4)], albums_of(3))
    library = await refresh_library(house.db, lidarr, house.clock)
    assert library.album_coverage == 1.0
