"""What `doctor` asks, and what the web app shows as providers."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from msgspec import structs

from brainarr.domain.circuit import Cause, State, explained, pardoned
from brainarr.domain.prompt import ModelCard
from brainarr.errors import StorageError
from brainarr.llm.breaker import setup_of
from brainarr.llm.capabilities import expected_card
from brainarr.llm.detection import USUAL_PLACES, find_servers
from brainarr.llm.kinds import KINDS
from brainarr.llm.models import Link
from brainarr.pipeline.ports import BreakerState, Clock
from brainarr.providers.oidc import OpenId
from brainarr.service.doctor import Check, Finding, Health, folder_check
from brainarr.service.feed_words import read_feed_words
from brainarr.service.monitor import Watched, probe_provider, read_breakers
from brainarr.service.settings import read_settings
from brainarr.store.redis_client import ping_redis
from brainarr.store.secrets import KEY_FILE, open_secrets
from brainarr.store.session import Database, database_url, open_database
from brainarr.store.upgrade import outlook
from brainarr.web.deps import WiredProvider
from brainarr.wiring.build import utc_now
from brainarr.wiring.configuration import Settings, load_settings
from brainarr.wiring.outside import Outside, open_outside

T = TypeVar("T")


class _Service(Protocol):
    name: str
    kind: str

    async def check(self) -> str: ...


@asynccontextmanager
async def open_checkup(
    folder: Path, environ: Mapping[str, str], *, places: Sequence[tuple[str, int]] = USUAL_PLACES
) -> AsyncIterator[list[Check | Finding]]:
    """Everything to ask, and what is known without asking. Changes nothing. Raises ConfigurationError.

    `places` (host, port) are where model servers are looked for.
    """
    loaded = load_settings(folder, environ)
    url = loaded.values.database.url
    loaded = load_settings(folder, environ, await _stored_settings(url, folder))
    async with open_outside(loaded.values, folder, utc_now) as outside:
        yield [
            folder_check(folder),
            Check("database", "database", partial(_probe_database, url, folder)),
            *_redis(loaded.values.redis.url),
            *_lidarr_missing(loaded.values),
            *(provider.check for provider in (*_services(outside), *_models(outside))),
            *await _open_breakers(outside, url, folder),
            *await _feeds(url, folder, outside.lidarrs),
            *await _unasked_servers(loaded.values, places),
            *(
                Check(target.name, "notification", target.check, needed=False)
                for target in outside.messengers
            ),
            *_sign_in(outside.openid),
            *_unheard(loaded.values),
        ]


def wired_providers(outside: Outside, circuits: BreakerState, clock: Clock) -> tuple[WiredProvider, ...]:
    """The chain in failover order, then every other service. A model that is tested moves its breaker."""
    watched = {one.name: one for one in watched_models(outside)}

    def noted(provider: WiredProvider) -> WiredProvider:
        one = watched.get(provider.name)
        if one is None:
            return provider
        probe = partial(probe_provider, one, circuits, clock, good=pardoned)
        return replace(provider, check=structs.replace(provider.check, probe=probe), setup=one.setup)

    return (*map(noted, _models(outside)), *_services(outside))


def watched_models(outside: Outside) -> tuple[Watched, ...]:
    """What the health monitor probes."""
    return tuple(
        Watched(link.entry.name, setup_of(link.entry), link.model.probe)
        for link in outside.links
        if link.model is not None
    )


def _models(outside: Outside) -> tuple[WiredProvider, ...]:
    return tuple(
        WiredProvider(
            link.entry.kind,
            Check(
                link.entry.name,
                "model",
                link.model.probe if link.model else _no_model,
                remedy=f"Check the entry {link.entry.name!r} of provider_chain.",
            ),
            link.entry.model,
            partial(_card, link),
            link.model.list_models if link.model else _no_models,
        )
        for link in outside.links
    )


def _card(link: Link) -> ModelCard | None:
    """What its server said when it was asked last, else what is known without it."""
    return (link.model.card or expected_card(link.entry)) if link.model else None


def _services(outside: Outside) -> tuple[WiredProvider, ...]:
    services: tuple[tuple[_Service | None, str, bool], ...] = (
        *((one, "library", True) for one in outside.lidarrs.values()),
        (outside.musicbrainz, "catalogue", True),
        (outside.listenbrainz, "similarity", False),
        (outside.lastfm, "similarity", False),
        (outside.deezer, "similarity", False),
        (outside.trained, "similarity", False),
        (outside.coverart, "artwork", False),
        (outside.itunes, "previews", False),
    )
    return tuple(
        WiredProvider(service.kind, Check(service.name, role, service.check, needed=needed))
        for service, role, needed in services
        if service is not None
    )


def _sign_in(openid: OpenId | None) -> list[Check]:
    # People with a password get in without it.
    return [Check(openid.name, "sign-in", openid.check, needed=False)] if openid else []


async def _no_model() -> str:
    return "no model: similarity sources propose, templates explain"


async def _no_models() -> tuple[ModelCard, ...]:
    return ()


async def _stored_settings(url: str, folder: Path) -> Mapping[str, object]:
    """What the web app wrote; nothing where that cannot be read, which the database's own check reports."""
    if not (folder / KEY_FILE).exists():
        return {}

    async def read(db: Database) -> Mapping[str, object]:
        return await read_settings(db, open_secrets(folder))

    return await _read_if_usable(url, folder, read, {})


