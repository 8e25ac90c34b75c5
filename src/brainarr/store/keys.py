"""Keys that people made for their tools: what is known of each, and its hash."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.people import Person, Role
from brainarr.store.tables import FIRST_PERSON, api_keys, people


class Scope(StrEnum):
    """What a key may do; writing includes reading."""

    READ = "read"
    WRITE = "write"


class ApiKey(msgspec.Struct, frozen=True):
    id: int
    name: str
    prefix: str
    """How it begins; the rest is known to nobody but its owner."""
    scope: Scope
    created_at: datetime
    last_used_at: datetime | None
    """To the minute."""
    expires_at: datetime | None
    revoked_at: datetime | None
    owner: int = FIRST_PERSON
    """Who made it: it may do no more than they."""

    def opens(self, now: datetime) -> bool:
        """Whether it opens anything at `now`."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


_ROW = select(*(api_keys.c[name] for name in ApiKey.__struct_fields__))


async def insert_key(
    connection: AsyncConnection,
    name: str,
    prefix: str,
    hashed: str,
    scope: Scope,
    at: datetime,
    expires_at: datetime | None,
    *,
    owner: int = FIRST_PERSON,
) -> ApiKey:
    values = {
        "owner": owner, "name": name, "prefix": prefix, "hash": hashed, "scope": scope, "created_at": at,
        "expires_at": expires_at,
    }  # fmt: skip
    await connection.execute(insert(api_keys).values(values))
    return _read((await connection.execute(_ROW.where(api_keys.c.hash == hashed))).one())


async def key_of_hash(connection: AsyncConnection, hashed: str) -> tuple[ApiKey, Person | None] | None:
    """With whom it is of: None before there are people. None for the whole when there is no such key, or who
    made it is disabled."""
    query = (
        _ROW.add_columns(people.c.id.label("person"), people.c.name.label("called"), people.c.role)
        .outerjoin(people, people.c.id == api_keys.c.owner)
        .where(api_keys.c.hash == hashed, people.c.disabled_at.is_(None))
    )
    row = (await connection.execute(query)).first()
    if row is None:
        return None
    person = None if row.person is None else Person(row.person, row.called, Role(row.role))
    return _read(row), person


async def key_of_id(connection: AsyncConnection, key_id: int) -> ApiKey | None:
    row = (await connection.execute(_ROW.where(api_keys.c.id == key_id))).first()
    return _read(row) if row else None


async def keys_of(connection: AsyncConnection, *, owner: int | None = None) -> tuple[ApiKey, ...]:
    """The newest first; without an owner, everybody's."""
    query = _ROW.order_by(api_keys.c.id.desc())
    if owner is not None:
        query = query.where(api_keys.c.owner == owner)
    return tuple(_read(row) for row in await connection.execute(query))


async def count_keys(connection: AsyncConnection, *, owner: int = FIRST_PERSON) -> int:
    """Those that nobody has revoked."""
    query = select(func.count()).where(api_keys.c.owner == owner, api_keys.c.revoked_at.is_(None))
    return (await connection.execute(query)).scalar_one()


async def mark_used(connection: AsyncConnection, key_id: int, at: datetime) -> None:
    await connection.execute(update(api_keys).where(api_keys.c.id == key_id).values(last_used_at=at))


async def mark_revoked(connection: AsyncConnection, key_id: int, at: datetime) -> None:
    mine = (api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
    await connection.execute(update(api_keys).where(*mine).values(revoked_at=at))


def _read(row: Row[Any]) -> ApiKey:
    return ApiKey(
        id=row.id,
        name=row.name,
        prefix=row.prefix,
        scope=Scope(row.scope),
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        owner=row.owner,
    )
