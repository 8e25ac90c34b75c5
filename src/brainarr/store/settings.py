"""Settings kept in the database: JSON values under dotted keys, secret ones encrypted."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.store.secrets import Secrets
from brainarr.store.tables import settings
from brainarr.store.upsert import upsert


async def setting(connection: AsyncConnection, secrets: Secrets, key: str) -> object | None:
    row = (await connection.execute(select(settings).where(settings.c.key == key))).first()
    return _value(row, secrets) if row else None


async def all_settings(connection: AsyncConnection, secrets: Secrets) -> dict[str, object]:
    rows = await connection.execute(select(settings).order_by(settings.c.key))
    return {row.key: _value(row, secrets) for row in rows}


async def put_setting(
    connection: AsyncConnection, secrets: Secrets, key: str, value: object, *, secret: bool, at: datetime
) -> None:
    text = msgspec.json.encode(value).decode()
    row = {"key": key, "value": secrets.encrypt(text) if secret else text, "secret": secret, "updated_at": at}
    await connection.execute(upsert(connection, settings, ("value", "secret", "updated_at")), row)


async def delete_settings(connection: AsyncConnection, keys: Collection[str]) -> None:
    await connection.execute(delete(settings).where(settings.c.key.in_(keys)))


def _value(row: Row[Any], secrets: Secrets) -> object:
    return msgspec.json.decode(secrets.decrypt(row.value) if row.secret else row.value)
