"""A long history: how long its pages, its league table and its clean-up take.

`python -m benchmarks.history [--database URL] [--verdicts 1000000]` fills an empty database (SQLite in a
temporary folder, unless told otherwise) with 100,000 events and prints JSON: milliseconds, queries, and how
long another writer waits while a million verdicts are deleted.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import event, insert
from sqlalchemy.engine import Engine

from brainarr.domain.life import Actor, Event
from brainarr.domain.music import Mbid
from brainarr.domain.recommendation import Evidence, Parts, Recommendation, Status, Verdict, Voice
from brainarr.service.history import every_event, read_history
from brainarr.service.league import read_league, read_outcomes
from brainarr.service.retention import Retention, clean_up
from brainarr.service.setup import ensure_installed
from brainarr.service.troubles import count_troubles
from brainarr.store.history import Sought
from brainarr.store.league import By
from brainarr.store.page import PageOf
from brainarr.store.session import Database, open_database
from brainarr.store.tables import history, recommendations, runs, verdict_counts, verdicts
from brainarr.store.upgrade import upgrade

NOW = datetime(2026, 11, 22, tzinfo=UTC)
RUNS, EACH, EVENTS = 1_000, 20, 5
"""20,000 recommendations with five events each."""
_VOICES = (("listenbrainz",), ("listenbrainz", "deezer"), ("home", "lastfm"), ("similarity",))
_LIFE = (Event.PROPOSED, Event.APPROVED, Event.DELIVERED, Event.IMPORTED, Event.KEPT)


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    sent: list[str] = []

    def note(_c: Any, _u: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def _fact(number: int) -> Recommendation:
    sources = _VOICES[number % len(_VOICES)]
    mbid = Mbid(f"{number:08x}-0000-4000-8000-{number:012x}")
    return Recommendation(
        artist=f"Artist {number}",
        artist_mbid=mbid,
        album=None,
        release_group_mbid=None,
        year=1999,
        genres=("dream pop",),
        score=0.5,
        parts=Parts(0.5, 0.5, 0.5, 0.5),
        confidence=0.5,
        evidence=Evidence(seeds=("Slowdive", "Ride"), sources=sources),
        voices=tuple(Voice(source, 1.0, 0.5, seeds=(("Slowdive", 0.5), ("Ride", 0.5))) for source in sources),
        reason="Because you have Slowdive and Ride, both close in listening.",
    )


async def fill(db: Database) -> None:
    for first in range(0, RUNS, 50):
        async with db.transaction() as connection:
            for run in range(first + 1, first + 51):
                at = NOW - timedelta(days=RUNS - run)
                await connection.execute(
                    insert(runs).values(
                        id=run,
                        list_id=1,
                        status="done",
                        dry_run=False,
                        trigger="schedule",
                        requested_at=at,
                        finished_at=at,
                    )
                )
                numbers = range((run - 1) * EACH + 1, run * EACH + 1)
                await connection.execute(insert(recommendations), [_row(n, run, at) for n in numbers])
                await connection.execute(insert(history), [row for n in numbers for row in _events(n, at)])
                counts = [
                    {"run_id": run, "dry_run": False, "sources": voices, "verdict": verdict, "count": 7}
                    for voices in _VOICES
                    for verdict in Verdict
                ]
                await connection.execute(insert(verdict_counts), counts)


def _row(number: int, run: int, at: datetime) -> dict[str, Any]:
    fact = _fact(number)
    status = (Status.KEPT, Status.REJECTED, Status.REMOVED, Status.DELIVERED)[number % 4]
    delivered = status is not Status.REJECTED
    imported = status in (Status.KEPT, Status.REMOVED)
    return {
        "id": number,
        "run_id": run,
        "list_id": 1,
        "status": status,
        "artist": fact.artist,
        "artist_mbid": fact.artist_mbid,
        "score": 0.5,
        "facts": fact,
        "sources": fact.evidence.sources,
        "created_at": at,
        "decided_at": at + timedelta(hours=1),
        "delivered_at": at + timedelta(hours=6) if delivered else None,
        "first_delivered_at": at + timedelta(hours=6) if delivered else None,
        "deliveries": int(delivered),
        "imported_at": at + timedelta(hours=12 + number % 48) if imported else None,
    }


def _events(number: int, at: datetime) -> list[dict[str, Any]]:
    fact = _fact(number)
    return [
        {
            "at": at + timedelta(hours=hour),
            "event": what,
            "recommendation_id": number,
            "artist": fact.artist,
            "artist_mbid": fact.artist_mbid,
            "note": "",
            "actor": Actor.API,
        }
        for hour, what in enumerate(_LIFE)
    ]


async def measured(what: Callable[[], Awaitable[object]], times: int = 5) -> dict[str, float]:
    """Milliseconds (median), and how many statements one takes."""
    took: list[float] = []
    queries = 0
    for _ in range(times):
        with counted() as sent:
            began = time.perf_counter()
            await what()
            took.append(1_000 * (time.perf_counter() - began))
        # The transaction's own are no queries.
        queries = len([one for one in sent if one.lstrip().startswith("SELECT")])
    return {"ms": round(median(took), 1), "queries": queries}


async def read_all(db: Database) -> None:
    async for _ in every_event(db):
        pass


def megabytes(file: Path | None) -> int | None:
    return file.stat().st_size >> 20 if file else None


async def clean(db: Database, count: int, file: Path | None) -> dict[str, Any]:
    """Deletes `count` old verdicts while somebody else writes."""
    before = megabytes(file)
    for start in range(0, count, 10_000):
        run = 1 + start // 10_000 % 500
        rows = [
            {
                "run_id": run,
                "artist": f"Artist {n}",
                "verdict": "unknown",
                "detail": "not in MusicBrainz",
                "sources": ("home",),
            }
            for n in range(min(10_000, count - start))
        ]
        async with db.transaction() as connection:
            await connection.execute(insert(verdicts), rows)
    full = megabytes(file)
    waits: list[float] = []

    async def others() -> None:
        while not cleaning.done():
            began = time.perf_counter()
            async with db.transaction() as connection:
                await connection.exec_driver_sql("UPDATE lists SET name = name")
            waits.append(1_000 * (time.perf_counter() - began))
            await asyncio.sleep(0.005)

    began = time.perf_counter()
    cleaning = asyncio.create_task(clean_up(db, Retention(history_days=730), clock=lambda: NOW))
    await others()
    gone = await cleaning
    waits.sort()
    return {
        "seconds": round(time.perf_counter() - began, 1),
        "rows": gone.rows,
        "history": gone.history,
        "verdicts": gone.verdicts,
        "another writer waits, ms": {
            "median": round(waits[len(waits) // 2], 1),
            "p99": round(waits[int(len(waits) * 0.99)], 1),
            "longest": round(waits[-1], 1),
        },
        "file, MB": {"before": before, "filled": full, "after": megabytes(file)},
        "free within it, MB": None if gone.free_bytes is None else gone.free_bytes >> 20,
    }


async def main(url: str | None, count: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        address = url or "sqlite:///brainarr.db"
        await upgrade(address, folder, now=NOW)
        db = open_database(address, folder)
        try:
            await ensure_installed(db, folder, clock=lambda: NOW)
            await fill(db)
            page, far = PageOf(), PageOf(1_500, 50)
            result: dict[str, Any] = {
                "events": RUNS * EACH * EVENTS,
                "first page": await measured(lambda: read_history(db, page)),
                "page 1500": await measured(lambda: read_history(db, far)),
                "by artist": await measured(lambda: read_history(db, page, Sought(artist="artist 77"))),
                "by source and state": await measured(
                    lambda: read_history(db, page, Sought(source="deezer", status=Status.KEPT))
                ),
                "whole export": await measured(lambda: read_all(db), 1),
                "league": await measured(lambda: read_league(db, clock=lambda: NOW)),
                "outcomes by list": await measured(lambda: read_outcomes(db, By.LIST, clock=lambda: NOW)),
                "outcomes by run": await measured(lambda: read_outcomes(db, By.RUN, clock=lambda: NOW)),
                "troubles counted": await measured(lambda: count_troubles(db, clock=lambda: NOW)),
            }
            result["clean-up"] = await clean(db, count, None if url else folder / "brainarr.db")
            return result
        finally:
            await db.dispose()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--database", help="an empty PostgreSQL database")
    arguments.add_argument("--verdicts", type=int, default=1_000_000)
    given = arguments.parse_args()
    print(json.dumps(asyncio.run(main(given.database, given.verdicts)), indent=2))
