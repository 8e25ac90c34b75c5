"""Insert, or update what is there: SQLite and PostgreSQL have it each in a dialect of their own."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from sqlalchemy import Insert, Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql


def upsert(connection: AsyncConnection, table: Table, changing: Collection[str]) -> Insert:
    """Rows with a known primary key get the columns `changing` of the new one, others are inserted."""
    statement = _insert(connection, table)
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={name: statement.excluded[name] for name in changing},
    )


def insert_new(connection: AsyncConnection, table: Table, unique: Collection[str]) -> Insert:
    """Rows whose columns `unique` equal those of one that is there are left out, others are inserted."""
    return _insert(connection, table).on_conflict_do_nothing(index_elements=list(unique))


def _insert(connection: AsyncConnection, table: Table) -> "postgresql.Insert | sqlite.Insert":
    if connection.dialect.name == "postgresql":
        # 2 MB, which the engine has loaded already where it is used.
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    return sqlite.insert(table)
