"""The composition root: settings, database and adapters put together; opened once for each process."""

import asyncio
import gc
import os
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import structlog

from brainarr import log
from brainarr.domain.caching import digest
from brainarr.domain.lists import DEFAULT_INSTANCE, ListKind
from brainarr.domain.money import CallEstimate
from brainarr.domain.music import Library, Mbid, Plays
from brainarr.domain.recommendation import Candidate, Memory, RunOptions, RunResult
from brainarr.domain.taste import Seed
from brainarr.errors import ConfigurationError, Fault, ProviderError, StorageError
from brainarr.llm.chain import Chain
from brainarr.llm.estimate import estimate_calls
from brainarr.llm.guard import open_guards
from brainarr.llm.models import Link, links_named
from brainarr.llm.tokens import counter_for
from brainarr.loading import load
from brainarr.pipeline.ports import CandidateSource, Clock, Reserve
from brainarr.providers import lidarr
from brainarr.service.alerts import alert_on_costs
from brainarr.service.backtest import SOURCE_WEIGHTS, BacktestDeps, present_weights
from brainarr.service.backup import Backups
from brainarr.service.estimate import Estimating
from brainarr.service.execution import RunDeps
from brainarr.service.library import backfill_albums, unwatched
from brainarr.service.listens import remember_plays
from brainarr.service.lists import read_lists
from brainarr.service.liveness import this_process
from brainarr.service.progress import Broadcast, OnProgress
from brainarr.service.settings import read_settings
from brainarr.service.setup import API_KEY, Installation, ensure_installed
from brainarr.service.webhook_keys import hide_webhook_keys
from brainarr.settings.load import Loaded
from brainarr.store.breakers import StoredBreakers
from brainarr.store.cache import LayeredCache
from brainarr.store.lists import StoredList
from brainarr.store.runs import Process, RunRow
from brainarr.store.session import Database, close_database, database_url, open_database
from brainarr.store.signals import FEEDS, Signals, open_signals
from brainarr.store.turns import open_turns
from brainarr.store.upgrade import upgrade
from brainarr.store.usage import StoredLedger
from brainarr.wiring.backtesting import bind_replay
from brainarr.wiring.caching import (
    FACTS,
    CachedCatalog,
    CachedCharts,
    CachedSource,
    open_cache,
    recall_neighbours,
)
from brainarr.wiring.care import bind_care
from brainarr.wiring.configuration import Settings, load_settings
from brainarr.wiring.media import Media, open_media
from brainarr.wiring.outside import LABELS, Outside, open_outside
from brainarr.wiring.timezone import server_zone

if TYPE_CHECKING:
    from brainarr.pipeline.run import Instruments

PIPELINE = "brainarr.pipeline.run"
"""Loaded for the first run or estimate: an idle server needs neither it nor numpy."""

events = structlog.get_logger("brainarr")


def utc_now() -> datetime:
    """The clock of the real world; everything below is handed it."""
    return datetime.now(UTC)  # noqa: TID251


@dataclass(frozen=True)
class Ground:
    """What stays as it is as long as the process lives, whatever houses stand on it in turn."""

    folder: Path
    environ: Mapping[str, str]
    before: Settings
    """What file and environment alone say: all that was known when the process began to log."""
    loaded: Loaded[Settings]
    """As it was at the start."""
    db: Database
    installation: Installation
    process: Process
    signals: Signals
    broadcast: Broadcast
    reserve: Reserve | None
    clock: Clock


@dataclass(frozen=True)
class House:
    """A Brainarr ready to work, with the settings that it was built with."""

    ground: Ground
    loaded: Loaded[Settings]
    outside: Outside
    cache: LayeredCache
    media: Media
    runs: RunDeps
    estimate: Estimating
    backtests: BacktestDeps
    leaving: ExitStack
    """What is called when it is left."""

    @property
    def folder(self) -> Path:
        return self.ground.folder

    @property
    def db(self) -> Database:
        return self.ground.db

    @property
    def installation(self) -> Installation:
        return self.ground.installation

    @property
    def signals(self) -> Signals:
        return self.ground.signals

    @property
    def clock(self) -> Clock:
        return self.ground.clock

    @property
    def settings(self) -> Settings:
        return self.loaded.values

    @property
    def fixed_api_key(self) -> str:
        """What file or environment say; "": nothing, and the generated key counts."""
        key = self.settings.server.api_key
        return key.get_secret_value() if key and self.loaded.locked(API_KEY) else ""

    @property
    def api_key(self) -> str:
        """What file or environment say, else what was generated at the first start."""
        return self.fixed_api_key or self.installation.api_key

    async def alert_on_costs(self) -> bool:
        """Tells people when the month has cost as much as they want to hear of; once."""
        threshold = self.settings.costs.alert_threshold
        return await alert_on_costs(self.db, threshold, self.outside.messengers, clock=self.clock)

    @property
    def backups(self) -> Backups:
        return backups_of(self.settings, self.folder, self.clock)

    @cached_property
    def zone(self) -> tzinfo:
        """In which schedules name their times."""
        return server_zone(os.environ)

    @property
    def excluding(self) -> tuple[str, ...]:
        """The Lidarrs into which "never again" writes an exclusion unless told otherwise."""
        named = {one.name: one.write_exclusions for one in self.settings.lidarrs}
        named[DEFAULT_INSTANCE] = self.settings.lidarr.write_exclusions
        return tuple(name for name in self.outside.lidarrs if named[name])

    def require_lidarr(self, instance: str = DEFAULT_INSTANCE) -> None:
        """Raises ConfigurationError that names what is missing."""
        if instance in self.outside.lidarrs:
            return
        if instance == DEFAULT_INSTANCE:
            lidarr.connect(self.settings.lidarr)
        raise ConfigurationError(
            [Fault("lidarrs", f"without {instance}", f"an entry of the name {instance}")]
        )


