"""The whole backtest against a sandbox: a Lidarr with dates, sources that know who is near whom."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from brainarr.domain.backtest import POPULARITY, PRESENT, Backtest, BacktestOptions
from brainarr.errors import Conflict
from brainarr.sandbox.world import Owned, World
from brainarr.service.backtest import apply_weights, present_weights, read_backtest, run_backtest
from brainarr.service.execution import execute_run
from brainarr.service.library import unwatched
from brainarr.service.runs import request_run
from brainarr.wiring.build import House
from brainarr.wiring.sandboxed import open_sandboxed
from tests.backtest_worlds import at_once, followed, unrelated, world_of_scenes

pytestmark = pytest.mark.loopback


async def backtested(house: House, asked: BacktestOptions = BacktestOptions()) -> Backtest:  # noqa: B008
    return await run_backtest(house.backtests, asked, unwatched)


async def backtest_of(folder: Path, library: Sequence[Owned], world: World | None = None) -> Backtest:
    async with open_sandboxed(folder, world or world_of_scenes(), library) as place:
        return await backtested(place.house)


async def test_who_follows_their_scenes_is_predicted_better_than_by_popularity(tmp_path: Path):
    found = await backtest_of(tmp_path, followed())
    present, popular = found.system(PRESENT), found.system(POPULARITY)
    assert present is not None and popular is not None
    assert found.hidden == 12 and len(found.cuts) == 5
    assert present.recall20.value >= 0.4 > popular.recall20.value
    assert found.lead is not None and found.lead.low > 0
    # They have a name, a place, and came after the cut.
    assert all(one.added >= one.cut for one in found.tested)
    assert {one.source for one in found.asked} == {"listenbrainz", "deezer", "musicbrainz"}


async def test_who_takes_in_strangers_is_not_and_it_says_so(tmp_path: Path):
    found = await backtest_of(tmp_path, unrelated())
    present = found.system(PRESENT)
    assert present is not None
    assert (present.recall20.value, present.recall20.high) == (0, pytest.approx(0.3))
    assert {one.place for one in found.tested} == {None}
    assert found.suggestion.weights == {}


async def test_a_library_of_one_day_has_no_past(tmp_path: Path):
    found = await backtest_of(tmp_path, at_once(followed()))
    assert "60 taken in on days of a bulk import" in found.trouble
    assert found.systems == () and found.asked == ()


async def test_an_empty_library_is_no_fault(tmp_path: Path):
    assert (await backtest_of(tmp_path, [])).trouble == "The library is empty."


async def test_what_was_asked_once_is_not_asked_again_and_offline_nobody_is(tmp_path: Path):
    async with open_sandboxed(tmp_path, world_of_scenes(), followed()) as place:
        house = place.house
        with pytest.raises(Conflict, match="has not been read yet"):
            await backtested(house, BacktestOptions(offline=True))
        first = await backtested(house)
        assert all(one.fetched == one.seeds > 0 and one.known == 0 for one in first.asked)
        again = await backtested(house)
        assert all(one.known == one.seeds and one.fetched == 0 for one in again.asked)
        assert again.systems == first.systems
        offline = await backtested(house, BacktestOptions(offline=True))
        assert offline.systems == first.systems
        assert await read_backtest(house.db) == offline


async def test_offline_with_few_lists_says_how_many_are_missing(tmp_path: Path):
    async with open_sandboxed(tmp_path, world_of_scenes(), followed()) as place:
        house = place.house
        await backtested(house, BacktestOptions(hide=10, folds=1))
        more = await backtested(house, BacktestOptions(hide=30, folds=1, offline=True))
        assert all(one.fetched == 0 and one.known + one.missing == one.seeds for one in more.asked)


async def test_applied_weights_count_in_the_next_run_without_a_restart(tmp_path: Path):
    artists = {"BRAINARR__RECOMMEND__TARGET": "artists", "BRAINARR__RECOMMEND__MAX_RECOMMENDATIONS": "3"}
    async with open_sandboxed(tmp_path, world_of_scenes(), followed(), settings=artists) as place:
        house = place.house
        made = await backtested(house)
        assert made.suggestion.weights, made.suggestion.reason
        wanted = await apply_weights(house.backtests)
        assert await present_weights(house.backtests) == wanted != house.settings.recommend.source_weights
        asked = await request_run(house.db, "default", dry_run=True, clock=house.clock)
        detail = await execute_run(house.runs, asked.id)
        voices = {v.source: v.weight for row in detail.recommendations for v in row.recommendation.voices}
        assert voices and all(weight == wanted[source] for source, weight in voices.items())
        after = await backtested(house)
        present = after.system(PRESENT)
        assert present is not None and present.weights == wanted
