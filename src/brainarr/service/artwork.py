"""Artwork: pictures of artists and albums, asked for once and kept; nobody waits long for one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
import structlog

from brainarr.domain.media import Picture
from brainarr.domain.music import Mbid
from brainarr.errors import ProviderError, StorageError
from brainarr.pipeline.ports import AlbumPictures, ArtistPictures, Clock
from brainarr.store import library, recommendations
from brainarr.store.pictures import Kept, PictureShelf
from brainarr.store.recommendations import Called
from brainarr.store.session import Database

SIZES = (250, 500)
FOUND = timedelta(days=30)
NOTHING = timedelta(days=1)
"""What has no picture today may get one tomorrow."""
FAILED = timedelta(minutes=10)

PATIENCE_S = 2.0
"""A browser loads six pictures at a time from us: longer, and a click would wait behind them."""
AT_ONCE = 4
MOST_WAITING = 200
LONGEST_S = 40.0
COVERS_TRIED = 3
"""Of an artist that nobody has a picture of."""

log = structlog.get_logger("brainarr")


class Subject(StrEnum):
    ARTIST = "artist"
    ALBUM = "release-group"


class Wanted(msgspec.Struct, frozen=True):
    """One picture, as it is asked for."""

    subject: Subject
    mbid: Mbid
    size: int
    """250 or 500 pixels."""

    @property
    def name(self) -> str:
        return f"{self.subject}-{self.mbid}-{self.size}"


class Answer(msgspec.Struct, frozen=True):
    picture: Picture | None
    settled: bool
    """Whether it stays so for a while; False: it is still looked for, or somebody could not be asked."""


async def read_called(db: Database, mbid: Mbid) -> Called | None:
    """What the artist or release group is called; None: neither recommended nor owned."""
    async with db.reading() as connection:
        if found := await recommendations.called(connection, mbid):
            return found
        held = await library.held_of(connection, mbid)
    return Called(held[0].name, None) if held else None


class Artwork:
    """Looks for each picture in one source after the other, at most once at a time.

    What was found is kept for a month, that nobody has one for a day. A source that failed is asked again
    after ten minutes; until then an older picture stands in.
    """

    def __init__(
        self,
        db: Database,
        shelf: PictureShelf,
        clock: Clock,
        *,
        artists: Sequence[ArtistPictures],
        albums: Sequence[AlbumPictures],
        patience: float = PATIENCE_S,
    ) -> None:
        """`patience`: how long `picture` waits for one that is not there yet (s)."""
        self._db = db
        self._shelf = shelf
        self._clock = clock
        self._artists = tuple(artists)
        self._albums = tuple(albums)
        self._patience = patience
        self._under_way: dict[Wanted, asyncio.Task[Answer]] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._failed: dict[Wanted, datetime] = {}

    async def picture(self, wanted: Wanted) -> Answer:
        """Raises nothing of its own: what goes wrong outside is an answer without a picture."""
        kept = await self._shelf.get(wanted.name)
        now = self._clock()
        if kept is not None and now - kept.since < (FOUND if kept.picture else NOTHING):
            return Answer(kept.picture, settled=True)
        old = kept.picture if kept else None
        if self._failed.get(wanted, now) > now:
            return Answer(old, settled=False)
        task = self._under_way.get(wanted)
        if task is None:
            if len(self._under_way) >= MOST_WAITING:
                return Answer(old, settled=False)
            task = asyncio.create_task(self._look(wanted, kept))
            self._under_way[wanted] = task
            task.add_done_callback(lambda _: self._under_way.pop(wanted, None))
        done, _ = await asyncio.wait({task}, timeout=self._patience)
        return task.result() if done else Answer(old, settled=False)

    async def aclose(self) -> None:
        """Gives up what is still looked for."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _look(self, wanted: Wanted, kept: Kept | None) -> Answer:
        async with self._turns:
            try:
                async with asyncio.timeout(LONGEST_S):
                    picture, failures = await self._find(wanted)
            except TimeoutError:
                picture, failures = None, ["it took too long"]
        if picture is None and failures:
            self._note_failure(wanted)
            log.debug("artwork not found", wanted=wanted.name, failures=failures)
            return Answer(kept.picture if kept else None, settled=False)
        try:
            await self._shelf.put(wanted.name, picture)
        except StorageError as error:
            log.warning("artwork not kept", wanted=wanted.name, error=str(error))
        return Answer(picture, settled=True)

    async def _find(self, wanted: Wanted) -> tuple[Picture | None, list[str]]:
        """The first picture that a source has, and what those before it complained of."""
        failures: list[str] = []
        async for ask in self._ways(wanted):
            try:
                if found := await ask():
                    return found, failures
            except ProviderError as error:
                failures.append(str(error))
        return None, failures

    async def _ways(self, wanted: Wanted) -> AsyncIterator[Callable[[], Awaitable[Picture | None]]]:
        """Each way to a picture, the best first. A cover stands for artists nobody has photographed."""
        groups: Sequence[Mbid] = (wanted.mbid,)
        if wanted.subject is Subject.ARTIST:
            name, groups = await self._about(wanted.mbid)
            for artists in self._artists:
                yield lambda artists=artists: artists.artist_picture(wanted.mbid, name, wanted.size)
        for group in groups:
            for albums in self._albums:
                yield lambda albums=albums, group=group: albums.album_picture(group, wanted.size)

    async def _about(self, artist: Mbid) -> tuple[str | None, tuple[Mbid, ...]]:
        """An artist's name, and some of the albums, as far as either is known here."""
        called = await read_called(self._db, artist)
        async with self._db.reading() as connection:
            groups = await recommendations.groups_of(connection, artist)
            held = await library.held_of(connection, artist)
        owned = (album.mbid for album in (held[1] or () if held else ()) if album.mbid and album.track_files)
        return called.artist if called else None, tuple(dict.fromkeys((*groups, *owned)))[:COVERS_TRIED]

    def _note_failure(self, wanted: Wanted) -> None:
        now = self._clock()
        self._failed = {other: until for other, until in self._failed.items() if until > now}
        self._failed[wanted] = now + FAILED
