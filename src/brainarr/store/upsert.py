"""Insert, or update what is there: SQLite and PostgreSQL have it each in a dialect of their own."""

from collections.abc import Collection

from sqlalchemy import Insert, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


def upsert(connection: AsyncConnection, table: Table, changing: Collection[str]) -> Insert:
    """Rows with a known primary key get the columns `changing` of the new one, others are inserted."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table)
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={name: statement.excluded[name] for name in changing},
    )


def insert_new(connection: AsyncConnection, table: Table, unique: Collection[str]) -> Insert:
    """Rows whose columns `unique` equal those of one that is there are left out, others are inserted."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table).on_conflict_do_nothing(index_elements=list(unique))
