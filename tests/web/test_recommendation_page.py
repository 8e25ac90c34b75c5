"""The page of one recommendation, and adding albums from it."""

import asyncio
import re
from html.parser import HTMLParser

import httpx2
import msgspec
import pytest

from brainarr.domain.life import Event
from brainarr.domain.music import Mbid, OwnedAlbum, ReleaseGroup
from brainarr.domain.recommendation import Judged, RunResult, Status, Verdict
from brainarr.errors import ProviderRejected, ProviderUnavailable
from brainarr.service.history import read_life
from brainarr.service.library import refresh_library
from brainarr.store import findings
from brainarr.web.pages import recommendation as page_module
from tests.store.given import ScriptedLidarr, mbid, owned, recommended
from tests.web.conftest import House

API = "/api/v1/recommendations"
ARTIST = mbid(1)
STUDIO, EP, LIVE, BEST = mbid(71), mbid(72), mbid(73), mbid(74)


def group(number: Mbid, title: str, year: int, kind: str = "album", *secondary: str) -> ReleaseGroup:
    return ReleaseGroup(number, title, ARTIST, year, kind, secondary)


GROUPS = (
    group(EP, "Morningrise", 1991, "ep"),
    group(mbid(7), "Record", 2001),
    group(STUDIO, "Just for a Day", 1991),
    group(LIVE, "Live in <Leeds>", 2015, "album", "live"),
    group(BEST, "Catch the Breeze", 2004, "album", "compilation"),
)


@pytest.fixture
async def one(house: House) -> int:
    """An album that waits, of an artist with five of them."""
    house.catalog.groups = GROUPS
    (number,) = await house.recommend(recommended(1, album=7))
    return number


def titles(text: str) -> list[str]:
    return re.findall(r'<span class="title">([^<]*)</span>', text)


