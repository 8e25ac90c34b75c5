"""Standings: what of each list waits, what holds it back, and the words for it."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.deliveries import CLEARED_FOR, CYCLE, DeliveryState, Mode, Reason
from brainarr.domain.feed_words import NOT_HELD, Held
from brainarr.domain.health import Issue, Severity
from brainarr.domain.lists import DEFAULT_INSTANCE
from brainarr.pipeline.ports import Clock
from brainarr.store import deliveries
from brainarr.store.lists import lists_of
from brainarr.store.session import Database

LATELY = timedelta(hours=24)
"""So long a failed sync is worth a word."""

MANY_LOST = 5
"""One is somebody's look at the feed in a browser."""


class FeedStanding(msgspec.Struct, frozen=True):
    """What of one list is on its way, and why it does not go out at once."""

    slug: str
    list_id: int
    instance: str
    guarded: bool
    """Whether this list's Lidarr can be asked back; else everything goes out unseen."""
    due: int
    """Approved or delivered, and not in the library yet."""
    cleared: int
    """Those of them that Lidarr's lookup vouches for."""
    held: int
    """Those of them that are suspected of having made a sync fail."""
    state: DeliveryState

    @property
    def mode(self) -> Mode:
        return self.state.mode if self.guarded else Mode.OPEN

    @property
    def held_back(self) -> Mapping[Reason, int]:
        """How many items do not go out, by the reason; what only waits for its turn is not held."""
        if not self.guarded:
            return {}
        match self.mode:
            case Mode.OUTAGE:
                return {Reason.OUTAGE: self.due}
            case Mode.QUARANTINE:
                return {Reason.SEARCH: max(0, self.due - self.free)}
            case Mode.OPEN:
                return {Reason.LOOKUP: self.due - self.cleared}

    @property
    def free(self) -> int:
        """How many may go out at the next sync."""
        if not self.guarded:
            return self.due
        if self.mode is Mode.OPEN:
            return min(self.cleared, CYCLE)
        group = self.state.quarantine.carried if self.mode is Mode.QUARANTINE else None
        return len(group.items) if group and group.list_id == self.list_id else 0


async def read_standings(
    db: Database, guarded: Collection[str], *, clock: Clock
) -> Mapping[str, FeedStanding]:
    """Of every list, by slug. `guarded`: the instances whose Lidarr is configured."""
    async with db.reading() as connection:
        return await standings_of(connection, guarded, clock())


async def standings_of(
    connection: AsyncConnection, guarded: Collection[str], now: datetime
) -> Mapping[str, FeedStanding]:
    """As `read_standings`, within a transaction: three questions, however many lists there are."""
    stored = await lists_of(connection)
    waiting = await deliveries.count_waiting(connection, now - CLEARED_FOR)
    states = await deliveries.read_states(connection)
    standings: dict[str, FeedStanding] = {}
    for one in stored:
        due, cleared = waiting.get(one.id, (0, 0))
        state = states.get(one.instance, DeliveryState())
        suspects = sum(len(group.items) for group in state.quarantine.groups if group.list_id == one.id)
        standings[one.slug] = FeedStanding(
            one.slug, one.id, one.instance, one.instance in guarded, due, cleared, suspects, state
        )
    return standings


def held(standing: FeedStanding, now: datetime) -> Held:
    """What holds a list back, for people; no word where nothing does."""
    if not standing.guarded:
        return NOT_HELD
    state, said = standing.state, list[str]()
    if state.outage is not None and standing.due:
        said.append(
            f"{_items(standing.due)} held: Lidarr's metadata server is away since {_at(state.outage.since)}. "
            "It is tried again by itself."
        )
    elif state.quarantine.groups and standing.due:
        said.append(_search(standing))
    elif standing.due > standing.cleared:
        waiting = standing.due - standing.cleared
        verb = "waits" if waiting == 1 else "wait"
        said.append(f"{waiting} {verb} until Lidarr's own lookup has confirmed {_them(waiting)}.")
    if standing.mode is Mode.OPEN and standing.cleared > CYCLE:
        said.append(f"{standing.cleared} are due; Lidarr is given {CYCLE} at a time.")
    if state.unreachable and standing.due:
        said.append(f"Lidarr's API does not answer: {state.unreachable}")
    failure = state.failure
    if failure and failure.ours is False and now - failure.at < LATELY:
        said.append(
            f"Lidarr's list sync failed at {_at(failure.at)}, and not because of this list: {failure.message}"
        )
    return Held(tuple(said), standing.free)


