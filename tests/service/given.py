"""What the service tests share: runs that find what a test wants them to find."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime, timedelta

import msgspec

from brainarr.domain.backtest import (
    POPULARITY,
    PRESENT,
    Asked,
    Backtest,
    BacktestOptions,
    BulkDay,
    Cut,
    Estimate,
    Suggestion,
    SystemResult,
    Tested,
)
from brainarr.domain.lidarr_events import LidarrEvent
from brainarr.domain.music import Library, Mbid, OwnedArtist
from brainarr.domain.recommendation import (
    Judged,
    Memory,
    Outcome,
    Progress,
    ProviderReport,
    Recommendation,
    RunResult,
    Verdict,
)
from brainarr.errors import ProviderError
from brainarr.pipeline.ports import LibrarySource
from brainarr.service.execution import Recommend, RunDeps, execute_run
from brainarr.service.progress import Broadcast, OnProgress
from brainarr.service.runs import RunDetail, request_run
from brainarr.store.runs import Process, RunRow
from brainarr.store.signals import Signals
from tests.conftest import NOW
from tests.store.given import House, ScriptedLidarr, mbid, owned

ONE, NONE = Estimate(0.1, 0.0, 0.3), Estimate(0.0, 0.0, 0.3)
MEASURED = Backtest(
    made_at=NOW,
    library_read_at=NOW,
    options=BacktestOptions(),
    artists=60,
    undated=1,
    bulk_days=(BulkDay(date(2024, 1, 1), 30),),
    recommended=2,
    eligible=27,
    cuts=(Cut(NOW - timedelta(days=90), NOW, known=50, seeds=40, hidden=10, found20=1),),
    systems=(
        SystemResult(PRESENT, ONE, ONE, ONE, {"listenbrainz": 1.0, "deezer": 0.7}),
        SystemResult("deezer", NONE, NONE, NONE),
        SystemResult(POPULARITY, NONE, NONE, NONE),
    ),
    lead=Estimate(0.1, 0.0, 0.3),
    tested=(
        Tested("Slowdive", NOW - timedelta(days=69), NOW - timedelta(days=90), 7),
        Tested("<script>alert(1)</script>", NOW, NOW - timedelta(days=90), None),
        *(Tested(f"Far {n}", NOW, NOW - timedelta(days=90), 20 + n) for n in range(1, 9)),
    ),
    asked=(Asked("deezer", 40, known=30, fetched=8, missing=2, detail="2 of 40 seeds failed"),),
    suggestion=Suggestion({"listenbrainz": 1.0, "deezer": 0.25}, Estimate(0.05, 0.01, 0.1)),
)
"""A backtest that suggests other weights."""


async def replayed(
    library: Library, asked: BacktestOptions, recommended: Mapping[Mbid, datetime], on_progress: OnProgress
) -> Backtest:
    """A replay that shows what `MEASURED` does, of the library that it was given."""
    on_progress(Progress("candidates", "deezer", 3, 40))
    await asyncio.sleep(0)
    return msgspec.structs.replace(
        MEASURED, options=asked, artists=len(library.artists), recommended=len(recommended)
    )


HERE = Process("here", 1, "this")
REPORT = ProviderReport("home", "ollama", Outcome.OK, candidates=9, prompt_tokens=700, cost_microdollars=None)


def result(*found: Recommendation) -> RunResult:
    return RunResult(
        recommendations=found,
        judged=(
            Judged("New 1", None, Verdict.KEPT, "", ("listenbrainz",), mbid(1)),
            Judged("Old", "Record", Verdict.OWNED, "in the library", ("home", "deezer")),
            Judged("Older", None, Verdict.OWNED),
        ),
        providers=(REPORT,),
        prompt_tokens=700,
        level="moderate",
        compression_ratio=26.5,
        notes=("said so",),
    )


def finds(*found: Recommendation) -> Recommend:
    async def recommend(run: RunRow, library: Library, memory: Memory, on_progress: OnProgress) -> RunResult:
        on_progress(Progress("profile", f"{len(library.artists)} artists"))
        return result(*found)

    return recommend


def deps(
    house: House,
    recommend: Recommend,
    *,
    library: LibrarySource | None = None,
    process: Process = HERE,
    auto_approve: bool = False,
    clears: bool = False,
    beat_s: float = 0.01,
) -> RunDeps:
    return RunDeps(
        db=house.db,
        clock=house.clock,
        process=process,
        broadcast=Broadcast(Signals()),
        libraries={"default": library or ScriptedLidarr([owned(900)])},
        recommend=recommend,
        auto_approve=auto_approve,
        clears=clears,
        beat_s=beat_s,
        end_again_s=(0.02, 0.2),
    )


async def ran(
    house: House,
    found: Sequence[Recommendation],
    *,
    auto_approve: bool = False,
    clears: bool = False,
    dry_run: bool = False,
    library: LibrarySource | None = None,
) -> RunDetail:
    """A finished run of the default list that found these; `clears`: and looked them up in Lidarr."""
    asked = await request_run(house.db, "default", dry_run=dry_run, clock=house.clock)
    work = deps(house, finds(*found), library=library, auto_approve=auto_approve, clears=clears)
    return await execute_run(work, asked.id)


class ToldLidarr(ScriptedLidarr):
    """A WatchedLibrary: what it has on record and what is excluded there is what a test wants."""

    def __init__(self, artists: Sequence[OwnedArtist] = ()) -> None:
        super().__init__(artists)
        self.told: list[LidarrEvent] = []
        self.asked: list[datetime] = []
        self.labels: dict[int, str] = {}
        self.refuses: ProviderError | None = None
        self.looks = 0

    async def read_artists(self) -> AsyncIterator[Sequence[OwnedArtist]]:
        self.looks += 1
        async for batch in super().read_artists():
            yield batch

    async def read_tags(self) -> dict[int, str]:
        return self.labels

    async def events_since(self, moment: datetime) -> tuple[LidarrEvent, ...]:
        if self.failure is not None:
            raise self.failure
        self.asked.append(moment)
        return tuple(event for event in self.told if event.at is None or event.at >= moment)

    async def exclude(self, mbid: Mbid, name: str) -> bool:
        if self.refuses is not None:
            raise self.refuses
        new = mbid not in self.exclusions
        self.exclusions |= {mbid}
        return new

    async def lift_exclusion(self, mbid: Mbid) -> None:
        self.exclusions -= {mbid}
