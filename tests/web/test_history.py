"""History over HTTP: lives, filters, exports, outcomes and what needs somebody."""

import csv
import io
import json

import httpx2
import pytest

from brainarr.domain.recommendation import Status
from brainarr.errors import ProviderRejected
from tests.store.given import recommended
from tests.web.conftest import House


async def test_a_recommendation_tells_its_life_in_order(house: House, api: httpx2.AsyncClient):
    (number,) = await house.recommend(recommended(1))
    await api.post(f"/api/v1/recommendations/{number}/approve", json={"note": "yes"})
    async with house.door(await house.feed_key()) as lidarr:
        await lidarr.get("/lists/default/artists")
    shown = (await api.get(f"/api/v1/recommendations/{number}")).json()
    assert shown["status"] == "delivered"
    assert [(event["event"], event["status"], event["actor"], event["note"]) for event in shown["life"]] == [
        ("proposed", "pending", "person", ""),
        ("approved", "approved", "api", "yes"),
        ("delivered", "delivered", "lidarr", ""),
    ]
    delivered = shown["life"][-1]
    assert (delivered["channel"], delivered["times"], delivered["last_at"]) == (
        "artists",
        1,
        shown["delivered_at"],
    )
    same = (await api.get("/api/v1/history", params={"recommendation": number, "sort": "oldest"})).json()
    assert [event["event"] for event in same] == ["proposed", "approved", "delivered"]
    assert (await api.get("/api/v1/recommendations/99")).status_code == 404


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"artist": "NEW 2"}, {2}),
        ({"event": "rejected"}, {1}),
        ({"actor": "api"}, {1}),
        ({"status": "pending"}, {2}),
        ({"source": "listenbrainz"}, {1, 2}),
        ({"source": "deezer"}, set()),
        ({"list": "default", "run": 1}, {1, 2}),
        ({"run": 2}, set()),
        ({"from": "2026-11-22T12:00:00"}, {1, 2}),
        ({"from": "2026-11-22T14:00:00+01:00"}, set()),
        ({"to": "2026-11-22T12:00:00Z"}, set()),
    ],
)
async def test_history_is_filtered_by_what_is_asked(
    house: House, api: httpx2.AsyncClient, asked: dict[str, str | int], found: set[int]
):
    ids = await house.recommend(recommended(1), recommended(2))
    await api.post(f"/api/v1/recommendations/{ids[0]}/reject")
    answer = await api.get("/api/v1/history", params=asked)
    assert {event["recommendation_id"] for event in answer.json()} == {ids[number - 1] for number in found}
    assert int(answer.headers["x-total-count"]) == len(answer.json())


@pytest.mark.parametrize(
    "asked",
    [
        {"event": "eaten"},
        {"from": "yesterday"},
        {"sort": "random"},
        {"run": 0},
        {"artist": "\0"},
        {"source": ""},
    ],
)
async def test_a_filter_that_cannot_be_is_refused(api: httpx2.AsyncClient, asked: dict[str, str | int]):
    answer = await api.get("/api/v1/history", params=asked)
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:brainarr:problem:invalid"


async def test_an_export_is_a_file_with_the_same_filters(house: House, api: httpx2.AsyncClient):
    ids = await house.recommend(recommended(1), recommended(2))
    await api.post(f"/api/v1/recommendations/{ids[0]}/reject", json={"note": '=cmd|" /C calc"!A0'})
    as_csv = await api.get("/api/v1/history/export", params={"event": "rejected"})
    assert as_csv.headers["content-type"] == "text/csv; charset=utf-8"
    assert as_csv.headers["content-disposition"] == 'attachment; filename="brainarr-history.csv"'
    (row,) = csv.DictReader(io.StringIO(as_csv.text))
    assert (row["event"], row["artist"], row["note"]) == ("rejected", "New 1", '\'=cmd|" /C calc"!A0')
    lines = (await api.get("/api/v1/history/export", params={"format": "jsonl"})).text.splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["proposed", "proposed", "rejected"]
    async with house.door() as stranger:
        assert (await stranger.get("/api/v1/history/export")).status_code == 401


async def test_what_failed_is_listed_with_its_remedy_and_tried_again_or_given_up(
    house: House, api: httpx2.AsyncClient
):
    first, second = await house.recommend(recommended(1), recommended(2), status=Status.APPROVED)
    house.lidarr.failure = ProviderRejected(
        "lidarr", "it refuses (Path: none).", remedy="Set lidarr.root_folder.", status=400
    )
    for number in (first, second):
        assert (await api.post(f"/api/v1/recommendations/{number}/push")).status_code == 502
    failures = await api.get("/api/v1/history/failures")
    assert failures.headers["x-total-count"] == "2"
    for failure in failures.json():
        assert failure["why"] == "lidarr: it refuses (Path: none)."
        assert failure["remedy"].startswith("Set lidarr.root_folder.")
        assert (failure["recommendation"]["status"], failure["recommendation"]["attempts"]) == ("failed", 1)
    assert (await api.post(f"/api/v1/recommendations/{first}/retry")).json()["status"] == "approved"
    given_up = (await api.post(f"/api/v1/recommendations/{second}/give-up")).json()
    assert (given_up["status"], given_up["given_up_at"]) == ("failed", "2026-11-22T12:00:00Z")
    assert (await api.get("/api/v1/history/failures")).json() == []
    assert (await api.post(f"/api/v1/recommendations/{first}/give-up")).status_code == 409
    undone = (await api.post(f"/api/v1/recommendations/{first}/undo")).json()
    assert (undone["status"], undone["decided_at"]) == ("pending", None)


async def test_outcomes_say_how_far_each_list_and_run_came(house: House, api: httpx2.AsyncClient):
    assert (await api.get("/api/v1/history/outcomes")).json() == []
    ids = await house.recommend(*(recommended(number) for number in range(1, 5)))
    await api.post("/api/v1/recommendations/bulk", json={"ids": ids[:3], "decision": "approve"})
    await api.post(f"/api/v1/recommendations/{ids[3]}/reject")
    (run,) = (await api.get("/api/v1/history/outcomes", params={"by": "run"})).json()
    assert (run["of"], run["recommended"], run["approved"], run["arrival"]) == ("1", 4, 3, None)
    approval = run["approval"]
    assert (approval["count"], approval["of"], approval["rate"]) == (3, 4, 0.75)
    assert (round(approval["low"], 3), round(approval["high"], 3)) == (0.301, 0.954)
    (league,) = (await api.get("/api/v1/providers/league")).json()
    assert (league["approval"], league["days_to_import"], league["failures"]) == (approval, None, [])


async def test_runs_are_filtered_by_what_is_asked(house: House, api: httpx2.AsyncClient):
    await api.post("/api/v1/runs")

    async def found(**asked: str) -> int:
        answer = await api.get("/api/v1/runs", params=asked)
        assert int(answer.headers["x-total-count"]) == len(answer.json())
        return len(answer.json())

    assert await found(status="queued", list="default", trigger="api") == 1
    for asked in ({"status": "done"}, {"list": "other"}, {"trigger": "schedule"}):
        assert await found(**asked) == 0
    assert await found(**{"from": "2026-11-22T12:00:00Z", "to": "2026-11-22T12:00:01Z"}) == 1
    assert await found(to="2026-11-22T12:00:00Z") == 0