async def read_delivery_issues(db: Database, guarded: Collection[str], *, clock: Clock) -> tuple[Issue, ...]:
    """What holds back whole Lidarrs, for the health page."""
    async with db.reading() as connection:
        states = await deliveries.read_states(connection)
    now = clock()
    return tuple(
        issue
        for instance, state in sorted(states.items())
        if instance in guarded
        for issue in _issues(instance, state, now)
    )


def _issues(instance: str, state: DeliveryState, now: datetime) -> list[Issue]:
    whose = "Lidarr" if instance == DEFAULT_INSTANCE else f"Lidarr {instance}"
    found: list[Issue] = []
    if state.unreachable is not None:
        message = f"{whose} cannot be asked what became of its list syncs. {state.unreachable}"
        remedy = "Check that Lidarr can be reached: `brainarr doctor`."
        found.append(Issue("Delivery", Severity.NOTICE, message, remedy, about=f"unreachable {instance}"))
    if state.outage is not None:
        message = (
            f"{whose} cannot reach its metadata server since {_at(state.outage.since)}: what you approved is "
            f"held back. {state.outage.reason}"
        )
        remedy = "Nothing needs to be done unless it lasts: it is tried again, and goes on by itself."
        found.append(Issue("Delivery", Severity.WARNING, message, remedy, about=f"outage {instance}"))
    if state.quarantine.groups:
        held = len(state.quarantine.items)
        message = (
            f"{whose} failed to sync a list; {_items(held)} held while it is found out which one did it."
        )
        remedy = "Nothing needs to be done: the innocent go out by themselves, History names the guilty one."
        found.append(Issue("Delivery", Severity.NOTICE, message, remedy, about=f"quarantine {instance}"))
    elif state.failure and state.failure.ours is False and now - state.failure.at < LATELY:
        message = (
            f"{whose} failed to sync its lists at {_at(state.failure.at)}, and not because of Brainarr's: "
            f"{state.failure.message}"
        )
        remedy = "Lidarr's log says which import list or item it was (System > Events, ImportListSync)."
        found.append(Issue("Delivery", Severity.WARNING, message, remedy, about=f"sync {instance}"))
    if state.lost >= MANY_LOST:
        message = (
            f"Nobody knows what the list syncs of {whose} "
            f"come to: none is known for the latest {state.lost} deliveries."
        )
        remedy = "Set the clocks of both machines by a time server (NTP); schedules.deliveries at most 5m."
        found.append(Issue("Delivery", Severity.NOTICE, message, remedy, about=f"lost {instance}"))
    return found


def _search(standing: FeedStanding) -> str:
    others = standing.due - standing.held
    held = f"{_items(standing.held)} under suspicion" if standing.held else ""
    wait = f"{others} {'waits' if others == 1 else 'wait'} for the end of that" if others else ""
    what = "; ".join(part for part in (held, wait) if part)
    return f"A list sync of Lidarr's failed, and Brainarr looks for the item that made it fail: {what}."


def _items(count: int) -> str:
    return f"{count} item{' is' if count == 1 else 's are'}"


def _them(count: int) -> str:
    return "it" if count == 1 else "them"


def _at(moment: datetime) -> str:
    return f"{moment:%H:%M} UTC on {moment.day} {moment:%B}"
