"""Backtests as the services see them: which library they read, what is kept, when weights are taken over."""

import asyncio
from collections.abc import Mapping
from datetime import datetime

import msgspec
import pytest
from sqlalchemy import update

from brainarr.domain.backtest import Backtest, BacktestOptions, Suggestion
from brainarr.domain.music import Library, Mbid
from brainarr.errors import Conflict, NotFound, ProviderUnavailable
from brainarr.service.backtest import (
    SOURCE_WEIGHTS,
    BacktestDeps,
    Backtesting,
    Replay,
    apply_weights,
    present_weights,
    read_backtest,
    run_backtest,
)
from brainarr.service.library import unwatched
from brainarr.service.progress import OnProgress
from brainarr.service.settings import read_settings, write_settings
from brainarr.settings.layers import Origin
from brainarr.store import tables
from brainarr.store.backtests import write_backtest
from brainarr.store.signals import BACKTEST, Signals
from tests.service.given import MEASURED, ran, replayed
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
    ("origin", "place"), [(Origin.FILE, "config.yaml"), (Origin.ENVIRONMENT, "the environment")]
)
async def test_what_file_or_environment_fix_is_not_changed(house: House, origin: Origin, place: str):
    await measured(house)
    fixed = deps(house, weights={"deezer": 0.9}, origin=origin)
    with pytest.raises(Conflict, match=f"fixed by {place}") as caught:
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


# In the background


async def over(backtests: Backtesting) -> None:
    for _ in range(5000):
        if backtests.progress is None:
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it does not end")


async def test_one_at_a_time_and_its_progress_is_seen(house: House):
    backtests = Backtesting(deps(house, library=ScriptedLidarr([owned(1)])), Signals())
    assert backtests.start(BacktestOptions()) is True
    assert backtests.start(BacktestOptions()) is False
    seen: set[str] = set()
    while backtests.progress is not None:
        seen.add(backtests.progress.stage)
        await asyncio.sleep(0)
    assert "candidates" in seen
    assert backtests.failure is None and await read_backtest(house.db) is not None
    assert backtests.start(BacktestOptions()) is True
    await backtests.aclose()


async def test_one_that_fails_says_why_and_the_next_may_start(house: House):
    backtests = Backtesting(deps(house), Signals())
    backtests.start(BacktestOptions())
    await over(backtests)
    assert backtests.failure is not None and "has not been read" in backtests.failure.message
    assert backtests.start(BacktestOptions()) is True
    assert backtests.failure is None
    await backtests.aclose()


async def test_a_fault_of_ours_is_called_one(house: House):
    async def broken(*_: object) -> Backtest:
        raise ZeroDivisionError

    backtests = Backtesting(deps(house, library=ScriptedLidarr(), replay=broken), Signals())
    backtests.start(BacktestOptions())
    await over(backtests)
    assert backtests.failure is not None
    assert "ZeroDivisionError" in backtests.failure.message and "report" in backtests.failure.remedy


async def test_closing_stops_the_one_under_way_and_stores_nothing(house: House):
    async def endless(*_: object) -> Backtest:
        await asyncio.sleep(3600)
        return MEASURED

    backtests = Backtesting(deps(house, library=ScriptedLidarr(), replay=endless), Signals())
    backtests.start(BacktestOptions())
    await asyncio.sleep(0.05)
    await backtests.aclose()
    assert (backtests.progress, backtests.failure) == (None, None)
    assert await read_backtest(house.db) is None


async def test_another_process_sees_the_one_under_way_and_does_not_start_a_second(house: House) -> None:
    signals = Signals()

    async def endless(*_: object) -> Backtest:
        await asyncio.Event().wait()
        raise AssertionError

    works = Backtesting(deps(house, library=ScriptedLidarr([owned(1)]), replay=endless), signals)
    looks = Backtesting(deps(house), signals)
    assert looks.progress is None
    assert works.start(BacktestOptions())
    assert looks.progress is not None
    assert not looks.start(BacktestOptions())
    await works.aclose()
    assert looks.progress is None
    assert looks.failure is None


async def test_why_it_failed_is_known_in_another_process_too(house: House) -> None:
    signals = Signals()
    works, looks = Backtesting(deps(house), signals), Backtesting(deps(house), signals)
    works.start(BacktestOptions())
    await over(works)
    assert looks.failure is not None
    assert "has not been read" in looks.failure.message


async def test_a_backtest_whose_process_died_is_forgotten(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    signals = Signals()
    looks = Backtesting(deps(house), signals)
    signals.tell(BACKTEST, msgspec.msgpack.encode([{"stage": "library"}]))
    assert looks.progress is not None
    monkeypatch.setattr("brainarr.service.backtest._SILENCE_S", 0)
    assert looks.progress is None
    signals.tell(BACKTEST, b"no msgpack of ours")
    assert looks.progress is None