@asynccontextmanager
async def open_house(
    folder: Path, environ: Mapping[str, str], *, clock: Clock = utc_now
) -> AsyncIterator[House]:
    """Sets everything up, a first start included, and disposes of it at the end.

    Raises ConfigurationError and StorageError.
    """
    async with (
        open_ground(folder, environ, clock=clock) as ground,
        build_house(ground, ground.loaded) as house,
    ):
        yield house


@asynccontextmanager
async def open_ground(
    folder: Path, environ: Mapping[str, str], *, clock: Clock = utc_now
) -> AsyncIterator[Ground]:
    """The database, upgraded and with what a first start puts into it, and the ties to other processes.

    Raises ConfigurationError and StorageError.
    """
    # Without the database first: where that is, only file and environment can say.
    before = load_settings(folder, environ).values
    make_folder(folder)
    address = database_url(before.database.url, folder)
    # Before it is worked on for a while, and what was made by that.
    await asyncio.to_thread(close_database, address)
    revised = await upgrade(before.database.url, folder, now=clock(), shelf=before.backup.shelf)
    if revised.changed:
        copy = str(revised.copy) if revised.copy else None
        events.info("database upgraded", before=revised.before, after=revised.after, copy=copy)
    await asyncio.to_thread(close_database, address)
    db = open_database(before.database.url, folder)
    try:
        installation = await ensure_installed(db, folder, clock=clock)
        loaded = load_settings(folder, environ, await read_settings(db, installation.secrets))
        log.hide(loaded.secrets)
        log.hide(one.key for one in await read_lists(db, installation.secrets))
        await hide_webhook_keys(db, installation.secrets)
        redis = loaded.values.redis.url
        async with open_signals(redis, installation.name) as signals, open_turns(redis) as reserve:
            # Whoever holds an answer ready, in whichever process, must hear that it may be another one now.
            db.on_write = partial(signals.tell, FEEDS)
            # What is imported by now stays for good. Left to the collector, every full pass over it would
            # stop the event loop for 40 ms (measured), several times while a large library is read.
            gc.freeze()
            yield Ground(
                folder=folder,
                environ=environ,
                before=before,
                loaded=loaded,
                db=db,
                installation=installation,
                process=this_process(),
                signals=signals,
                broadcast=Broadcast(signals),
                reserve=reserve,
                clock=clock,
            )
    finally:
        await db.dispose()


@asynccontextmanager
async def build_house(ground: Ground, loaded: Loaded[Settings]) -> AsyncIterator[House]:
    """A house with the settings `loaded`, torn down at the end. Raises ConfigurationError."""
    settings = loaded.values
    async with AsyncExitStack() as stack:
        outside = await stack.enter_async_context(
            open_outside(settings, ground.folder, ground.clock, ground.reserve)
        )
        trusted = ground.installation.secrets.of_all
        cache = open_cache(ground.db, ground.clock, settings.cache, settings.redis.url, trusted)
        stack.push_async_callback(cache.aclose)
        runs, estimate, backtests = _deps(ground, loaded, outside, cache)
        media = await stack.enter_async_context(
            open_media(settings, ground.folder, outside, ground.db, cache, ground.clock)
        )
        leaving = stack.enter_context(ExitStack())
        yield House(ground, loaded, outside, cache, media, runs, estimate, backtests, leaving)


def backups_of(settings: Settings, folder: Path, clock: Clock) -> Backups:
    """The backups that these settings mean; `folder` is the configuration folder."""
    return Backups(settings.database.url, folder, settings.backup.shelf, clock)


