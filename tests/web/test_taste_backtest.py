"""The backtest as a part of Taste: begun, watched, told, and taken over."""

from functools import partial

import httpx2
import msgspec
import pytest

from brainarr.domain.recommendation import Progress
from brainarr.service.backtest import work_backtest
from brainarr.service.jobs import JobDeps, execute_job
from brainarr.service.settings import read_settings
from brainarr.service.tasks import waiting_work
from brainarr.settings.layers import Origin
from brainarr.store import jobs
from brainarr.store.backtests import write_backtest
from tests.service.given import HERE, MEASURED
from tests.web.conftest import House
from tests.web.markup import require_clean

HERE_IS = "/taste/backtest"


async def told(pages: httpx2.AsyncClient) -> str:
    """What the page says next, with the message of the last action."""
    answer = await pages.get(HERE_IS)
    assert answer.status_code == 200
    require_clean(answer.text)
    return answer.text


async def test_one_is_begun_by_the_form_watched_and_told(house: House, pages: httpx2.AsyncClient):
    assert "Start the first one" in await told(pages)
    started = await pages.post(HERE_IS, data={"hide": "20", "folds": "3"})
    assert (started.status_code, started.headers["location"]) == (303, HERE_IS)
    assert len(house.woken) == 1
    assert "The backtest has begun." in await told(pages)
    await pages.post(HERE_IS, data={"folds": "5"})
    assert "One is under way already." in await told(pages)
    (work,) = await waiting_work(house.deps.db)
    async with house.deps.db.transaction() as connection:
        mine = await jobs.claim_job(connection, work.id, HERE, house.deps.clock())
        assert mine is not None
        await jobs.beat_job(connection, mine, house.deps.clock(), Progress("candidates", "deezer", 3, 40))
    page = await told(pages)
    assert "data-running" in page and "Candidates: deezer" in page
    assert '<progress max="40" value="3"' in page and "Start the" not in page


async def test_the_result_is_told_with_its_weights_which_can_be_taken_over(
    house: House, pages: httpx2.AsyncClient
):
    await pages.post(HERE_IS, data={})
    (work,) = await waiting_work(house.deps.db)
    here = JobDeps(house.deps.db, house.deps.clock, HERE)
    await execute_job(here, work.id, lambda _: partial(work_backtest, house.deps.backtests))
    page = await told(pages)
    assert "Of the 10 artists you added last, 1 would have been among" in page
    assert '<td>Slowdive</td><td class="number">7</td><td>3 weeks</td>' in page
    assert "Use the suggested weights" in page and "brainarr backtest --apply" not in page
    await pages.post(f"{HERE_IS}/apply")
    assert "The suggested weights count from the next run on." in await told(pages)
    stored = await read_settings(house.deps.db, house.deps.secrets)
    assert stored["recommend.source_weights"] == {"listenbrainz": 1.0, "deezer": 0.25}


async def test_what_cannot_be_taken_over_says_why_and_what_to_do(house: House, pages: httpx2.AsyncClient):
    await pages.post(f"{HERE_IS}/apply")
    assert "There is no backtest yet." in await told(pages)
    async with house.deps.db.transaction() as connection:
        await write_backtest(connection, MEASURED)
    fixed = msgspec.structs.replace(house.deps.backtests, origin=Origin.FILE)
    async with house.signed_in(backtests=fixed) as client:
        await client.post(f"{HERE_IS}/apply")
        assert "is fixed by config.yaml" in await told(client)


@pytest.mark.parametrize("form", [{"hide": "9"}, {"hide": "many"}, {"folds": "0"}, {"folds": "11"}])
async def test_what_cannot_be_measured_is_refused_in_words(
    house: House, pages: httpx2.AsyncClient, form: dict[str, str]
):
    await pages.post(HERE_IS, data=form)
    assert "a whole number from" in await told(pages)
    assert await waiting_work(house.deps.db) == ()


async def test_a_failure_is_told_with_what_to_do(house: House, pages: httpx2.AsyncClient):
    await pages.post(HERE_IS, data={"offline": "true"})
    (work,) = await waiting_work(house.deps.db)
    here = JobDeps(house.deps.db, house.deps.clock, HERE)
    await execute_job(here, work.id, lambda _: partial(work_backtest, house.deps.backtests))
    page = await told(pages)
    assert "The last one ended without a result" in page and "The library has not been read yet." in page


async def test_it_needs_no_key_of_its_own_but_somebody_signed_in(house: House, stranger: httpx2.AsyncClient):
    async with house.deps.db.transaction() as connection:
        await write_backtest(connection, MEASURED)
    assert "Slowdive" not in (await stranger.get(HERE_IS)).text
    assert (await stranger.get("/backtest")).status_code == 404


async def test_hostile_names_are_text(house: House, pages: httpx2.AsyncClient):
    hostile = '"><img src=x onerror=alert(1)><script>'
    made = msgspec.structs.replace(
        MEASURED,
        tested=tuple(msgspec.structs.replace(one, artist=hostile) for one in MEASURED.tested),
        notes=(hostile,),
    )
    async with house.deps.db.transaction() as connection:
        await write_backtest(connection, made)
    labels = msgspec.structs.replace(house.deps.backtests, labels={"deezer": hostile})
    async with house.signed_in(backtests=labels) as client:
        page = await told(client)
    assert "<img src=x" not in page and "&lt;img src=x" in page
