"""Lists with terms of their own: made, changed and deleted by the API and on their page."""

import html
from dataclasses import replace

import httpx2
import pytest
from msgspec import structs

from brainarr.domain.lists import ListKind, ListTerms
from brainarr.domain.recommendation import Discovery, Status
from brainarr.service.doctor import Check
from brainarr.service.lists import ListRow, read_list
from brainarr.service.runs import request_run
from brainarr.web.deps import WiredProvider
from tests.store.given import recommended
from tests.web.asked import went
from tests.web.conftest import House

NOTHING = {
    "target": None,
    "discovery": None,
    "max_recommendations": None,
    "minimum_confidence": None,
    "styles_include": None,
    "styles_avoid": None,
    "decades_include": None,
    "wish": None,
    "providers": None,
    "schedule": None,
    "approval": None,
}


async def answers() -> str:
    return "fine"


@pytest.fixture(autouse=True)
def chain(house: House) -> None:
    """A chain of two models."""
    house.deps = replace(
        house.deps,
        providers=tuple(WiredProvider("ollama", Check(name, "model", answers)) for name in ("home", "cloud")),
    )


async def stored(house: House, slug: str = "late-night") -> ListRow:
    return await read_list(house.deps.db, house.deps.secrets, slug)


async def test_a_list_is_made_with_terms_of_its_own(house: House):
    async with house.door(house.deps.api_key()) as api:
        wanted = {
            "name": "Late night",
            "kind": "gaps",
            "terms": {"discovery": "exploratory", "styles_include": ["Hip-Hop"], "providers": ["cloud"]},
        }
        answer = await api.post("/api/v1/lists", json=wanted)
        assert answer.status_code == 201
        made = answer.json()
        assert (made["slug"], made["kind"], made["instance"]) == ("late-night", "gaps", "default")
        assert made["terms"] == NOTHING | {
            "discovery": "exploratory",
            "styles_include": ["hip hop"],
            "providers": ["cloud"],
        }
        assert made == (await api.get("/api/v1/lists")).json()[1]
    assert house.woken, "its first run is due at once"


async def test_a_change_leaves_what_it_does_not_name_and_null_takes_back(house: House):
    async with house.door(house.deps.api_key()) as api:
        terms = {"wish": "calm", "max_recommendations": 5, "schedule": "daily"}
        await api.post("/api/v1/lists", json={"name": "Late night", "terms": terms})
        changed = await api.patch(
            "/api/v1/lists/late-night", json={"terms": {"wish": None, "approval": "auto"}}
        )
        assert changed.json()["terms"] == NOTHING | {
            "max_recommendations": 5,
            "schedule": "daily",
            "approval": "auto",
        }
        renamed = (await api.patch("/api/v1/lists/late-night", json={"name": "Small hours"})).json()
        assert (renamed["name"], renamed["terms"]) == ("Small hours", changed.json()["terms"])
        assert (await api.patch("/api/v1/lists/nowhere", json={})).status_code == 404


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"schedule": "now and then"}, "off, hourly, daily"),
        ({"schedule": "99 4 * * *"}, "minute"),
        ({"max_recommendations": 0}, "greater than or equal to 1"),
        ({"minimum_confidence": 1.5}, "less than or equal to 1"),
        ({"decades_include": [1994]}, "1900 to 2090"),
        ({"providers": []}, "at least one"),
        ({"providers": ["home", "home"]}, "each once"),
        ({"colour": "blue"}, "Extra inputs"),
    ],
)
async def test_what_a_list_cannot_want_is_refused_with_what_it_can(
    house: House, terms: dict[str, object], said: str
):
    async with house.door(house.deps.api_key()) as api:
        answer = await api.post("/api/v1/lists", json={"name": "Late night", "terms": terms})
        assert answer.status_code == 422
        assert said in answer.text
        assert len((await api.get("/api/v1/lists")).json()) == 1