def make_folder(folder: Path) -> None:
    """The configuration folder, for its owner's eyes only. Raises StorageError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"The configuration folder {folder} cannot be made: {error.strerror}.",
            remedy="Name another one with --config or $BRAINARR_CONFIG.",
        ) from error


def _deps(
    ground: Ground, loaded: Loaded[Settings], outside: Outside, cache: LayeredCache
) -> tuple[RunDeps, Estimating, BacktestDeps]:
    settings, db, clock = loaded.values, ground.db, ground.clock
    guards = open_guards(outside.links, StoredBreakers(db), clock, random.Random())
    algorithm = settings.listenbrainz.algorithm
    brainz = (
        CachedSource(outside.listenbrainz, cache, clock, variant=algorithm) if outside.listenbrainz else None
    )
    others = [CachedSource(source, cache, clock) for source in (outside.lastfm, outside.deezer) if source]
    if outside.neighbours:
        # What people write into an encyclopaedia changes as slowly as its other facts.
        others.append(CachedSource(outside.neighbours, cache, clock, lifetime=FACTS))
    sources = {source.name: source for source in (brainz, *others) if source}
    charts = [CachedCharts(outside.deezer, cache)] if outside.deezer else []

    care = bind_care(outside, db, cache, charts, clock)

    async def recall(seeds: Sequence[Mbid]) -> Mapping[Mbid, Sequence[Mbid]]:
        # ListenBrainz alone names its neighbours by identifier throughout.
        return await recall_neighbours(cache, brainz, seeds) if brainz else {}

    async def recall_similar(source: CandidateSource, seed: Seed) -> tuple[Candidate, ...]:
        return await sources[source.name].recall(seed)

    def instruments(
        run_id: int | None, instance: str, links: Sequence[Link], on_progress: OnProgress
    ) -> "Instruments":
        from brainarr.pipeline.run import Instruments

        source = outside.lidarrs.get(instance)

        async def read_albums(library: Library, first: Sequence[int]) -> Library:
            if source is None or library.from_snapshot:
                return library
            return await backfill_albums(
                db,
                source,
                library,
                first,
                limit=len(first),
                clock=clock,
                on_progress=on_progress,
                instance=instance,
            )

        # Cheap to make: what is dear, the links, all runs share.
        chain = Chain(
            links,
            StoredLedger(db, clock, run_id),
            guards,
            strategy=settings.recommend.strategy,
            limits=settings.costs.limits,
        )
        return Instruments(
            ask=chain.ask,
            sources=list(sources.values()),
            charts=charts,
            catalog=CachedCatalog(outside.musicbrainz, cache),
            preflight=source,
            counter_for=counter_for,
            read_albums=read_albums,
            recall_neighbours=recall,
            recall_similar=recall_similar,
            labels=LABELS,
            clock=clock,
            readers=[outside.trained] if outside.trained else [],
        )

    async def options() -> RunOptions:
        return msgspec.structs.replace(
            settings.recommend.options,
            # Other exemplars every week: a list that always starts from the same corners of a taste soon
            # runs dry.
            seed=clock().toordinal() // 7,
            source_weights=await present_weights(backtests),
        )

    backtests = BacktestDeps(
        db=db,
        secrets=ground.installation.secrets,
        clock=clock,
        library=outside.lidarr,
        replay=bind_replay(list(sources.values()), options, clock),
        weights=settings.recommend.source_weights,
        origin=loaded.origin(SOURCE_WEIGHTS),
        labels=LABELS,
    )

    async def recommend(run: RunRow, library: Library, memory: Memory, on_progress: OnProgress) -> RunResult:
        wanted = run.overrides.over(run.terms.over(await options()))
        if run.kind is not ListKind.DISCOVER:
            return await care(run, library, wanted, memory, on_progress)
        await load(PIPELINE)
        from brainarr.pipeline.run import run_pipeline

        links = links_named(outside.links, run.terms.providers)
        tools = instruments(run.id, run.instance, links, on_progress)
        result = await run_pipeline(library, wanted, memory, tools, on_progress)
        missing = run.terms.providers_missing(link.entry.name for link in outside.links)
        notes = [missing] if missing else []
        return msgspec.structs.replace(result, notes=(*notes, *result.notes))

    async def estimate(
        library: Library, options: RunOptions, memory: Memory, wanted: StoredList
    ) -> tuple[CallEstimate, ...]:
        await load(PIPELINE)
        from brainarr.pipeline.run import foresee_prompts

        links = links_named(outside.links, wanted.terms.providers)
        tools = instruments(None, wanted.instance, links, unwatched)
        write = await foresee_prompts(library, options, memory, tools)
        return await estimate_calls(links, write)

    runs = RunDeps(
        db=db,
        clock=clock,
        process=ground.process,
        broadcast=ground.broadcast,
        libraries=outside.lidarrs,
        recommend=recommend,
        clears=True,
        listen=partial(_listens, outside, cache),
        configured=settings.recommend.score_weights.scaled,
        keep_prompts=settings.recommend.keep_prompts,
        auto_approve=settings.recommend.approval == "auto",
    )
    chain = digest("".join(entry.model_dump_json() for entry in settings.provider_chain))
    return runs, Estimating(chain, options, estimate), backtests


async def _listens(outside: Outside, cache: LayeredCache) -> tuple[list[Plays], list[str]]:
    """What the person listened to, and a note for each service that did not tell."""
    plays: list[Plays] = []
    notes: list[str] = []
    for listener in outside.listeners:
        try:
            plays += await listener.read()
        except ProviderError as error:
            notes.append(f"Listens were not counted: {error}")
    if plays:
        await remember_plays(cache, plays)
    return plays, notes
