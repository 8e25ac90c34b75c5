"""The chores of every Brainarr."""

from datetime import timedelta

from brainarr.jobs.worker import Chore
from brainarr.service.execution import RunDeps
from brainarr.service.feeds import forget_polls
from brainarr.service.library import refresh_library
from brainarr.store.cache import StoredCache


def usual_chores(deps: RunDeps, cache: StoredCache) -> tuple[Chore, ...]:
    """Reading the library (which notices what was imported), and forgetting answers past their lifetime."""
    forget = (
        Chore("forget expired answers", timedelta(days=1), cache.purge),
        Chore("forget old polls", timedelta(days=1), lambda: forget_polls(deps.db, clock=deps.clock)),
    )
    source = deps.library
    if source is None:
        return forget
    read = Chore("read the library", timedelta(hours=1), lambda: refresh_library(deps.db, source, deps.clock))
    return read, *forget
