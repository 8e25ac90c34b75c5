"""The budget: a paid model is asked only when its dearest answer still fits."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from brainarr.domain.money import Limits, Reservation, dollars
from brainarr.errors import StorageError
from brainarr.pipeline.ports import Ledger


class OverBudget(Exception):
    """The call was not made, because the budget does not bear it."""


class Budget:
    """What the calls of one run may cost. The ledger keeps the sums: runs and processes share them."""

    def __init__(self, ledger: Ledger, limits: Limits) -> None:
        self._ledger = ledger
        self._limits = limits

    @asynccontextmanager
    async def hold(self, estimate: int | None) -> AsyncIterator[int | None]:
        """Keeps `estimate` micro-dollars aside while the caller asks and records; raises OverBudget.

        Yields the reservation, which the record of the answer settles: also without a limit, for whoever is
        killed in between has been billed all the same. An unpriced call (None) cannot be kept within a
        budget, so it is not made while there is one.
        """
        if estimate is None and not self._limits.none:
            raise OverBudget("its price is not known, so no budget can be kept; set `prices` for it")
        if not estimate:
            yield None
            return
        reservation = await self._ledger.reserve(estimate, self._limits)
        if reservation.id is None:
            raise OverBudget(_refusal(estimate, reservation, self._limits))
        try:
            yield reservation.id
        except StorageError:
            # What the call has cost could not be written down: what was kept aside goes on standing for it.
            raise
        except BaseException:
            await self._ledger.release(reservation.id)
            raise
        await self._ledger.release(reservation.id)


def _refusal(estimate: int, found: Reservation, limits: Limits) -> str:
    if limits.month is not None and found.month + estimate > limits.month:
        spent = f"{dollars(found.month)} of this month's {dollars(limits.month)} are spent"
    else:
        spent = f"{dollars(found.run)} of the {dollars(limits.run or 0)} for one run are spent"
    return f"{spent}, and this call may cost {dollars(estimate)}"
