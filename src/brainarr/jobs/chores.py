"""The chores of every Brainarr."""

from datetime import timedelta

from brainarr.jobs.worker import Chore
from brainarr.service.execution import RunDeps
from brainarr.service.keeping import settle_recommendations
from brainarr.service.library import refresh_library
from brainarr.service.retention import USUAL, Retention, clean_up


def usual_chores(deps: RunDeps, retention: Retention = USUAL) -> tuple[Chore, ...]:
    """Reading the library, settling what became of what was imported, forgetting what is past its time."""
    day = timedelta(days=1)
    forget = (Chore("clean up", day, lambda: clean_up(deps.db, retention, clock=deps.clock)),)
    source = deps.library
    if source is None:
        return forget
    read = Chore("read the library", timedelta(hours=1), lambda: refresh_library(deps.db, source, deps.clock))
    settle = Chore("settle imports", day, lambda: settle_recommendations(deps.db, source, deps.clock))
    return read, settle, *forget
