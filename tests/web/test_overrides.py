"""One run asked for otherwise than the settings say."""

import httpx2
import pytest

pytestmark = pytest.mark.loopback


async def test_what_one_run_is_asked_for_is_kept_with_it(api: httpx2.AsyncClient):
    wanted = {
        "wish": "rainy sunday",
        "styles_avoid": ["metal"],
        "decades_include": [1990],
        "target": "artists",
        "max_recommendations": 5,
    }
    number = (await api.post("/api/v1/runs", json=wanted)).json()["id"]
    kept = (await api.get(f"/api/v1/runs/{number}")).json()["overrides"]
    assert kept == {**wanted, "styles_include": None, "discovery": None, "seeds": None}


@pytest.mark.parametrize(
    "body",
    [
        {"wish": " "},
        {"wish": "x" * 301},
        {"styles_avoid": [""]},
        {"styles_include": ["x" * 61]},
        {"styles_include": ["rock"] * 21},
        {"target": "songs"},
        {"decades_include": [1995]},
        {"decades_include": [1890]},
        {"decades_include": [1990] * 11},
        {"discovery": "far"},
        {"max_recommendations": 0},
        {"max_recommendations": 101},
    ],
)
async def test_an_impossible_wish_is_a_problem_and_starts_nothing(
    api: httpx2.AsyncClient, body: dict[str, object]
):
    answer = await api.post("/api/v1/runs", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert (await api.get("/api/v1/runs")).json() == []
