"""Ask: a wish in plain words, how it was understood, and what came of it."""

import re
from collections.abc import Mapping

import httpx2
import pytest

from brainarr.domain.learning import Liking
from brainarr.domain.music import CatalogArtist
from brainarr.domain.recommendation import Discovery, RunOverrides, Target
from brainarr.errors import ProviderUnavailable
from brainarr.service.doctor import Check
from brainarr.service.execution import execute_run
from brainarr.service.library import refresh_library
from brainarr.service.runs import read_run
from brainarr.service.wish import understand
from brainarr.web.app import WiredProvider
from tests.fakes import FakeCatalog
from tests.store.given import ScriptedLidarr, mbid, owned
from tests.web.conftest import House
from tests.web.test_runs import RESULT, deps_of
from tests.web.test_runs_pages import HOSTILE, fails, ran, words

WISH = "rainy sunday, like Low and Bedhead but with strings, no metal, nothing after 1965, five albums"
BEDHEAD = CatalogArtist(mbid(77), "Bedhead")


async def own_low(house: House) -> None:
    artist = owned(900, genres=("slowcore",))
    await refresh_library(house.deps.db, ScriptedLidarr([type(artist)(900, "Low", mbid(900))]), house.clock)


def checked(page: str) -> list[tuple[str, str]]:
    """(name, value) of what is ticked."""
    boxes = re.findall(r'<input type="checkbox" name="(\w+)" value="([^"]*)" checked>', page)
    return [(name, value) for name, value in boxes]


async def test_a_wish_is_shown_as_it_was_understood_and_nothing_starts(house: House):
    await own_low(house)
    async with house.signed_in(catalog=FakeCatalog([BEDHEAD])) as client:
        page = (await client.get("/ask", params={"wish": WISH}, headers={"Accept": "text/html"})).text
        assert (await client.get("/api/v1/runs")).json() == []
    assert checked(page) == [
        ("seed", f"{mbid(900)} Low"),
        ("seed", f"{mbid(77)} Bedhead"),
        ("style", "slowcore"),
        ("style", "chamber pop"),
        ("style", "chamber folk"),
        ("avoid", "metal"),
        *(("decade", str(decade)) for decade in (1920, 1930, 1940, 1950, 1960)),
    ]
    told = words(page)
    assert "slowcore a guess from “rainy”" in told and "Low yours" in told
    assert "Nothing was made of sunday" in told and "all of the 1960s count" in told
    assert '<option value="albums" selected>' in page and 'value="5"' in page


async def test_what_the_form_says_counts_and_the_words_go_along(house: House, pages: httpx2.AsyncClient):
    form: Mapping[str, str | list[str]] = {
        "wish": "like Low, calm",
        "seed": f"{mbid(900)} Low",
        "style": ["slowcore", "Hip-Hop", ""],
        "avoid": ["metal"],
        "decade": ["1990", "2000"],
        "target": "artists",
        "discovery": "exploratory",
        "max_recommendations": "7",
    }
    answer = await pages.post("/ask", data=form)
    assert answer.headers["location"] == "/ask/1"
    run = (await read_run(house.deps.db, 1)).run
    assert (run.trigger, run.dry_run) == ("ask", False)
    assert run.overrides == RunOverrides(
        wish="like Low, calm",
        styles_include=("slowcore", "hip hop"),
        styles_avoid=("metal",),
        decades_include=(1990, 2000),
        target=Target.ARTISTS,
        discovery=Discovery.EXPLORATORY,
        max_recommendations=7,
        seeds=(Liking(mbid(900), "Low"),),
    )
    assert len(house.woken) == 1


@pytest.mark.parametrize(
    "form",
    [{"seed": "nonsense Low"}, {"decade": "1995"}, {"style": "x" * 61}, {"max_recommendations": "900"}],
)
async def test_a_form_that_somebody_made_up_starts_nothing(
    house: House, pages: httpx2.AsyncClient, form: dict[str, str]
):
    answer = await pages.post("/ask", data={"wish": "calm", **form})
    # A style is cut to what a style may be.
    assert answer.status_code == (303 if "style" in form else 422)


async def test_a_wish_waits_for_a_run_that_is_under_way(pages: httpx2.AsyncClient):
    await pages.post("/runs", data={})
    answer = await pages.post("/ask", data={"wish": "like Low & more"})
    assert answer.headers["location"] == "/ask?wish=like+Low+%26+more"
    page = (await pages.get(answer.headers["location"])).text
    assert "Run 1 is under way" in page


