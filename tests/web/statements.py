"""How much a page asks of the database."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from brainarr.store.session import Database


@contextmanager
def statements(db: Database) -> Iterator[list[str]]:
    """Everything that `db` is asked meanwhile."""
    engine = db._engine.sync_engine
    asked: list[str] = []

    def note(connection: object, cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)
