"""What the service tests share: runs that find what a test wants them to find."""

from collections.abc import Sequence

from brainarr.domain.music import Library
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
from brainarr.pipeline.ports import LibrarySource
from brainarr.service.execution import Recommend, RunDeps, execute_run
from brainarr.service.progress import Broadcast, OnProgress
from brainarr.service.runs import RunDetail, request_run
from brainarr.store.runs import Process, RunRow
from tests.store.given import House, ScriptedLidarr, mbid, owned

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
    beat_s: float = 0.01,
) -> RunDeps:
    return RunDeps(
        db=house.db,
        clock=house.clock,
        process=process,
        broadcast=Broadcast(),
        library=library or ScriptedLidarr([owned(900)]),
        recommend=recommend,
        auto_approve=auto_approve,
        beat_s=beat_s,
    )


async def ran(
    house: House,
    found: Sequence[Recommendation],
    *,
    auto_approve: bool = False,
    dry_run: bool = False,
    library: LibrarySource | None = None,
) -> RunDetail:
    """A finished run of the default list that found these."""
    asked = await request_run(house.db, "default", dry_run=dry_run, clock=house.clock)
    return await execute_run(deps(house, finds(*found), library=library, auto_approve=auto_approve), asked.id)
