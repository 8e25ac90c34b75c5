"""Backtests: the newest one of each person, as it was measured."""

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.backtest import Backtest
from brainarr.store.tables import FIRST_PERSON, backtests
from brainarr.store.upsert import upsert


async def write_backtest(connection: AsyncConnection, made: Backtest, *, owner: int = FIRST_PERSON) -> None:
    row = {"owner": owner, "made_at": made.made_at, "result": msgspec.json.encode(made).decode()}
    await connection.execute(upsert(connection, backtests, ("made_at", "result")), row)


async def newest_backtest(connection: AsyncConnection, *, owner: int = FIRST_PERSON) -> Backtest | None:
    """None: none was made yet, or an older Brainarr made it and measured something else."""
    query = select(backtests.c.result).where(backtests.c.owner == owner)
    stored = (await connection.execute(query)).scalar()
    try:
        return msgspec.json.decode(stored, type=Backtest) if stored else None
    except msgspec.ValidationError:
        return None
