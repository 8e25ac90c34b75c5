"""The whole configuration, composed of the sections that the adapters own and those of Brainarr itself.

See docs/settings.md for every key in words.
"""

import re
from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from brainarr.domain.learning import FacetWeights
from brainarr.domain.lists import DEFAULT_INSTANCE
from brainarr.domain.money import Limits
from brainarr.domain.recommendation import (
    MOST_DECADES,
    MOST_RECOMMENDATIONS,
    MOST_STYLES,
    STYLE_LIMIT,
    WISH_LIMIT,
    Caps,
    Discovery,
    Mode,
    RunOptions,
    Target,
    Wording,
    as_decade,
)
from brainarr.domain.schedule import parse_schedule
from brainarr.errors import ConfigurationError, Fault
from brainarr.llm.registry import ProviderEntry
from brainarr.providers.collaborative import SimilaritySettings
from brainarr.providers.coverart import CoverArtSettings
from brainarr.providers.deezer import DeezerSettings
from brainarr.providers.itunes import ItunesSettings
from brainarr.providers.lastfm import LastfmSettings
from brainarr.providers.lidarr import LidarrSettings, NamedLidarr
from brainarr.providers.listenbrainz import ListenBrainzSettings
from brainarr.providers.musicbrainz import MusicBrainzSettings
from brainarr.providers.notifications import NotificationSettings
from brainarr.service.retention import Retention
from brainarr.settings.load import Loaded, load
from brainarr.settings.values import OwnAddress, Section, WebAddress
from brainarr.store.backup import Shelf
from brainarr.store.session import database_url
from brainarr.wiring.signing_in import AuthSettings

SERVICES = ("lidarr", "musicbrainz", "listenbrainz", "deezer", "lastfm", "similarity", "coverart", "itunes")
"""Names that reports already use: an entry of the provider chain must have another one."""


SIMILARITY = ("listenbrainz", "lastfm", "deezer", "musicbrainz", "similarity")
"""The sources that propose artists, beside the entries of the provider chain."""

SOONEST_PROBE_S = 5.0
MOST_EXPLORED = 10
MOST_LIDARRS = 10


def _url_base(text: str) -> str:
    """Turns "brainarr/" into "/brainarr" and "/" into ""."""
    parts = [part for part in text.split("/") if part]
    if not all(re.fullmatch(r"[A-Za-z0-9._~-]+", part) and part.strip(".") for part in parts):
        raise ValueError("a path such as /brainarr, of letters, digits and . _ ~ -, or empty text")
    return "".join(f"/{part}" for part in parts)


def _host_name(text: str) -> str:
    if text != "*" and not re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", text):
        raise ValueError('a name such as music.example.org, without protocol and port, or "*"')
    return text.lower()


def _database(text: str) -> str:
    try:
        database_url(text, Path())
    except ConfigurationError as error:
        raise ValueError(error.faults[0].allowed) from None
    return text


def _schedule(text: str) -> str:
    parse_schedule(text)
    return text


ScheduleText = Annotated[
    str, AfterValidator(_schedule), WithJsonSchema({"type": "string", "format": "schedule"})
]
Address = WithJsonSchema({"type": "string", "format": "uri"})


def _redis(text: str) -> str:
    allowed = (
        "redis://:password@host:6379/0, rediss:// for an encrypted connection, or unix:///path/to/socket"
    )
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(allowed) from None
    place = parts.path if parts.scheme == "unix" else parts.hostname
    if parts.scheme not in ("redis", "rediss", "unix") or not place or port == 0:
        raise ValueError(allowed)
    return text


Dollars = Annotated[Decimal, Field(ge=0, le=1_000_000)]


def _microdollars(amount: Decimal | None) -> int | None:
    """Less than a micro-dollar counts as one: a threshold of almost nothing is not one of nothing."""
    return None if amount is None else int((amount * 1_000_000).to_integral_value(ROUND_CEILING))


HostName = Annotated[str, AfterValidator(_host_name)]