async def _probe_database(url: str, folder: Path) -> str:
    if _missing(url, folder):
        return "not there yet: the first start makes it"
    revised = await outlook(url, folder)
    if revised.before is None:
        return f"{revised.server} answers; the first start makes its tables"
    if revised.changed:
        return (
            f"{revised.server} answers; the next start upgrades it from {revised.before} to {revised.after}"
        )
    db = open_database(url, folder)
    try:
        if (folder / KEY_FILE).exists():
            await read_settings(db, open_secrets(folder))
    finally:
        await db.dispose()
    return f"{revised.server} answers, at revision {revised.after}"


def _missing(url: str, folder: Path) -> bool:
    """Whether it is a SQLite file that is not there: looking into it would make it."""
    address = database_url(url, folder)
    return address.get_backend_name() == "sqlite" and not Path(address.database or "").exists()


async def _read_if_usable(url: str, folder: Path, read: Callable[[Database], Awaitable[T]], nothing: T) -> T:
    """`nothing` where the database is not there, cannot be read, or has the tables of another version."""
    if _missing(url, folder):
        return nothing
    db = open_database(url, folder)
    try:
        return nothing if (await outlook(url, folder)).changed else await read(db)
    except StorageError:
        return nothing
    finally:
        await db.dispose()


async def _open_breakers(outside: Outside, url: str, folder: Path) -> list[Finding]:
    """Models that no run would ask now, whatever their probe says."""
    setups = {one.name: one.setup for one in watched_models(outside)}
    circuits = await _read_if_usable(url, folder, partial(read_breakers, setups=setups), {})
    return [
        Finding(
            name,
            "breaker",
            Health.FAILED if circuit.cause is Cause.KEY else Health.NOTE,
            explained(circuit),
            f"Ask it again: POST /api/v1/providers/{name}/test",
        )
        for name, circuit in circuits.items()
        if circuit.state is not State.CLOSED
    ]


async def _feeds(url: str, folder: Path, lidarrs: Collection[str]) -> list[Finding]:
    """What each list gives Lidarr, or why nothing."""
    words = await _read_if_usable(url, folder, partial(read_feed_words, guarded=lidarrs, clock=utc_now), {})
    return [
        Finding(f"list {slug}", "feed", Health.NOTE if feed.empty else Health.OK, " ".join(feed.said))
        for slug, feed in words.items()
    ]


def _redis(url: str | None) -> list[Check]:
    if url is None:
        return []
    remedy = "Check redis.url, and that Redis runs."
    return [Check("redis", "redis", partial(ping_redis, url), remedy=remedy, needed=False)]


def _lidarr_missing(settings: Settings) -> list[Finding]:
    given = {"lidarr.url": settings.lidarr.url, "lidarr.api_key": settings.lidarr.api_key}
    missing = " and ".join(key for key, value in given.items() if value is None)
    if not missing:
        return []
    return [Finding("lidarr", "library", Health.FAILED, "is not configured", f"Set {missing}.")]


async def _unasked_servers(settings: Settings, places: Sequence[tuple[str, int]]) -> list[Finding]:
    """Model servers at home that the chain does not name: an offer."""
    return [
        Finding(
            KINDS[server.kind].title,
            "model",
            Health.NOTE,
            f"answers at {server.address}{f' with {server.model}' if server.model else ''}, and is not asked",
            f"To ask it, add to provider_chain: {{kind: {server.kind}, base_url: {server.address}}}",
        )
        for server in await find_servers(settings.provider_chain, places=places)
        if not server.configured
    ]


def _unheard(settings: Settings) -> list[Finding]:
    if settings.costs.alert_threshold is None or settings.notifications.urls:
        return []
    remedy = "Set notifications.urls."
    return [
        Finding("costs.cost_alert_threshold", "setting", Health.NOTE, "is set, but nobody is told", remedy)
    ]
