"""One Brainarr, two Lidarrs: what is for one is no affair of the other, nor is what is wrong with it."""

from pathlib import Path

import pytest

from brainarr.domain.music import Mbid
from brainarr.domain.recommendation import Status
from brainarr.sandbox.lidarr.holdings import Holdings
from brainarr.service.lists import create_list
from tests.living.stage import ATTIC, Stage, album_of, artist_of, carried_as, on_stage

pytestmark = pytest.mark.loopback

OWNED, EACH = 5, 12


def holds(holdings: Holdings, mbid: Mbid) -> bool:
    return bool(holdings.find_album(mbid) or holdings.find_artist(mbid))


async def of(stage: Stage, proposed: list[Mbid]) -> set[Status]:
    return {(await stage.row_of(mbid)).status for mbid in proposed}


@pytest.mark.thorough
async def test_two_lidarrs_get_their_own_and_the_trouble_of_one_is_not_the_others(tmp_path: Path) -> None:
    async with on_stage(tmp_path, artists=60, owned=OWNED, with_attic=True) as stage:
        assert stage.attic is not None
        house, below, above = stage.house, stage.holdings, stage.attic.commands.holdings
        row = await create_list(
            house.db, house.installation.secrets, "Attic", instance=ATTIC, clock=stage.clock
        )
        fresh = list(stage.world.artists.values())[OWNED:]
        mine = [album_of(stage.world, stage.world.discography(one.mbid)[0]) for one in fresh[:EACH]]
        theirs = [artist_of(one) for one in fresh[EACH : 2 * EACH]]
        await stage.propose(mine)
        await stage.propose(theirs, row.slug)
        below_gets = [one.release_group_mbid for one in mine if one.release_group_mbid]
        above_gets = [one.artist_mbid for one in theirs]
        await stage.connect()
        await stage.connect(row.slug)

        above.metadata.failing = 503
        await stage.cycle()
        await stage.cycle()
        assert await of(stage, below_gets) == {Status.IMPORTED}
        assert await of(stage, above_gets) <= {Status.APPROVED, Status.DELIVERED}
        health = (await stage.client.get("/api/v1/health")).text
        assert "Lidarr attic cannot reach its metadata server" in health

        above.metadata.failing = None
        for _ in range(26):  # its list of artists comes every six hours
            await stage.cycle()
        assert await of(stage, above_gets) == {Status.IMPORTED}
        assert all(holds(below, mbid) and not holds(above, mbid) for mbid in below_gets)
        assert all(holds(above, mbid) and not holds(below, mbid) for mbid in above_gets)

        # The same artist in the other one is not the one that was recommended.
        above.delete_artist(above.artists[_id_of(above, above_gets[0])], exclude=True)
        below.delete_album(below.albums[_id_of(below, below_gets[0])], exclude=False)
        await stage.cycle()
        gone = {carried_as(await stage.row_of(mbid)) for mbid in (above_gets[0], below_gets[0])}
        assert gone == {above_gets[0], below_gets[0]}
        assert await of(stage, [above_gets[0], below_gets[0]]) == {Status.REMOVED}
        assert await of(stage, [*above_gets[1:], *below_gets[1:]]) == {Status.IMPORTED}


def _id_of(holdings: Holdings, mbid: Mbid) -> int:
    held = holdings.find_album(mbid) or holdings.find_artist(mbid)
    assert held is not None
    return held.id
