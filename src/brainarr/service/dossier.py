"""Dossier: everything that is known of one recommendation, for whoever wants to understand it."""

import msgspec

from brainarr.service.history import Life, read_life
from brainarr.store import findings, learning
from brainarr.store.findings import JudgedIn
from brainarr.store.learning import Direction
from brainarr.store.recommendations import RecommendationRow
from brainarr.store.runs import RunRow, run
from brainarr.store.session import Database

MOST_VERDICTS = 50


class Dossier(msgspec.Struct, frozen=True):
    life: Life
    run: RunRow | None
    """None: it was cleaned up."""
    verdicts: tuple[JudgedIn, ...]
    """On its artist, in this run and in others, the newest first; as far as they are kept."""
    liking: Direction | None
    """What the person said of its artist."""

    @property
    def row(self) -> RecommendationRow:
        return self.life.recommendation


async def read_dossier(db: Database, recommendation_id: int) -> Dossier:
    """Raises NotFound."""
    life = await read_life(db, recommendation_id)
    row = life.recommendation
    item = row.recommendation
    async with db.reading() as connection:
        verdicts = await findings.verdicts_on(
            connection, item.artist_mbid, item.artist, row.run_id, MOST_VERDICTS
        )
        return Dossier(
            life,
            await run(connection, row.run_id),
            verdicts,
            await learning.liking_of(connection, item.artist_mbid),
        )
