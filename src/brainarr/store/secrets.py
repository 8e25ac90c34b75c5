"""Secrets at rest: everything that opens something is encrypted with a key that lies beside the database."""

import os
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from brainarr.errors import StorageError

KEY_FILE = "secret.key"


class Secrets:
    """Encrypts and decrypts with one key (Fernet: AES-128-CBC with HMAC-SHA256)."""

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(key)

    def encrypt(self, text: str) -> str:
        return self._fernet.encrypt(text.encode()).decode()

    def decrypt(self, token: str) -> str:
        """Raises StorageError when the key is another one than it was encrypted with."""
        try:
            return self._fernet.decrypt(token.encode()).decode()
        except InvalidToken:
            raise StorageError(
                f"{KEY_FILE} does not open the secrets in this database.",
                remedy=f"Put the {KEY_FILE} back that was made together with the database.",
            ) from None


def open_secrets(folder: Path) -> Secrets:
    """The key in `folder`, made at the first start, readable by its owner alone. Raises StorageError."""
    path = folder / KEY_FILE
    try:
        return Secrets(_read_or_make(path))
    except OSError as error:
        raise StorageError(
            f"{path} cannot be read or written: {error.strerror}.",
            remedy="Give Brainarr's user read and write permission to its configuration folder.",
        ) from error
    except ValueError as error:
        raise StorageError(f"{path} is not a key.", remedy="Restore it from a backup.") from error


def _read_or_make(path: Path) -> bytes:
    if not path.exists():
        # Written aside and linked: whoever is killed half-way, or second, never leaves or reads half a key.
        aside = path.with_name(f"{path.name}.{os.getpid()}")
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(Fernet.generate_key())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(aside, path)
        except FileExistsError:
            pass
        except OSError:
            # Shares without hard links: then the last of two that start at the same moment wins.
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
    return path.read_bytes().strip()
