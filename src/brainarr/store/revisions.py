"""Which tables a database has, and how they become those of another revision: Alembic on a connection."""

from functools import cache
from pathlib import Path
from typing import Literal

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.errors import ConfigurationError, Fault, StorageError

VERSION_TABLE = "alembic_version"
NO_TABLES = "base"
NEWEST = "head"


@cache
def known_revisions() -> tuple[str, ...]:
    """Newest first."""
    return tuple(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def named_revision(target: str) -> str | None:
    """The revision that `target` ("head", "base" or one by its name) means, None for no tables.

    Raises ConfigurationError.
    """
    known = known_revisions()
    if target in (NEWEST, NO_TABLES):
        return known[0] if target == NEWEST else None
    if target not in known:
        raise ConfigurationError([Fault("revision", repr(target), f"base, {', '.join(reversed(known))}")])
    return target


async def revision_of(connection: AsyncConnection) -> str | None:
    """None: no tables yet. Raises StorageError for the revision of a newer Brainarr."""
    revision = await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())
    refuse_newer(revision)
    return revision


def refuse_newer(revision: str | None) -> None:
    """Raises StorageError for a revision that this version does not know."""
    if revision is not None and revision not in known_revisions():
        raise StorageError(
            f"The database was written by a newer Brainarr (its revision {revision} is unknown here).",
            remedy="Install that version again, or restore the backup made before its upgrade.",
        )


async def migrate(
    connection: AsyncConnection, target: str, *, way: Literal["upgrade", "downgrade"] = "upgrade"
) -> None:
    """Changes the tables within the transaction of `connection`."""
    await connection.run_sync(_change, target, way)


def _change(connection: Connection, target: str, way: Literal["upgrade", "downgrade"]) -> None:
    config = _config()
    config.attributes["connection"] = connection
    change = command.upgrade if way == "upgrade" else command.downgrade
    change(config, target)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    return config
