"""Keeping: whether what was imported is still there after a month, or was taken out again."""

import msgspec

from brainarr.domain.lists import DEFAULT_INSTANCE
from brainarr.pipeline.ports import Clock, LibrarySource
from brainarr.service.library import look_at_library, unwatched
from brainarr.store.session import Database


class Settled(msgspec.Struct, frozen=True):
    """How many recommendations found their end."""

    kept: int = 0
    removed: int = 0


async def settle_recommendations(
    db: Database, source: LibrarySource, clock: Clock, *, instance: str = DEFAULT_INSTANCE
) -> Settled:
    """Reads the library, and the albums of every artist of whom one may still be taken out, and moves what
    was imported to `kept` or `removed`. Raises ProviderError.

    Following Lidarr does the same by what its figures show (service/following.py); this one is sure.
    """
    looked = await look_at_library(db, source, clock, unwatched, instance=instance, thorough=True)
    return Settled(looked.changes.kept, looked.changes.removed)
