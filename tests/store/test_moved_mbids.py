"""A merged identifier is replaced wherever it stands."""

import pytest
from sqlalchemy import select

from brainarr.service.feeds import album_artists, albums_feed
from brainarr.service.recommendations import list_recommendations
from brainarr.store import blocks, learning, moved_mbids, tables
from brainarr.store.blocks import BlockKind
from brainarr.store.learning import Direction
from brainarr.store.moved_mbids import Kind, Move
from tests.service.given import ran
from tests.store.given import House, mbid, recommended

ARTIST = Move(Kind.ARTIST, mbid(1), mbid(9))
ALBUM = Move(Kind.ALBUM, mbid(11), mbid(19))


async def move(house: House, *moves: Move, instance: str = "default") -> None:
    async with house.db.transaction() as connection:
        for one in moves:
            await moved_mbids.move(connection, one, house.clock(), instance)


async def everything(house: House) -> str:
    """All that stands in the tables but for the note of what was moved, as text."""
    texts: list[str] = []
    async with house.db.reading() as connection:
        for table in tables.metadata.sorted_tables:
            if table is not tables.moved_mbids:
                texts += [repr(row) for row in await connection.execute(select(table))]
    return "\n".join(texts)


async def test_neither_identifier_is_left_anywhere(house: House) -> None:
    await ran(house, [recommended(1, album=11), recommended(1, album=12), recommended(2)], auto_approve=True)
    assert mbid(1) in await everything(house)
    await move(house, ARTIST, ALBUM)
    left = await everything(house)
    assert mbid(1) not in left and mbid(11) not in left
    rows = (await list_recommendations(house.db)).items
    assert [(row.recommendation.artist_mbid, row.recommendation.release_group_mbid) for row in rows] == [
        (mbid(9), mbid(19)),
        (mbid(9), mbid(12)),
        (mbid(2), None),
    ]


@pytest.mark.parametrize("blocked", [(1, 2), (1, 2, 9)])
async def test_what_is_blocked_is_blocked_under_both(house: House, blocked: tuple[int, ...]) -> None:
    """A Lidarr that lies about a merge lifts no block."""
    async with house.db.transaction() as connection:
        for number in blocked:
            await blocks.insert_block(connection, BlockKind.ARTIST, mbid(number), "x", house.clock())
    await move(house, ARTIST)
    async with house.db.reading() as connection:
        keys = [block.key for block in await blocks.blocks_of(connection)]
    assert sorted(keys) == [mbid(1), mbid(2), mbid(9)]


async def test_what_another_lidarr_receives_is_what_was_approved_for_it(house: House) -> None:
    """Whatever one of them says: it would else put into the other's lists what nobody approved."""
    detail = await ran(house, [recommended(1, album=11), recommended(2)], auto_approve=True)
    async with house.db.transaction() as connection:
        about = recommended(1, album=11)
        number = detail.recommendations[0].id
        await learning.write_liking(connection, number, about, Direction.MORE, house.clock())
    before = await everything(house)
    await move(house, ARTIST, ALBUM, instance="attic")
    assert await everything(house) == before


@pytest.mark.parametrize("later", [1, 9])
async def test_of_two_wishes_the_later_one_counts(house: House, later: int) -> None:
    detail = await ran(house, [recommended(1), recommended(9)])
    ids = {1: detail.recommendations[0].id, 9: detail.recommendations[1].id}
    wishes = {10 - later: Direction.LESS, later: Direction.MORE}
    for number, direction in wishes.items():
        async with house.db.transaction() as connection:
            about = recommended(number)
            await learning.write_liking(connection, ids[number], about, direction, house.clock())
        house.clock.advance(days=1)
    await move(house, ARTIST)
    async with house.db.reading() as connection:
        (liking,) = await learning.likings_of(connection)
    assert (liking.artist.mbid, liking.direction) == (mbid(9), Direction.MORE)


async def test_what_is_merged_twice_leads_to_the_last(house: House) -> None:
    await ran(house, [recommended(1)])
    await move(house, ARTIST, Move(Kind.ARTIST, mbid(9), mbid(5)))
    async with house.db.reading() as connection:
        assert await moved_mbids.merged_into(connection, Kind.ARTIST, [mbid(5)]) == {mbid(1), mbid(9)}
        query = select(tables.moved_mbids.c.old, tables.moved_mbids.c.new)
        assert {(old, new) for old, new in await connection.execute(query)} == {
            (mbid(1), mbid(5)),
            (mbid(9), mbid(5)),
        }


async def test_an_artist_that_moves_between_lidarrs_two_questions_is_found_under_both_numbers(
    house: House,
) -> None:
    await ran(house, [recommended(9)])
    await ran(house, [recommended(1, album=11), recommended(2, album=12)], auto_approve=True)
    albums = (await albums_feed(house.db, "default", clock=house.clock)).items
    await move(house, ARTIST)
    artists = await album_artists(house.db, "default")
    assert {album.artist_id for album in albums} <= {artist.id for artist in artists}
    assert len({artist.id for artist in artists}) == len(artists)
    again = (await albums_feed(house.db, "default", clock=house.clock)).items
    assert {album.artist_id for album in again} <= {artist.id for artist in artists}
