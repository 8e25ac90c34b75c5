"""The connection to Redis that signals and turns stand on. Redis is slow to import: only where it is set."""

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redis.asyncio import Redis

CONNECT_S = 2.0


def connect_redis(url: str, *, answer_s: float) -> "Redis":
    """Connects with its first command. It repeats nothing by itself: a connection that was lost in between
    has lost messages, and whoever uses it must know. `answer_s`: the longest silence on a socket in seconds.
    """
    # 0.1 s of imports that a Brainarr without Redis never pays.
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    return Redis.from_url(
        url,
        socket_connect_timeout=min(CONNECT_S, answer_s),
        socket_timeout=answer_s,
        retry=Retry(NoBackoff(), 0),
        client_name="brainarr",
    )


def redis_troubles() -> tuple[type[Exception], ...]:
    """What every command may raise when Redis is away, refuses, or hangs."""
    from redis.exceptions import RedisError

    return RedisError, OSError, asyncio.TimeoutError
