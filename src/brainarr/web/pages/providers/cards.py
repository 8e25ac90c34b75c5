"""What the page of providers shows of each: put together from settings, breakers, usage and outcomes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from brainarr.domain.circuit import Cause, Circuit, State
from brainarr.domain.recommendation import Outcome, ProviderReport
from brainarr.service.chain import Entries, name_of
from brainarr.service.latency import Latency
from brainarr.service.league import Standing
from brainarr.service.probes import Kind
from brainarr.service.usage import ProviderUsage
from brainarr.store.runs import RunRow
from brainarr.store.usage import Totals
from brainarr.web.deps import WiredProvider


@dataclass(frozen=True)
class Health:
    """Whether it is asked at all, and how it did last."""

    word: str
    tone: str
    detail: str = ""
    since: datetime | None = None
    again_at: datetime | None = None
    broken: bool = False
    """Its breaker is not closed: it can be told to try again."""


@dataclass(frozen=True)
class ModelCard:
    """One entry of the chain."""

    name: str
    kind: str
    model: str
    address: str
    no_model: bool
    health: Health
    latency: Latency | None
    month: Totals | None
    standing: Standing | None


@dataclass(frozen=True)
class ServiceCard:
    """A service that is no model."""

    name: str
    title: str
    part: str
    """What it does, in words."""
    on: bool
    switch: str
    """The setting that turns it on and off; "": there is none, or more is needed."""
    locked: str
    """Where the switch is fixed; "": it is not."""
    needs: str
    """What is missing where it is off."""
    testable: bool
    health: Health | None
    standing: Standing | None


@dataclass(frozen=True)
class _Service:
    name: str
    title: str
    part: str
    switch: str = ""
    needs: str = ""


SERVICES = (
    _Service("lidarr", "Lidarr", "Your library, and where music goes", needs="lidarr.url"),
    _Service("musicbrainz", "MusicBrainz", "Proves that a proposal exists; proposes related artists too"),
    _Service("listenbrainz", "ListenBrainz", "Similar artists by common listeners", "listenbrainz.enabled"),
    _Service("deezer", "Deezer", "Related artists, and which album listeners love", "deezer.enabled"),
    _Service("lastfm", "Last.fm", "Similar artists, with a free key", needs="lastfm.api_key"),
    _Service("similarity", "Your own filter", "Trained on this machine", needs="similarity.path"),
)

_OUTCOMES = {Outcome.OK: ("answered", "good"), Outcome.EMPTY: ("had nothing to propose", "plain")}


def model_cards(
    chain: Entries,
    kinds: Mapping[str, Kind],
    circuits: Mapping[str, Circuit],
    reports: Mapping[str, ProviderReport],
    run: RunRow | None,
    latencies: Mapping[str, Latency],
    usage: Mapping[str, ProviderUsage],
    league: Mapping[str, Standing],
) -> tuple[ModelCard, ...]:
    """In failover order."""

    def card(name: str, kind: str, model: str, address: str) -> ModelCard:
        used = usage.get(name)
        return ModelCard(
            name=name,
            kind=kinds[kind].title if kind in kinds else "No model",
            model=model or (kinds[kind].default_model if kind in kinds else ""),
            address=address,
            no_model=kind not in kinds,
            health=_health(circuits.get(name), reports.get(name), run),
            latency=latencies.get(name),
            month=used.month if used else None,
            standing=league.get(name),
        )

    return tuple(
        card(
            name_of(entry),
            str(entry.get("kind")),
            str(entry.get("model") or ""),
            str(entry.get("base_url") or ""),
        )
        for entry in chain
    )


def service_cards(
    providers: Mapping[str, WiredProvider],
    values: Mapping[str, object],
    places: Mapping[str, str],
    reports: Mapping[str, ProviderReport],
    run: RunRow | None,
    league: Mapping[str, Standing],
) -> tuple[ServiceCard, ...]:
    """`values` and `places` are of the settings that turn services on, the latter of the locked ones."""
    cards: list[ServiceCard] = []
    for service in SERVICES:
        on = bool(values.get(service.switch)) if service.switch else service.name in providers
        report = reports.get(service.name)
        cards.append(
            ServiceCard(
                name=service.name,
                title=service.title,
                part=service.part,
                on=on,
                switch=service.switch,
                locked=places.get(service.switch, ""),
                needs="" if on else service.needs,
                testable=service.name in providers,
                health=_health(None, report, run) if on and report else None,
                standing=league.get(service.name),
            )
        )
    return tuple(cards)


def _health(circuit: Circuit | None, report: ProviderReport | None, run: RunRow | None) -> Health:
    if circuit is not None and circuit.state is not State.CLOSED:
        word = "key refused" if circuit.cause is Cause.KEY else "resting"
        if circuit.state is State.HALF_OPEN:
            word = "on trial"
        tone = "bad" if circuit.cause is Cause.KEY else "warn"
        return Health(word, tone, circuit.reason, circuit.since, circuit.try_at, broken=True)
    if report is None or run is None:
        return Health("not asked yet", "plain")
    word, tone = _OUTCOMES.get(report.outcome, (str(report.outcome), "warn"))
    return Health(word, tone, report.detail, run.finished_at)
