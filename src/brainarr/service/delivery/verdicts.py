"""Verdicts: what lookups and trials found, written down in one transaction: cleared, moved, or failed."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.life import Actor, Event, Failure
from brainarr.domain.recommendation import Status
from brainarr.service.blocks import enforce
from brainarr.service.delivery.lookups import Finding, Looked
from brainarr.store import deliveries, moved_mbids, recommendations
from brainarr.store.history import write_history
from brainarr.store.moved_mbids import Move
from brainarr.store.recommendations import RecommendationRow

BROKEN_AT = 3
"""Lookups in a row that fail over one item alone, unless a sync has just failed over it too."""

TRY_AGAIN = "Try it again in some days: MusicBrainz and Lidarr's metadata server are corrected all the time."
LOOK_AT_IT = (
    "Look it up at musicbrainz.org: it may have been merged or deleted. Try it again later, or give it up."
)


async def write_lookups(
    connection: AsyncConnection, looked: Sequence[Looked], now: datetime, suspects: Collection[int] = ()
) -> frozenset[int]:
    """`suspects`: recommendations that a failed sync had received. Answers which of all have failed now."""
    moves = dict.fromkeys((one.row.instance, move) for one in looked for move in one.moves)
    for instance, move in moves:
        await write_moves(connection, [move], now, instance)
    known = [one.row.id for one in looked if one.finding is Finding.KNOWN]
    await deliveries.mark_cleared(connection, known, now)
    broken = [one for one in looked if one.finding is Finding.BROKEN]
    await deliveries.mark_lookup_failed(connection, [one.row.id for one in broken])
    gone: set[int] = set()
    for one in looked:
        if one.finding is Finding.VANISHED:
            why = f"Lidarr's metadata does not know {one.detail} any more."
            gone |= await fail(connection, [one.row.id], why, LOOK_AT_IT, Failure.VANISHED, now)
    for one in broken:
        if one.row.id in suspects or one.row.lookup_failures + 1 >= BROKEN_AT:
            why = f"Lidarr cannot look it up, though it can others: a list with it would fail. {one.detail}"
            gone |= await fail(connection, [one.row.id], why, TRY_AGAIN, Failure.SYNC, now)
    return frozenset(gone)


async def fail(
    connection: AsyncConnection,
    ids: Collection[int],
    why: str,
    remedy: str,
    cause: Failure,
    now: datetime,
    *,
    broke: bool = False,
) -> frozenset[int]:
    """Those of `ids` that are on the way fail; which. `broke`: a sync has failed because of it."""
    rows = await on_the_way_among(connection, ids)
    if not rows:
        return frozenset()
    failed = [row.id for row in rows]
    changes: dict[str, object] = {"failure": why, "remedy": remedy, "cleared_at": None}
    if broke:
        changes["broke_at"] = now
    await recommendations.set_status(connection, failed, Status.FAILED, **changes)
    await write_history(
        connection, rows, Event.FAILED, now, actor=Actor.LIDARR, note=why, cause=cause, remedy=remedy
    )
    return frozenset(failed)


async def on_the_way_among(
    connection: AsyncConnection, ids: Collection[int]
) -> tuple[RecommendationRow, ...]:
    """Nobody else decides on them until the transaction ends."""
    if not ids:
        return ()
    rows = await recommendations.to_change(connection, ids)
    return tuple(row for row in rows if row.status in recommendations.ON_THE_WAY)


async def write_moves(
    connection: AsyncConnection, moves: Iterable[Move], now: datetime, instance: str
) -> None:
    """What is for this Lidarr goes by the new identifiers from now on."""
    moved = False
    for move in moves:
        moved = True
        rows = await moved_mbids.move(connection, move, now, instance)
        note = f"{move.kind} {move.old} is now {move.new}"
        await write_history(connection, rows, Event.MERGED, now, actor=Actor.LIDARR, note=note)
    if moved:
        # Under its new name it may be one that is blocked.
        await enforce(connection, now)
