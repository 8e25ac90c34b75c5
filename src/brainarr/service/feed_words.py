"""Why each list's feed gives Lidarr something or nothing, read from what became of its runs."""

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.feed_words import Ended, FeedWords, LastRun, explain_feed
from brainarr.domain.recommendation import Status
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


async def read_feed_words(db: Database) -> Mapping[str, FeedWords]:
    """By slug, of every list."""
    async with db.reading() as connection:
        return await feed_words(connection)


async def feed_words(connection: AsyncConnection) -> Mapping[str, FeedWords]:
    """By slug, of every list; as many questions for fifty lists as for one."""
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
        words[stored.slug] = explain_feed(counts, last)
    return words
