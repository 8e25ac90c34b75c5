"""Trials: what each list sync came to, and what that tells of the items that it had received.

All of it stands in the database, written in the transaction in which it is found: a process that dies loses
nothing, and of two processes the second finds it done.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain import quarantine as rules
from brainarr.domain.deliveries import CLEARED_FOR, DeliveryState, FailedSync
from brainarr.domain.life import Actor, Event, Failure
from brainarr.domain.list_syncs import ListSync, Outcome, Received, named_in, receipt
from brainarr.domain.quarantine import Found, Group, Quarantine
from brainarr.service.delivery.verdicts import TRY_AGAIN, fail, on_the_way_among
from brainarr.store import deliveries
from brainarr.store.deliveries import Delivery
from brainarr.store.history import write_history
from brainarr.store.recommendations import RecommendationRow

LOOKS_BACK = timedelta(hours=2)
"""What an older delivery came to is not to be found out any more."""

PROVEN_FOR = CLEARED_FOR
"""So long the sync that an item went through well speaks for it: identifiers break later, too."""


ABANDONED_AFTER = timedelta(hours=13)
"""Twice Lidarr's longest interval, and more."""

_MOST_LOST = 1_000


class Receipts(msgspec.Struct, frozen=True):
    """Of every delivery what became of it, by the sync that received it."""

    by_sync: Mapping[int, tuple[ListSync, tuple[Delivery, ...]]]
    lost: tuple[Delivery, ...]
    """Nobody knows what they came to."""

    @property
    def any(self) -> bool:
        return bool(self.by_sync or self.lost)

    @property
    def carried(self) -> frozenset[int]:
        """Every item that was received."""
        return frozenset(
            item for _, polls in self.by_sync.values() for poll in polls for item in poll.carried
        )

    @property
    def failed(self) -> bool:
        return any(sync.failed for sync, _ in self.by_sync.values())


async def read_receipts(
    connection: AsyncConnection, instance: str, syncs: Sequence[ListSync], now: datetime
) -> Receipts:
    """Of the deliveries that are still open."""
    waiting = await deliveries.open_deliveries(connection, instance, now - LOOKS_BACK)
    received: list[tuple[Delivery, Received]] = [
        (delivery, found) for delivery in waiting if (found := receipt(delivery.at, syncs, now)) is not None
    ]
    by_sync: dict[int, tuple[ListSync, tuple[Delivery, ...]]] = {}
    for delivery, found in received:
        if found.sync is not None:
            _, before = by_sync.get(found.sync.id, (found.sync, ()))
            by_sync[found.sync.id] = (found.sync, (*before, delivery))
    in_order = sorted(by_sync.items(), key=lambda one: one[1][0].started_at)
    return Receipts(dict(in_order), tuple(delivery for delivery, found in received if found.sync is None))


async def excuse(connection: AsyncConnection, receipts: Receipts) -> None:
    """The metadata server is away: what failed says nothing of what was carried."""
    for sync, carried in receipts.by_sync.values():
        outcome = Outcome.UNKNOWN if sync.failed else Outcome.PASSED
        await deliveries.settle(connection, [delivery.id for delivery in carried], outcome)
    await deliveries.settle(connection, [delivery.id for delivery in receipts.lost], Outcome.UNKNOWN)


async def apply(
    connection: AsyncConnection, state: DeliveryState, receipts: Receipts, now: datetime
) -> DeliveryState:
    """What is proven, suspected, released or guilty now."""
    await deliveries.settle(connection, [delivery.id for delivery in receipts.lost], Outcome.UNKNOWN)
    lost = sum(bool(delivery.carried) for delivery in receipts.lost)
    state = msgspec.structs.replace(state, lost=0 if receipts.by_sync else min(state.lost + lost, _MOST_LOST))
    for sync, carried in receipts.by_sync.values():
        outcome = Outcome.FAILED if sync.failed else Outcome.PASSED
        if all(delivery.trial is None for delivery in carried):
            state = await _judge_usual(connection, state, sync, carried, now)
        elif _is_the_trial(state.quarantine, carried):
            state = await _judge_trial(connection, state, sync, now)
        else:
            # Of another trial, or of several at once: no telling which of them it was.
            outcome = Outcome.UNKNOWN
        await deliveries.settle(connection, [delivery.id for delivery in carried], outcome)
    return state


