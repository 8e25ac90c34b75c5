"""The chores of every Brainarr: what is done beside the runs, each as one call of a service function."""

import msgspec
import structlog

from brainarr.domain.schedule import Schedule
from brainarr.pipeline.ports import LibrarySource
from brainarr.service.execution import RunDeps
from brainarr.service.instances import for_each
from brainarr.service.jobs import Work, forget_executions
from brainarr.service.keeping import settle_recommendations
from brainarr.service.library import refresh_library
from brainarr.service.retention import USUAL, Retention, clean_up
from brainarr.service.tasks import Task, Wanted
from brainarr.store.cache import LayeredCache

log = structlog.get_logger(__name__)

NO_LIDARR = "Set lidarr.url and lidarr.api_key."


class Rhythm(msgspec.Struct, frozen=True):
    """When each of the usual chores is done; None: only when somebody asks."""

    library: Schedule | None
    settle: Schedule | None
    clean_up: Schedule | None


class Chore(msgspec.Struct, frozen=True):
    """A task and how it is done."""

    task: Task
    do: Work


def chore(name: str, schedule: Schedule | None, do: Work, *, missing: str = "") -> Chore:
    return Chore(Task(name, schedule, missing), do)


def chore_when_wanted(name: str, wanted: Wanted, do: Work, *, missing: str = "") -> Chore:
    """Done when somebody left something for it, and not otherwise."""
    return Chore(Task(name, None, missing, wanted), do)


def usual_chores(
    deps: RunDeps, cache: LayeredCache, rhythm: Rhythm, retention: Retention = USUAL
) -> tuple[Chore, ...]:
    """Reading the library, settling what became of what was imported, forgetting what is past its time."""
    missing = "" if deps.libraries else NO_LIDARR

    async def read_one(instance: str, source: LibrarySource) -> None:
        await refresh_library(deps.db, source, deps.clock, instance=instance)

    async def settle_one(instance: str, source: LibrarySource) -> None:
        await settle_recommendations(deps.db, source, deps.clock, instance=instance)

    async def read(*_: object) -> None:
        await for_each(deps.libraries, read_one)

    async def settled(*_: object) -> None:
        await for_each(deps.libraries, settle_one)

    async def forget(*_: object) -> None:
        gone = await clean_up(deps.db, retention, clock=deps.clock)
        await forget_executions(deps.db)
        answers = await cache.purge()
        log.info("cleaned up", rows=gone.rows, answers=answers, free_bytes=gone.free_bytes)

    return (
        chore("library", rhythm.library, read, missing=missing),
        chore("settle", rhythm.settle, settled, missing=missing),
        chore("clean_up", rhythm.clean_up, forget),
    )
