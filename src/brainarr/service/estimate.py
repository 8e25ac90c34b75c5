"""Estimate: what a run would cost, before it is started."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import msgspec

from brainarr.domain.caching import Key, Kind, digest
from brainarr.domain.lists import ListKind
from brainarr.domain.money import NO_LIMITS, CallEstimate, Limits
from brainarr.domain.music import Library
from brainarr.domain.recommendation import Memory, RunOptions
from brainarr.errors import Conflict
from brainarr.pipeline.ports import Cache, Clock, Fresh
from brainarr.service.library import read_snapshot
from brainarr.service.lists import DEFAULT_LIST, find_list
from brainarr.store import library
from brainarr.store.lists import StoredList
from brainarr.store.memory import read_memory
from brainarr.store.session import Database
from brainarr.store.usage import spent_since, start_of_month

# As long as a model's server is taken to be what it was when it was asked.
ESTIMATE = Kind("estimate", timedelta(minutes=5), timedelta(minutes=5))


class Estimating(msgspec.Struct, frozen=True):
    """The prompts and prices of the provider chain, bound by wiring."""

    chain: str
    """Fingerprint of its entries."""
    options: Callable[[], Awaitable[RunOptions]]
    """Those of a run that starts now."""
    calls: Callable[[Library, RunOptions, Memory, StoredList], Awaitable[tuple[CallEstimate, ...]]]
    """Of the entries that a run of the list asks, in its order."""


class _Calls(msgspec.Struct, frozen=True):
    made: tuple[CallEstimate, ...]


_read = msgspec.msgpack.Decoder(_Calls).decode
# In one order, whatever the order of a set is in this process.
_encode = msgspec.msgpack.Encoder(order="deterministic").encode


class RunEstimate(msgspec.Struct, frozen=True):
    """At most, for asking each entry of the chain once; a run that finds too little, or has its reasons
    worded, asks again."""

    calls: tuple[CallEstimate, ...]
    """In the chain's order."""
    spent_microdollars: int
    """This month."""
    limits: Limits

    @property
    def at_most(self) -> int:
        """Micro-dollars if every entry is asked, of those whose price is known."""
        return sum(call.cost_microdollars or 0 for call in self.calls)

    @property
    def unpriced(self) -> tuple[str, ...]:
        return tuple(call.name for call in self.calls if call.cost_microdollars is None)

    def affordable(self, call: CallEstimate) -> bool:
        """Whether the budgets would bear this call now. One without a price fits into no budget."""
        cost = call.cost_microdollars
        if self.limits.none or cost == 0:
            return True
        if cost is None:
            return False
        month, run = self.limits.month, self.limits.run
        return (month is None or self.spent_microdollars + cost <= month) and (run is None or cost <= run)


async def estimate_run(
    db: Database,
    cache: Cache,
    estimating: Estimating,
    list_slug: str = DEFAULT_LIST,
    *,
    clock: Clock,
    limits: Limits = NO_LIMITS,
) -> RunEstimate:
    """By the library as it was read last; the same question within five minutes has the same answer, unless
    something changed that goes into the prompts. Raises NotFound, and Conflict before the library was read at
    all."""
    usual = await estimating.options()
    async with db.reading() as connection:
        wanted = await find_list(connection, list_slug)
        options, providers = wanted.terms.over(usual), wanted.terms.providers
        state = await library.read_state(connection, wanted.instance)
        memory = await read_memory(connection)
        spent = await spent_since(connection, start_of_month(clock()))
    if wanted.kind is not ListKind.DISCOVER:
        # Albums of artists that are there already: nobody needs a model to find those.
        return RunEstimate((), spent, limits)
    if state is None:
        raise _unread()

    async def make() -> Fresh:
        owned = await read_snapshot(db, instance=wanted.instance)
        if owned is None:
            raise _unread()
        calls = await estimating.calls(owned, options, memory, wanted)
        # What could not be found out is asked again at the next question.
        lifetime = timedelta() if any(call.problem for call in calls) else key.lives()
        return Fresh(msgspec.msgpack.encode(_Calls(calls)), lifetime)

    asked = (estimating.chain, providers, wanted.instance, state.version, options, memory)
    key = Key(ESTIMATE, digest(_encode(asked)))
    return RunEstimate((await cache.fetch(key, _read, make)).made, spent, limits)


def _unread() -> Conflict:
    return Conflict(
        "The library has not been read yet, so that no prompt can be written.",
        remedy="Start a run, or wait until the server has read it.",
    )
