"""What a list wants of its own, in real runs of it."""

from pathlib import Path

import pytest

from brainarr.domain.lists import ListTerms
from brainarr.domain.recommendation import Status, Target
from brainarr.sandbox.starter import demo_library, starter_world
from brainarr.service.estimate import estimate_run
from brainarr.service.execution import execute_run
from brainarr.service.lists import change_list, create_list
from brainarr.service.runs import RunDetail, request_run
from brainarr.store.runs import RunStatus
from brainarr.wiring.build import House
from brainarr.wiring.sandboxed import open_sandboxed
from tests.wiring.test_build import QUICK

pytestmark = pytest.mark.loopback

CHAIN = QUICK | {
    "BRAINARR__COSTS__MONTHLY_BUDGET": "0",
    "BRAINARR__PROVIDER_CHAIN": "[{name: cloud, kind: openai, api_key: sk-x, model: gpt-5-mini,"
    " base_url: 'https://api.openai.com/v1'}, {name: none, kind: builtin}]",
}
"""No cent for a model, so that who is asked is told without anybody being asked."""


async def run_of(house: House, slug: str) -> RunDetail:
    asked = await request_run(house.db, slug, trigger="cli", clock=house.clock)
    return await execute_run(house.runs, asked.id)


async def test_runs_of_two_lists_go_by_the_terms_of_each(tmp_path: Path):
    world = starter_world()
    async with open_sandboxed(tmp_path, world, demo_library(world)[:8], settings=CHAIN) as place:
        house = place.house
        terms = ListTerms(target=Target.ARTISTS, max_recommendations=2, approval="auto", providers=("none",))
        made = await create_list(
            house.db, house.installation.secrets, "Late night", terms=terms, clock=house.clock
        )
        usual, own = await run_of(house, "default"), await run_of(house, made.slug)
        assert [report.name for report in usual.providers if report.kind in ("openai", "builtin")] == [
            "cloud",
            "none",
        ]
        assert "cloud" not in [report.name for report in own.providers]
        assert {row.status for row in usual.recommendations} == {Status.PENDING}
        assert {row.status for row in own.recommendations} == {Status.APPROVED}
        assert all(row.recommendation.album for row in usual.recommendations)
        assert not any(row.recommendation.album for row in own.recommendations)
        assert len(own.recommendations) <= 2
        both = [
            await estimate_run(house.db, house.cache, house.estimate, slug, clock=house.clock)
            for slug in ("default", made.slug)
        ]
        assert [[call.name for call in one.calls] for one in both] == [["cloud", "none"], ["none"]]


async def test_a_provider_that_left_the_chain_is_noted_and_the_run_goes_on(tmp_path: Path):
    world = starter_world()
    async with open_sandboxed(tmp_path, world, demo_library(world)[:8], settings=CHAIN) as place:
        house = place.house
        terms = ListTerms(providers=("gone",), max_recommendations=3)
        await change_list(house.db, house.installation.secrets, "default", terms=terms, clock=house.clock)
        detail = await run_of(house, "default")
        assert detail.run.status is RunStatus.DONE
        assert detail.recommendations
        assert detail.run.notes[0] == (
            "The list names providers that the chain does not have: gone, so no language model is asked."
        )
        assert "cloud" not in [report.name for report in detail.providers]
