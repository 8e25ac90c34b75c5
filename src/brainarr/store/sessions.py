"""Sessions: browsers in which somebody is signed in. Their cookies are known by hash only."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.people import Person, Role
from brainarr.store.tables import people, sessions

MOST_SESSIONS = 50
"""Of one person; the one that was used longest ago goes."""


class SessionRow(msgspec.Struct, frozen=True):
    id: int
    created_at: datetime
    last_seen_at: datetime
    """To five minutes."""
    expires_at: datetime
    kept: bool
    """Whether it outlives the browser."""
    agent: str
    address: str


_COLUMNS = [sessions.c[name] for name in SessionRow.__struct_fields__]


async def insert_session(
    connection: AsyncConnection,
    person_id: int,
    hashed: str,
    at: datetime,
    expires_at: datetime,
    *,
    kept: bool,
    agent: str,
    address: str,
) -> None:
    """Sessions that are over go at this opportunity, whoever's they are."""
    await connection.execute(delete(sessions).where(sessions.c.expires_at <= at))
    newest = (
        select(sessions.c.id)
        .where(sessions.c.person_id == person_id)
        .order_by(sessions.c.last_seen_at.desc(), sessions.c.id.desc())
        .offset(MOST_SESSIONS - 1)
    )
    surplus = (await connection.execute(newest)).scalars().all()
    if surplus:
        await connection.execute(delete(sessions).where(sessions.c.id.in_(surplus)))
    await connection.execute(
        insert(sessions).values(
            person_id=person_id, hash=hashed, created_at=at, last_seen_at=at, expires_at=expires_at,
            kept=kept, agent=agent, address=address,
        )
    )  # fmt: skip


async def session_of_hash(
    connection: AsyncConnection, hashed: str, now: datetime
) -> tuple[SessionRow, Person] | None:
    """With whom it is of; None when it is over or they are disabled."""
    query = (
        select(*_COLUMNS, people.c.id.label("person"), people.c.name, people.c.role)
        .join(people, people.c.id == sessions.c.person_id)
        .where(sessions.c.hash == hashed, sessions.c.expires_at > now, people.c.disabled_at.is_(None))
    )
    row = (await connection.execute(query)).first()
    return (_read(row), Person(row.person, row.name, Role(row.role))) if row else None


async def sessions_of(connection: AsyncConnection, person_id: int, now: datetime) -> Sequence[SessionRow]:
    """The one used last first."""
    query = (
        select(*_COLUMNS)
        .where(sessions.c.person_id == person_id, sessions.c.expires_at > now)
        .order_by(sessions.c.last_seen_at.desc(), sessions.c.id.desc())
    )
    return [_read(row) for row in await connection.execute(query)]


async def mark_seen(
    connection: AsyncConnection, session_id: int, at: datetime, expires_at: datetime, address: str
) -> None:
    seen = {"last_seen_at": at, "expires_at": expires_at, "address": address}
    await connection.execute(update(sessions).where(sessions.c.id == session_id).values(seen))


async def delete_hash(connection: AsyncConnection, hashed: str) -> None:
    await connection.execute(delete(sessions).where(sessions.c.hash == hashed))


async def delete_session(connection: AsyncConnection, person_id: int, session_id: int) -> bool:
    """Whether this person had such a session."""
    mine = (sessions.c.id == session_id, sessions.c.person_id == person_id)
    return (await connection.execute(delete(sessions).where(*mine))).rowcount > 0


async def delete_sessions(connection: AsyncConnection, person_id: int, *, but: int | None = None) -> int:
    """All of a person's, but for session `but`; how many those were."""
    theirs = delete(sessions).where(sessions.c.person_id == person_id)
    if but is not None:
        theirs = theirs.where(sessions.c.id != but)
    return (await connection.execute(theirs)).rowcount


def _read(row: Row[Any]) -> SessionRow:
    return SessionRow(**{name: getattr(row, name) for name in SessionRow.__struct_fields__})
