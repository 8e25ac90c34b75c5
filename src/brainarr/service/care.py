"""Library care: what went astray, which albums loved artists lack, what is new. Told without asking
anybody."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta

import msgspec

from brainarr.domain.caching import Key, Kind, digest
from brainarr.domain.care import CareReport, Loved, Remembered
from brainarr.domain.listens import with_plays
from brainarr.domain.lists import DEFAULT_INSTANCE, ListKind
from brainarr.domain.music import Mbid, ReleaseGroup
from brainarr.errors import Conflict, NotFound
from brainarr.loading import load
from brainarr.pipeline.ports import Cache, Clock, Fresh
from brainarr.service.library import read_snapshot
from brainarr.service.listens import recall_plays
from brainarr.service.lists import create_list
from brainarr.service.runs import RequestedRun, request_run
from brainarr.store import library, lists
from brainarr.store.history import last_event
from brainarr.store.lists import StoredList
from brainarr.store.memory import read_memory
from brainarr.store.secrets import Secrets
from brainarr.store.session import Database

CARE = Kind("care", timedelta(minutes=5), timedelta(minutes=5))
"""In the memory of one process only: a run may have heard of more meanwhile."""

AT_ONCE = 5_000
"""Artists that are looked at while somebody waits: some 0.2 s for each thousand (two cores)."""
MOST_RECALLED = 10_000
"""Artists whose releases are looked up among what is remembered."""

NAMES = {ListKind.GAPS: "Album gaps", ListKind.RELEASES: "New releases"}
"""What the lists are called that the page makes."""


class Recall(msgspec.Struct, frozen=True):
    """What earlier runs heard of the catalogue; wiring binds it to the cache."""

    albums: Callable[[Sequence[Mbid]], Awaitable[Mapping[Mbid, tuple[ReleaseGroup, ...]]]]
    releases: Callable[[Sequence[Mbid]], Awaitable[Mapping[Mbid, Remembered]]]


_read = msgspec.msgpack.Decoder(CareReport).decode


async def read_care(
    db: Database, cache: Cache, recall: Recall, *, clock: Clock, instance: str = DEFAULT_INSTANCE
) -> CareReport:
    """Computed once for each reading of the library, each day, and each event of a recommendation, and at
    least every few minutes. Raises NotFound before that library was ever read."""
    key = await _key(db, instance, clock)

    async def make() -> Fresh:
        report = await _look(db, cache, recall, instance, clock)
        return Fresh(msgspec.msgpack.encode(report), key.lives())

    return await cache.fetch(key, _read, make)


async def care_at_hand(
    db: Database, cache: Cache, recall: Recall, *, clock: Clock, instance: str = DEFAULT_INSTANCE
) -> CareReport | None:
    """What `read_care` answers, where that takes no long wait; None: a large library, not
    looked at yet. Raises NotFound."""
    async with db.reading() as connection:
        artists = await library.count_artists(connection, instance)
    if artists > AT_ONCE and await cache.get(await _key(db, instance, clock)) is None:
        return None
    return await read_care(db, cache, recall, clock=clock, instance=instance)


async def _key(db: Database, instance: str, clock: Clock) -> Key:
    async with db.reading() as connection:
        state = await library.read_state(connection, instance)
        decided = await last_event(connection)
    if state is None:
        raise _unread(instance)
    today = clock().date().isoformat()
    return Key(CARE, digest(f"{instance} {state.version.isoformat()} {decided} {today}"))


async def _look(db: Database, cache: Cache, recall: Recall, instance: str, clock: Clock) -> CareReport:
    owned = await read_snapshot(db, instance=instance)
    if owned is None:
        raise _unread(instance)
    plays = await recall_plays(cache)
    if plays:
        owned = await asyncio.to_thread(with_plays, owned, plays)
    async with db.reading() as connection:
        memory = await read_memory(connection)
    # With numpy, which an idle server does without.
    await load("brainarr.pipeline.care.report")
    from brainarr.pipeline.care.love import favourites, love
    from brainarr.pipeline.care.report import report_on

    loved = await asyncio.to_thread(love, owned.artists)
    discographies = await recall.albums(_identifiers(favourites(loved)))
    remembered = await recall.releases(_identifiers(loved)[:MOST_RECALLED])
    return await asyncio.to_thread(report_on, owned, loved, discographies, remembered, memory, clock())


def _identifiers(loved: Sequence[Loved]) -> list[Mbid]:
    return [one.artist.mbid for one in loved if one.artist.mbid is not None]


async def propose(
    db: Database,
    secrets: Secrets,
    kind: ListKind,
    *,
    may_make: bool,
    clock: Clock,
    instance: str = DEFAULT_INSTANCE,
) -> RequestedRun:
    """Asks for a run of the oldest list of that kind for that Lidarr; it is made where there is none and
    `may_make` says so. Raises Conflict."""
    present = await list_of_kind(db, kind, instance)
    if present is not None:
        return await request_run(db, present.slug, clock=clock)
    if not may_make:
        raise Conflict(
            f"There is no list of {NAMES[kind].lower()} yet.",
            remedy="An administrator makes it here, once.",
        )
    name = NAMES[kind] if instance == DEFAULT_INSTANCE else f"{NAMES[kind]} of {instance}"
    made = await create_list(db, secrets, name, kind=kind, instance=instance, clock=clock)
    return await request_run(db, made.slug, clock=clock)


async def list_of_kind(db: Database, kind: ListKind, instance: str = DEFAULT_INSTANCE) -> StoredList | None:
    """The oldest one for that Lidarr."""
    async with db.reading() as connection:
        every = await lists.lists_of(connection)
    return next((one for one in every if one.kind is kind and one.instance == instance), None)


def _unread(instance: str) -> NotFound:
    where = "The library" if instance == DEFAULT_INSTANCE else f"The library of {instance}"
    return NotFound(
        f"{where} has not been read yet.",
        remedy="Connect Lidarr; it is read when a run starts, or every hour.",
    )
