"""Doctor: asks everything Brainarr depends on whether it works, all at once, each within bounds."""

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from pathlib import Path

import msgspec

from brainarr.errors import BrainarrError, ProviderUnavailable, StorageError

PATIENCE_S = 20.0
LEAST_FREE_BYTES = 200 * 2**20
"""An upgrade copies the database aside first, and SQLite's log grows beside it."""


class Health(StrEnum):
    OK = "ok"
    NOTE = "note"
    """Worth knowing; Brainarr works without it, or it passes by itself."""
    FAILED = "failed"
    """Something needs the user."""


class Check(msgspec.Struct, frozen=True):
    """One thing to ask. `probe` answers one line of proof that it works, or raises BrainarrError."""

    name: str
    role: str
    """What it is to Brainarr: folder, database, library, catalogue, similarity, model, …"""
    probe: Callable[[], Awaitable[str]]
    remedy: str = ""
    """What to do when it fails and the error itself does not say."""
    needed: bool = True
    """False: Brainarr goes on without it, so its being away for a while is only noted."""


class Finding(msgspec.Struct, frozen=True):
    name: str
    role: str
    health: Health
    detail: str
    remedy: str = ""


async def examine(checks: Sequence[Check | Finding], *, patience: float = PATIENCE_S) -> tuple[Finding, ...]:
    """One finding for each, in their order; what is found already stays. `patience` bounds each (s)."""
    return tuple(await asyncio.gather(*(_find(check, patience) for check in checks)))


def needs_user(findings: Sequence[Finding]) -> bool:
    return any(finding.health is Health.FAILED for finding in findings)


def folder_check(folder: Path) -> Check:
    """The configuration folder can be written, and its disk has room."""

    async def probe() -> str:
        return await asyncio.to_thread(_probe_folder, folder)

    return Check("configuration folder", "folder", probe)


async def _find(check: Check | Finding, patience: float) -> Finding:
    if isinstance(check, Finding):
        return check
    try:
        async with asyncio.timeout(patience):
            return Finding(check.name, check.role, Health.OK, await check.probe())
    except BrainarrError as error:
        passing = isinstance(error, ProviderUnavailable) and not check.needed
        health = Health.NOTE if passing else Health.FAILED
        # The line begins with the name already.
        detail = error.message.removeprefix(f"{check.name}: ")
        return Finding(check.name, check.role, health, detail, error.remedy or check.remedy)
    except TimeoutError:
        health = Health.FAILED if check.needed else Health.NOTE
        return Finding(check.name, check.role, health, f"no answer within {patience:g} s", check.remedy)


def _probe_folder(folder: Path) -> str:
    try:
        if not folder.exists():
            return f"{folder} does not exist yet: `brainarr serve` makes it at its first start"
        with tempfile.TemporaryFile(dir=folder) as scratch:
            scratch.write(b"brainarr")
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise StorageError(
            f"{folder} cannot be written ({error.strerror or error})",
            remedy="Give the user that runs Brainarr write permission to it.",
        ) from error
    shown = f"{free / 2**30:.1f} GiB free"
    if free < LEAST_FREE_BYTES:
        raise StorageError(
            f"{folder} has only {free // 2**20} MiB free", remedy="Free some space on its disk."
        )
    return f"{folder} can be written, {shown}"
