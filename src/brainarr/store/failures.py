"""What a driver's complaint means for the person who runs Brainarr."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as TooBusy

from brainarr.errors import StorageError, redact

_DISK_FULL = ("the disk is full", "Free some space; nothing was half stored.")
_AWAY = ("the server went away in the middle", "Nothing was half stored; try again.")
_NOT_YET = ("the server is starting or stopping", "Try again in a minute.")
_UNREACHED = (
    "the server cannot be reached",
    "Check that PostgreSQL runs, and host and port in database.url.",
)
_REFUSED = ("the server refuses the login", "Check user and password in database.url.")

# PostgreSQL's codes, whole or by their class: https://www.postgresql.org/docs/15/errcodes-appendix.html
_STATES = {
    "53100": _DISK_FULL,
    "53300": ("the server has no connection left", "Close other clients, or raise its max_connections."),
    "53": ("the server is out of resources", "Check the memory of the machine it runs on."),
    "28": _REFUSED,
    "3D000": ("there is no such database", "Create it (docs/databases.md), or check database.url."),
    "42501": (
        "its user lacks a right",
        "Make the user of database.url the owner of its database (docs/databases.md).",
    ),
    "25006": ("the server takes no writes", "Name the primary server in database.url, not a copy of it."),
    "55P03": ("another process holds it", "Try again when its work is done."),
    "25P03": ("a transaction took too long", "Nothing was half stored; try again."),
    "57014": ("the statement was cancelled", "Nothing was half stored; try again."),
    "57P": _NOT_YET,
    "08": _AWAY,
    "58": ("the server's disk did not answer", "Check the disk that holds it."),
    "XX": ("the server found it damaged", "Restore a backup: `brainarr db restore`."),
}

# Words of SQLite, of the operating system and of the connection, which have no such codes.
_WORDS = (
    ("full", *_DISK_FULL),
    ("no space left", *_DISK_FULL),
    (
        "readonly",
        "the file may not be written",
        "Give Brainarr's user write permission to it and its folder.",
    ),
    (
        "unable to open",
        "the file cannot be opened",
        "Check that its folder exists and that Brainarr's user may use it.",
    ),
    ("locked", "another process holds it", "Stop the other Brainarr, or try again when its work is done."),
    (
        "malformed",
        "the file is damaged",
        "Move it away and restore a backup: `brainarr db restore`.",
    ),
    (
        "not a database",
        "the file is not a database",
        "Check database.url; or move the file away and restore a backup: `brainarr db restore`.",
    ),
    ("disk i/o", "the disk did not answer", "Check the disk or the network share that holds it."),
    (
        "rejected ssl",
        "the server does not encrypt",
        "Set sslmode=prefer in database.url, or turn it on there.",
    ),
    (
        "certificate verify failed",
        "the server's certificate is not trusted",
        "Name the authority's certificate with sslrootcert in database.url.",
    ),
    ("no pg_hba.conf entry", *_REFUSED),
    ("connection is closed", *_AWAY),
    ("connection was closed", *_AWAY),
    ("connect call failed", *_UNREACHED),
    ("name or service not known", *_UNREACHED),
    ("name resolution", *_UNREACHED),
    ("no address associated", *_UNREACHED),
    ("network is unreachable", *_UNREACHED),
    ("no route to host", *_UNREACHED),
)


def storage_error(error: BaseException) -> StorageError:
    """The error that a person is shown for what a driver or the system raised."""
    what, remedy = _meaning(error)
    return StorageError(f"The database cannot be used: {what}.", remedy=remedy)


@contextmanager
def storage_errors() -> Iterator[None]:
    """What the driver or the system raises becomes StorageError; broken constraints pass as they are."""
    try:
        yield
    except IntegrityError:
        raise
    except DBAPIError as error:
        raise storage_error(error.orig or error) from error
    except (OSError, sqlite3.Error) as error:
        raise storage_error(error) from error
    except TooBusy as error:
        raise StorageError("The database is too busy.", remedy="Try again in a minute.") from error


def _meaning(error: BaseException) -> tuple[str, str]:
    state = str(getattr(error, "sqlstate", None) or "")
    for mark in (state, state[:3], state[:2]):
        if mark in _STATES:
            return _STATES[mark]
    text = str(error).lower()
    for mark, what, remedy in _WORDS:
        if mark in text:
            return what, remedy
    if isinstance(error, TimeoutError | ConnectionError):
        return _UNREACHED
    return redact(str(error)[:200]), "See the log for the statement."
