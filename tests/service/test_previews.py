"""Previews: one source after the other, and a word where nobody has one."""

import pytest

from brainarr.domain.media import Sound
from brainarr.errors import NotFound, ProviderError, ProviderUnavailable
from brainarr.service.previews import Previews
from tests.conftest import sqlite_only
from tests.service.given import ran
from tests.store.given import House, recommended

pytestmark = sqlite_only

SOUND = Sound(b"ID3", "audio/mpeg")


class Source:
    def __init__(self, name: str, answer: Sound | ProviderError | None) -> None:
        self.name = name
        self.answer = answer
        self.asked: list[tuple[str, str | None]] = []

    async def preview(self, artist: str, album: str | None) -> Sound | None:
        self.asked.append((artist, album))
        if isinstance(self.answer, ProviderError):
            raise self.answer
        return self.answer


AWAY = ProviderUnavailable("deezer", "gone")


async def test_the_next_source_is_asked_where_the_first_has_none_or_is_away(house: House):
    await ran(house, [recommended(1, album=7)])
    for first in (None, AWAY):
        one, other = Source("deezer", first), Source("itunes", SOUND)
        assert await Previews(house.db, [one, other], house.clock).listen(1) == SOUND
        assert one.asked == other.asked == [("New 1", "Record")]


async def test_that_nobody_has_one_is_told_with_who_was_asked_and_remembered_for_an_hour(house: House):
    await ran(house, [recommended(1)])
    one, other = Source("deezer", None), Source("itunes", None)
    previews = Previews(house.db, [one, other], house.clock)
    for _ in range(3):
        with pytest.raises(NotFound, match=r"New 1.*deezer and itunes"):
            await previews.listen(1)
    assert len(one.asked) == 1
    house.clock.advance(minutes=61)
    one.answer = SOUND
    assert await previews.listen(1) == SOUND


async def test_who_is_away_may_have_one(house: House):
    await ran(house, [recommended(1)])
    one, other = Source("deezer", AWAY), Source("itunes", None)
    previews = Previews(house.db, [one, other], house.clock)
    for _ in range(2):
        with pytest.raises(ProviderUnavailable, match="gone"):
            await previews.listen(1)
    assert len(one.asked) == 2


async def test_without_sources_and_without_the_recommendation_there_is_none(house: House):
    await ran(house, [recommended(1)])
    with pytest.raises(NotFound, match="Nobody is asked"):
        await Previews(house.db, [], house.clock).listen(1)
    with pytest.raises(NotFound, match="no recommendation 99"):
        await Previews(house.db, [Source("deezer", SOUND)], house.clock).listen(99)
