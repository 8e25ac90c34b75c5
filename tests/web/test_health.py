"""Health in Lidarr's shape: one test for each thing that may be amiss, each with what to do about it."""

from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import update

from brainarr.domain.money import Limits
from brainarr.domain.prompt import Usage
from brainarr.domain.recommendation import Status
from brainarr.service import symptoms
from brainarr.service.health import Surroundings
from brainarr.service.lists import DEFAULT_LIST
from brainarr.service.liveness import this_process
from brainarr.service.runs import request_run
from brainarr.service.symptoms import exposure_issues
from brainarr.service.troubles import STUCK_ANYHOW
from brainarr.store import jobs, lists, notices, runs, tables
from brainarr.store.runs import SCHEDULE, RunStatus
from brainarr.store.usage import StoredLedger
from tests.store.given import recommended
from tests.web.conftest import House
from tests.web.test_house import finished_run, read_the_library

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def issues(house: House, *, later: timedelta = timedelta(0), **around: Any) -> list[dict[str, Any]]:
    """What /api/v1/health says; every issue of it is complete."""
    now = house.deps.clock() + later
    changes = {"around": Surroundings(**around), "clock": lambda: now}
    async with house.door(house.deps.api_key(), **changes) as client:
        found = (await client.get("/api/v1/health")).json()
    for issue in found:
        assert set(issue) == {"id", "source", "type", "message", "wikiUrl", "remedy"}
        assert issue["type"] in ("ok", "notice", "warning", "error")
        assert isinstance(issue["id"], int) and 0 <= issue["id"] < 2**31
        assert issue["message"] and issue["remedy"] and issue["wikiUrl"] is None
    return found


@pytest.fixture
async def well(house: House) -> House:
    """A house where nothing is amiss."""
    await read_the_library(house)
    assert await issues(house) == []
    return house


async def test_a_run_that_nobody_executes_is_an_error(well: House) -> None:
    await request_run(well.deps.db, DEFAULT_LIST, clock=well.deps.clock)
    assert await issues(well, later=timedelta(minutes=4)) == []
    (issue,) = await issues(well, later=timedelta(minutes=7))
    assert (issue["source"], issue["type"]) == ("Worker", "error")
    assert "waited for 7 minutes, and nobody works" in issue["message"]
    assert "brainarr worker" in issue["remedy"]


async def test_a_run_that_waits_behind_a_living_one_is_no_issue(well: House) -> None:
    db, clock = well.deps.db, well.deps.clock
    first = await request_run(db, DEFAULT_LIST, clock=clock)
    async with db.transaction() as connection:
        await runs.claim(connection, first.id, this_process(), clock() + timedelta(minutes=6))
        await lists.insert_list(connection, "jazz", "Jazz", "key", clock())
    await request_run(db, "jazz", clock=clock)
    assert await issues(well, later=timedelta(minutes=7)) == []
    (issue,) = await issues(well, later=timedelta(minutes=15))
    assert issue["source"] == "Worker"


async def test_in_a_pause_the_schedule_s_work_waits_without_an_issue(well: House) -> None:
    db, clock = well.deps.db, well.deps.clock
    await request_run(db, DEFAULT_LIST, clock=clock, trigger=SCHEDULE)
    async with db.transaction() as connection:
        await jobs.insert_job(connection, "backup", trigger=SCHEDULE, at=clock(), due_at=clock())
        await jobs.pause(connection, clock())
    assert await issues(well, later=HOUR) == []
    async with db.transaction() as connection:
        await jobs.ask_in_person(connection, "backup", "manual")
    (issue,) = await issues(well, later=HOUR)
    assert issue["source"] == "Worker"


async def test_what_was_approved_and_did_not_arrive_is_counted_by_how(well: House) -> None:
    await finished_run(well)
    await well.recommend(recommended(1), recommended(2), status=Status.FAILED)
    await well.recommend(recommended(3), status=Status.DELIVERED)
    async with well.deps.db.transaction() as connection:
        delivered = tables.recommendations.c.status == Status.DELIVERED
        row = {"first_delivered_at": well.deps.clock() - STUCK_ANYHOW, "deliveries": 1}
        await connection.execute(update(tables.recommendations).where(delivered).values(row))
    failed, stuck = await issues(well)
    assert (failed["source"], failed["type"], stuck["source"]) == ("Delivery", "warning", "Delivery")
    assert "2 could not be delivered" in failed["message"] and "1 went to Lidarr" in stuck["message"]
    assert "failures only" in failed["remedy"] and failed["id"] != stuck["id"]