async def drop_decided(connection: AsyncConnection, state: DeliveryState, instance: str) -> DeliveryState:
    """Without what somebody decided otherwise, or has arrived. What went on in another list of this Lidarr is
    suspected there: nobody fetches it by its old one."""
    suspects = state.quarantine.items
    if not suspects:
        return state
    rows = {row.id: row for row in await on_the_way_among(connection, suspects) if row.instance == instance}
    moved = [
        (group, rows[item])
        for group in state.quarantine.groups
        for item in group.items
        if item in rows and _feed(rows[item]) != (group.list_id, group.channel)
    ]
    gone = (suspects - rows.keys()) | {row.id for _, row in moved}
    quarantine = rules.withdraw(state.quarantine, gone)
    groups: dict[tuple[int, str, int], list[int]] = defaultdict(list)
    for group, row in moved:
        groups[(*_feed(row), group.failures)].append(row.id)
    again = [Group(number, channel, tuple(ids), failed) for (number, channel, failed), ids in groups.items()]
    return msgspec.structs.replace(state, quarantine=rules.suspect(quarantine, again, split=False))


async def drop_abandoned(connection: AsyncConnection, state: DeliveryState, now: datetime) -> DeliveryState:
    """Without the groups of a feed that nobody fetches any more, which the others would wait for in vain."""
    quarantine, since = state.quarantine, state.trial_since
    abandoned = (
        bool(quarantine.groups)
        and state.asked_trial == quarantine.trial
        and since is not None
        and now - since > ABANDONED_AFTER
    )
    if not abandoned:
        return state
    first = quarantine.groups[0]
    same_feed = (
        one for one in quarantine.groups if (one.list_id, one.channel) == (first.list_id, first.channel)
    )
    items = tuple(item for group in same_feed for item in group.items)
    note = "Lidarr does not fetch its list any more: no telling whether it was the one."
    released = await on_the_way_among(connection, items)
    await write_history(connection, released, Event.RELEASED, now, actor=Actor.AUTOMATIC, note=note)
    return msgspec.structs.replace(state, quarantine=rules.withdraw(quarantine, items))


async def add_probation(
    connection: AsyncConnection, state: DeliveryState, instance: str, now: datetime
) -> DeliveryState:
    """What has made a sync fail, and is tried again at a person's wish, goes out alone."""
    rows = await deliveries.on_probation(connection, instance)
    fresh = [row for row in rows if row.id not in state.quarantine.items]
    if not fresh:
        return state
    groups = [Group(*_feed(row), (row.id,), failures=rules.GUILTY_AT - 1) for row in fresh]
    note = "It made a list sync fail before: it goes out alone."
    await write_history(connection, fresh, Event.HELD, now, actor=Actor.AUTOMATIC, note=note)
    return msgspec.structs.replace(state, quarantine=rules.suspect(state.quarantine, groups))


