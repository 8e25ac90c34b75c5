"""PostgreSQL as Brainarr uses it: the same promises as on SQLite, one writer at a time."""

import ssl
from typing import Any

from sqlalchemy import URL, Connection, event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from brainarr.errors import StorageError

LOCK_PATIENCE_S = 30
"""How long a writer waits for another process that writes, unless `patience_s` says otherwise."""

CONNECTIONS = 8
"""Each is a process of the server's, kept open from its first use on, and never more for a moment."""

OLDEST = 13
"""The oldest major version that still had its makers' care when this was written."""

_WRITERS = 0x0B7A1AA7
"""The advisory lock of those who write; it is of this database alone."""

_CONNECT_S = 10
_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_OPTIONS = ("sslmode", "sslrootcert", "host", "application_name", "connect_timeout")


def check_options(url: URL) -> str | None:
    """What is wrong with the part behind the "?" of an address, as libpq has it; None: nothing.

    https://www.postgresql.org/docs/15/libpq-connect.html#LIBPQ-PARAMKEYWORDS
    """
    for name, value in url.query.items():
        if name not in _OPTIONS:
            return f"of the options {', '.join(_OPTIONS)} there is none {name!r}"
        if not isinstance(value, str) or not value:
            return f"{name} wants one value"
    if (mode := url.query.get("sslmode", "prefer")) not in _SSL_MODES:
        return f"sslmode {mode!r} is none of {', '.join(_SSL_MODES)}"
    if not str(url.query.get("connect_timeout", "1")).isdecimal():
        return "connect_timeout wants whole seconds"
    authority = url.query.get("sslrootcert")
    if authority is not None and mode not in ("verify-ca", "verify-full"):
        return "sslrootcert is only looked at with sslmode=verify-ca or verify-full"
    if authority is not None and (fault := _unreadable(str(authority))):
        return f"the certificate of sslrootcert cannot be used: {fault}"
    return None


def postgres_engine(url: URL) -> AsyncEngine:
    """An engine whose transactions take turns, as SQLite's do. `check_options` has found no fault in `url`.

    At PostgreSQL's own isolation level two transactions that both read, then write what follows from it
    (a budget's sum, a recommendation's state), overwrite each other. They are a few milliseconds long, so
    taking turns costs little, and needs no retry anywhere; who reads (`reads_only`) waits for nobody.
    https://www.postgresql.org/docs/15/explicit-locking.html#ADVISORY-LOCKS
    """
    query = url.query
    arguments: dict[str, Any] = {
        "timeout": int(str(query.get("connect_timeout", _CONNECT_S))) or _CONNECT_S,
        "server_settings": {
            "application_name": str(query.get("application_name", "brainarr")),
            "timezone": "UTC",
            # Compiling a statement pays after seconds; ours take milliseconds.
            "jit": "off",
            "lock_timeout": f"{LOCK_PATIENCE_S * 1000}",
            # A process that hangs in a transaction must not hold up all the others for ever.
            "idle_in_transaction_session_timeout": f"{2 * LOCK_PATIENCE_S * 1000}",
        },
        "ssl": _encryption(str(query.get("sslmode", "prefer")), query.get("sslrootcert")),
    }
    if "host" in query:
        # A folder: the socket of a server on this machine.
        arguments["host"] = query["host"]
    engine = create_async_engine(
        url.set(query={}),
        # A connection that died with a restarted server is noticed before it is used.
        pool_pre_ping=True,
        pool_size=CONNECTIONS,
        max_overflow=0,
        connect_args=arguments,
    )
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def describe_server(connection: AsyncConnection) -> str:
    """As in "PostgreSQL 15.4". Raises StorageError for one that is too old."""
    version = connection.dialect.server_version_info or ()
    name = f"PostgreSQL {'.'.join(map(str, version))}"
    if version < (OLDEST,):
        raise StorageError(
            f"{name} is too old for Brainarr.", remedy=f"Use PostgreSQL {OLDEST} or newer, or SQLite."
        )
    return name


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("reads_only", False):
        return
    if (patience := options.get("patience_s")) is not None:
        # What is long itself, such as an upgrade: neither its waiting nor a pause within it ends it.
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {int(patience * 1000)}")
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS})")


def _encryption(mode: str, authority: Any) -> str | ssl.SSLContext:
    if authority is None:
        return mode
    context = ssl.create_default_context(cafile=str(authority))
    context.check_hostname = mode == "verify-full"
    return context


def _unreadable(authority: str) -> str | None:
    try:
        ssl.create_default_context(cafile=authority)
    except (OSError, ValueError) as error:
        return str(getattr(error, "strerror", None) or error)
    return None
