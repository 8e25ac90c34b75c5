"""Secrets: another key for everything that is encrypted."""

from pathlib import Path

from brainarr.store.secrets import (
    begin_rotation,
    encrypt_again,
    end_rotation,
    newest_key,
    opens_everything,
)
from brainarr.store.session import Database


async def rotate_secrets(db: Database, folder: Path) -> int:
    """Makes a new key and encrypts everything again with it; how many values those are. Raises StorageError.

    Whenever it is cut off, the key file opens everything: the old key goes only after the database is stored,
    and after a look that nothing needs it. To call it again is to finish it.
    """
    # The files change within transactions, so that two rotations take turns.
    async with db.transaction() as connection:
        count = await encrypt_again(connection, begin_rotation(folder))
    async with db.transaction() as connection:
        if await opens_everything(connection, newest_key(folder)):
            end_rotation(folder)
    return count
