"""Listening to the Lidarrs: what their webhooks and histories tell, and looking when something has changed.

A webhook is stored and answered at once; what follows from it is this module's job, every few minutes and
right after a webhook. Nothing rests on webhooks alone: history and library say the same a little later.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.lidarr_events import CHANGES_THE_LIBRARY, LidarrEvent, Told
from brainarr.domain.life import STEPS, Actor, Event
from brainarr.errors import BrainarrError
from brainarr.pipeline.ports import Clock, WatchedLibrary
from brainarr.service.arrivals import Changes
from brainarr.service.exclusions import carry_out_exclusions
from brainarr.service.library import INSTANCE, look_at_library, unwatched
from brainarr.store import jobs, recommendations
from brainarr.store import lidarr_events as rows
from brainarr.store.history import DOWNLOADS, lives_of, write_history
from brainarr.store.lidarr_events import HeardEvent, Watch, Way
from brainarr.store.recommendations import RecommendationRow
from brainarr.store.session import Database

WEBHOOK = "webhook"
"""The trigger of a job that a webhook asked for."""

MOST_WAITING = 5_000
"""Events of one Lidarr that wait to be worked on. More are not stored: a look finds what they told."""
OVERLAP = timedelta(minutes=10)
"""History is read again so far back: rows are dated before they are stored, and no two clocks agree."""
FARTHEST_BACK = timedelta(days=7)
"""After a longer absence only the library tells what happened before."""
FORGOTTEN_AFTER = timedelta(days=30)
REST, REST_AFTER_NEWS = 20, 3
"""A look is followed by a rest of so many times its own length, a shorter one when Lidarr told that something
changed: 50,000 artists are not read every two minutes."""

_PORTION = 500
_ROUNDS = 5

_NOTED = {
    Told.GRABBED: Event.GRABBED,
    Told.DOWNLOADED: Event.DOWNLOADED,
    Told.DOWNLOAD_FAILED: Event.DOWNLOAD_FAILED,
    Told.IMPORT_FAILED: Event.DOWNLOAD_FAILED,
}
"""What becomes an event in the life of a recommendation; all else shows in the library."""

log = structlog.get_logger(__name__)


class Followed(msgspec.Struct, frozen=True):
    """What one round brought."""

    told: int = 0
    """Events that were worked on."""
    noted: int = 0
    """How often one of them was about a recommendation."""
    looked: bool = False
    changes: Changes = Changes()


async def take_in(
    db: Database, instance: str, events: Sequence[LidarrEvent], way: Way, *, clock: Clock
) -> int:
    """Stores what a Lidarr told and asks for the work that follows from it; how many were new."""
    now = clock()
    async with db.transaction() as connection:
        room = max(0, MOST_WAITING - await rows.count_waiting(connection, instance))
        new = await rows.insert_events(connection, instance, events[:room], way, now)
        changes: dict[str, object] = {}
        if way is Way.WEBHOOK:
            changes["heard_at"] = now
            if any(event.told is Told.TEST for event in events):
                changes["tested_at"] = now
        if any(event.told in CHANGES_THE_LIBRARY for event in events) and (new or len(events) > room):
            changes["look_wanted_at"] = now
        if changes:
            await rows.change_watch(connection, instance, **changes)
        if new and way is Way.WEBHOOK and await jobs.paused_since(connection) is None:
            await jobs.insert_job(connection, jobs.FOLLOW, trigger=WEBHOOK, at=now, due_at=now)
    return new


async def read_watch(db: Database, instance: str = INSTANCE) -> Watch:
    """How far this Lidarr has been heard and looked at."""
    async with db.reading() as connection:
        return await rows.watch_of(connection, instance)


async def latest_events(db: Database, instance: str = INSTANCE, limit: int = 50) -> tuple[HeardEvent, ...]:
    """What it told last, the newest first."""
    async with db.reading() as connection:
        return await rows.latest_events(connection, instance, limit)


async def follow_lidarrs(db: Database, lidarrs: Mapping[str, WatchedLibrary], clock: Clock) -> None:
    """`follow_lidarr` for each, until none has told anything meanwhile. One that is away keeps nobody from
    following the others; raises the first ProviderError at the end."""
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
        raise next(iter(failures.values()))


async def follow_lidarr(
    db: Database, source: WatchedLibrary, clock: Clock, *, instance: str = INSTANCE
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
        told, noted = await _tell(db, instance, clock)
    if told or looked not in (None, Changes()):
        log.info("followed Lidarr", instance=instance, told=told, noted=noted, changes=looked)
    return Followed(told, noted, looked is not None, looked or Changes())


async def _read_history(db: Database, source: WatchedLibrary, instance: str, clock: Clock) -> None:
    watch, now = await read_watch(db, instance), clock()
    until = watch.history_until or now
    events = await source.events_since(max(until - OVERLAP, now - FARTHEST_BACK))
    await take_in(db, instance, events, Way.HISTORY, clock=clock)
    latest = max((event.at for event in events if event.at), default=until)
    async with db.transaction() as connection:
        await rows.change_watch(connection, instance, history_until=max(until, latest))
        await rows.forget_events(connection, now - FORGOTTEN_AFTER)


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


async def _tell(db: Database, instance: str, clock: Clock) -> tuple[int, int]:
    """Works on all that waits: how many events, and how often one was about a recommendation."""
    told = noted = 0
    while True:
        async with db.transaction() as connection:
            portion = await rows.waiting_events(connection, instance, _PORTION)
            concerned = await _note(connection, instance, portion, clock())
            await rows.mark_done(connection, concerned, clock())
        told += len(portion)
        noted += sum(concerned.values())
        if len(portion) < _PORTION:
            return told, noted


async def _note(
    connection: AsyncConnection, instance: str, heard: Sequence[HeardEvent], now: datetime
) -> dict[int, int]:
    """For each of these events, in how many lives it was noted."""
    concerned = dict.fromkeys((one.id for one in heard), 0)
    noted = [one for one in heard if one.event.told in _NOTED and one.event.album and one.event.artist]
    artists = {one.event.artist for one in noted if one.event.artist}
    if not artists:
        return concerned
    found = await recommendations.about(connection, instance, artists)
    told = await lives_of(connection, [row.id for row in found])
    lives = {number: [(entry.event, entry.note) for entry in life] for number, life in told.items()}
    latest = {number: life[-1].at for number, life in told.items()}
    for one in sorted(noted, key=lambda one: one.event.at or one.heard_at):
        event, note = _NOTED[one.event.told], _words(one.event)
        its = [
            row
            for row in found
            if _is_about(one.event, row)
            and row.status in STEPS[event].begins
            and not _told_before(lives.get(row.id, []), row, event, note)
        ]
        for row in its:
            lives.setdefault(row.id, []).append((event, note))
        for row in its:
            # A life is told in the order in which it became known, and no two clocks agree.
            at = max(min(one.event.at or one.heard_at, now), latest.get(row.id, row.created_at))
            await write_history(
                connection, [row], event, at, actor=Actor.LIDARR, channel=DOWNLOADS, note=note
            )
            latest[row.id] = at
        concerned[one.id] = len(its)
    return concerned


def _is_about(event: LidarrEvent, row: RecommendationRow) -> bool:
    item = row.recommendation
    if item.artist_mbid != event.artist:
        return False
    return item.release_group_mbid is None or item.release_group_mbid == event.album


def _told_before(life: Sequence[tuple[Event, str]], row: RecommendationRow, event: Event, note: str) -> bool:
    """Of an artist the first album of each kind is told, of an album every new release."""
    if row.recommendation.release_group_mbid is None:
        return any(known is event for known, _ in life)
    last = next((known for known in reversed(life) if known[0] in _NOTED.values()), None)
    return last is not None and last[0] is event and (event is Event.DOWNLOADED or last[1] == note)


def _words(event: LidarrEvent) -> str:
    title = event.album_title
    match event.told:
        case Told.DOWNLOADED if event.by_hand:
            return f"{title}: imported by hand" if title else "imported by hand"
        case Told.DOWNLOADED:
            return title
        case Told.IMPORT_FAILED:
            return f"{event.note}: not all of it could be imported" if event.note else "not all of it came in"
        case _:
            return event.note or title
