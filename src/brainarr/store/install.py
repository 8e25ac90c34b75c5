"""The one row that says when this database was set up and which secret.key belongs to it."""

from datetime import datetime
from hashlib import blake2b

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.errors import StorageError
from brainarr.store.secrets import Secrets
from brainarr.store.tables import install

KEY_CHECK = "brainarr"


async def key_check(connection: AsyncConnection) -> str | None:
    """The encrypted word that tells the right key; None before the first start."""
    return (await connection.execute(select(install.c.key_check))).scalar()


async def ensure_install(connection: AsyncConnection, secrets: Secrets, at: datetime) -> bool:
    """True at the first start. Raises StorageError when `secrets` has the key of another database."""
    check = await key_check(connection)
    if check is None:
        row = {"id": 1, "installed_at": at, "key_check": secrets.encrypt(KEY_CHECK)}
        await connection.execute(insert(install).values(row))
        return True
    if secrets.decrypt(check) != KEY_CHECK:
        raise StorageError("The database's key check is damaged.", remedy="Restore the database from a copy.")
    return False


async def installed_at(connection: AsyncConnection) -> datetime:
    """When this database was first used; never changes."""
    return (await connection.execute(select(install.c.installed_at))).scalar_one()


async def name_of_install(connection: AsyncConnection) -> str:
    """Sixteen hexadecimal digits that follow from the moment of the first start: a rotated key, a restored
    copy and a move to another database keep them."""
    at = await installed_at(connection)
    return blake2b(at.isoformat().encode(), digest_size=8, person=b"brainarr-install").hexdigest()