async def _judge_usual(
    connection: AsyncConnection,
    state: DeliveryState,
    sync: ListSync,
    carried: Sequence[Delivery],
    now: datetime,
) -> DeliveryState:
    ids = {item for delivery in carried for item in delivery.carried}
    if not sync.failed:
        await deliveries.mark_proven(connection, ids, now)
        return state
    rows = await on_the_way_among(connection, ids)
    suspects = [row for row in rows if row.proven_at is None or row.proven_at < now - PROVEN_FOR]
    suspects = [row for row in suspects if row.id not in state.quarantine.items]
    if not suspects:
        # In the middle of a search the failure that is searched for is the one to be shown.
        not_ours = FailedSync(_at(sync), sync.message, ours=False)
        return state if state.quarantine.groups else msgspec.structs.replace(state, failure=not_ours)
    await write_history(
        connection, suspects, Event.HELD, now, actor=Actor.LIDARR, note=_heading(sync), cause=Failure.SYNC
    )
    quarantine = state.quarantine
    for group in _grouped(suspects, sync):
        quarantine = rules.suspect(quarantine, [group])
    failure = FailedSync(_at(sync), sync.message)
    return msgspec.structs.replace(state, quarantine=quarantine, failure=failure)


def _grouped(suspects: Sequence[RecommendationRow], sync: ListSync) -> list[Group]:
    """By feed. Those that the failure names come first; the newest ones are suspected before others."""
    named = named_in(sync.message)
    groups: dict[tuple[bool, int, str], list[int]] = defaultdict(list)
    for row in sorted(suspects, key=lambda row: -row.id):
        identifiers = {row.recommendation.artist_mbid, row.recommendation.release_group_mbid}
        groups[not identifiers & named, *_feed(row)].append(row.id)
    return [Group(list_id, channel, tuple(items)) for (_, list_id, channel), items in sorted(groups.items())]


def _feed(row: RecommendationRow) -> tuple[int, str]:
    feed = deliveries.feed_of(row)
    return feed.list_id, feed.channel


def _is_the_trial(quarantine: Quarantine, carried: Sequence[Delivery]) -> bool:
    """Whether a sync received just what the present trial is about."""
    if not quarantine.groups or {delivery.trial for delivery in carried} - {None} != {quarantine.trial}:
        return False
    if any(delivery.trial is None and delivery.carried for delivery in carried):
        return False
    group = quarantine.carried
    received = {item for delivery in carried for item in delivery.carried}
    return received == (set(group.items) if group else set[int]())


async def _judge_trial(
    connection: AsyncConnection, state: DeliveryState, sync: ListSync, now: datetime
) -> DeliveryState:
    was_control = state.quarantine.control
    found = (rules.failed if sync.failed else rules.passed)(state.quarantine)
    guilty = await _convict(connection, found, state, now)
    await deliveries.mark_proven(connection, found.innocent, now)
    released = await on_the_way_among(connection, found.innocent)
    await write_history(connection, released, Event.RELEASED, now, actor=Actor.LIDARR)
    failure, in_a_row = state.failure, 0
    if found.not_ours:
        failure, in_a_row = FailedSync(_at(sync), sync.message, ours=False), state.controls_failed + 1
    elif guilty:
        failure = _with(failure, ours=True)
    elif not found.quarantine.groups:
        # Everybody was innocent: whatever it was has passed, or was somebody else's.
        failure = _with(failure, ours=False if failure and failure.ours is None else None)
    elif sync.failed and not was_control:
        failure = FailedSync(_at(sync), sync.message)
    return msgspec.structs.replace(
        state, quarantine=found.quarantine, failure=failure, controls_failed=in_a_row
    )


async def _convict(
    connection: AsyncConnection, found: Found, state: DeliveryState, now: datetime
) -> frozenset[int]:
    said = f" Lidarr says: {state.failure.message}" if state.failure and state.failure.message else ""
    why = f"Lidarr's list sync fails whenever it receives this, and goes well without.{said}"
    return await fail(connection, found.guilty, why[:1_000], TRY_AGAIN, Failure.SYNC, now, broke=True)


def _with(failure: FailedSync | None, *, ours: bool | None) -> FailedSync | None:
    if failure is None or ours is None:
        return failure
    return msgspec.structs.replace(failure, ours=ours)


def _heading(sync: ListSync) -> str:
    return f"A list sync failed that had received it. {sync.message}".strip()[:1_000]


def _at(sync: ListSync) -> datetime:
    return sync.ended_at or sync.started_at
