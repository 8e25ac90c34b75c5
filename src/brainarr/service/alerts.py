"""Alerts: notifications of what people want to hear of, each sent once."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.money import dollars
from brainarr.errors import ProviderError
from brainarr.pipeline.ports import Clock, Messenger
from brainarr.store import notices
from brainarr.store.notices import Notice
from brainarr.store.session import Database
from brainarr.store.usage import spent_since, start_of_month


class Sent(msgspec.Struct, frozen=True):
    """Whether one target took a notification."""

    target: str
    ok: bool
    problem: str = ""
    remedy: str = ""


async def alert_on_costs(
    db: Database, threshold: int | None, messengers: Sequence[Messenger], *, clock: Clock
) -> bool:
    """Tells every target once in a calendar month (UTC) that it has cost `threshold` micro-dollars.

    True when all of them have now been reached. A target that fails is asked again at later calls, after
    growing pauses; the others are not told twice. A process killed while it sends leaves unknown whether the
    notification arrived: it is then sent again, because an alert that nobody hears costs money.
    """
    if threshold is None or not messengers:
        return False
    now = clock()
    async with db.reading() as connection:
        spent = await spent_since(connection, start_of_month(now))
    if spent < threshold:
        return False
    title = f"Brainarr: {dollars(spent)} spent in {now:%B %Y}"
    asked = f"You asked to be told at {dollars(threshold)}."
    text = f"The language models have cost {dollars(spent)} this month. {asked}"
    return await tell_once(db, f"{alerts_of(now)} {threshold}", title, text, messengers, clock=clock)


async def tell_once(
    db: Database, key: str, title: str, text: str, messengers: Sequence[Messenger], *, clock: Clock
) -> bool:
    """Tells every target once what `key` stands for; True when all of them have now been reached.

    A target that fails is asked again at later calls, after growing pauses; the others are not told twice.
    """
    now = clock()
    async with db.reading() as connection:
        known = await notices.notice(connection, key)
    if known is not None and not known.is_due(now):
        return False
    async with db.transaction(aside=True) as connection:
        claimed = await notices.claim(connection, key, now)
    if claimed is None:
        return False
    return await _tell(db, claimed, messengers, title, text, clock)


def alerts_of(now: datetime) -> str:
    """What the keys of the month's alerts begin with."""
    return f"costs {start_of_month(now):%Y-%m}"


class Alert(msgspec.Struct, frozen=True):
    """That a month has cost so much, and whom that reached."""

    threshold: int
    """In micro-dollars."""
    at: datetime
    sent_at: datetime | None
    """When it had reached everybody; None: not yet."""
    reached: int
    """How many targets took it."""
    failure: str | None


async def alerts_in(connection: AsyncConnection, month: datetime) -> tuple[Alert, ...]:
    """Those of the calendar month (UTC) of that moment, the first one first."""
    prefix = alerts_of(month)
    return tuple(
        Alert(int(one.key.removeprefix(prefix)), one.claimed_at, one.sent_at, len(one.reached), one.failure)
        for one in await notices.notices_of(connection, prefix)
    )


async def send_test(messengers: Sequence[Messenger]) -> tuple[Sent, ...]:
    """Sends every target a notification now. That one fails is an answer, not an error."""
    text = "This is a test: Brainarr can tell you here what you should know."
    return tuple([await _send(messenger, "Brainarr", text) for messenger in messengers])


async def _tell(
    db: Database, notice: Notice, messengers: Sequence[Messenger], title: str, text: str, clock: Clock
) -> bool:
    reached = list(notice.reached)
    failures: list[str] = []
    for messenger in messengers:
        if messenger.fingerprint in reached:
            continue
        sent = await _send(messenger, title, text)
        if not sent.ok:
            failures.append(sent.problem)
            continue
        reached.append(messenger.fingerprint)
        async with db.transaction(aside=True) as connection:
            await notices.write_outcome(connection, notice.key, reached, failure=notice.failure)
    async with db.transaction(aside=True) as connection:
        await notices.write_outcome(
            connection,
            notice.key,
            reached,
            failure=" ".join(failures)[:500] or None,
            sent_at=None if failures else clock(),
        )
    return not failures


async def _send(messenger: Messenger, title: str, text: str) -> Sent:
    try:
        await messenger.send(title, text)
    except ProviderError as error:
        return Sent(messenger.name, ok=False, problem=error.message, remedy=error.remedy)
    return Sent(messenger.name, ok=True)
