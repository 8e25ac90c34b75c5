"""Arrivals and departures: what the library now shows moves the recommendations that are for it."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import islice

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from brainarr.domain.lidarr_events import OUR_TAG
from brainarr.domain.life import IN_THE_LIBRARY, ON_THE_WAY, Actor, Event
from brainarr.domain.music import Library, Mbid, OwnedAlbum, OwnedArtist
from brainarr.domain.presence import Seen, Standing, state_after, what_happened
from brainarr.domain.recommendation import Status
from brainarr.pipeline.ports import Clock
from brainarr.service.sight import Sight, read_sight
from brainarr.store import library as snapshot
from brainarr.store import presence, recommendations
from brainarr.store.history import EXCLUSIONS, LIBRARY, write_history
from brainarr.store.presence import StandingRow
from brainarr.store.recommendations import RecommendationRow
from brainarr.store.session import Database

MOST_AWAITED = 200
"""Artists whose albums are read anew at one sync."""
MOST_CHANGED = 400
"""Artists whose figures have changed and whose albums are read at one sync; the rest come with the next."""
MOST_COMPLETE = 50
"""Artists whose albums are read at one sync because nothing else would show that one is not monitored any
more: Lidarr's figures count its files either way. Those imported last; a thorough look reads all of them."""

_AT_ONCE = 500
# Of these a look every now and then reads the albums even of artists whose figures are the same: taking one
# album in need not show in them.
_UNSETTLED = (*ON_THE_WAY, Status.IMPORTED)


class Changes(msgspec.Struct, frozen=True):
    """How many recommendations each of these happened to."""

    imported: int = 0
    kept: int = 0
    removed: int = 0
    """Those that Lidarr's exclusions name among them."""
    unmonitored: int = 0


async def albums_to_read(
    db: Database, library: Library, instance: str, *, thorough: bool = False
) -> tuple[OwnedArtist, ...]:
    """The owned artists whose albums must be read before anything can be said of the recommendations.

    Those of whom an album is on its way, those whose figures have changed since their albums were read, and
    some of whom an imported one has files; with `thorough` all of whom an album may still be taken out.
    """
    async with db.reading() as connection:
        albums = [row for row in await presence.standings(connection, instance) if row.group]
        artists = {row.artist for row in albums}
        owned = {artist.mbid: artist for artist in library.artists if artist.mbid in artists}
        current = await snapshot.with_current_albums(connection, instance, owned.values())
    again = _UNSETTLED if thorough else ON_THE_WAY
    unsure = {row.artist for row in albums if row.known.status in again}
    awaited = [artist for mbid, artist in owned.items() if mbid in unsure]
    changed = [artist for mbid, artist in owned.items() if mbid not in unsure and artist.id not in current]
    if thorough:
        return (*awaited, *changed[:MOST_CHANGED])
    complete = {
        artist.id: artist
        for row in sorted(albums, key=_imported, reverse=True)
        if (artist := owned.get(row.artist)) is not None
        and artist.id in current
        and row.artist not in unsure
        and row.known.status is Status.IMPORTED
        and row.known.monitored is True
        and _has_files(row, library.albums.get(artist.id, ()))
    }
    return (*awaited[:MOST_AWAITED], *changed[:MOST_CHANGED], *islice(complete.values(), MOST_COMPLETE))


def _imported(row: StandingRow) -> float:
    return row.known.imported_at.timestamp() if row.known.imported_at else 0.0


def _has_files(row: StandingRow, albums: Sequence[OwnedAlbum]) -> bool:
    return any(album.mbid == row.group and album.track_files > 0 for album in albums)


