"""A log file that several processes write to, and that starts anew when it is full."""

import fcntl
import logging
import os
import sys
from pathlib import Path

_MODE = 0o666
"""Less the umask. The log tells what a person listens to, so that is 077 unless somebody wants it read, by a
log shipper for example."""


class RotatingFile(logging.Handler):
    """Appends one line for each record to `path`, the older ones moved to `path`.1, `path`.2 and so on.

    `size` bytes make a file full, `count` older ones are kept. The standard library's own handler loses lines
    when two processes rotate one file; this one rotates under a lock, and notices when another has done so.
    Raises OSError when the file cannot be opened. A full disk later costs lines, never the work.
    """

    def __init__(self, path: Path, *, size: int, count: int) -> None:
        self._path = path
        self._size = size
        self._count = count
        self._complained = False
        self._file = self._open()
        super().__init__()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            # Text that no encoding can carry must not stop the log.
            line = f"{self.format(record)}\n".encode(errors="backslashreplace")
            self._follow()
            # At once and unbuffered: lines of several processes must not mix, nor wait for a full disk.
            os.write(self._file, line)
            if os.fstat(self._file).st_size >= self._size:
                self._rotate()
            self._complained = False
        except OSError as error:
            if not self._complained:
                self._complained = True
                print(f"brainarr: the log file cannot be written: {error.strerror}.", file=sys.stderr)
        except Exception:  # noqa: BLE001 as in logging's own: a mistake in a log line must not stop the work
            self.handleError(record)

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        super().close()

    def _open(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _MODE)

    def _follow(self) -> None:
        """Opens the file again when it was moved or deleted, by another process or by logrotate."""
        mine = os.fstat(self._file)
        try:
            there = os.stat(self._path)
        except FileNotFoundError:
            there = None
        if there is None or (there.st_dev, there.st_ino) != (mine.st_dev, mine.st_ino):
            former, self._file = self._file, self._open()
            os.close(former)

    def _rotate(self) -> None:
        lock = os.open(f"{self._path}.lock", os.O_WRONLY | os.O_CREAT, _MODE)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._follow()
            if os.fstat(self._file).st_size < self._size:
                return
            for number in range(self._count - 1, 0, -1):
                older = Path(f"{self._path}.{number}")
                if older.exists():
                    older.replace(f"{self._path}.{number + 1}")
            if self._count:
                self._path.replace(f"{self._path}.1")
            else:
                self._path.unlink()
            self._follow()
        finally:
            os.close(lock)
