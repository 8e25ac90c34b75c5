"""What an upgrade makes of the histories that older versions wrote, and a downgrade of today's."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from brainarr.domain.life import Actor, Event
from brainarr.domain.recommendation import Status
from brainarr.service.history import read_history, read_life
from brainarr.service.league import read_league
from brainarr.store.session import open_database
from brainarr.store.upgrade import downgrade, upgrade
from tests.conftest import NOW, Place
from tests.store.given import install, installed


@pytest.fixture
def fresh(empty_place: Place) -> Place:
    """Of its own: going back and forth would change the columns of the one that the others share."""
    install(*empty_place)
    return empty_place


_DAY = "2026-03-0{} 10:00:00+00:00"


async def _old_rows(place: Place) -> None:
    """A run of revision 0007 with three lives, as that version wrote them."""
    db = open_database(place.url, place.folder)
    facts = (
        '{"artist":"A","artist_mbid":"m","album":null,"release_group_mbid":null,"year":null,"genres":[],'
        '"score":0.5,"parts":{"genre":0,"era":0,"diversity":0,"confidence":0},"confidence":0.5,'
        '"evidence":{},"voices":[]}'
    )
    lives: list[tuple[str, list[tuple[int, str, str]]]] = [
        ("pending", []),
        ("imported", [(1, "approved", "automatic"), (2, "delivered", ""), (4, "imported", "")]),
        ("delivered", [(1, "approved", "yes"), (3, "delivered", "pushed")]),
    ]
    try:
        async with db.transaction() as connection:

            async def write(statement: str, **values: Any) -> None:
                await connection.execute(text(statement), values)

            await write(
                "INSERT INTO runs (id, list_id, status, dry_run, trigger, requested_at) "
                f"VALUES (1, 1, 'done', false, 'schedule', '{_DAY.format(1)}')"
            )
            for verdict in ("kept", "owned", "owned"):
                await write(
                    "INSERT INTO verdicts (run_id, artist, verdict, detail, sources) "
                    "VALUES (1, 'A', :verdict, '', '[\"deezer\"]')",
                    verdict=verdict,
                )
            for number, (status, events) in enumerate(lives, start=1):
                await write(
                    "INSERT INTO recommendations "
                    "(id, run_id, list_id, status, artist, artist_mbid, score, facts, created_at) "
                    f"VALUES (:id, 1, 1, :status, 'A', 'm', 0.5, :facts, '{_DAY.format(1)}')",
                    id=number,
                    status=status,
                    facts=facts,
                )
                for day, event, note in events:
                    await write(
                        "INSERT INTO history (at, event, recommendation_id, artist, artist_mbid, note) "
                        f"VALUES ('{_DAY.format(day)}', :event, :id, 'A', 'm', :note)",
                        id=number,
                        event=event,
                        note=note,
                    )
    finally:
        await db.dispose()


async def test_old_lives_get_their_proposal_and_who_caused_what(fresh: Place) -> None:
    await downgrade(fresh.url, fresh.folder, "0007", now=NOW)
    await _old_rows(fresh)
    await upgrade(fresh.url, fresh.folder, now=NOW)
    async with installed(fresh.folder, fresh.url) as house:
        lives = [await read_life(house.db, number) for number in (1, 2, 3)]
        told = [
            [(one.event.event, one.event.actor, one.event.channel) for one in life.events] for life in lives
        ]
        proposed = (Event.PROPOSED, Actor.SCHEDULE, None)
        assert told == [
            [proposed],
            [
                proposed,
                (Event.APPROVED, Actor.AUTOMATIC, None),
                (Event.DELIVERED, Actor.LIDARR, "artists"),
                (Event.IMPORTED, Actor.LIDARR, "library"),
            ],
            [
                proposed,
                (Event.APPROVED, Actor.PERSON, None),
                (Event.PUSHED, Actor.PERSON, "push"),
            ],
        ]
        assert [life.events[-1].status for life in lives] == [
            Status.PENDING,
            Status.IMPORTED,
            Status.DELIVERED,
        ]
        pushed = lives[2].recommendation
        assert (pushed.attempts, pushed.first_delivered_at) == (1, pushed.tried_at)
        (deezer,) = await read_league(house.db, clock=house.clock)
        assert (deezer.proposed, deezer.verified, deezer.owned) == (3, 1, 2)
        newest = (await read_history(house.db)).items
        assert [row.at for row in newest] == sorted((row.at for row in newest), reverse=True)
        # The next event has a number of its own.
        async with house.db.transaction() as connection:
            await connection.execute(
                text(
                    "INSERT INTO history (at, event, recommendation_id, artist, artist_mbid, note) "
                    f"VALUES ('{_DAY.format(9)}', 'played', 2, 'A', 'm', '')"
                )
            )


async def test_a_downgrade_leaves_only_what_the_older_version_can_read(fresh: Place, tmp_path: Path) -> None:
    await downgrade(fresh.url, fresh.folder, "0007", now=NOW)
    await _old_rows(fresh)
    await upgrade(fresh.url, fresh.folder, now=NOW)
    await downgrade(fresh.url, fresh.folder, "0007", now=NOW)
    db = open_database(fresh.url, fresh.folder)
    try:
        async with db.reading() as connection:
            rows = (await connection.execute(text("SELECT event, note FROM history ORDER BY id"))).all()
    finally:
        await db.dispose()
    assert [tuple(row) for row in rows] == [
        ("approved", "automatic"),
        ("delivered", ""),
        ("imported", ""),
        ("approved", "yes"),
        ("delivered", "pushed"),
    ]