async def test_lidarr_that_could_not_be_read_three_times_is_a_warning(well: House) -> None:
    assert await issues(well, later=2 * HOUR, library_every=HOUR) == []
    (issue,) = await issues(well, later=5 * HOUR, library_every=HOUR)
    assert (issue["source"], issue["type"]) == ("Lidarr", "warning")
    assert "5 hours" in issue["message"] and "brainarr doctor" in issue["remedy"]
    # Nobody is expected to read it.
    assert await issues(well, later=5 * HOUR) == []


@pytest.mark.parametrize(
    ("spent", "severity", "told"),
    [
        (7_900_000, None, ""),
        (8_000_000, "notice", "$8.00 of this month's $10.00 are spent."),
        (10_000_000, "warning", "paid models are not asked any more"),
    ],
)
async def test_a_budget_that_nears_its_end_is_said_before_it_is_there(
    well: House, spent: int, severity: str | None, told: str
) -> None:
    await StoredLedger(well.deps.db, well.deps.clock).record(Usage("cloud", "m", 1, 1, 0, spent, 1.0, "ok"))
    found = await issues(well, limits=Limits(month=10_000_000))
    assert [(issue["source"], issue["type"]) for issue in found] == (
        [("Budget", severity)] if severity else []
    )
    assert all(told in issue["message"] and "monthly_budget" in issue["remedy"] for issue in found)
    assert await issues(well) == []


async def test_a_list_that_delivers_nothing_because_all_waits_for_review_is_explained(well: House) -> None:
    await finished_run(well)
    first, *_ = await well.recommend(*(recommended(number) for number in range(1, 13)))
    (issue,) = await issues(well)
    assert (issue["source"], issue["type"]) == ("Feed", "notice")
    assert issue["message"] == "The list default delivers nothing: 12 wait for your review."
    assert "recommend.approval: auto" in issue["remedy"]
    async with well.door(well.deps.api_key()) as client:
        await client.post(f"/api/v1/recommendations/{first}/approve")
    assert await issues(well) == []


async def test_a_list_without_anything_that_waits_is_no_issue(well: House) -> None:
    await finished_run(well)
    await well.recommend(recommended(1), status=Status.IMPORTED)
    assert await issues(well) == []


async def test_an_alert_that_reached_nobody_is_a_warning(well: House) -> None:
    key = f"costs {well.deps.clock():%Y-%m} 5"
    async with well.deps.db.transaction() as connection:
        await notices.claim(connection, key, well.deps.clock())
        await notices.write_outcome(connection, key, (), failure="mailto: refused.")
    (issue,) = await issues(well)
    assert (issue["source"], issue["type"]) == ("Notification", "warning")
    assert "mailto: refused." in issue["message"]


async def test_rows_from_the_future_tell_of_a_wrong_clock(well: House) -> None:
    assert await issues(well, later=timedelta(minutes=-4)) == []
    (issue,) = await issues(well, later=timedelta(hours=-3))
    assert (issue["source"], issue["type"]) == ("Clock", "warning")
    assert "3 hours from now" in issue["message"] and "NTP" in issue["remedy"]


@pytest.mark.parametrize(
    ("free", "severity"), [(2 * 2**30, None), (500 * 2**20, "warning"), (100 * 2**20, "error")]
)
async def test_a_disk_that_fills_up_is_said_once_and_before_it_is_full(
    well: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, severity: str | None
) -> None:
    monkeypatch.setattr(symptoms.shutil, "disk_usage", lambda folder: SimpleNamespace(free=free))
    found = await issues(well, folders=(tmp_path, tmp_path.parent))
    assert [(issue["source"], issue["type"]) for issue in found] == ([("Disk", severity)] if severity else [])
    assert all(str(tmp_path) in issue["message"] for issue in found)


