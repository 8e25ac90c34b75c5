"""Artwork: asked for once, kept, and never waited for long."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from brainarr.domain.media import Picture
from brainarr.domain.music import Mbid, OwnedAlbum
from brainarr.errors import ProviderError, ProviderUnavailable
from brainarr.pipeline.ports import Clock
from brainarr.sandbox.media import cover
from brainarr.service.artwork import MOST_WAITING, Answer, Artwork, Subject, Wanted, read_called
from brainarr.service.library import refresh_library
from brainarr.store.pictures import PictureShelf
from tests.conftest import sqlite_only
from tests.service.given import ran
from tests.store.given import House, ScriptedLidarr, mbid, owned, recommended

PICTURE = Picture(cover("a", 250), "image/png")
ALBUM = Wanted(Subject.ALBUM, mbid(7), 250)
ARTIST = Wanted(Subject.ARTIST, mbid(1), 250)
AWAY = ProviderUnavailable("art", "gone")


class Source:
    """Both kinds of pictures, as told; it notes what it was asked."""

    name = "art"

    def __init__(self, *known: Mbid) -> None:
        self.known = set(known)
        self.asked: list[tuple[str, str | None]] = []
        self.failure: ProviderError | None = None
        self.gate: asyncio.Event | None = None
        self.at_once = self.most_at_once = 0

    async def artist_picture(self, mbid: Mbid, artist: str | None, size: int) -> Picture | None:
        return await self._answer(mbid, artist)

    async def album_picture(self, mbid: Mbid, size: int) -> Picture | None:
        return await self._answer(mbid, None)

    async def _answer(self, mbid: Mbid, artist: str | None) -> Picture | None:
        self.asked.append((mbid, artist))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if self.gate is not None:
                await self.gate.wait()
            if self.failure is not None:
                raise self.failure
            return PICTURE if mbid in self.known else None
        finally:
            self.at_once -= 1


@asynccontextmanager
async def opened(
    house: House, source: Source, *, artists: Source | None = None, patience: float = 5.0
) -> AsyncIterator[Artwork]:
    clock: Clock = house.clock
    shelf = PictureShelf(house.folder / "artwork", 2**24, clock)
    art = Artwork(house.db, shelf, clock, artists=[artists or source], albums=[source], patience=patience)
    try:
        yield art
    finally:
        await art.aclose()


pytestmark = sqlite_only


async def test_a_picture_is_asked_for_once_and_kept_for_a_month(house: House):
    source = Source(ALBUM.mbid)
    async with opened(house, source) as art:
        assert await art.picture(ALBUM) == Answer(PICTURE, settled=True)
        assert await art.picture(ALBUM) == Answer(PICTURE, settled=True)
        assert len(source.asked) == 1
    async with opened(house, source) as later:
        house.clock.advance(days=29)
        assert (await later.picture(ALBUM)).picture == PICTURE
        assert len(source.asked) == 1
        house.clock.advance(days=2)
        assert (await later.picture(ALBUM)).picture == PICTURE
        assert len(source.asked) == 2


async def test_that_nobody_has_one_is_remembered_for_a_day(house: House):
    source = Source()
    async with opened(house, source) as art:
        for _ in range(3):
            assert await art.picture(ALBUM) == Answer(None, settled=True)
        assert len(source.asked) == 1
        house.clock.advance(hours=25)
        source.known.add(ALBUM.mbid)
        assert (await art.picture(ALBUM)).picture == PICTURE


async def test_many_who_want_the_same_at_once_make_one_question(house: House):
    source = Source(ALBUM.mbid)
    source.gate = asyncio.Event()
    async with opened(house, source) as art:
        waiting = [asyncio.create_task(art.picture(ALBUM)) for _ in range(20)]
        await asyncio.sleep(0.05)
        source.gate.set()
        assert {answer.picture for answer in await asyncio.gather(*waiting)} == {PICTURE}
        assert len(source.asked) == 1


async def test_nobody_waits_for_a_slow_source_and_its_answer_counts_later(house: House):
    source = Source(ALBUM.mbid)
    source.gate = asyncio.Event()
    async with opened(house, source, patience=0.05) as art:
        assert await art.picture(ALBUM) == Answer(None, settled=False)
        source.gate.set()
        await asyncio.sleep(0.1)
        assert await art.picture(ALBUM) == Answer(PICTURE, settled=True)
        assert len(source.asked) == 1


async def test_few_are_fetched_at_once_and_not_endlessly_many_wait(house: House):
    source = Source()
    source.gate = asyncio.Event()
    async with opened(house, source, patience=0.0) as art:
        for number in range(MOST_WAITING + 10):
            await art.picture(Wanted(Subject.ALBUM, mbid(number), 250))
        await asyncio.sleep(0.05)
        assert source.most_at_once <= 4
        assert len(art._under_way) == MOST_WAITING  # pyright: ignore[reportPrivateUsage]


async def test_a_source_that_is_away_is_left_alone_for_a_while_and_the_old_picture_stands(house: House):
    source = Source(ALBUM.mbid)
    async with opened(house, source) as art:
        await art.picture(ALBUM)
        house.clock.advance(days=40)
        source.failure = AWAY
        for _ in range(3):
            assert await art.picture(ALBUM) == Answer(PICTURE, settled=False)
        assert len(source.asked) == 2
        house.clock.advance(minutes=11)
        source.failure = None
        assert await art.picture(ALBUM) == Answer(PICTURE, settled=True)
        assert len(source.asked) == 3


async def test_a_failure_is_never_remembered_as_nothing(house: House):
    source = Source()
    source.failure = AWAY
    async with opened(house, source) as art:
        assert await art.picture(ALBUM) == Answer(None, settled=False)
        house.clock.advance(minutes=11)
        source.failure = None
        source.known.add(ALBUM.mbid)
        assert (await art.picture(ALBUM)).picture == PICTURE


async def test_an_artist_is_named_to_those_who_know_names_and_a_cover_stands_in(house: House):
    await ran(house, [recommended(1, album=7)])
    photographs, covers = Source(), Source(mbid(7))
    async with opened(house, covers, artists=photographs) as art:
        assert (await art.picture(ARTIST)).picture == PICTURE
    assert photographs.asked == [(mbid(1), "New 1")]
    assert covers.asked == [(mbid(7), None)]


async def test_an_owned_artist_is_known_by_name_and_albums_too(house: House):
    albums = (OwnedAlbum(1, "Heard", mbid(8), track_files=9), OwnedAlbum(2, "Not", mbid(9)))
    await refresh_library(house.db, ScriptedLidarr([owned(1)], {1: albums}), house.clock)
    called = await read_called(house.db, mbid(1))
    assert called is not None and (called.artist, called.album) == ("Artist 1", None)
    assert await read_called(house.db, mbid(99)) is None


async def test_a_shelf_that_cannot_be_written_costs_the_picture_its_keeping_only(
    house: House,
):
    (house.folder / "artwork").write_text("no folder")
    source = Source(ALBUM.mbid)
    async with opened(house, source) as art:
        assert await art.picture(ALBUM) == Answer(PICTURE, settled=True)
