"""Which tables a database has, and how they become those of another revision: Alembic on a connection.

Alembic (8 MB, 0.1 s) is only loaded to change tables. To see that nothing is to be changed, as nearly every
start does, a look at the names of the files and at its own table is enough.
"""

from functools import cache
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.errors import ConfigurationError, Fault, StorageError
from brainarr.loading import load

VERSION_TABLE = "alembic_version"
NO_TABLES = "base"
NEWEST = "head"

_MIGRATIONS = Path(__file__).with_name("migrations")


@cache
def known_revisions() -> tuple[str, ...]:
    """Newest first. The name of a migration's file begins with its revision, and these count upwards."""
    files = (_MIGRATIONS / "versions").glob("[0-9]*.py")
    return tuple(sorted((file.name.split("_")[0] for file in files), reverse=True))


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
    revision = await connection.run_sync(_revision)
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
    # A backup of PostgreSQL comes here too, while the server serves.
    await load("alembic.command")
    await connection.run_sync(_change, target, way)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _change(connection: Connection, target: str, way: Literal["upgrade", "downgrade"]) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    change = command.upgrade if way == "upgrade" else command.downgrade
    change(config, target)
