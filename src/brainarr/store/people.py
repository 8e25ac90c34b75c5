"""People who may sign in. Their password hashes leave this module only to be compared."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.people import Identity, Person, Role, folded
from brainarr.store.copying import continue_numbers
from brainarr.store.tables import FIRST_PERSON, people


class PersonRow(msgspec.Struct, frozen=True):
    id: int
    name: str
    role: Role
    has_password: bool
    issuer: str | None
    """Of the OpenID provider that knows them."""
    created_at: datetime
    last_signed_in_at: datetime | None
    disabled_at: datetime | None

    @property
    def person(self) -> Person:
        return Person(self.id, self.name, self.role)

    @property
    def is_active_admin(self) -> bool:
        return self.role is Role.ADMIN and self.disabled_at is None


_ROW = select(
    people.c.id,
    people.c.name,
    people.c.role,
    people.c.password_hash.is_not(None).label("has_password"),
    people.c.issuer,
    people.c.created_at,
    people.c.last_signed_in_at,
    people.c.disabled_at,
)


async def insert_person(
    connection: AsyncConnection,
    name: str,
    role: Role,
    at: datetime,
    *,
    password_hash: str | None = None,
    identity: Identity | None = None,
) -> PersonRow:
    """The first one ever is person 1, whose the household's rows are. The name must be free."""
    first = await count_people(connection) == 0
    values = {
        **({"id": FIRST_PERSON} if first else {}),
        "name": name,
        "folded": folded(name),
        "role": role,
        "created_at": at,
        "password_hash": password_hash,
        "issuer": identity.issuer if identity else None,
        "subject": identity.subject if identity else None,
    }
    made = await connection.execute(insert(people).values(values).returning(people.c.id))
    row = (await connection.execute(_ROW.where(people.c.id == made.scalar_one()))).one()
    if first:
        await continue_numbers(connection, people)
    return _read(row)


async def count_people(connection: AsyncConnection) -> int:
    return (await connection.execute(select(func.count()).select_from(people))).scalar_one()


async def count_active_admins(connection: AsyncConnection) -> int:
    admins = (people.c.role == Role.ADMIN, people.c.disabled_at.is_(None))
    return (await connection.execute(select(func.count()).where(*admins))).scalar_one()


async def first_active_admin(connection: AsyncConnection) -> PersonRow | None:
    admins = (people.c.role == Role.ADMIN, people.c.disabled_at.is_(None))
    row = (await connection.execute(_ROW.where(*admins).order_by(people.c.id).limit(1))).first()
    return _read(row) if row else None


async def all_people(connection: AsyncConnection) -> Sequence[PersonRow]:
    """The first one first."""
    return [_read(row) for row in await connection.execute(_ROW.order_by(people.c.id))]


async def person_of_id(connection: AsyncConnection, person_id: int) -> PersonRow | None:
    row = (await connection.execute(_ROW.where(people.c.id == person_id))).first()
    return _read(row) if row else None


async def person_named(connection: AsyncConnection, name: str) -> PersonRow | None:
    """Whatever the case of the letters."""
    row = (await connection.execute(_ROW.where(people.c.folded == folded(name)))).first()
    return _read(row) if row else None


async def person_identified(connection: AsyncConnection, identity: Identity) -> PersonRow | None:
    same = (people.c.issuer == identity.issuer, people.c.subject == identity.subject)
    row = (await connection.execute(_ROW.where(*same))).first()
    return _read(row) if row else None


async def password_hash_of(connection: AsyncConnection, person_id: int) -> str | None:
    query = select(people.c.password_hash).where(people.c.id == person_id)
    return (await connection.execute(query)).scalar_one_or_none()


async def set_password_hash(connection: AsyncConnection, person_id: int, password_hash: str) -> None:
    await _change(connection, person_id, password_hash=password_hash)


async def set_role(connection: AsyncConnection, person_id: int, role: Role) -> None:
    await _change(connection, person_id, role=role)


async def set_disabled(connection: AsyncConnection, person_id: int, at: datetime | None) -> None:
    await _change(connection, person_id, disabled_at=at)


async def set_identity(connection: AsyncConnection, person_id: int, identity: Identity | None) -> None:
    """None: no OpenID provider knows them any more."""
    values = (identity.issuer, identity.subject) if identity else (None, None)
    await _change(connection, person_id, issuer=values[0], subject=values[1])


async def mark_signed_in(connection: AsyncConnection, person_id: int, at: datetime) -> None:
    await _change(connection, person_id, last_signed_in_at=at)


async def _change(connection: AsyncConnection, person_id: int, **values: object) -> None:
    await connection.execute(update(people).where(people.c.id == person_id).values(**values))


def _read(row: Row[*tuple[Any, ...]]) -> PersonRow:
    facts = dict(row._mapping) | {"role": Role(row.role), "has_password": bool(row.has_password)}
    return PersonRow(**facts)
