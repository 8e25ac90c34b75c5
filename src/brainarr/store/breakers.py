"""Breakers: each provider's circuit, so that a restart and another process know what is broken."""

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.circuit import Circuit
from brainarr.store.session import Database
from brainarr.store.tables import breakers
from brainarr.store.upsert import upsert


class StoredBreakers:
    """The port BreakerState over the database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def read(self, provider: str) -> Circuit | None:
        async with self._db.reading() as connection:
            return await _circuit(connection, provider)

    async def change(self, provider: str, to: Callable[[Circuit | None], Circuit]) -> Circuit:
        """Looks first: most probes change nothing, and a transaction would wait for other writers."""
        before = await self.read(provider)
        if (unchanged := to(before)) == before:
            return unchanged
        async with self._db.transaction(aside=True) as connection:
            circuit = to(await _circuit(connection, provider))
            row = {"provider": provider, "circuit": circuit}
            await connection.execute(upsert(connection, breakers, ("circuit",)), row)
        return circuit


async def read_circuits(connection: AsyncConnection) -> dict[str, Circuit]:
    """Every circuit that is remembered, by its provider's name."""
    rows = await connection.execute(select(breakers.c.provider, breakers.c.circuit))
    return {row.provider: row.circuit for row in rows}


async def _circuit(connection: AsyncConnection, provider: str) -> Circuit | None:
    query = select(breakers.c.circuit).where(breakers.c.provider == provider)
    return (await connection.execute(query)).scalar()
