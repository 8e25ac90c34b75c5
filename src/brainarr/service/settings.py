"""Settings that the web app changed: they lie in the database, below environment and file."""

from collections.abc import Collection, Mapping

from brainarr.pipeline.ports import Clock
from brainarr.store import settings
from brainarr.store.secrets import Secrets
from brainarr.store.session import Database


async def read_settings(db: Database, secrets: Secrets) -> dict[str, object]:
    """Dotted key (`recommend.target`) → value, secrets decrypted."""
    async with db.reading() as connection:
        return await settings.all_settings(connection, secrets)


async def read_setting(db: Database, secrets: Secrets, key: str) -> object | None:
    """What is stored under this very key; None: nothing is."""
    async with db.reading() as connection:
        return await settings.setting(connection, secrets, key)


async def write_settings(
    db: Database,
    secrets: Secrets,
    changes: Mapping[str, object],
    *,
    secret_keys: Collection[str] = (),
    clock: Clock,
) -> None:
    """Stores JSON-like values under dotted keys, those in `secret_keys` encrypted; the caller validates."""
    now = clock()
    async with db.transaction() as connection:
        for key, value in changes.items():
            await settings.put_setting(connection, secrets, key, value, secret=key in secret_keys, at=now)


async def replace_setting(db: Database, secrets: Secrets, key: str, value: object, *, clock: Clock) -> None:
    """Stores a value that is no secret, in place of all that was stored under `key` or inside it."""
    now = clock()
    async with db.transaction() as connection:
        stored = await settings.all_settings(connection, secrets)
        inside = [known for known in stored if known.startswith(f"{key}.")]
        await settings.delete_settings(connection, inside)
        await settings.put_setting(connection, secrets, key, value, secret=False, at=now)


async def forget_settings(db: Database, keys: Collection[str]) -> None:
    """Back to the default, or to what file and environment say."""
    async with db.transaction() as connection:
        await settings.delete_settings(connection, keys)
