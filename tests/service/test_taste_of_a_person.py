"""A simulated person in front of the real pipeline and a real database: refuses metal, keeps folk."""

import pytest
from msgspec.structs import replace

from brainarr.domain.learning import DEFAULT_WEIGHTS, Learnt
from brainarr.domain.music import CatalogArtist, Library, ReleaseGroup
from brainarr.domain.recommendation import Memory, Recommendation, RunOptions, RunResult, Status
from brainarr.pipeline.run import run_pipeline
from brainarr.service.blocks import block_style, list_blocks, revoke_block
from brainarr.service.execution import execute_run
from brainarr.service.learning import forget, read_taste
from brainarr.service.progress import OnProgress
from brainarr.service.recommendations import Decision, decide
from brainarr.service.runs import RunDetail, request_run
from brainarr.store.runs import RunRow
from tests.fakes import FakeCatalog, FakeSource
from tests.pipeline.builders import mbid as named
from tests.pipeline.builders import owned as owns
from tests.pipeline.test_run import tools
from tests.service.given import deps
from tests.store.given import House, ScriptedLidarr

BATCH = 8
STYLES = ("folk", "death metal", "synth-pop")
OWNED = [owns(number, f"Owned {number}", *STYLES) for number in range(1, 9)]
NEW = {f"{style} {number}": style for number in range(60) for style in STYLES}
CATALOG = FakeCatalog(
    [CatalogArtist(named(name), name, genres=((style, 3.0),)) for name, style in NEW.items()],
    [ReleaseGroup(named(name + "!"), f"{name} LP", named(name), 1990 + n % 20) for n, name in enumerate(NEW)],
)


class Person:
    """Runs Brainarr week after week, and decides."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.memories: list[Memory] = []

    async def week(self) -> RunDetail:
        self.house.clock.advance(days=7)
        asked = await request_run(self.house.db, "default", clock=self.house.clock)
        return await execute_run(deps(self.house, self._recommend, library=ScriptedLidarr(OWNED)), asked.id)

    async def decide(self, detail: RunDetail) -> None:
        self.house.clock.advance(days=1)
        for row in detail.recommendations:
            style = NEW[row.recommendation.artist]
            if style == "synth-pop" or row.status is not Status.PENDING:
                continue
            decision = Decision.APPROVE if style == "folk" else Decision.REJECT
            await decide(self.house.db, row.id, decision, clock=self.house.clock)

    async def _recommend(
        self, run: RunRow, library: Library, memory: Memory, on_progress: OnProgress
    ) -> RunResult:
        self.memories.append(memory)
        # Every week other corners of the neighbourhood, in which all three styles stand alike.
        start = 24 * len(self.memories) % len(NEW)
        names = [*NEW, *NEW][start : start + 48]
        near = {a.mbid: [(name, named(name)) for name in names] for a in OWNED if a.mbid}
        world = tools(sources=(FakeSource(near, name="listenbrainz"),), catalog=CATALOG)
        options = RunOptions(max_recommendations=BATCH, seed=run.id)
        return await run_pipeline(library, options, memory, world, on_progress)


def share_of(style: str, detail: RunDetail) -> float:
    found = [NEW[row.recommendation.artist] for row in detail.recommendations]
    return found.count(style) / len(found)


async def test_the_share_of_what_is_kept_rises_and_a_reset_takes_it_back(house: House) -> None:
    person = Person(house)
    weeks: list[RunDetail] = []
    for _ in range(6):
        weeks.append(await person.week())
        await person.decide(weeks[-1])
    folk = [share_of("folk", week) for week in weeks]
    metal = [share_of("death metal", week) for week in weeks]
    assert 0 < folk[0] <= 0.5 and metal[0] > 0.2
    assert min(folk[3:]) > folk[0]
    assert max(metal[3:]) < metal[0]
    taste = await read_taste(house.db, DEFAULT_WEIGHTS, clock=house.clock)
    assert any("death metal suggestions: death metal counts less" in said for said in taste.words)
    assert any("folk suggestions: folk counts more" in said for said in taste.words)

    await forget(house.db, clock=house.clock)
    after = await person.week()
    assert person.memories[-1].learnt == Learnt(DEFAULT_WEIGHTS)
    assert share_of("folk", after) < folk[-1]


async def test_nothing_blocked_ever_appears_again_until_the_block_is_revoked(house: House) -> None:
    person = Person(house)
    first = await person.week()
    row = next(row for row in first.recommendations if NEW[row.recommendation.artist] == "synth-pop")
    await decide(house.db, row.id, Decision.BLOCK, clock=house.clock)
    await block_style(house.db, "metal", clock=house.clock)
    for _ in range(6):
        week = await person.week()
        await person.decide(week)
        shown = {found.recommendation.artist for found in week.recommendations}
        assert len(shown) == BATCH
        assert row.recommendation.artist not in shown
        assert share_of("death metal", week) == 0
    await revoke_block(house.db, (await list_blocks(house.db))[0].id, clock=house.clock)
    await forget(house.db, clock=house.clock)
    weeks = [await person.week() for _ in range(3)]
    assert max(share_of("death metal", week) for week in weeks) > 0


async def test_each_batch_notes_which_slot_was_drawn_and_how_likely_that_was(house: House) -> None:
    person = Person(house)
    shown: list[Recommendation] = []
    for _ in range(4):
        week = await person.week()
        assert [row.place for row in week.recommendations] == list(range(1, BATCH + 1))
        shown += [row.recommendation for row in week.recommendations]
    assert [item.explored for item in shown] == ([False] * (BATCH - 1) + [True]) * 4
    drawn = [item.propensity for item in shown if item.explored]
    assert all(0 < propensity < 1 for propensity in drawn)
    assert {item.propensity for item in shown if not item.explored} == {1.0}
    assert all(("A try: its place was drawn" in item.reason) == item.explored for item in shown)


@pytest.mark.parametrize("exploration", [0, 4])
async def test_the_setting_says_how_many_slots_are_drawn(exploration: int) -> None:
    near = {a.mbid: [(name, named(name)) for name in list(NEW)[:40]] for a in OWNED if a.mbid}
    world = replace(tools(sources=(FakeSource(near),), catalog=CATALOG))
    options = RunOptions(max_recommendations=BATCH, exploration=exploration)
    library = Library(tuple(OWNED), {}, frozenset(), world.clock())
    found = await run_pipeline(library, options, Memory(), world, lambda step: None)
    assert sum(item.explored for item in found.recommendations) == exploration