async def test_a_folder_that_is_gone_is_an_error(well: House, tmp_path: Path) -> None:
    assert await issues(well, folders=(tmp_path,)) == []
    (issue,) = await issues(well, folders=(tmp_path / "unmounted",))
    assert (issue["source"], issue["type"]) == ("Disk", "error")


async def test_a_redis_that_is_away_is_said_until_it_is_back(well: House) -> None:
    away = [True]
    (issue,) = await issues(well, redis_away=lambda: away[0])
    assert (issue["source"], issue["type"]) == ("Redis", "warning")
    assert "redis.url" in issue["remedy"]
    away[0] = False
    assert await issues(well, redis_away=lambda: away[0]) == []


async def backed_up(house: House, status: RunStatus, at: datetime) -> None:
    """As a worker on whichever machine does it."""
    async with house.deps.db.transaction() as connection:
        number = await jobs.insert_job(connection, "backup", trigger="schedule", at=at, due_at=at)
        assert number is not None
        mine = await jobs.claim_job(connection, number, this_process(), at)
        assert mine is not None
        assert await jobs.close_job(connection, mine, status, at)


async def test_backups_that_were_missed_twice_are_a_warning(well: House) -> None:
    now, week = well.deps.clock(), timedelta(days=7)
    await read_the_library(well)

    async def told(later: timedelta, every: timedelta | None = week) -> list[Any]:
        found = await issues(well, later=later, backup_every=every)
        return [issue for issue in found if issue["source"] != "Library"]

    # A new installation has time to make its first.
    assert await told(13 * DAY) == []
    (none,) = await told(15 * DAY)
    assert none["message"].startswith("No scheduled backup was made in the 15 days")
    assert await told(15 * DAY, every=None) == []
    await backed_up(well, RunStatus.DONE, now)
    assert await told(14 * DAY) == []
    await backed_up(well, RunStatus.FAILED, now + 14 * DAY)
    (old,) = await told(15 * DAY)
    assert (old["source"], old["type"]) == ("Backup", "warning")
    assert "15 days ago" in old["message"] and "/api/v1/system/tasks/backup" in old["remedy"]


async def test_what_is_amiss_outside_the_database_is_said_also_without_it(
    well: House, tmp_path: Path
) -> None:
    async with well.deps.db.transaction() as connection:
        await connection.exec_driver_sql("ALTER TABLE library_state RENAME TO gone")
    found = await issues(well, folders=(tmp_path / "unmounted",))
    assert {issue["source"] for issue in found} == {"Database", "Disk"}


async def test_an_issue_keeps_its_number_while_it_grows_older(well: House) -> None:
    (first,) = await issues(well, later=5 * HOUR, library_every=HOUR)
    (later,) = await issues(well, later=6 * HOUR, library_every=HOUR)
    assert first["message"] != later["message"]
    assert first["id"] == later["id"]


LONG = "k" * 32


@pytest.mark.parametrize(
    ("host", "external", "key", "about"),
    [
        ("127.0.0.1", None, "short", []),
        ("localhost", None, "short", []),
        ("0.0.0.0", None, LONG, []),
        ("0.0.0.0", None, "short", ["key"]),
        ("::", None, "short", ["key"]),
        ("0.0.0.0", "https://music.example.org", LONG, []),
        ("0.0.0.0", "http://music.example.org", LONG, ["external_url"]),
        ("0.0.0.0", "http://93.184.215.14:8690", LONG, ["external_url"]),
        ("0.0.0.0", "http://192.168.1.5:8690", LONG, []),
        ("0.0.0.0", "http://brainarr:8690", LONG, []),
        ("0.0.0.0", "http://nas.local", LONG, []),
        ("0.0.0.0", "http://box.home.arpa", LONG, []),
    ],
)
def test_only_what_really_opens_a_door_is_an_issue(
    host: str, external: str | None, key: str, about: list[str]
) -> None:
    found = list(exposure_issues(host, external, key))
    assert [issue.about for issue in found] == about
    assert all(issue.source == "Exposure" and issue.remedy and key not in issue.message for issue in found)
