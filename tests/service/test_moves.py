"""What MusicBrainz merges while it is in the library: renamed, not taken for removed."""

import pytest

from brainarr.domain.life import Event
from brainarr.domain.music import Mbid, OwnedAlbum
from brainarr.domain.recommendation import Status
from brainarr.errors import ProviderUnavailable
from brainarr.service.history import read_life
from brainarr.service.library import sync_library
from brainarr.service.recommendations import list_recommendations
from brainarr.store.recommendations import RecommendationRow
from tests.service.given import ran
from tests.store.given import House, ScriptedLidarr, mbid, owned, recommended


async def look(house: House, lidarr: ScriptedLidarr) -> RecommendationRow:
    """The one recommendation, after a look at the library."""
    house.clock.advance(minutes=5)
    await sync_library(house.db, lidarr, house.clock, lambda _: None)
    (row,) = (await list_recommendations(house.db)).items
    return row


async def events(house: House, row: RecommendationRow) -> list[Event]:
    return [told.event.event for told in (await read_life(house.db, row.id)).events]


@pytest.fixture
async def lidarr(house: House) -> ScriptedLidarr:
    """It holds what was recommended, artist 1, and something else."""
    await ran(house, [recommended(1)], auto_approve=True)
    lidarr = ScriptedLidarr([owned(1), owned(2)])
    assert (await look(house, lidarr)).status is Status.IMPORTED
    return lidarr


async def test_an_artist_under_another_identifier_is_the_same_artist(house: House, lidarr) -> None:
    lidarr.artists[0] = owned(7)
    lidarr.moved = {mbid(1): mbid(7)}
    row = await look(house, lidarr)
    assert (row.status, row.recommendation.artist_mbid) == (Status.IMPORTED, mbid(7))
    assert (await events(house, row))[-1] is Event.MERGED
    assert (await look(house, lidarr)).status is Status.IMPORTED


async def test_who_was_merged_into_someone_that_is_not_there_has_gone(house: House, lidarr) -> None:
    del lidarr.artists[0]
    lidarr.moved = {mbid(1): mbid(7)}
    row = await look(house, lidarr)
    assert (row.status, row.recommendation.artist_mbid) == (Status.REMOVED, mbid(7))


async def test_what_is_gone_is_gone_also_when_nobody_can_be_asked(house: House, lidarr) -> None:
    async def away(asked: Mbid) -> Mbid | None:
        raise ProviderUnavailable("lidarr", "its metadata server is away.")

    del lidarr.artists[0]
    lidarr.artist = away
    assert (await look(house, lidarr)).status is Status.REMOVED


async def test_an_album_under_another_identifier_is_the_same_album(house: House) -> None:
    await ran(house, [recommended(1, album=11)], auto_approve=True)
    lidarr = ScriptedLidarr([owned(1), owned(2)], {1: (OwnedAlbum(1, "Record", mbid(11), monitored=True),)})
    assert (await look(house, lidarr)).status is Status.IMPORTED
    lidarr.artists[0] = owned(1, fingerprint=99)
    lidarr.albums = {1: (OwnedAlbum(1, "Record", mbid(12), monitored=True),)}
    lidarr.moved = {mbid(11): mbid(12)}
    row = await look(house, lidarr)
    assert (row.status, row.recommendation.release_group_mbid) == (Status.IMPORTED, mbid(12))


async def test_nobody_is_asked_about_what_is_there(house: House, lidarr) -> None:
    asked: list[Mbid] = []

    async def count(wanted: Mbid) -> Mbid | None:
        asked.append(wanted)
        return wanted

    lidarr.artist = count
    await look(house, lidarr)
    assert asked == []
