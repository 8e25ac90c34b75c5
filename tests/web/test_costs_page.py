"""Costs: the month against its budget, by day, model and run."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from brainarr.domain.money import Limits
from brainarr.domain.prompt import Usage
from brainarr.service.alerts import alert_on_costs
from brainarr.settings.layers import Origin
from brainarr.store.usage import StoredLedger
from tests.store.given import recommended
from tests.web.conftest import House, both_databases
from tests.web.markup import require_clean
from tests.web.statements import statements
from tests.web.test_money import Postbox

pytestmark = both_databases
DOLLAR = 1_000_000


async def spend(
    house: House,
    microdollars: int | None,
    *,
    model: str = "large",
    run: int | None = None,
    outcome: str = "ok",
    days_ago: float = 0,
) -> None:
    def then() -> datetime:
        return house.clock() - timedelta(days=days_ago)

    usage = Usage("cloud", model, 1000, 100, 0, microdollars, 1.0, outcome)
    await StoredLedger(house.deps.db, then, run).record(usage)


async def shown(house: House, path: str = "/costs", **changes: Any) -> str:
    async with house.signed_in(**changes) as client:
        answer = await client.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == 200
    require_clean(answer.text)
    return answer.text


async def test_without_any_call_nothing_was_spent(house: House):
    page = await shown(house)
    assert "Nothing was spent" in page and "$0.00 spent; no budget is set." in page
    assert "<table" not in page and "usage.csv" not in page and "<svg xmlns" not in page


async def test_the_month_stands_against_its_budget_in_words_and_as_a_gauge(house: House):
    await spend(house, 3 * DOLLAR, days_ago=10)
    await spend(house, 1 * DOLLAR, days_ago=1)
    await spend(house, None)
    limits = Limits(month=10 * DOLLAR, run=DOLLAR // 2)
    page = await shown(house, limits=limits, alert_at=8 * DOLLAR)
    # Of the 22nd, noon: ten days since the first call, eight and a half to go.
    assert "$4.00 of $10.00 spent (40%). $6.00 left." in page
    assert "it will be $7.40 by its end." in page and "Not in it: 1 call whose price nobody knows." in page
    assert "Within budget" in page
    for mark in ("Expected: $7.40", "Alert: $8.00", "Budget: $10.00"):
        assert f">{mark}</text>" in page
    assert "<title>Spent: $4.00</title>" in page


@pytest.mark.parametrize(
    ("budget", "said", "badge"),
    [
        (4 * DOLLAR, "$0.00 left.", "Budget spent"),
        (6 * DOLLAR, "That is more than the budget.", "Runs out"),
        (0, "the budget is nothing, so no paid model is asked.", None),
    ],
)
async def test_a_budget_that_does_not_last_is_named(house: House, budget: int, said: str, badge: str | None):
    await spend(house, 4 * DOLLAR, days_ago=7)
    page = await shown(house, limits=Limits(month=budget))
    assert said in page
    assert badge is None or badge in page
    assert "Within budget" not in page


async def test_each_model_has_its_tokens_failures_and_what_is_unpriced(house: House):
    await spend(house, 2 * DOLLAR)
    await spend(house, 0, outcome="unavailable")
    await spend(house, None, model="new")
    page = " ".join((await shown(house)).split())
    large = page[page.index("<td>large</td>") : page.index("<td>new</td>")]
    assert "$2.00" in large and "unpriced" not in large
    assert '<td class="number">2</td><td class="number">1</td><td class="number">2,000</td>' in large
    new = page[page.index("<td>new</td>") : page.index("By run")]
    assert "Unpriced" in new and "$" not in new


async def test_each_run_leads_to_itself_and_what_is_forgotten_says_so(house: House):
    await house.recommend(recommended(1))
    await spend(house, 3 * DOLLAR, run=1)
    await spend(house, 2 * DOLLAR, run=900)
    await spend(house, 1 * DOLLAR)
    page = await shown(house)
    assert '<a href="/runs/1">Run 1</a>' in page
    assert "900, forgotten" in page and "of no run" in page
    assert page.index("Run 1<") < page.index("900, forgotten") < page.index("of no run")


async def test_a_month_that_is_over_has_no_forecast_and_its_own_days(house: House):
    await spend(house, 2 * DOLLAR, days_ago=40)
    await spend(house, 5 * DOLLAR)
    page = await shown(house, "/costs?month=2026-10", limits=Limits(month=4 * DOLLAR))
    assert "$2.00 of $4.00 spent (50%)." in page and "At the pace" not in page and "left." not in page
    assert "13 October: $2.00" in page
    assert '<option value="2026-10" selected>October 2026</option>' in page
    assert '<option value="2026-11">November 2026</option>' in page
    assert "Nothing was spent" in await shown(house, "/costs?month=2031-02")


@pytest.mark.parametrize("month", ["2026-13", "now", "9999-12", "0001-01", "2026-1-1", "2026"])
async def test_what_is_no_month_is_not_found(house: House, pages: httpx2.AsyncClient, month: str):
    for path in ("/costs", "/costs/usage.csv"):
        answer = await pages.get(path, params={"month": month})
        assert answer.status_code == 404
        assert "Write it as 2026-11." in answer.text


async def test_alerts_say_whom_they_reached(house: House):
    await spend(house, 5 * DOLLAR)
    await alert_on_costs(house.deps.db, 4 * DOLLAR, [Postbox("ntfy")], clock=house.clock)
    page = " ".join((await shown(house)).split())
    assert "$4.00 was reached:" in page and "to 1 target" in page


async def test_each_budget_says_where_it_was_set(house: House):
    def origin(key: str) -> Origin:
        return Origin.FILE if key == "costs.monthly_budget" else Origin.DEFAULT

    page = await shown(house, limits=Limits(month=DOLLAR), origin_of=origin)
    assert '$1.00 <span class="dim small">set in config.yaml</span>' in page
    assert page.count('none <span class="dim small">not set</span>') == 2


async def test_the_books_of_a_month_are_a_file(house: House, pages: httpx2.AsyncClient):
    await spend(house, 1_500, run=7, days_ago=40)
    await spend(house, 2_500, model="=1+1", run=7)
    await spend(house, None)
    answer = await pages.get("/costs/usage.csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="brainarr-usage-2026-11.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["model"], row["run_id"], row["cost_microdollars"]) for row in rows] == [
        ("'=1+1", "7", "2500"),
        ("large", "", ""),
    ]
    old = (await pages.get("/costs/usage.csv", params={"month": "2026-10"})).text
    assert [row["cost_microdollars"] for row in csv.DictReader(io.StringIO(old))] == ["1500"]


async def test_money_is_for_administrators(user_pages: httpx2.AsyncClient, stranger: httpx2.AsyncClient):
    for path in ("/costs", "/costs/usage.csv"):
        assert (await user_pages.get(path)).status_code == 403
    assert "$" not in (await stranger.get("/costs")).text


async def test_hostile_names_are_text(house: House):
    await spend(house, DOLLAR, model='"><img src=x onerror=alert(1)>')
    assert "<img src=x" not in await shown(house)


async def test_more_calls_models_and_runs_ask_no_more_of_the_database(
    house: House, pages: httpx2.AsyncClient
):
    await spend(house, DOLLAR, run=1)
    await pages.get("/costs")
    with statements(house.deps.db) as few:
        await pages.get("/costs")
    for number in range(60):
        await spend(house, DOLLAR, model=f"m{number}", run=number, days_ago=number % 20)
    with statements(house.deps.db) as many:
        page = await pages.get("/costs")
    assert len(many) == len(few) < 15
    assert "The 50 dearest." in page.text


async def test_days_begin_and_end_with_utc(house: House):
    house.clock.now = datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC)
    await spend(house, DOLLAR)
    house.clock.advance(seconds=1)
    assert "Nothing was spent" in await shown(house)
    assert "30 November: $1.00" in await shown(house, "/costs?month=2026-11")
