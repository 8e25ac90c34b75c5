"""Cache: how the levels are, and emptying them."""

import msgspec

from brainarr.errors import NotFound
from brainarr.service.feed_cache import FeedCache
from brainarr.store.cache import LayeredCache
from brainarr.store.cache.rest import Trouble
from brainarr.store.cache.tally import Holding, LevelName, Tally

FEEDS = "feeds"
"""The kind of the answers that Lidarr gets: of the memory alone."""


class LevelState(msgspec.Struct, frozen=True):
    name: LevelName
    trouble: Trouble | None
    """None: it is in use."""
    holding: Holding
    limit: int | None
    """Bytes; None: it bounds itself."""
    tally: Tally


async def read_levels(cache: LayeredCache) -> tuple[LevelState, ...]:
    """From the first to the last. Raises StorageError."""
    memory, shared, stored = cache.memory, cache.shared, cache.stored
    levels = [LevelState("memory", None, memory.holding, memory.limit, memory.tallies.total)]
    if shared is not None:
        holding = await shared.holding()
        levels.append(LevelState("redis", shared.trouble, holding, None, shared.tallies.total))
    if stored is not None:
        holding = await stored.holding()
        levels.append(LevelState("database", None, holding, stored.limit, stored.tallies.total))
    return tuple(levels)


async def empty_cache(cache: LayeredCache, feeds: FeedCache, kind: str | None = None) -> None:
    """Everything, or what is of `kind`. Raises NotFound for a kind that there is not, and StorageError."""
    known = {FEEDS, *(one.name for one in cache.kinds)}
    if kind is not None and kind not in known:
        raise NotFound(
            f"Nothing of the kind {kind!r} is remembered.", remedy=f"Kinds: {', '.join(sorted(known))}."
        )
    if kind in (None, FEEDS):
        feeds.clear()
    if kind != FEEDS:
        await cache.forget(kind)
