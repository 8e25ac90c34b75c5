"""Listens: what a person played, as the latest run heard of it; pages ask no scrobbling service."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from brainarr.domain.caching import Key, Kind
from brainarr.domain.music import Plays
from brainarr.pipeline.ports import Cache

LISTENS = Kind("listens", timedelta(days=60))
"""Longer than anybody waits between two runs. All of one house, under one key."""
MOST_REMEMBERED = 20_000
"""Artists, the most played: some 2 MB, and who was played twice tells little."""

_KEY = Key(LISTENS, "plays")
_read = msgspec.msgpack.Decoder(tuple[Plays, ...]).decode


async def remember_plays(cache: Cache, plays: Sequence[Plays]) -> None:
    most = sorted(plays, key=lambda heard: -heard.listens)[:MOST_REMEMBERED]
    await cache.put(_KEY, msgspec.msgpack.encode(most), LISTENS.lifetime)


async def recall_plays(cache: Cache) -> tuple[Plays, ...]:
    """() where no run has heard of any."""
    kept = await cache.get(_KEY)
    if kept is None:
        return ()
    try:
        return _read(kept)
    except msgspec.DecodeError:
        return ()
