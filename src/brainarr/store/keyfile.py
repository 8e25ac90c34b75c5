"""Another secret.key for the database: it comes together with the rows that it opens, or not at all.

The rows are one transaction, the file is another. So the key lies ready before the rows are stored, and is
put in its place after; a process killed between the two leaves both, and the next start finishes.
"""

from pathlib import Path

from brainarr.errors import StorageError
from brainarr.store.private import write_private
from brainarr.store.secrets import KEY_FILE, Secrets

_NEXT = f"{KEY_FILE}.next"


def lay_ready(folder: Path, key: bytes) -> None:
    """The key that `take_over` will put in place, certain to be on the disk."""
    write_private(folder / _NEXT, key, replace=True)


def take_over(folder: Path) -> None:
    """Makes what lies ready the key."""
    (folder / _NEXT).replace(folder / KEY_FILE)


def withdraw(folder: Path) -> None:
    """Forgets what lies ready."""
    (folder / _NEXT).unlink(missing_ok=True)


def finish_takeover(folder: Path, token: str) -> bool:
    """Where a killed process left a key that opens `token`, and the present one does not: takes it over."""
    ready, present = folder / _NEXT, folder / KEY_FILE
    if not ready.exists() or (present.exists() and opens(present.read_bytes(), token)):
        return False
    if not opens(ready.read_bytes(), token):
        return False
    take_over(folder)
    return True


def opens(key: bytes, token: str) -> bool:
    """Whether the content of a key file opens `token`; False also for what is no key."""
    try:
        Secrets(key.split()).decrypt(token)
    except (StorageError, ValueError):
        return False
    return True
