"""Wishes: what a person's own words mean for a run, before it is started."""

import asyncio
from collections.abc import Collection, Sequence

import msgspec

from brainarr.domain.learning import Liking
from brainarr.domain.lists import DEFAULT_INSTANCE
from brainarr.domain.music import CatalogArtist
from brainarr.domain.names import Tier, name_keys, same_name
from brainarr.domain.wish import NamedArtist, Understanding
from brainarr.errors import ProviderError
from brainarr.pipeline.ports import Catalog, Clock
from brainarr.pipeline.wish import read_wish, spoken
from brainarr.service.runs import ASK, list_runs
from brainarr.store import library
from brainarr.store.library import StoredArtist
from brainarr.store.page import PageOf
from brainarr.store.runs import RunRow, SoughtRuns
from brainarr.store.session import Database

PATIENCE_S = 12.0
"""For all names together: MusicBrainz answers one question a second, and somebody waits."""

RECENT = 8


async def understand(db: Database, catalog: Catalog | None, text: str, *, clock: Clock) -> Understanding:
    """What `text` means. Artists are looked for in the library first, then in the catalogue; one that is
    found in neither, or not in time, is left without an identifier, and a note says so."""
    keys = await asyncio.to_thread(spoken, text)
    known = await _owned(db, keys)
    read = await asyncio.to_thread(read_wish, text, known, clock().year)
    if all(one.mbid for one in read.artists):
        return read
    artists: list[NamedArtist] = []
    notes = list(read.notes)
    waited = asyncio.get_running_loop().time() + PATIENCE_S
    for artist in read.artists:
        found, note = (artist, "") if artist.mbid else await _look_up(artist, catalog, waited)
        artists.append(found)
        notes += [note] if note else []
    return msgspec.structs.replace(read, artists=tuple(artists), notes=tuple(notes))


async def recent_wishes(db: Database) -> tuple[RunRow, ...]:
    """The runs that came of the latest ones, newest first."""
    return (await list_runs(db, PageOf(1, RECENT), SoughtRuns(trigger=ASK))).items


async def _owned(db: Database, keys: Collection[str]) -> dict[str, Liking]:
    """The library's artists among `keys`; of namesakes the first. Keys of fifty thousand names take half a
    second, hence the threads."""
    found: dict[str, Liking] = {}
    async with db.reading() as connection:
        async for rows in library.stored_artists(connection, DEFAULT_INSTANCE):
            for key, one in await asyncio.to_thread(_among, rows, keys):
                found.setdefault(key, one)
    return found


def _among(rows: Sequence[StoredArtist], keys: Collection[str]) -> list[tuple[str, Liking]]:
    artists = [row.decoded for row in rows]
    keyed = [(name_keys(artist.name)[Tier.WORDS], artist) for artist in artists]
    return [(key, Liking(one.mbid, one.name)) for key, one in keyed if key in keys and one.mbid is not None]


async def _look_up(artist: NamedArtist, catalog: Catalog | None, until: float) -> tuple[NamedArtist, str]:
    """The catalogue's artist of that name, and what there is to say about it."""
    unknown = f"“{artist.name}” is not in your library"
    words = "it goes along as words only."
    if catalog is None:
        return artist, f"{unknown}: {words}"
    try:
        async with asyncio.timeout_at(until):
            found = [one for one in await catalog.find_artists(artist.name) if _agrees(artist.name, one)]
    except TimeoutError:
        return artist, f"{unknown}, and MusicBrainz did not answer in time: {words}"
    except ProviderError as error:
        return artist, f"{unknown}, and MusicBrainz could not be asked ({error.message}): {words}"
    if not found:
        return artist, f"“{artist.name}” is in neither your library nor MusicBrainz: {words}"
    best = max(found, key=lambda one: (one.score, sum(votes for _, votes in one.genres)))
    note = ""
    if len(found) > 1:
        which = f" ({best.disambiguation})" if best.disambiguation else ""
        note = f"{len(found)} artists are called {best.name}: the best known{which} is meant."
    return NamedArtist(best.name, best.mbid), note


def _agrees(name: str, artist: CatalogArtist) -> bool:
    tiers = [tier for known in (artist.name, *artist.aliases) if (tier := same_name(name, known)) is not None]
    return bool(tiers) and min(tiers) <= Tier.WORDS
