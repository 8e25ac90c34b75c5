"""What decisions teach, from the stored recommendation to the next run's memory; and how it is forgotten."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from brainarr.domain.learning import DEFAULT_WEIGHTS, FacetWeights, Learnt
from brainarr.domain.life import Event
from brainarr.domain.music import Library, Plays
from brainarr.domain.recommendation import Memory, Recommendation, RunResult
from brainarr.errors import NotFound
from brainarr.service.execution import execute_run
from brainarr.service.history import read_history
from brainarr.service.keeping import settle_recommendations
from brainarr.service.learning import forget, like, read_taste, remember
from brainarr.service.recommendations import Decision, decide
from brainarr.service.runs import request_run
from brainarr.store.history import Sought
from brainarr.store.learning import Direction
from tests.service.given import deps, ran, result
from tests.store.given import House, ScriptedLidarr, mbid, owned, recommended


async def taught(house: House, decision: Decision, count: int = 6) -> list[int]:
    detail = await ran(house, [recommended(number) for number in range(1, count + 1)])
    ids = [row.id for row in detail.recommendations]
    for number in ids:
        await decide(house.db, number, decision, clock=house.clock)
    return ids


async def learnt(house: House, configured: FacetWeights = DEFAULT_WEIGHTS) -> Learnt:
    return (await remember(house.db, configured, clock=house.clock)).learnt


async def test_rejections_lower_a_genre_and_a_reset_brings_back_the_prior(house: House) -> None:
    configured = FacetWeights(0.7, 0.1, 0.1, 0.1)
    assert await learnt(house, configured) == Learnt(configured)
    await taught(house, Decision.REJECT)
    taste = await read_taste(house.db, configured, clock=house.clock)
    assert taste.learnt.decisions == 6
    assert taste.learnt.genres["dream pop"] < -0.05
    assert any("You took 0 of 6 dream pop suggestions" in sentence for sentence in taste.words)
    house.clock.advance(minutes=1)
    await forget(house.db, clock=house.clock)
    assert await learnt(house, configured) == Learnt(configured)
    after = await read_taste(house.db, configured, clock=house.clock)
    assert (after.weights, after.forgotten_until) == (configured, house.clock())
    assert (await read_history(house.db)).total == 12


async def test_what_is_decided_after_a_reset_is_learnt_again(house: House) -> None:
    detail = await ran(house, [recommended(1), recommended(2)])
    await forget(house.db, clock=house.clock)
    house.clock.advance(minutes=1)
    await decide(house.db, detail.recommendations[0].id, Decision.REJECT, clock=house.clock)
    assert (await learnt(house)).decisions == 1


async def test_the_next_run_is_handed_what_was_learnt(house: House) -> None:
    await taught(house, Decision.REJECT)
    seen: list[Memory] = []

    async def recommend(run: object, library: object, memory: Memory, on_progress: object) -> RunResult:
        seen.append(memory)
        return result()

    asked = await request_run(house.db, "default", clock=house.clock)
    await execute_run(deps(house, recommend), asked.id)
    assert seen[0].learnt.decisions == 6
    assert seen[0].learnt.genres["shoegaze"] < 0


async def test_only_what_waits_for_two_weeks_counts_as_ignored(house: House) -> None:
    await ran(house, [recommended(1)])
    house.clock.advance(days=13)
    assert (await learnt(house)).decisions == 0
    house.clock.advance(days=1)
    told = await learnt(house)
    assert told.decisions == 1
    assert -0.02 < told.genres["shoegaze"] < 0


async def test_what_the_setting_approved_says_nothing_until_it_is_kept(house: House) -> None:
    lidarr = ScriptedLidarr([owned(900)])
    await ran(house, [recommended(1)], auto_approve=True, library=lidarr)
    assert (await learnt(house)).decisions == 0
    lidarr.artists.append(owned(1))
    await settle_recommendations(house.db, lidarr, house.clock)
    assert (await learnt(house)).decisions == 0
    house.clock.advance(days=31)
    await settle_recommendations(house.db, lidarr, house.clock)
    assert (await learnt(house)).decisions == 1


class Listener:
    """A scrobbling service that counts what a test says."""

    def __init__(self) -> None:
        self.plays: list[Plays] = []

    async def __call__(self) -> tuple[Sequence[Plays], Sequence[str]]:
        return self.plays, ("Listens of one service were not counted.",)


async def test_plays_of_an_import_raise_its_genre_and_silence_lowers_it(house: House) -> None:
    lidarr, listener = ScriptedLidarr([owned(900)]), Listener()

    async def recommend(run: object, library: Library, memory: Memory, on_progress: object) -> RunResult:
        return result(recommended(1)) if not lidarr.artists[1:] else result()

    async def once() -> tuple[str, ...]:
        asked = await request_run(house.db, "default", clock=house.clock)
        listening = deps(house, recommend, library=lidarr)
        return (await execute_run(replace(listening, listen=listener), asked.id)).run.notes

    assert "Listens of one service were not counted." in await once()
    house.clock.advance(minutes=1)
    await decide(house.db, 1, Decision.APPROVE, clock=house.clock)
    lidarr.artists.append(owned(1))
    await once()
    imported = (await learnt(house)).genres["dream pop"]
    listener.plays = [Plays("Artist 900", 5)]
    house.clock.advance(days=61)
    await once()
    unplayed = (await learnt(house)).genres["dream pop"]
    listener.plays = [Plays("Artist 1", 40, mbid(1))]
    await once()
    played = (await learnt(house)).genres["dream pop"]
    await once()
    assert 0 < unplayed < imported < played
    heard = (await read_history(house.db, sought=Sought(event=Event.PLAYED))).items
    assert [entry.artist for entry in heard] == ["New 1"]


async def test_likings_reach_the_memory_and_the_latest_counts(house: House) -> None:
    detail = await ran(house, [recommended(1), recommended(2)])
    first, second = (row.id for row in detail.recommendations)
    await like(house.db, first, Direction.MORE, clock=house.clock)
    await like(house.db, second, Direction.MORE, clock=house.clock)
    house.clock.advance(minutes=1)
    await like(house.db, second, Direction.LESS, clock=house.clock)
    told = await learnt(house)
    assert ([one.mbid for one in told.more], [one.name for one in told.less]) == ([mbid(1)], ["New 2"])
    assert told.decisions == 2
    await like(house.db, first, None, clock=house.clock)
    await forget(house.db, clock=house.clock)
    assert await learnt(house) == Learnt(DEFAULT_WEIGHTS)
    with pytest.raises(NotFound):
        await like(house.db, 99, Direction.MORE, clock=house.clock)


async def test_how_it_was_shown_is_stored(house: House) -> None:
    drawn: Recommendation = replace(recommended(2), explored=True, propensity=0.25)
    detail = await ran(house, [recommended(1), drawn])
    one, two = detail.recommendations
    assert (one.place, one.recommendation.explored, one.recommendation.propensity) == (1, False, 1.0)
    assert (two.place, two.recommendation.explored, two.recommendation.propensity) == (2, True, 0.25)
