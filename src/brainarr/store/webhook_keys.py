"""The keys that webhooks bring, one for each Lidarr, encrypted."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.store.tables import lidarr_links
from brainarr.store.upsert import insert_new


async def webhook_key_of(connection: AsyncConnection, instance: str) -> str | None:
    """Encrypted; None: it was never asked for."""
    query = select(lidarr_links.c.webhook_key).where(lidarr_links.c.instance == instance)
    return (await connection.execute(query)).scalar()


async def webhook_keys_of_all(connection: AsyncConnection) -> tuple[str, ...]:
    """Encrypted."""
    return tuple((await connection.execute(select(lidarr_links.c.webhook_key))).scalars())


async def forget_webhook_key(connection: AsyncConnection, instance: str) -> None:
    await connection.execute(delete(lidarr_links).where(lidarr_links.c.instance == instance))


async def put_first_key(connection: AsyncConnection, instance: str, key: str, at: datetime) -> str:
    """Stores it unless there is one; answers the one that counts."""
    row = {"instance": instance, "webhook_key": key, "made_at": at}
    await connection.execute(insert_new(connection, lidarr_links, ["instance"]), row)
    query = select(lidarr_links.c.webhook_key).where(lidarr_links.c.instance == instance)
    return (await connection.execute(query)).scalar_one()
