"""Figures: what the database knows of Brainarr's work, for whoever measures it from outside.

Read at once and shared for a moment, so that a collector that asks often costs no more; every process that
uses the database says the same.
"""

import asyncio
import time
from collections.abc import Mapping
from datetime import datetime

import msgspec

from brainarr.domain.circuit import State
from brainarr.domain.deliveries import Reason
from brainarr.domain.health import Issue
from brainarr.domain.money import Limits
from brainarr.errors import StorageError
from brainarr.pipeline.ports import Clock
from brainarr.service.delivery.standing import standings_of
from brainarr.service.health import NOTHING_ELSE, Surroundings, read_health
from brainarr.service.monitor import read_breakers
from brainarr.store import figures, library
from brainarr.store.figures import LastRun, ModelFigure, QueueFigure, RunFigure, SourceFigure
from brainarr.store.session import Database
from brainarr.store.usage import spent_since, start_of_month

GOOD_FOR_S = 5.0
"""Seconds; collectors ask every fifteen, and perhaps two of them do."""
PATIENCE_S = 5.0
"""A collector gives up after ten: it must still hear that the database does not answer."""


class Figures(msgspec.Struct, frozen=True):
    runs: tuple[RunFigure, ...]
    last_runs: tuple[LastRun, ...]
    at: datetime
    queue: tuple[QueueFigure, ...]
    verdicts: Mapping[str, int]
    recommendations: Mapping[tuple[str, str], int]
    """By list and status."""
    held: Mapping[tuple[str, Reason], int]
    """Items on their way that do not go out, by list and reason."""
    models: tuple[ModelFigure, ...]
    sources: tuple[SourceFigure, ...]
    breakers: Mapping[str, State]
    """Of every model of the chain."""
    spent: int
    """This month, in micro-dollars."""
    reserved: int
    """Kept aside by calls under way."""
    limits: Limits
    artists: int
    library_read_at: datetime | None
    issues: tuple[Issue, ...]


class FigureReader:
    """Reads the figures at most every few seconds, once for all who ask meanwhile."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        setups: Mapping[str, str],
        around: Surroundings = NOTHING_ELSE,
        *,
        good_for: float = GOOD_FOR_S,
        patience: float = PATIENCE_S,
    ) -> None:
        self._db = db
        self._clock = clock
        self._setups = setups
        self._around = around
        self._good_for = good_for
        self._patience = patience
        self._turn = asyncio.Lock()
        self._read_at = float("-inf")
        self._kept: Figures | None = None

    async def read(self) -> Figures | None:
        """None: the database is away, or too slow."""
        async with self._turn:
            if time.monotonic() - self._read_at >= self._good_for:
                try:
                    async with asyncio.timeout(self._patience):
                        self._kept = await self._read()
                except (StorageError, TimeoutError):
                    self._kept = None
                self._read_at = time.monotonic()
            return self._kept

    async def _read(self) -> Figures:
        now = self._clock()
        breakers = await read_breakers(self._db, self._setups)
        issues = await read_health(self._db, clock=self._clock, setups=self._setups, around=self._around)
        async with self._db.reading() as connection:
            standings = await standings_of(connection, self._around.instances, now)
            state = await library.read_state(connection, "default")
            return Figures(
                runs=await figures.run_figures(connection),
                last_runs=await figures.last_runs(connection),
                at=now,
                queue=await figures.queue_figures(connection),
                verdicts=await figures.verdict_figures(connection),
                recommendations=await figures.recommendation_figures(connection),
                held={
                    (slug, reason): standing.held_back.get(reason, 0)
                    for slug, standing in standings.items()
                    for reason in Reason
                },
                models=await figures.model_figures(connection),
                sources=await figures.source_figures(connection),
                breakers={
                    name: breakers[name].state if name in breakers else State.CLOSED for name in self._setups
                },
                spent=await spent_since(connection, start_of_month(now)),
                reserved=await figures.reserved(connection),
                limits=self._around.limits,
                artists=await figures.artists_owned(connection, "default"),
                library_read_at=state.read_at if state else None,
                issues=issues,
            )
