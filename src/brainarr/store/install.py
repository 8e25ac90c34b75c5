"""The one row that says when this database was set up and which secret.key belongs to it."""

from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.errors import StorageError
from brainarr.store.secrets import Secrets
from brainarr.store.tables import install

KEY_CHECK = "brainarr"


async def ensure_install(connection: AsyncConnection, secrets: Secrets, at: datetime) -> bool:
    """True at the first start. Raises StorageError when `secrets` has the key of another database."""
    check = (await connection.execute(select(install.c.key_check))).scalar()
    if check is None:
        row = {"id": 1, "installed_at": at, "key_check": secrets.encrypt(KEY_CHECK)}
        await connection.execute(insert(install).values(row))
        return True
    if secrets.decrypt(check) != KEY_CHECK:
        raise StorageError("The database's key check is damaged.", remedy="Restore the database from a copy.")
    return False


async def secret_of(connection: AsyncConnection) -> bytes:
    """Known to whoever may read this database, and to nobody else; another one once the key was rotated."""
    return (await connection.execute(select(install.c.key_check))).scalar_one().encode()
