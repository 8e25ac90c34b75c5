"""A few totals for dashboards."""

import httpx2

from brainarr.domain.recommendation import Status
from tests.store.given import recommended
from tests.web.conftest import House, both_databases


@both_databases
async def test_it_counts_what_waits_and_what_became_of_the_rest(house: House, api: httpx2.AsyncClient):
    await house.recommend(recommended(1), recommended(2))
    await house.recommend(recommended(3), status=Status.APPROVED)
    await house.recommend(recommended(4), recommended(5), status=Status.KEPT)
    await house.recommend(recommended(6), status=Status.BLOCKED)
    found = (await api.get("/api/v1/widget")).json()
    assert (found["waiting"], found["on_their_way"], found["taken_in"], found["rejected"]) == (2, 1, 2, 1)
    assert found["running"] is True
    assert found["spent"] == 0


async def test_a_house_without_anything_has_an_answer_too(house: House, api: httpx2.AsyncClient):
    found = (await api.get("/api/v1/widget")).json()
    assert found["waiting"] == 0 and found["last_run_at"] is None
    # What reads it can often name nothing deeper.
    assert not any(isinstance(value, dict | list) for value in found.values())
