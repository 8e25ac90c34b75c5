"""Many processes, one answer: no double run, no double spend, no lost approval."""

import asyncio
import os
import random
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
from sqlalchemy import func, select

from brainarr.domain.recommendation import Outcome, Status
from brainarr.store.history import Event
from brainarr.store.session import Database, open_database
from brainarr.store.tables import history, install, lists, runs, usage
from tests.processes.conftest import SQLITE, Town, recommend
from tests.processes.spender import TIMES
from tests.processes.town import KEY, Crowd, brainarr, environment
from tests.servers import PostgresServer
from tests.store.given import mbid, recommended

pytestmark = [pytest.mark.loopback, pytest.mark.thorough]

SPENDER = Path(__file__).with_name("spender.py")


async def feed_of(people: Crowd) -> tuple[str, dict[str, str]]:
    (feed,) = await people.get("/api/v1/lists")
    return "/lists/default/artists", {"X-Api-Key": feed["key"]}


async def carried_everywhere(people: Crowd) -> list[set[str]]:
    """What the feed carries, asked so often that every process has answered."""
    path, key = await feed_of(people)
    answers = await asyncio.gather(*(people.get(path, headers=key) for _ in people.clients))
    return [{row["MusicBrainzId"] for row in answer} for answer in answers]


async def events_of(db: Database, number: int) -> list[str]:
    async with db.reading() as connection:
        query = select(history.c.event).where(history.c.recommendation_id == number).order_by(history.c.id)
        return list((await connection.execute(query)).scalars())


async def watch(client: httpx2.AsyncClient, run: int) -> list[dict[str, Any]]:
    """Every event of a run, as its stream tells it."""
    seen: list[dict[str, Any]] = []
    async with client.stream("GET", f"/api/v1/runs/{run}/events") as stream:
        async for line in stream.aiter_lines():
            if line.startswith("data: "):
                seen.append(msgspec.json.decode(line.removeprefix("data: ")))
    return seen


async def test_hundreds_who_ask_at_once_get_one_run_and_all_may_watch_it(
    town: Town, people: Crowd, db: Database
) -> None:
    before = town.model.answers
    asked = await asyncio.gather(*(people.post("/api/v1/runs", {}) for _ in range(200)))
    assert Counter(answer.status_code for answer in asked) == {202: 200}
    documents = [answer.json() for answer in asked]
    (number,) = {document["id"] for document in documents}
    assert [document["created"] for document in documents].count(True) == 1
    watched = await asyncio.gather(*(watch(client, number) for client in people.clients[:8]))
    run = await people.until_over(number)
    assert run["status"] == "done", run
    assert town.model.answers == before + 1
    async with db.reading() as connection:
        made = (await connection.execute(select(func.count()).select_from(runs))).scalar_one()
        paid = (await connection.execute(select(func.count()).where(usage.c.run_id == number))).scalar_one()
        executed = (await connection.execute(select(runs.c.process).where(runs.c.id == number))).scalar()
    assert (made, paid) == (1, 1)
    assert executed is not None
    for events in watched:
        assert events[-1]["status"] == "done"


async def test_every_step_reaches_a_watcher_at_every_process(town: Town, people: Crowd) -> None:
    number = (await people.post("/api/v1/runs", {"dry_run": True})).json()["id"]
    watched = await asyncio.gather(*(watch(client, number) for client in people.clients))
    steps = [
        {(event["progress"]["stage"], event["progress"]["detail"]) for event in events if event["progress"]}
        for events in watched
    ]
    # Far more than one look a second would show of a run of some seconds.
    assert max(len(seen) for seen in steps) > 5
    assert min(len(seen) for seen in steps) > max(len(seen) for seen in steps) / 2
    assert {events[-1]["status"] for events in watched} == {"done"}


async def test_what_was_approved_is_in_every_feed_and_what_was_rejected_in_none(
    people: Crowd, db: Database
) -> None:
    ids = await recommend(db, [recommended(number) for number in range(1_000, 1_040)])
    path, key = await feed_of(people)
    dice = random.Random(5)
    wanted = {number: dice.choice(["approve", "reject"]) for number in ids}
    polling = [asyncio.create_task(people.get(path, headers=key)) for _ in range(30)]
    decided = await asyncio.gather(
        *(people.post(f"/api/v1/recommendations/{number}/{word}") for number, word in wanted.items())
    )
    assert {answer.status_code for answer in decided} == {200}
    await asyncio.gather(*polling)
    approved = {mbid(1_000 + place) for place, number in enumerate(ids) if wanted[number] == "approve"}
    for carried in await carried_everywhere(people):
        assert carried == approved
    for number in ids:
        status = (await people.get(f"/api/v1/recommendations/{number}"))["status"]
        assert status == ("delivered" if wanted[number] == "approve" else "rejected")


async def test_one_decision_made_at_every_process_at_once_is_made_once(people: Crowd, db: Database) -> None:
    ids = await recommend(db, [recommended(number) for number in range(2_000, 2_010)])
    answers = await asyncio.gather(
        *(people.post(f"/api/v1/recommendations/{number}/approve") for number in ids for _ in range(8))
    )
    assert {answer.status_code for answer in answers} == {200}
    for number in ids:
        assert await events_of(db, number) == [Event.APPROVED]


