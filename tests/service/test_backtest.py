"""Backtests as the services see them: which library they read, what is kept, when weights are taken over."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from functools import partial

import msgspec
import pytest
from sqlalchemy import update

from brainarr.domain.backtest import Backtest, BacktestOptions, Suggestion
from brainarr.domain.music import Library, Mbid
from brainarr.domain.recommendation import Progress
from brainarr.errors import Conflict, NotFound, ProviderUnavailable
from brainarr.service.backtest import (
    SOURCE_WEIGHTS,
    BacktestDeps,
    BacktestState,
    Replay,
    apply_weights,
    backtest_state,
    present_weights,
    read_backtest,
    request_backtest,
    run_backtest,
    work_backtest,
)
from brainarr.service.jobs import JobDeps, execute_job
from brainarr.service.library import unwatched
from brainarr.service.progress import OnProgress
from brainarr.service.settings import read_settings, write_settings
from brainarr.service.tasks import waiting_work
from brainarr.settings.layers import Origin
from brainarr.store import tables
from brainarr.store.backtests import write_backtest
from tests.service.given import HERE, MEASURED, ran, replayed
from tests.store.given import House, ScriptedLidarr, mbid, owned, recommended

OFFLINE = BacktestOptions(offline=True)


def deps(
    house: House,
    *,
    library: ScriptedLidarr | None = None,
    replay: Replay = replayed,
    weights: Mapping[str, float] | None = None,
    origin: Origin = Origin.DEFAULT,
) -> BacktestDeps:
    return BacktestDeps(
        db=house.db,
        secrets=house.secrets,
        clock=house.clock,
        library=library,
        replay=replay,
        weights=weights or {},
        origin=origin,
    )


async def measured(house: House, made: Backtest = MEASURED) -> None:
    async with house.db.transaction() as connection:
        await write_backtest(connection, made)


async def test_the_newest_backtest_is_kept_and_the_older_one_is_not(house: House):
    assert await read_backtest(house.db) is None
    await measured(house, msgspec.structs.replace(MEASURED, artists=1))
    await measured(house)
    assert await read_backtest(house.db) == MEASURED


async def test_what_an_older_brainarr_measured_is_as_good_as_absent(house: House):
    await measured(house)
    async with house.db.transaction() as connection:
        await connection.execute(update(tables.backtests).values(result='{"made_at": "yesterday"}'))
    assert await read_backtest(house.db) is None


async def test_the_library_is_read_anew(house: House):
    made = await run_backtest(
        deps(house, library=ScriptedLidarr([owned(1), owned(2)])), BacktestOptions(), unwatched
    )
    assert (made.artists, made.notes) == (2, ())
    assert await read_backtest(house.db) == made


async def test_while_lidarr_is_away_the_remembered_library_is_used_and_said_to_be(house: House):
    lidarr = ScriptedLidarr([owned(1), owned(2)])
    await run_backtest(deps(house, library=lidarr), BacktestOptions(), unwatched)
    lidarr.failure = ProviderUnavailable("lidarr", "is away")
    made = await run_backtest(deps(house, library=lidarr), BacktestOptions(), unwatched)
    assert made.artists == 2
    assert made.notes == ("Lidarr was away: the library is as it was read on 2026-11-22.",)


async def test_away_before_the_first_reading_is_an_error(house: House):
    lidarr = ScriptedLidarr([owned(1)])
    lidarr.failure = ProviderUnavailable("lidarr", "is away")
    with pytest.raises(ProviderUnavailable):
        await run_backtest(deps(house, library=lidarr), BacktestOptions(), unwatched)


async def test_offline_lidarr_is_not_asked(house: House):
    lidarr = ScriptedLidarr([owned(1)])
    with pytest.raises(Conflict, match="has not been read yet"):
        await run_backtest(deps(house, library=lidarr), OFFLINE, unwatched)
    await run_backtest(deps(house, library=lidarr), BacktestOptions(), unwatched)
    lidarr.artists.append(owned(2))
    made = await run_backtest(deps(house, library=lidarr), OFFLINE, unwatched)
    assert (made.artists, made.notes) == (1, ())


async def test_the_replay_learns_what_brainarr_recommended_first_and_when(house: House):
    told: list[Mapping[Mbid, datetime]] = []

    async def replay(
        library: Library, asked: BacktestOptions, named: Mapping[Mbid, datetime], on_progress: OnProgress
    ) -> Backtest:
        told.append(named)
        return MEASURED

    first = house.clock()
    await ran(house, [recommended(1), recommended(2, album=3)])
    house.clock.advance(days=30)
    await ran(house, [recommended(2, album=4)])
    await run_backtest(deps(house, library=ScriptedLidarr(), replay=replay), BacktestOptions(), unwatched)
    assert told == [{mbid(1): first, mbid(2): first}]


# Weights


async def test_suggested_weights_are_taken_over_and_count_at_once(house: House):
    await measured(house)
    mine = deps(house, weights={"lastfm": 0.5, "deezer": 0.9})
    assert await present_weights(mine) == {"lastfm": 0.5, "deezer": 0.9}
    wanted = {"lastfm": 0.5, "listenbrainz": 1.0, "deezer": 0.25}
    assert await apply_weights(mine) == wanted
    assert await present_weights(mine) == wanted
    assert (await read_settings(house.db, house.secrets))[SOURCE_WEIGHTS] == wanted


async def test_a_weight_that_was_set_by_itself_does_not_go_over_the_new_ones(house: House):
    await measured(house)
    await write_settings(house.db, house.secrets, {f"{SOURCE_WEIGHTS}.deezer": 0.9}, clock=house.clock)
    await apply_weights(deps(house, weights={"deezer": 0.9}, origin=Origin.DATABASE))
    stored = await read_settings(house.db, house.secrets)
    assert [key for key in stored if key.startswith("recommend.")] == [SOURCE_WEIGHTS]


@pytest.mark.parametrize(
    ("origin", "named"), [(Origin.FILE, "config.yaml"), (Origin.ENVIRONMENT, "the environment")]
)
async def test_what_file_or_environment_fix_is_not_changed(house: House, origin: Origin, named: str):
    await measured(house)
    fixed = deps(house, weights={"deezer": 0.9}, origin=origin)
    with pytest.raises(Conflict, match=f"fixed by {named}") as caught:
        await apply_weights(fixed)
    assert "{listenbrainz: 1, deezer: 0.25}" in caught.value.remedy
    assert SOURCE_WEIGHTS not in await read_settings(house.db, house.secrets)
    await write_settings(house.db, house.secrets, {SOURCE_WEIGHTS: {"deezer": 0.1}}, clock=house.clock)
    assert await present_weights(fixed) == {"deezer": 0.9}


async def test_without_a_suggestion_there_is_nothing_to_take_over(house: House):
    with pytest.raises(NotFound):
        await apply_weights(deps(house))
    await measured(
        house, msgspec.structs.replace(MEASURED, suggestion=Suggestion(reason="There is only one source."))
    )
    with pytest.raises(Conflict, match="only one source"):
        await apply_weights(deps(house))


# As a job


async def worked(house: House, wired: BacktestDeps) -> BacktestState:
    """What became of the one that waits."""
    (waiting,) = await waiting_work(house.db)
    here = JobDeps(house.db, house.clock, HERE, beat_s=0.001)
    await execute_job(here, waiting.id, lambda _: partial(work_backtest, wired))
    return await backtest_state(house.db)


async def test_one_at_a_time_and_its_progress_is_seen(house: House):
    seen: list[str] = []

    async def watched(
        library: Library,
        asked: BacktestOptions,
        recommended: Mapping[Mbid, datetime],
        on_progress: OnProgress,
    ) -> Backtest:
        on_progress(Progress("candidates", "deezer", 3, 40))
        for _ in range(2_000):
            state = await backtest_state(house.db)
            if state.progress is not None and state.progress.stage == "candidates":
                seen.append(state.progress.detail)
                break
            await asyncio.sleep(0.001)
        return await replayed(library, asked, recommended, on_progress)

    asked = BacktestOptions(hide=20, folds=3)
    assert await request_backtest(house.db, asked, clock=house.clock) is True
    assert await request_backtest(house.db, BacktestOptions(), clock=house.clock) is False
    assert (await backtest_state(house.db)).progress == Progress("library")
    wired = deps(house, library=ScriptedLidarr([owned(1)]), replay=watched)
    assert await worked(house, wired) == BacktestState()
    made = await read_backtest(house.db)
    assert seen == ["deezer"] and made is not None and made.options == asked
    assert await request_backtest(house.db, BacktestOptions(), clock=house.clock) is True


async def test_one_that_fails_says_why_and_the_next_may_start(house: House):
    await request_backtest(house.db, BacktestOptions(), clock=house.clock)
    state = await worked(house, deps(house))
    assert state.progress is None
    assert state.error == "The library has not been read yet." and "lidarr.url" in (state.remedy or "")
    assert await request_backtest(house.db, BacktestOptions(), clock=house.clock) is True
    assert (await backtest_state(house.db)).error is None


async def test_a_fault_of_ours_is_called_one(house: House):
    async def broken(*_: object) -> Backtest:
        raise ZeroDivisionError

    await request_backtest(house.db, BacktestOptions(), clock=house.clock)
    state = await worked(house, deps(house, library=ScriptedLidarr(), replay=broken))
    assert "ZeroDivisionError" in (state.error or "") and "report" in (state.remedy or "")


async def test_stopping_its_worker_stores_nothing_and_gives_it_back(house: House):
    begun = asyncio.Event()

    async def endless(*_: object) -> Backtest:
        begun.set()
        await asyncio.sleep(3600)
        return MEASURED

    await request_backtest(house.db, BacktestOptions(), clock=house.clock)
    waiting = await waiting_work(house.db)
    task = asyncio.create_task(worked(house, deps(house, library=ScriptedLidarr(), replay=endless)))
    await begun.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert [(one.table, one.id) for one in await waiting_work(house.db)] == [("job", waiting[0].id)]
    assert await read_backtest(house.db) is None
