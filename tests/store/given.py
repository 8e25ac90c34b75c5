"""What the tests of store, service and jobs start from: a real database file, and things to put into it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from brainarr.domain.music import Mbid, OwnedAlbum, OwnedArtist
from brainarr.domain.recommendation import Evidence, Parts, Recommendation, Voice
from brainarr.errors import ProviderError
from brainarr.service.setup import Installation, ensure_installed
from brainarr.store.session import Database, open_database
from brainarr.store.upgrade import upgrade

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
URL = "sqlite:///brainarr.db"


class StandingClock:
    """A clock that moves only when it is told to."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


class House:
    """An installed database, its address and the folder of its configuration."""

    def __init__(
        self, db: Database, folder: Path, clock: StandingClock, installation: Installation, url: str
    ) -> None:
        self.db = db
        self.url = url
        self.folder = folder
        self.clock = clock
        self.secrets = installation.secrets
        self.api_key = installation.api_key


@asynccontextmanager
async def installed(folder: Path, url: str = URL) -> AsyncIterator[House]:
    """A first start in `folder`, or a later one where something is there already."""
    clock = StandingClock()
    await upgrade(url, folder, now=clock())
    db = open_database(url, folder)
    try:
        yield House(db, folder, clock, await ensure_installed(db, folder, clock=clock), url)
    finally:
        await db.dispose()


def install(folder: Path, url: str = URL) -> None:
    """A first start that is over."""

    async def work() -> None:
        async with installed(folder, url):
            pass

    # In a thread of its own: fixtures of async tests ask for it too.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(work())).result()


def mbid(number: int) -> Mbid:
    return Mbid(f"{number:08x}-0000-4000-8000-{number:012x}")


def owned(number: int, **facts: object) -> OwnedArtist:
    fields = {"genres": ("rock",), "track_files": 10, "fingerprint": number} | facts
    return OwnedArtist(number, f"Artist {number}", mbid(number), **fields)  # type: ignore[arg-type]


def recommended(
    number: int,
    *,
    album: int | None = None,
    title: str = "Record",
    year: int | None = 2001,
    genres: tuple[str, ...] = ("dream pop", "shoegaze"),
) -> Recommendation:
    """An artist, or with `album` the number of one, an album."""
    return Recommendation(
        artist=f"New {number}",
        artist_mbid=mbid(number),
        album=None if album is None else title,
        release_group_mbid=None if album is None else mbid(album),
        year=year,
        genres=genres,
        score=0.75,
        parts=Parts(0.5, 0.75, 1.0, 0.25),
        confidence=0.625,
        evidence=Evidence(seeds=("Slowdive",), sources=("listenbrainz",), shared_genres=("shoegaze",)),
        voices=(Voice("listenbrainz", 1.0, 0.5, seeds=(("Slowdive", 1.0),)),),
        reason="Near Slowdive.",
    )


class ScriptedLidarr:
    """A LibrarySource that holds what a test put into it, and fails when told to."""

    def __init__(
        self, artists: Sequence[OwnedArtist] = (), albums: dict[int, tuple[OwnedAlbum, ...]] | None = None
    ) -> None:
        self.artists = list(artists)
        self.albums = albums or {}
        self.exclusions: frozenset[Mbid] = frozenset()
        self.failure: ProviderError | None = None
        self.fails_after: int = 0
        """Batches that still arrive before `failure` is raised."""
        self.album_failures: dict[int, ProviderError] = {}
        self.album_calls: list[int] = []
        self.batch = 100
        self.moved: dict[Mbid, Mbid] = {}
        """What MusicBrainz has merged into another."""

    async def read_artists(self) -> AsyncIterator[Sequence[OwnedArtist]]:
        for number, start in enumerate(range(0, len(self.artists), self.batch)):
            if self.failure is not None and number >= self.fails_after:
                raise self.failure
            yield self.artists[start : start + self.batch]
        if self.failure is not None:
            raise self.failure

    async def read_albums(self, artist_id: int) -> tuple[OwnedAlbum, ...]:
        self.album_calls.append(artist_id)
        if artist_id in self.album_failures:
            raise self.album_failures[artist_id]
        return self.albums.get(artist_id, ())

    async def artist(self, mbid: Mbid) -> Mbid | None:
        return self.moved.get(mbid, mbid)

    async def album(self, mbid: Mbid) -> Mbid | None:
        return self.moved.get(mbid, mbid)

    async def read_exclusions(self) -> frozenset[Mbid]:
        return self.exclusions

    async def read_tags(self) -> dict[int, str]:
        return {}
