"""What this process measures of itself. Who does something worth measuring calls one function of this room.

What the database knows (runs, verdicts, money, the queue) is not counted here but read from there when
somebody asks, so that every process says the same and a restart forgets nothing: `service.figures`.
"""

from brainarr.metrics.meters import (
    cache_evicted,
    cache_holds,
    cache_looked_up,
    database_session,
    feed_polled,
    http_answered,
    model_answered,
    pool_opened,
    remote_request,
)
from brainarr.metrics.runs import RunWatch

__all__ = [
    "RunWatch",
    "cache_evicted",
    "cache_holds",
    "cache_looked_up",
    "database_session",
    "feed_polled",
    "http_answered",
    "model_answered",
    "pool_opened",
    "remote_request",
]
