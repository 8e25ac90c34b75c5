"""History: every event by day, what needs somebody, and how far recommendations come."""

import csv
import io
import json
import re
from zoneinfo import ZoneInfo

import httpx2
import msgspec
import pytest

from brainarr.domain.recommendation import Status
from brainarr.errors import ProviderRejected
from brainarr.service.recommendations import Decision, decide, decide_many
from tests.store.given import recommended
from tests.web.conftest import House, both_databases
from tests.web.markup import require_clean
from tests.web.statements import statements

pytestmark = both_databases
HOSTILE = '"><img src=x onerror=alert(1)>{{ 7*7 }}'


async def shown(pages: httpx2.AsyncClient, **asked: str | int) -> str:
    answer = await pages.get("/history", params=asked)
    assert answer.status_code == 200
    require_clean(answer.text)
    return answer.text


def titles(page: str) -> list[str]:
    """What the events are about, in the order of the page."""
    events = page[page.index('id="events"') :]
    return re.findall(r'<a href="/recommendations/\d+">([^<]+)</a>', events)


async def test_before_anything_happened_the_page_says_what_to_do(pages: httpx2.AsyncClient):
    page = await shown(pages)
    assert "Nothing has happened yet" in page and 'href="/runs"' in page and "history/export" not in page
    assert "Nothing of that kind" in await shown(pages, q="nobody")


async def test_events_stand_under_the_days_of_the_house(house: House):
    (number,) = await house.recommend(recommended(1, album=9, title="Delaware"))
    house.clock.advance(hours=11, minutes=30)
    await decide(house.deps.db, number, Decision.APPROVE, clock=house.clock, note="at last")
    async with house.signed_in(zone=ZoneInfo("Europe/Berlin")) as pages:
        page = await shown(pages)
    # 23:30 UTC is the next day in Berlin.
    days = re.findall(r'<section class="day"><h2>([^<]+)</h2>', page)
    assert days == ["Today, 23 November", "Yesterday, 22 November"]
    assert titles(page) == ["New 1 – Delaware"] * 2
    assert page.index("Approved") < page.index(">Recommended<", page.index('id="events"'))
    assert "at last" in page and "by a person" in page


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"q": "new 2"}, ["New 2 – Quique"]),
        ({"q": "QUIQ"}, ["New 2 – Quique"]),
        ({"event": "rejected"}, ["New 1"]),
        ({"event": "proposed", "actor": "person", "list": "default"}, ["New 2 – Quique", "New 1"]),
        ({"list": "other"}, []),
        ({"from": "2026-11-22", "to": "2026-11-22", "event": "proposed"}, ["New 2 – Quique", "New 1"]),
        ({"from": "2026-11-24"}, []),
        ({"to": "2026-11-21"}, []),
        ({"troubled": "1"}, []),
        ({"q": "", "event": "", "actor": "", "list": "", "from": "", "to": ""}, None),
    ],
)
async def test_a_filter_lets_through_what_was_asked_for(
    house: House, pages: httpx2.AsyncClient, asked: dict[str, str], found: list[str] | None
):
    first, _ = await house.recommend(recommended(1), recommended(2, album=8, title="Quique"))
    await decide(house.deps.db, first, Decision.REJECT, clock=house.clock)
    page = await shown(pages, **asked)
    assert titles(page) == (["New 1", "New 2 – Quique", "New 1"] if found is None else found)


@pytest.mark.parametrize(
    ("asked", "fault"),
    [
        ({"event": "eaten"}, "There is none of that name"),
        ({"actor": "cat"}, "There is none of that name"),
        ({"from": "yesterday"}, "That is no day"),
        ({"to": "0001-01-01"}, "That is no day"),
        ({"to": "9999-12-31"}, "That is no day"),
        ({"from": "2026-11-22", "to": "2026-11-21"}, "It lies before the first day."),
    ],
)
async def test_a_filter_that_cannot_be_says_so_at_its_field(
    pages: httpx2.AsyncClient, asked: dict[str, str], fault: str
):
    answer = await pages.get("/history", params=asked)
    page = answer.text
    assert answer.status_code == 422
    assert fault in page and 'aria-invalid="true"' in page


async def test_what_failed_has_its_remedy_and_its_two_ways_on(house: House, pages: httpx2.AsyncClient):
    first, second = await house.recommend(recommended(1), recommended(2), status=Status.APPROVED)
    house.lidarr.failure = ProviderRejected(
        "lidarr", "it refuses (Path: none).", remedy="Set lidarr.root_folder.", status=400
    )
    await pages.post(f"/api/v1/recommendations/{first}/push")
    page = await shown(pages, troubled="1")
    assert "Needs you" in page and "lidarr: it refuses (Path: none)." in page
    assert "Set lidarr.root_folder." in page and "/api/v1/" not in page
    for decision in ("retry", "give-up"):
        assert f'action="/recommendations/{first}/{decision}"' in page
    assert '<input type="hidden" name="next" value="/history?troubled=1">' in page
    assert titles(page) == ["New 1"]
    assert f'action="/recommendations/{second}/retry"' not in page


