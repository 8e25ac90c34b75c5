"""Tickets: how a queue names the work that waits in the database. A ticket is a number, never code."""

import re
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from brainarr.errors import BrainarrError

IN_MEMORY = "memory://"
"""The address of a queue in this process, where Redis has one in its own."""

NAMED_ANEW = timedelta(minutes=10)
"""A queue that knows a ticket takes no second one of that name. One that lost it in the middle, as a Redis
that evicts does, would wait for ever; so the same work is named anew every so often."""

_TICKET = re.compile(r"(run|job)-([1-9]\d{0,17})-\d{1,10}-\d{1,18}", re.ASCII)


class QueueAway(BrainarrError):
    """Redis did not take a ticket."""


class Ticket(NamedTuple):
    """Which row is to be executed. Delivered twice, it does nothing the second time."""

    table: Literal["run", "job"]
    id: int


def write_ticket(ticket: Ticket, attempts: int, now: datetime) -> str:
    """Its name in a queue; another one after each attempt: what was given back is delivered at once."""
    return f"{ticket.table}-{ticket.id}-{attempts}-{int(now.timestamp() // NAMED_ANEW.total_seconds())}"


def read_ticket(name: str) -> Ticket | None:
    """None: whoever wrote that, it was not us."""
    found = _TICKET.fullmatch(name)
    if found is None:
        return None
    return Ticket("run" if found[1] == "run" else "job", int(found[2]))