class ServerSettings(Section):
    host: Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9.:_-]+$")] = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8690
    url_base: Annotated[str, AfterValidator(_url_base)] = ""
    external_url: OwnAddress | None = None
    """How Lidarr reaches this server, without the URL base."""
    allowed_hosts: Annotated[tuple[HostName, ...], Field(max_length=50)] = ()
    """Names beside addresses, names at home and that of `external_url`; "*" allows any."""
    api_key: SecretStr | None = None
    """None: the one that was generated at the first start."""
    workers: Annotated[int, Field(ge=1, le=32)] = 1
    """Web processes; more than one speak to each other through Redis."""
    requests_per_minute: Annotated[int, Field(ge=0, le=1_000_000)] = 1200
    """How often each key may ask the API, in each process; 0: as often as it likes."""

    @field_validator("api_key")
    @classmethod
    def _fits_into_a_header(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and not re.fullmatch(r"[\x21-\x7e]{1,200}", key.get_secret_value()):
            raise ValueError("1 to 200 characters of plain ASCII without spaces")
        return key


class DatabaseSettings(Section):
    url: Annotated[str, AfterValidator(_database), Address] = "sqlite:///brainarr.db"


class RedisSettings(Section):
    url: Annotated[str, AfterValidator(_redis), Address] | None = None
    """Turns on the shared cache level, locks across processes, and workers in processes of their own."""


class BackupSettings(Section):
    folder: Annotated[str, Field(min_length=1, max_length=1_000)] = "backups"
    """Relative to the configuration folder."""
    keep: Annotated[int, Field(ge=1, le=1_000)] = 5
    """How many of each origin; those that a person made all stay."""

    @property
    def shelf(self) -> Shelf:
        return Shelf(Path(self.folder), self.keep)


class CacheSettings(Section):
    """How much the cache may take; Redis bounds itself (its own `maxmemory`)."""

    memory_mb: Annotated[int, Field(ge=0, le=65_536)] = 32
    """Of each process."""
    database_mb: Annotated[int, Field(ge=1, le=1_048_576)] = 256


class ArtworkSettings(Section):
    """Pictures of artists and albums; those of Lidarr need no other service."""

    enabled: bool = True
    megabytes: Annotated[int, Field(ge=1, le=65_536)] = 256
    """On the disk, in the configuration folder's `artwork`; the oldest give way."""


class PreviewSettings(Section):
    enabled: bool = True


Styles = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=STYLE_LIMIT)], ...], Field(max_length=MOST_STYLES)
]


Decades = Annotated[tuple[Annotated[int, AfterValidator(as_decade)], ...], Field(max_length=MOST_DECADES)]

Weight = Annotated[float, Field(ge=0, le=1)]
Cap = Annotated[float, Field(gt=0, le=1)]


class ScoreWeights(Section):
    """What each facet says in the score; only their proportion counts."""

    genre: Weight = 0.4
    era: Weight = 0.2
    diversity: Weight = 0.2
    confidence: Weight = 0.2

    @model_validator(mode="after")
    def _say_something(self) -> Self:
        if not self.genre + self.era + self.diversity + self.confidence:
            raise ValueError("four weights from 0 to 1, one of them above 0")
        return self

    @property
    def scaled(self) -> FacetWeights:
        """Summing to 1, so that scores stay within 0 and 1."""
        total = self.genre + self.era + self.diversity + self.confidence
        return FacetWeights(
            self.genre / total, self.era / total, self.diversity / total, self.confidence / total
        )


class CapSettings(Section):
    """The largest share of one run's recommendations with the same of each."""

    genre: Cap | None = None
    era: Cap | None = None
    seed: Cap | None = None


