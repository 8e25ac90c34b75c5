"""Secrets at rest: everything that opens something is encrypted with a key that lies beside the database.

The key file holds one key, or for the length of a rotation several, one in each line: the first encrypts,
each decrypts.
"""

from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import TypeVar

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import ColumnElement, Table, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.errors import StorageError
from brainarr.store.private import close_to_others, write_private
from brainarr.store.tables import ENCRYPTED, metadata, settings

KEY_FILE = "secret.key"

Signature = tuple[int, int, int]
"""Of a file: inode, time of its last change, size."""

T = TypeVar("T")


class Secrets:
    """Encrypts with the first of some keys and decrypts with each (Fernet: AES-128-CBC with HMAC-SHA256).

    With a `path` it follows that file: a running server takes the key of a rotation as soon as it is there.
    Keys that were in the file before go on decrypting, for what was read before they went.
    """

    def __init__(self, keys: Sequence[bytes], path: Path | None = None) -> None:
        self._keys = list(keys)
        self._path = path
        self._seen = _signature(path)
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def encrypt(self, text: str) -> str:
        """For what is to be stored: within the writing transaction, so that no rotation comes between."""
        self._follow()
        return self._fernet.encrypt(text.encode()).decode()

    def decrypt(self, token: str) -> str:
        """Raises StorageError when the keys are others than it was encrypted with."""
        self._follow()
        return _opened(lambda: self._fernet.decrypt(token.encode()).decode())

    def renew(self, token: str) -> str:
        """The same secret, encrypted with the first key. Raises StorageError."""
        return _opened(lambda: self._fernet.rotate(token.encode()).decode())

    def of_all(self) -> bytes:
        """What all processes of this Brainarr know and nobody else, to derive from: another one as soon as
        the key is another one, in those that were started before too."""
        self._follow()
        return blake2b(self._keys[0], person=b"shared by all", digest_size=32).digest()

    def _follow(self) -> None:
        signature = _signature(self._path)
        if self._path is None or signature is None or signature == self._seen:
            return
        try:
            keys = _read_keys(self._path)
        except (OSError, ValueError):
            # Whoever is at work there will finish; what was known is as good as it was.
            return
        self._seen = signature
        self._keys = list(dict.fromkeys([*keys, *self._keys]))
        self._fernet = MultiFernet([Fernet(key) for key in self._keys])


def open_secrets(folder: Path) -> Secrets:
    """The key in `folder`, made at the first start, readable by its owner alone. Raises StorageError."""
    return _with_key_file(folder, lambda path: Secrets(_read_or_make(path), path))


def begin_rotation(folder: Path) -> Secrets:
    """Puts a new key before the old one, or goes on where a rotation was interrupted. Raises StorageError."""

    def begin(path: Path) -> Secrets:
        keys = _read_keys(path)
        if len(keys) == 1:
            keys = [Fernet.generate_key(), *keys]
            write_private(path, b"\n".join(keys) + b"\n", replace=True)
        return Secrets(keys)

    return _with_key_file(folder, begin)


def newest_key(folder: Path) -> Secrets:
    """The key that encrypts, without those that only decrypt. Raises StorageError."""
    return _with_key_file(folder, lambda path: Secrets(_read_keys(path)[:1]))


def end_rotation(folder: Path) -> None:
    """Forgets the old keys. Raises StorageError."""
    _with_key_file(folder, lambda path: write_private(path, _read_keys(path)[0] + b"\n", replace=True))


async def encrypt_again(connection: AsyncConnection, secrets: Secrets) -> int:
    """Every encrypted value of the database, with the first key of `secrets`; how many those are.

    Raises StorageError where one of them opens with none of the keys.
    """
    count = 0
    for table, name, which in _encrypted():
        (identity,) = table.primary_key.columns
        rows = (await connection.execute(select(identity, table.c[name]).where(which))).all()
        for key, token in rows:
            renewed = {name: secrets.renew(token)}
            await connection.execute(update(table).where(identity == key).values(renewed))
        count += len(rows)
    return count


async def opens_everything(connection: AsyncConnection, secrets: Secrets) -> bool:
    """Whether no value of the database needs another key than `secrets` has."""
    for table, name, which in _encrypted():
        for (token,) in await connection.execute(select(table.c[name]).where(which)):
            try:
                secrets.decrypt(token)
            except StorageError:
                return False
    return True


def _encrypted() -> list[tuple[Table, str, ColumnElement[bool]]]:
    """Table, column and rows of all that is encrypted."""
    columns = [
        (table, column.name, true())
        for table in metadata.sorted_tables
        for column in table.columns
        if ENCRYPTED.items() <= column.info.items()
    ]
    return [*columns, (settings, "value", settings.c.secret.is_(True))]


def _opened(work: Callable[[], str]) -> str:
    try:
        return work()
    except InvalidToken:
        raise StorageError(
            f"{KEY_FILE} does not open the secrets in this database.",
            remedy=f"Put the {KEY_FILE} back that was made together with the database.",
        ) from None


def _with_key_file(folder: Path, work: Callable[[Path], T]) -> T:
    path = folder / KEY_FILE
    try:
        return work(path)
    except OSError as error:
        raise StorageError(
            f"{path} cannot be read or written: {error.strerror}.",
            remedy="Give Brainarr's user read and write permission to its configuration folder.",
        ) from error
    except ValueError as error:
        raise StorageError(f"{path} is not a key.", remedy="Restore it from a backup.") from error


def _read_or_make(path: Path) -> list[bytes]:
    if not path.exists():
        write_private(path, Fernet.generate_key(), replace=False)
    close_to_others(path)
    return _read_keys(path)


def _read_keys(path: Path) -> list[bytes]:
    """Raises OSError, and ValueError when that is no file of keys."""
    keys = path.read_bytes().split()
    if not keys:
        raise ValueError("empty")
    for key in keys:
        Fernet(key)
    return keys


def _signature(path: Path | None) -> Signature | None:
    try:
        found = path.stat() if path else None
    except OSError:
        return None
    return (found.st_ino, found.st_mtime_ns, found.st_size) if found else None
