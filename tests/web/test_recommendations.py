"""Recommendations over HTTP: read, decided on, pushed."""

import httpx2
import pytest

from brainarr.domain.recommendation import Status
from brainarr.errors import ProviderRejected, ProviderUnavailable
from tests.store.given import mbid, recommended
from tests.web.conftest import House, both_databases

pytestmark = both_databases


async def test_recommendations_are_filtered_by_status(house: House, api: httpx2.AsyncClient):
    one, two = await house.recommend(recommended(1), recommended(2))
    await api.post(f"/api/v1/recommendations/{two}/approve")
    pending = await api.get("/api/v1/recommendations", params={"status": "pending"})
    assert [found["id"] for found in pending.json()] == [one]
    everything = await api.get("/api/v1/recommendations")
    assert [found["id"] for found in everything.json()] == [one, two]
    assert everything.headers["x-total-count"] == "2"
    other = await api.get("/api/v1/recommendations", params={"list": "other"})
    assert other.json() == []


async def test_an_unknown_status_names_those_that_exist(api: httpx2.AsyncClient):
    answer = await api.get("/api/v1/recommendations", params={"status": "liked", "page": 0})
    assert answer.status_code == 422
    faults = {fault["field"]: fault["message"] for fault in answer.json()["errors"]}
    assert set(faults) == {"query.status", "query.page"}
    assert "pending" in faults["query.status"]


async def test_one_recommendation_is_shown_with_its_evidence(house: House, api: httpx2.AsyncClient):
    (number,) = await house.recommend(recommended(1, album=2))
    found = (await api.get(f"/api/v1/recommendations/{number}")).json()
    assert found["evidence"]["seeds"] == ["Slowdive"]
    assert found["reason"] == "Near Slowdive."
    assert (found["confidence"], found["score"]) == (0.625, 0.75)


@pytest.mark.parametrize(
    ("decision", "status"), [("approve", "approved"), ("reject", "rejected"), ("block", "blocked")]
)
async def test_a_decision_moves_it_and_repeating_it_changes_nothing(
    house: House, api: httpx2.AsyncClient, decision: str, status: str
):
    (number,) = await house.recommend(recommended(1))
    first = await api.post(f"/api/v1/recommendations/{number}/{decision}", json={"note": "because"})
    assert (first.json()["status"], first.json()["note"]) == (status, "because")
    again = await api.post(f"/api/v1/recommendations/{number}/{decision}")
    assert again.json() == first.json()
    history = (await api.get("/api/v1/history")).json()
    assert [(event["event"], event["note"]) for event in history] == [(status, "because"), ("proposed", "")]


async def test_an_impossible_decision_is_a_conflict(house: House, api: httpx2.AsyncClient):
    (number,) = await house.recommend(recommended(1), status=Status.IMPORTED)
    answer = await api.post(f"/api/v1/recommendations/{number}/reject")
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:brainarr:problem:conflict"
    assert "imported" in answer.json()["detail"]


@pytest.mark.parametrize("decision", ["approve", "push"])
async def test_what_is_not_there_cannot_be_decided_on(api: httpx2.AsyncClient, decision: str):
    assert (await api.post(f"/api/v1/recommendations/77/{decision}")).status_code == 404


async def test_an_unknown_decision_is_invalid(house: House, api: httpx2.AsyncClient):
    (number,) = await house.recommend(recommended(1))
    answer = await api.post(f"/api/v1/recommendations/{number}/adore")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "path.decision"


async def test_a_bulk_decision_reports_on_each(house: House, api: httpx2.AsyncClient):
    (gone,) = await house.recommend(recommended(1), status=Status.IMPORTED)
    (number,) = await house.recommend(recommended(2))
    answer = await api.post(
        "/api/v1/recommendations/bulk", json={"ids": [gone, number, 77], "decision": "reject"}
    )
    assert [(one["id"], one["status"]) for one in answer.json()] == [
        (gone, None),
        (number, "rejected"),
        (77, None),
    ]
    assert all(one["problem"] for one in answer.json() if one["status"] is None)


