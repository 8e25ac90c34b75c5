"""Keys to the API: the instance's own, and those that people make for their tools."""

import secrets as tokens
from datetime import datetime, timedelta
from hashlib import sha256

import msgspec
import structlog

from brainarr import log as log_room
from brainarr.domain.people import Person
from brainarr.errors import Conflict, NotFound, StorageError
from brainarr.pipeline.ports import Clock
from brainarr.service.setup import API_KEY
from brainarr.store import keys, settings
from brainarr.store.keys import ApiKey, Scope
from brainarr.store.secrets import Secrets
from brainarr.store.session import Database
from brainarr.store.tables import FIRST_PERSON

PREFIX = "brainarr_"
"""Every such key begins so: people, logs and secret scanners recognise one."""

NAME_LIMIT = 100
MOST_KEYS = 100
NOTED_EVERY = timedelta(minutes=1)

_RANDOM_BYTES = 40
_SHOWN = len(PREFIX) + 6
"""Of 54 random characters six are shown; the rest still is more than 256 bits."""

log = structlog.get_logger("brainarr.keys")


async def make_key(
    db: Database,
    name: str,
    scope: Scope,
    *,
    expires_at: datetime | None = None,
    owner: int = FIRST_PERSON,
    clock: Clock,
) -> tuple[ApiKey, str]:
    """A new key of `owner`'s, and its text, which is nowhere to be read again.

    Raises Conflict when there are too many.
    """
    text = PREFIX + tokens.token_urlsafe(_RANDOM_BYTES)
    async with db.transaction() as connection:
        if await keys.count_keys(connection, owner=owner) >= MOST_KEYS:
            raise Conflict(f"There are {MOST_KEYS} keys already.", remedy="Revoke one that nobody uses.")
        made = await keys.insert_key(
            connection, name, text[:_SHOWN], _hash(text), scope, clock(), expires_at, owner=owner
        )
    return made, text


async def list_keys(db: Database, *, owner: int | None = None) -> tuple[ApiKey, ...]:
    """Those of `owner`, or everybody's; the newest first, revoked and expired ones included."""
    async with db.reading() as connection:
        return await keys.keys_of(connection, owner=owner)


async def revoke_key(db: Database, key_id: int, *, owner: int | None = None, clock: Clock) -> ApiKey:
    """It opens nothing from now on; to revoke it again changes nothing. Raises NotFound, also when `owner` is
    named and it is somebody else's."""
    async with db.transaction() as connection:
        found = await keys.key_of_id(connection, key_id)
        if found is None or owner not in (None, found.owner):
            raise NotFound(f"There is no key {key_id}.", remedy="GET /api/v1/keys names them.")
        at = found.revoked_at or clock()
        await keys.mark_revoked(connection, key_id, at)
    return msgspec.structs.replace(found, revoked_at=at)


async def recognise(db: Database, text: str, *, clock: Clock) -> tuple[ApiKey, Person | None] | None:
    """The key of which this is the text, and who made it (None before there are people).

    None for the whole: of no key, or of one that is revoked or expired, or whose maker is disabled.
    """
    if not text.startswith(PREFIX):
        return None
    now = clock()
    async with db.reading() as connection:
        found = await keys.key_of_hash(connection, _hash(text))
    if found is None or not found[0].opens(now):
        return None
    key = found[0]
    if key.last_used_at is None or now - key.last_used_at >= NOTED_EVERY:
        try:
            async with db.transaction(aside=True) as connection:
                await keys.mark_used(connection, key.id, now)
        except StorageError as error:
            # A full disk must not lock people out who only want to look.
            log.warning("the use of a key was not noted", key_id=key.id, reason=error.message)
    return found


async def instance_key(db: Database, secrets: Secrets) -> str:
    """The generated key of this instance, which may do everything; "" before the first start is over."""
    async with db.reading() as connection:
        stored = await settings.setting(connection, secrets, API_KEY)
    if not isinstance(stored, str):
        return ""
    # Another process may have made it.
    log_room.hide([stored])
    return stored


def _hash(text: str) -> str:
    """SHA-256 without salt and stretching: those protect what people think up. This was drawn from 2³²⁰, so
    that no table and no trying finds it, and a slow hash would only slow down every request.
    """
    return sha256(text.encode("utf-8", "replace")).hexdigest()
