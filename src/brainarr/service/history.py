"""History: what happened to recommendations, newest first."""

from brainarr.store import history
from brainarr.store.history import Event, HistoryRow
from brainarr.store.page import FIRST_PAGE, Page, PageOf
from brainarr.store.session import Database


async def read_history(
    db: Database, asked: PageOf = FIRST_PAGE, *, event: Event | None = None
) -> Page[HistoryRow]:
    async with db.reading() as connection:
        return await history.page_of_history(connection, asked, event=event)
