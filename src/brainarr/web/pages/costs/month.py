"""One month's costs as a gauge, a chart and words: micro-dollars as people read them."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from markupsafe import Markup

from brainarr.service.symptoms import NEARLY_SPENT
from brainarr.service.usage import MonthCosts
from brainarr.store.usage import Totals
from brainarr.web.charts import Chart, Column, Mark, columns, gauge
from brainarr.web.figures import compact, dollars, percent, plural

_MOST_MONTHS = 60
_TICKS = (1, 8, 15, 22, 29)


@dataclass(frozen=True)
class Standing:
    """How the month stands against the budget, in words, and as a picture where there is one."""

    words: str
    tone: str
    """good, warn or bad; plain without a budget."""
    gauge: Markup | None


def standing(costs: MonthCosts, alert_at: int | None) -> Standing:
    """`alert_at`: from which sum on somebody is told."""
    budget = costs.limits.month
    words, tone = " ".join(_words(costs)), _tone(costs)
    marks = [
        Mark(label, value)
        for label, value in (("Expected", costs.expected), ("Alert", alert_at), ("Budget", budget))
        if value
    ]
    if not (budget or alert_at):
        return Standing(words, tone, None)
    picture = gauge(
        costs.spent,
        sorted(marks, key=lambda mark: mark.value),
        title=f"Spent: {dollars(costs.spent)}",
        description=words,
        show=_money,
        ahead=costs.expected,
        tone="accent" if tone == "plain" else tone,
    )
    return Standing(words, tone, picture)


def _words(costs: MonthCosts) -> Iterator[str]:
    budget = costs.limits.month
    if budget is None:
        yield f"{dollars(costs.spent)} spent; no budget is set."
    elif not budget:
        yield f"{dollars(costs.spent)} spent; the budget is nothing, so no paid model is asked."
    else:
        yield f"{dollars(costs.spent)} of {dollars(budget)} spent ({percent(costs.spent / budget)})."
        if costs.current:
            aside = (
                f", beside {dollars(costs.reserved)} kept aside by calls under way" if costs.reserved else ""
            )
            yield f"{dollars(costs.left)} left{aside}."
    if costs.expected is not None and costs.spent:
        over = " That is more than the budget." if budget and costs.expected > budget else ""
        yield f"At the pace of the last four weeks it will be {dollars(costs.expected)} by its end.{over}"
    if costs.unpriced_calls:
        yield f"Not in it: {plural(costs.unpriced_calls, 'call')} whose price nobody knows."


def _tone(costs: MonthCosts) -> str:
    budget = costs.limits.month
    if not budget:
        return "plain"
    if costs.spent >= budget:
        return "bad"
    ahead = costs.expected is not None and costs.expected > budget
    return "warn" if ahead or costs.spent >= budget * NEARLY_SPENT else "good"


def by_day(costs: MonthCosts, today: date) -> Chart | None:
    """None where no day has cost anything."""
    if not costs.spent:
        return None
    totals: dict[date, Totals] = defaultdict(Totals)
    for used in costs.days:
        totals[used.day] += used.totals
    every = [costs.since.date() + timedelta(days=n) for n in range((costs.until - costs.since).days)]
    picture = columns(
        [
            Column(
                f"{day:%d %B}",
                totals[day].cost_microdollars if day in totals else 0,
                str(day.day) if day.day in _TICKS else "",
                accent=day == today,
            )
            for day in every
        ],
        title="By day",
        description="What each day of the month has cost, in dollars.",
        show=_money,
    )
    rows = tuple(
        (
            f"{day:%d %B}",
            dollars(total.cost_microdollars),
            compact(total.calls),
            compact(total.prompt_tokens + total.completion_tokens),
            compact(total.unpriced_calls),
        )
        for day, total in sorted(totals.items())
    )
    return Chart("By day", picture, ("Day", "Cost", "Calls", "Tokens", "Unpriced"), rows, "Days of UTC.")


def months(first: datetime | None, now: datetime) -> list[tuple[str, str]]:
    """Each month since the first call as (2026-11, November 2026), the newest first."""
    current, oldest = now.astimezone(UTC), (first or now).astimezone(UTC)
    count = (current.year - oldest.year) * 12 + current.month - oldest.month + 1
    number = current.year * 12 + current.month - 1
    shown = range(min(max(count, 1), _MOST_MONTHS))
    every = [date((number - n) // 12, (number - n) % 12 + 1, 1) for n in shown]
    return [(f"{month:%Y-%m}", f"{month:%B %Y}") for month in every]


def _money(microdollars: float) -> str:
    return dollars(round(microdollars))
