"""Moves: what a Lidarr seems to have lost may only be called otherwise by now.

MusicBrainz merges artists and albums, and Lidarr follows at its next refresh: the old identifier is not in
the library any more, though nobody took anything out. Its lookup knows what became of one.
"""

from collections.abc import Collection

from brainarr.domain.life import IN_THE_LIBRARY
from brainarr.domain.music import Library
from brainarr.errors import ProviderError
from brainarr.pipeline.ports import Clock, LibrarySource
from brainarr.service.delivery.lookups import moves_of
from brainarr.service.delivery.verdicts import write_moves
from brainarr.service.sight import read_sight
from brainarr.store import presence
from brainarr.store.moved_mbids import Move
from brainarr.store.presence import StandingRow
from brainarr.store.session import Database

MOST_ASKED = 100
"""Lookups at one look. Whoever takes out more than that at once did so."""


async def follow_moves(
    db: Database,
    source: LibrarySource,
    library: Library,
    clock: Clock,
    instance: str,
    *,
    unread: Collection[int] = (),
) -> int:
    """Renames the recommendations whose music the library, just read, holds under another identifier; how
    many identifiers were moved. `unread` as in `note_changes`, which comes after it.

    Where the metadata is away, Lidarr has not followed any merge either: then what is gone is gone.
    """
    moves: dict[Move, None] = {}
    for row in (await _missing(db, library, instance, unread))[:MOST_ASKED]:
        try:
            found = await moves_of(source, row.artist, row.group)
        except ProviderError:
            break
        moves |= dict.fromkeys(found.moves)
    if moves:
        async with db.transaction() as connection:
            await write_moves(connection, moves, clock())
    return len(moves)


async def _missing(
    db: Database, library: Library, instance: str, unread: Collection[int]
) -> tuple[StandingRow, ...]:
    """What was in the library and is not, under the identifiers that we know; nothing of a library that is
    remembered or suddenly empty, by which nothing is judged either."""
    if library.from_snapshot or not library.artists:
        return ()
    async with db.reading() as connection:
        standings = await presence.standings(connection, instance)
        held = [row for row in standings if row.known.status in IN_THE_LIBRARY]
        sight = await read_sight(connection, library, held, instance, unread=unread, sure=False)
    return tuple(row for row in held if sight(row.artist, row.group).listed is False)
