"""The chores of every Brainarr."""

from datetime import timedelta

from brainarr.jobs.worker import Chore
from brainarr.service.execution import RunDeps
from brainarr.service.feeds import forget_polls
from brainarr.service.keeping import settle_recommendations
from brainarr.service.library import refresh_library
from brainarr.store.cache import LayeredCache


def usual_chores(deps: RunDeps, cache: LayeredCache) -> tuple[Chore, ...]:
    """Reading the library, settling what became of what was imported, forgetting what is past its time."""
    day = timedelta(days=1)
    forget = (
        Chore("forget expired answers", day, cache.purge),
        Chore("forget old polls", day, lambda: forget_polls(deps.db, clock=deps.clock)),
    )
    source = deps.library
    if source is None:
        return forget
    read = Chore("read the library", timedelta(hours=1), lambda: refresh_library(deps.db, source, deps.clock))
    settle = Chore("settle imports", day, lambda: settle_recommendations(deps.db, source, deps.clock))
    return read, settle, *forget
