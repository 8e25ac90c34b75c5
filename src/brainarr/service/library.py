"""The library: reading it out of Lidarr into the database, and back when Lidarr is away."""

from collections.abc import Sequence

from brainarr.domain.music import Library
from brainarr.pipeline.ports import Clock, LibrarySource
from brainarr.service.progress import OnProgress
from brainarr.store.session import Database


async def sync_library(
    db: Database, source: LibrarySource, *, clock: Clock, on_progress: OnProgress, instance: str = "default"
) -> Library:
    """Brings the snapshot up to date, row by changed row, and answers it.

    When the source fails half-way or altogether, answers the last complete snapshot (`from_snapshot`), or raises
    ProviderError when there is none. What the library now holds moves recommendations on to `imported`.
    """
    ...


async def backfill_albums(
    db: Database,
    source: LibrarySource,
    library: Library,
    first: Sequence[int],
    *,
    limit: int,
    on_progress: OnProgress,
    concurrency: int = 4,
    instance: str = "default",
) -> Library:
    """Reads the albums of at most `limit` artists whose albums are unknown or out of date, those in `first` (ids) first.

    Every artist's albums are stored as soon as they are read: the next call goes on where this one was stopped.
    Stops quietly when the source becomes unavailable; answers the library with all albums known now.
    """
    ...


async def read_snapshot(db: Database, *, instance: str = "default") -> Library | None:
    """What the database remembers of the library; None before the first sync."""
    ...