async def note_changes(
    db: Database,
    library: Library,
    clock: Clock,
    instance: str,
    *,
    unread: Collection[int] = (),
    sure: bool = False,
) -> Changes:
    """Moves the recommendations for this Lidarr by what its library, just read, shows (domain/presence.py).

    Nothing is judged by a library that is suddenly empty (a new or broken Lidarr, not a change of taste); no
    album is whose artist's albums are not known as they are now: `unread` are artists whose could not be
    read. `sure` as in `what_happened`.
    """
    if library.from_snapshot or not library.artists:
        return Changes()
    async with db.reading() as connection:
        standings = await presence.standings(connection, instance)
        sight = await read_sight(connection, library, standings, instance, unread=unread, sure=sure)
    now = clock()
    moved = {
        row.id: (row.artist, row.group)
        for row in standings
        if _moves(row.known, sight(row.artist, row.group), sight, now)
    }
    counts: dict[Event, int] = defaultdict(int)
    for start in range(0, len(moved), _AT_ONCE):
        async with db.transaction() as connection:
            # Again: somebody may have decided meanwhile, or another process have seen the same. What has got
            # another identifier or another Lidarr since was not looked for.
            found = await recommendations.to_change(connection, list(islice(moved, start, start + _AT_ONCE)))
            rows = [row for row in found if row.instance == instance and moved[row.id] == _identity(row)]
            for event, count in (await _move(connection, rows, sight, now)).items():
                counts[event] += count
    return Changes(
        imported=counts[Event.IMPORTED],
        kept=counts[Event.KEPT],
        removed=counts[Event.REMOVED] + counts[Event.EXCLUDED],
        unmonitored=counts[Event.UNMONITORED],
    )


def _identity(row: RecommendationRow) -> tuple[Mbid, Mbid | None]:
    return row.recommendation.artist_mbid, row.recommendation.release_group_mbid


def _moves(known: Standing, seen: Seen, sight: Sight, now: datetime) -> bool:
    return bool(what_happened(known, seen, now, sight.library.read_at, sure=sight.sure)) or _seen_otherwise(
        known.status, known, seen
    )


def _seen_otherwise(status: Status, known: Standing, seen: Seen) -> bool:
    """Whether to note that it is monitored, or not, from now on."""
    return status in IN_THE_LIBRARY and bool(seen.listed) and seen.monitored is not known.monitored


async def _move(
    connection: AsyncConnection,
    rows: Sequence[RecommendationRow],
    sight: Sight,
    now: datetime,
) -> Mapping[Event, int]:
    alike: dict[tuple[Event, ...], list[RecommendationRow]] = defaultdict(list)
    monitored: dict[bool, list[int]] = defaultdict(list)
    for row in rows:
        item = row.recommendation
        seen = sight(item.artist_mbid, item.release_group_mbid)
        known = Standing(
            row.status,
            item.release_group_mbid is not None,
            row.imported_at,
            row.monitored,
            row.settled_at,
        )
        events = what_happened(known, seen, now, sight.library.read_at, sure=sight.sure)
        alike[events].append(row)
        if _seen_otherwise(state_after(row.status, events), known, seen):
            monitored[seen.monitored].append(row.id)
    counts: dict[Event, int] = defaultdict(int)
    for events, its in alike.items():
        for event in events:
            counts[event] += len(its)
            await _note(connection, its, event, sight, now)
    for value, ids in monitored.items():
        await presence.note_monitored(connection, ids, value)
    return counts


async def _note(
    connection: AsyncConnection,
    rows: Sequence[RecommendationRow],
    event: Event,
    sight: Sight,
    now: datetime,
) -> None:
    ids = [row.id for row in rows]
    match event:
        case Event.IMPORTED:
            changes = {
                "imported_at": now,
                "settled_at": None,
                "failure": None,
                "remedy": None,
                "given_up_at": None,
            }
            await recommendations.set_status(connection, ids, Status.IMPORTED, **changes)
        case Event.KEPT:
            await recommendations.set_status(connection, ids, Status.KEPT, settled_at=now)
        case Event.REMOVED | Event.EXCLUDED:
            changes = {"settled_at": now, "failure": None, "remedy": None, "given_up_at": None}
            await recommendations.set_status(connection, ids, Status.REMOVED, **changes)
        case _:
            pass
    notes: dict[str, list[RecommendationRow]] = defaultdict(list)
    for row in rows:
        notes[_how_it_came(row, sight) if event is Event.IMPORTED else ""].append(row)
    channel = EXCLUSIONS if event is Event.EXCLUDED else LIBRARY
    for note, its in notes.items():
        await write_history(connection, its, event, now, actor=Actor.LIDARR, channel=channel, note=note)


def _how_it_came(row: RecommendationRow, sight: Sight) -> str:
    """By us or by hand, as far as Lidarr shows it."""
    if sight.is_ours(row.recommendation.artist_mbid):
        return f"with Brainarr's tag “{OUR_TAG}”"
    # A list may be set to give no tag; an album's artist may have been there before.
    return "" if row.deliveries else "added by hand, or by another list"
