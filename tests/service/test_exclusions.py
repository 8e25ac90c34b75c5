"""Never again may write exclusions into Lidarr, and takes back what it wrote; nothing else."""

from brainarr.domain.music import Mbid
from brainarr.domain.recommendation import Status
from brainarr.errors import ProviderRejected
from brainarr.service.blocks import block_artist, block_style, list_blocks, revoke_block
from brainarr.service.following import follow_lidarr
from brainarr.service.library import refresh_library
from brainarr.service.recommendations import Decision, decide, decide_many, list_recommendations
from brainarr.store import exclusions, jobs
from brainarr.store.exclusions import StoredExclusion
from brainarr.store.moved_mbids import Kind, Move, move
from tests.service.given import ToldLidarr, ran
from tests.store.given import House, mbid, owned, recommended

HERE = ("default",)


async def to_do(house: House) -> tuple[StoredExclusion, ...]:
    async with house.db.reading() as connection:
        return await exclusions.to_do(connection, "default", 50)


async def test_a_block_excludes_its_artist_and_revoking_it_lifts_that(house: House) -> None:
    lidarr = ToldLidarr([owned(900)])
    block = await block_artist(house.db, mbid(1), "Plaid", clock=house.clock, exclude_in=HERE)
    async with house.db.reading() as connection:
        assert (await jobs.newest_job(connection, jobs.FOLLOW)) is not None
    await follow_lidarr(house.db, lidarr, house.clock)
    assert lidarr.exclusions == {mbid(1)}
    assert await to_do(house) == ()
    await revoke_block(house.db, block.id, clock=house.clock)
    await follow_lidarr(house.db, lidarr, house.clock)
    assert lidarr.exclusions == frozenset()


async def test_without_being_told_to_a_block_writes_nothing(house: House) -> None:
    lidarr = ToldLidarr([owned(900)])
    await block_artist(house.db, mbid(1), "Plaid", clock=house.clock)
    await block_style(house.db, "metal", clock=house.clock)
    await follow_lidarr(house.db, lidarr, house.clock)
    assert lidarr.exclusions == frozenset()


async def test_what_somebody_else_excluded_stays_excluded(house: House) -> None:
    lidarr = ToldLidarr([owned(900)])
    lidarr.exclusions = frozenset({mbid(1)})
    block = await block_artist(house.db, mbid(1), "Plaid", clock=house.clock, exclude_in=HERE)
    await follow_lidarr(house.db, lidarr, house.clock)
    await revoke_block(house.db, block.id, clock=house.clock)
    await follow_lidarr(house.db, lidarr, house.clock)
    assert lidarr.exclusions == {mbid(1)}


async def test_never_again_on_a_recommendation_and_its_undo_do_the_same(house: House) -> None:
    lidarr = ToldLidarr([owned(900)])
    await ran(house, [recommended(1), recommended(2)], library=lidarr)
    await decide(house.db, 1, Decision.BLOCK, clock=house.clock, exclude_in=HERE)
    await decide_many(house.db, [2], Decision.BLOCK, clock=house.clock, exclude_in=HERE)
    await follow_lidarr(house.db, lidarr, house.clock)
    assert lidarr.exclusions == {mbid(1), mbid(2)}
    await decide(house.db, 1, Decision.UNDO, clock=house.clock)
    await follow_lidarr(house.db, lidarr, house.clock)
    assert lidarr.exclusions == {mbid(2)}
    # It waits again, and the exclusion of its own block does not end it.
    assert [row.status for row in (await list_recommendations(house.db)).items] == [
        Status.PENDING,
        Status.BLOCKED,
    ]


async def test_what_is_about_to_be_lifted_ends_nothing(house: House) -> None:
    lidarr = ToldLidarr([owned(900)])
    await ran(house, [recommended(1)], library=lidarr)
    await decide(house.db, 1, Decision.BLOCK, clock=house.clock, exclude_in=HERE)
    await follow_lidarr(house.db, lidarr, house.clock)
    await decide(house.db, 1, Decision.UNDO, clock=house.clock)
    # Somebody else's look at the library comes first.
    await refresh_library(house.db, lidarr, house.clock)
    assert lidarr.exclusions == {mbid(1)}
    assert [row.status for row in (await list_recommendations(house.db)).items] == [Status.PENDING]


