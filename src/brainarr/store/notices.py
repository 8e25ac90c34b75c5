"""Notices: what is told to people once, and whether it has reached them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.store.tables import notices

FIRST_PAUSE = timedelta(minutes=10)
LONGEST_PAUSE = timedelta(hours=6)


class Notice(msgspec.Struct, frozen=True):
    key: str
    claimed_at: datetime
    sent_at: datetime | None
    tries: int
    reached: tuple[str, ...]
    """Fingerprints of the targets that took it."""
    failure: str | None
    """Why the others did not."""

    def is_due(self, now: datetime) -> bool:
        """Whether to try it again: each time later. A try under way counts as one, so that nobody else
        sends it meanwhile; of a process that was killed, it is void after the pause."""
        pause = min(FIRST_PAUSE * 2 ** min(self.tries - 1, 10), LONGEST_PAUSE)
        return self.sent_at is None and now - self.claimed_at >= pause


async def notice(connection: AsyncConnection, key: str) -> Notice | None:
    row = (await connection.execute(select(notices).where(notices.c.key == key))).first()
    return _read(row) if row else None


async def claim(connection: AsyncConnection, key: str, at: datetime) -> Notice | None:
    """The notice, for the caller to send now; None when it is sent, or somebody else's turn."""
    present = await notice(connection, key)
    if present is None:
        row = {"key": key, "claimed_at": at, "tries": 1, "reached": ()}
        await connection.execute(insert(notices).values(row))
    elif present.is_due(at):
        again = {"claimed_at": at, "tries": present.tries + 1}
        await connection.execute(update(notices).where(notices.c.key == key).values(again))
    else:
        return None
    return await notice(connection, key)


async def write_outcome(
    connection: AsyncConnection,
    key: str,
    reached: Sequence[str],
    *,
    failure: str | None = None,
    sent_at: datetime | None = None,
) -> None:
    outcome = {"reached": tuple(reached), "failure": failure, "sent_at": sent_at}
    await connection.execute(update(notices).where(notices.c.key == key).values(outcome))


async def notices_of(connection: AsyncConnection, prefix: str) -> tuple[Notice, ...]:
    """All of this kind, the first one first."""
    query = select(notices).where(notices.c.key.startswith(prefix, autoescape=True))
    rows = await connection.execute(query.order_by(notices.c.claimed_at, notices.c.key))
    return tuple(_read(row) for row in rows)


async def failed_notices(connection: AsyncConnection, prefix: str) -> tuple[Notice, ...]:
    """Those of this kind that have not reached everybody."""
    query = select(notices).where(notices.c.key.startswith(prefix), notices.c.failure.is_not(None))
    return tuple(_read(row) for row in await connection.execute(query.order_by(notices.c.key)))


def _read(row: Row[tuple[object, ...]]) -> Notice:
    return Notice(**row._mapping)
