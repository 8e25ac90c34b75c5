"""Why each list's feed gives Lidarr something or nothing: what became of its runs, what holds it back."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.feed_words import Ended, FeedWords, LastRun, explain_feed
from brainarr.domain.recommendation import Status
from brainarr.pipeline.ports import Clock
from brainarr.service.delivery.standing import held, standings_of
from brainarr.store import findings, lists, runs
from brainarr.store.figures import recommendation_figures
from brainarr.store.runs import RunStatus
from brainarr.store.session import Database

_ENDED = {
    RunStatus.QUEUED: Ended.OPEN,
    RunStatus.RUNNING: Ended.OPEN,
    RunStatus.DONE: Ended.DONE,
    RunStatus.FAILED: Ended.FAILED,
    RunStatus.CANCELLED: Ended.CANCELLED,
}


async def read_feed_words(db: Database, guarded: Collection[str], *, clock: Clock) -> Mapping[str, FeedWords]:
    """By slug, of every list. `guarded`: the instances whose Lidarr is configured."""
    async with db.reading() as connection:
        return await feed_words(connection, guarded, clock())


async def feed_words(
    connection: AsyncConnection, guarded: Collection[str], now: datetime
) -> Mapping[str, FeedWords]:
    """By slug, of every list; as many questions for fifty lists as for one. `guarded` as above."""
    standings = await standings_of(connection, guarded, now)
    counted = await recommendation_figures(connection)
    newest = {run.list: run for run in await runs.newest_of_lists(connection)}
    verdicts = await findings.counted_verdicts_of(connection, [run.id for run in newest.values()])
    words: dict[str, FeedWords] = {}
    for stored in await lists.lists_of(connection):
        counts = {Status(status): count for (slug, status), count in counted.items() if slug == stored.slug}
        run = newest.get(stored.slug)
        last = run and LastRun(
            ended=_ENDED[run.status],
            recommended=run.recommended,
            verdicts=verdicts.get(run.id, {}),
            error=run.error or "",
            remedy=run.remedy or "",
        )
        words[stored.slug] = explain_feed(counts, last, held(standings[stored.slug], now))
    return words
