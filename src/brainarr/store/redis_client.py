"""The connection to Redis that signals and turns stand on. Redis is slow to import: only where it is set."""

import asyncio
from typing import TYPE_CHECKING

from brainarr.errors import ProviderRejected, ProviderUnavailable

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


def in_words(error: BaseException, patience_s: float) -> str:
    """What is wrong with Redis, for people; without its address."""
    from redis import exceptions

    if isinstance(error, exceptions.AuthenticationError | exceptions.NoPermissionError):
        return "it refuses the user name or password in redis.url"
    if isinstance(error, exceptions.OutOfMemoryError):
        return "it is full and takes nothing more"
    if isinstance(error, exceptions.ReadOnlyError):
        return "it is a read-only replica"
    if isinstance(error, exceptions.BusyLoadingError):
        return "it is starting"
    if isinstance(error, TimeoutError | exceptions.TimeoutError):
        return f"it does not answer within {patience_s:g} s"
    if isinstance(error, OSError | exceptions.ConnectionError):
        return "it cannot be reached"
    return f"it answers with an error: {str(error)[:100]}"


async def ping_redis(url: str) -> str:
    """Proof that it answers. Raises ProviderUnavailable when it is away, ProviderRejected when it refuses."""
    from redis import exceptions

    try:
        async with asyncio.timeout(CONNECT_S), connect_redis(url, answer_s=CONNECT_S) as redis:
            await redis.execute_command("PING")
    except redis_troubles() as error:
        told = in_words(error, CONNECT_S)
        if isinstance(error, exceptions.AuthenticationError | exceptions.NoPermissionError):
            raise ProviderRejected("redis", told) from error
        raise ProviderUnavailable("redis", told) from error
    return "answers"
