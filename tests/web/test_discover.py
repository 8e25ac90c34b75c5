"""Discover through its front door: what it shows, how it narrows down, and that it asks the database no more
often however much there is."""

import re
from html import unescape

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from brainarr.domain.recommendation import Evidence, Recommendation, Status
from brainarr.service.discover import CARDS, Sort, Sought, discover
from brainarr.service.previews import Previews
from brainarr.service.recommendations import Decision, decide
from brainarr.web.pages.discover.filters import Filters, View, read_filters
from tests.store.given import recommended
from tests.web.conftest import House, both_databases
from tests.web.statements import statements


def found(number: int, **changes: object) -> Recommendation:
    return replace(recommended(number, album=1000 + number), **changes)  # pyright: ignore[reportArgumentType]


def titles(page: str) -> list[str]:
    return [unescape(title) for title in re.findall(r'<h2 id="n\d+"><a [^>]*>([^<]*)</a>', page)]


async def shown(pages: httpx2.AsyncClient, query: str = "") -> list[str]:
    answer = await pages.get(f"/discover{query}")
    assert answer.status_code == 200
    return titles(answer.text)


def tabs(page: str) -> dict[str, int]:
    counted = re.findall(r"[^>]*>([A-Za-z ]+) <span class=\"count\">([\d,]+)</span>", page)
    return {label.strip(): int(count.replace(",", "")) for label, count in counted}


async def test_a_card_tells_what_why_and_what_can_be_done(house: House):
    (number,) = await house.recommend(found(1, album="Souvlaki", artist="Slowdive", year=1993))
    previews = Previews(house.deps.db, [], house.clock)
    async with house.signed_in(previews=previews) as pages:
        page = (await pages.get("/")).text
    assert titles(page) == ["Souvlaki"]
    for told in ("Slowdive", "1993", "shoegaze", "Near Slowdive.", "Because you have", "listenbrainz"):
        assert told in page
    assert 'aria-label="Score 75%: genre 50%, era 75%, diversity 100%, confidence 25%"' in page
    assert f'data-preview="/previews/{number}"' in page
    for decision in ("approve", "reject", "block", "more"):
        assert f'formaction="/recommendations/{number}/{decision}"' in page
    assert "/art/release-group/" in page
    async with house.signed_in(previews=None) as without:
        assert "data-preview" not in (await without.get("/")).text


async def test_names_are_text_whatever_they_hold(house: House, pages: httpx2.AsyncClient):
    evil = '"><script>alert(1)</script><img src=x onerror=y>'
    facts = Evidence(seeds=(evil,), sources=(evil,))
    await house.recommend(found(1, album=evil, artist=evil, genres=(evil,), reason=evil, evidence=facts))
    for query in ("", "?view=list", "?view=swipe", "?status=all", "?" + str(httpx2.QueryParams({"q": evil}))):
        page = (await pages.get(f"/discover{query}")).text
        assert "<script>alert" not in page and "<img src=x" not in page
    assert await shown(pages, "?view=list") == [evil]


@both_databases
async def test_every_filter_narrows_down_and_they_add_up(house: House, pages: httpx2.AsyncClient):
    jazz = found(1, album="Jazz", artist="Sun Ra", genres=("jazz",), year=1978, confidence=0.9)
    rock = found(2, album="Röck", artist="Björk", genres=("rock", "jazz"), year=1995, confidence=0.4)
    undated = found(3, album="No year", artist="The Who", genres=(), year=None, confidence=0.1, voices=())
    await house.recommend(jazz, rock, undated)
    for query, expected in {
        "": {"Jazz", "Röck", "No year"},
        "?genre=jazz": {"Jazz", "Röck"},
        "?genre=jazz&era=1990": {"Röck"},
        "?era=1970": {"Jazz"},
        "?source=listenbrainz": {"Jazz", "Röck"},
        "?confidence=0.4": {"Jazz", "Röck"},
        "?confidence=0.41": {"Jazz"},
        "?list=default": {"Jazz", "Röck", "No year"},
        "?list=other": set(),
        "?q=bjork": {"Röck"},
        "?q=sun+jazz": {"Jazz"},
        "?q=rock+BJÖRK": {"Röck"},
        "?q=who%25": {"No year"},
        "?q=no_body": set(),
        "?genre=ja%25": set(),
        "?status=approved": set(),
        "?status=all&q=who": {"No year"},
    }.items():
        assert set(await shown(pages, query)) == expected, query


