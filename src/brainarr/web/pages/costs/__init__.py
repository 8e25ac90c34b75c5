"""Costs: what the language models have cost in a month, against what they may."""

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, StreamingResponse

from brainarr.errors import NotFound
from brainarr.service.exports import as_csv
from brainarr.service.usage import RUNS_TOLD, every_call, month_of, read_month
from brainarr.settings.layers import Origin
from brainarr.store.usage import UsageRow
from brainarr.web.deps import Deps
from brainarr.web.figures import dollars
from brainarr.web.pages.costs.month import by_day, months, standing
from brainarr.web.people import Admin
from brainarr.web.render import page

router = APIRouter()
_SETTINGS = (
    ("costs.monthly_budget", "Budget of a month"),
    ("costs.run_budget", "Budget of one run"),
    ("costs.cost_alert_threshold", "Alert in a month from"),
)
_PLACES = {
    Origin.ENVIRONMENT: "set in the environment",
    Origin.FILE: "set in config.yaml",
    Origin.DATABASE: "set in the app",
    Origin.DEFAULT: "not set",
}


def _month(month: Annotated[str, Query(max_length=20)] = "") -> date | None:
    """None: the month that runs. Raises NotFound for what is none."""
    if not month:
        return None
    try:
        first = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError:
        first = None
    # Outside of these there is no next month, or no call.
    if first is None or not 2000 <= first.year < 9999:
        raise NotFound(f"“{month}” is no month.", remedy="Write it as 2026-11.")
    return first


Month = Annotated[date | None, Depends(_month)]


@router.get("/costs")
async def costs(request: Request, deps: Deps, person: Admin, month: Month) -> HTMLResponse:
    found = await read_month(deps.db, month, clock=deps.clock, limits=deps.limits)
    now = deps.clock()
    amounts = (deps.limits.month, deps.limits.run, deps.alert_at)
    return page(
        request,
        "pages/costs.html",
        person=person,
        costs=found,
        name=f"{found.since:%B %Y}",
        chosen=f"{found.since:%Y-%m}",
        months=months(found.first, now),
        standing=standing(found, deps.alert_at),
        by_day=by_day(found, now.astimezone(UTC).date()),
        most_runs=RUNS_TOLD,
        budgets=[
            (title, "none" if amount is None else dollars(amount), _PLACES[deps.origin_of(key)])
            for (key, title), amount in zip(_SETTINGS, amounts, strict=True)
        ],
    )


@router.get("/costs/usage.csv", response_class=StreamingResponse)
async def usage_csv(deps: Deps, person: Admin, month: Month) -> StreamingResponse:
    """Every call of the month as it is on the books, one a line."""
    since, until = month_of(month or deps.clock().astimezone(UTC).date())
    return StreamingResponse(
        as_csv(UsageRow, every_call(deps.db, since, until)),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="brainarr-usage-{since:%Y-%m}.csv"'},
    )
