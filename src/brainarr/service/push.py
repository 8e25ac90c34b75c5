"""Pushing: adding what was approved to Lidarr at once, without a list."""

from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus

import msgspec

from brainarr.domain.life import Actor, Event, Failure
from brainarr.domain.recommendation import Recommendation, Status
from brainarr.errors import Conflict, ProviderError, ProviderRejected, ProviderUnavailable
from brainarr.pipeline.ports import Clock, Importer, ImportOptions, Taken
from brainarr.service.instances import of_instance
from brainarr.service.recommendations import find, read_recommendation
from brainarr.store import lists, recommendations
from brainarr.store.history import PUSH, write_history
from brainarr.store.recommendations import RecommendationRow
from brainarr.store.session import Database

AS_LIDARR_HAS_IT = ImportOptions()


class Monitor(StrEnum):
    """What Lidarr is to watch of an artist from now on."""

    CHOSEN = "chosen"
    """The chosen albums and nothing else."""
    FUTURE = "future"
    """The chosen albums, and what comes out from now on."""
    ALL = "all"
    """Every album, and what comes out from now on."""
    NONE = "none"
    """Nothing: the artist is merely taken in."""


HAD = {
    Taken.ADDED: "",
    Taken.KNOWN: "Lidarr had it already, and keeps it as it was",
    Taken.MONITORED: "Lidarr listed it already, and monitors it now",
}
"""What a history says of how it came to be there."""


async def push(
    db: Database,
    recommendation_id: int,
    importers: Mapping[str, Importer],
    *,
    clock: Clock,
    options: ImportOptions = AS_LIDARR_HAS_IT,
    monitor: Monitor | None = None,
    actor: Actor = Actor.PERSON,
) -> RecommendationRow:
    """Adds what was approved to the Lidarr that its list is for. Raises NotFound, ProviderError, and Conflict
    when it is not approved, that Lidarr is not configured, or `monitor` makes no sense for it.

    `monitor`: None, of a recommended album that album, of a recommended artist all albums.

    When Lidarr refuses it for good it becomes failed; when Lidarr is away it stays as it was, and its history
    keeps the attempt. Brainarr killed between the two steps leaves it approved: adding once more does no
    harm.
    """
    row = await read_recommendation(db, recommendation_id)
    if row.status not in recommendations.ON_THE_WAY:
        raise Conflict(f"It is {row.status}, not approved.", remedy="Approve it first.")
    importer, item = of_instance(importers, row.instance), row.recommendation
    try:
        taken = await _add(importer, item, monitor, options)
    except ProviderError as error:
        await note_not_taken(db, recommendation_id, error, clock)
        raise
    return await note_pushed(db, recommendation_id, clock, actor, note=HAD[taken])


async def _add(
    importer: Importer, item: Recommendation, monitor: Monitor | None, options: ImportOptions
) -> Taken:
    album = item.release_group_mbid
    if album is None:
        if monitor is Monitor.CHOSEN:
            remedy = "Choose future, all or none; or choose albums: POST /api/v1/recommendations/{id}/albums."
            raise Conflict("An artist was recommended, and no album of theirs.", remedy=remedy)
        chosen = monitor.value if monitor else options.monitor
        monitored = msgspec.structs.replace(options, monitor=chosen)
        return await importer.add_artist(item.artist_mbid, item.artist, monitored)
    if monitor is Monitor.NONE:
        remedy = "Choose chosen, future or all."
        raise Conflict("An album was recommended, and nothing is to be monitored.", remedy=remedy)
    if monitor is Monitor.ALL:
        whole = msgspec.structs.replace(options, monitor=Monitor.ALL.value)
        await importer.add_artist(item.artist_mbid, item.artist, whole)
    new = options.new_releases or monitor in (Monitor.FUTURE, Monitor.ALL)
    wanted = msgspec.structs.replace(options, new_releases=new)
    return await importer.add_album(album, item.artist_mbid, item.artist, wanted)


async def note_pushed(
    db: Database, recommendation_id: int, clock: Clock, actor: Actor, note: str = ""
) -> RecommendationRow:
    """Lidarr took it; nothing changes unless it is on the way."""
    async with db.transaction() as connection:
        current = await find(connection, recommendation_id, to_change=True)
        if current.status in recommendations.ON_THE_WAY:
            now = clock()
            await lists.insert_delivery(connection, current.list_id, PUSH, [current.id], now)
            await recommendations.mark_tried(connection, current.id, now)
            await recommendations.mark_delivered(connection, [current.id], now)
            await write_history(
                connection, [current], Event.PUSHED, now, actor=actor, channel=PUSH, note=note
            )
        return await find(connection, recommendation_id)


async def note_not_taken(db: Database, recommendation_id: int, error: ProviderError, clock: Clock) -> None:
    """Lidarr did not take what is on the way."""
    kind = _kind(error)
    async with db.transaction() as connection:
        current = await find(connection, recommendation_id, to_change=True)
        if current.status not in recommendations.ON_THE_WAY:
            # Somebody decided meanwhile, or it has arrived.
            return
        now, remedy = clock(), error.remedy or None
        await recommendations.mark_tried(connection, current.id, now, failure=error.message, remedy=remedy)
        # A wrong key or address says nothing about what was to be added.
        refused = kind is Failure.REFUSED
        if refused:
            await recommendations.set_status(connection, [current.id], Status.FAILED)
        await write_history(
            connection,
            [current],
            Event.FAILED if refused else Event.ATTEMPTED,
            now,
            actor=Actor.LIDARR,
            note=error.message,
            channel=PUSH,
            cause=kind,
            remedy=remedy,
        )


def _kind(error: ProviderError) -> Failure:
    match error:
        case ProviderUnavailable():
            return Failure.AWAY
        case ProviderRejected(status=HTTPStatus.BAD_REQUEST):
            return Failure.REFUSED
        case ProviderRejected(status=HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN):
            return Failure.KEY
        case ProviderRejected():
            return Failure.SETUP
        case _:
            return Failure.UNREADABLE