class RecommendSettings(Section):
    max_recommendations: Annotated[int, Field(ge=1, le=MOST_RECOMMENDATIONS)] = 20
    minimum_confidence_score: Annotated[float, Field(ge=0, le=1)] = 0.3
    target: Target = Target.ALBUMS
    discovery: Discovery = Discovery.ADJACENT
    strategy: Literal["failover", "parallel", "race"] = "failover"
    approval: Literal["review", "auto"] = "review"
    compression: Literal["auto", "none", "minimal", "moderate", "aggressive"] = "auto"
    prompt_tokens: Annotated[int, Field(ge=200)] | None = None
    mode: Mode = Mode.PROPOSE
    styles_include: Styles = ()
    styles_avoid: Styles = ()
    wish: Annotated[str, Field(min_length=1, max_length=WISH_LIMIT)] | None = None
    schedule: ScheduleText = "weekly"
    score_weights: ScoreWeights = ScoreWeights()
    source_weights: dict[str, Weight] = Field(default_factory=dict)
    """Source → its vote in the fusion; sources that are not named keep theirs."""
    decades_include: Decades = ()
    calibration: Weight = 0.0
    caps: CapSettings = CapSettings()
    wording: Wording = Wording.TEMPLATE
    exploration: Annotated[int, Field(ge=0, le=MOST_EXPLORED)] | None = None
    """Slots of a batch that are drawn instead of ranked; None: one from 5 on, two from 15 on."""
    keep_prompts: bool = True
    """Whether what models are asked and answer is stored, to be read with the run."""

    @property
    def options(self) -> RunOptions:
        return RunOptions(
            max_recommendations=self.max_recommendations,
            minimum_confidence=self.minimum_confidence_score,
            target=self.target,
            discovery=self.discovery,
            compression=self.compression,
            prompt_tokens=self.prompt_tokens,
            mode=self.mode,
            styles_include=self.styles_include,
            styles_avoid=self.styles_avoid,
            wish=self.wish,
            score_weights=self.score_weights.scaled,
            source_weights=self.source_weights,
            decades_include=self.decades_include,
            calibration=self.calibration,
            caps=Caps(self.caps.genre, self.caps.era, self.caps.seed),
            wording=self.wording,
            exploration=self.exploration,
        )


class CostSettings(Section):
    """US dollars. What the language models may cost; months are calendar months (UTC)."""

    monthly_budget: Dollars | None = None
    run_budget: Dollars | None = None
    cost_alert_threshold: Annotated[Decimal, Field(gt=0, le=1_000_000)] | None = None
    """One notification in each month that spends so much."""

    @property
    def limits(self) -> Limits:
        return Limits(_microdollars(self.monthly_budget), _microdollars(self.run_budget))

    @property
    def alert_threshold(self) -> int | None:
        """In micro-dollars."""
        return _microdollars(self.cost_alert_threshold)


def _probe_interval(seconds: float) -> float:
    if 0 < seconds < SOONEST_PROBE_S:
        raise ValueError(f"0 for never, or {SOONEST_PROBE_S:g} to 86400 seconds")
    return seconds


class HealthSettings(Section):
    probe_interval: Annotated[float, Field(ge=0, le=86_400), AfterValidator(_probe_interval)] = 300.0
    """Seconds between two probes of every model's server, which cost nothing; 0: never."""


class ScheduleSettings(Section):
    """When the work beside the runs is done."""

    library: ScheduleText = "1h"
    lidarr: ScheduleText = "2m"
    settle: ScheduleText = "daily"
    deliveries: ScheduleText = "2m"
    clean_up: ScheduleText = "daily"
    backup: ScheduleText = "weekly"


class JobSettings(Section):
    embedded: bool = True
    """`serve` works itself; else it leaves all work to `brainarr worker` processes."""


KEPT_AT_LEAST = 2
"""Days: Lidarr asks for the artists of the albums that its last polls received."""


class RetentionSettings(Section):
    """Days that each is kept; None: for ever. What a person decided is kept for ever anyway."""

    history_days: Annotated[int, Field(ge=30, le=36_500)] | None = 730
    runs_days: Annotated[int, Field(ge=30, le=36_500)] | None = 365
    verdicts_days: Annotated[int, Field(ge=1, le=36_500)] | None = 90
    prompts_days: Annotated[int, Field(ge=1, le=36_500)] | None = 30
    deliveries_days: Annotated[int, Field(ge=KEPT_AT_LEAST, le=36_500)] | None = 30
    usage_days: Annotated[int, Field(ge=31, le=36_500)] | None = None

    @property
    def periods(self) -> Retention:
        return Retention(**self.model_dump())


class LogSettings(Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "console"] = "auto"
    """Of the lines on stderr and in the file; auto: JSON unless a terminal reads them."""
    file: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    """Where the lines go besides; relative to the configuration folder."""
    file_megabytes: Annotated[int, Field(ge=1, le=1000)] = 10
    file_count: Annotated[int, Field(ge=0, le=100)] = 5
    """Full files that are kept beside the present one."""


class MetricsSettings(Section):
    open: bool = False
    """Whether `/metrics` needs no API key."""
    worker_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """Where a `brainarr worker` process shows what it measures of itself; None: nowhere."""


