"""Files for their owner's eyes only, written so that no reader and no crash ever sees half of one."""

import os
import stat
import tempfile
from pathlib import Path

import structlog

log = structlog.get_logger("brainarr.store")


def close_to_others(path: Path) -> None:
    """Takes every right to `path` away from everybody but its owner. One that cannot be closed is said.

    It does not refuse: shares without permissions of their own, and secrets mounted into containers, look
    open and cannot be changed.
    """
    mode = stat.S_IMODE(path.stat().st_mode)
    if not mode & 0o077:
        return
    try:
        path.chmod(mode & 0o700)
    except OSError as error:
        log.warning("others can read a private file", file=str(path), reason=error.strerror)
    else:
        log.warning("others could read a private file; they cannot any more", file=str(path))


def write_private(path: Path, content: bytes, *, replace: bool) -> None:
    """Writes `path` in one step, so that it survives a power cut; without `replace` it never touches one that
    is there. A symbolic link stays, and what it points to is written. Raises OSError.
    """
    path = path.resolve()
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    aside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            aside.replace(path)
        else:
            _link(aside, path)
    finally:
        aside.unlink(missing_ok=True)
    _keep_name(path.parent)


def _link(aside: Path, path: Path) -> None:
    try:
        os.link(aside, path)
    except FileExistsError:
        pass
    except OSError:
        # Shares without hard links: then the last of two that start at the same moment wins.
        aside.replace(path)


def _keep_name(folder: Path) -> None:
    """The folder's own entry must reach the disk before the database counts on the file."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
