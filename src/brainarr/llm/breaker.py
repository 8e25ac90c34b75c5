"""The circuit breaker of one entry of the chain: what is broken is not asked, and costs a run nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from hashlib import blake2b

import msgspec
import structlog

from brainarr.domain import circuit as rules
from brainarr.domain.circuit import Circuit, State
from brainarr.errors import ProviderError, ProviderUnavailable
from brainarr.llm.registry import ProviderEntry
from brainarr.llm.wire import SchemaRefused
from brainarr.pipeline.ports import BreakerState, Clock

log = structlog.get_logger(__name__)


class BreakerOpen(Exception):
    """The question was not asked; the message says since when the breaker is open, why, and until when."""


class Breaker:
    """Lets questions to one provider through, or not, by what became of those before.

    It remembers nothing itself: what `circuits` holds counts, for every process that shares it.
    """

    def __init__(self, entry: ProviderEntry, circuits: BreakerState, clock: Clock) -> None:
        self._name = entry.name
        self._setup = setup_of(entry)
        self._circuits = circuits
        self._clock = clock

    @asynccontextmanager
    async def question(self) -> AsyncIterator[None]:
        """Around one question. Raises BreakerOpen instead of letting it through.

        A question on trial that ends without `answered` or `failed` (it was called off) was no trial.
        """
        on_trial = await self._enter()
        try:
            yield
        finally:
            if on_trial:
                await self._change(rules.left)

    async def answered(self) -> None:
        before = await self._circuits.read(self._name)
        after = await self._change(rules.answered)
        if before is not None and before.state is not State.CLOSED and after.state is State.CLOSED:
            log.info("a breaker closed", provider=self._name)

    async def failed(self, error: ProviderError) -> bool:
        """Whether the breaker lets another question through after this."""
        if isinstance(error, SchemaRefused):
            return True
        pause = error.retry_after if isinstance(error, ProviderUnavailable) else None
        rest = None if pause is None else timedelta(seconds=pause)
        cause = rules.cause_of(error)
        circuit = await self._change(
            lambda circuit, now: rules.failed(circuit, now, str(error), cause, rest),
        )
        if circuit.state is State.OPEN:
            log.warning("a breaker opened", provider=self._name, reason=circuit.reason)
        return circuit.state is State.CLOSED

    async def _enter(self) -> bool:
        """Whether the question is on trial."""
        now = self._clock()
        circuit = rules.current(await self._circuits.read(self._name), self._setup, now)
        if circuit.state is State.CLOSED:
            return False
        passed = False

        def enter(remembered: Circuit | None) -> Circuit:
            nonlocal passed
            circuit = rules.current(remembered, self._setup, now)
            passed = not rules.refuses(circuit, now)
            return rules.entered(circuit, now)

        circuit = await self._circuits.change(self._name, enter)
        if not passed:
            raise BreakerOpen(rules.explained(circuit))
        return circuit.state is State.HALF_OPEN

    async def _change(self, rule: rules.Rule) -> Circuit:
        now = self._clock()
        return await self._circuits.change(
            self._name, lambda remembered: rule(rules.current(remembered, self._setup, now), now)
        )


def setup_of(entry: ProviderEntry) -> str:
    """The fingerprint of whom an entry asks and with which key: when it changes, the past does not count."""
    key = entry.api_key.get_secret_value().strip() if entry.api_key else ""
    setup = msgspec.json.encode((entry.kind, entry.address, entry.model, key))
    return blake2b(setup, digest_size=16, person=b"brainarr-breaker").hexdigest()