class TracingSettings(Section):
    endpoint: WebAddress | None = None
    """An OpenTelemetry collector that takes OTLP over HTTP, as http://127.0.0.1:4318."""


class Settings(Section):
    server: ServerSettings = ServerSettings()
    auth: AuthSettings = AuthSettings()
    database: DatabaseSettings = DatabaseSettings()
    redis: RedisSettings = RedisSettings()
    cache: CacheSettings = CacheSettings()
    lidarr: LidarrSettings = LidarrSettings()
    lidarrs: Annotated[tuple[NamedLidarr, ...], Field(max_length=MOST_LIDARRS)] = ()
    """Those beside it, each a target of its own for lists."""
    musicbrainz: MusicBrainzSettings = MusicBrainzSettings()
    listenbrainz: ListenBrainzSettings = ListenBrainzSettings()
    deezer: DeezerSettings = DeezerSettings()
    lastfm: LastfmSettings = LastfmSettings()
    similarity: SimilaritySettings = SimilaritySettings()
    coverart: CoverArtSettings = CoverArtSettings()
    itunes: ItunesSettings = ItunesSettings()
    artwork: ArtworkSettings = ArtworkSettings()
    previews: PreviewSettings = PreviewSettings()
    provider_chain: Annotated[tuple[ProviderEntry, ...], Field(min_length=1, max_length=32)] = (
        ProviderEntry(name="builtin", kind="builtin"),
    )
    recommend: RecommendSettings = RecommendSettings()
    costs: CostSettings = CostSettings()
    notifications: NotificationSettings = NotificationSettings()
    backup: BackupSettings = BackupSettings()
    health: HealthSettings = HealthSettings()
    schedules: ScheduleSettings = ScheduleSettings()
    jobs: JobSettings = JobSettings()
    retention: RetentionSettings = RetentionSettings()
    log: LogSettings = LogSettings()
    metrics: MetricsSettings = MetricsSettings()
    tracing: TracingSettings = TracingSettings()

    @field_validator("lidarrs")
    @classmethod
    def _instances_are_unique(cls, lidarrs: tuple[NamedLidarr, ...]) -> tuple[NamedLidarr, ...]:
        names = [DEFAULT_INSTANCE, *(one.name for one in lidarrs)]
        if taken := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"entries each with a name of its own; {', '.join(taken)} is taken")
        return lidarrs

    @field_validator("provider_chain")
    @classmethod
    def _names_are_unique(cls, chain: tuple[ProviderEntry, ...]) -> tuple[ProviderEntry, ...]:
        names = [entry.name for entry in chain]
        taken = sorted({name for name in names if names.count(name) > 1 or name in SERVICES})
        if taken:
            raise ValueError(f"entries each with a name of its own; {', '.join(taken)} is taken")
        return chain

    @field_validator("jobs")
    @classmethod
    def _somebody_works(cls, jobs: JobSettings, info: ValidationInfo) -> JobSettings:
        redis = info.data.get("redis")
        if not jobs.embedded and redis is not None and redis.url is None:
            raise ValueError("embedded: true, as long as redis.url is not set: nobody else could work")
        return jobs

    @field_validator("recommend")
    @classmethod
    def _weights_are_of_sources(cls, recommend: RecommendSettings, info: ValidationInfo) -> RecommendSettings:
        # An unusable chain is a fault of its own; it names no sources then.
        chain = info.data.get("provider_chain", ())
        known = (*SIMILARITY, *(entry.name for entry in chain))
        if unknown := sorted(recommend.source_weights.keys() - known):
            raise ValueError(f"source_weights of {', '.join(known)}; there is no source {unknown[0]!r}")
        return recommend


def load_settings(
    folder: Path, environ: Mapping[str, str], database: Mapping[str, Any] | None = None
) -> Loaded[Settings]:
    """Everything that is configured. Raises ConfigurationError with all faults."""
    loaded = load(Settings, folder, environ, database)
    workers = loaded.values.server.workers
    if workers > 1 and loaded.values.redis.url is None:
        allowed = "1 while redis.url is not set: several processes need Redis to tell each other what changed"
        raise ConfigurationError([Fault("server.workers", str(workers), allowed)])
    return loaded
