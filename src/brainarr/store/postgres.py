"""PostgreSQL as Brainarr uses it: the same promises as on SQLite, one writer at a time."""

from sqlalchemy import URL, Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

LOCK_PATIENCE_S = 30
"""How long a writer waits for another process that writes."""
CONNECTIONS = 8
"""Each is a process of the server's, kept open from its first use on, and never more for a moment."""

_WRITERS = 0x0B7A1AA7
"""The advisory lock of those who write; it is of this database alone."""


def postgres_engine(url: URL) -> AsyncEngine:
    """An engine whose transactions take turns, as SQLite's do.

    At PostgreSQL's own isolation level two transactions that both read, then write what follows from it
    (a budget's sum, a recommendation's state), overwrite each other. They are a few milliseconds long, so
    taking turns costs little, and needs no retry anywhere; who reads (`reads_only`) waits for nobody.
    https://www.postgresql.org/docs/15/explicit-locking.html#ADVISORY-LOCKS
    """
    engine = create_async_engine(
        url,
        # A connection that died with a restarted server is noticed before it is used.
        pool_pre_ping=True,
        pool_size=CONNECTIONS,
        max_overflow=0,
        connect_args={
            "timeout": 10,
            "server_settings": {
                "application_name": "brainarr",
                "timezone": "UTC",
                "lock_timeout": f"{LOCK_PATIENCE_S * 1000}",
                # A process that hangs in a transaction must not hold up all the others for ever.
                "idle_in_transaction_session_timeout": f"{2 * LOCK_PATIENCE_S * 1000}",
            },
        },
    )
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    if not connection.get_execution_options().get("reads_only", False):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS})")
