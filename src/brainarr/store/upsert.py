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
