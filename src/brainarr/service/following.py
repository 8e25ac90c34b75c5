"""Following the Lidarrs: their history, their exclusions, and a look at the library when it has changed.

Every few minutes, and right after a webhook.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec
import structlog

from brainarr.domain.lists import DEFAULT_INSTANCE
from brainarr.errors import BrainarrError
from brainarr.pipeline.ports import Clock, WatchedLibrary
from brainarr.service.arrivals import Changes
from brainarr.service.exclusions import carry_out_exclusions
from brainarr.service.instances import together
from brainarr.service.library import look_at_library, unwatched
from brainarr.service.lidarr_events import MOST_KEPT, read_watch, take_in, tell_recommendations
from brainarr.store import lidarr_events as rows
from brainarr.store.lidarr_events import Watch, Way
from brainarr.store.session import Database

OVERLAP = timedelta(minutes=10)
"""History is read again so far back: rows are dated before they are stored, and no two clocks agree."""
FARTHEST_BACK = timedelta(days=7)
"""After a longer absence only the library tells what happened before."""
FORGOTTEN_AFTER = timedelta(days=30)
REST, REST_AFTER_NEWS = 20, 3
"""A look is followed by a rest of so many times its own length, a shorter one when Lidarr told that something
changed: 50,000 artists are not read every two minutes."""

_ROUNDS = 5

log = structlog.get_logger(__name__)


class Followed(msgspec.Struct, frozen=True):
    """What one round brought."""

    told: int = 0
    """Events that were worked on."""
    noted: int = 0
    """How often one of them was about a recommendation."""
    looked: bool = False
    changes: Changes = Changes()


async def follow_lidarrs(db: Database, lidarrs: Mapping[str, WatchedLibrary], clock: Clock) -> None:
    """`follow_lidarr` for each, until none has told anything meanwhile. One that is away keeps nobody from
    following the others; raises `instances.together` at the end."""
    failures: dict[str, BrainarrError] = {}
    waiting = set(lidarrs)
    for _ in range(_ROUNDS):
        for instance in [name for name in lidarrs if name in waiting]:
            try:
                await follow_lidarr(db, lidarrs[instance], clock, instance=instance)
            except BrainarrError as error:
                failures.setdefault(instance, error)
        async with db.reading() as connection:
            waiting = {name for name in lidarrs if await rows.count_waiting(connection, name)} - set(failures)
        if not waiting:
            break
    if failures:
        raise together(failures.values())


async def follow_lidarr(
    db: Database, source: WatchedLibrary, clock: Clock, *, instance: str = DEFAULT_INSTANCE
) -> Followed:
    """One round: reads the history, writes and lifts exclusions, looks at the library when it has changed or
    it is time, and tells recommendations what was told of them. Raises ProviderError; what was told is worked
    on all the same."""
    looked: Changes | None = None
    try:
        await _read_history(db, source, instance, clock)
        written = await carry_out_exclusions(db, source, instance, clock)
        looked = await _look(db, source, instance, clock, now_at_all_costs=written)
    finally:
        told, noted = await tell_recommendations(db, instance, clock)
    if told or looked not in (None, Changes()):
        log.info("followed Lidarr", instance=instance, told=told, noted=noted, changes=looked)
    return Followed(told, noted, looked is not None, looked or Changes())


async def _read_history(db: Database, source: WatchedLibrary, instance: str, clock: Clock) -> None:
    watch, now = await read_watch(db, instance), clock()
    # What is dated in the future must not keep us from reading on.
    until = min(watch.history_until or now, now)
    events = await source.events_since(max(until - OVERLAP, now - FARTHEST_BACK))
    await take_in(db, instance, events, Way.HISTORY, clock=clock)
    latest = max((event.at for event in events if event.at), default=until)
    async with db.transaction() as connection:
        await rows.change_watch(connection, instance, history_until=min(max(until, latest), now))
        await rows.forget_events(connection, instance, now - FORGOTTEN_AFTER, MOST_KEPT)


async def _look(
    db: Database, source: WatchedLibrary, instance: str, clock: Clock, *, now_at_all_costs: bool
) -> Changes | None:
    """What a look at the library changed; None: it was not due, or Lidarr did not show it."""
    watch, began = await read_watch(db, instance), clock()
    if not now_at_all_costs and not _is_due(watch, began):
        return None
    looked = await look_at_library(db, source, clock, unwatched, instance=instance)
    if looked.library.from_snapshot:
        return None
    ended = clock()
    async with db.transaction() as connection:
        wanted = (await rows.watch_of(connection, instance)).look_wanted_at
        # What was told while it was looked at may not have been seen.
        still = wanted if wanted is not None and wanted > began else None
        seconds = max(0.0, (ended - began).total_seconds())
        await rows.change_watch(
            connection, instance, looked_at=ended, look_seconds=seconds, look_wanted_at=still
        )
    return looked.changes


def _is_due(watch: Watch, now: datetime) -> bool:
    if watch.looked_at is None:
        return True
    rest = REST if watch.look_wanted_at is None else REST_AFTER_NEWS
    return now - watch.looked_at >= timedelta(seconds=rest * watch.look_seconds)
