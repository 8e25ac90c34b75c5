"""The first start: a key for the secrets, an API key, the first list. Every later start finds them."""

import secrets as tokens
from pathlib import Path

import msgspec

from brainarr import log
from brainarr.pipeline.ports import Clock
from brainarr.service.lists import ensure_default_list
from brainarr.store import install, settings
from brainarr.store.keyfile import finish_takeover
from brainarr.store.secrets import Secrets, open_secrets
from brainarr.store.session import Database

API_KEY = "server.api_key"


class Installation(msgspec.Struct, frozen=True):
    secrets: Secrets
    api_key: str
    """The generated key of the HTTP API; a key in file or environment goes before it."""
    first_start: bool
    name: str
    """Tells this Brainarr from others, the same in each of its processes and after a move of its database."""


async def ensure_installed(db: Database, folder: Path, *, clock: Clock) -> Installation:
    """Raises StorageError, also when the secret.key in `folder` belongs to another database."""
    async with db.reading() as connection:
        if check := await install.key_check(connection):
            finish_takeover(folder, check)
    secrets = open_secrets(folder)
    async with db.transaction() as connection:
        first_start = await install.ensure_install(connection, secrets, clock())
        api_key = await settings.setting(connection, secrets, API_KEY)
        if not isinstance(api_key, str):
            api_key = tokens.token_hex(16)
            await settings.put_setting(connection, secrets, API_KEY, api_key, secret=True, at=clock())
        await ensure_default_list(connection, secrets, clock())
        name = await install.name_of_install(connection)
    return Installation(secrets, api_key, first_start, name)


async def rotate_api_key(db: Database, secrets: Secrets, *, clock: Clock) -> str:
    """A new API key; the old one opens nothing any more, in running servers too."""
    api_key = tokens.token_hex(16)
    log.hide([api_key])
    async with db.transaction() as connection:
        await settings.put_setting(connection, secrets, API_KEY, api_key, secret=True, at=clock())
    return api_key
