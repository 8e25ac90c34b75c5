"""What the tests of store, service and jobs start from: a real database file, and things to put into it."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

from brainarr.domain.music import Mbid, OwnedAlbum, OwnedArtist
from brainarr.domain.recommendation import Evidence, Parts, Recommendation, Voice
from brainarr.errors import ProviderError
from brainarr.service.setup import Installation, ensure_installed
from brainarr.store.session import Database, open_database
from brainarr.store.upgrade import upgrade
from tests.conftest import NOW

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
    """An installed database in its folder."""

    def __init__(self, db: Database, folder: Path, clock: StandingClock, installation: Installation) -> None:
        self.db = db
        self.folder = folder
        self.clock = clock
        self.secrets = installation.secrets
        self.api_key = installation.api_key


@asynccontextmanager
async def installed(folder: Path, template: Path | None = None) -> AsyncIterator[House]:
    """A first start in `folder`, or quicker: a copy of one that was made in `template`."""
    clock = StandingClock()
    if template is not None:
        shutil.copytree(template, folder, dirs_exist_ok=True)
    await upgrade(URL, folder, now=clock())
    db = open_database(URL, folder)
    try:
        yield House(db, folder, clock, await ensure_installed(db, folder, clock=clock))
    finally:
        await db.dispose()


def make_template(folder: Path) -> Path:
    async def install() -> None:
        async with installed(folder):
            pass

    asyncio.run(install())
    return folder


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

    async def read_exclusions(self) -> frozenset[Mbid]:
        return self.exclusions

    async def read_tags(self) -> dict[int, str]:
        return {}