class Forms(HTMLParser):
    """The actions of all forms that post."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.actions: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form" and given.get("method") == "post":
            self.actions.append(given.get("action") or "")


async def test_the_page_tells_what_it_is_and_why_it_is_here(pages: httpx2.AsyncClient, one: int):
    answer = await pages.get(f"/recommendations/{one}")
    assert answer.status_code == 200
    text = answer.text
    assert "<h1>Record</h1>" in text and "New 1" in text and "Near Slowdive." in text
    assert f'src="/art/release-group/{mbid(7)}?size=500"' in text
    for facet, gives in (
        ("Genre", "0.200"),
        ("Era", "0.150"),
        ("Diversity", "0.200"),
        ("Confidence", "0.050"),
    ):
        assert re.search(rf"<strong>{facet}</strong>.*?<b>{gives}</b>", text)
    # 0.6 by the weights; what the run had learnt is told, not hidden.
    assert "<b>+0.150</b>" in text and "<b>0.750</b>" in text
    assert f"https://musicbrainz.org/release-group/{mbid(7)}" in text
    assert text.count('rel="noreferrer noopener"') == 3
    assert "<strong>Recommended</strong>" in text
    assert {
        f"/recommendations/{one}/{to}" for to in ("approve", "reject", "block", "more", "less", "add")
    } <= set(Forms(text).actions)
    assert f"/recommendations/{one}/undo" not in Forms(text).actions


async def test_studio_albums_come_first_and_what_is_owned_is_marked(
    pages: httpx2.AsyncClient, house: House, one: int
):
    albums = {1: (OwnedAlbum(1, "Just for a Day", STUDIO, 1991, track_files=9),)}
    lidarr = ScriptedLidarr([msgspec.structs.replace(owned(1), mbid=ARTIST)], albums)
    await refresh_library(house.deps.db, lidarr, house.clock)
    text = (await pages.get(f"/recommendations/{one}")).text
    assert titles(text) == [
        "Just for a Day",
        "Record",
        "Morningrise",
        "Live in &lt;Leeds&gt;",
        "Catch the Breeze",
    ]
    assert "1991 · owned" in text and "2015 · live" in text
    assert f'value="{STUDIO}"' not in text
    assert re.search(f'value="{mbid(7)}" checked', text)
    assert "Lidarr has New 1 already" in text


async def test_models_words_are_shown_as_theirs_and_never_as_markup(pages: httpx2.AsyncClient, house: House):
    item = recommended(2)
    evidence = msgspec.structs.replace(item.evidence, opinions=("<script>alert(1)</script>",))
    hostile = msgspec.structs.replace(item, evidence=evidence, artist="<img src=x onerror=alert(1)>")
    (number,) = await house.recommend(hostile)
    text = (await pages.get(f"/recommendations/{number}")).text
    assert "Their opinion in their words" in text
    assert "<script>alert" not in text and "<img src=x" not in text
    assert not re.search(r"<style|style=|\son\w+=\"", text)


async def test_verdicts_of_all_runs_on_its_artist_are_told(pages: httpx2.AsyncClient, house: House, one: int):
    async with house.deps.db.transaction() as connection:
        judged = (
            Judged(
                "New 1", None, Verdict.NOT_CHOSEN, "verified, but others scored higher", ("deezer",), ARTIST
            ),
            Judged("Somebody else", None, Verdict.OWNED, "", ("deezer",), mbid(9)),
        )
        await findings.insert_findings(connection, 1, RunResult((), judged, ()))
    text = (await pages.get(f"/recommendations/{one}")).text
    assert "not chosen" in text and "verified, but others scored higher" in text
    assert "Somebody else" not in text


async def test_what_was_cleaned_up_is_said_to_be(pages: httpx2.AsyncClient, one: int):
    assert "retention.verdicts_days" in (await pages.get(f"/recommendations/{one}")).text


async def test_without_the_catalogue_the_rest_stands(pages: httpx2.AsyncClient, house: House, one: int):
    house.catalog.failure = ProviderUnavailable("musicbrainz", "it is away.", remedy="Wait.")
    answer = await pages.get(f"/recommendations/{one}")
    assert answer.status_code == 200
    assert "musicbrainz: it is away." in answer.text and "What the score is made of" in answer.text
    # What was recommended can still be added.
    assert titles(answer.text) == ["Record"]


async def test_a_late_catalogue_is_not_waited_for_and_asked_once(
    pages: httpx2.AsyncClient, house: House, one: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(page_module, "AT_ONCE_S", 0.01)
    gate, told = asyncio.Event(), house.catalog.albums
    asked: list[Mbid] = []

    async def late(artist: Mbid) -> tuple[ReleaseGroup, ...]:
        asked.append(artist)
        await gate.wait()
        return await told(artist)

    monkeypatch.setattr(house.catalog, "albums", late)
    text = (await pages.get(f"/recommendations/{one}")).text
    assert "data-pending" in text and titles(text) == ["Record"]
    rest = asyncio.create_task(pages.get(f"/recommendations/{one}", headers={"X-Block": "albums"}))
    await asyncio.sleep(0.2)
    assert asked == [ARTIST]
    gate.set()
    block = (await rest).text
    assert len(titles(block)) == 5 and "data-pending" not in block and "<html" not in block


async def test_an_artist_that_the_catalogue_does_not_know_has_no_albums(
    pages: httpx2.AsyncClient, house: House
):
    (number,) = await house.recommend(recommended(5))
    assert "lists no albums and no EPs by New 5" in (await pages.get(f"/recommendations/{number}")).text


async def test_chosen_albums_go_to_lidarr_and_what_was_recommended_is_approved(
    pages: httpx2.AsyncClient, house: House, one: int
):
    form = {
        "release_group": [mbid(7), EP],
        "monitor": "future",
        "search": "true",
        "root_folder": "/more",
        "quality_profile": "2",
        "tags": " Live, recs ,,live",
        "metadata_profile": "",
    }
    answer = await pages.post(f"/recommendations/{one}/add", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/recommendations/{one}")
    assert house.lidarr.added == [(mbid(7), ARTIST, "New 1"), (EP, ARTIST, "New 1")]
    given = house.lidarr.options[0]
    assert (given.root_folder, given.quality_profile, given.metadata_profile) == ("/more", 2, None)
    assert given.tags == ("brainarr", "live", "recs")
    assert given.search and given.new_releases and given.beside == (mbid(7), EP)
    text = (await pages.get(f"/recommendations/{one}")).text
    assert "Lidarr has Record, Morningrise." in text and "future releases are monitored" in text
    life = await read_life(house.deps.db, one)
    assert life.recommendation.status is Status.DELIVERED
    assert [told.event.event for told in life.events] == [Event.PROPOSED, Event.APPROVED, Event.PUSHED]


async def test_another_album_leaves_the_recommendation_as_it_is_and_its_history_says_so(
    pages: httpx2.AsyncClient, house: House, one: int
):
    await pages.post(f"/recommendations/{one}/add", data={"release_group": STUDIO})
    assert house.lidarr.added == [(STUDIO, ARTIST, "New 1")]
    life = await read_life(house.deps.db, one)
    assert life.recommendation.status is Status.PENDING
    assert (life.events[-1].event.event, life.events[-1].event.note) == (Event.ADDED, "Just for a Day")
    assert life.events[-1].status is Status.PENDING


async def test_one_refused_album_does_not_stop_the_others(pages: httpx2.AsyncClient, house: House, one: int):
    house.lidarr.refuses = {EP}
    await pages.post(f"/recommendations/{one}/add", data={"release_group": [EP, mbid(7)]})
    text = (await pages.get(f"/recommendations/{one}")).text
    assert "1 of 2 added. Morningrise: lidarr: it refuses (Path: no). Set a path." in text
    assert house.lidarr.added == [(mbid(7), ARTIST, "New 1")]
    assert (await read_life(house.deps.db, one)).recommendation.status is Status.DELIVERED


async def test_when_lidarr_takes_nothing_nothing_changes_and_it_says_why(
    pages: httpx2.AsyncClient, house: House, one: int
):
    house.lidarr.failure = ProviderRejected(
        "lidarr", "it refuses the API key.", remedy="Copy it.", status=401
    )
    answer = await pages.post(f"/recommendations/{one}/add", data={"release_group": mbid(7)})
    assert answer.status_code == 303
    text = (await pages.get(f"/recommendations/{one}")).text
    assert "it refuses the API key. Copy it." in text
    # Its own offers are as far away, and the form says so instead of failing.
    assert "Lidarr cannot take anything now" in text
    assert (await read_life(house.deps.db, one)).recommendation.status is Status.PENDING


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({}, "No album was chosen."),
        ({"monitor": "future"}, "No album was chosen."),
        ({"release_group": EP, "monitor": "none"}, "nothing is to be monitored"),
        ({"release_group": "x"}, "That is no album."),
        ({"release_group": mbid(999)}, "has no album"),
    ],
)
async def test_what_makes_no_choice_is_refused_in_words(
    pages: httpx2.AsyncClient, house: House, one: int, form: dict[str, str], said: str
):
    await pages.post(f"/recommendations/{one}/add", data=form)
    assert said in (await pages.get(f"/recommendations/{one}")).text
    assert house.lidarr.added == []


@pytest.mark.parametrize(("monitor", "event"), [("all", Event.PUSHED), ("none", Event.ADDED)])
async def test_the_whole_artist_can_be_taken_in(
    pages: httpx2.AsyncClient, house: House, one: int, monitor: str, event: Event
):
    await pages.post(f"/recommendations/{one}/add", data={"monitor": monitor})
    assert house.lidarr.added == [(ARTIST, "New 1")]
    assert house.lidarr.options[0].monitor == monitor
    assert (await read_life(house.deps.db, one)).events[-1].event.event is event


async def test_a_blocked_artist_is_not_added(api: httpx2.AsyncClient, house: House, one: int):
    await api.post(f"{API}/{one}/block")
    answer = await api.post(f"{API}/{one}/albums", json={"albums": [mbid(7)]})
    assert answer.status_code == 409 and house.lidarr.added == []


async def test_without_a_lidarr_the_page_says_so(house: House, one: int):
    async with house.signed_in(importers={}) as client:
        assert "connect a Lidarr" in (await client.get(f"/recommendations/{one}")).text
        answer = await client.post(f"/recommendations/{one}/add", data={"release_group": mbid(7)})
        assert answer.status_code == 303


async def test_one_that_is_not_there_is_a_page_that_says_so(pages: httpx2.AsyncClient, house: House):
    answer = await pages.get("/recommendations/99")
    assert answer.status_code == 404 and "There is no recommendation 99." in answer.text
    assert (await pages.post("/recommendations/99/add", data={"release_group": mbid(7)})).status_code == 303


async def test_under_a_url_base_every_address_has_it(house: House, one: int):
    async with house.signed_in(url_base="/brainarr") as client:
        text = (await client.get(f"/brainarr/recommendations/{one}", headers={"Accept": "text/html"})).text
    own = [to for to in re.findall(r'(?:src|href|action)="([^"]+)"', text) if not to.startswith("https://")]
    assert own and all(to.startswith(("/brainarr", "#")) for to in own)


async def test_the_api_tells_the_albums_and_adds_them(api: httpx2.AsyncClient, house: House, one: int):
    known = (await api.get(f"{API}/{one}/albums")).json()
    assert (known["artist"], known["in_library"], known["complete"]) == ("New 1", False, True)
    assert [album["title"] for album in known["albums"]][:2] == ["Just for a Day", "Record"]
    assert [album["recommended"] for album in known["albums"]] == [False, True, False, False, False]
    answer = await api.post(f"{API}/{one}/albums", json={"albums": [mbid(7)], "search": True})
    assert answer.json() == [{"title": "Record", "mbid": mbid(7), "problem": None, "had": ""}]
    assert (await api.get(f"{API}/{one}")).json()["status"] == "delivered"
    for wrong, status in (
        ({"albums": ["x"]}, 404),
        ({"albums": [mbid(99)]}, 404),
        ({"albums": []}, 409),
        ({"monitor": "x"}, 422),
    ):
        assert (await api.post(f"{API}/{one}/albums", json=wrong)).status_code == status
    house.catalog.failure = ProviderUnavailable("musicbrainz", "it is away.")
    house.catalog.groups = ()
    told = (await api.get(f"{API}/{one}/albums")).json()
    assert told["complete"] is False and "away" in told["problem"]
