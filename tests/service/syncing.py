"""A Lidarr in this process that fetches the real feeds, and syncs them as the sandbox does."""

from collections.abc import Iterable

from brainarr.domain.list_syncs import ListSync
from brainarr.domain.music import Mbid, OwnedAlbum, OwnedArtist
from brainarr.errors import ProviderUnavailable
from brainarr.sandbox.importlists import ListItem
from brainarr.sandbox.lidarr.holdings import NOTHING, AddOptions, AlreadyHeld, Holdings, ImportList
from brainarr.sandbox.lidarr.metadata import MetadataTrouble, UnknownToMetadata
from brainarr.sandbox.listsync import process
from brainarr.sandbox.world import World, WorldAlbum, WorldArtist
from brainarr.service.delivery.remembering import RoundDeps
from brainarr.service.delivery.rounds import tend_deliveries
from brainarr.service.feeds import albums_feed, artists_feed
from brainarr.service.library import sync_library
from tests.store.given import House, ScriptedLidarr, mbid, recommended

ALBUM = 10_000
"""Added to an artist's number it is that of the artist's one album."""

LASTS_S = 5


def world_of(artists: int) -> World:
    return World(
        [WorldArtist(mbid(number), f"New {number}", number) for number in range(1, artists + 1)],
        [WorldAlbum(mbid(ALBUM + n), f"Record {n}", mbid(n), 2001) for n in range(1, artists + 1)],
        {},
        merged={},
    )


def albums_of(numbers: Iterable[int]) -> list:
    return [recommended(number, album=ALBUM + number, title=f"Record {number}") for number in numbers]


class SyncingLidarr:
    """A Recipient. It asks its metadata of `world`, and fetches both channels of the first list."""

    def __init__(self, house: House, world: World) -> None:
        self.house = house
        self.holdings = Holdings(world, house.clock)
        self.metadata = self.holdings.metadata
        self.spoils: set[Mbid] = set()
        """What its lookup knows, and its sync fails over."""
        self.foreign_failure: str | None = None
        """What a sync of all lists fails with, whatever we carry."""
        self.syncs: list[ListSync] = []
        self.received: list[tuple[Mbid, ...]] = []
        """By sync: artists and albums."""
        self.spoilt_by_us = 0
        self.asked = 0
        self.looked_up: list[Mbid] = []
        self.forgets = False
        self.definitions = {
            "albums": self._definition("LidarrImport", "specificAlbum"),
            "artists": self._definition("CustomImport", "none"),
        }

    def _definition(self, implementation: str, monitor: str) -> ImportList:
        number = self.holdings.next_id()
        options = AddOptions(metadata_profile_id=NOTHING, monitor_new_items="none")
        self.holdings.lists[number] = ImportList(
            number, implementation, implementation, "", {}, True, monitor, False, False, options
        )
        return self.holdings.lists[number]

    async def artist(self, mbid: Mbid) -> Mbid | None:
        self.looked_up.append(mbid)
        if (held := self.holdings.find_artist(mbid)) is not None:
            return held.mbid
        return self._known(lambda: self.metadata.artist(mbid).mbid)

    async def album(self, mbid: Mbid) -> Mbid | None:
        self.looked_up.append(mbid)
        if (held := self.holdings.find_album(mbid)) is not None:
            return held.mbid
        return self._known(lambda: self.metadata.album(mbid).mbid)

    def _known(self, ask) -> Mbid | None:
        try:
            return ask()
        except UnknownToMetadata:
            return None
        except MetadataTrouble as trouble:
            raise ProviderUnavailable(
                "lidarr", f"its metadata server is away ({trouble}).", status=503
            ) from None

    async def read_list_syncs(self) -> tuple[ListSync, ...]:
        return () if self.forgets else tuple(self.syncs[-20:])

    async def sync_lists(self, url_part: str) -> int:
        assert url_part == "/lists/default"
        self.asked += 1
        for channel in self.definitions:
            await self.sync(channel, alone=True)
        return len(self.definitions)

    async def sync(self, *channels: str, alone: bool = False) -> bool:
        """One ImportListSync; whether it went well. `alone`: nobody else's lists are in it."""
        items: list[ListItem] = []
        clock, db = self.house.clock, self.house.db
        started = clock()
        for channel in channels:
            number = self.definitions[channel].id
            if channel == "artists":
                for artist in (await artists_feed(db, "default", clock=clock, guarded={"default"})).items:
                    items.append(ListItem(artist, list_id=number))
            else:
                for one in (await albums_feed(db, "default", clock=clock, guarded={"default"})).items:
                    artist = self.holdings.world.albums.get(one.mbid)
                    owner = artist.artist if artist else "?"
                    items.append(ListItem(owner, "x", one.mbid, one.title, number))
        self.received.append(tuple(Mbid(item.album_mbid or item.artist_mbid or "") for item in items))
        failure = None
        secretly = self.spoils - self.metadata.broken
        self.metadata.broken |= secretly
        try:
            process(self.holdings, items)
        except (MetadataTrouble, AlreadyHeld) as error:
            failure = str(error)
            self.spoilt_by_us += 1
        finally:
            self.metadata.broken -= secretly
        if failure is None and self.foreign_failure and not alone:
            failure = self.foreign_failure
        clock.advance(seconds=LASTS_S)
        self.syncs.append(ListSync(len(self.syncs) + 1, started, clock(), failure is not None, failure or ""))
        return failure is None

    async def read_library(self) -> None:
        """Brainarr reads what it holds."""
        source = ScriptedLidarr(
            [
                OwnedArtist(held.id, "x", held.mbid, fingerprint=len(self.holdings.albums_of(held.id)))
                for held in self.holdings.artists.values()
            ]
        )
        source.albums = {
            held.id: tuple(
                OwnedAlbum(album.id, "x", album.mbid, monitored=album.monitored)
                for album in self.holdings.albums_of(held.id)
            )
            for held in self.holdings.artists.values()
        }
        await sync_library(self.house.db, source, self.house.clock, lambda _: None)


class Household:
    """A house with its Lidarr, as time goes by."""

    def __init__(self, house: House, lidarr: SyncingLidarr) -> None:
        self.house = house
        self.lidarr = lidarr
        self.told: list[str] = []
        self.deps = RoundDeps(
            house.db,
            house.clock,
            {"default": lidarr},
            messengers=[self],
            sleep=self._sleep,  # type: ignore
        )
        self.name = self.fingerprint = "somebody"

    async def send(self, title: str, text: str) -> None:
        self.told.append(text)

    async def _sleep(self, seconds: float) -> None:
        self.house.clock.advance(seconds=seconds)

    async def round(self) -> None:
        await tend_deliveries(self.deps)

    async def pass_time(self, minutes: int = 15) -> None:
        """Rounds every two minutes, a sync of every list after fifteen, and the library is read."""
        for at in range(2, minutes + 1, 2):
            self.house.clock.advance(minutes=2)
            await self.round()
            if at % 15 in (0, 1):
                await self.lidarr.sync("albums", "artists")
                await self.lidarr.read_library()
