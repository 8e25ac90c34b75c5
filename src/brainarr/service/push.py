"""Pushing: adding to Lidarr at once, without a list: what was approved, or albums chosen one by one."""

from collections.abc import Sequence
from enum import StrEnum
from http import HTTPStatus

import msgspec

from brainarr.domain.life import Actor, Event, Failure
from brainarr.domain.music import Mbid, ReleaseGroup
from brainarr.domain.recommendation import Status
from brainarr.errors import Conflict, NotFound, ProviderError, ProviderRejected, ProviderUnavailable
from brainarr.pipeline.ports import Clock, Importer, ImportOptions
from brainarr.service.blocks import covering
from brainarr.service.recommendations import Decision, decide, find, read_recommendation
from brainarr.store import lists, recommendations
from brainarr.store.history import PUSH, write_history
from brainarr.store.recommendations import RecommendationRow
from brainarr.store.session import Database

AS_LIDARR_HAS_IT = ImportOptions()


async def push(
    db: Database,
    recommendation_id: int,
    importer: Importer,
    *,
    clock: Clock,
    options: ImportOptions = AS_LIDARR_HAS_IT,
    actor: Actor = Actor.PERSON,
) -> RecommendationRow:
    """Adds what was approved to Lidarr. Raises NotFound, ProviderError, Conflict when not approved.

    When Lidarr refuses it for good it becomes failed; when Lidarr is away it stays as it was, and its history
    keeps the attempt. Brainarr killed between the two steps leaves it approved: adding once more does no
    harm.
    """
    row = await read_recommendation(db, recommendation_id)
    if row.status not in recommendations.ON_THE_WAY:
        raise Conflict(f"It is {row.status}, not approved.", remedy="Approve it first.")
    item = row.recommendation
    try:
        if item.release_group_mbid is None:
            await importer.add_artist(item.artist_mbid, item.artist, options)
        else:
            await importer.add_album(item.release_group_mbid, item.artist_mbid, item.artist, options)
    except ProviderError as error:
        await _not_taken(db, recommendation_id, error, clock)
        raise
    return await _pushed(db, recommendation_id, clock, actor)


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


class Choice(msgspec.Struct, frozen=True):
    """What a person picked of an artist's albums, and how Lidarr takes it in."""

    albums: tuple[ReleaseGroup, ...]
    monitor: Monitor = Monitor.CHOSEN
    options: ImportOptions = AS_LIDARR_HAS_IT


class Added(msgspec.Struct, frozen=True):
    """What became of one part of a choice."""

    title: str
    """Of the album; the artist's name for the artist as such."""
    mbid: Mbid
    problem: str | None = None
    """Why Lidarr did not take it, and what to do about it; None: it did."""


async def add_choice(
    db: Database,
    recommendation_id: int,
    choice: Choice,
    importer: Importer,
    *,
    clock: Clock,
    actor: Actor = Actor.PERSON,
) -> tuple[Added, ...]:
    """Adds albums of the recommended artist, each by itself: one that is refused does not stop the others.

    Where the choice holds what was recommended, that is approved and pushed with it; else the recommendation
    stays as it is, and its history says what was added. Raises NotFound; Conflict when nothing was chosen or
    the artist is blocked; ProviderError when Lidarr took nothing at all.
    """
    if not choice.albums and choice.monitor in (Monitor.CHOSEN, Monitor.FUTURE):
        raise Conflict("No album was chosen.", remedy="Choose one, or all of them.")
    if choice.albums and choice.monitor is Monitor.NONE:
        raise Conflict("Albums were chosen, and nothing is to be monitored.", remedy="Leave out one of the two.")
    async with db.reading() as connection:
        row = await find(connection, recommendation_id)
        if block := await covering(connection, row.recommendation):
            raise Conflict(f"{block.name} is blocked.", remedy="Revoke the block first.")
    added, failure = await _add_each(row, choice, importer)
    if failure is not None and all(one.problem for one in added):
        await _not_taken(db, recommendation_id, failure, clock)
        raise failure
    taken = [one for one in added if one.problem is None]
    if _holds(choice, taken, row) and row.status in _STILL_OPEN:
        if row.status not in recommendations.ON_THE_WAY:
            await decide(db, recommendation_id, Decision.APPROVE, clock=clock, actor=actor)
        await _pushed(db, recommendation_id, clock, actor, note=_told(taken, choice))
        return added
    async with db.transaction() as connection:
        current = await find(connection, recommendation_id, to_change=True)
        note = _told(taken, choice)
        await write_history(connection, [current], Event.ADDED, clock(), actor=actor, channel=PUSH, note=note)
    return added


def choose_albums(known: Sequence[ReleaseGroup], wanted: Sequence[Mbid]) -> tuple[ReleaseGroup, ...]:
    """Those of an artist's albums that were picked. Raises NotFound for one that is not among them."""
    by_mbid = {album.mbid: album for album in known}
    if strange := [mbid for mbid in wanted if mbid not in by_mbid]:
        raise NotFound(f"The artist has no album {strange[0]}.", remedy="Choose from the list of albums.")
    return tuple(by_mbid[mbid] for mbid in dict.fromkeys(wanted))


_STILL_OPEN = (Status.PENDING, *recommendations.ON_THE_WAY, Status.REJECTED, Status.FAILED)
"""Nothing of it is in the library yet, and approving it is possible."""


def _holds(choice: Choice, taken: Sequence[Added], row: RecommendationRow) -> bool:
    """Whether what was taken in is, or has in it, what was recommended."""
    group = row.recommendation.release_group_mbid
    return group is None or choice.monitor is Monitor.ALL or any(one.mbid == group for one in taken)


async def _add_each(
    row: RecommendationRow, choice: Choice, importer: Importer
) -> tuple[tuple[Added, ...], ProviderError | None]:
    """What became of each part, and the last failure among them."""
    item, options = row.recommendation, choice.options
    added: list[Added] = []
    failure: ProviderError | None = None
    if choice.monitor in (Monitor.ALL, Monitor.NONE):
        try:
            monitored = msgspec.structs.replace(options, monitor=choice.monitor.value)
            await importer.add_artist(item.artist_mbid, item.artist, monitored)
            added.append(Added(item.artist, item.artist_mbid))
        except ProviderError as error:
            return (Added(item.artist, item.artist_mbid, str(error)),), error
    options = msgspec.structs.replace(
        options,
        beside=tuple(album.mbid for album in choice.albums),
        new_releases=choice.monitor in (Monitor.FUTURE, Monitor.ALL),
    )
    for album in choice.albums:
        try:
            await importer.add_album(album.mbid, item.artist_mbid, item.artist, options)
            added.append(Added(album.title, album.mbid))
        except ProviderError as error:
            failure = error
            added.append(Added(album.title, album.mbid, str(error)))
    return tuple(added), failure


_WATCHED = {
    Monitor.CHOSEN: "",
    Monitor.FUTURE: "; future releases are monitored",
    Monitor.ALL: "; all albums are monitored",
    Monitor.NONE: "; nothing else is monitored",
}


def _told(taken: Sequence[Added], choice: Choice) -> str:
    return (", ".join(one.title for one in taken) + _WATCHED[choice.monitor])[:1_000]


async def _pushed(
    db: Database, recommendation_id: int, clock: Clock, actor: Actor, note: str = ""
) -> RecommendationRow:
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


async def _not_taken(db: Database, recommendation_id: int, error: ProviderError, clock: Clock) -> None:
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
