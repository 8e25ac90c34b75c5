"""Tags: what recommendations are filtered by, one row for each, so that the database does the filtering."""

from collections.abc import Iterable
from enum import StrEnum

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.recommendation import Recommendation
from brainarr.store.tables import recommendation_tags


class TagKind(StrEnum):
    GENRE = "genre"
    DECADE = "decade"
    """By its first year."""
    SOURCE = "source"
    """A voice for it."""


async def write_tags(connection: AsyncConnection, found: Iterable[tuple[int, Recommendation]]) -> None:
    """Of new recommendations, each with its id."""
    rows = [
        {"recommendation_id": number, "kind": kind, "name": name}
        for number, item in found
        for kind, name in dict.fromkeys(_tags(item))
    ]
    if rows:
        await connection.execute(insert(recommendation_tags), rows)


def _tags(item: Recommendation) -> Iterable[tuple[TagKind, str]]:
    yield from ((TagKind.GENRE, genre) for genre in item.genres)
    if item.year is not None:
        yield TagKind.DECADE, str(item.year // 10 * 10)
    yield from ((TagKind.SOURCE, voice.source) for voice in item.voices)
