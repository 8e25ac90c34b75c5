"""All rows of one database into another one with the same tables, whichever of the two kinds each is."""

from typing import Any

from sqlalchemy import Column, Connection, DateTime, MetaData, Table, func, insert, select, text
from sqlalchemy import String as AnyText
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

from brainarr.errors import StorageError
from brainarr.store.columns import String, Text, UtcTime
from brainarr.store.revisions import VERSION_TABLE

ROWS_AT_ONCE = 200
"""How many rows are in memory at a time: some carry whole answers."""


async def tables_in(connection: AsyncConnection) -> tuple[Table, ...]:
    """The tables as they really are, those first that others point to; not Alembic's own."""
    return await connection.run_sync(_reflect)


async def count_rows(connection: AsyncConnection, tables: tuple[Table, ...]) -> dict[str, int]:
    """Table → rows."""
    return {
        table.name: (await connection.execute(select(func.count()).select_from(table))).scalar_one()
        for table in tables
    }


async def replace_rows(source: AsyncConnection, target: AsyncConnection) -> dict[str, int]:
    """Makes the rows of `target` those of `source`, within its transaction; table → rows.

    Both have the same tables. Raises StorageError when not all rows have come over.
    """
    # Both have them; SQLite tells of them at a twentieth of the cost.
    tables = await tables_in(target if target.dialect.name == "sqlite" else source)
    for table in reversed(tables):
        # Not TRUNCATE: whoever reads meanwhile goes on reading what was there.
        await target.execute(table.delete())
    for table in tables:
        async with source.stream(select(table)) as rows:
            async for part in rows.mappings().partitions(ROWS_AT_ONCE):
                await target.execute(insert(table), [dict(row) for row in part])
        await continue_numbers(target, table)
    wanted, found = await count_rows(source, tables), await count_rows(target, tables)
    if wanted != found:
        names = ", ".join(name for name in wanted if wanted[name] != found[name])
        raise StorageError(f"Not all rows were copied ({names}); nothing was changed.", remedy="Try again.")
    return found


def _reflect(connection: Connection) -> tuple[Table, ...]:
    metadata = MetaData()
    metadata.reflect(connection)
    tables = tuple(table for table in metadata.sorted_tables if table.name != VERSION_TABLE)
    for table in tables:
        for column in table.columns:
            column.type = _portable(column)
    return tables


def _portable(column: Column[Any]) -> TypeEngine[Any]:
    """The type by which either database writes what the other one read."""
    generic = column.type.as_generic()
    if isinstance(generic, DateTime):
        return UtcTime()
    if isinstance(generic, AnyText):
        return Text() if generic.length is None else String(generic.length)
    return generic


async def continue_numbers(target: AsyncConnection, table: Table) -> None:
    """PostgreSQL counts by itself, whatever numbers the rows brought along."""
    if target.dialect.name != "postgresql":
        return
    for column in table.primary_key.columns:
        sequence = (
            await target.execute(
                text("SELECT pg_get_serial_sequence(:table, :column)"),
                {"table": f'"{table.name}"', "column": column.name},
            )
        ).scalar()
        if sequence is not None:
            last = (await target.execute(select(func.max(column)))).scalar()
            await target.execute(
                text("SELECT setval(CAST(CAST(:sequence AS text) AS regclass), :next, false)"),
                {"sequence": sequence, "next": (last or 0) + 1},
            )