async def test_who_thinks_it_over_before_it_is_written_leaves_nothing_behind(house: House) -> None:
    lidarr = ToldLidarr([owned(900)])
    await block_artist(house.db, mbid(1), "Plaid", clock=house.clock, exclude_in=HERE)
    await revoke_block(house.db, (await list_blocks(house.db))[0].id, clock=house.clock)
    assert await to_do(house) == ()
    # Written, revoked, and blocked again before it was lifted: it stays ours.
    await block_artist(house.db, mbid(1), "Plaid", clock=house.clock, exclude_in=HERE)
    await follow_lidarr(house.db, lidarr, house.clock)
    await revoke_block(house.db, (await list_blocks(house.db))[0].id, clock=house.clock)
    await block_artist(house.db, mbid(1), "Plaid", clock=house.clock, exclude_in=HERE)
    await follow_lidarr(house.db, lidarr, house.clock)
    assert lidarr.exclusions == {mbid(1)}
    await revoke_block(house.db, (await list_blocks(house.db))[0].id, clock=house.clock)
    await follow_lidarr(house.db, lidarr, house.clock)
    assert lidarr.exclusions == frozenset()


async def test_what_lidarr_refuses_is_tried_again_and_says_why(house: House) -> None:
    lidarr = ToldLidarr([owned(900)])
    lidarr.refuses = ProviderRejected("lidarr", "it refuses (ForeignId: no).", status=400)
    await block_artist(house.db, mbid(1), "Plaid", clock=house.clock, exclude_in=HERE)
    await follow_lidarr(house.db, lidarr, house.clock)
    (waiting,) = await to_do(house)
    assert waiting.failure == "lidarr: it refuses (ForeignId: no)."
    lidarr.refuses = None
    await follow_lidarr(house.db, lidarr, house.clock)
    assert lidarr.exclusions == {mbid(1)}


async def test_what_is_thought_over_while_it_is_being_written_is_lifted_again(house: House) -> None:
    class Slow(ToldLidarr):
        async def exclude(self, mbid: Mbid, name: str) -> bool:
            written = await super().exclude(mbid, name)
            await revoke_block(house.db, block.id, clock=house.clock)
            return written

    lidarr = Slow([owned(900)])
    block = await block_artist(house.db, mbid(1), "Plaid", clock=house.clock, exclude_in=HERE)
    await follow_lidarr(house.db, lidarr, house.clock)
    await follow_lidarr(house.db, lidarr, house.clock)
    assert lidarr.exclusions == frozenset()
    assert await to_do(house) == ()


async def test_what_lidarr_refuses_waits_behind_everything_else(house: House) -> None:
    lidarr = ToldLidarr([owned(900)])
    lidarr.refuses = ProviderRejected("lidarr", "it refuses (ForeignId: no).", status=400)
    await block_artist(house.db, mbid(1), "Plaid", clock=house.clock, exclude_in=HERE)
    await follow_lidarr(house.db, lidarr, house.clock)
    house.clock.advance(minutes=1)
    await block_artist(house.db, mbid(2), "Autechre", clock=house.clock, exclude_in=HERE)
    assert [one.mbid for one in await to_do(house)] == [mbid(2), mbid(1)]


async def test_of_an_artist_that_was_merged_what_was_written_before_is_lifted(house: House) -> None:
    lidarr = ToldLidarr([owned(900)])
    block = await block_artist(house.db, mbid(1), "Plaid", clock=house.clock, exclude_in=HERE)
    await follow_lidarr(house.db, lidarr, house.clock)
    async with house.db.transaction() as connection:
        await move(connection, Move(Kind.ARTIST, mbid(1), mbid(9)), house.clock(), "default")
    await revoke_block(house.db, block.id, clock=house.clock)
    await follow_lidarr(house.db, lidarr, house.clock)
    assert lidarr.exclusions == frozenset()