async def test_of_opposite_decisions_at_once_the_last_one_counts_and_history_tells_both_in_order(
    people: Crowd, db: Database
) -> None:
    ids = await recommend(db, [recommended(number) for number in range(3_000, 3_020)])
    asked = [(number, word) for number in ids for word in ("block", "approve", "reject", "block")]
    random.Random(7).shuffle(asked)
    answers = await asyncio.gather(
        *(people.post(f"/api/v1/recommendations/{number}/{word}") for number, word in asked)
    )
    assert {answer.status_code for answer in answers} <= {200, 409}
    for number in ids:
        events = await events_of(db, number)
        # Nothing leads out of a block but its end: that decision wins against all others, once.
        assert (await people.get(f"/api/v1/recommendations/{number}"))["status"] == Status.BLOCKED
        assert events.count(Event.BLOCKED) == 1
        assert events[-1] == Event.BLOCKED
        assert len(events) == len(set(events))
        refused = sum(
            answer.status_code == 409
            for (asked_of, _), answer in zip(asked, answers, strict=True)
            if asked_of == number
        )
        assert refused <= 2


async def test_a_poll_gets_all_of_a_bulk_decision_or_nothing_of_it(people: Crowd, db: Database) -> None:
    ids = await recommend(db, [recommended(number) for number in range(4_000, 4_040)])
    path, key = await feed_of(people)

    async def poll() -> int:
        await asyncio.sleep(random.Random().random() * 0.3)
        return len(await people.get(path, headers=key))

    polls = [asyncio.create_task(poll()) for _ in range(40)]
    bulk = await people.post("/api/v1/recommendations/bulk", {"ids": ids, "decision": "approve"})
    assert bulk.status_code == 200, bulk.text
    assert set(await asyncio.gather(*polls)) <= {0, 40}
    assert {len(carried) for carried in await carried_everywhere(people)} == {40}
    for number in ids:
        assert await events_of(db, number) == [Event.APPROVED, Event.DELIVERED]


@pytest.mark.thorough
async def test_the_sum_of_what_all_processes_spend_never_exceeds_the_budget(town: Town, db: Database) -> None:
    async with db.reading() as connection:
        query = select(func.coalesce(func.sum(usage.c.cost_microdollars), 0))
        spent_before = int((await connection.execute(query)).scalar_one())
    answers_before = town.model.answers
    # Half a dollar an answer: five more and not one beyond.
    budget = spent_before + 2_700_000
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    spenders = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, str(SPENDER), str(town.folder), town.url, town.model.address, str(budget)),
            env=environ,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        for _ in range(3)
    ]
    for spender in spenders:
        assert spender.stdout is not None
        assert await spender.stdout.readline() == b"ready\n"
    said = b"".join([out for out, _ in await asyncio.gather(*(one.communicate(b"\n") for one in spenders))])
    outcomes = Counter(said.decode().splitlines())
    async with db.reading() as connection:
        spent = int((await connection.execute(query)).scalar_one())
    assert outcomes == {Outcome.OK: 5, Outcome.OVER_BUDGET: 3 * TIMES - 5}
    assert town.model.answers - answers_before == 5
    assert spent - spent_before == 2_500_000


async def test_a_backtest_that_one_process_makes_is_seen_at_all(people: Crowd) -> None:
    started = await people.post("/api/v1/backtest", {"folds": 1})
    assert started.json()["created"] is True
    states: list[Any] = []
    for _ in range(200):
        states = await asyncio.gather(*(people.get("/api/v1/backtest") for _ in people.clients))
        if not any(state["running"] for state in states):
            break
        await asyncio.sleep(0.05)
    ended = {(state["error"], state["backtest"] is not None) for state in states}
    assert len(ended) == 1, ended


async def test_every_process_answers_alike(people: Crowd) -> None:
    for noun in ("lists", "runs", "recommendations", "usage", "history", "learning", "blocks"):
        answers = [(client, await client.get(f"/api/v1/{noun}")) for client in people.clients]
        assert {answer.status_code for _, answer in answers} == {200}
        # A member's own address is in some of them.
        assert len({(str(client.base_url), answer.text) for client, answer in answers}) == len(
            people.addresses
        )


@pytest.mark.parametrize("place", ["sqlite", "postgres"])
async def test_first_starts_at_the_same_moment_make_one_installation(
    place: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = SQLITE
    if place == "postgres":
        postgres: PostgresServer = request.getfixturevalue("postgres")
        url = postgres.url(postgres.new_database())
    environ = environment(tmp_path, url, None)
    del environ["BRAINARR__SERVER__API_KEY"]
    with ThreadPoolExecutor(3) as pool:
        said = list(pool.map(lambda _: brainarr(environ, "api-key"), range(3)))
    assert [one.returncode for one in said] == [0] * 3, [one.stderr for one in said]
    (key,) = {one.stdout.strip() for one in said}
    assert len(key) == 32 and key != KEY
    assert [name for name in os.listdir(tmp_path) if name.startswith("secret")] == ["secret.key"]
    db = open_database(url, tmp_path)
    try:
        async with db.reading() as connection:
            counts = [
                (await connection.execute(select(func.count()).select_from(table))).scalar_one()
                for table in (install, lists)
            ]
    finally:
        await db.dispose()
    assert counts == [1, 1]