async def test_what_nothing_is_made_of_is_said_and_whether_a_model_reads_it(
    house: House, pages: httpx2.AsyncClient
):
    page = words((await pages.get("/ask", params={"wish": "zzz qqq"})).text)
    assert "Not understood" in page and "goes to your language model as it is" in page

    async def alive() -> str:
        return "answers"

    builtin = WiredProvider("builtin", Check("builtin", "model", alive))
    async with house.signed_in(providers=(builtin,)) as client:
        page = words((await client.get("/ask", params={"wish": "jazz zzz"})).text)
        assert "Without a language model these words have no effect" in page
        page = words((await client.get("/ask", params={"wish": "zzz"})).text)
        assert "it would have no effect: name a style or an artist" in page


async def test_what_came_of_a_wish_is_shown_with_what_can_be_done(house: House, pages: httpx2.AsyncClient):
    await ran(house, trigger="ask", overrides=RunOverrides(wish=HOSTILE, styles_include=("slowcore",)))
    page = (await pages.get("/ask/1")).text
    told = words(page)
    assert HOSTILE not in page and "slowcore" in told and "Double Figure" in told
    assert 'action="/recommendations/1/approve"' in page and 'name="next" value="/ask/1"' in page
    assert "Ask again, differently" in told
    before = (await pages.get("/ask")).text
    assert "You asked before" in before and 'href="/ask/1"' in before and HOSTILE not in before


async def test_a_wish_under_way_stopped_failed_or_vain_says_so(house: House, pages: httpx2.AsyncClient):
    await pages.post("/ask", data={"wish": "calm"})
    assert 'data-events="/runs/1/events"' in (await pages.get("/ask/1")).text
    answer = await pages.post("/runs/1/cancel", data={"next": "/ask/1"})
    assert answer.headers["location"] == "/ask/1"
    assert "You stopped it" in (await pages.get("/ask/1")).text
    await pages.post("/ask", data={"wish": "calm"})
    await execute_run(deps_of(house, fails), 2)
    failed = words((await pages.get("/ask/2")).text)
    assert "It could not be found out musicbrainz: it is away Try again later." in failed
    again = await pages.post("/runs/2/again", data={"to": "ask"})
    assert again.headers["location"] == "/ask/3"
    await pages.post("/runs/3/cancel")
    await ran(house, type(RESULT)((), RESULT.judged[:1], ()), trigger="ask")
    assert "Nothing fits" in (vain := words((await pages.get("/ask/4")).text)) and "1 owned" in vain


async def test_a_run_that_was_no_wish_has_no_page_here(house: House, pages: httpx2.AsyncClient):
    await ran(house)
    assert (await pages.get("/ask/1")).status_code == 404


async def test_examples_come_of_the_persons_own_library(house: House, pages: httpx2.AsyncClient):
    assert "something completely different" in words((await pages.get("/ask")).text)
    artists = [owned(number, genres=("slowcore",)) for number in range(1, 9)]
    await refresh_library(house.deps.db, ScriptedLidarr(artists), house.clock)
    assert re.search(r"slowcore like Artist \d", (await pages.get("/ask")).text)


async def test_the_api_tells_how_a_wish_is_understood_and_what_to_run(house: House):
    await own_low(house)
    async with house.door(house.deps.api_key(), catalog=FakeCatalog([BEDHEAD])) as api:
        meant = (await api.post("/api/v1/wishes", json={"text": WISH})).json()
        assert [(one["name"], one["owned"]) for one in meant["artists"]] == [
            ("Low", True),
            ("Bedhead", False),
        ]
        assert (meant["count"], meant["target"], meant["rest"]) == (5, "albums", ["sunday"])
        run = {name: value for name, value in meant["run"].items() if value is not None}
        assert (await api.post("/api/v1/runs", json=run)).status_code == 202
        assert (await api.post("/api/v1/wishes", json={"text": " "})).status_code == 422
    seeds = (await read_run(house.deps.db, 1)).run.overrides.seeds
    assert seeds == (Liking(mbid(900), "Low"), Liking(mbid(77), "Bedhead"))


async def test_an_artist_nobody_knows_or_can_look_up_goes_along_as_words(house: House):
    db, clock = house.deps.db, house.clock
    unknown = await understand(db, FakeCatalog(), "like Bedhead", clock=clock)
    assert unknown.artists[0].mbid is None
    assert unknown.notes == (
        "“Bedhead” is in neither your library nor MusicBrainz: it goes along as words only.",
    )
    away = FakeCatalog([BEDHEAD])
    away.failure = ProviderUnavailable("musicbrainz", "it is away")
    (note,) = (await understand(db, away, "like Bedhead", clock=clock)).notes
    assert "could not be asked (musicbrainz: it is away)" in note
    twins = FakeCatalog(
        [BEDHEAD, CatalogArtist(mbid(78), "Bedhead", disambiguation="famous", genres=(("rock", 9.0),))]
    )
    told = await understand(db, twins, "like Bedhead", clock=clock)
    assert told.artists[0].mbid == mbid(78)
    assert told.notes == ("2 artists are called Bedhead: the best known (famous) is meant.",)
