"""Profile: the taste that the remembered library shows."""

from collections.abc import Mapping
from datetime import timedelta

import msgspec

from brainarr.domain.caching import Key, Kind, digest
from brainarr.domain.lists import DEFAULT_INSTANCE
from brainarr.domain.taste import Cluster, Gap, Profile, Seed, Shape
from brainarr.errors import NotFound
from brainarr.loading import load
from brainarr.pipeline.gaps import plan_gaps
from brainarr.pipeline.ports import Cache, Clock, Fresh
from brainarr.service.library import read_snapshot
from brainarr.store import library, recommendations
from brainarr.store.history import last_event
from brainarr.store.memory import genres_found
from brainarr.store.session import Database

# Albums that were read since the library was show at its next reading, or when this is over.
PROFILE = Kind("profile", timedelta(hours=1))


class Portrait(msgspec.Struct, frozen=True):
    """What a person is shown of a profile: the weights of fifty thousand artists are not in it."""

    shape: Shape
    genres: Mapping[str, float]
    decades: Mapping[int, float]
    clusters: tuple[Cluster, ...]
    seeds: tuple[Seed, ...]
    recent: tuple[str, ...]
    album_coverage: float
    gaps: tuple[Gap, ...]
    """What the library nearly has; what earlier runs found close to it is a witness."""

    @classmethod
    def of(cls, profile: Profile, gaps: tuple[Gap, ...]) -> "Portrait":
        return cls(
            profile.shape,
            profile.genres,
            profile.decades,
            profile.clusters,
            profile.seeds,
            profile.recent,
            profile.album_coverage,
            gaps,
        )


AT_ONCE = 3_000
"""Artists whose profile is drawn while somebody waits: some 0.2 s for each thousand (two cores)."""

_read = msgspec.msgpack.Decoder(Portrait).decode


async def read_portrait(db: Database, cache: Cache, *, clock: Clock) -> Portrait:
    """As a run that starts now would see it, computed once for each reading of the library, for each day, and
    for what became of the recommendations. Raises NotFound before the library was ever read."""
    key = await _key(db, clock)

    async def make() -> Fresh:
        portrait = await _draw(db, clock)
        return Fresh(msgspec.msgpack.encode(portrait), key.lives())

    return await cache.fetch(key, _read, make)


async def portrait_at_hand(db: Database, cache: Cache, *, clock: Clock) -> Portrait | None:
    """What `read_portrait` answers, where that takes no long wait; None: a large library, not drawn yet."""
    async with db.reading() as connection:
        artists = await library.count_artists(connection, DEFAULT_INSTANCE)
    if artists > AT_ONCE and await cache.get(await _key(db, clock)) is None:
        return None
    return await read_portrait(db, cache, clock=clock)


async def _key(db: Database, clock: Clock) -> Key:
    async with db.reading() as connection:
        state = await library.read_state(connection, DEFAULT_INSTANCE)
        found = await recommendations.last_id(connection)
        decided = await last_event(connection)
    if state is None:
        raise _unread()
    return Key(PROFILE, digest(f"{state.version.isoformat()} {found} {decided} {clock().date().isoformat()}"))


async def _draw(db: Database, clock: Clock) -> Portrait:
    owned = await read_snapshot(db)
    if owned is None:
        raise _unread()
    # With numpy, which an idle server does without.
    await load("brainarr.pipeline.profile")
    from brainarr.pipeline.profile import profile_library

    profile = await profile_library(owned, clock(), seed=0)
    async with db.reading() as connection:
        near = await genres_found(connection)
    return Portrait.of(profile, plan_gaps(profile, near))


def _unread() -> NotFound:
    return NotFound(
        "The library has not been read yet.",
        remedy="Set lidarr.url and lidarr.api_key, then start a run.",
    )
