"""What requests that named an Idempotency-Key were answered."""

from datetime import datetime

import msgspec
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.store.secrets import Secrets
from brainarr.store.tables import idempotency


class Claim(msgspec.Struct, frozen=True):
    """One request: carried out, or being so while `status` is None."""

    fingerprint: str
    at: datetime
    status: int | None = None
    body: str = ""


async def claim_of(connection: AsyncConnection, secrets: Secrets, key: str) -> Claim | None:
    query = select(idempotency).where(idempotency.c.key == key)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    return Claim(row.fingerprint, row.at, row.status, secrets.decrypt(row.body) if row.body else "")


async def put_claim(connection: AsyncConnection, key: str, fingerprint: str, at: datetime) -> None:
    """In place of what is there under this key."""
    await drop_claim(connection, key)
    await connection.execute(insert(idempotency).values(key=key, fingerprint=fingerprint, at=at))


async def keep_answer(
    connection: AsyncConnection, secrets: Secrets, key: str, status: int, body: str
) -> None:
    kept = {"status": status, "body": secrets.encrypt(body)}
    await connection.execute(update(idempotency).where(idempotency.c.key == key).values(kept))


async def drop_claim(connection: AsyncConnection, key: str) -> None:
    await connection.execute(delete(idempotency).where(idempotency.c.key == key))


async def forget_claims(connection: AsyncConnection, before: datetime) -> None:
    await connection.execute(delete(idempotency).where(idempotency.c.at < before))
