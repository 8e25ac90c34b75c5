"""Keys that the webhooks of the Lidarrs bring: one for each, made when it is first asked for."""

import secrets as tokens

from brainarr import log
from brainarr.pipeline.ports import Clock
from brainarr.store import webhook_keys
from brainarr.store.secrets import Secrets
from brainarr.store.session import Database


async def webhook_key(db: Database, secrets: Secrets, instance: str, *, clock: Clock) -> str:
    """What Lidarr must bring to /webhooks/lidarr/{instance}."""
    if known := await known_webhook_key(db, secrets, instance):
        return known
    async with db.transaction() as connection:
        key = tokens.token_hex(16)
        # Of two processes that make one at once, the first one's counts for both.
        encrypted = await webhook_keys.put_first_key(connection, instance, secrets.encrypt(key), clock())
        key = secrets.decrypt(encrypted)
    log.hide([key])
    return key


async def known_webhook_key(db: Database, secrets: Secrets, instance: str) -> str | None:
    """None: there is none, so nothing opens that webhook."""
    async with db.reading() as connection:
        stored = await webhook_keys.webhook_key_of(connection, instance)
    if stored is None:
        return None
    key = secrets.decrypt(stored)
    log.hide([key])
    return key


async def forget_webhook_key(db: Database, instance: str) -> None:
    """It opens nothing any more; whoever asks for one then gets a new one."""
    async with db.transaction() as connection:
        await webhook_keys.forget_webhook_key(connection, instance)


async def hide_webhook_keys(db: Database, secrets: Secrets) -> None:
    """Keeps all of them out of this process's log."""
    async with db.reading() as connection:
        stored = await webhook_keys.webhook_keys_of_all(connection)
    log.hide(secrets.decrypt(key) for key in stored)
