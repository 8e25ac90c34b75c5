"""Any content of the whole database, for hypothesis; putting it there and reading it back."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import Column, Table, delete, insert, select

from brainarr.domain.circuit import Cause, Circuit, Mark, State
from brainarr.domain.deliveries import DeliveryState, FailedSync
from brainarr.domain.lidarr_events import LidarrEvent, Told
from brainarr.domain.lists import ListTerms
from brainarr.domain.outage import begun
from brainarr.domain.quarantine import OPEN, Group, suspect
from brainarr.domain.recommendation import Progress, RunOverrides
from brainarr.store import tables
from brainarr.store.columns import JsonOf, String, Text, UtcTime
from brainarr.store.session import open_database
from tests.conftest import Place
from tests.store.given import recommended

Content = dict[str, list[dict[str, Any]]]
"""Table → rows."""

texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=40)
moments = st.datetimes(
    datetime.fromisoformat("1970-01-02"), datetime.fromisoformat("2100-01-01"), timezones=st.just(UTC)
)
samples: dict[Any, st.SearchStrategy[Any]] = {
    int: st.integers(0, 2**31 - 1),
    float: st.floats(0, 1e6),
    bool: st.booleans(),
    bytes: st.binary(max_size=60),
}
json_samples: dict[str, st.SearchStrategy[Any]] = {
    "progress": st.builds(Progress, texts, texts, st.integers(0, 9), st.integers(0, 9)),
    "overrides": st.builds(RunOverrides, texts, st.lists(texts, max_size=2).map(tuple)),
    "preview": st.just((recommended(1), recommended(2, album=3))),
    "facts": st.just(recommended(4, album=5)),
    "circuit": st.builds(
        Circuit,
        st.sampled_from(State),
        moments,
        texts,
        texts,
        st.sampled_from(Cause),
        moments | st.none(),
        st.integers(0, 9),
        st.lists(st.builds(Mark, moments, st.booleans()), max_size=3).map(tuple),
    ),
    "event": st.builds(LidarrEvent, st.sampled_from(Told), texts, word=texts, at=moments | st.none()),
    "terms": st.builds(ListTerms, wish=texts, providers=st.lists(texts, max_size=2).map(tuple)),
    "amounts": st.lists(st.integers(0, 2**31), max_size=4).map(tuple),
    "state": st.builds(
        DeliveryState,
        st.just(suspect(OPEN, [Group(1, "albums", (1, 2, 3))])),
        st.builds(begun, texts, moments) | st.none(),
        st.builds(FailedSync, moments, texts, st.booleans() | st.none()) | st.none(),
    ),
    "carried": st.lists(st.integers(0, 2**31), max_size=4).map(tuple),
}


def is_text(column: Column[Any]) -> bool:
    return isinstance(column.type, String | Text)


def _key(column: Column[Any], number: int) -> Any:
    if isinstance(column.type, JsonOf):
        return (f"{column.name}{number}",)
    return f"{column.name}{number}" if is_text(column) else number


def values_of(table: Table, number: int) -> st.SearchStrategy[dict[str, Any]]:
    """A row of any content; keys are given, so that foreign keys hold."""
    columns: dict[str, st.SearchStrategy[Any]] = {}
    unique = {column for index in table.indexes if index.unique for column in index.columns}
    for column in table.columns:
        if column.foreign_keys or column.name == "id":
            columns[column.name] = st.just(number)
        elif column.primary_key or column.unique or (column in unique and not column.nullable):
            columns[column.name] = st.just(_key(column, number))
        elif isinstance(column.type, UtcTime):
            columns[column.name] = moments
        elif isinstance(column.type, JsonOf):
            columns[column.name] = json_samples.get(column.name, st.lists(texts, max_size=3).map(tuple))
        elif column.name == "status" and is_text(column):
            columns[column.name] = st.just("done")
        elif is_text(column):
            limit = getattr(column.type, "length", None) or 40
            columns[column.name] = texts.map(lambda text, limit=limit: text[:limit])
        else:
            columns[column.name] = samples[column.type.python_type]
    return st.fixed_dictionaries(columns)


rows = st.integers(1, 3).flatmap(
    lambda count: st.fixed_dictionaries(
        {
            table.name: st.tuples(*(values_of(table, number) for number in range(1, count + 1))).map(list)
            for table in tables.metadata.sorted_tables
        }
    )
)


async def store(place: Place, content: Content) -> None:
    """Instead of all that is there."""
    db = open_database(place.url, place.folder)
    try:
        async with db.transaction() as connection:
            for table in reversed(tables.metadata.sorted_tables):
                await connection.execute(delete(table))
            for table in tables.metadata.sorted_tables:
                if content[table.name]:
                    await connection.execute(insert(table), content[table.name])
    finally:
        await db.dispose()


async def stored(place: Place) -> Content:
    db = open_database(place.url, place.folder)
    try:
        async with db.reading() as connection:
            return {
                table.name: [
                    dict(row)
                    for row in (
                        await connection.execute(select(table).order_by(*table.primary_key.columns))
                    ).mappings()
                ]
                for table in tables.metadata.sorted_tables
            }
    finally:
        await db.dispose()
