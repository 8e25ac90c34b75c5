"""Two Lidarrs: each list learns from its own, leaves out what that one has, and delivers there."""

from pathlib import Path

import pytest
from sqlalchemy import update

from brainarr.domain.recommendation import Status
from brainarr.sandbox.lidarr.app import create_lidarr
from brainarr.sandbox.lidarr.holdings import Holdings
from brainarr.sandbox.serve import serve
from brainarr.sandbox.starter import demo_library, starter_world
from brainarr.service.execution import execute_run
from brainarr.service.health import read_health
from brainarr.service.lists import create_list
from brainarr.service.push import push
from brainarr.service.recommendations import Decision, decide
from brainarr.service.runs import request_run
from brainarr.store.recommendations import recommendation
from brainarr.store.runs import RunStatus
from brainarr.store.tables import lists
from brainarr.wiring.sandboxed import open_sandboxed
from tests.wiring.test_build import QUICK

pytestmark = pytest.mark.loopback

KEY = "the-key-of-the-other-lidarr"


async def test_a_list_for_another_lidarr_learns_from_it_and_delivers_there(tmp_path: Path):
    world = starter_world()
    owned = demo_library(world)
    attic = Holdings(world, lambda: owned[0].added)
    attic.populate(owned[8:14])
    async with serve(create_lidarr(attic, KEY)) as address:
        more = {
            "BRAINARR__LIDARRS__0__NAME": "attic",
            "BRAINARR__LIDARRS__0__URL": address,
            "BRAINARR__LIDARRS__0__API_KEY": KEY,
        }
        async with open_sandboxed(tmp_path, world, owned[:8], settings=QUICK | more) as place:
            house = place.house
            other = await create_list(house.db, house.installation.secrets, "Attic", clock=house.clock)
            async with house.db.transaction() as connection:
                mine = update(lists).where(lists.c.slug == other.slug)
                await connection.execute(mine.values(instance="attic"))
            found = {}
            for slug in ("default", other.slug):
                asked = await request_run(house.db, slug, trigger="cli", clock=house.clock)
                found[slug] = await execute_run(house.runs, asked.id)
            artists = {
                slug: {row.recommendation.artist_mbid for row in detail.recommendations}
                for slug, detail in found.items()
            }
            assert artists["default"] != artists[other.slug]
            assert not artists[other.slug] & {one.artist for one in owned[8:14]}
            row = found[other.slug].recommendations[0]
            await decide(house.db, row.id, Decision.APPROVE, clock=house.clock)
            await push(house.db, row.id, house.outside.lidarrs, clock=house.clock)
            assert attic.find_artist(row.recommendation.artist_mbid)
            assert place.lidarr.find_artist(row.recommendation.artist_mbid) is None
            asked = await request_run(house.db, other.slug, trigger="cli", clock=house.clock)
            after = (await execute_run(house.runs, asked.id)).run
            assert after.status is RunStatus.DONE
            async with house.db.reading() as connection:
                arrived = await recommendation(connection, row.id)
            assert arrived is not None
            assert arrived.status is Status.IMPORTED


async def test_a_list_for_a_lidarr_that_is_not_configured_says_so(tmp_path: Path):
    world = starter_world()
    async with open_sandboxed(tmp_path, world, demo_library(world)[:4], settings=QUICK) as place:
        house = place.house
        async with house.db.transaction() as connection:
            await connection.execute(update(lists).values(instance="attic"))
        asked = await request_run(house.db, "default", trigger="cli", clock=house.clock)
        failed = (await execute_run(house.runs, asked.id)).run
        assert (failed.status, failed.error) == (RunStatus.FAILED, "No Lidarr is called attic.")
        issues = await read_health(house.db, clock=house.clock)
        assert any("which is not configured" in issue.message for issue in issues)