@pytest.mark.parametrize(
    "body",
    [
        {"ids": [], "decision": "approve"},
        {"ids": [0], "decision": "approve"},
        {"ids": [2**53], "decision": "approve"},
        {"ids": list(range(1, 502)), "decision": "approve"},
        {"ids": [1], "decision": "adore"},
        {"ids": [1]},
        {"ids": [1], "decision": "approve", "note": "x" * 1_001},
    ],
)
async def test_a_bulk_decision_out_of_bounds_decides_nothing(api: httpx2.AsyncClient, body: object):
    assert (await api.post("/api/v1/recommendations/bulk", json=body)).status_code == 422


async def test_an_approved_one_is_pushed_into_lidarr(house: House, api: httpx2.AsyncClient):
    (number,) = await house.recommend(recommended(1, album=2))
    assert (await api.post(f"/api/v1/recommendations/{number}/push")).status_code == 409
    await api.post(f"/api/v1/recommendations/{number}/approve")
    pushed = await api.post(f"/api/v1/recommendations/{number}/push")
    assert pushed.json()["status"] == "delivered"
    assert house.lidarr.added == [(mbid(2), mbid(1), "New 1")]


async def test_a_push_says_how_it_is_taken_in(house: House, api: httpx2.AsyncClient):
    (number,) = await house.recommend(recommended(1, album=2), status=Status.APPROVED)
    terms = {
        "monitor": "future",
        "search": True,
        "root_folder": "/more",
        "quality_profile": 2,
        "metadata_profile": 1,
        "tags": [" Live ", "brainarr"],
    }
    assert (await api.post(f"/api/v1/recommendations/{number}/push", json=terms)).status_code == 200
    (options,) = house.lidarr.options
    assert options.tags == ("brainarr", "live")
    assert (options.search, options.root_folder, options.new_releases) == (True, "/more", True)
    assert (options.quality_profile, options.metadata_profile) == (2, 1)


@pytest.mark.parametrize(
    ("terms", "status"),
    [
        ({"monitor": "none"}, 409),
        ({"monitor": "everything"}, 422),
        ({"tags": ["a,b"]}, 422),
        ({"tags": [""]}, 422),
        ({"quality_profile": 0}, 422),
        ({"unheard": 1}, 422),
    ],
)
async def test_a_push_that_makes_no_sense_is_refused(
    house: House, api: httpx2.AsyncClient, terms: dict[str, object], status: int
):
    (number,) = await house.recommend(recommended(1, album=2), status=Status.APPROVED)
    answer = await api.post(f"/api/v1/recommendations/{number}/push", json=terms)
    assert answer.status_code == status
    assert house.lidarr.added == []


async def test_without_a_lidarr_there_is_nothing_to_push_to(house: House):
    (number,) = await house.recommend(recommended(1), status=Status.APPROVED)
    async with house.door(house.deps.api_key(), importers={}) as client:
        answer = await client.post(f"/api/v1/recommendations/{number}/push")
    assert answer.status_code == 409
    assert "lidarr.url" in answer.json()["remedy"]


async def test_a_lidarr_that_is_away_is_a_503_with_its_retry_after(house: House, api: httpx2.AsyncClient):
    (number,) = await house.recommend(recommended(1), status=Status.APPROVED)
    house.lidarr.failure = ProviderUnavailable("lidarr", "it is away", remedy="Wait.", retry_after=12.4)
    answer = await api.post(f"/api/v1/recommendations/{number}/push")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "12"
    assert answer.json() == {
        "type": "urn:brainarr:problem:provider-unavailable",
        "title": "A remote service is away",
        "status": 503,
        "detail": "lidarr: it is away",
        "instance": f"/api/v1/recommendations/{number}/push",
        "remedy": "Wait.",
    }
    assert (await api.get(f"/api/v1/recommendations/{number}")).json()["status"] == "approved"


async def test_a_lidarr_that_refuses_is_a_502_and_the_item_says_why(house: House, api: httpx2.AsyncClient):
    (number,) = await house.recommend(recommended(1), status=Status.APPROVED)
    house.lidarr.failure = ProviderRejected(
        "lidarr", "the root folder is gone", remedy="Add one.", status=400
    )
    answer = await api.post(f"/api/v1/recommendations/{number}/push")
    assert answer.status_code == 502
    assert answer.json()["type"] == "urn:brainarr:problem:provider-failed"
    stored = (await api.get(f"/api/v1/recommendations/{number}")).json()
    assert stored["status"] == "failed"
    assert "root folder" in stored["failure"]
