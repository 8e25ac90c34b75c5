"""Lists: what a person hands Lidarr an address and a key for."""

import secrets as tokens
from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr import log
from brainarr.errors import NotFound
from brainarr.pipeline.ports import Clock, Importer
from brainarr.store import lists
from brainarr.store.lists import StoredList
from brainarr.store.secrets import Secrets
from brainarr.store.session import Database

DEFAULT_LIST = "default"
DEFAULT_NAME = "Brainarr AI Recommendations"


class ListRow(msgspec.Struct, frozen=True):
    slug: str
    name: str
    key: str
    """The feed key in clear: it is copied into Lidarr."""
    created_at: datetime
    key_made_at: datetime


async def ensure_default_list(connection: AsyncConnection, secrets: Secrets, at: datetime) -> None:
    if await lists.list_named(connection, DEFAULT_LIST) is None:
        await lists.insert_list(connection, DEFAULT_LIST, DEFAULT_NAME, secrets.encrypt(_new_key()), at)


async def read_lists(db: Database, secrets: Secrets) -> tuple[ListRow, ...]:
    async with db.reading() as connection:
        return tuple(_row(stored, secrets) for stored in await lists.lists_of(connection))


async def read_list(db: Database, secrets: Secrets, slug: str) -> ListRow:
    """Raises NotFound."""
    async with db.reading() as connection:
        return _row(await find_list(connection, slug), secrets)


async def rotate_key(db: Database, secrets: Secrets, slug: str, *, clock: Clock) -> ListRow:
    """A new feed key; the old one opens nothing any more. Raises NotFound."""
    key = _new_key()
    log.hide([key])
    async with db.transaction() as connection:
        stored = await find_list(connection, slug)
        await lists.set_feed_key(connection, stored.id, secrets.encrypt(key), clock())
        return _row(await find_list(connection, slug), secrets)


async def sync_now(db: Database, importer: Importer, slug: str) -> int:
    """Asks Lidarr to fetch this list at once, for a Custom List else waits six hours; how many lists do.

    Raises NotFound and ProviderError.
    """
    async with db.reading() as connection:
        await find_list(connection, slug)
    return await importer.sync_lists(f"/lists/{slug}")


async def find_list(connection: AsyncConnection, slug: str) -> StoredList:
    """Raises NotFound."""
    stored = await lists.list_named(connection, slug)
    if stored is None:
        raise no_list(slug)
    return stored


def no_list(slug: str) -> NotFound:
    return NotFound(f"There is no list {slug!r}.", remedy="GET /api/v1/lists names those that exist.")


def _new_key() -> str:
    return tokens.token_hex(16)


def _row(stored: StoredList, secrets: Secrets) -> ListRow:
    return ListRow(
        stored.slug, stored.name, secrets.decrypt(stored.feed_key), stored.created_at, stored.key_made_at
    )
