"""What the Lidarrs tell, by webhook or in their history: stored once each, then told to recommendations.

A webhook is stored and answered at once; what follows from it is a job (service/following.py). Nothing rests
on webhooks alone: history and library say the same a little later.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.lidarr_events import CHANGES_THE_LIBRARY, LidarrEvent, Told
from brainarr.domain.life import STEPS, Actor, Event
from brainarr.domain.lists import DEFAULT_INSTANCE
from brainarr.pipeline.ports import Clock
from brainarr.store import jobs, presence
from brainarr.store import lidarr_events as rows
from brainarr.store.history import DOWNLOADS, lives_of, write_history
from brainarr.store.lidarr_events import HeardEvent, Watch, Way
from brainarr.store.recommendations import RecommendationRow
from brainarr.store.session import Database

WEBHOOK = "webhook"
"""The trigger of a job that a webhook asked for."""

MOST_WAITING = 5_000
"""Events of one Lidarr that wait to be worked on. More are not stored: a look finds what they told."""
MOST_KEPT = 20_000
"""Events of one Lidarr that are remembered after they were worked on, the newest: a busy one tells hundreds a
day, and whoever has its key may tell anything."""
MOST_NOTED = 100
"""Grabs, downloads and failures in the life of one recommendation."""
_PORTION = 500

_NOTED = {
    Told.GRABBED: Event.GRABBED,
    Told.DOWNLOADED: Event.DOWNLOADED,
    Told.DOWNLOAD_FAILED: Event.DOWNLOAD_FAILED,
    Told.IMPORT_FAILED: Event.DOWNLOAD_FAILED,
}
"""What becomes an event in the life of a recommendation; all else shows in the library."""


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


async def read_watch(db: Database, instance: str = DEFAULT_INSTANCE) -> Watch:
    """How far this Lidarr has been heard and looked at."""
    async with db.reading() as connection:
        return await rows.watch_of(connection, instance)


async def latest_events(
    db: Database, instance: str = DEFAULT_INSTANCE, limit: int = 50
) -> tuple[HeardEvent, ...]:
    """What it told last, the newest first."""
    async with db.reading() as connection:
        return await rows.latest_events(connection, instance, limit)


async def tell_recommendations(db: Database, instance: str, clock: Clock) -> tuple[int, int]:
    """Works on all that this Lidarr told and waits: how many events, and how often one was about a
    recommendation."""
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
    found = await presence.about(connection, instance, artists)
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
    """Of an artist the first album of each kind is told, of an album every new release, up to MOST_NOTED."""
    if row.recommendation.release_group_mbid is None:
        return any(known is event for known, _ in life)
    noted = [known for known in life if known[0] in _NOTED.values()]
    if len(noted) >= MOST_NOTED:
        return True
    return bool(noted) and noted[-1][0] is event and (event is Event.DOWNLOADED or noted[-1][1] == note)


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