async def test_a_provider_or_a_lidarr_that_is_not_there_is_refused_by_name(house: House):
    async with house.door(house.deps.api_key()) as api:
        unknown = await api.post("/api/v1/lists", json={"name": "A", "terms": {"providers": ["attic"]}})
        assert (unknown.status_code, unknown.json()["remedy"]) == (409, "It has home, cloud.")
        elsewhere = await api.post("/api/v1/lists", json={"name": "A", "instance": "attic"})
        assert (elsewhere.status_code, elsewhere.json()["remedy"]) == (409, "There is default.")
        changed = await api.patch("/api/v1/lists/default", json={"terms": {"providers": ["attic"]}})
        assert changed.status_code == 409


async def test_a_deleted_list_is_gone_and_its_feed_is_closed(house: House):
    async with house.door(house.deps.api_key()) as api:
        key = (await api.post("/api/v1/lists", json={"name": "Late night"})).json()["key"]
        await request_run(house.deps.db, "late-night", clock=house.clock)
        headers = {"X-Api-Key": key}
        assert (await api.get("/lists/late-night/api/v1/album", headers=headers)).status_code == 200
        gone = await api.delete("/api/v1/lists/late-night")
        assert gone.json() == {"moved": 0, "moved_to": "", "rejected": 0}
        assert (await api.get("/lists/late-night/api/v1/album", headers=headers)).status_code == 401
        assert [one["slug"] for one in (await api.get("/api/v1/lists")).json()] == ["default"]
        assert (await api.delete("/api/v1/lists/late-night")).status_code == 404
        assert (await api.delete("/api/v1/lists/default")).status_code == 409


async def test_an_estimate_is_one_of_the_list_that_is_named(house: House):
    async with house.door(house.deps.api_key()) as api:
        assert (await api.get("/api/v1/runs/estimate?list=nowhere")).status_code == 404
        await api.post("/api/v1/lists", json={"name": "Gaps", "kind": "gaps"})
        free = await api.get("/api/v1/runs/estimate?list=gaps")
        assert (free.status_code, free.json()["calls"]) == (200, [])


async def test_each_list_is_a_task_of_its_own(house: House):
    async with house.door(house.deps.api_key()) as api:
        await api.post("/api/v1/lists", json={"name": "Late night", "terms": {"schedule": "30 4 * * *"}})
        tasks = {one["name"]: one for one in (await api.get("/api/v1/system/tasks")).json()}
        assert tasks["recommend"]["schedule"] == "off"
        assert tasks["recommend:late-night"]["schedule"] == "30 4 * * *"
        assert tasks["recommend:late-night"]["next_at"] == "2026-11-23T04:30:00Z"
        assert (await api.post("/api/v1/system/tasks/recommend:late-night")).json() == {"created": True}
        (run,) = (await api.get("/api/v1/runs")).json()
        assert run["list"] == "late-night"
        its = (await api.get("/api/v1/system/tasks/history?task=recommend:late-night")).json()
        assert [one["id"] for one in its] == [run["id"]]
        assert (await api.get("/api/v1/system/tasks/history?task=recommend:default")).json() == []
        await api.post("/api/v1/system/tasks/pause")
        tasks = {one["name"]: one for one in (await api.get("/api/v1/system/tasks")).json()}
        assert tasks["recommend:late-night"]["paused"]


async def test_the_form_says_what_the_settings_say(pages: httpx2.AsyncClient):
    form = html.unescape((await pages.get("/lists/new")).text)
    assert '<option value="" selected>As in Settings (adjacent)</option>' in form
    assert 'placeholder="As in Settings: 20"' in form
    assert 'placeholder="As in Settings: weekly"' in form
    assert "as in Settings (home, then cloud)" in form