@both_databases
async def test_each_order_is_the_same_over_all_pages(house: House):
    items = [
        found(
            number,
            artist=f"The Artist {number * 7 % 10}",
            score=number % 4 / 4,
            year=None if number % 3 == 0 else 1960 + number % 5 * 10,
            confidence=number % 5 / 5,
        )
        for number in range(1, 24)
    ]
    ids = await house.recommend(*items[:12]) + await house.recommend(*items[12:])
    keys = {
        Sort.SCORE: lambda n: (-items[n].score,),
        Sort.NEWEST: lambda n: (-(n // 12),),
        Sort.YEAR: lambda n: (-(items[n].year or 0), -items[n].score),
        Sort.ARTIST: lambda n: (items[n].artist,),
        Sort.CONFIDENCE: lambda n: (-items[n].confidence,),
    }
    for sort, key in keys.items():
        seen: list[int] = []
        after: int | None = None
        while True:
            page = await discover(house.deps.db, Sought(), sort, after=after, limit=5)
            seen += [card.row.id for card in page.cards]
            if (after := page.more_after) is None:
                break
        if sort is not Sort.NEWEST:
            assert seen == [ids[n] for n in sorted(range(23), key=key)], sort
        assert sorted(seen) == sorted(ids)


async def test_the_next_page_misses_nothing_when_cards_were_decided_on(
    house: House, pages: httpx2.AsyncClient
):
    ids = await house.recommend(*(found(n, album=f"Album {n}") for n in range(1, CARDS + 4)))
    page = (await pages.get("/discover")).text
    assert len(titles(page)) == CARDS
    (more,) = re.findall(r'href="(/discover\?view=grid&amp;after=\d+)"[^>]*data-more', page)
    more = unescape(more)
    for number in ids[:10]:
        await decide(house.deps.db, number, Decision.REJECT, clock=house.clock)
    await decide(house.deps.db, int(more.rpartition("=")[2]), Decision.APPROVE, clock=house.clock)
    later = (await pages.get(more)).text
    assert titles(later) == [f"Album {n}" for n in range(CARDS + 1, CARDS + 4)]
    assert "data-more" not in later and "First page" in later


async def test_the_tabs_count_what_the_filters_leave(house: House, pages: httpx2.AsyncClient):
    await house.recommend(found(1, genres=("jazz",)), found(2), found(3))
    await house.recommend(found(4, genres=("jazz",)), status=Status.APPROVED)
    everything = tabs((await pages.get("/discover")).text)
    assert everything == {"Waiting": 3, "Approved": 1, "Rejected": 0, "All": 4}
    jazz = (await pages.get("/discover?genre=jazz&sort=year")).text
    assert tabs(jazz) == {"Waiting": 1, "Approved": 1, "Rejected": 0, "All": 2}
    assert "/discover?status=approved&amp;genre=jazz&amp;sort=year&amp;view=grid" in jazz
    assert "dream pop (2)" in jazz and "2000s (3)" in jazz


async def test_every_state_offers_what_it_allows(house: House, pages: httpx2.AsyncClient):
    offered = {
        Status.PENDING: {"approve", "reject", "block", "more"},
        Status.APPROVED: {"undo", "block", "more"},
        Status.DELIVERED: {"block", "more"},
        Status.IMPORTED: {"more"},
        Status.REJECTED: {"approve", "undo", "block", "more"},
        Status.BLOCKED: {"undo"},
        Status.FAILED: {"retry", "give-up", "block", "more"},
        Status.REMOVED: {"block", "more"},
    }
    for place, status in enumerate(offered, start=1):
        await house.recommend(found(place), status=status)
    for status, decisions in offered.items():
        page = (await pages.get(f"/discover?status={status}")).text
        assert set(re.findall(r'data-decision="([^"]+)"', page)) == decisions, status


async def test_each_kind_of_nothing_says_what_to_do(house: House, pages: httpx2.AsyncClient):
    async with house.signed_in(importers={}) as alone:
        assert "Connect your Lidarr first" in (await alone.get("/")).text
    first = (await pages.get("/")).text
    assert "Nothing found yet" in first and 'action="/runs"' in first
    (number,) = await house.recommend(found(1))
    assert "Nothing fits these filters" in (await pages.get("/?q=nobody")).text
    assert "That is the end" in (await pages.get("/?after=99")).text
    await decide(house.deps.db, number, Decision.APPROVE, clock=house.clock)
    assert "You have decided on everything" in (await pages.get("/")).text
    assert "Nothing is in this state" in (await pages.get("/?status=kept")).text


@pytest.mark.parametrize(
    "query",
    [
        "?status=liked",
        "?era=1995",
        "?era=x",
        "?confidence=7",
        "?confidence=nan",
        "?sort=best",
        "?view=cube",
        "?after=-1",
        "?after=99999999999999999999",
        "?after=²",
        "?q=" + "x" * 300,
        "?genre=a%00b",
    ],
)
async def test_what_the_address_cannot_mean_is_said_and_left_out(
    house: House, pages: httpx2.AsyncClient, query: str
):
    await house.recommend(found(1))
    answer = await pages.get(f"/discover{query}")
    assert answer.status_code == 200
    assert titles(answer.text) == ["Record"]
    assert f"is no {query[1:].partition('=')[0]} to filter by" in answer.text


texts = st.text(max_size=20)
queries = st.dictionaries(
    st.sampled_from([*Filters.__struct_fields__, "other"]),
    texts
    | st.sampled_from(["all", "pending", "1990", "0.5", "7", "year", "list", "yes", "NaN", "-0", "1e9"]),
)


# Once, the tables of all characters are read.
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(query=queries)
def test_any_address_is_read_and_its_links_say_the_same(query: dict[str, str]):
    read = read_filters(query)
    again = read_filters(
        dict(httpx2.QueryParams(read.link(after=read.after, select=read.select).partition("?")[2]))
    )
    assert again == replace(read, unusable=())
    assert len(read.unusable) <= len(query)
    cleared = read_filters(dict(httpx2.QueryParams(read.cleared.partition("?")[2])))
    assert cleared == Filters(status=read.status, sort=read.sort, view=read.view)


@both_databases
async def test_as_many_questions_with_three_as_with_three_hundred(house: House, pages: httpx2.AsyncClient):
    async def asked() -> int:
        await pages.get("/discover?q=record&genre=shoegaze")
        with statements(house.deps.db) as said:
            answer = await pages.get("/discover?q=record&genre=shoegaze")
        assert titles(answer.text)
        return len([one for one in said if "recommendation" in one])

    await house.recommend(*(found(n) for n in range(1, 4)))
    few = await asked()
    await house.recommend(*(found(n) for n in range(4, 300)))
    assert await asked() == few == 3


async def test_only_the_facts_of_what_is_shown_are_read(house: House, pages: httpx2.AsyncClient):
    await house.recommend(*(found(n) for n in range(1, 200)))
    with statements(house.deps.db) as said:
        await pages.get("/discover")
    (cards,) = [one for one in said if "facts" in one]
    assert "LIMIT" in cards.upper()


async def test_one_by_one_shows_one_and_has_the_next_ready(house: House, pages: httpx2.AsyncClient):
    await house.recommend(*(found(n, album=f"Album {n}") for n in range(1, 4)))
    page = (await pages.get("/discover?view=swipe")).text
    assert titles(page) == ["Album 1", "Album 2"]
    assert page.count("inert") == 1
    assert "3 to go" in page


async def test_a_browser_keeps_the_view_it_had_last(house: House, pages: httpx2.AsyncClient):
    await house.recommend(found(1))
    assert 'class="discover grid"' in (await pages.get("/discover")).text
    await pages.get("/discover?view=list")
    assert 'class="discover list"' in (await pages.get("/")).text
    assert 'class="discover grid"' in (await pages.get("/discover?view=grid")).text
    assert 'class="discover grid"' in (await pages.get("/")).text


async def test_a_block_of_the_page_is_what_the_script_asks_for(house: House, pages: httpx2.AsyncClient):
    await house.recommend(found(1))
    with statements(house.deps.db) as said:
        counts = (await pages.get("/discover", headers={"X-Block": "tabs"})).text
    assert len([one for one in said if "recommendation" in one]) == 1
    assert 'id="tabs"' in counts and "<article" not in counts
    cards = (await pages.get("/discover", headers={"X-Block": "found"})).text
    assert titles(cards) == ["Record"] and "<html" not in cards


async def test_every_address_stands_below_the_url_base(house: House):
    await house.recommend(found(1))
    async with house.signed_in(url_base="/brainarr") as client:
        for view in View:
            page = (await client.get(f"/brainarr/discover?view={view}")).text
            addresses = re.findall(r'(?:src|href|action|formaction|data-preview|data-href)="([^"]+)"', page)
            assert all(one.startswith(("/brainarr", "#")) for one in addresses)
