"""The adapter and the sandbox Lidarr, written apart from each other, mean the same contract."""

from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from brainarr.errors import ProviderRejected, UnreadableAnswer
from brainarr.pipeline.ports import ImportOptions
from brainarr.providers.lidarr import Lidarr, LidarrSettings, connect
from brainarr.sandbox.faults import Faults
from brainarr.sandbox.lidarr.app import create_lidarr
from brainarr.sandbox.lidarr.holdings import Holdings
from brainarr.sandbox.serve import serve
from brainarr.sandbox.starter import demo_library, starter_world
from brainarr.sandbox.world import World
from tests.providers.conftest import Adopt
from tests.providers.payloads import mbid

pytestmark = pytest.mark.loopback

KEY = "sandbox-key"


@pytest.fixture
def holdings(now: datetime) -> Holdings:
    known = starter_world()
    world = World(known.artists.values(), known.albums.values(), known.neighbours)
    held = Holdings(world, lambda: now)
    held.populate(demo_library(world))
    return held


@pytest.fixture
def app(holdings: Holdings) -> Faults:
    return create_lidarr(holdings, KEY, "/lidarr")


@pytest.fixture
async def address(app: Faults) -> AsyncIterator[str]:
    async with serve(app) as address:
        yield address


@pytest.fixture
def sandbox(address: str, adopt: Adopt) -> Lidarr:
    settings = LidarrSettings.model_validate({"url": f"{address}/lidarr", "api_key": KEY})
    return Lidarr(settings, adopt(connect(settings)))


async def test_the_whole_library_is_read(sandbox: Lidarr, holdings: Holdings) -> None:
    artists = [artist async for batch in sandbox.read_artists() for artist in batch]
    assert {artist.mbid for artist in artists} == {held.mbid for held in holdings.artists.values()}
    assert all(artist.genres and artist.added and artist.last_release_year for artist in artists)
    albums = await sandbox.read_albums(artists[0].id)
    assert {album.id for album in albums} == {album.id for album in holdings.albums_of(artists[0].id)}
    assert (await sandbox.status()).url_base == "/lidarr"
    assert "answers" in await sandbox.check()


async def test_an_artist_and_a_single_album_are_added(sandbox: Lidarr, holdings: Holdings) -> None:
    owned = {held.mbid for held in holdings.artists.values()}
    new, other = [artist for artist in holdings.world.artists.values() if artist.mbid not in owned][:2]
    await sandbox.add_artist(new.mbid, new.name, ImportOptions())
    await sandbox.add_artist(new.mbid, new.name, ImportOptions())
    assert holdings.find_artist(new.mbid) is not None
    wanted = next(album for album in holdings.world.albums.values() if album.artist == other.mbid)
    await sandbox.add_album(wanted.mbid, other.mbid, other.name, ImportOptions())
    await sandbox.add_album(wanted.mbid, other.mbid, other.name, ImportOptions())
    added = holdings.find_artist(other.mbid)
    assert added is not None
    assert added.monitored
    assert [album.mbid for album in holdings.albums_of(added.id) if album.monitored] == [wanted.mbid]
    assert "brainarr" in holdings.tags.values()


async def test_the_preflight_knows_what_the_sandbox_knows(sandbox: Lidarr, holdings: Holdings) -> None:
    known = next(iter(holdings.world.artists))
    album = next(iter(holdings.world.albums))
    assert (await sandbox.artist(known), await sandbox.album(album)) == (known, album)
    assert (await sandbox.artist(mbid(7)), await sandbox.album(mbid(7))) == (None, None)


async def test_no_list_is_synced_where_none_reads_ours(sandbox: Lidarr) -> None:
    assert await sandbox.sync_lists("/lists/default") == 0


async def test_its_faults_are_explained(sandbox: Lidarr, app: Faults, address: str, adopt: Adopt) -> None:
    settings = LidarrSettings.model_validate({"url": address, "api_key": KEY})
    with pytest.raises(ProviderRejected, match="lacks Lidarr's URL base /lidarr"):
        await Lidarr(settings, adopt(connect(settings))).check()
    settings = LidarrSettings.model_validate({"url": f"{address}/lidarr", "api_key": "wrong"})
    with pytest.raises(ProviderRejected, match="refuses the API key"):
        await Lidarr(settings, adopt(connect(settings))).check()
    app.inject_html()
    with pytest.raises(UnreadableAnswer, match="web page"):
        await sandbox.read_tags()