async def test_the_form_makes_a_list_and_shows_it_again(house: House, pages: httpx2.AsyncClient):
    filled = {
        "name": "Late night",
        "kind": "discover",
        "discovery": "exploratory",
        "max_recommendations": "5",
        "minimum_confidence": "0.25",
        "styles_include": "Cool Jazz, soul jazz",
        "decade": ["1960", "1970"],
        "provider": ["cloud", "home"],
        "schedule": "daily",
        "wish": "",
        "approval": "",
    }
    assert (await went(await pages.post("/lists/create", data=filled))).startswith("/lists")
    assert (await stored(house)).terms == ListTerms(
        discovery=Discovery.EXPLORATORY,
        max_recommendations=5,
        minimum_confidence=0.25,
        styles_include=("cool jazz", "soul jazz"),
        decades_include=(1960, 1970),
        providers=("cloud", "home"),
        schedule="daily",
    )
    page = html.unescape((await pages.get("/lists")).text)
    for said in ("Exploratory", "5 at most", "Cool jazz, soul jazz", "1960s, 1970s", "Asks cloud, then home"):
        assert said in page
    form = html.unescape((await pages.get("/lists/edit?slug=late-night")).text)
    assert 'value="cool jazz, soul jazz"' in form
    assert 'value="0.25"' in form
    assert form.count("<option selected>") == 2


async def test_what_is_emptied_in_the_form_is_as_in_settings_again(house: House, pages: httpx2.AsyncClient):
    await pages.post("/lists/create", data={"name": "Late night", "wish": "calm", "schedule": "off"})
    await pages.post("/lists/edit", data={"slug": "late-night", "name": "Late night", "none": "styles_avoid"})
    assert (await stored(house)).terms == ListTerms(styles_avoid=())


async def test_what_cannot_be_is_told_at_its_field_and_nothing_typed_is_lost(
    house: House, pages: httpx2.AsyncClient
):
    wrong = await pages.post(
        "/lists/create", data={"name": "Late night", "schedule": "sometimes", "styles_include": "jazz"}
    )
    assert wrong.status_code == 422
    page = html.unescape(wrong.text)
    assert 'value="sometimes"' in page and 'value="jazz"' in page and 'value="Late night"' in page
    assert "cron expression of five fields" in page
    known = await pages.post("/lists/create", data={"name": "brainarr ai recommendations"})
    assert known.status_code == 409 and "already" in known.text


async def test_deleting_asks_what_becomes_of_what_waits(house: House, pages: httpx2.AsyncClient):
    await pages.post("/lists/create", data={"name": "Late night", "schedule": "off"})
    await house.recommend(recommended(1, album=11), status=Status.PENDING, list_slug="late-night")
    question = html.unescape((await pages.get("/lists/delete?slug=late-night")).text)
    assert "1 recommendation waits in it" in question
    assert "Go on in the list Brainarr AI Recommendations" in question
    await pages.post("/lists/delete", data={"slug": "late-night", "leftovers": "move"})
    page = html.unescape((await pages.get("/lists")).text)
    assert "1 recommendation went to Brainarr AI Recommendations." in page
    assert "1 waits for your review." in page


async def test_a_list_that_names_a_lost_provider_is_a_health_issue(house: House):
    async with house.door(house.deps.api_key()) as api:
        await api.post(
            "/api/v1/lists", json={"name": "Late night", "terms": {"providers": ["home", "cloud"]}}
        )
        around = house.deps.around

        async def told(*chain: str) -> list[str]:
            now = structs.replace(around, chain=chain)
            async with house.door(house.deps.api_key(), around=now) as door:
                issues = (await door.get("/api/v1/health")).json()
            return [issue["message"] for issue in issues if issue["source"] == "List"]

        assert await told("home", "cloud") == []
        assert await told("cloud") == [
            "The list Late night names providers that the chain does not have: home."
        ]
        assert await told("other") == [
            "The list Late night names providers that the chain does not have: home, cloud, "
            "so no language model is asked."
        ]


async def test_lists_of_each_kind_can_be_made(house: House, pages: httpx2.AsyncClient):
    for kind in ListKind:
        await pages.post("/lists/create", data={"name": f"A {kind}", "kind": kind, "schedule": "off"})
        assert (await stored(house, f"a-{kind}")).kind is kind