async def test_only_the_latest_decision_can_be_taken_back(house: House, pages: httpx2.AsyncClient):
    first, second, third = await house.recommend(recommended(1), recommended(2), recommended(3))
    for decision in (Decision.APPROVE, Decision.UNDO, Decision.APPROVE):
        await decide(house.deps.db, first, decision, clock=house.clock)
    await decide(house.deps.db, second, Decision.REJECT, clock=house.clock)
    await decide(house.deps.db, third, Decision.BLOCK, clock=house.clock)
    page = await shown(pages)
    assert re.findall(r'action="/recommendations/(\d+)/undo"', page) == [str(second), str(first)]


async def test_outcomes_come_with_how_sure_they_are(house: House, pages: httpx2.AsyncClient):
    assert "How far they come" not in await shown(pages)
    ids = await house.recommend(*(recommended(number) for number in range(1, 5)))
    await decide_many(house.deps.db, ids[:3], Decision.APPROVE, clock=house.clock)
    await decide(house.deps.db, ids[3], Decision.REJECT, clock=house.clock)
    page = await shown(pages)
    assert "Approved: 75% (30% to 95%)" in page
    assert "3 of 4</td>" in page and "In the library" in page
    assert "How far they come" not in await shown(pages, list="other")


async def test_a_long_history_has_pages_that_keep_the_filter(house: House, pages: httpx2.AsyncClient):
    await house.recommend(*(recommended(number) for number in range(1, 121)))
    first = await shown(pages, q="new", page=1)
    assert len(titles(first)) == 50 and "Page 1 of 3" in first and "120 events" in first
    assert 'href="/history?q=new&amp;page=2"' in first
    last = await shown(pages, q="new", page=3)
    assert len(titles(last)) == 20 and not set(titles(first)) & set(titles(last))
    assert "Nothing of that kind" in await shown(pages, page=9)


async def test_an_export_has_the_filter_of_the_page(house: House, pages: httpx2.AsyncClient):
    ids = await house.recommend(recommended(1), recommended(2))
    await decide(house.deps.db, ids[0], Decision.REJECT, clock=house.clock, note="=1+1")
    page = await shown(pages, event="rejected")
    address = "/history/export?event=rejected&amp;format=csv"
    assert f'href="{address}"' in page
    as_csv = await pages.get(address.replace("&amp;", "&"))
    (row,) = csv.DictReader(io.StringIO(as_csv.text))
    assert (row["event"], row["artist"], row["note"]) == ("rejected", "New 1", "'=1+1")
    lines = (await pages.get("/history/export", params={"format": "jsonl"})).text.splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["proposed", "proposed", "rejected"]
    async with house.door() as stranger:
        assert "rejected" not in (await stranger.get("/history/export")).text


async def test_hostile_names_are_text(house: House, pages: httpx2.AsyncClient):
    found = msgspec.structs.replace(recommended(1, album=3, title=HOSTILE), artist=HOSTILE)
    (number,) = await house.recommend(found)
    await decide(house.deps.db, number, Decision.REJECT, clock=house.clock, note=HOSTILE)
    page = await shown(pages, q=HOSTILE[:6])
    assert "<img src=x" not in page and page.count("&lt;img src=x") >= 5


async def test_under_a_url_base_every_address_has_it(house: House):
    await house.recommend(recommended(1))
    async with house.signed_in(url_base="/brainarr") as client:
        for path in ("/history", "/taste", "/costs", "/taste/backtest"):
            page = (await client.get(f"/brainarr{path}", headers={"Accept": "text/html"})).text
            addresses = re.findall(r'(?:src|href|action)="([^"]+)"', page)
            assert all(address.startswith(("/brainarr", "#")) for address in addresses), path


async def test_more_events_ask_no_more_of_the_database(house: House, pages: httpx2.AsyncClient):
    await house.recommend(recommended(1))
    await shown(pages)
    with statements(house.deps.db) as few:
        await shown(pages)
    ids = await house.recommend(*(recommended(number) for number in range(2, 60)))
    house.clock.advance(days=1)
    await decide_many(house.deps.db, ids, Decision.APPROVE, clock=house.clock)
    # The first visit of a day is noted with the session.
    await shown(pages)
    with statements(house.deps.db) as many:
        await shown(pages)
    # One more where something can be in trouble: whether its artist is in the library.
    assert len(many) <= len(few) + 1 < 20
