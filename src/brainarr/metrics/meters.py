"""The meters of this process, and the functions that move them.

Names and units by https://prometheus.io/docs/practices/naming/. Every meter has a label, because those
without one could not be shared by forked processes (`metrics.sharing`).
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

from brainarr import tracing
from brainarr.errors import MissingResource, ProviderRejected, ProviderUnavailable, UnreadableAnswer
from brainarr.metrics.labels import Bounded, one_of

# Another series for each one, which only says when the process began.
disable_created_metrics()
REGISTRY = CollectorRegistry()

MOST_SERVICES = 64
"""Services of our own, and the entries of a provider chain, of which there are 32 at most."""
MOST_LISTS = 50

QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
REMOTE = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
MODELS = (0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0)

HTTP_REQUESTS = Histogram(
    "brainarr_http_request_duration_seconds",
    "Time until a request was answered; of an event stream, until it began.",
    ("method", "route", "status"),
    registry=REGISTRY,
    buckets=QUICK,
)
REMOTE_REQUESTS = Histogram(
    "brainarr_remote_request_duration_seconds",
    "Time of one try to ask a remote service, by how it ended. Of a stream, until it began.",
    ("service", "outcome"),
    registry=REGISTRY,
    buckets=REMOTE,
)
MODEL_REQUESTS = Histogram(
    "brainarr_provider_request_duration_seconds",
    "Time of one question to a language model, waiting for its turn not counted.",
    ("provider", "outcome"),
    registry=REGISTRY,
    buckets=MODELS,
)
FEED_POLLS = Counter(
    "brainarr_feed_polls", "Polls of a list.", ("list", "channel", "outcome"), registry=REGISTRY
)
FEED_ITEMS = Counter(
    "brainarr_feed_items", "Items that polls carried.", ("list", "channel"), registry=REGISTRY
)
CACHE_LOOKUPS = Counter(
    "brainarr_cache_lookups", "Looks into a cache level.", ("level", "outcome"), registry=REGISTRY
)
CACHE_EVICTIONS = Counter(
    "brainarr_cache_evictions", "Entries pushed out of a full cache level.", ("level",), registry=REGISTRY
)
CACHE_ENTRIES = Gauge(
    "brainarr_cache_entries",
    "Entries that a cache level of the processes holds.",
    ("level",),
    registry=REGISTRY,
    multiprocess_mode="livesum",
)
CACHE_BYTES = Gauge(
    "brainarr_cache_bytes",
    "Their size.",
    ("level",),
    registry=REGISTRY,
    multiprocess_mode="livesum",
)
DATABASE_WAITS = Histogram(
    "brainarr_database_wait_seconds",
    "Time until a transaction could begin: for its turn and for a connection.",
    ("kind",),
    registry=REGISTRY,
    buckets=QUICK,
)
DATABASE_TIMES = Histogram(
    "brainarr_database_transaction_duration_seconds",
    "Time from the beginning of a transaction to its end.",
    ("kind",),
    registry=REGISTRY,
    buckets=QUICK,
)
DATABASE_SESSIONS = Gauge(
    "brainarr_database_transactions_in_progress",
    "Transactions under way, those that wait for their turn among them.",
    ("kind",),
    registry=REGISTRY,
    multiprocess_mode="livesum",
)
DATABASE_CONNECTIONS = Gauge(
    "brainarr_database_connections",
    "Open connections to the database, idle ones among them.",
    ("driver",),
    registry=REGISTRY,
    multiprocess_mode="livesum",
)
HELD = (CACHE_ENTRIES, CACHE_BYTES, DATABASE_SESSIONS, DATABASE_CONNECTIONS)
METERS = (
    HTTP_REQUESTS,
    REMOTE_REQUESTS,
    MODEL_REQUESTS,
    FEED_POLLS,
    FEED_ITEMS,
    CACHE_LOOKUPS,
    CACHE_EVICTIONS,
    CACHE_ENTRIES,
    CACHE_BYTES,
    DATABASE_WAITS,
    DATABASE_TIMES,
    DATABASE_SESSIONS,
    DATABASE_CONNECTIONS,
)

_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_OUTCOMES = {
    ProviderUnavailable: "unavailable",
    ProviderRejected: "rejected",
    MissingResource: "missing",
    UnreadableAnswer: "unreadable",
    asyncio.CancelledError: "cancelled",
}
_services = Bounded(MOST_SERVICES)
_models = Bounded(MOST_SERVICES)
_lists = Bounded(MOST_LISTS)


@lru_cache(maxsize=1_024)
def child(meter: Any, *labels: str) -> Any:
    """One series of a meter that is moved at every request. Found by prometheus-client again and again, it
    costs more than to move it. To be cleared whenever the meters are.
    """
    return meter.labels(*labels)


def http_answered(method: str, route: str | None, status: int, seconds: float) -> None:
    """`route` is the template of the address, None where none matched; never the address itself."""
    outcome = f"{status // 100}xx" if status else "none"
    child(HTTP_REQUESTS, one_of(_METHODS, method), route or "unmatched", outcome).observe(seconds)


@contextmanager
def remote_request(service: str) -> Iterator[None]:
    """Around one try to ask a remote service."""
    began = time.perf_counter()
    outcome = "ok"
    try:
        with tracing.span(f"ask {service}", service=service):
            yield
    except BaseException as error:
        outcome = next((name for kind, name in _OUTCOMES.items() if isinstance(error, kind)), "failed")
        raise
    finally:
        REMOTE_REQUESTS.labels(_services(service), outcome).observe(time.perf_counter() - began)


def model_answered(provider: str, outcome: str, seconds: float) -> None:
    MODEL_REQUESTS.labels(_models(provider), outcome).observe(seconds)


def feed_polled(slug: str | None, channel: str, carried: int) -> None:
    """A list that exists was polled and answered; with None a poll was refused."""
    if slug is None:
        FEED_POLLS.labels("unknown", channel, "refused").inc()
        return
    name = _lists(slug)
    child(FEED_POLLS, name, channel, "carried" if carried else "empty").inc()
    child(FEED_ITEMS, name, channel).inc(carried)


def cache_looked_up(level: str, outcome: str) -> None:
    """`level`: memory, redis or database. `outcome`: hit, miss or failed."""
    CACHE_LOOKUPS.labels(level, outcome).inc()


def cache_evicted(level: str, entries: int = 1) -> None:
    CACHE_EVICTIONS.labels(level).inc(entries)


def cache_holds(level: str, entries: int, size: int) -> None:
    """How much a level of this process holds now; `size` in bytes."""
    CACHE_ENTRIES.labels(level).set(entries)
    CACHE_BYTES.labels(level).set(size)


class _Session:
    """One transaction, from the wish for it to its end."""

    __slots__ = ("_began", "_in_progress", "_kind")

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._began = time.perf_counter()
        # The same at the end: in between the meters may have been cleared, to be shared.
        self._in_progress = DATABASE_SESSIONS.labels(kind)
        self._in_progress.inc()

    def __enter__(self) -> "_Session":
        return self

    def begun(self) -> None:
        now = time.perf_counter()
        DATABASE_WAITS.labels(self._kind).observe(now - self._began)
        self._began = now

    def __exit__(self, *_: object) -> None:
        self._in_progress.dec()
        DATABASE_TIMES.labels(self._kind).observe(time.perf_counter() - self._began)


def database_session(kind: str) -> _Session:
    """Around one transaction (`kind` write or read), its waiting included; call `begun` when it has begun."""
    return _Session(kind)


def pool_opened(driver: str, connections: int) -> None:
    """A pool opened a connection (1) or closed one (-1)."""
    DATABASE_CONNECTIONS.labels(driver).inc(connections)
