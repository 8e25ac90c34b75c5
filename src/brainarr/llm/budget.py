"""The monthly budget: a paid model is asked only when its dearest answer still fits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from brainarr.pipeline.ports import Ledger


class OverBudget(Exception):
    """The call was not made, because the month's budget does not bear it."""


class Budget:
    """Micro-dollars for one calendar month (UTC); calls under way at the same time share it."""

    def __init__(self, ledger: Ledger, monthly: int | None) -> None:
        self._ledger = ledger
        self._monthly = monthly
        self._held = 0
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def hold(self, estimate: int | None) -> AsyncIterator[None]:
        """Keeps `estimate` micro-dollars aside while the caller asks and records; raises OverBudget.

        An unpriced call (None) cannot be kept within a budget, so it is not made while there is one.
        """
        if self._monthly is None or estimate == 0:
            yield
            return
        if estimate is None:
            raise OverBudget(
                "its price is not known, so the monthly budget cannot be kept; set `prices` for it"
            )
        async with self._turn:
            spent = await self._ledger.spent_this_month() + self._held
            if spent + estimate > self._monthly:
                raise OverBudget(
                    f"{_dollars(spent)} of this month's {_dollars(self._monthly)} are spent, "
                    f"and this call may cost {_dollars(estimate)}"
                )
            self._held += estimate
        try:
            yield
        finally:
            self._held -= estimate


def _dollars(micro: int) -> str:
    return (
        f"${micro / 1_000_000:.4f}".rstrip("0").rstrip(".") if micro % 10_000 else f"${micro / 1_000_000:.2f}"
    )
