"""What the web app is handed by `wiring`: it builds nothing itself."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request

from brainarr.domain.learning import DEFAULT_WEIGHTS, FacetWeights
from brainarr.domain.lists import DEFAULT_INSTANCE
from brainarr.domain.money import NO_LIMITS, CallEstimate, Limits
from brainarr.domain.prompt import ModelCard
from brainarr.domain.recommendation import RunOptions
from brainarr.domain.servers import ModelServer
from brainarr.pipeline.ports import Catalog, Clock, Importer, ImportLists, Messenger, Wake
from brainarr.service.albums import Discographies
from brainarr.service.artwork import Artwork
from brainarr.service.backtest import BacktestDeps
from brainarr.service.backup import Backups
from brainarr.service.care import Recall
from brainarr.service.doctor import Check
from brainarr.service.estimate import Estimating
from brainarr.service.feed_cache import FeedCache
from brainarr.service.health import NOTHING_ELSE, Surroundings
from brainarr.service.passwords import Passwords
from brainarr.service.previews import Previews
from brainarr.service.probes import Kind, Probes
from brainarr.service.progress import Broadcast
from brainarr.service.settings import Configuration
from brainarr.service.tasks import Task
from brainarr.settings.layers import Origin
from brainarr.store.cache import LayeredCache
from brainarr.store.secrets import Secrets
from brainarr.store.session import Database
from brainarr.web.entrance import Entrance


@dataclass(frozen=True)
class WiredProvider:
    """A remote service or model that this Brainarr is configured to speak to."""

    kind: str
    check: Check
    """Its name, its role (model, similarity, catalogue, library) and how to prove that it is alive."""
    model: str | None = None
    card: Callable[[], ModelCard | None] = lambda: None
    """What is known of its model without asking anybody. Reads tables: call it in a thread."""
    list_models: Callable[[], Awaitable[tuple[ModelCard, ...]]] | None = None
    """Asks for all its models; None for what is no model."""

    setup: str | None = None
    """Fingerprint of its address, model and key, which its circuit breaker is of; None for what has none."""

    @property
    def name(self) -> str:
        return self.check.name


async def _nothing() -> tuple[ModelServer, ...]:
    return ()


def _by_default(key: str) -> Origin:
    return Origin.DEFAULT


async def _usual() -> RunOptions:
    return RunOptions()


async def _free(*_: object) -> tuple[CallEstimate, ...]:
    return ()


_NO_CHAIN = Estimating("", _usual, _free)


@dataclass(frozen=True)
class WebDeps:
    """Everything a request may need."""

    db: Database
    secrets: Secrets
    api_key: Callable[[], str]
    """The instance's own key where file or environment fix it, asked for each request; else "", and the
    generated one counts."""
    clock: Clock
    broadcast: Broadcast
    """Where the workers tell how their runs go on."""
    wake: Wake
    """Tells the worker that work waits."""
    backtests: BacktestDeps
    backups: Backups
    """What is backed up, and where to."""
    cache: LayeredCache
    care: Recall
    """What earlier runs heard of the catalogue."""
    discographies: Discographies
    feeds: FeedCache
    configuration: Configuration
    """Every setting, to read and to change."""
    probes: Probes
    """Asks services by values that are not saved yet."""
    entrance: Entrance = field(default_factory=Entrance)
    """How people come in."""
    passwords: Passwords = field(default_factory=Passwords)
    kinds: tuple[Kind, ...] = ()
    """Of model providers, those at home first."""
    tasks: tuple[Task, ...] = ()
    """What comes round by itself, or at a person's wish."""
    zone: tzinfo = UTC
    """In which schedules name their times."""
    providers: tuple[WiredProvider, ...] = ()
    """The chain in failover order, then the other services."""
    find_servers: Callable[[], Awaitable[tuple[ModelServer, ...]]] = _nothing
    """Looks for model servers at home."""
    estimate: Estimating = _NO_CHAIN
    """What asking the provider chain would cost."""
    messengers: tuple[Messenger, ...] = ()
    """Where notifications go."""
    limits: Limits = NO_LIMITS
    """What the models may cost."""
    alert_at: int | None = None
    """Micro-dollars of a month from which on somebody is told; None: never."""
    origin_of: Callable[[str], Origin] = _by_default
    """Who said a setting, by its dotted key."""
    configured: FacetWeights = DEFAULT_WEIGHTS
    """The score's weights as the settings say, summing to 1."""
    catalog: Catalog | None = None
    """Where names in wishes are looked up; None: nowhere."""
    importers: Mapping[str, Importer] = field(default_factory=dict[str, Importer])
    """By instance: the Lidarrs that are configured, the first one as `default`."""
    all_import_lists: Mapping[str, ImportLists] = field(default_factory=dict[str, ImportLists])
    """Of those Lidarrs."""
    excluding: tuple[str, ...] = ()
    """Instances where "never again" writes an exclusion unless told otherwise."""
    artwork: Artwork | None = None
    """None: switched off, and all pictures are drawn."""
    previews: Previews | None = None
    """None: switched off."""
    url_base: str = ""
    """"" or "/brainarr": begins with a slash, ends without."""
    around: Surroundings = NOTHING_ELSE
    """What health looks at beside the database's rows."""
    metrics_open: bool = False
    """Whether `/metrics` needs no key."""
    external_url: str | None = None
    """How Lidarr reaches this server; None: taken from each request."""

    requests_per_minute: int = 0
    """Of each key, to the API; 0: any number."""

    allowed_hosts: tuple[str, ...] = ()
    """Names that this server is known by, beside addresses, names at home and that of `external_url`."""

    @property
    def importer(self) -> Importer | None:
        """Of the Lidarr of the section `lidarr`; None while that is not configured."""
        return self.importers.get(DEFAULT_INSTANCE)

    def exclude_in(self, asked: bool | None) -> tuple[str, ...]:
        """The Lidarrs whose exclusions are to name an artist that is blocked; None: as the settings say."""
        if asked is None:
            return self.excluding
        return tuple(self.importers) if asked else ()

    @property
    def names(self) -> tuple[str, ...]:
        """All that is configured of them."""
        external = urlsplit(self.external_url or "").hostname
        return (*self.allowed_hosts, *([external] if external else []))

    @property
    def instances(self) -> tuple[str, ...]:
        """The Lidarrs that a list can be for; the first one also while it is not configured."""
        return tuple(dict.fromkeys((DEFAULT_INSTANCE, *self.importers)))

    @property
    def chain(self) -> tuple[str, ...]:
        """The names of the provider chain's entries, in its order."""
        return tuple(one.name for one in self.providers if one.check.role == "model")

    @property
    def has_model(self) -> bool:
        """Whether any language model is configured: what has no words for music reads no wish."""
        return any(one.check.role == "model" and one.kind != "builtin" for one in self.providers)

    @property
    def setups(self) -> dict[str, str]:
        """Whose circuit breakers there are: each model's entry with its present setup."""
        return {provider.name: provider.setup for provider in self.providers if provider.setup}


def deps_of(request: Request) -> WebDeps:
    return request.app.state.deps


Deps = Annotated[WebDeps, Depends(deps_of)]
