"""The health monitor: asks each model's server, at no cost, whether it is there, and moves its breaker."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec
import structlog

from brainarr.domain import circuit as rules
from brainarr.domain.circuit import Cause, Circuit, Rule, State
from brainarr.errors import ProviderError, ProviderUnavailable
from brainarr.pipeline.ports import BreakerState, Clock
from brainarr.store import breakers
from brainarr.store.session import Database

PROBE_S = 15.0
"""Longer than any list of models takes; a server that needs more would not answer a question in time."""

log = structlog.get_logger(__name__)


class Watched(msgspec.Struct, frozen=True):
    """One entry of the provider chain that has a model."""

    name: str
    setup: str
    """Fingerprint of its address, model and key."""
    probe: Callable[[], Awaitable[str]]
    """One line of proof that it is there, without billed tokens. Raises ProviderError."""


async def watch_providers(
    watched: Sequence[Watched], circuits: BreakerState, clock: Clock, *, patience: float = PROBE_S
) -> None:
    """Probes all at once; a breaker opens where one fails, and closes where one succeeds again."""
    probes = (probe_provider(one, circuits, clock, patience=patience) for one in watched)
    for found in await asyncio.gather(*probes, return_exceptions=True):
        # That one is away is noted in its circuit; anything else is no answer of a provider.
        if isinstance(found, BaseException) and not isinstance(found, ProviderError):
            raise found


async def probe_provider(
    one: Watched,
    circuits: BreakerState,
    clock: Clock,
    *,
    good: Rule = rules.probed,
    patience: float = PROBE_S,
) -> str:
    """What the probe says; its circuit learns how it went. Raises ProviderError."""
    try:
        try:
            async with asyncio.timeout(patience):
                line = await one.probe()
        except TimeoutError:
            raise ProviderUnavailable(one.name, f"no answer within {patience:g} s.") from None
    except ProviderError as error:
        cause, reason = rules.cause_of(error), str(error)
        # Asked too often: it is there.
        if cause is not Cause.PAUSE:
            latch = Cause.KEY if cause is Cause.KEY else Cause.PROBE
            await _change(
                one, circuits, clock, lambda circuit, now: rules.unproved(circuit, now, reason, latch)
            )
        raise
    await _change(one, circuits, clock, good)
    return line


async def read_breakers(db: Database, setups: Mapping[str, str]) -> dict[str, Circuit]:
    """The circuits that are remembered of these entries (name → setup), of their present setup only."""
    async with db.reading() as connection:
        stored = await breakers.read_circuits(connection)
    return {
        name: circuit
        for name, setup in setups.items()
        if (circuit := stored.get(name)) is not None and circuit.setup == setup
    }


async def close_breaker(db: Database, provider: str, setup: str, *, clock: Clock) -> None:
    """At a person's word: whatever opened it, the next question may try."""
    now = clock()
    await breakers.StoredBreakers(db).change(provider, lambda _: rules.closed(setup, now))
    log.info("a breaker was closed by hand", provider=provider)


async def _change(one: Watched, circuits: BreakerState, clock: Clock, rule: Rule) -> None:
    now = clock()
    before = rules.current(await circuits.read(one.name), one.setup, now)
    after = await circuits.change(one.name, lambda found: rule(rules.current(found, one.setup, now), now))
    if before.state is State.CLOSED and after.state is State.OPEN:
        log.warning("a probe opened a breaker", provider=one.name, reason=after.reason)
    elif before.state is not State.CLOSED and after.state is State.CLOSED:
        log.info("a probe closed a breaker", provider=one.name)
