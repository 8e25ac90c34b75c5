"""The pages about runs, without a browser: what they show, and what their forms do."""

import re
from html import unescape

import httpx2
import msgspec
import pytest

from brainarr.domain.learning import Liking
from brainarr.domain.money import CallEstimate, Limits
from brainarr.domain.music import Library
from brainarr.domain.recommendation import (
    Exchange,
    Judged,
    Memory,
    Outcome,
    RunOptions,
    RunOverrides,
    RunResult,
    Verdict,
)
from brainarr.errors import ProviderUnavailable
from brainarr.service.estimate import Estimating
from brainarr.service.execution import execute_run
from brainarr.service.library import refresh_library
from brainarr.service.progress import OnProgress
from brainarr.service.runs import read_run, request_run
from brainarr.service.tasks import pause_tasks
from brainarr.store.runs import RunRow
from tests.store.given import ScriptedLidarr, mbid, owned
from tests.web.conftest import House
from tests.web.statements import statements
from tests.web.test_runs import RESULT, deps_of

HOSTILE = '<script>alert(1)</script><img src=x onerror="x">'


def words(page: str) -> str:
    """What a person reads of a page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


async def ran(house: House, result: RunResult = RESULT, **asked: object) -> int:
    """A run that is over; its number."""

    async def found(run: RunRow, library: Library, memory: Memory, on_progress: OnProgress) -> RunResult:
        return result

    wanted = await request_run(house.deps.db, "default", clock=house.clock, **asked)  # type: ignore[arg-type]
    await execute_run(deps_of(house, found), wanted.id)
    return wanted.id


async def fails(run: RunRow, library: Library, memory: Memory, on_progress: OnProgress) -> RunResult:
    raise ProviderUnavailable("musicbrainz", "it is away", remedy="Try again later.")


async def test_before_the_first_run_the_page_says_what_one_is(pages: httpx2.AsyncClient):
    page = await pages.get("/runs")
    assert page.status_code == 200
    assert "No run yet" in page.text and 'href="/runs/new"' in page.text


async def test_a_run_in_the_list_shows_state_cost_and_every_provider(house: House, pages: httpx2.AsyncClient):
    await ran(house, overrides=RunOverrides(wish=HOSTILE))
    told = words((await pages.get("/runs")).text)
    assert "Run 1 Done" in told and "Found 1" in told and "by hand" in told
    # One of its providers has no known price.
    assert "Cost unpriced" in told
    for badge in ("cloud Answered", "odd Answered", "deezer Unavailable"):
        assert badge in told
    assert HOSTILE not in (await pages.get("/runs")).text


async def test_the_list_is_filtered_and_says_where_nothing_is_left(house: House, pages: httpx2.AsyncClient):
    await ran(house)
    assert "Run 1" in (await pages.get("/runs", params={"status": "done", "trigger": ""})).text
    nothing = await pages.get("/runs", params={"status": "failed"})
    assert "No run is like that" in nothing.text and "Run 1" not in nothing.text


async def test_the_list_costs_the_same_queries_however_long_it_is(house: House, pages: httpx2.AsyncClient):
    await ran(house)
    with statements(house.deps.db) as few:
        await pages.get("/runs")
    for _ in range(4):
        await ran(house)
    with statements(house.deps.db) as asked:
        await pages.get("/runs")
    assert 0 < len(asked) == len(few)


async def test_a_pause_is_said(house: House, pages: httpx2.AsyncClient):
    await pause_tasks(house.deps.db, clock=house.clock)
    assert "Nothing starts by itself" in (await pages.get("/runs")).text


async def test_the_form_starts_a_run_as_it_says(house: House, pages: httpx2.AsyncClient):
    form = {
        "list": "default",
        "target": "artists",
        "discovery": "",
        "max_recommendations": "5",
        "wish": " rainy sunday ",
        "dry_run": "on",
    }
    answer = await pages.post("/runs", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/runs/1")
    run = (await read_run(house.deps.db, 1)).run
    assert (run.trigger, run.dry_run) == ("manual", True)
    assert run.overrides == RunOverrides(wish="rainy sunday", target="artists", max_recommendations=5)  # type: ignore[arg-type]
    assert len(house.woken) == 1
    again = await pages.post("/runs", data={"list": "default"})
    assert again.headers["location"] == "/runs/1"
    assert "under way already" in (await pages.get("/runs/1")).text


@pytest.mark.parametrize(
    ("form", "fault"),
    [
        ({"max_recommendations": "0"}, "max_recommendations"),
        ({"max_recommendations": "many"}, "max_recommendations"),
        ({"target": "songs"}, "target"),
        ({"wish": "x" * 301}, "wish"),
    ],
)
async def test_a_form_that_makes_no_sense_is_shown_again_with_its_fault(
    pages: httpx2.AsyncClient, form: dict[str, str], fault: str
):
    answer = await pages.post("/runs", data=form)
    assert answer.status_code == 422
    assert f'id="e-{fault}"' in answer.text
    if fault != "target":
        assert form[fault] in answer.text
    assert "No run yet" in (await pages.get("/runs")).text


async def test_what_it_may_cost_is_told_before_it_starts(house: House, pages: httpx2.AsyncClient):
    async def calls(
        library: Library, options: RunOptions, memory: Memory, wanted: object
    ) -> tuple[CallEstimate, ...]:
        return (
            CallEstimate("cloud", "openai", False, "large", 2_000, 500, 40_000),
            CallEstimate("odd", "openai_compatible", False, "new", 2_000, 500, None),
        )

    async def usual() -> RunOptions:
        return RunOptions()

    assert "has not been read yet" in (await pages.get("/runs/new?estimate=true")).text
    await refresh_library(house.deps.db, ScriptedLidarr([owned(1)]), house.clock)
    estimating = Estimating("chain", usual, calls)
    async with house.signed_in(estimate=estimating, limits=Limits(month=10_000)) as client:
        later = await client.get("/runs/new")
        assert 'data-later="/runs/new?estimate=true&amp;list=default"' in later.text
        told = words((await client.get("/runs/new?estimate=true", headers={"X-Block": "estimate"})).text)
    assert "$0.04 at most" in told and "2,000 tokens" in told
    assert "Without a known price: odd." in told
    assert told.count("Does not bear it") == 2


async def test_a_run_under_way_shows_its_stations_and_where_events_come_from(
    house: House, pages: httpx2.AsyncClient
):
    await pages.post("/runs", data={})
    page = (await pages.get("/runs/1")).text
    assert 'data-events="/runs/1/events"' in page and "Waiting for its turn" in page
    assert re.findall(r'class="label">(\w+)', page) == [
        "Library",
        "Profile",
        "Candidates",
        "Verify",
        "Score",
        "Choose",
    ]
    assert "Refresh" in page and "/runs/1/cancel" in page


async def test_a_finished_run_shows_its_funnel_providers_notes_and_findings(
    house: House, pages: httpx2.AsyncClient
):
    seeds = (Liking(mbid(3), "Low"),)
    await ran(
        house, overrides=RunOverrides(styles_include=("slowcore",), decades_include=(1990,), seeds=seeds)
    )
    page = (await pages.get("/runs/1")).text
    told = words(page)
    assert "Lidarr was away." in told and "it did not answer in 30 s" in told
    assert "900 tokens, compression minimal, ratio 31.5" in told
    assert "Styles slowcore" in told and "Like Low" in told and "Decades 1990s" in told
    assert "Proposed 2" in told and "New to you 1" in told and "Recommended 1" in told
    assert '<svg xmlns="http://www.w3.org/2000/svg" role="img"' in page
    assert 'action="/recommendations/1/approve"' in page and 'href="/recommendations/1"' in page
    assert "data-events" not in page and "/runs/1/cancel" not in page


async def test_a_failed_run_says_what_to_do_and_can_be_tried_again(house: House, pages: httpx2.AsyncClient):
    overrides = RunOverrides(wish="calm")
    asked = await request_run(house.deps.db, "default", dry_run=True, clock=house.clock, overrides=overrides)
    await execute_run(deps_of(house, fails), asked.id)
    told = words((await pages.get("/runs/1")).text)
    assert "musicbrainz: it is away Try again later." in told and "Try again" in told
    answer = await pages.post("/runs/1/again")
    assert answer.headers["location"] == "/runs/2"
    run = (await read_run(house.deps.db, 2)).run
    assert (run.dry_run, run.overrides) == (True, overrides)


async def test_a_dry_run_is_said_to_be_one_and_can_be_run_for_real(house: House, pages: httpx2.AsyncClient):
    await ran(house, dry_run=True)
    page = (await pages.get("/runs/1")).text
    assert "This was a dry run" in page and "New 1" in words(page)
    assert "/recommendations/" not in page
    await pages.post("/runs/1/again", data={"real": "1"})
    assert (await read_run(house.deps.db, 2)).run.dry_run is False


async def test_a_waiting_run_is_cancelled_and_says_so(house: House, pages: httpx2.AsyncClient):
    await pages.post("/runs", data={})
    answer = await pages.post("/runs/1/cancel", data={"next": "//elsewhere.example"})
    assert answer.headers["location"] == "/runs/1"
    told = words((await pages.get("/runs/1")).text)
    assert "Cancelled." in told and "The run was stopped" in told and "Nothing was verified by then" in told


async def test_a_run_that_kept_nothing_leads_to_its_verdicts(house: House, pages: httpx2.AsyncClient):
    nothing = msgspec.structs.replace(RESULT, recommendations=(), judged=RESULT.judged[:1])
    await ran(house, nothing)
    page = (await pages.get("/runs/1")).text
    assert "Nothing was kept" in page and 'href="/runs/1/verdicts?verdict=owned"' in page


async def test_every_verdict_can_be_found_page_by_page(house: House, pages: httpx2.AsyncClient):
    many = tuple(Judged(f"Artist {number}", None, Verdict.OWNED) for number in range(60))
    odd = Judged("100%_Pure", "An Album", Verdict.UNKNOWN, HOSTILE, ("deezer",))
    await ran(house, msgspec.structs.replace(RESULT, judged=(*many, odd)))
    first = (await pages.get("/runs/1/verdicts")).text
    assert "61 candidates" in words(first) and "Page 1 of 2" in words(first) and HOSTILE not in first
    second = words((await pages.get("/runs/1/verdicts?page=2")).text)
    assert "Artist 59" in second and "100%_Pure An Album" in second
    for sought in ({"q": "100%_"}, {"q": "ALBUM"}, {"q": "deezer"}, {"q": "alert"}, {"verdict": "unknown"}):
        found = words((await pages.get("/runs/1/verdicts", params=sought)).text)
        assert "1 candidate" in found and "100%_Pure" in found and "Artist 1" not in found, sought
    none = await pages.get("/runs/1/verdicts", params={"q": "nobody\0", "verdict": "nonsense"})
    assert "No candidate is like that" in none.text


async def test_prompts_and_answers_are_shown_as_text_and_nothing_else(
    house: House, pages: httpx2.AsyncClient, api: httpx2.AsyncClient
):
    told = Exchange("cloud", "large", Outcome.OK, "", "<library>", HOSTILE, "rank", 1, house.clock())
    await ran(house, msgspec.structs.replace(RESULT, exchanges=(told,)))
    page = (await pages.get("/runs/1/prompts")).text
    assert HOSTILE not in page
    assert [unescape(text) for text in re.findall(r"<pre[^>]*>(.*?)</pre>", page, re.DOTALL)] == [
        "<library>",
        HOSTILE,
    ]
    assert "asked to rank, once more (1)" in words(page)
    (document,) = (await api.get("/api/v1/runs/1/prompts")).json()
    assert (document["answer"], document["purpose"], document["round"]) == (HOSTILE, "rank", 1)


async def test_a_run_without_prompts_says_why(house: House, pages: httpx2.AsyncClient):
    await ran(house)
    assert "No language model was asked" in (await pages.get("/runs/1/prompts")).text


@pytest.mark.parametrize("path", ["/runs/9", "/runs/9/verdicts", "/runs/9/prompts", "/runs/9/events"])
async def test_a_run_that_does_not_exist_is_a_page_about_that(pages: httpx2.AsyncClient, path: str):
    answer = await pages.get(path)
    assert answer.status_code == 404 and "There is no run 9." in answer.text


async def test_nobody_sees_or_starts_runs_without_being_let_in(house: House, stranger: httpx2.AsyncClient):
    await ran(house)
    for path in (
        "/runs",
        "/runs/new",
        "/runs/1",
        "/runs/1/verdicts",
        "/runs/1/prompts",
        "/runs/1/events",
        "/ask",
    ):
        assert (await stranger.get(path)).status_code in (303, 401), path
    for path in ("/runs", "/runs/1/again", "/runs/1/cancel", "/ask"):
        assert (await stranger.post(path, data={})).status_code in (303, 401, 403), path
    assert house.woken == []


async def test_under_a_url_base_every_address_of_these_pages_has_it(house: House):
    await ran(house, overrides=RunOverrides(wish="calm"))
    async with house.signed_in(url_base="/music") as client:
        for path in (
            "/runs",
            "/runs?page=1",
            "/runs/new",
            "/runs/1",
            "/runs/1/verdicts",
            "/ask",
            "/ask?wish=jazz",
        ):
            page = (await client.get(f"/music{path}", headers={"Accept": "text/html"})).text
            addresses = re.findall(r'(?:src|href|action|data-\w+)="(/[^"]*)"', page)
            assert addresses and all(address.startswith("/music") for address in addresses), path
            assert not re.search(r"<style|style=|<script(?![^>]*src=)|\son\w+=", page), path
