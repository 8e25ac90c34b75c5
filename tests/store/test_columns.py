"""Any text that a remote service may send can be stored, on either database, and is found again."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select

from brainarr.store import tables
from brainarr.store.columns import String, Text
from tests.conftest import examples
from tests.store.given import House

patient = settings(
    max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@patient
@given(
    key=st.text(st.characters(), min_size=1, max_size=300),
    value=st.text(st.characters(), max_size=50) | st.just("a\0b\ud800c"),
)
async def test_any_text_is_stored_without_what_no_database_takes(house: House, key: str, value: str) -> None:
    async with house.db.transaction() as connection:
        await connection.execute(delete(tables.settings))
        row = {"key": key, "value": value, "secret": False, "updated_at": house.clock()}
        await connection.execute(insert(tables.settings).values(row))
        (found,) = (
            await connection.execute(select(tables.settings).where(tables.settings.c.key == key))
        ).all()
    assert found.value == value.replace("\0", "").encode(errors="ignore").decode()
    assert len(found.key) <= 200


async def test_two_long_keys_that_begin_alike_stay_two(house: House) -> None:
    keys = ["k" * 600 + end for end in "ab"]
    async with house.db.transaction() as connection:
        for key in keys:
            row = {"key": key, "value": key.encode()[-1:], "expires_at": house.clock()}
            await connection.execute(insert(tables.cache).values(row))
        query = select(tables.cache.c.value)
        found = [(await connection.execute(query.where(tables.cache.c.key == key))).scalar() for key in keys]
    assert found == [b"a", b"b"]


def test_every_text_column_is_one_of_ours() -> None:
    others = [
        str(column)
        for table in tables.metadata.sorted_tables
        for column in table.columns
        if column.type.python_type is str and not isinstance(column.type, String | Text)
    ]
    assert others == []
