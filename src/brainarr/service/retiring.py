"""Retiring lists: who deletes one closes its key and ends its runs, and loses nothing that came of it.

Runs, verdicts and history stay as they are, under its name. What waits in it, or is on its way to Lidarr,
goes on in another list of the same Lidarr, or is given up, as the person says.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.deliveries import CLEARED_FOR
from brainarr.domain.life import STEPS, Actor, Event
from brainarr.domain.recommendation import Status
from brainarr.errors import Conflict
from brainarr.pipeline.ports import Clock
from brainarr.service.lists import DEFAULT_LIST, ListRow, find_list, new_key
from brainarr.store import lists, recommendations, runs
from brainarr.store.history import write_history
from brainarr.store.lists import StoredList
from brainarr.store.recommendations import ON_THE_WAY, RecommendationRow
from brainarr.store.runs import RunStatus
from brainarr.store.secrets import Secrets
from brainarr.store.session import Database

List = TypeVar("List", StoredList, ListRow)

_OPEN = (Status.PENDING, Status.APPROVED, Status.DELIVERED, Status.FAILED)


class Leftovers(StrEnum):
    """What becomes of recommendations in a list that is deleted."""

    MOVE = "move"
    """They go on in the oldest other list of the same Lidarr, in one of the same kind if there is any."""
    REJECT = "reject"
    """The person does not want them: what Lidarr has not fetched is rejected, the rest is given up."""


class Deleted(msgspec.Struct, frozen=True):
    """What deleting a list came to."""

    name: str
    moved: int = 0
    moved_to: str = ""
    """The name of that list."""
    rejected: int = 0
    """Given up included."""


async def delete_list(
    db: Database,
    secrets: Secrets,
    slug: str,
    *,
    leftovers: Leftovers = Leftovers.MOVE,
    clock: Clock,
    actor: Actor = Actor.PERSON,
) -> Deleted:
    """From now on its key opens nothing and no run is made for it. Raises NotFound and Conflict."""
    now = clock()
    async with db.transaction() as connection:
        wanted = await find_list(connection, slug)
        if slug == DEFAULT_LIST:
            raise Conflict("The first list stays: runs that name no list are for it.")
        if not await lists.list_is_used(connection, wanted.id):
            await lists.delete_list(connection, wanted.id)
            return Deleted(wanted.name)
        still_open = await recommendations.in_status(connection, _OPEN, list_id=wanted.id)
        waiting = [row for row in still_open if row.given_up_at is None]
        if waiting and leftovers is Leftovers.MOVE:
            heir = await _heir(connection, wanted, len(waiting))
            await _move(connection, waiting, wanted, heir, now, actor)
            deleted = Deleted(wanted.name, moved=len(waiting), moved_to=heir.name)
        else:
            await _refuse(connection, waiting, wanted, now, actor)
            deleted = Deleted(wanted.name, rejected=len(waiting))
        await _end_runs(connection, wanted, now)
        await lists.retire_list(connection, wanted.id, secrets.encrypt(new_key()), now)
    return deleted


async def rehome(connection: AsyncConnection, now: datetime, actor: Actor) -> None:
    """What somebody takes up again after its list was deleted goes on in another one of its Lidarr, else in
    the first list."""
    strays = await recommendations.in_retired_lists(connection, (Status.PENDING, *ON_THE_WAY))
    if not strays:
        return
    present = await lists.lists_of(connection)
    of_list: dict[int, list[RecommendationRow]] = defaultdict(list)
    for row in strays:
        of_list[row.list_id].append(row)
    for gone in await lists.lists_of(connection, retired=True):
        if rows := of_list.get(gone.id):
            await _move(connection, rows, gone, heir_among(present, gone) or present[0], now, actor)


def heir_among(present: Sequence[List], gone: List) -> List | None:
    """The oldest other list of its Lidarr, one of its kind first: Lidarr's import list for albums of owned
    artists is set up otherwise. `present`: the oldest first."""
    others = [one for one in present if one.slug != gone.slug and one.instance == gone.instance]
    return min(others, key=lambda one: one.kind is not gone.kind, default=None)


async def _heir(connection: AsyncConnection, wanted: StoredList, waiting: int) -> StoredList:
    heir = heir_among(await lists.lists_of(connection), wanted)
    if heir is None:
        raise Conflict(
            f"{waiting} still wait in {wanted.name}, and no other list is for the Lidarr {wanted.instance}.",
            remedy="Decide on them first, or delete the list with ?leftovers=reject.",
        )
    return heir


async def _move(
    connection: AsyncConnection,
    rows: Sequence[RecommendationRow],
    wanted: StoredList,
    heir: StoredList,
    now: datetime,
    actor: Actor,
) -> None:
    await recommendations.move_to_list(connection, [row.id for row in rows], heir.id)
    note = f"from {wanted.name} to {heir.name}"
    await write_history(connection, rows, Event.MOVED, now, actor=actor, note=note)
    await lists.want_syncs(connection, [row.id for row in rows], now, cleared_since=now - CLEARED_FOR)


async def _refuse(
    connection: AsyncConnection,
    rows: Sequence[RecommendationRow],
    wanted: StoredList,
    now: datetime,
    actor: Actor,
) -> None:
    note = f"its list {wanted.name} was deleted"
    fetched = [row for row in rows if row.status is Status.DELIVERED]
    if fetched:
        why = {"failure": "Its list was deleted.", "remedy": None, "given_up_at": now}
        await recommendations.set_status(connection, [row.id for row in fetched], Status.FAILED, **why)
        await write_history(connection, fetched, Event.GIVEN_UP, now, actor=actor, note=note)
    others = [row for row in rows if row.status in STEPS[Event.REJECTED].begins]
    if others:
        said = {"decided_at": now, "note": note, "failure": None, "remedy": None}
        await recommendations.set_status(connection, [row.id for row in others], Status.REJECTED, **said)
        await write_history(connection, others, Event.REJECTED, now, actor=actor, note=note)


async def _end_runs(connection: AsyncConnection, wanted: StoredList, now: datetime) -> None:
    present = await runs.open_run(connection, wanted.id)
    if present is None:
        return
    if present.status is RunStatus.QUEUED:
        await runs.close_run(connection, present.id, RunStatus.CANCELLED, now)
    else:
        await runs.ask_to_stop(connection, present.id)
